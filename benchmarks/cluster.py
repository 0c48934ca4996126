"""What a search costs on a Dask cluster, in stacks and in joblib's own way.

    python benchmarks/cluster.py [--rounds 3] [--epochs 20] [--megabytes 200]

The grid search of `search_stacked.py`, 160 fits of 64-32-k-32-64 to digits, on a local
cluster of two processes of one thread: by `stacked(executor=...)`, by
`stacked(n_processes=2)` without the cluster, and by joblib's backend "dask", which does
not stack. Contenders take turns; seconds are of the wall and of all processes, and
ratios are to `stacked(n_processes=2)` in the same round. Then how far scores differ,
and the bytes that go to the workers for data of 200 MB.

It needs the extra `cluster` (``pip install 'skae[cluster]'``).
"""

import argparse
import pickle
import time
import warnings
from concurrent.futures import Executor
from statistics import median

import numpy as np
import psutil
from joblib import parallel_config
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV

from skae import DenseAutoencoder, fit_stack, stacked

PROCESSES, CLUSTER, DASK = "n_processes=2", "executor=", 'joblib\'s "dask"'


def autoencoder(epochs, **params):
    settings = {
        "hidden_layer_sizes": (32,),
        "linear_path": None,
        "learning_rate_schedule": "constant",
        "weight_decay": 0.0,
        "batch_size": 64,
        "max_epochs": epochs,
        "random_state": 0,
    }
    return DenseAutoencoder(**settings | params)


def cpu_seconds():
    """Return the seconds that this process and all its children have computed."""
    own = psutil.Process()
    total = 0.0
    for process in [own, *own.children(recursive=True)]:
        times = process.cpu_times()
        total += times.user + times.system
    return total


def search(epochs, sizes=range(1, 33)):
    X = (load_digits().data / 16).astype(np.float32)
    grid = {"n_components": list(sizes)}
    return GridSearchCV(autoencoder(epochs), grid, cv=5, refit=False).fit(X)


def measured(context, epochs):
    """Return seconds of the wall, seconds of all processes, and scores."""
    start, cpu = time.perf_counter(), cpu_seconds()
    with context():
        scores = search(epochs).cv_results_["mean_test_score"]
    return time.perf_counter() - start, cpu_seconds() - cpu, scores


class Counting(Executor):
    """An executor that counts the bytes it is given."""

    def __init__(self, executor):
        self.executor, self.n_bytes = executor, 0

    def submit(self, function, *args):
        """Count, and pass on."""
        self.n_bytes += len(pickle.dumps(args))
        return self.executor.submit(function, *args)


def bytes_sent(client, megabytes):
    """Return how many times the data go to two workers, for many fits of them."""
    X = np.random.default_rng(0).standard_normal((megabytes * 125, 1000))
    executor = Counting(client.get_executor())
    models = [autoencoder(1, n_components=k, batch_size=10**6) for k in range(1, 9)]
    places = {"executor": executor, "n_processes": 2, "max_members": 2}
    fit_stack(models, [X] * len(models), **places, memory=2**34)
    return executor.n_bytes / X.nbytes


def compare(client, rounds, epochs):
    executor = client.get_executor()
    contexts = {
        PROCESSES: lambda: stacked(n_processes=2),
        CLUSTER: lambda: stacked(executor=executor, n_processes=2),
        DASK: lambda: parallel_config("dask"),
    }
    for context in contexts.values():  # processes start, and torch compiles
        with context():
            search(1, sizes=(1, 2))
    found = [
        {name: measured(context, epochs) for name, context in contexts.items()}
        for _ in range(rounds)
    ]
    print("| search of 160 fits | seconds | CPU seconds | ratios: wall, CPU | scores |")
    print("|---|---|---|---|---|")
    for name in contexts:
        wall, cpu = (median(one[name][i] for one in found) for i in (0, 1))
        ratios = [
            median(one[name][i] / one[PROCESSES][i] for one in found) for i in (0, 1)
        ]
        apart = max(abs(one[name][2] - one[PROCESSES][2]).max() for one in found)
        print(
            f"| {name} | {wall:.1f} | {cpu:.1f} | {ratios[0]:.2f}, {ratios[1]:.2f} "
            f"| {apart:.0e} apart |"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--megabytes", type=int, default=200)
    given = parser.parse_args()
    from dask.distributed import Client, LocalCluster

    warnings.simplefilter("ignore")
    with (
        LocalCluster(2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        compare(client, given.rounds, given.epochs)
        times = bytes_sent(client, given.megabytes)
        print(f"\nTo two workers go {times:.2f} times data of {given.megabytes} MB.")


if __name__ == "__main__":
    main()
