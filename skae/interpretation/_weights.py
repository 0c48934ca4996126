"""Weights of an encoder's first layer."""

import torch
from torch import nn

from skae._finder import fitted_autoencoder
from skae.interpretation._names import feature_names, table

__all__ = ["first_layer_weights"]


def first_layer_weights(estimator):
    """Return the weights by which an encoder's first units see the features.

    Unit j of the first hidden layer is ``activation(sum_i weight[i, j] x_i + bias_j)``.
    Where a linear path leads around the hidden layers, the code units are fed by the
    features directly too, and are further columns. Without hidden layers they are the
    only ones.

    A first layer is a choice of basis, made by the random start: refit with other
    seeds before a weight is read as a finding. Weights of hidden units say nothing of
    what later layers make of them; `code_sensitivities` does.

    Parameters
    ----------
    estimator : estimator
        Fitted autoencoder with a dense network, a pipeline with one, or a search.

    Returns
    -------
    weights : pandas.DataFrame of shape (n_features, n_units)
        Rows are the features as the autoencoder sees them, by name. Columns are
        ``hidden0``, ``hidden1``, ... and the code units, by
        `get_feature_names_out`, that features feed directly.

    Raises
    ------
    TypeError
        When the encoder is not dense, or there is no fitted autoencoder.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skae import DenseAutoencoder
    >>> from skae.interpretation import first_layer_weights
    >>> X = load_iris(as_frame=True).data
    >>> model = DenseAutoencoder(2, hidden_layer_sizes=(3,), random_state=0).fit(X)
    >>> weights = first_layer_weights(model)
    >>> weights.shape
    (4, 5)
    >>> list(weights.columns)
    ['hidden0', 'hidden1', 'hidden2', 'denseautoencoder0', 'denseautoencoder1']
    """
    autoencoder = fitted_autoencoder(estimator)
    module = autoencoder.net_.module_
    hidden = _dense_layers(module, autoencoder)
    names = feature_names(estimator)
    tables, scale = [], 1 if module.units is None else module.units.scale[:, None]
    if len(hidden):
        units = [f"hidden{unit}" for unit in range(hidden[0].out_features)]
        weights = hidden[0].weight[:, : len(names)]  # others are those of a condition
        tables.append(table(weights.T / scale, names, units))
    if not len(hidden) or module.encoder.beside:  # features feed the code's layer
        weights = module.bottleneck.mean.weight[:, : len(names)]
        if isinstance(getattr(module.bottleneck, "scale", None), torch.Tensor):
            weights = module.bottleneck.scale[:, None] * weights
        units = autoencoder.get_feature_names_out()
        tables.append(table(weights.T / scale, names, units))
    return tables[0].join(tables[1:])


def _dense_layers(module, autoencoder):
    """Return the hidden layers of a dense encoder."""
    layers = getattr(module.encoder, "layers", None)
    is_dense = isinstance(layers, nn.Sequential) and len(module.event_shape) == 1
    if is_dense and all(isinstance(layer, nn.Linear) for layer in layers[:1]):
        return layers
    raise TypeError(
        f"The encoder of {type(autoencoder).__name__} is not dense: the weights of its "
        "first layer do not belong to single features. Use code_sensitivities."
    )
