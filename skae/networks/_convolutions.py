"""Stacks of strided convolutions and their exact mirror images, in one or two dims."""

from itertools import pairwise
from math import prod

from torch import nn

__all__ = ["Convolutions"]

STRIDE = 2
_DOWN = {1: nn.Conv1d, 2: nn.Conv2d}
_UP = {1: nn.ConvTranspose1d, 2: nn.ConvTranspose2d}


class Convolutions:
    """Shapes of events on their way through strided convolutions, and the layers.

    Parameters
    ----------
    event_shape : tuple of int
        ``(channels, height, width)``, or ``(n_timesteps, n_channels)``.
    channels : tuple of int
        Channels that the convolutions return.
    kernel_size : int

    Raises
    ------
    ValueError
        When `event_shape` has neither two nor three dimensions.

    Attributes
    ----------
    shapes : list of tuple of int
        ``(channels, *size)`` of the input and after each convolution.
    n_features : int
        Number of values after the last one.

    Examples
    --------
    >>> from skae.networks._convolutions import Convolutions
    >>> Convolutions((1, 28, 21), channels=(8, 16), kernel_size=3).shapes
    [(1, 28, 21), (8, 14, 11), (16, 7, 6)]
    >>> Convolutions((9, 2), channels=(8,), kernel_size=3).shapes
    [(2, 9), (8, 5)]
    """

    def __init__(self, event_shape, channels, kernel_size):
        self.event_shape = _checked(tuple(event_shape))
        self.kernel_size = kernel_size
        self.padding = kernel_size // 2
        is_sequence = len(event_shape) == 2
        self.shapes = [self.event_shape[::-1] if is_sequence else self.event_shape]
        for n_channels in channels:
            size = (self._halved(n) for n in self.shapes[-1][1:])
            self.shapes.append((n_channels, *size))
        self.n_features = prod(self.shapes[-1])

    def down(self, activation):
        """Return the convolutions, each with an activation after it."""
        settings = self.kernel_size, STRIDE, self.padding
        layers = []
        for large, small in pairwise(self.shapes):
            convolution = _DOWN[len(large) - 1](large[0], small[0], *settings)
            layers += [convolution, activation()]
        return nn.Sequential(*layers)

    def up(self, activation):
        """Return the transposed convolutions, each with an activation before it."""
        settings = self.kernel_size, STRIDE, self.padding
        layers = []
        for small, large in pairwise(self.shapes[::-1]):
            # The pixels that the division in `_halved` drops are put back.
            rest = [
                (n + 2 * self.padding - self.kernel_size) % STRIDE for n in large[1:]
            ]
            transposed = _UP[len(large) - 1]
            convolution = transposed(small[0], large[0], *settings, tuple(rest))
            layers += [activation(), convolution]
        return nn.Sequential(*layers)

    def _halved(self, n):
        return (n + 2 * self.padding - self.kernel_size) // STRIDE + 1


def _checked(event_shape):
    if len(event_shape) not in (2, 3):
        raise ValueError(
            f"event_shape={event_shape}: use (channels, height, width) for images or "
            "(n_timesteps, n_channels) for sequences, as the network's as_events "
            "returns them."
        )
    return event_shape
