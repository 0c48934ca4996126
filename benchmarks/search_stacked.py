"""What a search costs whose fits train together.

    python benchmarks/search_stacked.py [--rounds 3] [--epochs 20]

A grid search over 32 sizes of the code with 5 folds, 160 fits of 64-32-k-32-64 to
digits: stacked, and by two processes at a time (`n_jobs=2`) with `DenseAutoencoder`,
raw skorch and scikit-learn's `MLPRegressor`. Then what a fit costs, by how many train
together.
"""

import argparse
import logging
import time
import warnings

import numpy as np
import torch
from _timing import interleaved, print_table
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPRegressor
from skorch import NeuralNetRegressor
from torch import nn

from skae import DenseAutoencoder, fit_stack, stacked
from skae.stacking import _rendezvous

SIZES = list(range(1, 33))


class Network(nn.Sequential):
    """The layers of all contenders."""

    def __init__(self, k):
        super().__init__(
            *(nn.Linear(64, 32), nn.SiLU(), nn.Linear(32, k)),
            *(nn.Linear(k, 32), nn.SiLU(), nn.Linear(32, 64)),
        )


def autoencoder(epochs):
    return DenseAutoencoder(
        hidden_layer_sizes=(32,),
        linear_path=None,
        learning_rate_schedule="constant",
        weight_decay=0.0,
        batch_size=64,
        max_epochs=epochs,
        random_state=0,
        device="cpu",
    )


def raw_skorch(epochs):
    return NeuralNetRegressor(
        Network,
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


def search(estimator, grid, X, n_jobs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        GridSearchCV(estimator, grid, cv=5, refit=False, n_jobs=n_jobs).fit(X, X)


def search_stacked(X, sizes, epochs):
    with stacked():
        search(autoencoder(epochs), {"n_components": sizes}, X, None)


def search_alone(X, sizes, epochs):
    search(autoencoder(epochs), {"n_components": sizes}, X, 2)


def search_mlp_regressor(X, sizes, epochs):
    grid = {"hidden_layer_sizes": [(32, k, 32) for k in sizes]}
    search(mlp_regressor(epochs), grid, X, 2)


def search_raw_skorch(X, sizes, epochs):
    search(raw_skorch(epochs), {"module__k": sizes}, X, 2)


CONTENDERS = {
    "stacked": search_stacked,
    "skae, n_jobs=2": search_alone,
    "MLPRegressor, n_jobs=2": search_mlp_regressor,
    "raw skorch, n_jobs=2": search_raw_skorch,
}


class Search:
    """A search, whose first run is a small one that starts the processes."""

    def __init__(self, run, X, epochs):
        self.run, self.X, self.epochs = run, X, epochs
        self.is_warm = False

    def __call__(self):
        """Run it."""
        if self.is_warm:
            self.run(self.X, SIZES, self.epochs)
        else:
            self.run(self.X, SIZES[:2], 1)
        self.is_warm = True


def compare_searches(X, epochs, rounds):
    contenders = {name: Search(run, X, epochs) for name, run in CONTENDERS.items()}
    title = f"160 fits of {epochs} epochs: 32 sizes of the code, 5 folds"
    print_table(title, interleaved(contenders, rounds))


def where_the_time_goes(X, epochs):
    """Print the share of a stacked search in which stacks train."""
    training, train_all = [], _rendezvous._train_all

    def timed(*args):
        start = time.perf_counter()
        train_all(*args)
        training.append(time.perf_counter() - start)

    _rendezvous._train_all = timed
    try:
        start = time.perf_counter()
        search_stacked(X, SIZES, epochs)
        total = time.perf_counter() - start
    finally:
        _rendezvous._train_all = train_all
    print(
        f"\nOf {total:.2f} s stacks train for {sum(training):.2f} s; the rest is "
        "cloning, validation, building networks and scoring."
    )


def cost_by_number(X, epochs, rounds):
    base = autoencoder(epochs).set_params(n_components=8)

    def fit(n):
        models = [clone(base).set_params(random_state=seed) for seed in range(n)]
        fit_stack(models, [X] * n, n_jobs=n)

    numbers = [1, 2, 4, 8, 16, 32, 64, 128, 320]
    contenders = {f"{n}": lambda n=n: fit(n) for n in numbers}
    rows = interleaved(contenders, rounds)
    print("\nCost of a fit, by how many train together\n")
    print("| fits | ms per fit | times cheaper than alone |\n|---|---|---|")
    for n, (_, seconds, ratio, _) in zip(numbers, rows, strict=True):
        print(f"| {n} | {1000 * seconds / n:.1f} | {n / ratio:.1f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--verbose", action="store_true")
    settings = parser.parse_args()
    if settings.verbose:
        logging.basicConfig(level=logging.INFO)
    X = (load_digits().data / 16).astype(np.float32)
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads")
    compare_searches(X, settings.epochs, settings.rounds)
    where_the_time_goes(X, settings.epochs)
    cost_by_number(X[:1437], settings.epochs, settings.rounds)


if __name__ == "__main__":
    main()
