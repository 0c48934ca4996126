"""The modules and losses of many members as one model."""

from math import prod

import torch
from torch.linalg import vector_norm

from skae.networks._bins import stack_bins
from skae.networks._indicator import stack_indicators, weights_of_hidden
from skae.stacking.layers._kinds import network_of
from skae.stacking.layers._linear import Weights
from skae.stacking.training._code import stack_codes
from skae.stacking.training._noise import stack_noises
from skae.stacking.training._reconstruction import stack_reconstruction
from skae.stacking.training._units import StackedUnits
from skae.training._missing import filled

__all__ = ["StackedModel", "Tensors"]


class Tensors:
    """All that training changes in the members' modules.

    Parameters
    ----------
    weights : Weights
    state : Weights
        What modules keep besides, as running estimates.
    """

    def __init__(self, weights, state):
        self.weights = weights
        self.state = state

    def zeros(self):
        """Return tensors of the same shapes."""
        return Tensors(self.weights.zeros(), self.state.zeros())

    def take(self, members):
        """Return the tensors of some members."""
        return Tensors(self.weights.take(members), self.state.take(members))

    def put(self, members, other):
        """Copy the tensors of some members, a list, from `other`."""
        for ours, theirs in (self.weights, other.weights), (self.state, other.state):
            if len(members) == ours.n_members:
                ours.flat.copy_(theirs.flat)
            elif members:
                ours.put(torch.tensor(members, device=ours.flat.device), theirs)


class StackedModel:
    """Networks, codes, noise and losses of many members.

    Parameters
    ----------
    members : list of Member
        Of one kind.
    dtype : torch.dtype
    device : torch.device
    """

    def __init__(self, members, dtype, device):
        modules = [member.net.module_ for member in members]
        loss = members[0].net.criterion_
        self.n_members = len(members)
        self.event_shape = event_shape = modules[0].event_shape
        self.n_features = prod(event_shape)
        self.has_missing = members[0].rows.has_missing
        self.keeps_ends = members[0].net.keeps_ends and members[0].rows.end_early
        means = torch.stack([member.net.means_ for member in members])
        shared = 2 + len(event_shape) - means.ndim  # axes of rows, and of time
        self.means = means.to(device, dtype).unflatten(0, (-1, *[1] * shared))
        self.network = network_of(modules[0])(modules)
        self.units = StackedUnits(modules, loss.reconstruction.degree, dtype, device)
        self.code = stack_codes(
            [module.bottleneck for module in modules], loss.penalties
        )
        self.noise = stack_noises(
            [module.input_noise for module in modules], [event_shape] * len(modules)
        )
        self.indicator = stack_indicators([module.indicator for module in modules])
        self.bins = stack_bins([module.bins for module in modules])
        self.noise_in_targets = modules[0].noise_in_targets
        self.hides, self.kept_weight = modules[0].hides, modules[0].kept_weight
        self.reconstruction = stack_reconstruction(
            [member.net.criterion_.reconstruction for member in members],
            modules[0],
            self.has_missing or members[0].has_weights or self.kept_weight != 1,
        )
        self.terms = ["loss", "reconstruction", *loss.penalties]
        self._load(modules, dtype, device)

    @property
    def draws(self):
        """Whether members may draw random numbers besides the order of their rows."""
        return self.noise is not None or not self.code.is_plain

    def _load(self, modules, dtype, device):
        weights = self.network.weights(dtype, device)
        shapes = [shape for noise in self._noises for shape in noise.shapes]
        tensors = Tensors(weights, Weights(shapes, len(modules), dtype, device))
        for member, module in enumerate(modules):
            for ours, stacked in self._pairs(member, module, tensors):
                stacked.copy_(ours)
        self._bind(tensors)

    def _bind(self, tensors):
        self.tensors, self.grads = tensors, tensors.weights.zeros()
        flat = tensors.weights.flat
        self.network.bind(tensors.weights, self.grads)
        parts = iter(tensors.state.parts)
        for noise in self._noises:
            noise.bind([next(parts) for _ in noise.shapes])
        self.code.bind(flat)
        self.reconstruction.bind(self.n_members, self.n_features, flat)

    @property
    def _noises(self):
        noises = (self.noise, self.code.noise)
        return [noise for noise in noises if noise is not None]

    def _pairs(self, member, module, tensors):
        """Yield a module's tensors, in part, and where they stand in stacked ones."""
        own = self.network.parameters_of(module)
        yield from self.network.pairs(member, tensors.weights, own)
        yield from self.pairs_of_state(member, module, tensors)

    def pairs_of_state(self, member, module, tensors):
        """Yield what a module keeps besides, and where it stands in stacked tensors."""
        modules = (module.input_noise, getattr(module.bottleneck, "noise", None))
        modules = [noise for noise in modules if noise is not None]
        parts = iter(tensors.state.parts)
        for noise, of_module in zip(self._noises, modules, strict=True):
            stacked = [next(parts) for _ in noise.shapes]
            yield from noise.pairs(member, stacked, of_module)

    def keep(self, kept, index):
        """Forget all but some members, whose numbers are given twice."""
        self.n_members = len(kept)
        self.means = self.means[index]
        if self.indicator is not None:
            self.indicator.keep(index)
        if self.bins is not None:
            self.bins.keep(index)
        self.network.keep(kept)
        self.units.keep(index)
        self.code.keep(kept)
        self.reconstruction.keep(kept)
        if self.noise is not None:
            self.noise.keep(kept)
        self._bind(self.tensors.take(index))

    def store(self, member, module, tensors):
        """Write what `tensors` have of a member into its module."""
        for ours, stacked in self._pairs(member, module, tensors):
            ours.copy_(stacked)

    def forward(self, x, batch, weights):
        """Return the members' terms, the loss first, ``(n_terms, n_members)``.

        Parameters
        ----------
        x : torch.Tensor of shape (n_members, n_rows, n_features)
            With NaN where entries are missing, or sequences have ended.
        batch : Batch
        weights : dict of str to torch.Tensor of shape (n_members,)
            Of the penalties.
        """
        draws_noise = batch.generators is not None
        if self.noise_in_targets and draws_noise and batch.is_training:
            x = self.noise(x, batch)
        given, gaps = self._given(x)
        weight = None
        if draws_noise and (batch.is_training or self.hides):
            given, gaps = self._noisy(given, gaps, batch)
            if self.kept_weight != 1:
                weight = weights_of_hidden(gaps, self.kept_weight)
        if not (batch.is_training or self.code.is_gaussian):
            batch = batch._replace(generators=None)
        binned = None if self.bins is None else self.bins(given, gaps)
        given = self.units.standardised(given)
        if gaps is not None:
            given = self._beside(given, gaps)
        if binned is not None:
            given = torch.cat([given, binned], dim=-1)
        maps = self.network.encode(*self._split(given))
        self._scale, of_penalties = batch.scale, self.units.of_penalties(weights)
        if batch.scale is not None:
            of_penalties = {name: batch.scale * w for name, w in of_penalties.items()}
        z, terms = self.code.forward(maps, batch, of_penalties)
        self.x_hat = x_hat = self.units.restored(self.network.decode(z))
        clean, present = self._split(x)
        if weight is not None:
            present = weight if present is None else present * weight
        loss = self.reconstruction.forward(clean, x_hat, batch, present)
        if not terms:
            return loss.expand(2, -1)
        total = loss
        for name, term in terms.items():
            total = total + weights[name] * term
        return torch.stack([total, loss, *terms.values()])

    def _given(self, x):
        """Return rows and their gaps, if told; see `AutoencoderNet.given`."""
        if not self.has_missing:
            return x, None if self.indicator is None else torch.zeros_like(x)
        events = x.unflatten(2, self.event_shape)
        whole = filled(events, self.means, keeps_ends=self.keeps_ends)
        if self.indicator is None:
            return whole.flatten(2), None
        return (part.flatten(2) for part in self.indicator.told(whole, events))

    def _noisy(self, x, gaps, batch):
        """Return rows and gaps with noise; see `AutoencoderModule.encode`."""
        if self.noise is None or self.noise_in_targets:
            return x, gaps
        if not self.hides:
            return self.noise(x, batch), gaps
        kept = self.noise(torch.ones_like(x), batch)
        parts = (part.unflatten(2, self.event_shape) for part in (x, gaps, kept))
        return (part.flatten(2) for part in self.indicator.hidden(*parts))

    def _beside(self, x, gaps):
        parts = [part.unflatten(2, self.event_shape) for part in (x, gaps)]
        return torch.cat(parts, self.indicator.axis).flatten(2)

    def _split(self, x):
        """Return finite rows, and which entries are not missing; None for all."""
        return (x.nan_to_num(), x.isfinite()) if self.has_missing else (x, None)

    def backward(self):
        """Set the gradients of the losses that `forward` returned."""
        g = self.units.backward(self.reconstruction.backward())
        if self._scale is not None:
            g = g * self._scale[:, None, None]
        g = self.network.backward_decoder(g)
        self.network.backward_encoder(self.code.backward(g))

    def clip(self, norms):
        """Scale gradients down to each member's largest norm, infinite for none."""
        of_parts = [vector_norm(part, dim=(1, 2)) for part in self.grads.parts]
        scale = norms / (vector_norm(torch.stack(of_parts), dim=0) + 1e-6)
        scale = torch.where(norms.isinf(), 1, scale.clamp_max(1))
        for part in self.grads.parts:
            part.mul_(scale[:, None, None])
