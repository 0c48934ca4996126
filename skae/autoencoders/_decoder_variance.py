"""The variance of a decoder, calibrated on rows that were held out."""

import math

import numpy as np
import torch

from skae.networks._linear_gaussian import variance_of_start
from skae.objectives import (
    KLDivergence,
    Likelihood,
    SquaredError,
    kl_to_standard_normal,
)
from skae.training._calibration import HeldOut, Outcome, safe_gain
from skae.training._shrinkage import SHARES, n_errors_of

__all__ = ["DecoderVarianceMixin", "has_distributions"]

# What the decoder's variance is estimated from.
ROWS_OF_VARIANCE, DRAWS_OF_VARIANCE, VALUES_OF_VARIANCE = 5000, 4, 2**19


def has_distributions(model):
    """Return whether the codes of an autoencoder are distributions."""
    return "log_var" in model._bottleneck().provides


class DecoderVarianceMixin:
    """What a decoder has besides its weights, and how much of a training is safe."""

    # The most likely variance of the decoder before the training, where a fit knows,
    # and that of the model it starts as.
    _variance_before = _variance_of_start = None

    def _fit_decoder(self, rows):
        """Keep the variance of the decoder, where it has one.

        It is the most likely one of draws from the posterior. Where held-out rows have
        found the length of the fit, it is that of the start, as much smaller as their
        errors have become by training: what that has gained on its own rows only is no
        gain. See `safe_gain` for rows that are far from all others.
        """
        self._limit_variances(rows)
        for name in ("decoder_variance_", "decoder_dispersion_"):
            vars(self).pop(name, None)
        module, term = self.net_.module_, self.net_.criterion_.reconstruction
        if term.learns_dispersion:
            self.decoder_dispersion_ = module.dispersion[0].numpy(force=True)
            return
        if not has_distributions(self):
            return
        if isinstance(term, SquaredError):
            self.decoder_variance_ = self.history_[-1, "train_reconstruction"]
        elif isinstance(term, Likelihood):
            self._note_variance(term, self._most_likely_variance(term, rows))

    def _prepare(self, net, *args, **kwargs):
        if hasattr(net.module_.bottleneck, "keep_within"):
            net.module_.bottleneck.lift_limits()
        super()._prepare(net, *args, **kwargs)

    @torch.no_grad()
    def _limit_variances(self, rows):
        """Let variances of codes of any rows stay within those of the rows of a fit."""
        net, module = self.net_, self.net_.module_
        # with scales, codes have other variances than the bottleneck gives
        if not hasattr(module.bottleneck, "keep_within") or module.scales is not None:
            return
        x, _, _, condition = _sampled(net, rows)
        parts = torch.arange(len(x)).split(1000)
        latents = [_encoded(net, rows, x, condition, part)[0] for part in parts]
        module.bottleneck.keep_within(torch.cat([one.log_var for one in latents]))

    def _note_variance(self, term, variance):
        if variance is not None:
            n_features = math.prod(self.net_.module_.event_shape)
            variance = self._of_new_rows(term, variance, n_features)
            is_shared = len(variance) < n_features
            self.decoder_variance_ = float(variance[0]) if is_shared else variance

    def _of_new_rows(self, term, variance, n_features):
        """Return what the most likely variance is taken to be for new rows.

        That is the start's, times by what training has changed errors: of new rows, or
        of its own rows where it has lessened these less.
        """
        change, before = self._change, self._variance_before
        if before is None or not np.isfinite(change):
            return variance
        of_new, of_own = term.ratio(change, 0.0, n_features), variance / before
        optimism = max(1.0, of_new / np.exp(np.log(of_own).mean()))
        return self._variance_of_start * of_own * optimism

    def _train(self, data, rows, rows_val, length, context):
        term, self._variance_before = self.net_.criterion_.reconstruction, None
        has_variance = isinstance(term, Likelihood) and not term.learns_dispersion
        if has_variance and has_distributions(self) and self._change is not None:
            self._note_start(self._most_likely_variance(term, rows))
        super()._train(data, rows, rows_val, length, context)

    @property
    def _compares_outcomes(self):
        return variance_of_start(self.net_.module_) is not None

    def _held_out(self, kept, held_out, is_lone):
        """Return the `HeldOut` rows of a net that is to be trained, or None.

        Where no other part has them, some rows may be farther from the start than all
        that are held out.
        """
        if not self._compares_outcomes:
            return None
        term, net = self.net_.criterion_.reconstruction, self.net_
        variance = self._linear_variance(kept)
        before = self._outcome(net, held_out).double()
        density = before.log_density(term, variance)
        far, share = before.of_rows([]), 0.0
        if is_lone:
            far = self._outcome(net, kept).double()
            is_far = far.log_density(term, variance) < density.min()
            share = is_far.double().mean().item() * len(kept)
            share, far = share / (len(kept) + len(held_out)), far.of_rows(is_far)
        penalties = net.criterion_.penalties.values()
        beta = sum(p.weight for p in penalties if isinstance(p, KLDivergence))
        error = before.variance(term)
        return HeldOut(variance, error, density, before.kl, far, share, beta)

    def _linear_variance(self, rows):
        """Return the variance of the linear start, of targets where rows have some."""
        variance = variance_of_start(self.net_.module_).astype(np.float64)
        if rows.targets is not None:
            likely = self._most_likely_variance(
                self.net_.criterion_.reconstruction, rows
            )
            variance = _about(variance, likely)
        return torch.from_numpy(variance)[None]

    def _safest(self, parts, rows):
        """Return the share that is safest, and the change of losses to count on.

        See `LengthMixin`: of evidence lower bounds, all rows tell, one by one.
        """
        if parts[0].held_out is None:
            return super()._safest(parts, rows)
        term = parts[0].net.criterion_.reconstruction
        n_errors = n_errors_of(self._network().takes_sequences)
        held_out = [part.held_out for part in parts]
        found = [(0.0, 1.0, 0.0)]  # before the training
        for share in SHARES[1:]:
            outcomes = [*map(self._after, parts, rows, [share] * len(parts))]
            found.append((*safe_gain(term, held_out, outcomes, n_errors), share))
        _, ratio, share = max(found)
        n_features = math.prod(parts[0].net.module_.event_shape)
        return share, term.multiplied(0.0, ratio, n_features)

    def _after(self, part, rows, share):
        """Return the `Outcome` of rows by a part that keeps a share of its training."""
        part.shrinkage.keep(share)
        return self._outcome(part.net, rows).double()

    def _note_start(self, before):
        """Note the most likely variance before training, and that of the linear start.

        They differ by the error of a few draws, unless rounding adds to small ones.
        """
        of_start = variance_of_start(self.net_.module_)
        self._variance_before = self._variance_of_start = before
        if before is not None and of_start is not None:
            self._variance_of_start = _about(of_start, before)

    def _most_likely_variance(self, term, rows):
        """Return the variance, ``(1,)`` or ``(n_features,)``, or None."""
        variance = self._outcome(self.net_, rows).variance(term)
        return None if variance is None else variance.flatten().numpy()

    @torch.no_grad()
    def _outcome(self, net, rows):
        """Return the `Outcome` of rows, of some thousands at most."""
        generator = self._generator(self._seed, net)
        x, row_weight, target, condition = _sampled(net, rows)
        target = (x if target is None else target).flatten(1)
        drawn, kl = [], []
        numbers = torch.arange(len(x)).repeat(DRAWS_OF_VARIANCE)
        for part in numbers.split(1000):
            latent, c = _encoded(net, rows, x, condition, part, generator)
            x_hat = net.module_.decode(latent.sample, x.shape[1:], c)
            drawn.append(x_hat.flatten(1).cpu())
            kl.append(kl_to_standard_normal(latent.mean, latent.log_var).sum(-1).cpu())
        target = target.repeat(DRAWS_OF_VARIANCE, 1).to(net.dtype)
        weight, kl = target.isfinite().to(net.dtype), torch.cat(kl)[: len(x)]
        if row_weight is not None:
            weight *= row_weight.repeat(DRAWS_OF_VARIANCE)[:, None]
            kl *= row_weight
        x, x_hat = target.nan_to_num(), torch.cat(drawn)
        return Outcome(x, x_hat, weight, kl, DRAWS_OF_VARIANCE)


def _about(variance, likely):
    """Return a variance, or one nearer the likely one if that is far from it."""
    return np.clip(variance, 0.8 * likely, 1.25 * likely)


def _sampled(net, rows):
    """Return up to some thousands of rows and what is beside; see `Rows.sample`."""
    size = VALUES_OF_VARIANCE // math.prod(net.module_.event_shape)
    return rows.sample(min(ROWS_OF_VARIANCE, max(200, size)))


def _encoded(net, rows, x, condition, numbers, generator=None):
    """Return the `Latent` of some of the events sampled from rows, and conditions."""
    net._set_training(False)
    events, condition = (
        None if part is None else part[numbers].to(net.device, net.dtype)
        for part in (x, condition)
    )
    given = net.given(events, rows.end_early)
    return net.module_.encode(given, generator, condition), condition
