"""Optimiser of skopt without repeated points, robust to scores that are not finite."""

import warnings

import numpy as np
from skopt import Optimizer

__all__ = ["Suggestions"]

_N_ENUMERATED = 10_000  # points up to which a space is written out
_N_DRAWS = 1_000  # points to choose from in a larger one
_HUGE = 1e30  # scores beyond it stand for failures, and would flatten all others


class Suggestions:
    """Optimiser that suggests points of a space, without repeats.

    Parameters
    ----------
    space : SearchSpace
        Where to look.
    known : set
        Identities of the points that were tried; it grows.
    **kwargs
        Parameters of `skopt.Optimizer`.
    """

    def __init__(self, space, known, **kwargs):
        if kwargs.get("space_constraint") is not None:
            kwargs["space_constraint"] = space.constraint(kwargs["space_constraint"])
        self.space = space
        self.known = known
        self.optimizer = Optimizer(dimensions=space.dimensions, **kwargs)
        self._scores = []
        self._all = space.points() if space.size <= _N_ENUMERATED else None

    def ask(self, n_points):
        """Return up to `n_points` new points, none when there are none left."""
        if self._all is not None and not self._unknown(self._all):
            return []
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="The objective has been")
            points = self.optimizer.ask(n_points=n_points)
        fresh = []
        for point in points:
            point = self._fresh(point)
            if point is not None:
                self.known.add(self.space.identity(point))
                fresh.append(point)
        return fresh

    def tell(self, points, scores):
        """Tell the optimiser the scores of points, the higher the better.

        Those that are not finite count as the worst one so far, and are counted anew as
        soon as there is a worse one.

        Returns
        -------
        result : OptimizeResult
            skopt's, of all points so far.
        """
        self._scores.extend(scores)
        told = _finite(self._scores)
        n_before = len(self._scores) - len(points)
        self.optimizer.yi[:] = (-told[:n_before]).tolist()
        return self.optimizer.tell(points, (-told[n_before:]).tolist())

    def _fresh(self, point):
        """Return a point if it is new, else the new one that is nearest to it."""
        if self.space.identity(point) not in self.known:
            return point
        space, points = self.optimizer.space, self._all
        if points is None:
            points = space.rvs(_N_DRAWS, random_state=self.optimizer.rng)
        return min(
            self._unknown(points),
            key=lambda other: space.distance(point, other),
            default=None,
        )

    def _unknown(self, points):
        """Return the points that are allowed and were not tried."""
        allowed = self.optimizer.space.constraint or (lambda point: True)
        return [
            point
            for point in points
            if self.space.identity(point) not in self.known and allowed(point)
        ]


def _finite(scores):
    scores = np.array(scores, dtype=float)
    usable = np.abs(scores) < _HUGE  # neither are NaN and infinities
    worst = scores[usable].min() if usable.any() else 0.0
    return np.where(usable, scores, worst)
