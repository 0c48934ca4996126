"""What prediction and import cost over the bare minimum.

    python benchmarks/predict_and_import.py [--repeats 9]

`transform` of 60,000 images against the bare torch encoder, for two batch sizes of
training; ``import skae`` against ``import sklearn, torch, skorch``, each in a process
of its own.
"""

import argparse
import subprocess
import sys

import numpy as np
import torch
from _timing import interleaved, print_table

from skae import DenseAutoencoder


def fitted(X, batch_size):
    return DenseAutoencoder(
        32,
        hidden_layer_sizes=(256,),
        batch_size=batch_size,
        max_epochs=1,
        random_state=0,
        device="cpu",
    ).fit(X[:2000])


def bare_encoder(model, X):
    module = model.net_.module_

    def encode():
        with torch.inference_mode():
            return module.encode(torch.from_numpy(X)).mean.numpy()

    return encode


def compare_transform(repeats):
    X = np.random.default_rng(0).random((60_000, 784), dtype=np.float32)
    small, large = fitted(X, 16), fitted(X, 1024)
    contenders = {
        "bare encoder, all rows at once": bare_encoder(small, X),
        "transform, trained in batches of 16": lambda: small.transform(X),
        "transform, trained in batches of 1024": lambda: large.transform(X),
    }
    print_table("60,000 x 784 to 32", interleaved(contenders, repeats))


def imports(statement):
    return lambda: subprocess.run([sys.executable, "-c", statement], check=True)


def compare_import(repeats):
    contenders = {
        "import sklearn, torch, skorch": imports("import sklearn, torch, skorch"),
        "import skae": imports("import skae"),
    }
    print_table("Import", interleaved(contenders, repeats))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=9)
    repeats = parser.parse_args().repeats
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads")
    compare_transform(repeats)
    compare_import(repeats)


if __name__ == "__main__":
    main()
