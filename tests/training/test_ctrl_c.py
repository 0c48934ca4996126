"""Ctrl-C, at any time, is no callback's wish to stop; and that is no Ctrl-C."""

import _thread
import asyncio
import functools
import gc
import itertools
import os
import random
import signal
import threading
import time
from contextlib import contextmanager, suppress
from types import SimpleNamespace
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from helpers import models
from helpers.callbacks import Silent
from helpers.data import normal
from sklearn.callback import ProgressBar
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import (
    Callback,
    EarlyStopping,
    EpochScoring,
    EpochTimer,
    LRScheduler,
    PrintLog,
    TensorBoard,
)
from skorch.callbacks import Checkpoint as SkorchCheckpoint

from skae import Checkpoint
from skae.search import remember
from skae.stacking.training._member import Member
from skae.training._callbacks import DivergenceGuard, PatientStopping, TaskPerEpoch

pytestmark = pytest.mark.usefixtures("pythons_own_handler")

X = normal(60, 6)


dense = functools.partial(models.watched, hidden_layer_sizes=(8,), max_epochs=6)


def ctrl_c():
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.01)


class Acts(Callback):
    """Do something in one hook, in the third epoch where there are epochs."""

    def __init__(self, hook, act):
        self.hook = hook
        self.act = act

    def _come_to(self, hook, net):
        if hook == self.hook and len(net.history) in (0, 3, net.max_epochs):
            self.act()

    def on_train_begin(self, net, **kwargs):
        self._come_to("on_train_begin", net)

    def on_epoch_begin(self, net, **kwargs):
        self._come_to("on_epoch_begin", net)

    def on_batch_begin(self, net, **kwargs):
        self._come_to("on_batch_begin", net)

    def on_grad_computed(self, net, named_parameters, **kwargs):
        self._come_to("on_grad_computed", net)

    def on_batch_end(self, net, **kwargs):
        self._come_to("on_batch_end", net)

    def on_epoch_end(self, net, **kwargs):
        self._come_to("on_epoch_end", net)

    def on_train_end(self, net, **kwargs):
        self._come_to("on_train_end", net)


HOOKS = [name for name in vars(Acts) if name.startswith("on_")]
STOPPING = [name for name in HOOKS if not name.startswith("on_train")]


# Ctrl-C


@pytest.mark.parametrize("hook", HOOKS)
def test_ctrl_c_in_a_hook_ends_more_than_the_fit(hook):
    with pytest.raises(KeyboardInterrupt):
        dense(Acts(hook, ctrl_c)).fit(X)


def in_asyncio():
    async def send():
        ctrl_c()
        await asyncio.sleep(1)

    asyncio.run(send())


def in_a_try():
    try:
        ctrl_c()
    finally:
        math_goes_on = 1 + 1
        assert math_goes_on


def raised_again():
    try:
        ctrl_c()
    except BaseException:
        raise


def while_stopping():
    try:
        raise KeyboardInterrupt
    finally:
        ctrl_c()


@pytest.mark.parametrize(
    "act",
    [
        in_asyncio,
        in_a_try,
        raised_again,
        while_stopping,
        functools.partial(signal.raise_signal, signal.SIGINT),
        _thread.interrupt_main,
        lambda: next(ctrl_c() for _ in range(1)),
        lambda: sorted([2, 1], key=lambda _: ctrl_c()),
    ],
)
def test_wherever_it_comes(act):
    with pytest.raises(KeyboardInterrupt):
        dense(Acts("on_epoch_end", act)).fit(X)


def raising(number, frame):
    raise KeyboardInterrupt


def raising_of_any(*_):
    raise KeyboardInterrupt


def raising_elsewhere(number, frame):
    raising_of_any()


def raising_once(number, frame):
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    raise KeyboardInterrupt("once more ends it at once")


class Raising:
    def __call__(self, number, frame):
        raise KeyboardInterrupt

    def method(self, number, frame):
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    "handler",
    [
        raising,
        raising_of_any,
        raising_elsewhere,
        raising_once,
        Raising(),
        Raising().method,
        functools.partial(lambda name, *given: raising(*given), "Ctrl-C"),
        lambda *given: (_ for _ in ()).throw(KeyboardInterrupt),
    ],
)
def test_handlers_of_signals_are_no_callbacks(handler):
    signal.signal(signal.SIGINT, handler)
    with pytest.raises(KeyboardInterrupt):
        dense(Acts("on_epoch_end", ctrl_c)).fit(X)


# Callbacks of all kinds


@pytest.fixture
def interrupt_in(monkeypatch):
    """Return a function that lets Ctrl-C come in a kind of callback, once."""

    def interrupt(kind):
        hook = kind.on_epoch_end

        def interrupted(self, net, **kwargs):
            if len(net.history) == 3 and next(times, None) is not None:
                ctrl_c()
            return hook(self, net, **kwargs)

        times = iter(range(1))
        monkeypatch.setattr(kind, "on_epoch_end", interrupted)

    return interrupt


class Writer:
    def add_scalar(self, *args, **kwargs):
        pass

    def close(self):
        pass


def with_files(tmp_path):
    return {
        Checkpoint: lambda: dense(Checkpoint(tmp_path, interval=0)),
        SkorchCheckpoint: lambda: dense(SkorchCheckpoint(dirname=str(tmp_path))),
    }


PLAIN = {
    DivergenceGuard: dense,
    EpochTimer: dense,
    PrintLog: lambda: dense(verbose=True),
    TaskPerEpoch: lambda: dense().set_callbacks(Silent()),
    PatientStopping: lambda: dense(early_stopping=True),
    EarlyStopping: lambda: dense(EarlyStopping()),
    LRScheduler: lambda: dense(LRScheduler("StepLR", step_size=2)),
    EpochScoring: lambda: dense(EpochScoring(lambda *_: 0.0, name="zero")),
    TensorBoard: lambda: dense(TensorBoard(Writer())),
}
KINDS = [*PLAIN, Checkpoint, SkorchCheckpoint]


@pytest.fixture(params=KINDS, ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def interrupted(request, interrupt_in, tmp_path):
    """A function that makes a model; Ctrl-C comes in one of its callbacks, once."""
    interrupt_in(request.param)
    return {**PLAIN, **with_files(tmp_path)}[request.param]


def test_ctrl_c_ends_a_fit(interrupted):
    with pytest.raises(KeyboardInterrupt):
        interrupted().fit(X)


def test_a_store_does_not_keep_what_was_cut(interrupted, tmp_path):
    def search():
        return GridSearchCV(interrupted(), {"learning_rate": [1e-3, 1e-2]}, cv=2)

    store = tmp_path / "scores.db"
    with remember(search(), store) as cut, pytest.raises(KeyboardInterrupt):
        cut.fit(X)
    with remember(search(), store) as resumed:
        resumed.fit(X)
    assert scores_of(resumed) == scores_of(search().fit(X))


def scores_of(search):
    return search.cv_results_["mean_test_score"].tolist()


def test_progress_bars(interrupt_in):
    model = dense()
    for watched in model, GridSearchCV(model, {"n_components": [1, 2]}, cv=2):
        interrupt_in(TaskPerEpoch)
        with pytest.raises(KeyboardInterrupt):
            watched.set_callbacks(ProgressBar()).fit(X)
        model.set_callbacks()


def test_a_checkpoint_outlives_it(tmp_path):
    def model(*others):
        return dense(Checkpoint(tmp_path / "fits", interval=0), *others)

    with pytest.raises(KeyboardInterrupt):
        model(Acts("on_epoch_end", ctrl_c)).fit(X)
    assert list((tmp_path / "fits").iterdir())
    begun = []
    resumed = model(Acts("on_train_begin", lambda: begun.append(1))).fit(X)
    np.testing.assert_array_equal(resumed.transform(X), dense().fit(X).transform(X))


@pytest.mark.parametrize("kind", [PatientStopping, EarlyStopping])
def test_early_stopping_in_a_stack(kind):
    def member(on_epoch_end):
        member = Member.__new__(Member)
        member.rows = member.rows_val = member.error = None
        member.net = SimpleNamespace()
        member.watchers = [Mock(kind, **on_epoch_end)]
        return member

    def wants_to_stop(act):
        return member({"on_epoch_end.side_effect": act}).wants_to_stop(None)

    with pytest.raises(KeyboardInterrupt):
        wants_to_stop(lambda *_, **__: ctrl_c())
    assert wants_to_stop(KeyboardInterrupt)
    assert not wants_to_stop(None)


def test_lines_are_those_of_skorch(capsys):
    model = dense(max_epochs=1, verbose=True, early_stopping=True).fit(X)
    expected = PrintLog().initialize().table(model.history_[0])
    assert capsys.readouterr().out.rstrip() == expected


def test_gradients_are_on_after_it():
    def in_no_grad():
        torch.set_grad_enabled(False)  # as where torch has not yet put it back
        ctrl_c()

    with pytest.raises(KeyboardInterrupt):
        dense(Acts("on_epoch_end", in_no_grad)).fit(X)
    assert torch.is_grad_enabled()


# Callbacks that stop


def stop():
    raise KeyboardInterrupt


def stop_for_another_reason():
    try:
        [][0]
    except IndexError as error:
        raise KeyboardInterrupt from error


def stop_after_all():
    with suppress(KeyboardInterrupt):
        ctrl_c()
    raise KeyboardInterrupt


def stop_in_a_thread():
    thread = threading.Thread(target=time.sleep, args=(0,))
    thread.start()
    thread.join()
    stop()


def stop_in_a_generator():
    with closing_generator() as goes_on:
        assert goes_on
        stop()


@contextmanager
def closing_generator():
    try:
        yield True
    finally:
        time.sleep(0)


class Ended(KeyboardInterrupt):
    def __init__(self, reason):
        super().__init__(reason)


def stop_by_a_class():
    raise Ended("enough")


@pytest.mark.parametrize(
    "act",
    [
        stop,
        stop_for_another_reason,
        stop_after_all,
        stop_in_a_thread,
        stop_in_a_generator,
        stop_by_a_class,
        Mock(side_effect=KeyboardInterrupt),
        lambda: [stop() for _ in range(1)],
    ],
)
def test_callbacks_stop_by_raising(act):
    assert dense(Acts("on_epoch_end", act)).fit(X).n_iter_ == 3


@pytest.mark.parametrize("hook", STOPPING)
def test_all_hooks_within_training_may_stop(hook):
    assert dense(Acts(hook, stop)).fit(X).n_iter_ == 3


@pytest.mark.parametrize("hook", ["on_train_begin", "on_train_end"])
def test_there_is_nothing_to_stop_around_training(hook):
    with pytest.raises(KeyboardInterrupt):
        dense(Acts(hook, stop)).fit(X)


def test_scoring_functions_may_stop():
    def score(net, *_):
        return stop() if len(net.history) == 3 else 0.0

    assert dense(EpochScoring(score, name="score", on_train=True)).fit(X).n_iter_ == 3


def test_a_fit_may_stop_while_a_ctrl_c_is_handled():
    try:
        ctrl_c()
    except KeyboardInterrupt:
        assert dense(Acts("on_epoch_end", stop)).fit(X).n_iter_ == 3


def test_early_stopping_goes_on_working(capsys):
    stopping = EarlyStopping("train_loss", patience=2, threshold=0.9, load_best=True)
    model = dense(stopping, max_epochs=50, verbose=True).fit(X)
    assert model.n_iter_ < 50
    assert "Stopping since train_loss" in capsys.readouterr().out


# At random times


class Alarm(Callback):
    """A Ctrl-C at a random time from the beginning of a fit, as often as is asked."""

    numbers = random.Random(0)
    longest = 0.03
    n_left = 0

    def on_train_begin(self, net, **kwargs):
        if Alarm.n_left > 0:
            Alarm.n_left -= 1
            seconds = Alarm.numbers.uniform(1e-4, self.longest)
            signal.setitimer(signal.ITIMER_REAL, seconds)


@pytest.fixture
def alarms():
    """Return a function that sets how many alarms are left.

    There is no collection of garbage meanwhile: what is raised in its callbacks, such
    as hypothesis's, Python loses.
    """
    before = signal.signal(signal.SIGALRM, raising_of_any)
    gc.disable()
    yield functools.partial(setattr, Alarm, "n_left")
    gc.enable()
    Alarm.n_left = 0
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def test_forty_at_random_times(alarms):
    dense().fit(X)  # what torch imports with the first fit is not to be cut
    for _ in range(40):
        alarms(1)
        with pytest.raises(KeyboardInterrupt):
            dense(Alarm(), max_epochs=10_000, verbose=True).fit(X)


def test_ten_in_a_search_with_a_store(alarms, tmp_path):
    """Some come after a fit, to the store or to scikit-learn; three share a store."""

    def search():
        model = dense(Alarm(), max_epochs=20, verbose=True)
        return GridSearchCV(model, {"n_components": [1, 2, 3]}, cv=2, refit=False)

    def is_interrupted(store):
        alarms(1)
        try:
            try:
                with remember(search(), store) as cut:
                    cut.fit(X)
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        except KeyboardInterrupt:
            return True
        return False

    expected = scores_of(search().fit(X))
    stores = (tmp_path / f"{n // 3}.db" for n in itertools.count())
    n_interrupted = 0
    while n_interrupted < 10:
        n_interrupted += is_interrupted(next(stores))
    alarms(0)
    for store in tmp_path.glob("*.db"):
        with remember(search(), store) as found:
            assert scores_of(found.fit(X)) == expected
