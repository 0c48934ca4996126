"""Checks of autoencoders beyond scikit-learn's own contract."""

import warnings
from contextlib import contextmanager
from functools import partial
from unittest import SkipTest
from weakref import WeakKeyDictionary

import numpy as np
import torch
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from skae.exceptions import CollapseWarning, DimensionWarning
from skae.testing._promise import (
    promise,
    refused,
    require,
    same,
    untouched_randomness,
)
from skae.testing._tensors import pickled

__all__ = ["autoencoder_checks"]

ROUNDING = 1e-12


def _data(n_samples=50, n_features=6, dtype=np.float64):
    rng = np.random.default_rng(0)
    factors = rng.normal(size=(n_samples, 2))
    X = factors @ rng.normal(size=(2, n_features))
    return (X + 0.1 * rng.normal(size=X.shape)).astype(dtype)


def _fitted(autoencoder, X, **params):
    """Fit a copy, and say nothing of what comes of few epochs or few columns."""
    model = clone(autoencoder).set_params(**{"random_state": 0, **params})
    with _few_epochs():
        return model.fit(X)


@contextmanager
def _few_epochs():
    with warnings.catch_warnings():
        for category in (CollapseWarning, ConvergenceWarning, DimensionWarning):
            warnings.simplefilter("ignore", category)
        yield


_FITTED = WeakKeyDictionary()


def _looked_at(autoencoder):
    """Return a fitted model, shared by the checks that do not change it."""
    params = autoencoder.get_params()
    known, model = _FITTED.get(autoencoder, ({}, None))
    if [*map(id, known.values())] != [*map(id, params.values())]:
        model = _fitted(autoencoder, _data())
        _FITTED[autoencoder] = params, model
    return model


def _close(actual, expected, what):
    difference = np.abs(actual - expected).max()
    require(difference <= ROUNDING, f"{what} differ by {difference:g}")


@promise(
    "codes have n_components columns, reconstructions the shape of the data, scores "
    "one number per row, and all but the scores the dtype of the data.",
    mend="describe the parts in _network, _bottleneck and _objective, and leave fit, "
    "transform and reconstruct to BaseAutoencoder.",
)
def check_shapes_and_dtypes(autoencoder, dtype):
    """Check shapes and dtypes of the outputs of a fitted model."""
    X = _data(dtype=dtype)
    model = _fitted(autoencoder, X)
    Z = model.transform(X)
    require(Z.shape == (50, model.n_components), f"codes of shape {Z.shape}")
    scores = model.score_samples(X).shape
    require(scores == (50,), f"scores of shape {scores}")
    require(Z.dtype == dtype, f"transform returns {Z.dtype} for {X.dtype}")
    for method, array in [(model.reconstruct, X), (model.inverse_transform, Z)]:
        found, name = method(array), method.__name__
        require(found.shape == X.shape, f"{name} returns the shape {found.shape}")
        require(found.dtype == dtype, f"{name} returns {found.dtype} for {X.dtype}")


@promise(
    "the reconstruction is the decoded code: inverse_transform(transform(X)).",
    mend="draw nothing without a generator, and let nothing but the code reach the "
    "decoder.",
)
def check_reconstruction_is_the_decoded_code(autoencoder):
    """Check the two ways to a reconstruction."""
    X, model = _data(), _looked_at(autoencoder)
    _close(
        model.reconstruct(X),
        model.inverse_transform(model.transform(X)),
        "reconstructions and decoded codes",
    )


@promise(
    "random_state decides: the same gives the same model, another one another model.",
    mend="draw initial weights in build, and noise from the generator that is passed.",
)
def check_same_seed_same_result(autoencoder):
    """Check codes of three fits."""
    X = _data()
    first = _looked_at(autoencoder).transform(X)
    second = _fitted(autoencoder, X).transform(X)
    same(first, second, "codes of two fits with one random_state", exact=True)
    other = _fitted(autoencoder, X, random_state=1).transform(X)
    require(
        not np.allclose(first, other),
        "another random_state changes next to nothing; of an autoencoder that starts "
        "from the data, it may also be too few epochs",
    )


@promise(
    "fits neither depend on the global random state nor change it.",
    mend="pass `generator` to every draw in forward; only build may use the global "
    "one, which is seeded for it and restored.",
)
def check_global_random_state_does_not_matter(autoencoder):
    """Check fits under two global random states."""
    X = _data()
    with untouched_randomness("fit or transform"):
        expected = _fitted(autoencoder, X).transform(X)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1234)
        found = _fitted(autoencoder, X).transform(X)
    same(found, expected, "codes under two global random states", exact=True)


@promise(
    "the code of a row does not depend on the other rows.",
    mend="compute no statistics over the batch in eval mode.",
)
def check_rows_are_independent(autoencoder):
    """Check codes of rows together and alone."""
    X, model = _data(), _looked_at(autoencoder)
    one_by_one = np.vstack([model.transform(X[[i]]) for i in range(len(X))])
    _close(model.transform(X), one_by_one, "codes of rows together and alone")


@promise(
    "a pickle predicts alike and can be trained on as the original can.",
    mend="define modules at the top of a file, and keep all state in parameters and "
    "buffers.",
)
def check_pickles_go_on(autoencoder):
    """Check a pickle's codes, before and after another epoch."""
    X = _data()
    model = _fitted(autoencoder, X)
    copy = pickled(model)
    same(copy.transform(X), model.transform(X), "codes of the pickle", exact=True)
    further = [m.partial_fit(X).transform(X) for m in (copy, model)]
    same(*further, "codes after another epoch", exact=True)


@promise(
    "data frames go in, and come out with the names of the code's units.",
    mend="leave get_feature_names_out and set_output to BaseAutoencoder.",
)
def check_data_frames(autoencoder):
    """Check names and index; skipped where pandas is not installed."""
    try:
        import pandas as pd
    except ImportError:
        raise SkipTest("pandas is not installed: no data frames to check") from None
    X = pd.DataFrame(_data(), columns=list("abcdef"))
    model = clone(autoencoder).set_params(random_state=0).set_output(transform="pandas")
    with _few_epochs():
        Z = model.fit_transform(X)
    prefix = type(autoencoder).__name__.lower()
    names = [f"{prefix}{i}" for i in range(model.n_components)]
    for found in (list(Z.columns), list(model.get_feature_names_out())):
        require(found == names, f"codes are called {found}, and not {names}")
    seen = list(model.feature_names_in_)
    require(seen == list("abcdef"), f"feature_names_in_ is {seen}")
    require(Z.index.equals(X.index), "the codes have another index than the data")


def _unusual_data():
    return {
        "one row": _data(n_samples=1),
        "two rows": _data(n_samples=2),
        "one row in the last batch": _data(n_samples=33),
        "one column": _data(n_features=1),
        "constant": np.ones((20, 3)),
        "lists": _data().tolist(),
        "integers": _data().astype(int),
    }


@promise(
    "unusual data are taken: codes and score are finite, and training goes well.",
    mend="guard variances of one row, divisions by zero and square roots at zero.",
)
def check_unusual_data(autoencoder, case):
    """Check a fit to data such as a single row or constant columns."""
    X = _unusual_data()[case]
    model = _fitted(autoencoder, X, batch_size=32)
    require(np.isfinite(model.transform(X)).all(), "codes are not finite")
    require(np.isfinite(model.score(X)), f"the score is {model.score(X)}")
    require(not model.diverged_, "training diverged")


@promise(
    "history_ has a row per epoch, with finite losses, the reconstruction's raw value "
    "and the learning rate.",
    mend="return the loss and its terms by name from the objective.",
)
def check_history(autoencoder):
    """Check the record of training."""
    model = _looked_at(autoencoder)
    losses = model.history_[:, "train_loss"]
    n_rows, n_iter = len(losses), model.n_iter_
    most = n_iter if model.max_epochs == "auto" else model.max_epochs
    require(
        n_rows == n_iter <= most,
        f"{n_rows} rows, n_iter_={n_iter}, max_epochs={model.max_epochs}",
    )
    require(np.isfinite(losses).all(), f"losses {losses}")
    recorded = model.history_[-1]
    require("train_reconstruction" in recorded, f"no reconstruction in {recorded}")
    rates = model.history_[:, "learning_rate"]
    require(min(rates) > 0, f"learning rates {rates}")


@promise(
    "an infinite value, and a row without any value, are refused by a ValueError that "
    "says so.",
    mend="leave validation to BaseAutoencoder, or call its _check_X.",
)
def check_not_finite_is_refused(autoencoder, value):
    """Check infinity, and NaN only, in fit, transform and score."""
    X, model = _data(), _looked_at(autoencoder)
    X[3, 1 if np.isinf(value) else slice(None)] = value
    for method in (clone(autoencoder).fit, model.transform, model.score):
        with refused(ValueError, r"NaN|infinity", f"{value} in {method.__name__}"):
            method(X)


@promise(
    "missing values count nowhere: rows have the codes of those with the means of the "
    "fit in their place, and a model that is fitted to such rows has a score.",
    mend="describe the parts in _network, _bottleneck and _objective, and leave fit, "
    "transform and score to BaseAutoencoder.",
)
def check_missing_values(autoencoder):
    """Check rows some of whose entries are NaN."""
    X, model = _data(), _looked_at(autoencoder)
    X[::3, 1] = X[1::4, 4] = np.nan
    means = model._given_form(model.net_.means_.numpy().reshape(1, -1))
    whole = np.where(np.isnan(X), means, X)
    _close(model.transform(X), model.transform(whole), "codes with and without means")
    score = _fitted(autoencoder, X).score(X)
    require(np.isfinite(score), f"a score of {score}")


@promise(
    "data and codes of another width than in fit are refused.",
    mend="leave validation to BaseAutoencoder, or call its _check_X.",
)
def check_wrong_width_is_refused(autoencoder):
    """Check data with too few columns, and codes with too many."""
    model = _looked_at(autoencoder)
    with refused(ValueError, "expecting 6 features", "a matrix of 4 columns"):
        model.transform(_data(n_features=4))
    with refused(ValueError, "n_components", "a code with a unit too many"):
        model.inverse_transform(np.ones((3, model.n_components + 1)))


BAD_PARAMETERS = {
    "n_components": (0, "'n_components' parameter"),
    "batch_size": (0, "'batch_size' parameter"),
    "learning_rate": (-1.0, "'learning_rate' parameter"),
    "optimizer": ("adm", "Did you mean 'adam'"),
    "learning_rate_schedule": ("cyclic", "'one_cycle'"),
    "output_activation": ("sigmod", "Did you mean 'sigmoid'"),
    "device": ("toaster", "device='toaster'"),
}


@promise(
    "a parameter that is out of range is refused in fit by a ValueError that names it, "
    "or what was meant.",
    mend="declare it in _parameter_constraints, beside those of BaseAutoencoder, and "
    "look names up with skae.registry.unknown_name.",
)
def check_bad_parameter_is_named(autoencoder, parameter):
    """Check one bad value."""
    bad, match = BAD_PARAMETERS[parameter]
    with refused(ValueError, match, f"{parameter}={bad!r}"):
        _fitted(autoencoder, _data(), **{parameter: bad})


@promise(
    "numpy's integers do as parameters, as searches pass them.",
    mend="convert with int() where torch takes them.",
)
def check_numpy_integers(autoencoder):
    """Check a fit whose whole-number parameters are numpy's."""
    X = _data()
    numbers = {
        name: np.int64(value)
        for name, value in autoencoder.get_params(deep=False).items()
        if isinstance(value, int) and not isinstance(value, bool)
    }
    found = _fitted(autoencoder, X, **numbers).transform(X)
    expected = _looked_at(autoencoder).transform(X)
    same(found, expected, "codes with numpy's integers and Python's", exact=True)


AUTOENCODER_CHECKS = (
    *(partial(check_shapes_and_dtypes, dtype=d) for d in (np.float32, np.float64)),
    check_reconstruction_is_the_decoded_code,
    check_same_seed_same_result,
    check_global_random_state_does_not_matter,
    check_rows_are_independent,
    check_pickles_go_on,
    check_data_frames,
    *(partial(check_unusual_data, case=case) for case in _unusual_data()),
    check_history,
    *(partial(check_not_finite_is_refused, value=v) for v in (np.nan, np.inf)),
    check_missing_values,
    check_wrong_width_is_refused,
    check_numpy_integers,
)


def autoencoder_checks(autoencoder):
    """Return the checks of an autoencoder, those of the parameters it has included."""
    known = autoencoder.get_params(deep=False)
    parameters = [name for name in BAD_PARAMETERS if name in known]
    return (
        *AUTOENCODER_CHECKS,
        *(partial(check_bad_parameter_is_named, parameter=name) for name in parameters),
    )
