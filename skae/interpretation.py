"""Weights and sensitivities of an encoder, feature by feature.

Weights are literal and belong to the first layer only; sensitivities are derivatives of
the code, so they describe networks of any depth and kind. Both are in units of the data
as the autoencoder sees them: after a `StandardScaler`, features compare.
"""

import torch
from torch import nn

from skae._finder import find, fitted_autoencoder
from skae.scorers import locate
from skae.training._devices import as_tensor
from skae.training._inference import slices

__all__ = ["code_sensitivities", "feature_names", "first_layer_weights"]

_CHUNK_BYTES = 2**22


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
        tables.append(_table(weights.T / scale, names, units))
    if not len(hidden) or module.encoder.beside:  # features feed the code's layer
        weights = module.bottleneck.mean.weight[:, : len(names)]
        if isinstance(getattr(module.bottleneck, "scale", None), torch.Tensor):
            weights = module.bottleneck.scale[:, None] * weights
        units = autoencoder.get_feature_names_out()
        tables.append(_table(weights.T / scale, names, units))
    return tables[0].join(tables[1:])


def code_sensitivities(estimator, X, *, absolute=False, condition=None):
    """Return the mean sensitivity of the code to every feature, over the rows of `X`.

    ``S[i, j] = mean_n  d z_j / d x_i  at row n``

    of the code that `transform` returns. For a linear encoder this is its weight
    matrix, whatever the rows; for any other a summary over the rows given.

    Parameters
    ----------
    estimator : estimator
        Fitted autoencoder with any network, a pipeline with one, or a search.
    X : array-like
        Data as `estimator` takes them.
    absolute : bool, default=False
        Whether to average absolute values: how strongly a feature moves the code,
        where derivatives of both signs would cancel.
    condition : array-like or scalar, default=None
        The rows' condition, where the autoencoder was fitted with one.

    Returns
    -------
    sensitivities : pandas.DataFrame of shape (n_features, n_components)
        In units of the code per unit of the feature. Rows are the features as the
        autoencoder sees them, by name, those of sequences as ``<channel>_t<time>``;
        columns are the code units, by `get_feature_names_out`. Time steps that a
        sequence lacks at its end do not move its code, and count as zero.

    Raises
    ------
    TypeError
        When there is no fitted autoencoder.

    Notes
    -----
    The rows' derivatives are exact, by one backward pass for each code unit over a few
    megabytes of rows at a time.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skae import DenseAutoencoder
    >>> from skae.interpretation import code_sensitivities
    >>> X = load_iris(as_frame=True).data
    >>> model = DenseAutoencoder(2, random_state=0).fit(X)
    >>> code_sensitivities(model, X).abs().idxmax()["denseautoencoder0"]
    'petal length (cm)'
    """
    autoencoder = fitted_autoencoder(estimator)
    X = autoencoder._check_X(locate(estimator, X).X, reset=False)
    condition = autoencoder._given_condition(condition, len(X))
    total = _sum_of_jacobians(autoencoder, X, condition, absolute)
    names = feature_names(estimator, X.shape[1:])
    return _table(total / len(X), names, autoencoder.get_feature_names_out())


def feature_names(estimator, input_shape=None):
    """Return the names of the features that a fitted autoencoder sees.

    Parameters
    ----------
    estimator : estimator
        Fitted autoencoder, a pipeline with one, or a search.
    input_shape : tuple of int or None, default=None
        Shape of one row; that of the fit if None.

    Returns
    -------
    names : list of str
        Those of the data frame of the fit, followed through the steps before the
        autoencoder, else ``x0``, ``x1``, ... Channels of sequences are followed by
        their time: ``x0_t0``, ``x1_t0``, ...

    Examples
    --------
    >>> import numpy as np
    >>> from skae import LSTMAutoencoder
    >>> from skae.interpretation import feature_names
    >>> X = np.zeros((5, 2, 2))
    >>> feature_names(LSTMAutoencoder(1, max_epochs=1, random_state=0).fit(X))
    ['x0_t0', 'x1_t0', 'x0_t1', 'x1_t1']
    """
    autoencoder = fitted_autoencoder(estimator)
    shape = autoencoder.input_shape_ if input_shape is None else input_shape
    names = _known_names(estimator)
    if names is None or len(names) != shape[-1]:
        names = [f"x{column}" for column in range(shape[-1])]
    if len(shape) == 1:
        return list(names)
    return [f"{name}_t{time}" for time in range(shape[0]) for name in names]


# Names


def _known_names(estimator):
    """Return the names that the autoencoder or the steps before it know, if any."""
    found = find(estimator)
    if hasattr(found.step, "feature_names_in_"):
        return found.step.feature_names_in_
    try:
        return None if found.before is None else found.before.get_feature_names_out()
    except AttributeError:  # a step that has no names for its columns
        return None


# Weights


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


def _table(values, rows, columns):
    import pandas as pd

    if isinstance(values, torch.Tensor):
        values = values.numpy(force=True)
    return pd.DataFrame(values, index=list(rows), columns=list(columns), copy=True)


# Derivatives


def _sum_of_jacobians(autoencoder, X, condition, absolute):
    """Return the sum of the rows' Jacobians, ``(n_features, k)``, in float64."""
    module = autoencoder.net_.module_.eval()
    weight = next(module.parameters())
    size = max(1, _CHUNK_BYTES // max(1, X[:1].nbytes))
    total = 0.0
    for rows in slices(len(X), size):
        x, c = (
            None if part is None else as_tensor(part[rows]).to(weight)
            for part in (X, condition)
        )
        total += _jacobians_of(module, autoencoder._complete(x), c, absolute)
    return total


def _jacobians_of(module, x, condition, absolute):
    """Return the sum over rows of ``d z_j / d x_i``.

    Rows do not depend on one another, so that the gradient of a sum of codes over
    them holds every row's own. cuDNN's recurrent layers have gradients while training
    only: torch's own take their place.
    """
    x.requires_grad_()

    def total_of(z):
        (rows,) = torch.autograd.grad(z, x, retain_graph=True)
        rows = rows.flatten(1).cpu().double()  # not every device has doubles
        return (rows.abs() if absolute else rows).sum(0)

    with torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):
        codes = module.encode(x, condition=condition).mean.sum(0)
        return torch.stack([total_of(z) for z in codes], dim=1).numpy(force=True)
