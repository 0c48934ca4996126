"""Memory and rows per second of Parquet and zarr stores, beside the same from memory.

    python benchmarks/out_of_memory.py [--megabytes 3000] [--only zarr search]

A table of float32 with 200 columns, in chunks of 4 MB and row groups of 40, is written
into a folder of the system for temporary files (set TMPDIR for another), which takes
twice its size and is removed at the end. Each case runs in a process of its own with
one thread for torch: one epoch in batches of 4,096, codes written to the disk, the
explained variance, and a three-fold search over two sizes, of one epoch each. Memory is
the growth of the process's anonymous memory from the moment when the store is opened,
as in memory.py. Rows per second are those that were given: in a search, those of all
folds that were trained and scored on. From memory, the table is there when the clock
starts, and no more than `--from-memory` megabytes of it, as its rows per second do not
depend on it. Linux only.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from memory import measured_process

N_FEATURES = 200
BATCH = 4096
CHUNK = 5000  # rows: 4 MB


def parts(n_rows):
    """Yield parts of a noisy curved table of ten dimensions."""
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(10, N_FEATURES)).astype(np.float32)
    for start in range(0, n_rows, 20 * CHUNK):
        size = min(20 * CHUNK, n_rows - start)
        Z = rng.normal(size=(size, 10)).astype(np.float32)
        noise = rng.normal(scale=0.3, size=(size, N_FEATURES)).astype(np.float32)
        yield start, np.tanh(Z @ mixing / 3) + noise


def write(folder, n_rows):
    import pyarrow as pa
    import zarr
    from pyarrow import parquet

    names = [f"x{j}" for j in range(N_FEATURES)]
    schema = pa.schema([(name, pa.float32()) for name in names])
    store = zarr.create_array(
        folder / "X.zarr",
        shape=(n_rows, N_FEATURES),
        chunks=(CHUNK, N_FEATURES),
        dtype="float32",
    )
    with parquet.ParquetWriter(folder / "X.parquet", schema) as writer:
        for start, part in parts(n_rows):
            store[start : start + len(part)] = part
            table = pa.table(dict(zip(names, part.T, strict=True)))
            writer.write_table(table, row_group_size=10 * CHUNK)


def opened(kind, folder, most):
    """Return the rows of a kind of store; of memory, no more than some."""
    if kind == "parquet":
        from skae.datasets import ParquetRows

        return ParquetRows(folder / "X.parquet")
    import zarr

    from skae.datasets import ChunkedRows

    store = zarr.open_array(folder / "X.zarr", mode="r")
    return store[:most] if kind == "memory" else ChunkedRows(store)


def dense(n_components=10):
    from skae import DenseAutoencoder

    settings = {"max_epochs": 1, "batch_size": BATCH, "hidden_layer_sizes": (64,)}
    return DenseAutoencoder(n_components, random_state=0, **settings)


def fit(model, X, folder):
    dense().fit(X)
    return len(X)


def transform(model, X, folder):
    out = np.lib.format.open_memmap(
        folder / "Z.npy", mode="w+", dtype=np.float32, shape=(len(X), 10)
    )
    model.transform(X, out=out)
    out.flush()
    return len(X)


def score(model, X, folder):
    model.score(X)
    return len(X)


def search(model, X, folder):
    from sklearn.model_selection import GridSearchCV

    sizes = [5, 10]
    GridSearchCV(dense(), {"n_components": sizes}, cv=3, refit=False).fit(X)
    return 3 * len(sizes) * len(X)


CASES = {"fit": fit, "transform": transform, "score": score, "search": search}
KINDS = "memory", "zarr", "parquet"


def work(kind, case, folder, most):
    """Run a case in this process, and say when it begins and ends."""
    import torch

    torch.set_num_threads(1)
    rows = opened(kind, folder, most)
    model = dense().fit(np.asarray(rows[:BATCH]))
    model.score(rows[:BATCH])
    print(0, flush=True)
    sys.stdin.readline()
    start = time.perf_counter()
    n_rows = CASES[case](model, rows, folder)
    print(n_rows / (time.perf_counter() - start), flush=True)
    sys.stdin.readline()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=float, default=3000)
    parser.add_argument("--from-memory", type=float, default=1000)
    parser.add_argument("--only", nargs="*", default=[], metavar="CASE or KIND")
    parser.add_argument("--case", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    row_bytes = 4 * N_FEATURES
    most = int(args.from_memory * 1e6) // row_bytes
    if args.case:
        work(*args.case, args.folder, most)
        return
    n_rows = int(args.megabytes * 1e6) // row_bytes
    free = shutil.disk_usage(tempfile.gettempdir()).free / 1e6
    if free < 2.2 * args.megabytes:
        parser.error(
            f"{tempfile.gettempdir()} has {free:.0f} MB left, and two stores take "
            f"{2.2 * args.megabytes:.0f}: set TMPDIR, or lower --megabytes."
        )
    kinds = [kind for kind in KINDS if kind in args.only] or KINDS
    cases = [case for case in CASES if case in args.only] or CASES
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, n_rows)
        print(f"{n_rows:,} rows, load average {os.getloadavg()[0]:.1f}\n")
        print("| case | store | memory | rows per second |\n|---|---|---|---|")
        for case in cases:
            for kind in kinds:
                about = ["--case", kind, case, "--folder", name]
                about += ["--from-memory", str(args.from_memory)]
                _, beyond, speed = measured_process([__file__, *about])
                print(
                    f"| {case} | {kind} | {beyond / 1e6:.0f} MB | {speed:,.0f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
