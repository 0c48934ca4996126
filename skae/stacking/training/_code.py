"""From the bottleneck's maps to the codes of many members, and their penalties."""

import torch

from skae.bottlenecks import LOG_VAR_RANGE, Latent
from skae.stacking.layers._linear import mask_of
from skae.stacking.training._draws import draw, normal
from skae.stacking.training._noise import stack_noises
from skae.stacking.training._penalties import PENALTIES

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
        self.sizes = [module.mean.out_features for module in bottlenecks]
        self.is_gaussian = hasattr(bottlenecks[0], "log_var")
        self.activation = getattr(bottlenecks[0], "activation", None)
        self.width = max(self.sizes)
        noises = [getattr(module, "noise", None) for module in bottlenecks]
        self.noise = stack_noises(noises, self.sizes)
        self.penalties = penalties
        is_linear = isinstance(self.activation, torch.nn.Identity)
        self.is_plain = is_linear and self.noise is None and not penalties

    def bind(self, like):
        """Work in the dtype of a tensor, on its device."""
        self.units = mask_of(self.sizes, self.width, like)

    def keep(self, members):
        """Forget all but some members; `bind` has to follow."""
        self.sizes = [self.sizes[member] for member in members]
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
            latent = self._latent(self._leaves, batch)
            terms = self._terms(latent, batch)
            weighted = [(weights[name] * term).sum() for name, term in terms.items()]
        self._outputs = [latent.sample, *weighted]
        terms = {name: term.detach() for name, term in terms.items()}
        return latent.sample.detach(), terms

    def backward(self, g):
        """Return the gradients of the maps' outputs, given that of the codes."""
        if self.is_plain:
            return [g]
        grads = [g, *map(torch.ones_like, self._outputs[1:])]
        return torch.autograd.grad(self._outputs, self._leaves, grads)

    def _latent(self, maps, batch):
        draws = batch.generators is not None
        if self.is_gaussian:
            mean, log_var = maps[0], maps[1].clamp(*LOG_VAR_RANGE)
            noise = draw(normal, batch, self.sizes, mean) if draws else 0
            return Latent(mean, mean + (0.5 * log_var).exp() * noise, log_var)
        code = self._activated(maps[0])
        sample = code if self.noise is None or not draws else self.noise(code, batch)
        return Latent(code, sample)

    def _activated(self, x):
        # of zero some activations make something else
        return self.units * self.activation(x)

    def _terms(self, latent, batch):
        units = self.units[:, 0]
        return {
            name: PENALTIES[type(penalty)](penalty, latent, batch, units)
            for name, penalty in self.penalties.items()
        }
