"""Whether data, network and objective suit each other."""

from inspect import signature
from math import prod

import numpy as np

from skae._arrays import is_outside
from skae._notices import warn
from skae.autoencoders._data import SAMPLE_ROWS
from skae.autoencoders._missing import empty_features, warn_empty_features
from skae.autoencoders._rows import chunks, evenly_spaced
from skae.autoencoders._scales import warn_near_constant, warn_unequal_scales
from skae.autoencoders._support import check_support
from skae.exceptions import (
    DimensionWarning,
    IncompatiblePartsError,
    OutOfRangeWarning,
)
from skae.networks._activations import get_activation, output_within
from skae.objectives import Likelihood

__all__ = ["SuitabilityMixin"]


class SuitabilityMixin:
    """Refusals of data that an objective does not take, and warnings before a fit."""

    def _check_objective(self, data, data_val=None):
        """Refuse data, and outputs of the network, that the objective does not take."""
        self._check_output()
        if not isinstance(self._term, Likelihood):
            self._check_range(data.target)
        for part in (data, data_val):
            if part is not None:
                self._check_support(part.target)

    def _check_support(self, X):
        """Refuse values that a likelihood gives no probability."""
        if isinstance(self._term, Likelihood):
            check_support(self._term, X, getattr(self, "feature_names_in_", None))

    def _check_output(self):
        term = self._term
        output = get_activation(self._network().output_activation)
        if (link := term.link()) is not None and output.is_bounded:
            raise IncompatiblePartsError(
                f"{type(term).__name__} makes reconstructions of the network's outputs "
                f"by itself ({type(link).__name__}), and output_activation="
                f"{self._network().output_activation!r} bounds them: use 'identity'."
            )
        if link is not None:
            return
        if output.low < term.low or output.high > term.high:
            fitting = output_within(term.low, term.high)
            raise IncompatiblePartsError(
                f"{type(term).__name__} takes reconstructions in "
                f"[{term.low:g}, {term.high:g}], which output_activation="
                f"{self._network().output_activation!r} may leave: use {fitting!r}."
            )

    def _check_range(self, X):
        term = self._term
        if np.isinf(term.low) and np.isinf(term.high):
            return
        if _share_outside(X, term.low, term.high):
            raise ValueError(
                f"{type(term).__name__} takes data in [{term.low:g}, {term.high:g}], "
                f"and these reach from {np.nanmin(X)} to {np.nanmax(X)}: scale them "
                "(MinMaxScaler), or use another reconstruction term."
            )

    def _warn_out_of_range(self, X):
        name = self._network().output_activation
        activation = get_activation(name)
        if not activation.is_bounded:
            return
        outside = _share_outside(X, activation.low, activation.high)
        if outside > 0:
            share = "Less than 1%" if outside < 0.005 else f"{outside:.0%}"
            warn(
                f"{share} of the values lie outside of the range "
                f"[{activation.low:g}, {activation.high:g}] of "
                f"output_activation={name!r} and can't be reconstructed: use "
                "output_activation='identity', or scale the data into that range.",
                OutOfRangeWarning,
                name,
            )

    def _note_empty(self, data):
        """Note, and warn of, features without any value."""
        vars(self).pop("_empty", None)
        if not data.rows.source.has_missing:
            return
        is_empty = empty_features(self._as_events(evenly_spaced(data.X, SAMPLE_ROWS)))
        if is_empty.any():
            self._empty = is_empty
            names = getattr(self, "feature_names_in_", ())
            warn_empty_features(is_empty, names)

    def _warn_scales(self, X):
        term = self.net_.criterion_.reconstruction
        if getattr(term, "per_feature", False) or getattr(term, "is_discrete", False):
            return  # each on its own scale
        if np.isinf(term.low) or np.isinf(term.high):  # others take one scale only
            names = getattr(self, "feature_names_in_", ())
            sample = self._as_events(evenly_spaced(X, SAMPLE_ROWS))
            warn_unequal_scales(sample, names)
            warn_near_constant(sample, names)

    def _warn_overcomplete(self, event_shape):
        """Warn of codes that may copy the rows, since nothing keeps them from it."""
        n_features, n_components = prod(event_shape), int(self.n_components)
        default = signature(type(self)).parameters["n_components"].default
        noises = self._input_noise(), getattr(self._bottleneck(), "noise", None)
        limits = [noise for noise in noises if not getattr(noise, "in_targets", False)]
        is_kept = any(limits) or self._objective().penalties
        if n_components <= n_features or is_kept or n_components == default:
            return
        warn(
            f"n_components={n_components} is above the number of features, "
            f"{n_features}: such a code may copy rows, and compresses nothing. Lower "
            "it (skae.select_dimension finds a size), or add noise or a penalty.",
            DimensionWarning,
            "overcomplete",
            is_of_one=True,
        )


def _share_outside(X, low, high):
    """Return the share of the values of an array that lie outside of a range."""
    parts = chunks(X)
    return sum(np.sum(is_outside(part, low, high)) for part in parts) / X.size
