"""Held-out reconstruction error of the default `DenseAutoencoder` beside PCA's.

    python benchmarks/against_pca.py [--seeds 3] [--no-images]

Each data set is split 80/20 and standardised on the training rows. Fashion-MNIST
(10,000 images) is read from ``SKAE_DATA_HOME`` and takes minutes.
"""

import argparse
from statistics import median

import numpy as np
from fit_overhead import images
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from skae import DenseAutoencoder


def split(X):
    train, test = train_test_split(X.astype(np.float32), test_size=0.2, random_state=0)
    scaler = StandardScaler().fit(train)
    return scaler.transform(train), scaler.transform(test)


def error(model, test):
    X_hat = model.inverse_transform(model.transform(test))
    return float(((test - X_hat) ** 2).mean())


def compare(name, X, n_seeds):
    train, test = split(X)
    for k in (2, 8, 16):
        if k >= X.shape[1]:
            continue
        linear = error(PCA(k).fit(train), test)
        ours = median(
            error(DenseAutoencoder(k, random_state=seed).fit(train), test)
            for seed in range(n_seeds)
        )
        print(f"| {name} | {k} | {linear:.4f} | {ours:.4f} | {ours / linear:.2f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--no-images", action="store_true")
    arguments = parser.parse_args()
    print("| data | k | PCA | DenseAutoencoder | ratio |\n|---|---|---|---|---|")
    for load in (load_wine, load_breast_cancer, load_digits):
        compare(load.__name__.removeprefix("load_"), load().data, arguments.seeds)
    if not arguments.no_images:
        compare("fashion_mnist", images(), 1)


if __name__ == "__main__":
    main()
