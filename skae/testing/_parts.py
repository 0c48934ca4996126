"""Checks of parts of any kind: each is a `BaseEstimator` with hyper-parameters only."""

from sklearn.base import clone

from skae.testing._promise import promise, require
from skae.testing._tensors import pickled

__all__ = ["PART_CHECKS"]


@promise(
    "parameters are stored as they are given, so that clone, nested search parameters "
    "and set_params work.",
    mend="let __init__ store its arguments under their own names and do nothing else; "
    "validate and convert where they are used.",
)
def check_parameters(part):
    """Check get_params, set_params and clone."""
    params = part.get_params(deep=False)
    copy = clone(part)
    require(copy is not part and type(copy) is type(part), "clone gives something else")
    require(repr(copy) == repr(part), f"its clone is {copy!r}")
    require(copy.set_params(**params) is copy, "set_params does not return the part")
    for name, value in copy.get_params(deep=False).items():
        require(
            value is params[name], f"{name}={params[name]!r} is set, and {value!r} kept"
        )


@promise(
    "parts can be pickled, so that fitted autoencoders and parallel searches can.",
    mend="store named functions and classes of modules, no lambdas, generators or open "
    "files.",
)
def check_pickle(part):
    """Check that a pickle's round trip keeps the parameters."""
    copy = pickled(part)
    require(repr(copy) == repr(part), f"its pickle opens as {copy!r}")


PART_CHECKS = (check_parameters, check_pickle)
