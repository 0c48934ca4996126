"""Searches of plans, ready to be fitted."""

from math import sqrt

import numpy as np

from skae.autoencoders import LSTMAutoencoder
from skae.cli._errors import InputError
from skae.cli._plan import PARAM, PREFIX
from skae.search import (
    Architecture,
    EvolutionarySearchCV,
    LatentDimensionSearchCV,
    MuPlusLambda,
)
from skae.search._range import Choice

__all__ = ["make_search"]

_N_POINTS = 4  # candidates of a Bayesian search at a time, whose fits train together
_USUAL_RATE = 3e-3
_WEIGHT_DECAYS = 1e-6, 1e-1, "log-uniform"
_MIN_WIDTH = 4
_MAX_DEPTH = 3
_WIDEST = 512
_HIDDEN_SIZES = 8, 128, "log-uniform"
_LSTM_LAYERS = 1, 2


def make_search(plan, store=None):
    """Return the search of a plan; it refits the choice of the plan's rule.

    Parameters
    ----------
    plan : Plan
    store : ScoreStore or None, default=None
        Where finished fits are kept, and looked for.

    Returns
    -------
    search : LatentDimensionSearchCV, BayesSearchCV or EvolutionarySearchCV

    Raises
    ------
    InputError
        When the autoencoder has nothing else to search for.
    """
    settings = plan.settings
    make = {"curve": _curve, "bayes": _bayes, "evolution": _evolution}[settings.search]
    return make(
        plan,
        scoring=plan.scoring,
        cv=plan.cv,
        n_jobs=settings.n_jobs,
        random_state=settings.seed,
        error_score=np.nan,
        store=store,
    )


def _curve(plan, **shared):
    components, is_auto = plan.components, plan.settings.rule is None
    if is_auto and components == list(range(1, components[-1] + 1)):
        components = components[-1]  # which nested fits take, too
        if plan.settings.components == "auto":
            components = "auto"
    return LatentDimensionSearchCV(
        plan.pipeline,
        n_components=components,
        rule="auto" if is_auto else plan.rule,
        n_restarts=plan.settings.restarts,
        refit=plan.settings.scorer,
        **shared,
    )


def _bayes(plan, **shared):
    from skae.search import BayesSearchCV  # which imports scikit-optimize

    n_iter = plan.settings.n_iter
    space = {PARAM: _dimension(plan.components), **_training_space(plan.pipeline[-1])}
    return BayesSearchCV(
        plan.pipeline,
        space,
        n_iter=n_iter,
        n_points=_N_POINTS,
        # skopt starts with ten random points, which repeat one another on a short range
        # of integers; a Latin hypercube does not.
        optimizer_kwargs={
            "n_initial_points": max(1, n_iter // 2),
            "initial_point_generator": "lhs",
        },
        refit=_choice(plan),
        **shared,
    )


def _choice(plan):
    return Choice(plan.rule, PARAM, plan.range.n_features, plan.settings.scorer)


def _dimension(values):
    from skopt.space import Categorical, Integer

    if len(values) > 1 and values == list(range(values[0], values[-1] + 1)):
        return Integer(values[0], values[-1])
    return Categorical(values)


def _training_space(autoencoder):
    """Return the training parameters that a Bayesian search tries beside the dimension.

    Learning rates from a tenth of the autoencoder's own to ten times that, and weight
    decay.
    """
    params = autoencoder.get_params()
    space, rate = {}, params.get("learning_rate")
    if rate is not None:
        rate = _USUAL_RATE if rate == "auto" else rate
        space["learning_rate"] = rate / 10, rate * 10, "log-uniform"
    if "weight_decay" in params:
        space["weight_decay"] = _WEIGHT_DECAYS
    if not space:
        raise InputError(
            "A Bayesian search tries learning rates and weight decays, and "
            f"{type(autoencoder).__name__} has none. Use --search curve.",
            "--search",
        )
    return {f"{PREFIX}{name}": values for name, values in space.items()}


def _evolution(plan, **shared):
    """Return a search for the best layers of each dimension, not of the best one.

    The latent dimension is a cost beside the score: otherwise a score that grows with
    it would draw all candidates to the largest one, and leave the rule without a curve.
    """
    n_first, n_offspring, n_generations = _generations(plan.settings.n_iter)
    layers = _layers(plan.pipeline[-1], plan.range.n_features)
    space = {PARAM: plan.components, **layers}
    return EvolutionarySearchCV(
        plan.pipeline,
        space,
        strategy=MuPlusLambda(n_offspring),
        population_size=n_first,
        n_generations=n_generations,
        initial_points=_first_points(plan.pipeline, space, (n_first + 1) // 2),
        objectives=["score", latent_dimension],
        refit=_choice(plan),
        **shared,
    )


def _generations(n_candidates):
    """Return the sizes of population and offspring, and the number of generations.

    The candidates of a generation grow in number with the root of `n_candidates`.
    """
    n_rounds = max(1, round(sqrt(n_candidates / 2)))
    n_offspring = n_candidates // n_rounds
    return n_candidates - (n_rounds - 1) * n_offspring, n_offspring, n_rounds - 1


def _layers(autoencoder, n_features):
    """Return the layers that an evolution searches over.

    An autoencoder with hidden layers has up to three of them, none among them, of 4
    units up to twice the number of values in a row, at least 64 and at most 512. An
    `LSTMAutoencoder` has one or two layers of 8 to 128 units.
    """
    if "hidden_layer_sizes" in autoencoder.get_params():
        widest = min(max(2 * n_features, 64), _WIDEST)
        sizes = Architecture(0, _MAX_DEPTH, _MIN_WIDTH, widest)
        return {f"{PREFIX}hidden_layer_sizes": sizes}
    if isinstance(autoencoder, LSTMAutoencoder):
        return {
            f"{PREFIX}hidden_size": _HIDDEN_SIZES,
            f"{PREFIX}n_layers": _LSTM_LAYERS,
        }
    raise InputError(
        "An evolution searches for layers as those of DenseAutoencoder and "
        f"LSTMAutoencoder, and {type(autoencoder).__name__} has none. Use --search "
        "curve or bayes.",
        "--search",
    )


def _first_points(pipeline, space, n):
    """Return candidates to begin with: spread dimensions, the usual layers around them.

    Parameters
    ----------
    pipeline : Pipeline
        Whose layers are the usual ones.
    space : dict
        What is searched over.
    n : int
        How many candidates, at most.
    """
    components = space[PARAM]
    usual = {name: pipeline.get_params()[name] for name in space}
    places = np.linspace(0, len(components) - 1, min(n, len(components)))
    chosen = [components[place] for place in np.rint(places).astype(int)]
    return [{**usual, PARAM: value} for value in chosen]


def latent_dimension(pipeline):
    """Return the latent dimension of a fitted pipeline, a cost to an evolution."""
    return pipeline[-1].n_components
