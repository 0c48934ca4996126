"""One fit, stacks of fits, predictions and kernels on a GPU, beside the CPU.

    python benchmarks/gpu.py [--device cuda] [--repeats 2] [--scale 1.0]

Made for a machine that is at hand for a short while: about four minutes, and a line
is printed as soon as it is measured. Each is warmed up once; seconds are medians.
`--scale 0.05 --device cpu` tries the script where there is no GPU.

- One fit: 20,000 rows of 784 values, 784-256-32, batches of 128 and of 4,096, 3 epochs.
- Stacks: 1 to 1,000 fits of 64-32-8 to digits together, 20 epochs; seconds a fit.
- Predictions: `transform` of 200,000 rows of 784 values, from memory of the CPU.
- Kernel mutual information of order 2 of 10,000 rows of 32 values with codes of 8.
"""

import argparse
import time
from statistics import median

import numpy as np
import torch
from sklearn.datasets import load_digits

from skae import DenseAutoencoder, fit_stack
from skae.information import mutual_information

STACKS = (1, 10, 100, 1000)


def seconds(run, repeats, device):
    """Return the median seconds of a call, after one that is not counted."""
    found = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        run()
        if device.startswith("cuda"):
            torch.cuda.synchronize()
        found.append(time.perf_counter() - start)
    return median(found[1:])


def show(what, run, options, unit=1):
    """Print seconds on the device and on the CPU, and their ratio."""
    devices = dict.fromkeys(["cpu", options.device])
    times = [seconds(lambda d=d: run(d), options.repeats, d) / unit for d in devices]
    cells = [f"{t:.4f}" for t in times] + [f"{times[0] / times[-1]:.1f}"]
    print(f"| {what} | {' | '.join(cells)} |", flush=True)


def model(device, **parameters):
    return DenseAutoencoder(random_state=0, device=device, **parameters)


def one_fit(options):
    X = rows(20_000, 784, options)
    for batch_size in (128, 4096):
        settings = {"hidden_layer_sizes": (256,), "batch_size": batch_size}
        what = f"a fit, batches of {batch_size}"
        show(
            what,
            lambda d, s=settings: model(d, n_components=32, max_epochs=3, **s).fit(X),
            options,
        )


def stacks(options):
    X = (load_digits().data / 16).astype(np.float32)
    for n in STACKS:
        n = max(1, round(n * options.scale)) if n > 1 else 1

        def run(device, n=n):
            settings = {"hidden_layer_sizes": (32,), "max_epochs": 20}
            models = [model(device, **settings) for _ in range(n)]
            fit_stack(models, [X] * n, max_members=n)

        show(f"a fit in a stack of {n}", run, options, unit=n)


def predictions(options):
    X = rows(200_000, 784, options)
    settings = {"n_components": 32, "hidden_layer_sizes": (256,), "max_epochs": 1}
    devices = dict.fromkeys(["cpu", options.device])
    fitted = {d: model(d, **settings).fit(X[:2000]) for d in devices}
    show(f"transform of {len(X):,} rows", lambda d: fitted[d].transform(X), options)


def kernels(options):
    X = torch.from_numpy(rows(10_000, 32, options))

    def run(device):
        mutual_information(X.to(device), X[:, :8].to(device))

    show(f"kernel mutual information of {len(X):,} rows", run, options)


def rows(n, n_features, options):
    n = max(500, round(n * options.scale))
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 8)) @ rng.normal(size=(8, n_features))
    return np.tanh(X).astype(np.float32)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--scale", type=float, default=1.0)
    options = parser.parse_args()
    if options.device.startswith("cuda"):
        print(torch.cuda.get_device_name(options.device))
    print(f"| | CPU, s | {options.device}, s | ratio |\n|---|---|---|---|")
    for part in (one_fit, predictions, kernels, stacks):
        part(options)


if __name__ == "__main__":
    main()
