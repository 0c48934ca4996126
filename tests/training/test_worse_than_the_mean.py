"""Fits that end worse than the mean of the data would do."""

import warnings
from functools import partial

import numpy as np
import pytest
from helpers import models
from helpers.data import normal, wine
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_digits, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import Callback

from skae import VAE, DenseAutoencoder, LSTMAutoencoder, fit_stack
from skae.exceptions import CollapseWarning
from skae.metrics import variance_explained
from skae.training._sources import ArraySource, Rows
from skae.training._spread import error_beside_the_mean, spread_of

pytestmark = pytest.mark.filterwarnings("ignore::skae.exceptions.ScaleWarning")


def times(n_features=6, *, n_samples=200, seed=0):
    """Return rows whose first feature is in seconds since 1970."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples, n_features))
    X[:, 0] = 1.7e9 + rng.uniform(0, 3e7, size=n_samples)
    return X


def offset(n_features=4, *, seed=0):
    """Return rows far from zero, beside their variance."""
    X = normal(100, n_features, seed=seed)
    return X + 300


dense = partial(models.dense, hidden_layer_sizes=(8,), max_epochs=15)


@pytest.mark.parametrize("estimator", [DenseAutoencoder, VAE])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("order", ["as they come", "sorted"])
def test_times_are_reconstructed(estimator, dtype, order):
    X = times().astype(dtype)
    X = np.sort(X, axis=0) if order == "sorted" else X
    model = estimator(2, max_epochs=20, random_state=0).fit(X)
    assert not model.diverged_
    assert model.score(X) > 0.9


def test_times_without_a_linear_path_are_said_to_diverge():
    model = DenseAutoencoder(2, linear_path=None, max_epochs=20, random_state=0)
    with pytest.warns(ConvergenceWarning, match="diverged|worse than the mean"):
        model.fit(times())


SLOW = {"linear_path": None, "learning_rate": 1e-6, "learning_rate_schedule": "cosine"}


def test_what_has_not_come_to_the_mean_is_said():
    X = offset()
    with pytest.warns(ConvergenceWarning, match="worse than the mean.*StandardScaler"):
        model = dense(**SLOW).fit(X)
    assert not model.diverged_
    assert model.score(X) < -10


def test_the_warning_tells_the_explained_variance_and_points_at_the_call():
    X = offset()
    with pytest.warns(ConvergenceWarning, match="worse") as seen:
        model = dense(**SLOW).fit(X)
    found = float(str(seen[0].message).partition("variance of ")[2].partition(")")[0])
    assert found == pytest.approx(model.score(X), rel=1e-2)
    assert seen[0].filename == __file__


def test_a_variational_one_is_judged_by_its_reconstruction():
    """A divergence that weighs much makes the loss large, and no more than that."""
    X = wine()
    VAE(2, beta=1e-3, max_epochs=15, random_state=0).fit(X)
    with (
        pytest.warns(CollapseWarning),
        pytest.warns(ConvergenceWarning, match="worse than the mean"),
    ):
        VAE(2, **SLOW, beta=1e-3, max_epochs=15, random_state=0).fit(offset())


@pytest.mark.parametrize("load", [load_iris, load_digits, load_diabetes])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_data_as_they_are_need_no_warning(load, dtype):
    X = load().data[:500].astype(dtype)
    dense().fit(X)
    dense().fit(StandardScaler().fit_transform(X))


def test_few_epochs_tell_nothing():
    model = dense(linear_path=None, max_epochs=2).fit(offset())
    assert model.score(offset()) < -1


class Ended(Callback):
    """End the fit before its first epoch, or in the midst of one."""

    def __init__(self, at):
        self.at = at

    def on_epoch_begin(self, net, **kwargs):
        self._end(net, "beginning")

    def on_batch_end(self, net, **kwargs):
        self._end(net, "midst")

    def _end(self, net, at):
        if at == self.at and len(net.history) == 12:
            raise KeyboardInterrupt  # which is how skorch's callbacks end a fit


@pytest.mark.parametrize("at", ["beginning", "midst"])
def test_fits_that_a_callback_ends_are_judged_as_they_are(at):
    X = wine()
    dense(callbacks=[Ended(at)]).fit(X)
    with pytest.warns(ConvergenceWarning, match="worse than the mean"):
        dense(**SLOW, callbacks=[Ended(at)]).fit(offset())


@pytest.mark.parametrize("value", [0.0, 1.0, 1e9])
def test_constant_data_leave_nothing_to_explain(value):
    dense(max_epochs=20, linear_path="pca").fit(np.full((30, 3), value))


class Wreck(Callback):
    """Spoil the weights in the last epoch, though not without bounds."""

    def on_epoch_begin(self, net, **kwargs):
        if len(net.history) == net.epochs_:
            net.module_.decoder.output.weight.data.mul_(50)


@pytest.mark.parametrize("early_stopping", [True, False])
def test_early_stopping_goes_back_to_weights_that_are_fine(early_stopping):
    X = wine()
    model = dense(early_stopping=early_stopping, n_iter_no_change=50)
    model.set_params(callbacks=[Wreck()], learning_rate=1e-4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X)
    assert model.diverged_ is not early_stopping
    assert model.score(X) > 0.4


def test_it_is_said_of_members_of_a_stack_as_alone():
    models = [dense(**SLOW).set_params(n_components=k) for k in (1, 2, 3)]
    X = offset()
    messages = []
    for fit in (lambda: [clone(m).fit(X) for m in models], lambda: stack_of(models, X)):
        with pytest.warns(ConvergenceWarning, match="worse than the mean") as seen:
            fit()
        messages.append(sorted(_rounded(w.message) for w in seen))
    assert messages[0] == messages[1]
    assert len(messages[0]) == 3


def stack_of(models, X):
    return fit_stack([clone(m) for m in models], [X] * len(models))


def _rounded(message):
    return str(message)[:60]


def test_members_that_fail_go_back_as_alone():
    X = times()
    plain = dense(hidden_layer_sizes=(6,), learning_rate=1e3, optimizer="sgd")
    models = [clone(plain).set_params(n_components=k) for k in (1, 2)]
    with pytest.warns(ConvergenceWarning, match="diverged"):
        alone = [clone(model).fit(X) for model in models]
    with pytest.warns(ConvergenceWarning, match="diverged"):
        together = stack_of(models, X)
    for ours, theirs in zip(together, alone, strict=True):
        assert ours.diverged_
        assert theirs.diverged_
        assert ours.score(X) == pytest.approx(theirs.score(X))


def test_a_search_says_it_once_and_of_the_best_again():
    X = offset(7)
    grid = {"n_components": [1, 2, 3]}
    search = GridSearchCV(dense(**SLOW), grid, cv=3)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("default")
        search.fit(X)
    assert len([w for w in seen if "worse than the mean" in str(w.message)]) == 2


def test_repeated_fits_of_one_user_are_each_told():
    with pytest.warns(ConvergenceWarning, match="worse than the mean"):
        dense(**SLOW).fit(offset())
    with pytest.warns(ConvergenceWarning, match="worse than the mean"):
        dense(**SLOW).fit(offset())


def test_weighted_rows_that_count_are_looked_at():
    X = offset()
    weight = np.r_[np.ones(60), np.zeros(40)]
    X[60:] = 1e6
    with pytest.warns(ConvergenceWarning, match="worse") as seen:
        model = dense(**SLOW).fit(X, sample_weight=weight)
    share = variance_explained(X[:60], model.reconstruct(X[:60]))
    assert f"{1 - share:.3g} times" in str(seen[0].message)


# What a reconstruction is compared with


def rows_of(X, **params):
    params = {"reconstruction": "squared_error", **params}
    net = VAE(1, random_state=0, **params).partial_fit(X).net_
    return net, Rows(ArraySource(X))


def test_under_squared_error_it_is_the_variance():
    X = normal(90, 4) * [1, 2, 3, 4] + 7
    assert spread_of(*rows_of(X)) == pytest.approx(X.var(axis=0).mean())


def test_other_terms_have_their_own_terms():
    X = normal(90, 4) + 7
    found = spread_of(*rows_of(X, reconstruction="absolute_error"))
    assert found == pytest.approx(np.abs(X - X.mean(axis=0)).mean())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_that_differ_by_rounding_are_compared_with_zero(dtype):
    X = np.full((30, 3), 1e6, dtype=dtype)
    X[::2] *= 1 + np.finfo(dtype).eps
    assert spread_of(*rows_of(X)) == pytest.approx(1e12, rel=1e-3)


def test_weights_and_sorted_rows():
    X = np.sort(normal(5000, 2), axis=0)
    net, rows = rows_of(X)
    assert spread_of(net, rows) == pytest.approx(1, rel=0.1)
    weight = (np.arange(5000) < 2500).astype(float)
    weighted = Rows(rows.source, ArraySource(weight))
    assert spread_of(net, weighted) == pytest.approx(X[:2500].var(0).mean(), rel=0.05)


def test_sequences_of_unequal_length():
    X = normal(40, 6, 2) + 5
    X[::2, 4:] = np.nan
    model = LSTMAutoencoder(1, hidden_size=3, random_state=0).partial_fit(X)
    rows = Rows(ArraySource(X, has_missing=True))
    scatter = np.nansum((X - np.nanmean(X, axis=0)) ** 2)
    spread = spread_of(model.net_, rows)
    assert spread == pytest.approx(scatter / np.isfinite(X).sum())
    error = 1 - model.score(X)
    assert error_beside_the_mean(model.net_, rows) == pytest.approx(error, rel=1e-4)
