"""Names of features and of code units."""

import torch

from skae._finder import find, fitted_autoencoder

__all__ = ["feature_names", "in_form", "known_names", "table"]


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
    names = known_names(estimator)
    if names is None or len(names) != shape[-1]:
        names = [f"x{column}" for column in range(shape[-1])]
    if len(shape) == 1:
        return list(names)
    return [f"{name}_t{time}" for time in range(shape[0]) for name in names]


def known_names(estimator):
    """Return the names that the autoencoder or the steps before it know, if any."""
    found = find(estimator)
    if hasattr(found.step, "feature_names_in_"):
        return found.step.feature_names_in_
    try:
        return None if found.before is None else found.before.get_feature_names_out()
    except AttributeError:  # a step that has no names for its columns
        return None


def table(values, rows, columns):
    """Return values, an array or a tensor, as a data frame."""
    import pandas as pd

    if isinstance(values, torch.Tensor):
        values = values.numpy(force=True)
    return pd.DataFrame(values, index=list(rows), columns=list(columns), copy=True)


def in_form(values, shape, names, X):
    """Return values of rows, flat ones, as a frame with the labels of `X`.

    Those of sequences and images are brought into their shape instead.
    """
    if len(shape) > 1:
        return values.reshape(len(values), *shape)
    import pandas as pd

    index = X.index if hasattr(X, "iloc") and len(X) == len(values) else None
    return pd.DataFrame(values, index=index, columns=names)
