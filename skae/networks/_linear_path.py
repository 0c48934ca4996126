"""Linear maps beside an encoder and a decoder, which start as principal components."""

import numpy as np
import torch
from sklearn.decomposition import PCA

from skae.registry import unknown_name

__all__ = ["LinearPathMixin", "aim_at", "start_as_pca"]

# More rows hardly change the components, and the start should be cheap.
MAX_ROWS = 20_000
# Directions with a smaller share of the largest variance are not worth whitening.
NEGLIGIBLE = 1e-6


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

    def initialize(self, module, events, seed):
        """Start as principal components where there is a linear path."""
        if self.has_linear_path:
            is_linear = self.output_activation == "identity"
            start_as_pca(module, events, seed, with_decoder=is_linear)

    def aim(self, module, events, targets):
        """Let the linear decoder start as the regression of targets on codes."""
        if self.has_linear_path and self.output_activation == "identity":
            aim_at(module, events, targets)


@torch.no_grad()
def start_as_pca(module, events, seed, *, with_decoder=True):
    """Set the linear paths of an autoencoder to principal components.

    ``z = (x - mean) V / s`` and ``x_hat = z s V' + mean`` with the components V and
    their standard deviations s; what other layers add to either starts at zero.
    Code units beyond the rank of the data keep their random start in the encoder.

    Parameters
    ----------
    module : AutoencoderModule
        Of a network with a linear path, see `LinearPathMixin`.
    events : ndarray of shape (n_samples, ...)
    seed : int
        Of the randomised decomposition, where scikit-learn chooses that.
    with_decoder : bool, default=True
        Whether the decoder starts linear too, which presumes a linear output.
    """
    X = events.reshape(len(events), -1)
    components, scales, mean = _principal_components(X, module.bottleneck.mean, seed)
    rank, n_features = len(scales), X.shape[1]
    encoder, decoder = module.bottleneck.mean, module.decoder.linear_path
    encoder.weight[:rank] = 0
    encoder.weight[:rank, :n_features] = _like(components / scales[:, None], encoder)
    encoder.bias[:rank] = -encoder.weight[:rank, :n_features] @ _like(mean, encoder)
    if with_decoder:
        for layer in (module.decoder.last, decoder):
            layer.weight.zero_()
            layer.bias.zero_()
        decoder.weight[:, :rank] = _like((components * scales[:, None]).T, decoder)
        decoder.bias.copy_(_like(mean, decoder))


@torch.no_grad()
def aim_at(module, events, targets):
    """Set the decoder's linear path to the least-squares map from codes to targets.

    ``x_hat = z B + c``, where codes are those of `start_as_pca`: of all linear decoders
    of principal components that is the best, whatever scale targets are on.

    Parameters
    ----------
    module : AutoencoderModule
        As `start_as_pca` leaves it.
    events, targets : ndarray of shape (n_samples, ...)
    """
    step = -(-len(events) // MAX_ROWS)
    encoder, decoder = module.bottleneck.mean, module.decoder.linear_path
    X = events[::step].reshape(-1, events[0].size).astype(np.float64)
    Y = targets[::step].reshape(-1, X.shape[1]).astype(np.float64)
    is_used = decoder.weight.abs().sum(0).numpy(force=True)[: encoder.out_features] > 0
    weight, bias = (
        p.numpy(force=True).astype(np.float64) for p in encoder.parameters()
    )
    codes = X @ weight[is_used, : X.shape[1]].T + bias[is_used]
    origin = Y.mean(axis=0)
    slopes = np.linalg.lstsq(codes - codes.mean(axis=0), Y - origin)[0]
    columns = torch.from_numpy(np.flatnonzero(is_used)).to(decoder.weight.device)
    decoder.weight[:, columns] = _like(slopes.T, decoder)
    decoder.bias.copy_(_like(origin - codes.mean(axis=0) @ slopes, decoder))


def _principal_components(X, layer, seed):
    """Return components ``(rank, n_features)``, standard deviations, and the mean."""
    X = X[:: -(-len(X) // MAX_ROWS)]
    if len(X) < 2:
        return np.zeros((0, X.shape[1])), np.zeros(0), X[0]
    # so that squares of huge values do not overflow
    unit = max(X.max(), -X.min()) or 1
    n_components = min(layer.out_features, *X.shape)
    with np.errstate(invalid="ignore", divide="ignore"):  # constant data
        pca = PCA(n_components, copy=False, random_state=seed).fit(X / unit)
    variances = pca.explained_variance_
    kept = variances > NEGLIGIBLE * variances.max()
    scales = unit * np.sqrt(variances[kept])
    return pca.components_[kept], scales, unit * pca.mean_


def _like(array, layer):
    return torch.as_tensor(np.ascontiguousarray(array)).to(layer.weight)
