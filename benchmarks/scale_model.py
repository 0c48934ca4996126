"""What a search costs on many cores, foretold from what it costs on a few.

    python benchmarks/scale_model.py [--epochs 20] [--fits 10000] [--cores 2 8 64 512]

Measured on searches of two lengths of the grid of `cluster.py` with two processes as
the executor's workers: seconds of the search's own process for each fit more (making
tasks, keeping results), bytes that are sent and come back for each; and the seconds
that a worker computes, for shares of 1 to 64 fits, which train in one stack. Foretold
is

    T = n * serial + waves * share(m) + bytes / bandwidth,

n fits in shares of m on so many cores, in as many waves as it takes: a worker has a
core as fast as this machine's, none dies, and the search's own work overlaps with
nothing, which is the worst. m is what is least for T, up to the 64 that `stacked`
sends at most. The time of one core alone, in stacks of 64, stands beside it.
"""

import argparse
import pickle
import time
import warnings
from concurrent.futures import Executor, ProcessPoolExecutor
from functools import partial
from math import ceil
from multiprocessing import get_context

import numpy as np
from cluster import autoencoder, cpu_seconds
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV

from skae import fit_stack, stacked

SHARES = (1, 8, 32, 64)
MAX_MEMBERS = SHARES[-1]
BANDWIDTH = 125e6  # bytes a second: a network of one gigabit


class Counting(Executor):
    """An executor that counts bytes both ways."""

    def __init__(self, executor):
        self.executor, self.n_bytes = executor, 0

    def submit(self, function, *args):
        """Count, and pass on."""
        self.n_bytes += len(pickle.dumps(args))
        future = self.executor.submit(function, *args)
        future.add_done_callback(self._count)
        return future

    def _count(self, future):
        if not future.cancelled() and isinstance(future.result(), bytes):
            self.n_bytes += len(future.result())


def run(executor, n_candidates, epochs):
    """Search with an executor, and return the seconds of this process."""
    X = (load_digits().data / 16).astype(np.float32)
    grid = {"learning_rate": [*np.geomspace(1e-4, 1e-2, n_candidates)]}
    model = autoencoder(epochs, n_components=8)
    search = GridSearchCV(model, grid, cv=5, refit=False)
    start = time.process_time()
    with stacked(executor=executor, n_processes=2):
        search.fit(X)
    return time.process_time() - start


def costs(executor, n_candidates, epochs):
    """Return the number of fits, seconds of this process, and bytes both ways."""
    seconds = run(executor, n_candidates, epochs)
    counting = Counting(executor)
    run(counting, n_candidates, epochs)
    return np.array([5 * n_candidates, seconds, counting.n_bytes])


def seconds_of_share(n_members, epochs):
    """Return the seconds of one core for a stack of so many fits."""
    X = (load_digits().data[:1437] / 16).astype(np.float32)
    models = [autoencoder(epochs, n_components=1 + i % 32) for i in range(n_members)]
    start = cpu_seconds()
    fit_stack(models, [X] * n_members)
    return cpu_seconds() - start


def foretold(n_fits, n_cores, serial, share, n_bytes):
    """Return the least time over sizes of shares, and that size."""
    sizes = range(1, MAX_MEMBERS + 1)
    times = [ceil(ceil(n_fits / m) / n_cores) * share(m) for m in sizes]
    best = int(np.argmin(times))
    return n_fits * serial + times[best] + n_fits * n_bytes / BANDWIDTH, sizes[best]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--fits", type=int, default=10_000)
    parser.add_argument("--cores", type=int, nargs="*", default=[2, 8, 64, 512])
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    with ProcessPoolExecutor(2, get_context("spawn")) as executor:
        run(executor, 4, 1)  # workers start
        of_few, of_many = (costs(executor, n, given.epochs) for n in (16, 80))
    n_more, seconds, n_bytes = of_many - of_few
    serial, n_bytes = seconds / n_more, n_bytes / n_more
    seconds_of_share(1, 1)  # torch compiles
    measured = [seconds_of_share(m, given.epochs) for m in SHARES]
    print(f"The search's own process: {1000 * serial:.2f} ms a fit.")
    print(f"Sent and returned: {n_bytes / 1000:.1f} kB a fit.")
    for m, share in zip(SHARES, measured, strict=True):
        print(f"A share of {m}: {1000 * share / m:.1f} ms of a core a fit.")
    share = partial(np.interp, xp=SHARES, fp=measured)
    alone = ceil(given.fits / MAX_MEMBERS) * share(MAX_MEMBERS) + given.fits * serial
    print(f"\n| cores | {given.fits:,} fits, s | fits a share | of one core's speed |")
    print("|---|---|---|---|")
    for n_cores in given.cores:
        T, m = foretold(given.fits, n_cores, serial, share, n_bytes)
        print(f"| {n_cores} | {T:.1f} | {m} | {alone / T:.1f} |")


if __name__ == "__main__":
    main()
