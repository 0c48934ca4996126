"""Output layers moved back toward where a training has started."""

import numpy as np
import torch

from skae.training._budget import first_of_about_the_best, standard_error

__all__ = [
    "SHARES",
    "Shrinkage",
    "is_sure",
    "n_errors_of",
    "share_to_keep",
    "units_of_blocks",
]

# Of what training changes; without any, the linear model that it has started from.
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
# By how many standard errors losses of held-out rows may exceed those of the best share
# for a smaller one. Blocks of a series differ by more than random rows do.
N_ERRORS, N_ERRORS_OF_BLOCKS = 1.0, 2.0
# A gain of so many times as many needs no share.
N_TIMES_SURE = 3.0


def n_errors_of(of_blocks):
    """Return by how many standard errors a larger share is to do better."""
    return N_ERRORS_OF_BLOCKS if of_blocks else N_ERRORS


def units_of_blocks(before):
    """Return what losses of blocks are counted in: those before the training.

    Blocks of a series that grows, or swings ever more widely, differ in scale, and the
    largest would decide alone.

    Parameters
    ----------
    before : ndarray
    """
    return np.where(before > 0, before, 1.0)


def share_to_keep(losses, of_blocks, is_relative=False):
    """Return the smallest of `SHARES` that does about as well as the best.

    Parameters
    ----------
    losses : array-like of shape (n_trainings, n_shares)
        Of held-out rows.
    of_blocks : bool
        Whether they are blocks of rows that follow each other.
    is_relative : bool, default=False
        Whether losses are compared in units of those without any of the training, too.
        Either way a larger share has to do better by so many standard errors; the
        larger of the two is kept.

    Examples
    --------
    >>> from skae.training._shrinkage import share_to_keep
    >>> losses = [[3.0, 2.0, 1.0, 0.9, 1.2], [3.0, 2.1, 1.1, 1.3, 1.5]]
    >>> share_to_keep(losses, of_blocks=False)
    0.5
    """
    losses, n_errors = np.asarray(losses), n_errors_of(of_blocks)
    best = first_of_about_the_best(losses, n_errors)
    if is_relative:
        relative = losses / units_of_blocks(losses[:, :1])
        best = max(best, first_of_about_the_best(relative, n_errors))
    return SHARES[best]


def is_sure(gains, of_blocks):
    """Return whether training gains so much in all parts that it keeps all of it.

    Parameters
    ----------
    gains : ndarray of shape (n_trainings,)
        By which losses of held-out rows are smaller than before the training. A lone
        one is never sure.
    of_blocks : bool
        As for `share_to_keep`.
    """
    n_errors = N_TIMES_SURE * n_errors_of(of_blocks)
    return len(gains) > 1 and gains.mean() > n_errors * standard_error(gains)


class Shrinkage:
    """Output layers of an autoencoder with a linear path, between start and end.

    The bottleneck and the last layers of the decoder start as a linear model, in closed
    form, to which hidden layers add nothing. Training changes them by d; with a share s
    of that they are ``start + s * d``: for ``s = 0`` the linear model, for ``s = 1``
    what training has found. Hidden layers stay as they are trained, so that what the
    decoder puts out for a code is linear in s. A smaller share overfits less.

    Parameters
    ----------
    module : AutoencoderModule
        Before its training, of a network with a linear path; see `LinearPathMixin`.

    Examples
    --------
    >>> import torch
    >>> from skae.bottlenecks import PointBottleneck
    >>> from skae.networks import AutoencoderModule, DenseNetwork
    >>> from skae.training._shrinkage import Shrinkage
    >>> encoder, decoder = DenseNetwork((8,), linear_path="pca").build((5,), 2)
    >>> middle = PointBottleneck().build(encoder.out_features, 2)
    >>> module = AutoencoderModule(encoder, middle, decoder, event_shape=(5,))
    >>> bias = module.bottleneck.mean.bias.data.zero_()
    >>> shrinkage = Shrinkage(module)
    >>> bias += 1  # a training
    >>> shrinkage.keep(0.25)
    >>> bias
    tensor([0.2500, 0.2500])
    """

    def __init__(self, module):
        decoder = module.decoder
        layers = [module.bottleneck, decoder.last]
        if decoder.linear_path is not decoder.last:
            layers.append(decoder.linear_path)
        # parameters themselves, as a training may give them other memory
        self.weights = [p for layer in layers for p in layer.parameters()]
        self.start = [weight.detach().clone() for weight in self.weights]
        self.end = None

    @torch.no_grad()
    def keep(self, share):
        """Keep a share of what training has changed up to the first call."""
        if self.end is None:
            self.end = [weight.detach().clone() for weight in self.weights]
        for weight, start, end in zip(self.weights, self.start, self.end, strict=True):
            weight.copy_(torch.lerp(start, end, share))
