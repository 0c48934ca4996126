"""Costs of a candidate, measured on its fitted estimators beside its scores."""

from inspect import signature

import numpy as np
from sklearn.utils.metadata_routing import get_routing_for_object

from skae._finder import leaves
from skae._sklearn import MultimetricScorer

__all__ = ["MeasuringScorer", "cost_name", "move_costs", "n_parameters"]

_COST = "cost "
_PLAIN = "plain score"


def n_parameters(estimator):
    """Return the number of learnt parameters of a fitted estimator.

    The parameters of a torch module, here or in skorch; else the entries of
    `coefs_`, `intercepts_`, `coef_`, `intercept_`, `components_` and `mean_`. A
    pipeline has those of its steps, a search those of its best estimator.

    Parameters
    ----------
    estimator : estimator
        Fitted.

    Returns
    -------
    n_parameters : int

    Raises
    ------
    ValueError
        When nothing of the kind is found.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.decomposition import PCA
    >>> from skae.search import n_parameters
    >>> n_parameters(PCA(2).fit(np.eye(5)))
    15
    """
    counts = [_own_parameters(part) for part in leaves(estimator)]
    known = [count for count in counts if count is not None]
    if not known:
        raise ValueError(
            f"It is not known how to count the parameters of {estimator!r}: pass a "
            "callable that does, objectives=['score', count]."
        )
    return int(sum(known))


def _own_parameters(estimator):
    net = getattr(estimator, "net_", estimator)
    module = getattr(net, "module_", net)
    if hasattr(module, "parameters"):
        return sum(parameter.numel() for parameter in module.parameters())
    arrays = [getattr(estimator, name) for name in _LEARNT if hasattr(estimator, name)]
    return sum(_n_entries(array) for array in arrays) if arrays else None


_LEARNT = ("coefs_", "intercepts_", "coef_", "intercept_", "components_", "mean_")


def _n_entries(array):
    if isinstance(array, list | tuple):
        return sum(_n_entries(part) for part in array)
    return 0 if array is None else np.size(array)


def cost_name(cost):
    """Return the name under which a cost stands in `cv_results_`."""
    return getattr(cost, "__name__", type(cost).__name__)


class MeasuringScorer(MultimetricScorer):
    """A scorer that measures costs of the fitted estimator as well.

    Parameters
    ----------
    scorer : callable or MultimetricScorer
        What scores otherwise.
    costs : dict of str to callable
        Each takes a fitted estimator and returns a number.
    raise_exc : bool
        Whether an error ends the search.
    """

    def __init__(self, scorer, costs, raise_exc):
        plain = getattr(scorer, "_scorers", {_PLAIN: scorer})
        plain = {name: _weighable(one) for name, one in plain.items()}
        measures = {_COST + name: _Cost(cost) for name, cost in costs.items()}
        super().__init__(scorers={**plain, **measures}, raise_exc=raise_exc)

    def __call__(self, estimator, *args, **kwargs):
        """Return the scores and, under other keys, the costs."""
        scores = super().__call__(estimator, *args, **kwargs)
        plain = scores.get(_PLAIN)
        if isinstance(plain, dict):
            del scores[_PLAIN]
            scores.update(plain)
        return scores


class _Cost:
    def __init__(self, measure):
        self.measure = measure

    def __call__(self, estimator, X, y=None, sample_weight=None):
        return self.measure(estimator)

    def _accept_sample_weight(self):
        return True


def _weighable(scorer):
    """Return the scorer with a method that tells if it takes sample weights."""
    return scorer if hasattr(scorer, "_accept_sample_weight") else _Callable(scorer)


class _Callable:
    def __init__(self, scorer):
        self.scorer = scorer

    def __call__(self, *args, **kwargs):
        return self.scorer(*args, **kwargs)

    def _accept_sample_weight(self):
        return "sample_weight" in signature(self.scorer).parameters

    def get_metadata_routing(self):
        return get_routing_for_object(self.scorer)


def move_costs(result):
    """Move the costs in scikit-learn's result from the scores to keys of their own."""
    scores = result["test_scores"]
    if not isinstance(scores, dict):
        return
    names = [name for name in scores if name.startswith(_COST)]
    if names:
        result["costs"] = {name.removeprefix(_COST): scores[name] for name in names}
        for key in {"test_scores", "train_scores"} & set(result):
            result[key] = _without_costs(result[key])


def _without_costs(scores):
    plain = {k: v for k, v in scores.items() if not k.startswith(_COST)}
    return plain[_PLAIN] if set(plain) == {_PLAIN} else plain
