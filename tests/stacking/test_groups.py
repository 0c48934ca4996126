"""What may train in one stack, and how stacks are cut."""

from functools import partial
from itertools import chain

import numpy as np
import pytest
import torch
from helpers import models
from helpers.data import low_rank
from sklearn.base import clone
from skorch.callbacks import Callback
from twins import assert_stacked_like_alone, assert_twins

from skae import VAE, Autoencoder, DenseAutoencoder, fit_stack
from skae.bottlenecks import PointBottleneck
from skae.noise import GaussianNoise
from skae.objectives import KLDivergence, Objective
from skae.stacking.meeting._groups import bytes_of, stacks_of
from skae.stacking.training import _pool
from skae.stacking.training._member import Member
from skae.stacking.training._pool import Pool
from skae.training._sources import ArraySource, Rows

BASE = {"linear_path": None, "max_epochs": 2, "batch_size": 16, "random_state": 0}


dense = partial(models.dense, hidden_layer_sizes=(6,), **BASE)


composed = partial(Autoencoder, max_epochs=2, batch_size=16, random_state=0)


def kl(**params):
    return Objective(penalties=[("kl", KLDivergence(**params))])


class Nothing(Callback):
    """A callback that does nothing."""


TOGETHER = [
    (dense(), dense(n_components=5)),
    (dense(), dense(hidden_layer_sizes="9")),
    (dense(), dense(learning_rate=0.1, learning_rate_schedule="cosine")),
    (dense(), dense(weight_decay=0.5, max_grad_norm=1.0)),
    (dense(), dense(random_state=7, max_epochs=4)),
    (VAE(beta=0.1, **BASE), VAE(beta=0.2, **BASE)),
    (dense(hidden_layer_sizes="6-5"), dense(hidden_layer_sizes=2)),
]
APART = [
    (dense(), dense(hidden_layer_sizes=(6, 6))),
    (dense(), dense(activation="tanh")),
    (dense(), dense(output_activation="tanh")),
    (dense(), dense(code_activation="tanh")),
    (dense(), dense(linear_path="pca")),
    (dense(), dense(batch_size=8)),
    (dense(), dense(optimizer="sgd")),
    (dense(), dense(early_stopping=True)),
    (dense(), VAE(**BASE, hidden_layer_sizes=(6,))),
    (composed(), composed(objective="huber")),
    (composed(), composed(input_noise="gaussian")),
    (
        composed(input_noise=GaussianNoise(0.1)),
        composed(input_noise=GaussianNoise(0.2)),
    ),
    (composed(), composed(bottleneck=PointBottleneck(noise="snr"))),
    (
        composed(bottleneck="gaussian", objective=kl(capacity=1.0)),
        composed(bottleneck="gaussian", objective=kl(capacity=2.0)),
    ),
    (dense(callbacks=[Nothing()]), dense(callbacks=[Nothing()])),
    (dense(learning_rate_schedule="plateau"), dense(learning_rate_schedule="plateau")),
    (dense(mixed_precision=True), dense(mixed_precision=True)),
    (dense(optimizer=torch.optim.Adagrad), dense(optimizer=torch.optim.Adagrad)),
]

pytestmark = [
    pytest.mark.filterwarnings("ignore::skae.exceptions.OutOfRangeWarning"),
    pytest.mark.filterwarnings("ignore::skae.exceptions.CollapseWarning"),
]


@pytest.mark.parametrize("pair", TOGETHER, ids=range(len(TOGETHER)))
def test_those_alike_train_together(pair, groups):
    assert_stacked_like_alone(pair, [low_rank()] * 2, rtol=1e-6)
    assert groups() == ([[2]], [0])


@pytest.mark.parametrize("pair", APART, ids=range(len(APART)))
def test_others_train_apart(pair, groups):
    fit_stack([*map(clone, pair)], [low_rank()] * 2)
    assert not any(groups()[0])


def test_dtypes_train_apart(groups):
    fit_stack([dense(), dense()], [low_rank(), low_rank().astype(np.float32)])
    assert groups() == ([[]], [2])


def test_members_do_not_touch_each_other():
    # Huge data, of another number of rows, and steps that end in NaN.
    models = [dense(), dense(learning_rate=1e30), dense(n_components=3)]
    Xs = [low_rank(21), low_rank(35), 1e150 * low_rank(40)]
    with pytest.warns(match="diverged"):
        alone = [clone(m).fit(X) for m, X in zip(models, Xs, strict=True)]
    with pytest.warns(match="diverged"):
        together = fit_stack(models, Xs)
    assert_twins(together[0], alone[0], rtol=1e-6)
    assert [m.diverged_ for m in together] == [m.diverged_ for m in alone]


# How stacks are cut


def members(widths, n_rows=50, **params):
    rows = Rows(ArraySource(low_rank(n_rows)))
    made = []
    for width in widths:
        model = dense(hidden_layer_sizes=(width,), **params).partial_fit(low_rank())
        made.append(Member(model.net_, rows, None, epochs=2))
    return made


def cut(made, max_members=32, memory=2**30, n_workers=1):
    stacks = stacks_of(
        made, max_members=max_members, memory=memory, n_workers=n_workers
    )
    assert sorted(map(id, chain(*stacks))) == sorted(map(id, made))
    return [len(stack) for stack in stacks]


def test_stacks_are_cut_evenly():
    made = members([4] * 10)
    assert cut(made) == [10]
    assert cut(made, max_members=9) == [5, 5]
    assert cut(made, max_members=4) == [3, 4, 3]


def test_every_core_has_its_stacks():
    made = members([4] * 40)
    assert cut(made, max_members=40, n_workers=2) == [20, 20]
    assert cut(members([4] * 70), max_members=30, n_workers=2) == [18, 17, 17, 18]
    assert cut(made[:20], n_workers=2) == [20]


def test_networks_of_very_different_sizes_train_apart():
    made = members([4, 900, 5, 1000, 6])
    assert cut(made) == [3, 2]


def test_memory_bounds_a_stack():
    made = members([200] * 6)
    assert cut(made, memory=3 * bytes_of(made[0])) == [3, 3]
    assert cut(made, memory=1) == [1] * 6


def test_members_of_the_same_settings_are_in_a_row():
    made = members([4, 5]) + members([4, 5], learning_rate=0.1) + members([6])
    (stack,) = stacks_of(made, max_members=9, memory=2**30, n_workers=1)
    rates = [member.net.lr for member in stack]
    assert rates in ([1e-3] * 3 + [0.1] * 2, [0.1] * 2 + [1e-3] * 3)


# Data


def test_equal_arrays_are_held_once():
    a, b = low_rank(5, seed=0), low_rank(7, seed=1)
    pool = Pool([a, b, a.copy(), b], torch.float64, torch.device("cpu"))
    assert pool.starts == [0, 5, 0, 5]
    expected = torch.from_numpy(np.concatenate([a, b]))
    assert len(set(map(id, pool.tables))) == 1
    assert torch.equal(pool.tables[0], expected)


def test_large_arrays_are_held_as_they_are(monkeypatch):
    monkeypatch.setattr(_pool, "JOINED_BYTES", 100)
    a, b = low_rank(5, seed=0), low_rank(7, seed=1)
    pool = Pool([a, b, a.copy()], torch.float64, torch.device("cpu"))
    assert pool.starts == [0, 0, 0]
    held = [table.data_ptr() for table in pool.tables]
    assert held == [torch.from_numpy(x).data_ptr() for x in (a, b, a)]


def test_sequences_are_rows_and_what_is_missing_equals_itself():
    a = low_rank(6).reshape(6, 3, 2)
    a[1:3, 2] = np.nan
    b = np.where(np.isnan(a), 0, a)
    pool = Pool([a, a.copy(), b], torch.float64, torch.device("cpu"))
    assert pool.starts == [0, 0, 6]
    expected = torch.from_numpy(np.concatenate([a, b]).reshape(12, 6))
    assert_close = torch.testing.assert_close
    assert_close(pool.tables[0], expected, rtol=0, atol=0, equal_nan=True)


def test_one_array_is_not_copied():
    a = low_rank(5)
    pool = Pool([a, a], torch.float64, torch.device("cpu"))
    assert pool.tables[0].data_ptr() == torch.from_numpy(a).data_ptr()


def test_members_take_the_same_rows_of_their_own_arrays(monkeypatch):
    def fitted():
        settings = {"early_stopping": True, "random_state": 0, "batch_size": 7}
        models = [
            DenseAutoencoder(2, max_epochs=epochs, **settings) for epochs in (1, 3, 2)
        ]
        fit_stack(
            models, [low_rank(40, seed=0), low_rank(42, seed=1), low_rank(40, seed=0)]
        )
        return [model.net_.module_.state_dict() for model in models]

    joined = fitted()
    monkeypatch.setattr(_pool, "JOINED_BYTES", 0)
    for ours, theirs in zip(fitted(), joined, strict=True):
        assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
