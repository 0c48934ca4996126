"""Five autoencoders with controlled codes on points of a cube's surface.

    python benchmarks/cube_surface.py [--seeds 3] [--first-seed 0] [--jobs 1]
        [--only f3 f4] [--quick]

The cube is [-1, 1]^3, with 4,096 points for training and 4,096 held out, drawn anew for
every seed. All five models are compositions over one dense network 3-64-64-L:

- f1: noise on the code at a signal-to-noise ratio;
- f2: f1 and a penalty on the codes' means and variances;
- f3: a variational autoencoder, with the weight beta on the KL divergence;
- f4: a Gaussian code whose MMD to the standard normal is penalised;
- f5: both penalties, that of the KL divergence rising over 50 epochs.

Everything is measured on held-out points. Errors are of codes without and with the
noise of training. Bits are what the codes carry through that noise: of a unit, of all
units in sum, and jointly. Points are generated from codes of the standard normal
("prior") and of a mixture of normals fitted to the training codes ("mixture"): their
mean distance to the surface, and the kNN-KL divergence (k = 5, 2,048 points) of the
held-out points from them. ``--quick`` runs what has a bar to reach and nothing else.
"""

import argparse
import time
import warnings

import numpy as np
from joblib import Parallel, delayed

from skae import Autoencoder
from skae.bottlenecks import PointBottleneck
from skae.datasets import make_cube_surface
from skae.exceptions import CollapseWarning
from skae.information import information_rate, knn_kl, knn_kl_floor
from skae.networks import DenseNetwork
from skae.noise import SNRNoise
from skae.objectives import MMD, KLDivergence, MomentMatching, Objective
from skae.schedules import LinearWarmup

N_POINTS = 4096
N_GENERATED = 2048
EPOCHS = 100
NAMES = ["f1", "f2", "f3", "f4", "f5"]
RATIOS = (5, 10, 15, 20)
CODE_SIZES = (2, 3, 6)
COLUMNS = {
    "MSE": "error",
    "MSE, noisy code": "noisy_error",
    "bits per unit": "bits_per_unit",
    "sum": "bits_total",
    "joint": "bits_joint",
    "surface, prior": "prior_distance",
    "surface, mixture": "mixture_distance",
    "kNN-KL, prior": "prior_kl",
    "kNN-KL, mixture": "mixture_kl",
}


# Models


def noisy(snr, *penalties):
    return PointBottleneck(noise=SNRNoise(snr)), penalties


def models():
    """Return bottlenecks and penalties by name and signal-to-noise ratio."""
    moments = ("moments", MomentMatching(0.1))
    mmd = ("mmd", MMD(1.0))
    parts = {("f1", snr): noisy(snr) for snr in RATIOS}
    parts |= {("f2", snr): noisy(snr, moments) for snr in RATIOS}
    for beta in (0.01, 1.0):
        kl = ("kl", KLDivergence(beta))
        parts[f"f3, beta = {beta:g}", None] = "gaussian", (kl,)
    parts["f4", None] = "gaussian", (mmd,)
    for beta in (0.01, 1.0):
        kl = ("kl", KLDivergence(LinearWarmup(50, final=beta)))
        parts[f"f5, beta = {beta:g}", None] = "gaussian", (kl, mmd)
    return parts


def composed(bottleneck, penalties, n_components, seed, max_epochs=EPOCHS):
    return Autoencoder(
        n_components,
        network=DenseNetwork((64, 64), activation="relu"),
        bottleneck=bottleneck,
        objective=Objective(penalties=list(penalties)),
        sampler="gmm",
        max_epochs=max_epochs,
        batch_size=512,
        learning_rate=0.01,
        random_state=seed,
    )


def cells(only, quick):
    """Return (model, ratio, code size) of every row of the table."""
    keys = [key for key in models() if key[0].split(",")[0] in only]
    rows = [(*key, size) for key in keys for size in CODE_SIZES]
    with_bar = {cell for cell, *_ in BARS} | {("f3, beta = 1", None, 3)}
    return [row for row in rows if row in with_bar or not quick]


# Measurements


def points(seed):
    X = make_cube_surface(2 * N_POINTS, random_state=seed).astype(np.float32)
    return X[:N_POINTS], X[N_POINTS:]


def measure(name, snr, n_components, seed):
    """Return all measurements of one model on one seed."""
    train, test = points(seed)
    model = composed(*models()[name, snr], n_components, seed)
    collapsed = fit_and_notice_collapse(model, train)
    return {
        "collapsed": collapsed,
        **errors(model, test, seed),
        **rates(model, test),
        **quality("prior", from_prior(model, seed), test),
        **quality("mixture", model.sample(N_GENERATED, random_state=seed), test),
    }


def fit_and_notice_collapse(model, X):
    """Fit, and say whether the library named a collapse; pass other warnings on."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X)
    others = [w for w in caught if not issubclass(w.category, CollapseWarning)]
    for warning in others:
        warnings.warn(warning.message, stacklevel=2)
    return len(caught) > len(others)


def errors(model, X, seed):
    noisy_codes = model.transform_sample(X, random_state=seed)
    return {
        "error": mean_square(X - model.reconstruct(X)),
        "noisy_error": mean_square(X - model.inverse_transform(noisy_codes)),
    }


def mean_square(difference):
    return float(np.mean(np.square(difference)))


def rates(model, X):
    rate = information_rate(model.transform(X), noise_variance(model, X))
    return {
        "bits_per_unit": rate.per_unit.mean(),
        "bits_total": rate.total,
        "bits_joint": rate.joint,
    }


def noise_variance(model, X):
    """Return the noise on every unit; where rows differ in it, their mean."""
    if hasattr(model, "transform_distribution"):
        return np.exp(model.transform_distribution(X)[1]).mean(0)
    return model.net_.module_.bottleneck.noise.noise_variance


def from_prior(model, seed):
    codes = np.random.default_rng(seed).normal(size=(N_GENERATED, model.n_components))
    return model.inverse_transform(codes.astype(np.float32))


def quality(sampler, generated, X):
    distance = np.abs(np.abs(generated).max(axis=1) - 1).mean()
    return {
        f"{sampler}_distance": float(distance),
        f"{sampler}_kl": knn_kl(X[:N_GENERATED], generated),
    }


# Bars

BARS = [
    (("f2", 15, 3), "noisy_error", 0.0135),
    (("f2", 15, 6), "noisy_error", 0.0075),
    (("f4", None, 3), "noisy_error", 0.001),
    (("f4", None, 3), "mixture_distance", 0.03),
    (("f4", None, 3), "mixture_kl", 0.15),
]


def print_bars(results):
    print("\n| bar | at most | median | range | reached |\n|---|---|---|---|---|")
    titles = {name: title for title, name in COLUMNS.items()}
    measured = [bar for bar in BARS if bar[0] in results]
    for cell, quantity, bar in measured:
        values = [run[quantity] for run in results[cell]]
        middle = np.median(values)
        reached = "yes" if middle <= bar else "no"
        print(
            f"| {described(*cell)}: {titles[quantity]} | {bar:g} | {middle:.4f} "
            f"| {min(values):.4f} to {max(values):.4f} | {reached} |"
        )


def described(name, snr, size):
    ratio = "" if snr is None else f" at {snr} dB"
    return f"{name}{ratio}, L = {size}"


# The table


def print_header():
    titles = ["model", "dB", "L", *COLUMNS, "collapse named"]
    print(f"\n| {' | '.join(titles)} |\n|{'---|' * len(titles)}")


def print_row(cell, runs):
    name, snr, size = cell
    middles = [np.median([run[q] for run in runs]) for q in COLUMNS.values()]
    n_collapsed = sum(run["collapsed"] for run in runs)
    collapse = f"{n_collapsed} of {len(runs)}" if snr is None else "-"
    texts = [name, snr or "-", size, *map(as_text, middles), collapse]
    print(f"| {' | '.join(map(str, texts))} |", flush=True)


def as_text(value):
    return f"{value:.2f}" if abs(value) >= 1 else f"{value:.3g}"


def print_floor(seeds):
    floors = [knn_kl_floor(points(seed)[1], random_state=seed) for seed in seeds]
    print(
        f"kNN-KL of real points from real points: median {np.median(floors):.3f}, "
        f"{min(floors):.3f} to {max(floors):.3f}"
    )


def print_estimate(n_fits, jobs):
    """Time a few epochs of the costliest model, after a fit that warms up."""
    seconds = [seconds_for(epochs) for epochs in (1, 3)][1] / 3
    minutes = seconds * EPOCHS * n_fits / jobs / 60
    print(f"{n_fits} fits: at most about {minutes:.0f} minutes", flush=True)


def seconds_for(epochs):
    model = composed(*models()["f4", None], 3, seed=0, max_epochs=epochs)
    model.set_params(sampler="prior")
    start = time.perf_counter()
    model.fit(points(0)[0])
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--only", nargs="*", default=NAMES, choices=NAMES)
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.seeds)
    rows = cells(arguments.only, arguments.quick)
    print_estimate(len(rows) * len(seeds), arguments.jobs)
    print_floor(seeds)
    print_header()
    results = {}
    with Parallel(n_jobs=arguments.jobs) as parallel:
        for cell in rows:
            results[cell] = parallel(delayed(measure)(*cell, seed) for seed in seeds)
            print_row(cell, results[cell])
    print_bars(results)


if __name__ == "__main__":
    main()
