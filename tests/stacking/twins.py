"""Fits in stacks and their twins, the same fits alone."""

import os
import signal
import subprocess
import sys
import textwrap
import time
import warnings
from functools import partial

import numpy as np
import pytest
import torch
from helpers import models
from helpers.data import low_rank
from sklearn import config_context, get_config
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.pipeline import make_pipeline

from skae import fit_stack

#: Makes a small autoencoder that trains for a moment.
dense = partial(
    models.dense,
    hidden_layer_sizes=(6,),
    linear_path=None,
    max_epochs=3,
    batch_size=16,
)


def scores(search):
    """Return the mean scores of a search's candidates."""
    return search.cv_results_["mean_test_score"]


def interrupted(code, sign, seconds):
    """Return what a program prints that is interrupted so long after a sign of it."""
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    with process:
        assert sign in process.stdout.readline()
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        try:
            out, _ = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0
    return out


def assert_twins(stacked, alone, rtol=1e-4):
    """Assert that two fits have the same outcome, up to rounding."""
    assert_same_weights(stacked, alone, rtol)
    assert_same_optimizers(stacked.net_, alone.net_, max(rtol, 1e-4))
    assert_same_histories(stacked, alone, rtol)
    assert stacked.n_iter_ == alone.n_iter_
    assert stacked.diverged_ == alone.diverged_


def assert_same_weights(stacked, alone, rtol=1e-4):
    theirs = alone.net_.module_.state_dict()
    ours = stacked.net_.module_.state_dict()
    assert ours.keys() == theirs.keys()
    for name, value in theirs.items():
        assert_close(ours[name], value, rtol, name)


def assert_same_optimizers(ours, theirs, rtol=1e-4):
    rates = [net.optimizer_.param_groups[0]["lr"] for net in (ours, theirs)]
    assert rates[0] == rates[1]
    pairs = zip(ours.module_.parameters(), theirs.module_.parameters(), strict=True)
    for a, b in pairs:
        state, expected = ours.optimizer_.state[a], theirs.optimizer_.state[b]
        assert state.keys() == expected.keys()
        for name, value in expected.items():
            assert_close(torch.as_tensor(state[name]), torch.as_tensor(value), rtol)


def assert_same_histories(stacked, alone, rtol=1e-4):
    assert len(stacked.history_) == len(alone.history_)
    for ours, theirs in zip(stacked.history_, alone.history_, strict=True):
        assert list(ours) == list(theirs)
        for name in theirs.keys() - {"dur", "batches"}:
            np.testing.assert_allclose(ours[name], theirs[name], rtol, 1e-9, name)


def assert_close(ours, theirs, rtol, name=""):
    assert ours.shape == theirs.shape
    assert ours.dtype == theirs.dtype
    # Of what would be zero without rounding only the order of magnitude is the same.
    scale = 1e-6 + theirs.abs().nan_to_num().max().item()
    assert torch.allclose(ours, theirs, rtol=0, atol=rtol * scale, equal_nan=True), name


def assert_stacked_like_alone(models, Xs, rtol=1e-4):
    """Fit clones together and alone, and compare; return the stacked ones."""
    alone = [clone(model).fit(X) for model, X in zip(models, Xs, strict=True)]
    stacked = fit_stack(map(clone, models), Xs)
    for ours, theirs in zip(stacked, alone, strict=True):
        assert_twins(ours, theirs, rtol)
    return stacked


class Witness(TransformerMixin, BaseEstimator):
    """A step that warns, and notes what scikit-learn's configuration is."""

    def fit(self, X, y=None):
        """Note the configuration."""
        warnings.warn("This step warns.", stacklevel=2)
        self.config_ = get_config()
        return self

    def transform(self, X):
        """Return what is given."""
        return X


def assert_follow_the_configuration_and_filters(n_processes):
    """Assert that fits in a stack know scikit-learn's configuration and warnings'."""
    models = [make_pipeline(Witness(), dense()) for _ in "ab"]
    with config_context(working_memory=7), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit_stack(models, [low_rank()] * 2, n_processes=n_processes)
        assert [model[0].config_["working_memory"] for model in models] == [7, 7]
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match="This step warns"):
            fit_stack(models, [low_rank()] * 2, n_processes=n_processes)
