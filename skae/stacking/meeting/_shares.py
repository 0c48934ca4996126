"""Tasks that one process is given at a time, and what is to be done if it dies."""

from copy import copy

from sklearn.base import BaseEstimator

__all__ = ["Share"]

# How often a task may be lost by itself before it is held to be the reason.
MOST_LOST = 2


class Share:
    """Tasks that run together in one process, with what to call back.

    Parameters
    ----------
    pending : list of (callable, callable or None)
        Tasks as joblib submits them, and their callbacks.
    n_lost : int, default=0
        How often they were lost, as they were.
    """

    def __init__(self, pending, n_lost=0):
        self._pending, self._n_lost = pending, n_lost
        self.tasks = [task for task, _ in pending]

    def call_back(self, outcomes):
        """Tell joblib what has come of each task: its result, and its error or None."""
        for (_, callback), outcome in zip(self._pending, outcomes, strict=True):
            if callback is not None:
                callback(outcome)

    def parts(self):
        """Return the shares to run after a loss: halves, or a single task once more.

        None for a task that has been lost too often.
        """
        half = len(self.tasks) // 2
        if half:
            return [Share(self._pending[:half]), Share(self._pending[half:])]
        n_lost = self._n_lost + 1
        return [Share(self._pending, n_lost)] if n_lost < MOST_LOST else []

    def without_its_fit(self, error):
        """Return the outcome of the only task, whose fit has failed.

        A search gives it its `error_score`, or raises.
        """
        (task,) = self.tasks
        try:
            return _without_fits(task)(), None
        except BaseException as raised:
            raised.__cause__ = error
            return None, raised


def _without_fits(task):
    """Return a task of joblib of which all fits of searches fail.

    They are scikit-learn's ``_fit_and_score(estimator, X, y, train=..., test=...,
    error_score=...)``.
    """
    if not all(
        {"train", "test", "error_score"} <= item[2].keys() for item in task.items
    ):
        return _LostFit().fit
    without = copy(task)
    without.items = [
        (function, (_LostFit(args[0]), *args[1:]), kwargs)
        for function, args, kwargs in task.items
    ]
    return without


class WorkersDiedError(RuntimeError):
    """A task was lost with its worker, each time."""


class _LostFit(BaseEstimator):
    """Estimator in place of one whose fit is lost with its worker."""

    def __init__(self, estimator=None):
        self.estimator = estimator
        self._params = {}

    def set_params(self, **params):
        """Note the parameters of the candidate."""
        self._params = params
        return self

    def fit(self, *args, **kwargs):
        """Raise an error that names the candidate."""
        what = "a task" if self.estimator is None else type(self.estimator).__name__
        params = [f"{key}={value!r}" for key, value in self._params.items()]
        raise WorkersDiedError(
            f"{MOST_LOST} workers in a row died while they ran "
            f"{', '.join([what, *params])}: it may need more memory than they have."
        )
