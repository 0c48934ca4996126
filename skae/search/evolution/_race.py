"""Early ends of candidates whose scores on their first folds are hopeless."""

import numpy as np

from skae.search._results import fold_scores, guiding_metric

__all__ = ["Race"]

# Standard deviations of what other folds add, by which a candidate has to fall short.
MARGIN = 2.0
# Individuals that tell what that is.
FEWEST = 4


class Race:
    """Race of new candidates against the worst of the population.

    Candidates run on their first folds. What the other folds would add is the mean of
    what they add for the population, with a standard deviation as there. Those that
    would still be below the worst of the population, by twice that, end; the others run
    on the other folds (O. Maron and A. Moore, 1994, "Hoeffding races").

    Parameters
    ----------
    n_first : int
        Number of folds that all candidates run on.
    refit : bool, str or callable
        Of the search, which may say by which metric it chooses.

    Attributes
    ----------
    n_folds : dict of int to int
        On how many folds candidates ran that ended early, by their number.
    """

    def __init__(self, n_first, refit):
        self.n_first = n_first
        self.refit = refit
        self.n_folds = {}
        self.least = -np.inf

    def begin(self, results, population):
        """Take a population as what new candidates are compared with.

        Parameters
        ----------
        results : dict or None
            `cv_results_`, if there are some.
        population : list of int
            Numbers of the candidates in it.
        """
        self.least = -np.inf
        if results is None or len(population) < FEWEST:
            return
        self.metric = guiding_metric(results, self.refit)
        scores = fold_scores(results, self.metric)[population]
        self.least = least_on(scores, self.n_first)

    def run(self, parallel, tasks, rows, known):
        """Return the results of tasks, see `tasks_through`.

        Parameters
        ----------
        parallel : callable
        tasks : iterable
        rows : list of Row
            Of the candidates that the tasks evaluate.
        known : set of int
            Numbers of candidates that were evaluated before, and run on all folds.
        """
        tasks = list(tasks)
        if not np.isfinite(self.least):
            return parallel(tasks)
        numbers = [rows[task[2]["candidate_progress"][0]].candidate for task in tasks]
        is_first = [task[2]["split_progress"][0] < self.n_first for task in tasks]
        begins = np.array(is_first) | np.isin(numbers, list(known))
        results = _run(parallel, tasks, begins)
        ended = self._hopeless(
            (numbers[i], result) for i, result in results.items() if is_first[i]
        )
        ended -= known
        self.n_folds |= dict.fromkeys(ended, self.n_first)
        results |= _run(parallel, tasks, ~begins & ~np.isin(numbers, list(ended)))
        like = min(results.values(), key=lambda result: bool(result["fit_error"]))
        return [results.get(i) or _skipped(like) for i in range(len(tasks))]

    def n_ended(self, results):
        """Return how many candidates have ended early that have scores until then."""
        ended = list(self.n_folds)
        scores = fold_scores(results, guiding_metric(results, self.refit))
        return int(np.isfinite(scores[ended, : self.n_first]).all(axis=1).sum())

    def _hopeless(self, first):
        """Return the numbers of candidates whose mean on first folds is too low."""
        scores = {}
        for number, result in first:
            score = result["test_scores"]
            score = score.get(self.metric) if isinstance(score, dict) else score
            scores.setdefault(number, []).append(np.nan if score is None else score)
        means = {number: np.mean(of_folds) for number, of_folds in scores.items()}
        return {number for number, mean in means.items() if not mean >= self.least}


def least_on(scores, n_first):
    """Return the mean score on first folds below which candidates are hopeless.

    Parameters
    ----------
    scores : ndarray of shape (n_candidates, n_folds)
        Of a population, on all folds.
    n_first : int

    Examples
    --------
    >>> import numpy as np
    >>> from skae.search.evolution._race import least_on
    >>> scores = np.array([[0.9, 0.8], [0.7, 0.8], [0.8, 0.8], [0.8, 0.8]])
    >>> round(float(least_on(scores, n_first=1)), 3)
    0.668
    """
    added = scores.mean(1) - scores[:, :n_first].mean(1)
    return scores.mean(1).min() - added.mean() - MARGIN * added.std(ddof=1)


def _run(parallel, tasks, are_chosen):
    """Return the results of some tasks, by their number."""
    numbers = np.flatnonzero(are_chosen).tolist()
    if not numbers:
        return {}
    results = parallel(tasks[number] for number in numbers)
    return dict(zip(numbers, results, strict=True))


def _skipped(like):
    """Return the result of a fit that was not made, in the form of another's.

    Where all others have failed it has failed, too, as scikit-learn then wants to know.
    """
    scores = {
        key: dict.fromkeys(like[key], np.nan) if isinstance(like[key], dict) else np.nan
        for key in {"test_scores", "train_scores"} & set(like)
    }
    return {**like, **scores, "fit_time": 0.0, "score_time": 0.0}
