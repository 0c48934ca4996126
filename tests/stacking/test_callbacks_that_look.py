"""Callbacks that look at epochs see in stacks what they see of lone fits."""

import numpy as np
import pytest
from helpers.data import low_rank
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Callback, PrintLog
from twins import assert_twins, dense

from skae import fit_stack, stacked
from skae.stacking.training._stack import Stack


class Looker(Callback):
    """Notes what it is told, and what the net is at that time."""

    follows_epochs = True

    def __init__(self, seen):
        self.seen = seen

    def note(self, hook, net, **told):
        weights = [value.clone() for value in net.module_.state_dict().values()]
        rows = [None if row is None else len(row) for row in told.values()]
        self.seen.append((hook, list(map(dict, net.history)), weights, [*told], rows))

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        self.note("train begins", net, X=X, y=y)

    def on_epoch_begin(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        self.note("epoch begins", net, train=dataset_train, valid=dataset_valid)

    def on_epoch_end(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        self.note("epoch ends", net, train=dataset_train, valid=dataset_valid)

    def on_train_end(self, net, X=None, y=None, **kwargs):
        self.note("train ends", net, X=X, y=y)


def assert_same_views(ours, theirs):
    assert [view[0] for view in ours] == [view[0] for view in theirs]
    for (_, rows, weights, *told), (_, of_alone, expected, *known) in zip(
        ours, theirs, strict=True
    ):
        assert told == known
        for row, other in zip(rows, of_alone, strict=True):
            assert list(row) == list(other)
            for name in row.keys() - {"dur"}:
                np.testing.assert_allclose(row[name], other[name], 1e-6, 1e-9)
        for value, other in zip(weights, expected, strict=True):
            np.testing.assert_allclose(value, other, rtol=1e-6, atol=1e-8)


def fits(make, params):
    """Return models with a callback each, of which `make` returns one."""
    return [dense(callbacks=[make()], random_state=i, **params) for i in range(3)]


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"early_stopping": True, "n_iter_no_change": 1, "max_epochs": 30, "tol": 0.1},
        {"learning_rate": 1e9, "learning_rate_schedule": "constant"},
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_they_see_what_they_see_alone(params, groups):
    Xs, seen, alone = [low_rank(n) for n in (61, 60, 62)], [], []
    models = fits(lambda: Looker(seen.append([]) or seen[-1]), params)
    fit_stack(models, Xs)
    models = fits(lambda: Looker(alone.append([]) or alone[-1]), params)
    for model, X in zip(models, Xs, strict=True):
        model.fit(X)
    assert seen[0][1][0] == "epoch begins"
    for ours, theirs in zip(seen, alone, strict=True):
        assert_same_views(ours, theirs)
    assert groups() == ([[3]], [0])


class Silent(Callback):
    """Looks, without saying so."""

    def on_epoch_end(self, net, **kwargs):
        self.n_epochs = len(net.history)


class Inherited(Looker):
    """Does something of its own, without saying that it looks only."""

    def on_epoch_end(self, net, **kwargs):
        net.set_learning_rate(0.5)


class OfBatches(Looker):
    follows_epochs = True

    def on_batch_end(self, net, **kwargs):
        self.seen.append("a batch")


@pytest.mark.parametrize(
    "make", [Silent, lambda: Inherited([]), lambda: OfBatches([])], ids="sib"
)
def test_others_train_alone(make, groups):
    model = dense(callbacks=[make()])
    fitted = fit_stack([clone(model), clone(model)], [low_rank(60)] * 2)
    assert_twins(fitted[1], model.fit(low_rank(60)), rtol=0)
    assert groups() == ([], [])


def test_skorchs_log_prints_every_epoch_of_every_fit(groups):
    lines = []
    models = fits(lambda: PrintLog(sink=lines.append), {})
    fit_stack(models, [low_rank(60)] * 3)
    assert sum("0." in line for line in lines) == 9
    assert groups() == ([[3]], [0])


class Interrupting(Callback):
    follows_epochs = True

    def __init__(self, epoch, error=KeyboardInterrupt):
        self.epoch = epoch
        self.error = error

    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == self.epoch:
            raise self.error("enough")


def test_they_may_end_their_fit(groups):
    models = [dense(callbacks=[Interrupting(i)], max_epochs=4) for i in (1, 3, 9)]
    Xs = [low_rank(60)] * 3
    fitted = fit_stack(map(clone, models), Xs)
    for ours, model, X in zip(fitted, models, Xs, strict=True):
        assert_twins(ours, model.fit(X), rtol=1e-6)
    assert [model.n_iter_ for model in fitted] == [1, 3, 4]
    assert groups() == ([[3]], [0])


def test_an_error_ends_the_fit_whose_callback_raises_it(groups):
    def outcome(epoch):
        model = dense(callbacks=[Interrupting(epoch, ValueError)])
        try:
            return model.fit(low_rank(60))
        except ValueError as error:
            return str(error)

    with stacked():
        fitted = Parallel()(delayed(outcome)(epoch) for epoch in (2, 9, 9))
    assert fitted[0] == "enough"
    for model in fitted[1:]:
        assert_twins(model, dense().fit(low_rank(60)), rtol=1e-6)
    assert groups() == ([[3]], [0])


# scikit-learn's, which follow the fits of a search


class Scores:
    """Notes the scores of all epochs of all fits."""

    max_propagation_depth = None

    def __init__(self):
        self.seen = []

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, X, fitted_estimator):
        if context.task_name == "epoch":
            score = fitted_estimator.score(X)
            self.seen.append((estimator.n_components, context.task_id, score))


def assert_scores_of_epochs_are_as_alone():
    grid, both = {"n_components": [1, 2, 3]}, (Scores(), Scores())
    alone, search = (
        GridSearchCV(dense(), grid, cv=2, refit=False).set_callbacks(scores)
        for scores in both
    )
    alone.fit(low_rank(60))
    with stacked():
        search.fit(low_rank(60))
    theirs, ours = (np.array(sorted(scores.seen)) for scores in both)
    assert theirs.shape == (3 * 2 * 3, 3)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_scores_of_epochs_in_a_search(groups):
    assert_scores_of_epochs_are_as_alone()
    assert groups() == ([[6]], [0])


def test_epochs_are_told_once_where_a_stack_fails(monkeypatch, stacks_may_fail):
    def fail(stack, leaving, diverged):
        raise RuntimeError("no end today")

    monkeypatch.setattr(Stack, "_part", fail)
    assert_scores_of_epochs_are_as_alone()
