"""Parameters that were set since a network was built."""

import numpy as np
from sklearn.base import clone

__all__ = ["parameters_of_parts", "refuse_other_network"]

# What need not be copied, as nothing can change it.
SCALARS = (str, int, float, type(None))


def parameters_of_parts(estimator, of_training):
    """Return copies of the parameters that may describe an estimator's parts.

    Parameters
    ----------
    estimator : BaseAutoencoder
    of_training : container of str
        Names of those that do not.
    """
    return {
        name: value if isinstance(value, SCALARS) else clone(value, safe=False)
        for name, value in estimator.get_params(deep=False).items()
        if name not in of_training
    }


def refuse_other_network(estimator, before):
    """Raise if parameters describe another network than they did before.

    Parameters
    ----------
    estimator : BaseAutoencoder
    before : dict
        What `parameters_of_parts` returned when its network was built.

    Raises
    ------
    ValueError
        When they do. Other objectives are no reason, unless one learns dispersions
        or has a link.
    """
    for name, old in before.items():
        new = getattr(estimator, name)
        if not _are_equal(old, new) and _describes_network(estimator, name, old):
            raise ValueError(
                f"{name} was {old!r} when the network was built, and is {new!r} now: "
                "what goes on from its weights (warm_start=True, partial_fit) cannot "
                f"follow. Set {name} back, or start again by fit with warm_start=False."
            )


def _describes_network(estimator, name, old):
    if name == "n_components":
        return True
    parameters = {**estimator.get_params(deep=False), name: old}
    return not _are_equal(
        _parts_of(type(estimator)(**parameters)), _parts_of(estimator)
    )


def _parts_of(estimator):
    return [
        estimator._network(),
        estimator._bottleneck(),
        estimator._input_noise(),
        estimator._tells_gaps,
        estimator._term.learns_dispersion,
        repr(estimator._term.link()),
    ]


def _are_equal(a, b):
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(map(_are_equal, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_are_equal(a[key], b[key]) for key in a)
    if hasattr(a, "get_params") and not isinstance(a, type):
        if type(a) is not type(b):
            return False
        a, b = (part.get_params(deep=False) for part in (a, b))
        return _are_equal(a, b)
    return a is b or bool(np.array_equal(a, b))
