"""Linear maps beside an encoder and a decoder, which start as principal components."""

import numpy as np

from skae.networks._activations import get_activation
from skae.networks._linear_gaussian import start_as_linear_gaussian
from skae.networks._paths import aim_at, start_as_pca
from skae.networks._units import Units
from skae.registry import unknown_name

__all__ = ["LinearPathMixin"]

# Outputs stay so far from the ends of their range, where activations have no inverse.
MARGIN = 1e-3


class LinearPathMixin:
    """Networks with the parameters `linear_path` and `output_activation`.

    With a linear path the encoder gives the flattened event and then its features, so
    that the bottleneck's layers have a linear map of the event. The decoder has two
    layers: `linear_path`, whose first inputs are the code and whose outputs are the
    flattened event before the output's activation; and `last`, whose outputs are added
    to these. They may be one layer, which is given the code beside other features.
    """

    @property
    def has_linear_path(self):
        """Whether there is a linear path.

        Raises
        ------
        UnknownNameError
            When `linear_path` is neither None nor ``"pca"``.
        """
        if self.linear_path not in (None, "pca"):
            raise unknown_name("linear_path", self.linear_path, ["pca"])
        return self.linear_path is not None

    def units(self, event_shape):
        """Return `Units` where there is a linear path, whose start knows the data."""
        if not self.has_linear_path:
            return None
        return Units(event_shape, restores=self.output_activation == "identity")

    def initialize(self, module, events, seed):
        """Start as principal components where there is a linear path."""
        if self.has_linear_path:
            is_linear = self.output_activation == "identity" and module.link is None
            inverse = self._output(module).inverse
            per_feature = is_linear and module.noise == "per_feature"
            columns = getattr(module.link, "columns", None)
            module.units.fit(events, per_feature, columns)
            of_units = module.units.of_array(events)
            if is_linear and module.noise is not None:
                start_as_linear_gaussian(module, of_units, seed)
            else:
                with_decoder = is_linear or inverse is not None
                start_as_pca(module, of_units, seed, with_decoder=with_decoder)
                if inverse is not None:
                    self.aim(module, events, events)

    def aim(self, module, events, targets):
        """Let the linear decoder start as the regression of targets on codes.

        Where the output is bounded and has an inverse, they are what it turns into
        something like the targets.
        """
        if not self.has_linear_path:
            return
        output, units = self._output(module), module.units
        if self.output_activation == "identity" and module.link is None:
            aim_at(module, units.of_array(events), units.of_array(targets))
        elif output.inverse is not None:
            aim_at(module, units.of_array(events), _before(output, targets))

    def _output(self, module):
        """Return what makes reconstructions of the last layer, and its range."""
        return module.link or get_activation(self.output_activation)


def _before(output, targets):
    """Return values that a bounded activation turns into something like the targets.

    Their mean stands for that of the targets, which they differ from half as much where
    the range has an end: values there, as counts of zero, would be at infinity.
    """
    low, high = output.low + MARGIN, output.high - MARGIN
    mean = targets.mean(axis=0)
    is_bounded = np.isfinite(low) | np.isfinite(high)
    within = np.where(is_bounded, (targets + mean) / 2, targets)
    values, of_mean = (output.inverse(part.clip(low, high)) for part in (within, mean))
    return values - values.mean(axis=0) + of_mean
