"""Activations by name, with the range of values each can produce."""

from math import inf
from typing import NamedTuple

from torch import nn

from skae.registry import unknown_name

__all__ = ["ACTIVATIONS", "Activation", "get_activation"]


class Activation(NamedTuple):
    """An element-wise module and the interval of its values.

    Attributes
    ----------
    module : type[torch.nn.Module]
    low, high : float
    """

    module: type[nn.Module]
    low: float = -inf
    high: float = inf

    @property
    def is_bounded(self):
        """Whether the activation leaves some real numbers out of its range."""
        return self.low > -inf or self.high < inf


ACTIVATIONS = {
    "elu": Activation(nn.ELU, low=-1.0),
    "gelu": Activation(nn.GELU, low=-0.17),
    "identity": Activation(nn.Identity),
    "leaky_relu": Activation(nn.LeakyReLU),
    "logistic": Activation(nn.Sigmoid, low=0.0, high=1.0),
    "relu": Activation(nn.ReLU, low=0.0),
    "sigmoid": Activation(nn.Sigmoid, low=0.0, high=1.0),
    "silu": Activation(nn.SiLU, low=-0.28),
    "softplus": Activation(nn.Softplus, low=0.0),
    "tanh": Activation(nn.Tanh, low=-1.0, high=1.0),
}


def get_activation(name):
    """Return an activation by its name.

    Parameters
    ----------
    name : str
        ``"elu"``, ``"gelu"``, ``"identity"``, ``"leaky_relu"``, ``"logistic"``,
        ``"relu"``, ``"sigmoid"``, ``"silu"``, ``"softplus"`` or ``"tanh"``.

    Returns
    -------
    activation : Activation
        A torch module's class as `module`, and the interval of its values as `low` and
        `high`.

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
