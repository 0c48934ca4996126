"""The watch over a single fit: its time, its memory, and what it costs."""

import gc
import pickle
import threading
from contextlib import contextmanager
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from helpers import models
from sklearn.base import clone
from skorch.callbacks import Callback

from skae import Autoencoder, LSTMAutoencoder
from skae.exceptions import FitLimitError
from skae.networks import ConvolutionalNetwork
from skae.training import _footprint as footprint
from skae.training import _limits as limits
from skae.training._footprint import (
    COPIES_OF_WEIGHTS,
    MemoryGauge,
    bytes_of_activations,
    bytes_of_weights,
)
from skae.training._limits import FitLimits, LimitKeeper, check_size, current_watch

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 6)).astype(np.float32)


dense = partial(models.dense, max_epochs=8, batch_size=16)


@contextmanager
def ended(match, **settings):
    """Expect that limits end the fit inside."""
    limits = FitLimits(**settings)
    with limits.in_force() as watch, pytest.raises(FitLimitError, match=match):
        yield watch


class Clock:
    """A clock that stands still unless it is told otherwise."""

    def __init__(self):
        self.now = 1000.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(limits, "time", clock)
    return clock


class Slow(Callback):
    """Takes ten seconds an epoch, by the clock of the test."""

    clock = None

    def on_epoch_begin(self, net, **kwargs):
        type(self).clock.now += 10


@pytest.fixture
def slow(clock, monkeypatch):
    monkeypatch.setattr(Slow, "clock", clock)
    return dense(callbacks=[Slow()])


# Time


def test_a_fit_ends_in_the_epoch_in_which_its_time_is_over(slow):
    with (
        FitLimits(max_fit_seconds=25).in_force() as watch,
        pytest.raises(FitLimitError) as caught,
    ):
        slow.fit(X)
    assert "in epoch 3 of 8: max_fit_seconds=25" in str(caught.value)
    assert "max_epochs" in str(caught.value)
    assert watch.exceeded == "max_fit_seconds"


def test_a_fit_with_enough_time_is_as_without_a_limit(slow):
    with FitLimits(max_fit_seconds=80, max_fit_memory=1e12).in_force() as watch:
        limited = clone(slow).fit(X)
    assert watch.exceeded is None
    assert current_watch() is None
    np.testing.assert_array_equal(limited.transform(X), slow.fit(X).transform(X))
    pickle.loads(pickle.dumps(limited))


def test_time_that_is_over_before_training_begins(clock):
    with FitLimits(max_fit_seconds=5).in_force():
        clock.now += 6
        with pytest.raises(FitLimitError, match="before its first epoch"):
            dense().fit(X)


def test_the_validation_of_an_epoch_is_watched_too(clock, monkeypatch):
    model = dense(early_stopping=True)
    step = limits.Watch.check

    def check(watch, net):
        clock.now += 10 * (not net.module_.training)
        step(watch, net)

    monkeypatch.setattr(limits.Watch, "check", check)
    with ended(max_fit_seconds=5, match="in epoch 1 of 8"):
        model.fit(X)


def test_waiting_for_others_does_not_count(clock):
    net = SimpleNamespace(history=[], first_epoch_=0, epochs_=1, device="cpu")
    keeper = LimitKeeper()
    limit = FitLimits(max_fit_seconds=60)
    with limit.in_force() as outer, limit.in_force() as watch:
        keeper.initialize()
        clock.now += 100
        keeper.on_train_begin(net, X=X)
        assert (watch.waited, outer.waited) == (100, 100)
        clock.now += 61
        with pytest.raises(FitLimitError):
            watch.check(net)


def test_a_limit_within_a_limit(slow):
    with (
        FitLimits(max_fit_seconds=15).in_force() as outer,
        FitLimits(max_fit_seconds=1000).in_force() as inner,
        pytest.raises(FitLimitError, match="=15"),
    ):
        slow.fit(X)
    assert (outer.exceeded, inner.exceeded) == ("max_fit_seconds", None)


def test_other_threads_are_not_limited():
    found = []
    with FitLimits(max_fit_seconds=1e-9).in_force():
        thread = threading.Thread(target=lambda: found.append(current_watch()))
        thread.start()
        thread.join()
    assert found == [None]


# Memory


def test_a_network_that_is_too_large_is_not_trained(no_growth):
    with ended(max_fit_memory=2**20, match=r"at least .* GB for .* weights") as watch:
        dense(hidden_layer_sizes=(400, 400)).fit(X)
    assert watch.exceeded == "max_fit_memory"
    with FitLimits(max_fit_memory=2**20).in_force():
        dense(hidden_layer_sizes=(4,), max_epochs=1).fit(X)


def test_weights_are_counted_where_they_take_no_memory():
    devices = []

    def build():
        module = torch.nn.Linear(10**6, 10**6)
        devices.append(module.weight.device.type)
        return module

    with ended(max_fit_memory=1e9, match="1,000,001,000,000 weights"):
        check_size(build, torch.float32)
    with FitLimits(max_fit_seconds=1e9).in_force():
        check_size(build, torch.float32)
    assert devices == ["meta"]
    assert torch.empty(1).device.type == "cpu"


def test_what_cannot_be_built_without_values_is_looked_at_later():
    def build():
        return torch.nn.Linear(int(torch.ones(1).item()), 1)

    with FitLimits(max_fit_memory=1).in_force():
        check_size(build, torch.float32)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_bytes_of_weights(dtype):
    module = torch.nn.Linear(3, 5, device="meta")
    assert bytes_of_weights(module, dtype) == COPIES_OF_WEIGHTS * 20 * dtype.itemsize


def test_a_fit_holds_as_many_copies_of_the_weights_as_are_counted():
    sizes = []

    class Census(Callback):
        def on_batch_end(self, net, training, **kwargs):
            if len(net.history) < 2:  # there is but one copy to go back to
                return
            guard = dict(net.callbacks_)["divergence"]
            weights = list(net.module_.parameters())
            held = [*weights, *(weight.grad for weight in weights)]
            for state in net.optimizer_.state.values():
                held += [value for value in state.values() if value.numel() > 1]
            for copy in (guard.candidate_, guard.trusted_):
                held += copy.values()
            held += net.average_.means
            storages = [value.untyped_storage() for value in held]
            storages = {storage.data_ptr(): storage.nbytes() for storage in storages}
            sizes.append(sum(storages.values()))

    model = dense(hidden_layer_sizes=(5,), max_epochs="auto", early_stopping=False)
    net = model.set_params(callbacks=[Census()]).fit(X[:64]).net_
    assert sizes[0] == sizes[-1] == bytes_of_weights(net.module_, torch.float32)


SEQUENCES = RNG.normal(size=(20, 7, 2)).astype(np.float32)
IMAGES = RNG.normal(size=(20, 64)).astype(np.float32)
MODELS = {
    "dense": (dense(max_epochs=1), X),
    "recurrent": (LSTMAutoencoder(2, max_epochs=1, random_state=0), SEQUENCES),
    "convolutional": (
        Autoencoder(
            2,
            network=ConvolutionalNetwork((4, 6), image_shape=(8, 8)),
            max_epochs=1,
            random_state=0,
        ),
        IMAGES,
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_activations_are_those_that_a_batch_leaves(name):
    model, data = MODELS[name]
    model = clone(model).fit(data)
    module = model.net_.module_
    x = torch.from_numpy(model._as_events(data))
    n_rows, one = 16, footprint._bytes_saved(module, x[:1])
    predicted = bytes_of_activations(module, x[:2], n_rows)
    measured = footprint._bytes_saved(module, x[:n_rows]) - one
    assert predicted * (n_rows - 1) / n_rows == pytest.approx(measured, rel=0.05)


def test_activations_leave_the_module_as_it_was():
    with torch.random.fork_rng(devices=[]):
        module = torch.nn.Sequential(torch.nn.Linear(6, 4), torch.nn.BatchNorm1d(4))
    before = {name: value.clone() for name, value in module.state_dict().items()}
    assert bytes_of_activations(module, torch.from_numpy(X[:2]), 10) > 0
    assert module.training
    for name, value in module.state_dict().items():
        assert torch.equal(value, before[name])
    assert all(weight.grad is None for weight in module.parameters())


def test_batches_count_and_so_do_single_rows(no_growth):
    wide = dense(hidden_layer_sizes=(2000,), batch_size=40, linear_path=None)
    with ended(max_fit_memory=1.2e6, match=r"batches of 40 rows \(0.00"):
        wide.fit(X)
    with FitLimits(max_fit_memory=1.2e6).in_force():
        clone(wide).set_params(batch_size=1, max_epochs=1).fit(X[:1])


def test_growth_while_training_ends_a_fit(monkeypatch):
    monkeypatch.setattr(MemoryGauge, "growth", lambda gauge, device: 3.5e9)
    with ended(max_fit_memory=3e9, match=r"3\.5 GB in epoch 1 of 8.*allows 3 GB"):
        dense().fit(X)
    with FitLimits(max_fit_memory=4e9).in_force():
        dense(max_epochs=1).fit(X)


def test_growth_counts_from_where_training_begins(monkeypatch):
    """The first fit in a process makes torch load a lot before it trains."""
    calls = []
    monkeypatch.setattr(
        footprint, "_process_bytes", lambda: calls.append("look") or 5e9 * len(calls)
    )
    with FitLimits(max_fit_memory=1e9).in_force() as watch:
        assert calls == []
        with pytest.raises(FitLimitError, match="had taken 5 GB in epoch 1"):
            dense().fit(X)
    assert watch.exceeded == "max_fit_memory"
    assert len(calls) == 2


def test_memory_is_looked_at_ten_times_a_second(clock, monkeypatch):
    looks = []
    monkeypatch.setattr(MemoryGauge, "growth", lambda *_: looks.append(clock.now))
    module = torch.nn.Linear(2, 2, device="meta")
    net = SimpleNamespace(device="cpu", module_=module, dtype=torch.float32)
    with FitLimits(max_fit_memory=1).in_force() as watch:
        watch.check(net)  # before training nothing is measured
        watch.weigh_from_now(net)
        for _ in range(1000):
            watch.check(net)
            clock.now += 0.001
    assert len(looks) == 10


@pytest.mark.skipif(footprint.sys.platform != "linux", reason="reads /proc")
def test_the_gauge_measures_this_process():
    gc.collect()  # what earlier tests left might be freed, or reused, in between
    gauge, size = MemoryGauge(), 2**28
    block = torch.ones(size, dtype=torch.uint8)
    assert gauge.growth(torch.device("cpu")) > 0.5 * size
    assert gauge.growth(torch.device("mps")) is None
    del block


def test_the_gauge_knows_nothing_of_one_thread_among_others():
    found = []
    gauge = MemoryGauge()
    thread = threading.Thread(
        target=lambda: found.append(gauge.growth(torch.device("cpu")))
    )
    thread.start()
    thread.join()
    assert found == [None]


def test_the_gauge_where_the_system_tells_nothing(monkeypatch):
    monkeypatch.setattr(footprint, "sys", SimpleNamespace(platform="win32"))
    assert MemoryGauge().growth(torch.device("cpu")) is None


def test_the_gauge_of_a_cuda_device(monkeypatch):
    now, peak = [100, 50], [900, 60]
    fakes = {
        "is_initialized": lambda: True,
        "device_count": lambda: 2,
        "current_device": lambda: 1,
        "memory_allocated": lambda index: now[index],
        "max_memory_allocated": lambda index: peak[index],
    }
    for name, fake in fakes.items():
        monkeypatch.setattr(torch.cuda, name, fake)
    gauge = MemoryGauge()
    now[:], peak[:] = [130, 70], [900, 300]
    # an old peak says nothing, a new one does
    assert gauge.growth(torch.device("cuda:0")) == 30
    assert gauge.growth(torch.device("cuda:1")) == 250
    assert gauge.growth(torch.device("cuda")) == 250


# Settings


@pytest.mark.parametrize("name", ["max_fit_seconds", "max_fit_memory"])
@pytest.mark.parametrize("value", [0, -1.0, float("nan")])
def test_a_limit_is_positive(name, value):
    with pytest.raises(ValueError, match=f"{name}=.*positive"):
        FitLimits(**{name: value})


def test_what_a_limit_forbids():
    limits = FitLimits(max_fit_seconds=60)
    assert limits.forbids("max_fit_seconds", 60)
    assert limits.forbids("max_fit_seconds", 61)
    assert not limits.forbids("max_fit_seconds", 59)
    assert not limits.forbids("max_fit_memory", 1e12)


def test_errors_can_be_sent_from_a_worker():
    with FitLimits(max_fit_seconds=60).in_force() as watch:
        sent = pickle.loads(pickle.dumps(watch.error("max_fit_seconds", "Ended")))
    assert isinstance(sent, FitLimitError)
    assert str(sent).startswith("Ended: max_fit_seconds=60")
