"""Halving searches whose candidates go on training where the last round left them."""

from contextlib import contextmanager
from functools import partial
from numbers import Integral

import joblib
from sklearn.base import clone
from sklearn.utils.parallel import delayed

from skae.schedules import Schedule
from skae.search.fits._evaluation import running_in, tasks_through

__all__ = ["continued"]

NAME = "max_epochs"


@contextmanager
def continued(search, resource=NAME):
    """Let candidates of a halving search go on training, in place of anew.

    Successive halving gives many candidates a few epochs, the better half of them twice
    as many, and so on (K. Jamieson and A. Talwalkar, 2016, arXiv:1502.07943).
    scikit-learn's halving searches fit each candidate from the start in every round.
    Within the context, a candidate that was in the round before goes on from its
    weights and the state of its optimiser, for the epochs that it lacks. What depends
    on the number of epochs is refused, so that it is the same fit, bit for bit, as one
    for as many epochs in all as the last round has.

    Parameters
    ----------
    search : estimator
        `HalvingGridSearchCV`, `HalvingRandomSearchCV`, or another search built on
        scikit-learn's whose candidates differ in the number of epochs.
    resource : str, default="max_epochs"
        The parameter that is the number of epochs, such as ``"reduce__max_epochs"`` in
        a pipeline.

    Yields
    ------
    search : estimator
        The same one.

    Raises
    ------
    ValueError
        When `resource` is no number of epochs; in `fit`, when a fit would be another
        one than that for all epochs: the learning rate or the weight of a penalty
        depends on their number, early stopping ends fits, or steps of a pipeline are
        cached.
    TypeError
        When the search evaluates its candidates in a way of its own.

    Notes
    -----
    The fitted estimators of a round are kept until the next one. Fits that go on have
    no part in a store (`remember`).

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.experimental import enable_halving_search_cv
    >>> from sklearn.model_selection import HalvingGridSearchCV
    >>> from skae import DenseAutoencoder, stacked
    >>> from skae.search import continued
    >>> X = np.random.default_rng(0).normal(size=(90, 2)) @ np.eye(2, 6)
    >>> model = DenseAutoencoder(2, learning_rate_schedule="constant", random_state=0)
    >>> search = HalvingGridSearchCV(
    ...     model,
    ...     {"learning_rate": [1e-5, 1e-4, 1e-3, 1e-2]},
    ...     resource="max_epochs",
    ...     min_resources=5,
    ...     max_resources=20,
    ...     factor=2,
    ...     cv=3,
    ... )
    >>> with continued(search), stacked():
    ...     search = search.fit(X)
    >>> search.n_resources_, search.n_candidates_
    ([5, 10, 20], [4, 2, 1])
    """
    if not resource.endswith(NAME):
        raise ValueError(
            f"resource={resource!r} is no number of epochs: pass the name of a "
            f"parameter {NAME!r}, such as 'reduce__{NAME}' in a pipeline."
        )
    going_on = _GoingOn(resource)
    with running_in(search, partial(tasks_through, run=going_on)):
        yield search


class _GoingOn:
    """What runs the fits of a search, and keeps the estimators of the last round."""

    def __init__(self, resource):
        self.resource = resource
        self._former = {}

    def __call__(self, parallel, tasks):
        """Return the results of tasks, see `tasks_through`."""
        tasks = [(call.function, args, task) for call, args, task in tasks]
        changed = [self._going_on(*args, task) for _, args, task in tasks]
        results = parallel(
            delayed(function)(estimator, *args[1:], **task)
            for (function, args, _), (estimator, task) in zip(
                tasks, changed, strict=True
            )
        )
        fitted = [result.pop("estimator", None) for result in results]
        self._former = {
            self._key(task): (estimator, task["parameters"].get(self.resource))
            for (*_, task), estimator, result in zip(
                tasks, fitted, results, strict=True
            )
            if estimator is not None and result["fit_error"] is None
        }
        return results

    def _key(self, task):
        """Return what tells a candidate on a fold, but for its number of epochs."""
        others = {k: v for k, v in task["parameters"].items() if k != self.resource}
        return joblib.hash((others, task["train"]))

    def _going_on(self, estimator, X, y, task):
        """Return the estimator and the task of a fit, those that go on if they can."""
        parameters = task["parameters"]
        task = {**task, "return_estimator": True}
        _check(clone(estimator).set_params(**parameters), self.resource)
        # once: the same candidate may be there twice
        former, n_before = self._former.pop(self._key(task), (None, None))
        n_epochs = parameters.get(self.resource)
        if former is None or not _is_more(n_epochs, n_before):
            return estimator, task
        former.set_params(**{self.resource.removesuffix(NAME) + "warm_start": True})
        lacking = {**parameters, self.resource: n_epochs - n_before}
        return former, {**task, "parameters": lacking}


def _is_more(n_epochs, n_before):
    numbers = isinstance(n_epochs, Integral) and isinstance(n_before, Integral)
    return numbers and n_epochs > n_before


def _check(estimator, resource):
    """Refuse a fit that would end elsewhere when it is made in several rounds."""
    parameters = estimator.get_params()
    prefix = resource.removesuffix(NAME)
    for name, allowed in {
        "learning_rate_schedule": ["constant"],
        "early_stopping": ["auto", False],
        "warm_start": [False],
    }.items():
        value = parameters.get(prefix + name, allowed[0])
        if value not in allowed:
            raise ValueError(
                f"{prefix}{name}={value!r}: a fit in several rounds would be another "
                f"one than that for all epochs. Set it to {allowed[0]!r}, or search "
                "without `continued`."
            )
    n_epochs = parameters[resource]
    for name, value in parameters.items():
        if isinstance(value, Schedule) and _depends_on(n_epochs, value):
            raise ValueError(
                f"{name}={value!r} depends on the number of epochs, so that a fit in "
                "several rounds would be another one than that for all epochs. Give a "
                "number, or search without `continued`."
            )
    cached = [k for k, v in parameters.items() if _is_memory(k) and v is not None]
    if cached:
        raise ValueError(
            f"{cached[0]} is set: a pipeline that caches its steps clones them, so "
            "that no fit goes on. Set it to None, or search without `continued`."
        )


def _depends_on(n_epochs, schedule):
    """Return whether weights are others for being told the number of epochs."""
    if not isinstance(n_epochs, Integral):
        return False
    return any(schedule(i, n_epochs) != schedule(i) for i in range(n_epochs))


def _is_memory(name):
    return name.rpartition("__")[2] == "memory"
