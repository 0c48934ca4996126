"""What torch's threads cost the fit of a small network, alone and beside other work.

    python benchmarks/threads.py [--rounds 3]

The fit of `DenseAutoencoder(2)` to 1,198 rows of digits, for 20 epochs: on one thread,
as it trains by default, and on as many as torch takes; while nothing else runs, and
while another process computes on one core. Ratios are to the former in the same round.
"""

import argparse
import multiprocessing
import warnings
from contextlib import contextmanager
from unittest.mock import patch

import torch
from _timing import interleaved, print_table
from sklearn.datasets import load_digits

from skae import DenseAutoencoder


def fit():
    X = load_digits().data[:1198]
    DenseAutoencoder(2, max_epochs=20, random_state=0).fit(X)


def fit_on_all():
    with patch("skae.training._threads.FEWEST_PRODUCTS", 0):
        fit()


def compute():
    while True:
        sum(range(10**6))


@contextmanager
def other_work():
    process = multiprocessing.Process(target=compute, daemon=True)
    process.start()
    yield
    process.kill()
    process.join()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    warnings.simplefilter("ignore")
    ways = {"one thread": fit, f"{torch.get_num_threads()} threads": fit_on_all}
    print_table("Nothing else runs", interleaved(ways, rounds))
    with other_work():
        print_table("Another process computes", interleaved(ways, rounds))


if __name__ == "__main__":
    main()
