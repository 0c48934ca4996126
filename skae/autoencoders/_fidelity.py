"""Likeness of synthetic rows of a table to real ones, and to those of a fit."""

from typing import NamedTuple

import numpy as np
from scipy.stats import ks_2samp, rankdata
from sklearn.neighbors import NearestNeighbors

from skae._tables import TableEncoder

__all__ = ["Fidelity", "fidelity"]

# Directions of a column's place in the matrix with less are none.
ROUNDING = 1e-6


class Fidelity(NamedTuple):
    """What synthetic rows have in common with real ones; its text is in words.

    Attributes
    ----------
    marginals : dict of float
        By column, how far its distribution is from the real one, in [0, 1]: the
        statistic of Kolmogorov and Smirnov for numbers, total variation for categories.
    associations : float
        Mean difference of the associations of two columns, in [0, 1].
    nearer : float
        Probability that a synthetic row is nearer to a row of the fit than a held-out
        row is: 0.5 for rows as new as those, towards 1 for copies.
    copies, copies_held_out : float
        Shares of synthetic and of held-out rows that are rows of the fit.

    Examples
    --------
    >>> from skae.autoencoders import Fidelity
    >>> print(Fidelity({"age": 0.05, "sex": 0.01}, 0.04, 0.5, 0.0, 0.0))
    Marginal distributions differ by 0.03 on average, at most by 0.05 (age).
    Associations of two columns differ by 0.04.
    A synthetic row is nearer to a row of the fit than a held-out row is with
    probability 0.50 (0.5 for new rows).
    Copies of rows of the fit: 0.0% of synthetic rows, 0.0% of held-out ones.
    """

    marginals: dict
    associations: float
    nearer: float
    copies: float
    copies_held_out: float

    def __str__(self):
        """Return the report in words."""
        worst = max(self.marginals, key=self.marginals.get)
        mean = np.mean([*self.marginals.values()])
        return "\n".join(
            [
                f"Marginal distributions differ by {mean:.2f} on average, at most by "
                f"{self.marginals[worst]:.2f} ({worst}).",
                f"Associations of two columns differ by {self.associations:.2f}.",
                f"A synthetic row is nearer to a row of the fit than a held-out row is "
                f"with probability {self.nearer:.2f} (0.5 for new rows).",
                f"Copies of rows of the fit: {self.copies:.1%} of synthetic rows, "
                f"{self.copies_held_out:.1%} of held-out ones.",
            ]
        )


def fidelity(real, synthetic, held_out):
    """Compare synthetic rows of a table with real ones.

    The association of two columns is the root of the mean squared canonical
    correlation of their numbers or one-hot columns: the absolute correlation of two
    numbers, the correlation ratio of a number and a category, Cramér's V of two
    categories. Distances are Euclidean, of columns of one variance each.

    Parameters
    ----------
    real : data frame or array-like of shape (n_samples, n_columns)
        Rows that the model was fitted to.
    synthetic : like `real`
        Rows that it has drawn.
    held_out : like `real`
        Real rows that it has not seen.

    Returns
    -------
    report : Fidelity
        A named tuple; printed, it is in words.

    Notes
    -----
    `nearer` and `copies` tell of rows that are learned by heart. They are no proof of
    privacy.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from skae.autoencoders import fidelity
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"size": rng.normal(size=300)})
    >>> X["kind"] = np.where(X["size"] > 0, "large", "small")
    >>> print(fidelity(X[:100], X[100:200], X[200:]))  # doctest: +ELLIPSIS
    Marginal distributions differ by 0.0..., at most by 0.1... (size).
    Associations of two columns differ by 0.0...
    A synthetic row is nearer to a row of the fit than a held-out row is with ...
    Copies of rows of the fit: 0.0% of synthetic rows, 0.0% of held-out ones.
    """
    encoder = TableEncoder(max_categories=None).fit(real)
    tables = [encoder.transform(part) for part in (real, synthetic, held_out)]
    blocks = [
        (column, place)
        for column, place in zip(encoder.columns_, encoder.places, strict=True)
        if column.width
    ]
    marginals = {
        column.name: _difference(*(table[:, place] for table in tables[:2]))
        for column, place in blocks
    }
    means = np.nanmean(tables[0], axis=0)
    filled = [np.where(np.isnan(table), means, table) for table in tables]
    places = [place for _, place in blocks]
    gaps = np.subtract(*(_associations(table, places) for table in filled[:2]))
    near = _nearest(filled, blocks)
    return Fidelity(
        marginals,
        float(np.abs(gaps).mean()) if len(gaps) else 0.0,
        _probability_of_less(*near),
        *(float((part < ROUNDING).mean()) for part in near),
    )


def _difference(a, b):
    """Return how far the distributions of a column are from one another."""
    a, b = (part[~np.isnan(part).any(axis=1)] for part in (a, b))
    if not len(b):
        return 1.0
    if a.shape[1] == 1:
        return float(ks_2samp(a[:, 0], b[:, 0]).statistic)
    return float(np.abs(a.mean(axis=0) - b.mean(axis=0)).sum() / 2)


def _associations(table, places):
    """Return the associations of all pairs of columns; see `fidelity`."""
    bases = [_basis(table[:, place]) for place in places]
    return np.array(
        [
            np.linalg.norm(a.T @ b) / np.sqrt(max(1, min(a.shape[1], b.shape[1])))
            for i, a in enumerate(bases)
            for b in bases[:i]
        ]
    )


def _basis(block):
    """Return an orthonormal basis of centred columns."""
    U, scales, _ = np.linalg.svd(block - block.mean(axis=0), full_matrices=False)
    return U[:, scales > ROUNDING * np.sqrt(len(block))]


def _nearest(tables, blocks):
    """Return distances of synthetic and held-out rows to the nearest row of the fit."""
    tables = [table.astype(np.float64) for table in tables]
    for column, place in blocks:
        for table in tables:
            table[:, place] /= np.sqrt(column.variance)
    search = NearestNeighbors(n_neighbors=1).fit(tables[0])
    return [search.kneighbors(table)[0][:, 0] for table in tables[1:]]


def _probability_of_less(a, b):
    """Return the probability that one of `a` is less than one of `b`, ties half."""
    ranks = rankdata(np.concatenate([a, b]))[len(a) :]
    return float((ranks.sum() - len(b) * (len(b) + 1) / 2) / (len(a) * len(b)))
