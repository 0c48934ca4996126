"""The net of a fit: built of the parts, with the weights that it starts from."""

from math import prod

import torch

from skae.networks import AutoencoderModule
from skae.networks._conditional import ConditionalMeans, ConditionalScales
from skae.networks._indicator import MissingIndicator, shape_beside
from skae.training._devices import as_tensor
from skae.training._missing import feature_means, filled
from skae.training._net import AutoencoderNet
from skae.training._optimizers import get_optimizer
from skae.training._seeding import global_seed

__all__ = ["BuildingMixin"]


class BuildingMixin:
    """Construction of `net_` from parts, and what its initial weights take from rows.

    Weights are drawn by the seed of the fit; rows then give those that principal
    components, means of conditions and dispersions are made of.
    """

    def _build_net(self, event_shape, dtype, device):
        """Build `net_`, with random weights: a function of parameters and `_seed`."""
        bottleneck = self._bottleneck()
        criterion = self._objective().build(bottleneck)
        module = self._build_module(event_shape, bottleneck).to(dtype)
        if "log_var" in bottleneck.provides:
            module.noise = getattr(criterion.reconstruction, "noise", None)
        optimizer, settings = get_optimizer(self.optimizer, self.weight_decay)
        self.net_ = AutoencoderNet(
            module,
            criterion,
            seed=self._seed,
            dtype=dtype,
            device=str(device),
            keeps_ends=self._network().takes_missing_ends,
            optimizer=optimizer,
            **{f"optimizer__{name}": value for name, value in settings.items()},
        ).initialize()

    def _build_module(self, event_shape, bottleneck):
        noise = self._input_noise()
        with global_seed(self._seed):
            n_components = int(self.n_components)  # torch takes no numpy integers
            network, bins = self._network_of_fit(), self._bins()
            encoder, decoder, n_features = self._built(network, event_shape, bins)
            middle = bottleneck.build(n_features, n_components)
            noise = None if noise is None else self._built_noise(noise, event_shape)
        n_conditions, means, scales = self._n_conditions, None, None
        if n_conditions and network.has_linear_path:
            restores = network.output_activation == "identity"
            means = ConditionalMeans(n_conditions, event_shape, restores)
        if n_conditions and "log_var" in bottleneck.provides:
            scales = ConditionalScales(n_conditions, n_components)
        return AutoencoderModule(
            encoder,
            middle,
            decoder,
            event_shape,
            input_noise=noise,
            units=network.units(event_shape),
            n_dispersions=prod(event_shape) if self._term.learns_dispersion else None,
            link=self._term.link(),
            means=means,
            scales=scales,
            indicator=MissingIndicator(event_shape) if self._tells_gaps else None,
            bins=bins,
        )

    def _built_noise(self, noise, event_shape):
        if noise.kept_weight != 1 and not self._tells_gaps:
            raise ValueError(
                f"{noise!r} weighs hidden entries apart from others, of which the "
                "encoder is not told: set missing_indicator=True, or kept_weight=1."
            )
        return noise.build(event_shape)

    def _bins(self):
        """Return the `NumberBins` that the encoder is given beside events, if any.

        These have to be vectors, with an indicator of missing entries.
        """
        return None

    def _built(self, network, event_shape, bins):
        """Return encoder and decoder, and how many features codes are made of.

        The decoder is given a condition beside the code, the encoder beside an event
        that is a vector. Of other events, the condition is a feature beside those of
        the encoder. The encoder is also given any indicator of missing entries, and any
        bins of numbers.
        """
        n_conditions, n_components = self._n_conditions, int(self.n_components)
        encoder, decoder = network.build(event_shape, n_components + n_conditions)
        is_vector, n_beside = len(event_shape) == 1, n_conditions
        shape = shape_beside(event_shape) if self._tells_gaps else event_shape
        if is_vector:
            n_binned = 0 if bins is None else bins.n_features
            shape, n_beside = (shape[0] + n_binned + n_conditions,), 0
        if shape != tuple(event_shape):
            encoder, _ = network.build(shape, n_components)
        return encoder, decoder, encoder.out_features + n_beside

    def _initialize(self, events, targets, conditions):
        """Set the weights that depend on the data, given a sample of it."""
        network, module = self._network_of_fit(), self.net_.module_
        residuals = events
        if module.means is not None:
            module.means.fit(conditions, events, targets)
            residuals, targets = module.means.of_arrays(conditions, events, targets)
        network.initialize(module, residuals, self._seed)
        if targets is not None:
            network.aim(module, residuals, targets)
        if module.means is not None and module.scales is not None:
            module.fit_scales(
                *(
                    as_tensor(part).to(self.net_.device, self.net_.dtype)
                    for part in (events, conditions)
                )
            )

    def _fit_indicator(self, events, end_early):
        """Let the encoder be told of gaps where some events, or noise, have any."""
        net, indicator = self.net_, self.net_.module_.indicator
        if indicator is None:
            return
        x = as_tensor(events)
        gaps = x.isnan() & ~net.filled(x, end_early).isnan()
        gaps |= getattr(net.module_.input_noise, "hides", False)
        indicator.fit(net.means_, gaps.any((0, 1) if x.ndim == 3 else 0))
        if net.module_.bins is not None:
            net.module_.bins.fit(events)

    def _start_dispersion(self, events):
        """Let what a likelihood learns start from the estimate around the means."""
        module, term = self.net_.module_, self.net_.criterion_.reconstruction
        if term.learns_dispersion:
            x = torch.from_numpy(events).flatten(1).double()
            present, mean = x.isfinite().double(), x.nanmean(0).nan_to_num()
            variance = term.variance(x.nan_to_num(), mean.expand_as(x), present)
            module.start_dispersion(variance)

    def _completed(self, events, end_early):
        """Return events with means where entries are missing."""
        x, means = torch.from_numpy(events), feature_means(events)
        keeps_ends = self.net_.keeps_ends and end_early
        return filled(x, means, keeps_ends=keeps_ends).numpy()
