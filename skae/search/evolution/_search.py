"""Evolutionary search with the interface of scikit-learn's searches."""

import os
import warnings
from contextlib import ExitStack
from numbers import Integral, Real

import numpy as np
from sklearn.utils.validation import check_random_state

from skae._arrays import divisible
from skae._sklearn import BaseSearchCV, Interval
from skae.search._notebook import NotebookMixin
from skae.search._scoring import SCORING, NamedScoring
from skae.search.evolution._costs import MeasuringScorer
from skae.search.evolution._evaluation import Evaluator
from skae.search.evolution._objectives import costs_of
from skae.search.evolution._race import Race
from skae.search.evolution._results import RAW, ROWS, collect
from skae.search.evolution._run import Run
from skae.search.evolution._space import Space
from skae.search.evolution._strategies import STRATEGIES, Strategy
from skae.search.fits import ScoreStore, remembering
from skae.search.fits._limits import LIMIT_CONSTRAINTS, limiting
from skae.training._limits import FitLimits

__all__ = ["EvolutionarySearchCV"]


class EvolutionarySearchCV(NotebookMixin, NamedScoring, BaseSearchCV):
    """Evolve hyper-parameters and architectures, judged by cross-validation.

    A population of candidates is evaluated, the better ones have offspring, and so on.
    It is `GridSearchCV` in all but the order of trials: what `cv_results_`, `refit`,
    `scoring`, `n_jobs`, `groups` and callbacks mean is scikit-learn's, and `y` may be
    missing. No candidate is evaluated twice, unless asked for. All candidates meet the
    same folds, even where `cv` draws them at random.

    Parameters
    ----------
    estimator : estimator
        Whatever has parameters, a pipeline for instance.
    search_space : dict of str to object
        For each parameter a list of choices; ``(low, high)``, a range of integers or of
        real numbers, both ends included; ``(low, high, "log-uniform")``; an
        `Architecture`, for tuples of layer widths; a dimension of scikit-optimize; a
        distribution of scipy; or anything that has a method `rvs`.
    strategy : str or Strategy, default="mu_plus_lambda"
        How a population comes to its next generation: ``"mu_plus_lambda"`` explores,
        ``"keep_if_better"`` follows the simple rule of a published example; or an
        instance, or the name of a strategy of another package.
    population_size : int, default=10
        Number of individuals. *Raising* it explores more widely and improves later.
    n_generations : int, default=10
        Generations after the initial one.
    initial_points : list of dict, default=None
        Parameters to begin with, such as the best ones of an earlier search. Those that
        a point leaves out are drawn.
    n_repeats : int, default=1
        How often a new candidate is evaluated on all folds, with other values for all
        its `random_state` parameters from the second time on. Scores are means.
    n_reevaluated : int, default=0
        How many of the best individuals are evaluated once more in each generation and
        at the end, with new random states again. Where scores are noisy, the best of
        many is a lucky one; this tells luck from merit.
    racing_folds : int or None, default=None
        Number of folds on which new candidates are evaluated at first. Those that would
        still be below the worst of the population, if the other folds added two
        standard deviations less than they do for the population, end there and rank
        last. None evaluates all on all folds. It is for a single objective.
    objectives : list of str or callable, default=None
        None for the score alone. Several make the search look for the Pareto front:
        names of metrics (``"score"`` for the one that `refit` names), of which more is
        better; ``"n_parameters"``; or costs ``cost(fitted_estimator) -> float``, of
        which less is better. The first counts for `patience` and `threshold`.
    patience : int, default=None
        Stop after as many generations in a row without a better score.
    deadline : float, default=None
        Seconds after which no generation begins; the one at work is finished.
    threshold : float, default=None
        Stop as soon as a score is at least this.
    scoring, n_jobs, refit, cv, verbose, pre_dispatch, error_score, return_train_score
        As in `sklearn.model_selection.GridSearchCV`; names of scorers are those of
        `skae.get_scorer`. With several metrics, the one to improve is that which
        `refit` names or has as its `metric`, else the first. If a callable `refit` has
        a method `from_cv_results`, what it says is kept in `selection_`.
    random_state : int, RandomState instance or None, default=None
        Makes the search repeatable, on any number of jobs. The estimator keeps its own.
    store : path-like, ScoreStore or None, default=None
        A file that keeps each finished fit, so that a search that was killed goes on
        where it was; see `skae.search.remember`. It takes a `random_state` that is an
        integer.
    max_fit_seconds, max_fit_memory : float or None, default=None
        Most seconds, and most bytes, that the fit of a candidate on a fold may take;
        one that takes more has failed. See `skae.search.limited`. The refit is
        not limited.

    Attributes
    ----------
    cv_results_ : dict
        As scikit-learn's, in order of evaluation, with a column ``cost_...`` for each
        cost and, where candidates may be evaluated more than once, ``n_repeats``. With
        `racing_folds`, ``n_folds`` are the folds on which each was evaluated; scores on
        other folds are NaN, and so is the mean.
    generations_ : list of dict
        What was alive when; ``pandas.DataFrame(search.generations_)`` reads it. One
        entry for each individual in each generation: its `generation`, `index` into
        `cv_results_`, number as an `individual`, `fitness`, `depth` (layers of its
        architecture, or None), `parents` (indices), the `mutation` it came by, whether
        it `is_offspring`, and whether it `survives` into the next generation.
    population_ : ndarray of shape (n_individuals,)
        Indices of the last population, the best first.
    pareto_front_ : ndarray of int
        Indices of the candidates that no other one beats in all objectives, the best
        score first.
    selection_ : object
        What ``refit.from_cv_results`` returns, if there is such a method.
    n_generations_ : int
        Number of generations after the initial one.
    stop_reason_ : {"generations", "patience", "deadline", "threshold", "exhausted", \
            "interrupt"}
        Why the search ended.
    interrupted_ : bool
        Whether Ctrl-C ended it. Once the initial generation is complete, what had been
        evaluated until then is kept, and the best of it is refitted.
    best_estimator_, best_params_, best_score_, best_index_, refit_time_, scorer_, \
            n_splits_, multimetric_, n_features_in_, feature_names_in_
        As in `sklearn.model_selection.GridSearchCV`.

    Notes
    -----
    Candidates that fail, or score NaN, rank last; their fitness is minus infinity. A
    search all of whose candidates fail raises scikit-learn's error.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.decomposition import PCA
    >>> from skae.search import EvolutionarySearchCV
    >>> X = np.random.default_rng(0).normal(size=(60, 8)) * [9, 8, 7, 6, 1, 1, 1, 1]
    >>> search = EvolutionarySearchCV(
    ...     PCA(),
    ...     {"n_components": (1, 7), "whiten": [False, True]},
    ...     population_size=4,
    ...     n_generations=3,
    ...     random_state=0,
    ... ).fit(X)
    >>> search.best_params_["n_components"]
    4
    """

    _parameter_constraints = {
        **BaseSearchCV._parameter_constraints,
        "scoring": SCORING,
        "search_space": [dict],
        "strategy": [str, Strategy],
        "population_size": [Interval(Integral, 2, None, closed="left")],
        "n_generations": [Interval(Integral, 0, None, closed="left")],
        "initial_points": [list, tuple, None],
        "n_repeats": [Interval(Integral, 1, None, closed="left")],
        "n_reevaluated": [Interval(Integral, 0, None, closed="left")],
        "racing_folds": [Interval(Integral, 1, None, closed="left"), None],
        "objectives": [list, tuple, None],
        "patience": [Interval(Integral, 1, None, closed="left"), None],
        "deadline": [Interval(Real, 0, None, closed="left"), None],
        "threshold": [Real, None],
        "store": [str, os.PathLike, ScoreStore, None],
        **LIMIT_CONSTRAINTS,
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator,
        search_space,
        *,
        strategy="mu_plus_lambda",
        population_size=10,
        n_generations=10,
        initial_points=None,
        n_repeats=1,
        n_reevaluated=0,
        racing_folds=None,
        objectives=None,
        patience=None,
        deadline=None,
        threshold=None,
        scoring=None,
        n_jobs=None,
        refit=True,
        cv=None,
        verbose=0,
        pre_dispatch="2*n_jobs",
        random_state=None,
        error_score=np.nan,
        return_train_score=False,
        store=None,
        max_fit_seconds=None,
        max_fit_memory=None,
    ):
        super().__init__(
            estimator=estimator,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.search_space = search_space
        self.strategy = strategy
        self.population_size = population_size
        self.n_generations = n_generations
        self.initial_points = initial_points
        self.n_repeats = n_repeats
        self.n_reevaluated = n_reevaluated
        self.racing_folds = racing_folds
        self.objectives = objectives
        self.patience = patience
        self.deadline = deadline
        self.threshold = threshold
        self.random_state = random_state
        self.store = store
        self.max_fit_seconds = max_fit_seconds
        self.max_fit_memory = max_fit_memory

    def fit(self, X, y=None, **params):
        """Search, and refit the best candidate on all data.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Whatever the estimator takes, sequences in three dimensions too.
        y : array-like of shape (n_samples,), default=None
            Targets, or nothing.
        **params : dict
            For the estimator, the scorer and the splitter, as in scikit-learn.

        Returns
        -------
        self : EvolutionarySearchCV
        """
        super().fit(divisible(X, type(self).__name__), y, **params)
        if costs_of(self.objectives):
            scorers, _ = super()._get_scorers()
            self.scorer_ = getattr(scorers, "_scorers", scorers)
        if hasattr(self.refit, "from_cv_results"):
            self.selection_ = self.refit.from_cv_results(self.cv_results_)
        return self

    def _get_scorers(self):
        scorers, refit_metric = super()._get_scorers()
        if costs := costs_of(self.objectives):
            scorers = MeasuringScorer(scorers, costs, self.error_score == "raise")
        return scorers, refit_metric

    def _run_search(self, evaluate_candidates, *, callback_ctx):
        space, strategy = Space(self.search_space), self._strategy()
        seeds = check_random_state(self.random_state).randint(2**31 - 1, size=2)
        rng, seed = np.random.default_rng(int(seeds[0])), int(seeds[1])
        search_ctx = callback_ctx.subcontext(
            task_name="search",
            max_subtasks=1 + self.n_generations + (self.n_reevaluated > 0),
        ).call_on_fit_task_begin(estimator=self)
        limits = FitLimits(self.max_fit_seconds, self.max_fit_memory)
        with ExitStack() as stack:
            evaluate = stack.enter_context(limiting(evaluate_candidates, limits))
            evaluate = stack.enter_context(remembering(evaluate, self.store))
            evaluator = Evaluator(self, space, evaluate, seed, self._race())
            run = Run(self, strategy, space, evaluator, rng, search_ctx)
            run()
        search_ctx.call_on_fit_task_end(estimator=self)
        self._keep(run)

    def _strategy(self):
        strategy = STRATEGIES.resolve(self.strategy)
        strategy._validate_params()
        return strategy

    def _race(self):
        """Return the `Race` of new candidates, None where there is none."""
        if self.racing_folds is None:
            return None
        if self.racing_folds >= self.n_splits_:
            raise ValueError(
                f"racing_folds={self.racing_folds}: cv has {self.n_splits_} folds, so "
                "that none would be left to save. Lower racing_folds, or set it to "
                "None."
            )
        if len(self.objectives or ["score"]) > 1:
            raise ValueError(
                f"racing_folds={self.racing_folds} ends candidates by one score, but "
                f"objectives={self.objectives!r} has several: leave one of them out."
            )
        return Race(self.racing_folds, self.refit)

    def _keep(self, run):
        """Store the fitted attributes that describe the evolution."""
        if race := run.evaluator.race:
            n_folds = np.full(len(run.evaluator.index), self.n_splits_)
            n_folds[list(race.n_folds)] = list(race.n_folds.values())
            run.evaluator.results["n_folds"] = n_folds
        run.evaluator.warn_of_failures(run.columns)
        self.generations_ = run.records
        self.n_generations_ = run.n_generations
        self.population_ = run.indices
        self.pareto_front_ = run.front
        self.stop_reason_ = run.reason
        self.interrupted_ = run.reason == "interrupt"

    def _format_results(self, candidate_params, n_splits, out, more_results=None):
        """Return one row per candidate, and the data for later calls."""
        rows = more_results[ROWS]
        params, merged, columns = collect(rows, n_splits, out, self.error_score)
        if self.n_repeats == 1 and self.n_reevaluated == 0:
            del columns["n_repeats"]
        with warnings.catch_warnings():
            # once at the end is enough
            warnings.filterwarnings("ignore", message="One or more of the")
            results = super()._format_results(params, n_splits, merged)
        results |= {name: np.array(column) for name, column in columns.items()}
        return results | {RAW: (candidate_params, n_splits, out, more_results)}
