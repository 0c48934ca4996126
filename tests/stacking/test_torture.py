"""Hundreds of fits of all kinds, some of which fail, in many threads."""

import random
from contextlib import suppress

import pytest
from helpers.data import low_rank
from joblib import Parallel, delayed, parallel_config
from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from twins import assert_same_histories, assert_same_weights

from skae import VAE, Autoencoder, DenseAutoencoder, LSTMAutoencoder, stacked
from skae.networks import ConvolutionalNetwork

pytestmark = [
    pytest.mark.filterwarnings("ignore::skae.exceptions.CollapseWarning"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]


class Trouble(Exception):
    """What some tasks end with."""


def random_model(rng):
    shared = {
        "n_components": rng.randint(1, 5),
        "max_epochs": rng.randint(1, 6),
        "learning_rate": rng.choice([1e-3, 1e-2, 1e9]),
        "batch_size": rng.choice([8, 16, 200]),
        "random_state": rng.randint(0, 3),
        "early_stopping": rng.random() < 0.3,
        "n_iter_no_change": rng.randint(1, 3),
        "learning_rate_schedule": rng.choice(["one_cycle", "constant", "plateau"]),
    }
    widths = {
        "hidden_layer_sizes": tuple(
            rng.choices(range(1, 12), k=rng.choice([0, 1, 1, 1, 2]))
        ),
        "linear_path": None,
    }
    kind = rng.randrange(10)
    if kind < 6:
        activation = rng.choice(["silu", "relu", "softplus"])
        return DenseAutoencoder(activation=activation, **shared, **widths)
    if kind < 8:
        return VAE(**shared, **widths)
    if kind < 9:
        network = rng.choice(["dense", ConvolutionalNetwork("2-3"), "recurrent"])
        settings = {"objective": "huber", "input_noise": "gaussian"}
        return Autoencoder(network=network, **settings, **shared)
    is_deep = rng.random() < 0.3
    shared["max_epochs"] = 1 + shared["max_epochs"] // 3
    return LSTMAutoencoder(
        hidden_size=rng.randint(1, 5),
        n_layers=1 + is_deep,
        bidirectional=is_deep,
        **shared,
    )


def task(number):
    """Return a fitted model, or a trouble."""
    rng = random.Random(number)
    model, X = random_model(rng), low_rank(rng.randint(5, 60), seed=rng.randrange(5))
    fate = rng.random()
    try:
        if fate < 0.1:
            raise Trouble
        if fate < 0.15:
            model.set_params(n_components=0)
        if fate < 0.25:
            pipeline = make_pipeline(StandardScaler(), model).fit(X)
            return pipeline[-1]
        if fate < 0.3:
            cross_val_score(clone(model), X, cv=2, n_jobs=2)
        return model.fit(X)
    except (Trouble, ValueError) as error:
        return error


def check(numbers, n_jobs):
    with stacked(n_jobs=n_jobs):
        together = Parallel()(delayed(task)(number) for number in numbers)
    for number, ours in zip(numbers, together, strict=True):
        with parallel_config("sequential"):
            theirs = task(number)
        assert type(ours) is type(theirs)
        if not isinstance(theirs, Exception):
            assert_same_weights(ours, theirs, rtol=1e-3)
            assert ours.diverged_ == theirs.diverged_
            if not ours.diverged_:
                assert_same_histories(ours, theirs, rtol=1e-3)


def test_some_fits_of_all_kinds():
    check(range(24), n_jobs=12)


@pytest.mark.slow
def test_many_fits_of_all_kinds():
    check(range(1000, 1500), n_jobs=64)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_an_error_at_any_time_ends_all(seed):
    rng = random.Random(seed)

    unlucky = rng.randrange(20, 60)

    def sometimes(number):
        outcome = task(number + 100 * seed)
        if number == unlucky:
            raise Trouble
        return outcome

    with stacked(n_jobs=rng.choice([2, 8, 32])), suppress(Trouble):
        Parallel()(delayed(sometimes)(number) for number in range(80))
        raise AssertionError("The trouble of a task was lost.")
