"""Linear Gaussian models, which variational autoencoders start as."""

import numpy as np
import torch

from skae.networks._components import MAX_ROWS, principal_components
from skae.networks._factor_analysis import TINY, factor_analysis
from skae.networks._paths import take

__all__ = ["nats_of_start", "start_as_linear_gaussian", "variance_of_start"]


@torch.no_grad()
def start_as_linear_gaussian(module, events, seed):
    """Set the linear paths of a variational autoencoder to a linear Gaussian model.

    Of ``x ~ N(mean + V z, psi)`` with standard normal z and orthogonal ``psi^-1/2 V``
    the posterior is ``N(W (x - mean), s)`` with ``s_j = 1 / (1 + V_j' psi^-1 V_j)`` and
    ``W_j = s_j V_j' psi^-1``. It is exact, so that the evidence lower bound of a normal
    decoder is the log-likelihood. With one variance for all features that is
    probabilistic PCA (M. E. Tipping, C. M. Bishop, 1999), with one for each factor
    analysis. Units that it has no use for start as the prior.

    Parameters
    ----------
    module : AutoencoderModule
        Of a network with a linear path and a linear output, with a Gaussian bottleneck;
        its attribute `noise` is ``"shared"`` or ``"per_feature"``.
    events : ndarray of shape (n_samples, ...)
    seed : int
        Of the randomised decomposition, where scikit-learn chooses that.
    """
    X = events.reshape(len(events), -1)[:: -(-len(events) // MAX_ROWS)]
    X, bottleneck = X.astype(np.float64), module.bottleneck
    fitted = factor_analysis if module.noise == "per_feature" else _probabilistic_pca
    V, psi, mean = fitted(X, bottleneck.mean.out_features, seed)
    variances = 1 / (1 + (V**2 / psi).sum(axis=1))
    for layer in (bottleneck.mean, bottleneck.log_var):
        layer.weight.zero_()
        layer.bias.zero_()
    bottleneck.scale.fill_(1)
    bottleneck.scale[: len(V)] = torch.from_numpy(np.sqrt(variances))
    noise = np.sqrt(psi)  # of which size is what is left to learn
    module.units.weigh_outputs(noise)
    encoder = np.sqrt(variances)[:, None] * V / psi  # in units of the posterior
    take(module, encoder, mean, (V / noise).T, mean / noise)
    logs = torch.from_numpy(np.log(variances))
    bottleneck.log_var.bias[: len(logs)] = logs.to(bottleneck.log_var.bias)


def nats_of_start(module):
    """Return what codes tell of rows under a linear Gaussian start, else None.

    That is their mean divergence from the prior, ``-sum_j log(s_j) / 2`` nats.
    """
    layer = getattr(module.bottleneck, "log_var", None)
    if module.noise is None or layer is None or layer.weight.any():
        return None
    return -0.5 * layer.bias.sum().item()


def variance_of_start(module):
    """Return the variance of the noise of a linear Gaussian start, else None.

    Returns
    -------
    variance : ndarray of shape (1,) or (n_features,) or None
    """
    if nats_of_start(module) is None:
        return None
    variance = module.units.output_scale.square().flatten().numpy(force=True)
    return variance[:1] if module.noise == "shared" else variance


def _probabilistic_pca(X, n_components, seed):
    """Return loadings ``(rank, n_features)``, variances of the noise, and the mean."""
    components, scales, mean = principal_components(X, n_components, seed, TINY)
    if not len(scales):
        return components, np.ones(X.shape[1]), mean
    variances, n_others = scales**2, X.shape[1] - len(scales)
    rest = X.var(axis=0, ddof=1).sum() - variances.sum()
    # no direction is left of a whole covariance: any noise below all of them serves
    noise = rest / n_others if n_others else variances[-1] / 2
    noise = np.clip(noise, TINY * variances[0], variances[-1])
    loadings = components * np.sqrt(variances - noise)[:, None]
    return loadings, np.full(X.shape[1], noise), mean
