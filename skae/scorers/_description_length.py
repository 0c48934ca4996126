"""Description length: the reconstruction error weighed against the size of the code."""

from numbers import Real

import numpy as np

from skae._sklearn import Interval
from skae.scorers._base import SCORERS, Scorer

__all__ = ["DescriptionLength", "description_length"]


def description_length(unexplained, n_components, n_features, *, eps=0.02):
    """Return the description length of a row by its code and its residuals.

    ``L(k) = (D - k) / 2D * ln(D FVU / (D - k) + eps) + k / 2D * ln(D / k)`` with D
    features, k code units and the share FVU of the variance that the reconstruction
    leaves unexplained on held-out rows. It is the negative log-likelihood of a Gaussian
    whose k directions of signal share the variance D of the standardised features and
    whose D - k other directions have what is left over, per feature, relative to D
    standard normal features.

    Parameters
    ----------
    unexplained : float
        FVU, at least 0.
    n_components : int
        k, from 0 to D - 1.
    n_features : int
        D.
    eps : float, default=0.02
        Variance per feature, as a share, that is not worth a code unit. Raising it
        makes for smaller codes.

    Returns
    -------
    length : float
        In nats per feature: 0 for the mean in place of a code, but for `eps`, and
        negative for codes that save something.

    Raises
    ------
    ValueError
        When `eps` is not positive, or the code is not smaller than the row.

    Examples
    --------
    >>> from skae.scorers._description_length import description_length
    >>> description_length(0.1, n_components=2, n_features=10)
    -0.61
    >>> description_length(0.05, n_components=9, n_features=10)
    0.01
    """
    if not eps > 0:
        raise ValueError(f"eps={eps!r}: a share of the variance, it must be positive.")
    if not 0 <= n_components < n_features:
        raise ValueError(
            f"n_components={n_components!r}: a code for n_features={n_features!r} has "
            f"from 0 to {n_features - 1} units."
        )
    code = n_components / n_features
    length = (1 - code) * np.log(unexplained / (1 - code) + eps)
    return float(length - (code and code * np.log(code))) / 2


@SCORERS.register("description_length")
class DescriptionLength(Scorer):
    """Negative description length of the data by code and reconstruction.

    ``-L(k) = -(D - k) / 2D * ln(D FVU / (D - k) + eps) - k / 2D * ln(D / k)`` with k
    code units, D features and the share FVU = 1 - R2 of the variance that the
    reconstruction leaves unexplained (`Reconstruction` scores R2), see
    `description_length`. In nats per feature, from -1, its worst, to
    ``-ln(eps) / 2``, about 2: 0 for a code no better than the mean, and for one so
    large that it saves nothing. Codes that are no smaller than the row, k >= D, score
    worst.

    How many code units pay for themselves? Other than the reconstruction error, it
    turns down once further units explain no more than noise: take its maximum.

    **Conventions.** FVU is over all features together as the autoencoder sees them, so
    standardise them by a step before it: features of larger scale count for more. D is
    the number of features that vary among the scored rows; for sequences and windows,
    time steps times channels. Compare scores on the same rows only.

    It misleads where the autoencoder is trained too little, as it then says what the
    network needs, not the data; where it is highest at the largest dimension tried, try
    larger ones. It finds the dimension of a Euclidean space that the data fit into: 3
    for the surface of a sphere. Where many sizes score about the same, as for the
    digits, whose spectrum has no end, take a small one of them.

    Parameters
    ----------
    eps : float, default=0.02
        Share of the variance that is not worth a code unit; positive. Raising it
        chooses smaller codes, lowering it lets networks that have not quite learnt
        their data call the rest signal.

    References
    ----------
    M. E. Tipping, C. M. Bishop, "Probabilistic principal component analysis", J. R.
    Stat. Soc. B 61, 1999, for the Gaussian; J. Rissanen, "Modeling by shortest data
    description", Automatica 14, 1978.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.decomposition import PCA
    >>> from skae.scorers import DescriptionLength
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(500, 3)) @ rng.normal(size=(3, 10))
    >>> X += 0.3 * rng.normal(size=X.shape)
    >>> train, test = X[:250], X[250:]
    >>> scorer = DescriptionLength()
    >>> scores = {k: scorer(PCA(k).fit(train), test) for k in range(1, 10)}
    >>> max(scores, key=scores.get)
    3
    """

    worst = -1.0

    _parameter_constraints = {
        "eps": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(self, *, eps=0.02):
        self.eps = eps

    def _score(self, located, y):
        errors = located.errors()
        n_components = located.codes().shape[1]
        n_features = np.count_nonzero(errors.scatter)  # those that vary
        if n_components >= n_features:
            return self.worst
        unexplained = 1 - errors.variance_explained()
        return -description_length(unexplained, n_components, n_features, eps=self.eps)
