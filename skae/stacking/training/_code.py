"""From the bottleneck's maps to the codes of many members, and their penalties."""

from functools import partial

import torch

from skae.noise import normal_like
from skae.objectives import masked
from skae.stacking.training._draws import drawn
from skae.stacking.training._noise import stack_noises

__all__ = ["StackedCode"]


class StackedCode:
    """Codes: activation, noise or reparameterisation, and penalties.

    Codes are small, so that torch's own gradients serve here, but for plain codes
    without penalties, where there is nothing to be done.

    Parameters
    ----------
    bottlenecks : list of torch.nn.Module
        As built by a `Bottleneck`; alike but for their sizes.
    penalties : dict of str to Penalty
        Alike for all members but for their weights.
    """

    def __init__(self, bottlenecks, penalties):
        self.bottleneck = bottlenecks[0]
        self.shapes = [(module.mean.out_features,) for module in bottlenecks]
        self.width = max(k for (k,) in self.shapes)
        noises = [getattr(module, "noise", None) for module in bottlenecks]
        self.noise = stack_noises(noises, self.shapes)
        self.penalties = penalties
        self.is_gaussian = hasattr(self.bottleneck, "log_var")
        self.scales = [getattr(module, "scale", None) for module in bottlenecks]
        activation = getattr(self.bottleneck, "activation", None)
        is_linear = isinstance(activation, torch.nn.Identity)
        self.is_plain = is_linear and self.noise is None and not penalties

    def bind(self, like):
        """Work on the device of a tensor."""
        self.units = None
        if min(k for (k,) in self.shapes) < self.width:
            sizes = torch.tensor(self.shapes, device=like.device)
            self.units = torch.arange(self.width, device=like.device) < sizes
        self.scale = None
        if self.scales[0] is not None:
            self.scale = like.new_ones(len(self.shapes), 1, self.width)
            for own, scale in zip(self.scale, self.scales, strict=True):
                own[0, : len(scale)] = scale

    def keep(self, members):
        """Forget all but some members; `bind` has to follow."""
        self.shapes = [self.shapes[member] for member in members]
        self.scales = [self.scales[member] for member in members]
        if self.noise is not None:
            self.noise.keep(members)

    def forward(self, maps, batch, weights):
        """Return the codes to decode and the penalties' raw values by name.

        Parameters
        ----------
        maps : list of torch.Tensor of shape (n_members, n_rows, k)
            Outputs of the bottleneck's linear maps.
        batch : Batch
        weights : dict of str to torch.Tensor of shape (n_members,)
            Of the penalties, for `backward`.
        """
        if self.is_plain:
            return maps[0], {}
        with torch.enable_grad():
            self._leaves = [output.detach().requires_grad_() for output in maps]
            latent = self._latent(batch)
            terms = self._terms(latent, batch)
            weighted = [(weights[name] * term).sum() for name, term in terms.items()]
            # of zero some activations make something else
            z = masked(latent.sample, self.units)
        self._outputs = [z, *weighted]
        terms = {name: term.detach() for name, term in terms.items()}
        return z.detach(), terms

    def backward(self, g):
        """Return the gradients of the maps' outputs, given that of the codes."""
        if self.is_plain:
            return [g]
        grads = [g, *map(torch.ones_like, self._outputs[1:])]
        return torch.autograd.grad(self._outputs, self._leaves, grads)

    def _latent(self, batch):
        """Return the `Latent` of the maps' outputs, as the bottleneck's `forward`."""
        maps = self._leaves
        if self.scale is not None:
            maps = [self.scale * maps[0], *maps[1:]]
        if batch.generators is None:
            return self.bottleneck.latent(maps)
        noise = self.noise and partial(self.noise, batch=batch)
        if not self.is_gaussian:
            return self.bottleneck.latent(maps, noise)
        normal = partial(drawn, normal_like, batch=batch, shapes=self.shapes)
        latent = self.bottleneck.latent(maps, normal)
        return latent._replace(sample=noise(latent.sample)) if noise else latent

    def _terms(self, latent, batch):
        generators = batch.generators if batch.is_training else None
        generators = generators or [None] * len(self.shapes)
        return {
            name: penalty(latent, generators, batch.weight, self.units)
            for name, penalty in self.penalties.items()
        }
