"""Whether scoring takes back what stacked training has gained.

    python benchmarks/scoring_stacked.py [--rounds 3] [--epochs 10] [--rows 1000]

In a stacked search, fits are scored in threads of one process. `kernel_mi` takes the
eigenvalues of matrices of rows x rows: the most expensive score. The searches fit four
folds of eight dimensions and score each on so many held-out rows: stacked, and by two
processes at a time, with an expensive scorer and with a cheap one.
"""

import argparse
import os
import warnings
from contextlib import nullcontext

from _timing import print_table, rows_of, seconds_of

from skae import DenseAutoencoder, LatentDimensionSearchCV, stacked
from skae.datasets import make_smooth_manifold


def contender(X, scoring, epochs, is_stacked):
    """Return a function that searches."""
    model = DenseAutoencoder(max_epochs=epochs, device="cpu")
    search = LatentDimensionSearchCV(
        model,
        n_components=8,
        curve="separate",
        scoring=scoring,
        refit=False,
        random_state=0,
        n_jobs=None if is_stacked else 2,
    )

    def run():
        context = stacked if is_stacked else nullcontext
        with context(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            search.fit(X)

    return run


def main(rounds, epochs, rows):
    """Time the searches in turn, and print a table for each scorer."""
    X = make_smooth_manifold(4 * rows, 3, 20, noise=0.05, random_state=0).X
    X = X.astype("float32")
    for scoring in ("reconstruction", "kernel_mi"):
        seconds = seconds_of(
            {
                "two processes": contender(X, scoring, epochs, is_stacked=False),
                "stacked": contender(X, scoring, epochs, is_stacked=True),
            },
            rounds,
        )
        print_table(f"32 fits, {scoring} on {rows} rows each", rows_of(seconds))
        least = ", ".join(f"{name} {min(s):.1f}" for name, s in seconds.items())
        load = ", ".join(f"{load:.1f}" for load in os.getloadavg())
        print(f"\nLeast seconds: {least}. Load of the machine: {load}.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--rows", type=int, default=1000)
    main(**vars(parser.parse_args()))
