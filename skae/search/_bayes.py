"""A Bayesian search that failures do not end, and that does not repeat itself."""

import numpy as np
from skopt import BayesSearchCV, Optimizer

__all__ = ["FaultTolerantBayesSearchCV"]


class FaultTolerantBayesSearchCV(BayesSearchCV):
    """`skopt.BayesSearchCV`, which goes on when a candidate fails and repeats none.

    With ``error_score=np.nan`` a candidate that fails in some folds stays NaN in
    `cv_results_`, and one that fails in all of them is left out. The optimiser, which
    knows no NaN, is told the lowest score so far instead of it. Where it asks for a
    candidate that it knows, which on a few integers it often does, it gets the nearest
    of those that it does not.
    """

    def _run_search(self, evaluate_candidates):
        metric = "score" if self.refit is True else self.refit
        guard = _Guard(evaluate_candidates, f"mean_test_{metric}")
        super()._run_search(guard)
        if not guard.results:
            raise guard.error

    def _make_optimizer(self, params_space):
        optimizer = super()._make_optimizer(params_space)
        optimizer.ask = _Fresh(optimizer)  # its class is not ours to choose
        return optimizer


class _Fresh:
    """`Optimizer.ask` without repetitions."""

    n_draws = 100

    def __init__(self, optimizer):
        self.optimizer = optimizer

    def __call__(self, n_points):
        points = Optimizer.ask(self.optimizer, n_points)
        return [self._fresh(point) for point in points]

    def _fresh(self, point):
        known, space = self.optimizer.Xi, self.optimizer.space
        if point not in known:
            return point
        draws = space.rvs(self.n_draws, random_state=self.optimizer.rng)
        unknown = [draw for draw in draws if draw not in known]
        return min(unknown, key=lambda draw: space.distance(point, draw), default=point)


class _Guard:
    """`evaluate_candidates` with finite scores for the optimiser."""

    def __init__(self, evaluate, key):
        self.evaluate = evaluate
        self.key = key
        self.results = {}
        self.error = None

    def __call__(self, candidates):
        try:
            self.results = self.evaluate(candidates)
        except ValueError as error:
            if not str(error).lstrip().startswith("All the"):
                raise
            self.error = error
            return self._told(np.full(len(candidates), np.nan))
        return self._told([])

    def _told(self, lost):
        scores = np.append(self.results.get(self.key, []), lost)
        finite = scores[np.isfinite(scores)]
        worst = finite.min() if finite.size else 0.0
        return {**self.results, self.key: np.where(np.isfinite(scores), scores, worst)}
