"""Fits with parts of this package train in the stacks of `skae.stacked()`.

Each ends with the weights that it has alone. The transformer trains alone, in a stack's
search too: a stack knows how to compute skae's own networks only.
"""

import logging

import numpy as np
import pytest
import skae
import torch
from skae.bottlenecks import PointBottleneck
from skae.networks import DenseNetwork, RecurrentNetwork
from skae.objectives import Objective
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skae_transformer import (
    LogCosh,
    SlicedWasserstein,
    StepMasking,
    TransformerAutoencoder,
)

rng = np.random.default_rng(0)
WINDOWS = np.sin(rng.uniform(0, 6, (80, 1, 1)) + np.arange(6)[:, None] / 2)
WINDOWS = np.concatenate([WINDOWS, WINDOWS**2], axis=2)  # (80, 6, 2), float64


def composed(
    reconstruction="squared_error",
    penalties=(),
    network=None,
    bottleneck="point",
    **own,
):
    return skae.Autoencoder(
        network=network or DenseNetwork((6,)),
        bottleneck=bottleneck,
        objective=Objective(reconstruction, penalties),
        learning_rate=0.01,
        batch_size=16,
        **own,
    )


def several(base):
    """Return fits that differ in the size of the code, seeds and epochs."""
    sizes = [(1, 3), (4, 5), (2, 4)]
    return [
        clone(base).set_params(n_components=k, max_epochs=epochs, random_state=seed)
        for seed, (k, epochs) in enumerate(sizes)
    ]


def weights(model):
    return torch.cat([p.detach().flatten() for p in model.net_.module_.parameters()])


@pytest.fixture
def n_stacked(caplog):
    """Return a function that tells how many fits have trained in stacks."""
    caplog.set_level(logging.INFO, "skae.stacking")

    def count():
        records = [r for r in caplog.records if r.name == "skae.stacking"]
        return sum(record.args[1] for record in records)

    return count


PENALTY = [("prior", SlicedWasserstein(0.1, n_directions=20))]
CASES = {
    "penalty": (composed(penalties=PENALTY), WINDOWS.reshape(80, -1)),
    "term": (composed(LogCosh(0.5)), WINDOWS.reshape(80, -1)),
    "noise": (composed(input_noise=StepMasking()), WINDOWS.reshape(80, -1)),
    "noise on codes": (
        composed(bottleneck=PointBottleneck(noise=StepMasking())),
        WINDOWS.reshape(80, -1),
    ),
    "all, on sequences": (
        composed(LogCosh(), PENALTY, RecurrentNetwork(4), input_noise=StepMasking()),
        WINDOWS,
    ),
}


@pytest.mark.parametrize(("base", "X"), CASES.values(), ids=CASES)
def test_fits_in_a_stack_end_as_alone(base, X, n_stacked):
    alone = [clone(model).fit(X) for model in several(base)]
    together = skae.fit_stack(several(base), [X] * 3)
    for ours, theirs in zip(together, alone, strict=True):
        torch.testing.assert_close(weights(ours), weights(theirs), rtol=1e-9, atol=1e-9)
        for name in {"train_loss", "train_prior"} & theirs.history_[-1].keys():
            np.testing.assert_allclose(
                ours.history_[:, name], theirs.history_[:, name], rtol=1e-9
            )
    assert n_stacked() == 3


def test_a_search_over_the_penalty_in_stacks(n_stacked):
    space = {"n_components": [1, 3], "objective__prior__weight": [0.01, 0.1]}
    search = GridSearchCV(
        composed(penalties=PENALTY, max_epochs=3, random_state=0), space, cv=2
    )
    X = WINDOWS.reshape(80, -1)
    alone = clone(search).fit(X).cv_results_["mean_test_score"]
    with skae.stacked():
        together = search.fit(X).cv_results_["mean_test_score"]
    np.testing.assert_allclose(together, alone, rtol=1e-9)
    assert n_stacked() == 8


def test_the_transformer_trains_alone_in_a_stack(n_stacked):
    model = TransformerAutoencoder(width=8, prior_weight=0.1, max_epochs=2)
    search = GridSearchCV(model.set_params(random_state=0), {"n_components": [1, 2]})
    alone = clone(search).fit(WINDOWS).cv_results_["mean_test_score"]
    with skae.stacked():
        together = search.fit(WINDOWS).cv_results_["mean_test_score"]
    np.testing.assert_array_equal(together, alone)
    assert n_stacked() == 0
