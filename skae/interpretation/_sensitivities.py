"""Mean derivatives of the code by every feature."""

import torch

from skae._finder import fitted_autoencoder
from skae.interpretation._names import feature_names, table
from skae.scorers import locate
from skae.training._devices import as_tensor
from skae.training._inference import slices

__all__ = ["code_sensitivities"]

_CHUNK_BYTES = 2**22


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
    return table(total / len(X), names, autoencoder.get_feature_names_out())


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
