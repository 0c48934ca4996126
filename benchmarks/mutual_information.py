"""Mutual information of order 2: in blocks, against eigenvalues.

    python benchmarks/mutual_information.py [--repeats 5]

Prints the ratio of times at n = 2,000 and 4,000 and the difference of the results, then
time and peak extra memory at n = 20,000.
"""

import argparse
import resource
import time

import numpy as np
import torch
from _timing import interleaved, print_table

from skae.information import mutual_information, rbf_gram


def sample(n):
    X = np.random.default_rng(0).normal(size=(n, 32))
    return X, np.tanh(X @ np.random.default_rng(1).normal(size=(32, 8)))


def by_eigenvalues(X, Z):
    """Return the same quantity by its definition."""

    def entropy(K):
        eigenvalues = torch.linalg.eigvalsh(K / len(K)).clamp_min(0)
        return -eigenvalues.square().sum().log()

    K, L = rbf_gram(X), rbf_gram(Z)
    return float(entropy(K) + entropy(L) - entropy(K * L))


def compare(n, repeats):
    X, Z = sample(n)
    contenders = {
        "by eigenvalues": lambda: by_eigenvalues(X, Z),
        "in blocks": lambda: mutual_information(X, Z),
    }
    print_table(f"n = {n:,}", interleaved(contenders, repeats))
    difference = abs(by_eigenvalues(X, Z) - float(mutual_information(X, Z)))
    print(f"\ndifference: {difference:.0e} nats")


def large():
    X, Z = sample(20_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    mutual_information(X, Z)
    seconds = time.perf_counter() - start
    extra = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"\nn = 20,000: {seconds:.1f} s, {extra:.0f} MB of extra memory at the peak")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads")
    large()
    for n in (2000, 4000):
        compare(n, repeats)


if __name__ == "__main__":
    main()
