"""What a search costs whose fits train together.

    python benchmarks/search_stacked.py [--only NAME ...] [--rounds 3] [--epochs 20]

`grid`: a grid search over 32 sizes of the code with 5 folds, 160 fits of 64-32-k-32-64
to digits: stacked, and by two processes at a time (`n_jobs=2`) with `DenseAutoencoder`,
raw skorch and scikit-learn's `MLPRegressor`. `wide`: the same with hidden layers of 128
units. `bayes`: Bayesian searches that ask for eight points at a time, scikit-optimize's
and ours. `evolution`: an evolutionary search with a population of 16. `lstm`: a grid
search with `LSTMAutoencoder` on windows of a series, for several widths of its layers.
`conv`: grid searches over 16 sizes with convolutional networks, on windows of the
series and on digits as pictures of 8 by 8 pixels. `growth`: what a fit costs, by how
many train together. Without `--only`, all of them.

Stacks train in one process, `stacked`, and in two. Contenders take turns, and ratios
are to the times of either in the same round.
"""

import argparse
import logging
import time
import warnings
from contextlib import nullcontext

import numpy as np
import torch
from _timing import interleaved, print_table, rows_of, seconds_of
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPRegressor
from sklearn.preprocessing import MinMaxScaler
from skopt import BayesSearchCV as PeersBayesSearchCV
from skorch import NeuralNetRegressor
from torch import nn

from skae import Autoencoder, DenseAutoencoder, LSTMAutoencoder, fit_stack, stacked
from skae.datasets import load_airline_passengers
from skae.networks import ConvolutionalNetwork
from skae.preprocessing import SlidingWindow
from skae.search import BayesSearchCV, EvolutionarySearchCV
from skae.stacking.meeting import _rendezvous

SIZES = list(range(1, 33))
ONE, TWO = "stacked", "stacked, 2 processes"
#: More fits at a time do not pay where one costs at most so many times the least.
NEARLY = 1.05


class Network(nn.Sequential):
    """The layers of all contenders."""

    def __init__(self, k, width=32):
        super().__init__(
            *(nn.Linear(64, width), nn.SiLU(), nn.Linear(width, k)),
            *(nn.Linear(k, width), nn.SiLU(), nn.Linear(width, 64)),
        )


def digits():
    return (load_digits().data / 16).astype(np.float32)


def windows():
    """Return 135 windows of ten months, as numbers in [0, 1]."""
    series = MinMaxScaler().fit_transform(load_airline_passengers().data)
    return SlidingWindow(length=10).fit_transform(series).astype(np.float32)


# Estimators


def autoencoder(epochs, width=32):
    return DenseAutoencoder(
        hidden_layer_sizes=(width,),
        linear_path=None,
        learning_rate_schedule="constant",
        weight_decay=0.0,
        batch_size=64,
        max_epochs=epochs,
        random_state=0,
        device="cpu",
    )


def raw_skorch(epochs, width):
    return NeuralNetRegressor(
        Network,
        module__width=width,
        optimizer=torch.optim.Adam,
        lr=1e-3,
        batch_size=64,
        max_epochs=epochs,
        iterator_train__shuffle=True,
        train_split=None,
        verbose=0,
    )


def mlp_regressor(epochs):
    return MLPRegressor(
        batch_size=64, max_iter=epochs, n_iter_no_change=epochs, random_state=0
    )


def lstm(epochs, width):
    return LSTMAutoencoder(
        hidden_size=width,
        linear_path=None,
        max_epochs=epochs,
        random_state=0,
        device="cpu",
    )


def convolutional(epochs, network):
    return Autoencoder(
        network=network,
        batch_size=64,
        max_epochs=epochs,
        random_state=0,
        device="cpu",
    )


# Searches


class Contender:
    """A search, whose first run is a small one that starts the processes.

    Parameters
    ----------
    make : callable
        ``make(is_small, n_jobs)`` returns the search.
    X : ndarray
    n_processes : int or None, default=None
        In how many fits train together; None for two processes that train one fit each.
    """

    def __init__(self, make, X, n_processes=None):
        self.make, self.X, self.n_processes = make, X, n_processes
        self.is_small = True

    def __call__(self):
        """Run it."""
        n_jobs = 2 if self.n_processes is None else -1
        search = self.make(self.is_small, n_jobs)
        with warnings.catch_warnings(), self.context():
            warnings.simplefilter("ignore")
            search.fit(self.X, self.X)
        self.is_small = False

    def context(self):
        """Return the context to search in."""
        if self.n_processes is None:
            return nullcontext()
        return stacked(n_processes=self.n_processes)


def ours(make, X):
    """Return the contenders of one search, stacked and not."""
    return {
        ONE: Contender(make, X, n_processes=1),
        TWO: Contender(make, X, n_processes=2),
        "n_jobs=2": Contender(make, X),
    }


def grid_search(estimator_of, name, values):
    """Return a function that makes a grid search over some values of a parameter."""

    def make(is_small, n_jobs):
        grid = {name: values[:2] if is_small else values}
        estimator = estimator_of(1) if is_small else estimator_of()
        return GridSearchCV(estimator, grid, cv=5, refit=False, n_jobs=n_jobs)

    return make


def guided(search, estimator_of, space, n_small, **settings):
    """Return a function that makes a search, which is told how large a small one is."""

    def make(is_small, n_jobs):
        estimator = estimator_of(1) if is_small else estimator_of()
        own = {**settings, **n_small} if is_small else settings
        return search(
            estimator, space, cv=5, refit=False, n_jobs=n_jobs, random_state=0, **own
        )

    return make


# Tables


def compare(title, contenders, rounds):
    """Print contenders' times, and ratios to those of both that are stacked."""
    seconds = seconds_of(contenders, rounds)
    for reference in (ONE, TWO):
        print_table(f"{title}, to `{reference}`", rows_of(seconds, reference))
    where_the_time_goes(contenders[ONE])


def fits_of(sizes):
    return f"{5 * len(sizes)} fits ({len(sizes)} sizes of the code, 5 folds)"


def table_of_grid(epochs, rounds, width=32):
    X = digits()
    make = grid_search(lambda n=epochs: autoencoder(n, width), "n_components", SIZES)
    skorchs = grid_search(lambda n=epochs: raw_skorch(n, width), "module__k", SIZES)
    shapes = [(width, k, width) for k in SIZES]
    mlps = grid_search(lambda n=epochs: mlp_regressor(n), "hidden_layer_sizes", shapes)
    contenders = {
        **ours(make, X),
        "MLPRegressor, n_jobs=2": Contender(mlps, X),
        "raw skorch, n_jobs=2": Contender(skorchs, X),
    }
    title = f"{fits_of(SIZES)} of {epochs} epochs of 64-{width}-k-{width}-64"
    compare(title, contenders, rounds)


def table_of_wide(epochs, rounds):
    table_of_grid(epochs, rounds, width=128)


def table_of_bayes(epochs, rounds):
    X = digits()
    space = {"n_components": (1, 32), "learning_rate": (1e-4, 1e-2, "log-uniform")}
    for name, search in (
        ("scikit-optimize", PeersBayesSearchCV),
        ("skae", BayesSearchCV),
    ):
        make = guided(
            search,
            lambda n=epochs: autoencoder(n),
            space,
            {"n_iter": 2, "n_points": 2},
            n_iter=32,
            n_points=8,
        )
        title = f"{name}'s BayesSearchCV, 32 candidates, 8 at a time, {epochs} epochs"
        compare(title, ours(make, X), rounds)


def table_of_evolution(epochs, rounds):
    make = guided(
        EvolutionarySearchCV,
        lambda n=epochs: autoencoder(n),
        {"n_components": (1, 32), "learning_rate": (1e-4, 1e-2, "log-uniform")},
        {"population_size": 2, "n_generations": 0},
        population_size=16,
        n_generations=2,
    )
    title = f"EvolutionarySearchCV, 2 generations after the first, {epochs} epochs"
    compare(title, ours(make, digits()), rounds)


def table_of_lstm(epochs, rounds):
    X = windows()
    for width in (16, 32, 64):
        make = grid_search(
            lambda n=epochs, width=width: lstm(n, width), "n_components", SIZES
        )
        title = f"{fits_of(SIZES)} of {epochs} epochs of LSTMs of {width} units"
        compare(title, ours(make, X), rounds)


def table_of_conv(epochs, rounds):
    for name, X, image_shape, channels in (
        ("windows", windows(), None, "8-16"),
        ("digits", digits(), (8, 8), "8-16"),
        ("digits", digits(), (8, 8), "16-32"),
    ):
        network = ConvolutionalNetwork(channels, image_shape=image_shape)
        make = grid_search(
            lambda n=epochs, network=network: convolutional(n, network),
            "n_components",
            SIZES[:16],
        )
        title = f"{fits_of(SIZES[:16])} to {name} of {epochs} epochs, channels"
        compare(f"{title} {channels}", ours(make, X), rounds)


def where_the_time_goes(contender):
    """Print the share of a stacked search in which stacks train."""
    training, train_all = [], _rendezvous._train_all

    def timed(*args):
        start = time.perf_counter()
        train_all(*args)
        training.append(time.perf_counter() - start)

    _rendezvous._train_all = timed
    try:
        start = time.perf_counter()
        contender()
        total = time.perf_counter() - start
    finally:
        _rendezvous._train_all = train_all
    print(
        f"\nOf {total:.2f} s stacks train for {sum(training):.2f} s; the rest is "
        "cloning, validation, building networks, scoring and the search itself."
    )


def table_of_growth(epochs, rounds):
    X = digits()[:1437]
    costs_by_number(autoencoder(epochs), X, "64-32-8-32-64", rounds)
    costs_by_number(lstm(epochs, 32), windows()[:108], "LSTMs of 32 units", rounds)


def costs_by_number(base, X, name, rounds):
    base = clone(base).set_params(n_components=8)

    def fit(n):
        models = [clone(base).set_params(random_state=seed) for seed in range(n)]
        # one bound on all stacks but that of the cores
        fit_stack(models, [X] * n, n_jobs=n, max_members=n)

    numbers = [1, 2, 4, 8, 16, 32, 64, 128, 320]
    rows = interleaved({f"{n}": lambda n=n: fit(n) for n in numbers}, rounds)
    print(f"\nCost of a fit of {name}, by how many train together\n")
    print("| fits | ms per fit | times cheaper than alone |\n|---|---|---|")
    costs = [seconds / n for n, (_, seconds, _, _) in zip(numbers, rows, strict=True)]
    for n, cost, (_, _, ratio, _) in zip(numbers, costs, rows, strict=True):
        print(f"| {n} | {1000 * cost:.1f} | {n / ratio:.1f} |")
    enough = next(n for n, cost in zip(numbers, costs) if cost <= NEARLY * min(costs))  # noqa: B905
    print(f"\nMore than {enough} at a time do not pay.")


TABLES = {
    "grid": table_of_grid,
    "wide": table_of_wide,
    "bayes": table_of_bayes,
    "evolution": table_of_evolution,
    "lstm": table_of_lstm,
    "conv": table_of_conv,
    "growth": table_of_growth,
}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=list(TABLES), default=list(TABLES))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--verbose", action="store_true")
    settings = parser.parse_args()
    if settings.verbose:
        logging.basicConfig(level=logging.INFO)
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads")
    for name in settings.only:
        TABLES[name](settings.epochs, settings.rounds)


if __name__ == "__main__":
    main()
