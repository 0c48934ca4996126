"""Dimension of codes beside that of surrogates whose units are independent."""

from numbers import Integral

import numpy as np
from sklearn.utils import check_random_state

from skae._sklearn import Interval, validate_params
from skae.information._kernels import as_samples
from skae.information._ratios import levina_bickel

__all__ = ["surrogate_dimension"]

N_NEIGHBORS, FEWEST = 20, 4


@validate_params(
    {
        "n_surrogates": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def surrogate_dimension(Z, *, n_surrogates=2, random_state=0):
    """Dimension of codes of k units, relative to codes whose units are independent.

    ``k * d(Z) / mean d(S)`` with the `levina_bickel` estimate d and surrogates S, which
    have each column of Z in an order of its own. Surrogates fill their k dimensions,
    whatever the distribution of each unit, so that what few rows, edges and heavy tails
    take from the estimate they take from both: codes that fill their space have k, and
    codes of a sphere's surface in three units have two.

    Parameters
    ----------
    Z : array-like of shape (n, k)
        Codes; units are standardised.
    n_surrogates : int, default=2
        Surrogates to take the mean of.
    random_state : int, RandomState instance or None, default=0
        Of the orders.

    Returns
    -------
    dimension : float
        In (0, k], about; k for fewer than four distinct rows, which tell nothing.

    References
    ----------
    J. Theiler et al., "Testing for nonlinearity in time series: the method of surrogate
    data", Physica D 58, 1992, for surrogates beside an estimate of the dimension.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.information import levina_bickel, surrogate_dimension
    >>> Z = np.random.default_rng(0).normal(size=(500, 10))
    >>> round(levina_bickel(Z)), round(surrogate_dimension(Z))
    (8, 10)
    >>> Z = Z[:, :3] / np.linalg.norm(Z[:, :3], axis=1, keepdims=True)
    >>> round(surrogate_dimension(Z))
    2
    """
    Z = as_samples(Z).numpy(force=True).astype(np.float64)
    spread = Z.std(axis=0)
    Z = Z / np.where(spread > 0, spread, 1)
    rng = check_random_state(random_state)
    surrogates = [
        np.stack([rng.permutation(unit) for unit in Z.T], axis=1)
        for _ in range(n_surrogates)
    ]
    n_distinct = min(len(np.unique(rows, axis=0)) for rows in (Z, *surrogates))
    if n_distinct < FEWEST:
        return float(Z.shape[1])
    own, *others = (
        levina_bickel(rows, k=min(N_NEIGHBORS, n_distinct - 1))
        for rows in (Z, *surrogates)
    )
    return float(Z.shape[1] * own / np.mean(others))
