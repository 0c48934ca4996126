"""Methods of autoencoders with a distribution over codes."""

import math
from copy import copy
from numbers import Integral

import numpy as np
import torch
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.utils import check_random_state, check_scalar
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skae._notices import warn
from skae.autoencoders._diagnosis import Diagnosis, log_likelihood_of_linear
from skae.autoencoders._impute import MultipleImputationMixin
from skae.exceptions import CollapseWarning
from skae.information import information_rate
from skae.networks import NETWORKS, DenseNetwork
from skae.networks._activations import output_within
from skae.networks._linear_gaussian import variance_of_start
from skae.objectives import (
    KLDivergence,
    Likelihood,
    SquaredError,
    kl_to_standard_normal,
)
from skae.samplers import SAMPLERS, Sampler
from skae.training._calibration import HeldOut, Outcome, safe_gain
from skae.training._devices import as_tensor
from skae.training._inference import map_rows
from skae.training._seeding import generator_for
from skae.training._shrinkage import SHARES, n_errors_of

__all__ = ["GenerativeMixin", "network_of"]

# A unit whose mean varies less than this over the data carries nothing (Burda et al.,
# 2016, arXiv:1509.00519, appendix C).
ACTIVE_VARIANCE = 0.01
MAX_DIAGNOSTIC_ROWS = 10_000
# What the decoder's variance is estimated from.
ROWS_OF_VARIANCE, DRAWS_OF_VARIANCE, VALUES_OF_VARIANCE = 5000, 4, 2**19


def _has_distributions(model):
    return "log_var" in model._bottleneck().provides


class GenerativeMixin(MultipleImputationMixin):
    """Sampling, and for Gaussian codes likelihoods and diagnostics."""

    # The most likely variance of the decoder before the training, where a fit knows,
    # and that of the model it starts as.
    _variance_before = _variance_of_start = None

    # After the fit

    def _finish(self, X, weight=None, condition=None):
        """Fit the sampler and look at the codes of the training data."""
        super()._finish(X, weight, condition)
        self.sampler_ = self._fitted_sampler(X, weight, condition)
        most = min(MAX_DIAGNOSTIC_ROWS, getattr(X, "sample_rows", len(X)))
        step = -(-len(X) // most)
        X, condition = X[::step], None if condition is None else condition[::step]
        if _has_distributions(self):
            moments, means = self._distribution(X, condition), self.net_.module_.means
            rows = self._complete(as_tensor(X)).numpy()
            if means is not None:  # all that codes may tell of
                rows, _ = means.of_arrays(condition, rows)
            self._diagnose(*moments, rows)
        self._measure_rate(X, condition)

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
        if not _has_distributions(self):
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
        if has_variance and _has_distributions(self) and self._change is not None:
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

    def _measure_rate(self, X, condition):
        """Keep how many bits get through noise that is added to the codes."""
        noise = getattr(self.net_.module_.bottleneck, "noise", None)
        variance = getattr(noise, "noise_variance", None)
        for name in ("information_rate_", "information_rate_per_unit_"):
            vars(self).pop(name, None)
        if variance is not None and (torch.as_tensor(variance) > 0).all():
            rate = information_rate(self._codes(X, condition), variance)
            self.information_rate_ = rate.joint
            self.information_rate_per_unit_ = rate.per_unit

    def _diagnose(self, mean, log_var, X):
        kl = kl_to_standard_normal(torch.from_numpy(mean), torch.from_numpy(log_var))
        self.kl_per_unit_ = kl.mean(0).numpy()
        self.active_units_ = mean.var(axis=0) > ACTIVE_VARIANCE
        if not np.ptp(X, axis=0).any():
            return
        if text := self._collapse(X):
            warn(text, CollapseWarning, "collapse", is_of_one=True)

    def _collapse(self, X):
        """Return what is to be said of codes that tell nothing, or None."""
        if not self.active_units_.any():
            return (
                f"The posterior has collapsed: none of the {self.n_components} code "
                "units varies with the data, and all rows are reconstructed alike. "
                f"{self._collapse_cause(X)}"
            )
        is_bound = isinstance(self.net_.criterion_.reconstruction, Likelihood)
        if not is_bound or self._gain is None or self._gain > 0:
            return None
        return (
            "The codes tell nothing of new rows: the evidence lower bound of rows that "
            f"were held out is {-self._gain:.2g} nats per row below the log-likelihood "
            "of independent features with the means of the others. Take fewer units "
            f"(n_components={self.n_components} now) or more rows, or take it that "
            "the data have no low-dimensional structure."
        )

    def _collapse_cause(self, X):
        """Compare the divergence's weight with what the data could bear."""
        weight = self.history_[-1].get("kl_weight", 0.0)
        term = self.net_.criterion_.reconstruction
        is_bound = isinstance(term, Likelihood)
        if is_bound and term.noise is None:
            return (
                f"Under {type(term).__name__}, no code was worth the KL divergence, "
                f"which weighs {weight:g} (beta): lower beta, raise free_bits, or take "
                "it that the data have no low-dimensional structure."
            )
        largest = (_largest_beta if is_bound else _largest_bearable_weight)(X)
        if weight > largest and is_bound:
            return (
                f"The KL divergence weighs {weight:g} (beta), and the largest variance "
                f"of a direction is {largest:.3g} times the mean of the others, the "
                "noise: no direction bears a larger weight. Lower beta, raise "
                "free_bits, or take it that the data have no low-dimensional structure."
            )
        if weight > largest:
            return (
                f"The KL divergence weighs {weight:g} (beta), and with a squared "
                "error, a mean over features, no direction of these data is worth more "
                f"than {largest:.2g}: lower beta well below that, or raise free_bits."
            )
        return (
            f"The weight of the KL divergence, {weight:g}, does not explain it: train "
            f"longer (max_epochs={self.n_iter_} now) or faster "
            f"(learning_rate={self.net_.lr:g})."
        )

    def _fitted_sampler(self, X, weight, condition):
        sampler = self._new_sampler()
        if _is_prior(sampler):
            return sampler.fit(np.zeros((2, self.n_components)))
        return sampler.fit(self._codes_to_imitate(X, weight, condition))

    def _new_sampler(self):
        """Return a sampler to fit, which draws by our seed unless it has its own."""
        sampler = copy(SAMPLERS.resolve(self.sampler))
        if getattr(sampler, "random_state", self._seed) is None:
            sampler.random_state = self._seed
        return sampler

    def _codes_to_imitate(self, X, weight, condition):
        Z = self._codes(X, condition).astype(
            np.float64
        )  # for covariances of thin codes
        if weight is not None:  # which mixtures do not take
            rng = np.random.RandomState(self._seed)
            Z = Z[rng.choice(len(Z), len(Z), p=weight / weight.sum())]
        return Z if len(Z) > 1 else np.repeat(Z, 2, 0)

    # Generation

    def sample(self, n_samples=1, random_state=None, *, noise=False, condition=None):
        """Generate rows: codes from the sampler, decoded.

        Parameters
        ----------
        n_samples : int, default=1
            How many.
        random_state : int, RandomState instance or None, default=None
            Source of the draws.
        noise : bool, default=False
            Whether to draw rows from the decoder's density, a likelihood, rather than
            to return what codes stand for, its mean: `decoder_variance_` is that of
            the noise.
        condition : array-like or scalar, default=None
            What the rows are to be like, one value for each or for all, where the
            model was fitted with a condition.

        Returns
        -------
        X : ndarray of shape (n_samples, ...)

        Raises
        ------
        ValueError
            When there is no density to draw from.
        """
        check_is_fitted(self)
        check_scalar(n_samples, "n_samples", Integral, min_val=1)
        if not hasattr(self, "sampler_"):
            raise ValueError(
                f"sampler={self.sampler!r} is fitted to codes by fit, not by "
                "partial_fit: call fit, or use sampler='prior'."
            )
        rng = check_random_state(random_state)
        Z = self._draw_codes(n_samples, rng)
        X = self._decoded(Z, condition)
        if noise:
            return self._drawn_rows(self._with_noise(X, rng, "noise=True"))
        return self._given_form(X)

    def _drawn_rows(self, X):
        """Return drawn rows in the form that users have given."""
        return self._given_form(X)

    def _with_noise(self, X, rng, asked):
        """Return rows drawn from the decoder's density, given what codes stand for."""
        term = self.net_.criterion_.reconstruction
        if not (isinstance(term, Likelihood) and _has_distributions(self)):
            raise ValueError(
                f"{asked} draws from a density, and {type(term).__name__} has none "
                "here: use a likelihood, as reconstruction='gaussian'."
            )
        rows = term.draw(X.reshape(len(X), -1), self._spread_of_decoder, rng)
        return rows.reshape(X.shape).astype(X.dtype)

    @property
    def _spread_of_decoder(self):
        """What the decoder's density has besides its mean, or None."""
        dispersion = getattr(self, "decoder_dispersion_", None)
        return getattr(self, "decoder_variance_", dispersion)

    def _start(self, data, rows):
        super()._start(data, rows)
        vars(self).pop("sampler_", None)
        # An unknown name is told here, before the training.
        if _is_prior(self._new_sampler()):
            self.sampler_ = self._fitted_sampler(data.X, None, None)

    def _draw_codes(self, n_samples, rng):
        sampler = copy(self.sampler_)
        sampler.random_state = rng
        Z = sampler.sample(n_samples)
        if not isinstance(sampler, Sampler):
            Z = Z[0] if isinstance(Z, tuple) else Z  # mixtures tell the modes too
            Z = rng.permutation(Z)  # mixtures sort by mode
        return Z.astype(
            next(self.net_.module_.parameters()).detach().cpu().numpy().dtype
        )

    # Codes

    def transform_sample(self, X, random_state=None, *, condition=None):
        """Return codes as training draws them: with the bottleneck's noise.

        Parameters
        ----------
        X : array-like like in `fit`
        random_state : int, RandomState instance or None, default=None
            Source of the draws.
        condition : array-like or scalar, default=None
            The rows' condition, one value for each or for all, where the model was
            fitted with one.

        Returns
        -------
        Z : ndarray of shape (n_samples, n_components)
        """
        check_is_fitted(self)
        X = self._check_X(X, reset=False)
        condition = self._given_condition(condition, len(X))
        module, generator = self.net_.module_, self._generator(random_state)
        return self._map(
            lambda x, c: module.encode(x, generator, c).sample, X, condition
        )

    @available_if(_has_distributions)
    def transform_distribution(self, X, *, condition=None):
        """Return the distribution of every row's code.

        Parameters
        ----------
        X : array-like like in `fit`
        condition : array-like or scalar, default=None
            The rows' condition, one value for each or for all, where the model was
            fitted with one.

        Returns
        -------
        mean, log_var : ndarray of shape (n_samples, n_components)
            Means, which `transform` returns too, and logarithms of the variances.
        """
        check_is_fitted(self)
        X = self._check_X(X, reset=False)
        return self._distribution(X, self._given_condition(condition, len(X)))

    def _distribution(self, X, condition=None):
        module = self.net_.module_

        def moments(x, condition):
            latent = module.encode(x, None, condition)
            return torch.cat([latent.mean, latent.log_var], dim=-1)

        both = self._map(moments, X, condition)
        return both[:, : self.n_components], both[:, self.n_components :]

    # Likelihoods

    @available_if(_has_distributions)
    def elbo(
        self,
        X,
        *,
        n_draws=16,
        decoder_variance=None,
        random_state=0,
        condition=None,
    ):
        """Return the evidence lower bound of every row, in nats.

        ``E_q[log p(x | z)] - KL(q(z | x) || N(0, I))``, summed over features and
        units: the bound itself, whatever weights were trained with. The divergence
        is exact, the expectation a mean over draws.

        Parameters
        ----------
        X : array-like like in `fit`
        n_draws : int, default=16
            Draws per row for the expectation.
        decoder_variance : float or None, default=None
            Variance of the normal decoder, with a squared error; by default its
            maximum-likelihood estimate, the final training error.
        random_state : int, RandomState instance or None, default=0
            Source of the draws.
        condition : array-like or scalar, default=None
            The rows' condition, one value for each or for all, where the model was
            fitted with one.

        Returns
        -------
        bounds : ndarray of shape (n_samples,)
        """
        log_p, _, kl = self._draws(
            X, n_draws, decoder_variance, random_state, condition
        )
        return log_p.mean(axis=0) - kl

    @available_if(_has_distributions)
    def log_likelihood(
        self,
        X,
        *,
        n_draws=64,
        decoder_variance=None,
        random_state=0,
        condition=None,
    ):
        """Return an importance-weighted estimate of ``log p(x)`` of every row, in nats.

        ``log mean_s p(x | z_s) p(z_s) / q(z_s | x)``: in expectation a lower bound that
        tightens with the number of draws (Burda et al., 2016, arXiv:1509.00519), and
        equal to `elbo` in expectation with one.

        Parameters
        ----------
        X : array-like like in `fit`
        n_draws : int, default=64
            Draws per row.
        decoder_variance : float or None, default=None
            As for `elbo`.
        random_state : int, RandomState instance or None, default=0
            Source of the draws.
        condition : array-like or scalar, default=None
            The rows' condition, one value for each or for all, where the model was
            fitted with one.

        Returns
        -------
        log_likelihoods : ndarray of shape (n_samples,)
        """
        log_p, log_ratio, _ = self._draws(
            X, n_draws, decoder_variance, random_state, condition
        )
        log_weights = torch.from_numpy(log_p + log_ratio)
        return (log_weights.logsumexp(0) - math.log(n_draws)).numpy()

    @available_if(_has_distributions)
    def diagnose(self, X, *, n_draws=16, random_state=0, condition=None):
        """Return what is to be said of the fit, given some rows: training or new ones.

        Parameters
        ----------
        X : array-like like in `fit`
        n_draws : int, default=16
            Draws per row for the bound.
        random_state : int, RandomState instance or None, default=0
            Source of the draws.
        condition : array-like, label or None, default=None
            As for `transform`.

        Returns
        -------
        diagnosis : Diagnosis
            A named tuple: `bound` and `linear`, the log-likelihood of probabilistic PCA
            of as many units fitted to these very rows, in nats per row; `active`, the
            number of active units, of `n_components`; `nats`, what a code says of its
            row; `dispersion`, squared errors over the decoder's variance. Printed, it
            is in words.

        Examples
        --------
        >>> from sklearn.datasets import load_wine
        >>> from sklearn.preprocessing import StandardScaler
        >>> from skae import VAE
        >>> X = StandardScaler().fit_transform(load_wine().data)
        >>> print(VAE(3, random_state=0).fit(X).diagnose(X))  # doctest: +ELLIPSIS
        Evidence lower bound: -1... nats per row, above the -15... of a linear model...
        3 of 3 units are active; a code says 3... nats of its row.
        Squared errors are 0... times the decoder's variance: ...
        """
        draws = {"n_draws": n_draws, "random_state": random_state}
        bound = float(self.elbo(X, condition=condition, **draws).mean())
        mean, log_var = self.transform_distribution(X, condition=condition)
        kl = kl_to_standard_normal(torch.from_numpy(mean), torch.from_numpy(log_var))
        X = np.asarray(self._check_X(X, reset=False), dtype=np.float64)
        errors = X.reshape(len(X), -1) - self._drawn(X, random_state, condition)
        variance = getattr(self, "decoder_variance_", np.nan)
        per_feature = self.net_.module_.noise == "per_feature"
        return Diagnosis(
            bound,
            log_likelihood_of_linear(X, self.n_components, per_feature),
            int((mean.var(axis=0) > ACTIVE_VARIANCE).sum()),
            self.n_components,
            float(kl.sum(1).mean()),
            float(np.nanmean(errors**2 / variance)),
        )

    def _drawn(self, X, random_state, condition):
        """Return reconstructions of codes that are drawn, flat."""
        Z = self.transform_sample(X, random_state, condition=condition)
        Z = Z.astype(X.dtype)
        return self._decoded(Z, condition).reshape(len(X), -1)

    def _draws(self, X, n_draws, decoder_variance, random_state, condition):
        """Return ``log p(x|z)`` and ``log p(z)/q(z|x)`` of draws, and the exact KL."""
        check_is_fitted(self)
        X = self._check_X(X, reset=False)
        self._check_support(X)
        condition = self._given_condition(condition, len(X))
        if decoder_variance is None:
            decoder_variance = self._spread_of_decoder
        generator = self._generator(random_state)

        def terms(x, condition):
            return self._draw_terms(x, n_draws, decoder_variance, generator, condition)

        terms = map_rows(terms, X, self.net_.module_, condition).astype(np.float64)
        log_p, log_ratio = terms[:, :n_draws].T, terms[:, n_draws:-1].T
        return log_p, log_ratio, terms[:, -1]

    def _draw_terms(self, x, n_draws, decoder_variance, generator, condition):
        module, term = self.net_.module_, self.net_.criterion_.reconstruction
        given, event_shape = self._given_events(x), self._as_events(x).shape[1:]
        rows, log_p, log_ratio = x.flatten(1), [], []
        for _ in range(n_draws):
            latent = module.encode(given, generator, condition)
            x_hat = module.decode(latent.sample, event_shape, condition).flatten(1)
            log_p.append(term.log_likelihood(rows, x_hat, decoder_variance))
            log_ratio.append(_log_prior_over_posterior(latent))
        kl = kl_to_standard_normal(latent.mean, latent.log_var).sum(-1)
        return torch.stack([*log_p, *log_ratio, kl], dim=-1)

    def _generator(self, random_state, net=None):
        module = (net or self.net_).module_
        seed = check_random_state(random_state).randint(np.iinfo(np.int32).max)
        return generator_for(seed, device=next(module.parameters()).device)


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


def network_of(estimator):
    """Return the network of an estimator that has a dense one unless told otherwise."""
    if estimator.network is None:
        return DenseNetwork(
            estimator.hidden_layer_sizes,
            activation=estimator.activation,
            output_activation=_output_of(estimator),
            linear_path=estimator.linear_path,
        )
    network = NETWORKS.resolve(estimator.network)
    if isinstance(estimator.network, str) and hasattr(network, "linear_path"):
        network = clone(network).set_params(linear_path=estimator.linear_path)
    return network


def _output_of(estimator):
    """Return the name of the output activation; "auto" is what the term takes."""
    if estimator.output_activation != "auto":
        return estimator.output_activation
    term = estimator._term
    return "identity" if term.link() is not None else output_within(term.low, term.high)


def _is_prior(sampler):
    return not getattr(sampler, "needs_codes", True)


def _log_prior_over_posterior(latent):
    """Return ``log N(z; 0, I) - log N(z; mean, exp(log_var))`` of the samples."""
    z, mean, log_var = latent.sample, latent.mean, latent.log_var
    deviation = (z - mean).square() * (-log_var).exp()
    return 0.5 * (deviation + log_var - z.square()).sum(-1)


def _largest_beta(X):
    """Return the largest variance of a direction over the mean of the others.

    With a normal likelihood a linear VAE keeps directions whose variance is above beta
    times that of the noise.
    """
    X = np.nan_to_num(X.reshape(len(X), -1).astype(np.float64))
    largest = PCA(1, random_state=0).fit(X).explained_variance_[0]
    rest = X.var(axis=0, ddof=1).sum() - largest
    return largest * max(1, X.shape[1] - 1) / max(rest, 1e-10 * largest)


def _largest_bearable_weight(X):
    """Return twice the share of the variance per feature that one direction has.

    A linear VAE whose decoder has the variance v keeps the directions of larger
    variance (Lucas et al., 2019, arXiv:1911.02469), and the mean over features makes
    v of a weight beta ``n_features * beta / 2``.
    """
    X = np.nan_to_num(X.reshape(len(X), -1))
    return 2 * PCA(1, random_state=0).fit(X).explained_variance_[0] / X.shape[1]
