"""Kernel mutual information: in blocks against eigenvalues, and what scores cost.

    python benchmarks/mutual_information.py [--repeats 5]

Prints the ratio of times of order 2 at n = 2,000 and 4,000 and the difference of the
results; time and peak extra memory at n = 20,000; the silhouette beside scikit-learn's
at n = 10,000; and the time of the scorers on held-out rows as a share of the time of
training.
"""

import argparse
import multiprocessing
import time
from pathlib import Path

import numpy as np
import torch
from _timing import interleaved, print_table
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.metrics import silhouette_score
from sklearn.preprocessing import StandardScaler

from skae import DenseAutoencoder
from skae.information import mutual_information, rbf_gram
from skae.scorers import (
    DescriptionLength,
    KernelMutualInformation,
    Reconstruction,
    Silhouette,
    Trustworthiness,
)

SCORERS = {
    "Reconstruction()": Reconstruction(),
    "DescriptionLength()": DescriptionLength(),
    "KernelMutualInformation()": KernelMutualInformation(),
    'KernelMutualInformation("latent")': KernelMutualInformation("latent"),
    "KernelMutualInformation(alpha=2)": KernelMutualInformation(alpha=2),
    "Silhouette()": Silhouette(),
    "Trustworthiness()": Trustworthiness(),
}


def sample(n):
    X = np.random.default_rng(0).normal(size=(n, 32))
    return X, np.tanh(X @ np.random.default_rng(1).normal(size=(32, 8)))


def by_eigenvalues(X, Z):
    """Return the same quantity by its definition."""

    def entropy(K):
        eigenvalues = torch.linalg.eigvalsh(K / len(K)).clamp_min(0)
        return -eigenvalues.square().sum().log()

    K, L = rbf_gram(X), rbf_gram(Z)
    return float(entropy(K) + entropy(L) - entropy(K * L))


def compare(n, repeats):
    X, Z = sample(n)
    contenders = {
        "in blocks": lambda: mutual_information(X, Z),
        "in blocks, debiased": lambda: mutual_information(X, Z, debiased=True),
        "by eigenvalues": lambda: by_eigenvalues(X, Z),
    }
    print_table(f"n = {n:,}, alpha = 2", interleaved(contenders, repeats))
    difference = abs(by_eigenvalues(X, Z) - float(mutual_information(X, Z)))
    print(f"\ndifference: {difference:.0e} nats")


def peak_megabytes():
    """Return the largest resident size that this process has had."""
    status = Path("/proc/self/status").read_text().splitlines()
    (line,) = (line for line in status if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def large(n=20_000):
    mutual_information(*sample(500))
    X, Z = sample(n)
    before, start = peak_megabytes(), time.perf_counter()
    mutual_information(X, Z)
    seconds, extra = time.perf_counter() - start, peak_megabytes() - before
    print(f"n = {n:,}: {seconds:.1f} s, {extra:.0f} MB of extra memory at the peak")


def in_a_process_of_its_own(function):
    """Run a function where nothing has raised the peak of memory before."""
    process = multiprocessing.get_context("spawn").Process(target=function)
    process.start()
    process.join()


def digits(n):
    """Return more images than there are, by noise on those drawn."""
    rng = np.random.default_rng(0)
    X = StandardScaler().fit_transform(load_digits().data)
    return X[rng.integers(len(X), size=n)] + 0.1 * rng.normal(size=(n, 64))


def silhouettes(repeats, n=10_000):
    X = digits(n)
    model = PCA(8).fit(X)
    codes, k_means = model.transform(X), KMeans(8, n_init=1, random_state=0)
    contenders = {
        "Silhouette(), with its chance": lambda: Silhouette()(model, X),
        "k-means, silhouette_score": lambda: silhouette_score(
            codes, k_means.fit_predict(codes)
        ),
    }
    print_table(f"n = {n:,}, silhouette", interleaved(contenders, repeats))


def scorers(n_train, n_held_out):
    X = digits(n_train + n_held_out)
    start = time.perf_counter()
    model = DenseAutoencoder(8, random_state=0).fit(X[:n_train])
    training = time.perf_counter() - start
    title = f"{n_train:,} rows trained on ({training:.1f} s), {n_held_out:,} scored"
    print(f"\n{title}\n\n| scorer | seconds | share of training |\n|---|---|---|")
    for name, scorer in SCORERS.items():
        start = time.perf_counter()
        scorer(model, X[n_train:])
        seconds = time.perf_counter() - start
        print(f"| {name} | {seconds:.2f} | {seconds / training:.1%} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads")
    in_a_process_of_its_own(large)
    for n in (2000, 4000):
        compare(n, repeats)
    silhouettes(repeats)
    scorers(1347, 450)
    scorers(20_000, 10_000)


if __name__ == "__main__":
    main()
