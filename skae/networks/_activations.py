"""Activations by name, with the range of values each can produce."""

from collections.abc import Callable
from math import inf
from typing import NamedTuple

import numpy as np
from scipy.special import logit
from torch import nn

from skae.registry import unknown_name

__all__ = ["ACTIVATIONS", "Activation", "Exp", "get_activation", "output_within"]

# exp(30) is beyond all counts, and its square within single precision.
LARGEST_EXPONENT = 30.0


class Exp(nn.Module):
    """Exponential function, constant beyond 30 so that it does not overflow."""

    def forward(self, x):
        """Return ``exp(min(x, 30))``."""
        return x.clamp(max=LARGEST_EXPONENT).exp()


class Activation(NamedTuple):
    """An element-wise module and the interval of its values.

    Attributes
    ----------
    module : type[torch.nn.Module]
    low, high : float
    inverse : callable or None
        Function of an ndarray of values within the interval, not at its ends, where
        the activation has one and bounds its values.
    """

    module: type[nn.Module]
    low: float = -inf
    high: float = inf
    inverse: Callable | None = None

    @property
    def is_bounded(self):
        """Whether the activation leaves some real numbers out of its range."""
        return self.low > -inf or self.high < inf


def _inverse_of_softplus(y):
    return y + np.log(-np.expm1(-y))


ACTIVATIONS = {
    "elu": Activation(nn.ELU, low=-1.0),
    "exp": Activation(Exp, low=0.0, inverse=np.log),
    "gelu": Activation(nn.GELU, low=-0.17),
    "identity": Activation(nn.Identity),
    "leaky_relu": Activation(nn.LeakyReLU),
    "logistic": Activation(nn.Sigmoid, low=0.0, high=1.0, inverse=logit),
    "relu": Activation(nn.ReLU, low=0.0),
    "sigmoid": Activation(nn.Sigmoid, low=0.0, high=1.0, inverse=logit),
    "silu": Activation(nn.SiLU, low=-0.28),
    "softplus": Activation(nn.Softplus, low=0.0, inverse=_inverse_of_softplus),
    "tanh": Activation(nn.Tanh, low=-1.0, high=1.0, inverse=np.arctanh),
}


def get_activation(name):
    """Return an activation by its name.

    Parameters
    ----------
    name : str
        ``"elu"``, ``"exp"``, ``"gelu"``, ``"identity"``, ``"leaky_relu"``,
        ``"logistic"``, ``"relu"``, ``"sigmoid"``, ``"silu"``, ``"softplus"`` or
        ``"tanh"``.

    Returns
    -------
    activation : Activation
        A torch module's class as `module`, the interval of its values as `low` and
        `high`, and its inverse, if any.

    Raises
    ------
    UnknownNameError
        When there is no such activation; the message lists the names.

    Examples
    --------
    >>> from skae.networks import get_activation
    >>> get_activation("tanh").module, get_activation("tanh").low
    (<class 'torch.nn.modules.activation.Tanh'>, -1.0)
    """
    try:
        return ACTIVATIONS[name]
    except (KeyError, TypeError):
        raise unknown_name("activation", name, ACTIVATIONS) from None


def output_within(low, high):
    """Return the name of an activation for outputs in an interval.

    Parameters
    ----------
    low, high : float
        The whole line, from 0 on, or [0, 1].

    Returns
    -------
    name : str

    Examples
    --------
    >>> output_within(0.0, inf)
    'exp'
    """
    if high < inf:
        return "sigmoid"
    return "exp" if low > -inf else "identity"
