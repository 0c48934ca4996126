"""Methods of autoencoders with a distribution over codes."""

import math
from copy import copy
from numbers import Integral

import numpy as np
import torch
from sklearn.base import clone
from sklearn.utils import check_random_state, check_scalar
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skae.autoencoders._collapse import ACTIVE_VARIANCE, CollapseMixin
from skae.autoencoders._decoder_variance import (
    DecoderVarianceMixin,
    has_distributions,
)
from skae.autoencoders._diagnosis import Diagnosis, log_likelihood_of_linear
from skae.autoencoders._impute import MultipleImputationMixin
from skae.information import information_rate
from skae.networks import NETWORKS, DenseNetwork
from skae.networks._activations import output_within
from skae.objectives import Likelihood, kl_to_standard_normal
from skae.samplers import SAMPLERS, Sampler
from skae.training._devices import as_tensor
from skae.training._inference import map_rows
from skae.training._seeding import generator_for

__all__ = ["GenerativeMixin", "network_of"]

MAX_DIAGNOSTIC_ROWS = 10_000


class GenerativeMixin(DecoderVarianceMixin, CollapseMixin, MultipleImputationMixin):
    """Sampling, and for Gaussian codes likelihoods and diagnostics."""

    # After the fit

    def _finish(self, X, weight=None, condition=None):
        """Fit the sampler and look at the codes of the training data."""
        super()._finish(X, weight, condition)
        self.sampler_ = self._fitted_sampler(X, weight, condition)
        most = min(MAX_DIAGNOSTIC_ROWS, getattr(X, "sample_rows", len(X)))
        step = -(-len(X) // most)
        X, condition = X[::step], None if condition is None else condition[::step]
        if has_distributions(self):
            moments, means = self._distribution(X, condition), self.net_.module_.means
            rows = self._complete(as_tensor(X)).numpy()
            if means is not None:  # all that codes may tell of
                rows, _ = means.of_arrays(condition, rows)
            self._diagnose(*moments, rows)
        self._measure_rate(X, condition)

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
        if not (isinstance(term, Likelihood) and has_distributions(self)):
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

    @available_if(has_distributions)
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

    @available_if(has_distributions)
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

    @available_if(has_distributions)
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

    @available_if(has_distributions)
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
