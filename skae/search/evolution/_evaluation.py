"""Evaluation of genomes, once each, by scikit-learn's cross-validation."""

from contextlib import nullcontext
from functools import partial

import numpy as np
from sklearn.base import clone

from skae._notices import warn
from skae.search.evolution._results import RAW, ROWS, Row
from skae.search.fits._evaluation import tasks_through

__all__ = ["Evaluator"]


class Evaluator:
    """Evaluator of genomes with a memory of the results.

    Parameters
    ----------
    search : EvolutionarySearchCV
    space : Space
    evaluate_candidates : callable
        What scikit-learn passes to `_run_search`.
    seed : int
        From which the seeds of repeated evaluations are made.
    race : Race or None, default=None
        What ends hopeless candidates early, if anything does.
    """

    def __init__(self, search, space, evaluate_candidates, seed, race=None):
        self.search = search
        self.space = space
        self.evaluate_candidates = evaluate_candidates
        self.seed = seed
        self.race = race
        self.cv = _ConstantSplits(search._checked_cv_orig)
        self.index = {}  # genome -> index in cv_results_
        self.n_again = {}  # genome -> number of evaluations after the first
        self.results = None
        self.error = None
        self._raw = None
        self._lost = []

    def __call__(self, genomes, again, callback_ctx):
        """Evaluate new genomes, and known ones once again.

        Those that share a batch in which all fits fail are lost for scikit-learn, but
        get a row of their own nevertheless.
        """
        new = dict.fromkeys(genome for genome in genomes if genome not in self.index)
        batch = [g for g in new for _ in range(self.search.n_repeats)] + list(again)
        if not batch:
            return
        index, n_again = dict(self.index), dict(self.n_again)
        candidates, rows = [], []
        for genome in batch:
            params = self.space.params(genome)
            number = index.setdefault(genome, len(index))
            repeat = n_again[genome] = n_again.get(genome, -1) + 1
            candidates.append({**params, **self._seeds(params, repeat)})
            rows.append(Row(number, params))
        self._evaluate(candidates, rows, callback_ctx)
        self.index, self.n_again = index, n_again

    def _evaluate(self, candidates, rows, callback_ctx):
        try:
            with self._raced(rows) as evaluate_candidates:
                results = evaluate_candidates(
                    candidates,
                    cv=self.cv,
                    more_results={ROWS: self._lost + rows},
                    callback_ctx=callback_ctx,
                )
        except ValueError as error:
            if not str(error).lstrip().startswith("All the"):
                raise
            self.error = error
            self._lose(rows)
        else:
            self._lost = []
            self._raw = results.pop(RAW)
            self.results = results

    def _raced(self, rows):
        """Let candidates end early within a context, if that is asked for."""
        if self.race is None:
            return nullcontext(self.evaluate_candidates)
        known = set(self.index.values())
        run = partial(self.race.run, rows=rows, known=known)
        return tasks_through(self.evaluate_candidates, run)

    def _lose(self, rows):
        lost = [Row(row.candidate, row.params, lost=True) for row in rows]
        if self.results is None:
            self._lost += lost
            return
        candidates, n_splits, out, more = self._raw
        more[ROWS].extend(lost)
        anew = self.search._format_results(candidates, n_splits, out, more)
        self._raw = anew.pop(RAW)
        self.results.clear()
        self.results.update(anew)

    def _seeds(self, params, repeat):
        """Return other values for all random states that are not searched over."""
        if repeat == 0:
            return {}
        seed = np.random.default_rng([self.seed, repeat]).integers(2**31 - 1)
        estimator = clone(self.search.estimator).set_params(**clone(params, safe=False))
        return {
            name: int(seed)
            for name in estimator.get_params()
            if name.split("__")[-1] == "random_state" and name not in params
        }

    def values(self, columns):
        """Return the objectives to maximise, ndarray (n_candidates, n_objectives).

        Parameters
        ----------
        columns : list of Column
            The objectives.
        """
        if self.results is None:
            return np.full((len(self.index), 1), -np.inf)
        values = np.transpose([each.sign * self.results[each.key] for each in columns])
        values[np.isnan(values).any(axis=1)] = -np.inf
        return values

    def warn_of_failures(self, columns):
        """Warn of the number of candidates without a score or a cost."""
        missing = [np.isnan(self.results[each.key]) for each in columns]
        n_ended = self.race.n_ended(self.results) if self.race else 0
        n_failed = int(np.any(missing, axis=0).sum()) - n_ended
        if n_failed:
            warn(
                f"{n_failed} of the {len(self.index)} candidates have no score, as a "
                "fit of theirs failed or its score was NaN; they rank last.",
            )


class _ConstantSplits:
    """The same folds for every generation, also where they are drawn at random."""

    def __init__(self, cv):
        self.cv = cv
        self.splits = None

    def split(self, X, y=None, **params):
        if self.splits is None:
            self.splits = list(self.cv.split(X, y, **params))
        return self.splits
