"""From the bottleneck's maps to the codes of many members, and their penalties."""

from functools import partial

import torch

from skae.bottlenecks import LOG_VAR_RANGE
from skae.noise import normal_like
from skae.objectives import KLDivergence, kl_to_standard_normal, masked
from skae.registry import declares
from skae.stacking.training._draws import drawn
from skae.stacking.training._noise import stack_noises

__all__ = ["stack_codes"]


class _AnyCode:
    """Codes: activation, noise or reparameterisation, and penalties.

    Codes are small, so that torch's own gradients serve here, but for plain codes
    without penalties, where there is nothing to be done, and for `_GaussianCode`.

    Made by `stack_codes`.
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


class _GaussianCode(_AnyCode):
    """Codes drawn from normal distributions, and their divergence, in few operations.

    Of outputs m and l of the maps, with the scale s and standard normal e,
    ``z = s m + exp(l / 2) e`` and ``KL = (s^2 m^2 + exp(l) - 1 - l) / 2``. A loss whose
    derivative is g by z, and c by the KL of an entry, has the gradient
    ``s (g + c s m)`` by m, and ``(g exp(l / 2) e + c (exp(l) - 1)) / 2`` by l, which is
    zero where l is clamped.
    """

    def forward(self, maps, batch, weights):
        """Return the codes to decode and raw values; see `_AnyCode.forward`."""
        mean, log_var = maps
        self._mean = mean if self.scale is None else self.scale * mean
        self._log_var = log_var.clamp(*LOG_VAR_RANGE)
        self._is_within = self._log_var == log_var
        self._share = 1 / mean.shape[1]
        if batch.weight is not None:
            self._share = (batch.weight / batch.weight.sum(1, keepdim=True))[..., None]
        kl = kl_to_standard_normal(self._mean, self._log_var)
        self._nats, self._weights = (self._share * kl).sum(1), weights
        terms = {
            name: penalty.of_nats(self._nats, self.units)
            for name, penalty in self.penalties.items()
        }
        return masked(self._drawn(batch), self.units), terms

    def _drawn(self, batch):
        self._std, self._deviation = (0.5 * self._log_var).exp(), None
        if batch.generators is None:
            return self._mean
        self._deviation = self._std * drawn(normal_like, self._mean, batch, self.shapes)
        return self._mean + self._deviation

    def backward(self, g):
        """Return the gradients of the maps' outputs, given that of the codes."""
        slopes = sum(
            self._weights[name][:, None] * penalty.slopes(self._nats, self.units)
            for name, penalty in self.penalties.items()
        )
        cost = self._share * slopes[:, None]
        of_mean = torch.addcmul(g, cost, self._mean)
        if self.scale is not None:
            of_mean.mul_(self.scale)
        of_log_var = cost * (self._std.square() - 1)
        if self._deviation is not None:
            of_log_var.addcmul_(g, self._deviation)
        return [of_mean, of_log_var.mul_(0.5 * self._is_within)]


def stack_codes(bottlenecks, penalties):
    """Return the codes of many members, in few operations where these are known.

    Parameters
    ----------
    bottlenecks : list of torch.nn.Module
        As built by a `Bottleneck`; alike but for their sizes.
    penalties : dict of str to Penalty
        Alike for all members but for their weights.
    """
    first = bottlenecks[0]
    draws = declares(first, "is_reparameterised", "forward", "latent")
    are_known = all(type(penalty) is KLDivergence for penalty in penalties.values())
    is_known = draws and first.noise is None and penalties and are_known
    return (_GaussianCode if is_known else _AnyCode)(bottlenecks, penalties)
