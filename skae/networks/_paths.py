"""Starts of linear maps beside an encoder and a decoder."""

from math import prod

import numpy as np
import torch

from skae.networks._components import MAX_ROWS, principal_components

__all__ = ["aim_at", "start_as_pca", "take"]


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
    n_components = module.bottleneck.mean.out_features
    components, scales, mean = principal_components(X, n_components, seed)
    encoder = components / scales[:, None]
    decoder = (components * scales[:, None]).T if with_decoder else None
    take(module, encoder, mean, decoder, mean)


def take(module, encoder_weight, mean, decoder_weight=None, origin=None):
    """Set linear paths to ``z = W (x - mean)`` and ``x_hat = origin + V z``.

    What other layers add starts at zero. Units beyond those given keep their start in
    the encoder, and are not seen by the decoder. Without V the decoder stays as it is.
    """
    encoder, decoder = module.bottleneck.mean, module.decoder.linear_path
    n_units, columns = len(encoder_weight), _columns(module)
    encoder.weight[:n_units] = 0
    encoder.weight[:n_units, columns] = _like(encoder_weight, encoder)
    offset = encoder.weight[:n_units, columns] @ _like(mean, encoder)
    encoder.bias[:n_units] = -offset
    if decoder_weight is not None:
        for layer in (module.decoder.last, decoder):
            layer.weight.zero_()
            layer.bias.zero_()
        decoder.weight[:, :n_units] = _like(decoder_weight, decoder)
        decoder.bias.copy_(_like(origin, decoder))


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
    codes = X @ weight[is_used][:, _columns(module)].T + bias[is_used]
    origin = Y.mean(axis=0)
    slopes = np.linalg.lstsq(codes - codes.mean(axis=0), Y - origin)[0]
    columns = torch.from_numpy(np.flatnonzero(is_used)).to(decoder.weight.device)
    decoder.weight[:, columns] = _like(slopes.T, decoder)
    decoder.bias.copy_(_like(origin - codes.mean(axis=0) @ slopes, decoder))


def _columns(module):
    """Return which inputs are the values of the flattened event.

    Others, as an indicator of missing entries, are behind; in sequences, in each step.
    """
    n_values = prod(module.event_shape)
    if module.indicator is None or len(module.event_shape) != 2:
        return slice(n_values)
    step, channel = np.divmod(np.arange(n_values), module.event_shape[1])
    return 2 * module.event_shape[1] * step + channel


def _like(array, layer):
    return torch.as_tensor(np.ascontiguousarray(array)).to(layer.weight)
