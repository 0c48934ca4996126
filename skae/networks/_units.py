"""Units of events within an autoencoder: centred, and of one scale."""

import numpy as np
import torch
from torch import nn

__all__ = ["Units"]

# Rounding of rows that were standardised beforehand, which stay as they are.
ROUNDING = 1e-6
# Few enough for a processor's nearest memory.
VALUES_AT_ONCE = 2**16


class Units(nn.Module):
    """Shift and scales between events and what an encoder and a decoder work with.

    ``u = (x - shift) / scale`` before the encoder, ``x_hat = shift + output_scale *
    u_hat`` behind the decoder: the means of features, or of the channels of sequences
    and images, and one scale for all values, the root of the mean variance of those
    that vary. One scale leaves the principal components what they are, so that a model
    of ``c * X + b`` is that of `X`. Models with noise of one variance for each feature
    do not depend on any feature's scale, and have one for each.

    Parameters
    ----------
    event_shape : tuple of int
    restores : bool, default=True
        Whether reconstructions are brought back, which an output of a bounded range is
        not to be.

    Examples
    --------
    >>> import numpy as np, torch
    >>> from skae.networks._units import Units
    >>> units = Units((2,))
    >>> units.fit(np.array([[0.0, 10.0], [2.0, 14.0]]))
    >>> units.scale**2  # the mean of the variances 1 and 4
    tensor([2.5000, 2.5000])
    >>> units.restored(units.standardised(torch.tensor([[3.0, 4.0]])))
    tensor([[3., 4.]])
    """

    def __init__(self, event_shape, restores=True):
        super().__init__()
        self.restores = restores
        self.register_buffer("shift", torch.zeros(event_shape))
        self.register_buffer("scale", torch.ones(event_shape))
        self.register_buffer("output_scale", torch.ones(event_shape))
        self.is_identity = True
        self.register_load_state_dict_post_hook(_note_identity)

    def fit(self, events, per_feature=False, columns=None):
        """Set shift and scales to those of events, an ndarray ``(n_samples, ...)``.

        With `columns`, the numbers of features that are one variable, as one-hot ones
        of a category, each variable has a scale of its own.
        """
        events = np.ascontiguousarray(events)  # sums depend on the order in memory
        with np.errstate(over="ignore", invalid="ignore"):
            mean = events.mean(axis=0, dtype=np.float64)
            variances = _variances(events, mean)
        # time steps and pixels stay comparable with one another
        places = {2: (0,), 3: (1, 2)}.get(mean.ndim, ())
        shift = np.broadcast_to(mean.mean(axis=places, keepdims=True), mean.shape)
        typical = variances[variances > 0].mean() if (variances > 0).any() else 1.0
        scale = np.full(shift.shape, np.sqrt(typical))
        if columns is not None:
            variances = _pooled(variances, columns)
        if per_feature or columns is not None:
            varies = variances > (ROUNDING * shift) ** 2
            scale[varies] = np.sqrt(variances[varies])
        is_rounding = np.abs(shift).max() < ROUNDING and np.ptp([1, *scale.flat]) < (
            ROUNDING
        )
        # values beyond all bounds are left to what tells divergence
        if not is_rounding and np.isfinite(scale).all():
            self.shift.copy_(torch.from_numpy(shift.copy()))
            self.scale.copy_(torch.from_numpy(scale))
            self.output_scale.copy_(self.scale)
        _note_identity(self)

    def weigh_outputs(self, factors):
        """Let outputs of one stand for so much in units of the encoder.

        Parameters
        ----------
        factors : ndarray of shape (n_features,)
        """
        factors = torch.from_numpy(factors).to(self.scale).reshape(self.scale.shape)
        self.output_scale.copy_(factors * self.scale)
        _note_identity(self)

    def of_array(self, events):
        """Return events, an ndarray as of `fit`, in the units of the encoder."""
        if self.is_identity:
            return events
        shift, scale = (part.numpy(force=True) for part in (self.shift, self.scale))
        of_units = events - shift
        of_units /= scale
        return of_units

    def standardised(self, x):
        """Return events in the units of the encoder."""
        # the network refuses other shapes by itself, and says what to do
        if self.is_identity or x.shape[-self.shift.ndim :] != self.shift.shape:
            return x
        return (x - self.shift) / self.scale

    def restored(self, u):
        """Return the decoder's output, flat or in the shape of an event, as events."""
        if self.is_identity or not self.restores:
            return u
        shift, scale = self.shift, self.output_scale
        if u.shape[-shift.ndim :] != shift.shape:
            shift, scale = shift.flatten(), scale.flatten()
        return torch.addcmul(shift, u, scale)


def _variances(events, mean):
    """Return the variances over the rows, without a copy of all of them."""
    n_rows = -(-VALUES_AT_ONCE // max(mean.size, 1))
    parts = (events[i : i + n_rows] for i in range(0, len(events), n_rows))
    residuals = (part - mean for part in parts)
    return sum(np.square(part, out=part).sum(axis=0) for part in residuals) / len(
        events
    )


def _pooled(variances, columns):
    """Return for each feature the sum of the variances of those of its variable."""
    starts = np.cumsum([0, *columns[:-1]])
    return np.repeat(np.add.reduceat(variances, starts), columns)


def _note_identity(units, *_):
    """Note whether nothing is to be done, which a transfer from a device would tell."""
    scales = torch.stack([units.scale, units.output_scale])
    units.is_identity = bool((scales == 1).all()) and not units.shift.any()
