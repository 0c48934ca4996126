"""The latent dimension of ten months of airline passengers.

    python benchmarks/airline_dimension.py [--restarts 2] [--seeds 0 1 2]

Windows of ten months, contiguous folds with a gap of nine, so that no month is both
trained on and scored. Two autoencoders: the default dense one, and a recurrent one as
it is often found, which repeats its code to the decoder and trains for 100 epochs at a
constant rate. Printed are the choice by the shortest description, its verdict, the
choices by the other scores, and the explained variance at the choice: of the windows of
all folds pooled, since a fold of neighbouring months has little variance of its own.
"""

import argparse
import warnings

import numpy as np
from sklearn.base import clone
from sklearn.metrics import r2_score
from sklearn.pipeline import make_pipeline

from skae import DenseAutoencoder, LSTMAutoencoder, stacked
from skae.datasets import load_airline_passengers
from skae.model_selection import ContiguousKFold
from skae.preprocessing import SequenceScaler, SlidingWindow
from skae.search import LatentDimensionSearchCV

LENGTH = 10


def windows(flatten):
    series = load_airline_passengers(return_X_y=True)[0]
    return SlidingWindow(LENGTH, flatten=flatten).fit_transform(series)


def models():
    lstm = LSTMAutoencoder(
        decoder="repeat",
        linear_path=None,
        max_epochs=100,
        learning_rate_schedule="constant",
        learning_rate=1e-2,
    )
    return {
        "dense": (DenseAutoencoder(), windows(flatten=True)),
        "LSTM, repeated code": (lstm, windows(flatten=False)),
    }


def search(model, X, scale, n_folds, seed, n_restarts=1, **settings):
    pipeline = make_pipeline(SequenceScaler(scale, n_channels=1), model)
    cv = ContiguousKFold(n_folds, gap=LENGTH - 1)
    found = LatentDimensionSearchCV(
        pipeline,
        curve="separate",
        cv=cv,
        n_restarts=n_restarts,
        random_state=seed,
        **settings,
    )
    with warnings.catch_warnings(), stacked():
        warnings.simplefilter("ignore")
        return found.fit(X)


def pooled_r2(found, X):
    """Return the share of variance explained in held-out windows, all folds pooled."""
    model = clone(found.best_estimator_)
    truth, decoded = [], []
    for train, test in found.cv.split(X):
        truth.append(X[test].reshape(len(test), -1))
        fitted = clone(model).fit(X[train])
        restored = fitted.inverse_transform(fitted.transform(X[test]))
        decoded.append(np.asarray(restored).reshape(len(test), -1))
    return r2_score(np.concatenate(truth), np.concatenate(decoded))


def row(name, model, X, scale, n_folds, seed, n_restarts):
    found = search(model, X, scale, n_folds, seed, n_restarts)
    selection = found.selection_
    cells = [name, scale, n_folds, seed, selection.value, selection.verdict.kind]
    cells.append(f"{pooled_r2(found, X):.3f}")
    cells.append(f"{found.intrinsic_dimension_.median:.1f}")
    print(f"| {' | '.join(map(str, cells))} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--restarts", type=int, default=2)
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2])
    arguments = parser.parse_args()
    print("| model | scale | folds | seed | choice | verdict | R2 | neighbours say |")
    print("|---|---|---|---|---|---|---|---|")
    for name, (model, X) in models().items():
        for scale, n_folds in (("standard", 4), ("standard", 5), ("minmax", 4)):
            for seed in arguments.seeds:
                row(name, model, X, scale, n_folds, seed, arguments.restarts)


if __name__ == "__main__":
    main()
