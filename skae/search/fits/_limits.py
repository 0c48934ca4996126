"""Limits to each fit of a search, so that one bad candidate does not spoil it."""

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from numbers import Real

from skae._sklearn import Interval
from skae.exceptions import FitLimitError
from skae.search.fits._evaluation import around_fits, failed, running_in
from skae.training._limits import FitLimits

__all__ = ["LIMIT_CONSTRAINTS", "StoppedFit", "limited", "limiting", "limits_of"]

#: For the `_parameter_constraints` of searches that have limits as parameters.
LIMIT_CONSTRAINTS = {
    "max_fit_seconds": [Interval(Real, 0, None, closed="neither"), None],
    "max_fit_memory": [Interval(Real, 0, None, closed="neither"), None],
}


@contextmanager
def limited(search, *, max_fit_seconds=None, max_fit_memory=None):
    """Limit the time and the memory of each fit of a search.

    Within the context, `search.fit` ends fits of skae's autoencoders that take too
    long, and does not begin those of networks that are too large. Such a candidate has
    failed on that fold, with a `FitLimitError` that names the limit, and the search
    goes on as `error_score` says. It works in worker processes too. The refit is not
    limited.

    Parameters
    ----------
    search : estimator
        `GridSearchCV`, `RandomizedSearchCV`, a halving search, or any other one built
        on scikit-learn's. Those of skae have the limits as parameters.
    max_fit_seconds : float or None, default=None
        Most seconds for the fit of a candidate on a fold, with all steps of a pipeline.
    max_fit_memory : float or None, default=None
        Most bytes that training an autoencoder may take, its weights included: of the
        process, or on the CUDA device that it trains on.

    Yields
    ------
    search : estimator
        The same one.

    Raises
    ------
    ValueError
        When a limit is not positive.
    TypeError
        When the search evaluates its candidates in a way of its own: in `fit`, or when
        the context ends.

    Notes
    -----
    An autoencoder looks at the clock after each batch, so a fit ends up to a batch
    later. Other steps cannot be interrupted: how long they took is looked at
    when the next autoencoder begins, and when the fit is over.

    Before a network is trained, a lower bound of what that takes is held against the
    limit: six times its weights (gradients, two moments of the optimiser, two
    copies to go back to) and what a batch leaves in it for the way back. While it is
    trained, growth is measured, ten times a second at most. The growth of the process
    is known on Linux, roughly on macOS, not on Windows, and not where fits
    run in threads; there the bound alone counts.

    Fits with limits do not train in stacks (`skae.stacked`), where nobody can say
    which of them took how much. With a store (`skae.search.remember`), a fit that a
    limit has ended is kept as such: it is not tried again until that limit is raised.

    Examples
    --------
    >>> import warnings
    >>> import numpy as np
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skae import DenseAutoencoder
    >>> from skae.search import limited
    >>> X = np.random.default_rng(0).normal(size=(60, 5)).astype("float32")
    >>> sizes = {"hidden_layer_sizes": [(8,), (3000, 3000)]}
    >>> search = GridSearchCV(
    ...     DenseAutoencoder(max_epochs=2, random_state=0), sizes, cv=2
    ... )
    >>> with limited(search, max_fit_memory=2**28), warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")  # that fits have failed
    ...     search = search.fit(X)
    >>> search.best_params_
    {'hidden_layer_sizes': (8,)}
    """
    limits = FitLimits(max_fit_seconds, max_fit_memory)
    with running_in(search, partial(limiting, limits=limits)):
        yield search


@contextmanager
def limiting(evaluate_candidates, limits):
    """Give `evaluate_candidates` whose fits are limited.

    For searches that have limits of their own: enter it in `_run_search`, with what
    scikit-learn has passed.

    Parameters
    ----------
    evaluate_candidates : function
        As `BaseSearchCV.fit` passes it to `_run_search`.
    limits : FitLimits
        Without any the function stays as it is.

    Yields
    ------
    evaluate_candidates : function

    Raises
    ------
    TypeError
        When the function is not scikit-learn's.
    """
    if not limits:
        yield evaluate_candidates
        return
    wrap = partial(_LimitedFit, limits=limits)
    with around_fits(evaluate_candidates, wrap, innermost=True) as evaluate:
        yield evaluate


def limits_of(fit_and_score):
    """Return the `FitLimits` of the callable that runs a fit."""
    return getattr(fit_and_score, "limits", FitLimits())


class StoppedFit(dict):
    """The result of a fit that a limit has ended.

    Attributes
    ----------
    limit : tuple of (str, float)
        Its name and what it was.
    """

    limit = None


@dataclass(frozen=True)
class _LimitedFit:
    """scikit-learn's `_fit_and_score` within limits."""

    fit_and_score: Callable
    limits: FitLimits

    def __call__(self, estimator, X, y, **task):
        with self.limits.in_force() as watch:
            result = self.fit_and_score(estimator, X, y, **task)
        if result["fit_error"] is None:
            return self._checked(result, watch, task)
        if watch.exceeded and FitLimitError.__name__ in result["fit_error"]:
            return self._stopped(result, watch)
        return result

    def _checked(self, result, watch, task):
        """Let a fit that exceeded a limit fail, where it could not be stopped."""
        if not watch.is_overdue(result["fit_time"]):
            return result
        error = watch.error("max_fit_seconds", f"It took {result['fit_time']:.3g} s")
        if task["error_score"] == "raise":
            raise error
        text = f"{type(error).__name__}: {error}"
        return self._stopped(failed(result, text, task), watch)

    def _stopped(self, result, watch):
        result = StoppedFit(result)
        result.limit = watch.exceeded, getattr(self.limits, watch.exceeded)
        return result
