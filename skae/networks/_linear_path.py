"""Linear maps beside an encoder and a decoder, which start as principal components."""

from skae.networks._linear_gaussian import start_as_linear_gaussian
from skae.networks._paths import aim_at, start_as_pca
from skae.networks._units import Units
from skae.registry import unknown_name

__all__ = ["LinearPathMixin"]


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
            is_linear = self.output_activation == "identity"
            per_feature = is_linear and module.noise == "per_feature"
            module.units.fit(events, per_feature)
            events = module.units.of_array(events)
            if is_linear and module.noise is not None:
                start_as_linear_gaussian(module, events, seed)
            else:
                start_as_pca(module, events, seed, with_decoder=is_linear)

    def aim(self, module, events, targets):
        """Let the linear decoder start as the regression of targets on codes."""
        if self.has_linear_path and self.output_activation == "identity":
            in_units = map(module.units.of_array, (events, targets))
            aim_at(module, *in_units)
