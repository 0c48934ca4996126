"""What every autoencoder and every part promises, over the one list of instances."""

import pickle

import numpy as np
import pytest
import torch
from helpers.data import low_rank
from instances import (
    AUTOENCODERS,
    BOTTLENECKS,
    DETERMINISTIC,
    NETWORKS,
    NOISES,
    PENALTIES,
    RECONSTRUCTIONS,
    RULES,
    SAMPLERS,
    SCHEDULES,
    STRATEGIES,
    name_of,
)
from sklearn.base import clone
from sklearn.utils import estimator_checks

from skae import get_scorer, get_scorer_names
from skae.testing import parametrize_with_checks

PARTS = [
    *NETWORKS,
    *BOTTLENECKS,
    *NOISES,
    *RECONSTRUCTIONS,
    *PENALTIES,
    *SCHEDULES,
    *SAMPLERS,
    *RULES,
    *STRATEGIES,
    *map(get_scorer, get_scorer_names()),
]


# Second settings of a class: scikit-learn's contract hardly sees the difference.
VARIANTS = [AUTOENCODERS[i] for i in (2, 4, 6, 9)]
OTHERS = [autoencoder for autoencoder in AUTOENCODERS if autoencoder not in VARIANTS]


@pytest.mark.usefixtures("numpy_state_restored")
@pytest.mark.filterwarnings("ignore::skae.exceptions.CollapseWarning")
@pytest.mark.filterwarnings("ignore:The fit ended worse than the mean")
@pytest.mark.filterwarnings("ignore:n_components=3 is above the number of features")
@estimator_checks.parametrize_with_checks(OTHERS)
def test_scikit_learn_contract(estimator, check):
    check(estimator)


@pytest.mark.slow
@pytest.mark.usefixtures("numpy_state_restored")
@pytest.mark.filterwarnings("ignore::skae.exceptions.CollapseWarning")
@pytest.mark.filterwarnings("ignore:The fit ended worse than the mean")
@pytest.mark.filterwarnings("ignore:n_components=3 is above the number of features")
@estimator_checks.parametrize_with_checks(VARIANTS)
def test_scikit_learn_contract_of_variants(estimator, check):
    check(estimator)


@parametrize_with_checks(AUTOENCODERS)
def test_autoencoders(instance, check):
    check(instance)


@parametrize_with_checks(PARTS)
def test_parts(instance, check):
    check(instance)


@pytest.mark.parametrize("schedule", SCHEDULES, ids=name_of)
def test_schedules_rise_from_zero_to_the_final_weight(schedule):
    weights = [schedule(epoch) for epoch in range(12)]
    assert weights[0] == 0.0
    assert max(weights) == schedule.final
    assert all(0 <= weight <= schedule.final for weight in weights)


# On a GPU


def fitted(autoencoder, X, **params):
    return clone(autoencoder).set_params(random_state=0, **params).fit(X)


@pytest.mark.gpu
@pytest.mark.parametrize("autoencoder", DETERMINISTIC, ids=name_of)
def test_the_gpu_gives_what_the_cpu_gives(autoencoder):
    X = low_rank(50)
    on_gpu = fitted(autoencoder, X, device="cuda")
    on_cpu = fitted(autoencoder, X, device="cpu")
    np.testing.assert_allclose(on_gpu.transform(X), on_cpu.transform(X), atol=1e-6)


@pytest.mark.gpu
@pytest.mark.filterwarnings("ignore::skae.exceptions.CollapseWarning")
@pytest.mark.parametrize("autoencoder", AUTOENCODERS, ids=name_of)
def test_a_pickle_from_the_gpu_opens_on_the_cpu(autoencoder, monkeypatch):
    X = low_rank(50)
    model = fitted(autoencoder, X, device="cuda")
    expected = model.transform(X)
    pickled = pickle.dumps(model)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.warns(Warning, match="CUDA"):
        copy = pickle.loads(pickled)
    assert next(copy.net_.module_.parameters()).device.type == "cpu"
    np.testing.assert_allclose(copy.transform(X), expected, atol=1e-6)
