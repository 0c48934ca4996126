"""The kinds of networks that train in stacks."""

from skae.stacking.layers._convolutional import StackedConvolutional
from skae.stacking.layers._dense import StackedNetwork
from skae.stacking.layers._recurrent import StackedRecurrent

__all__ = ["network_of"]

_KINDS = (StackedNetwork, StackedRecurrent, StackedConvolutional)


def network_of(module):
    """Return the class of stacked networks for a module, None where there is none."""
    known = (kind for kind in _KINDS if kind.architecture_of(module) is not None)
    return next(known, None)
