"""Tests of drift: whether new rows are like those that a model is used to."""

from dataclasses import dataclass, field
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from skae._arrays import as_numbers
from skae._finder import find
from skae._sklearn import (
    Interval,
    get_feature_names,
    num_samples,
    safe_indexing,
    validate_params,
)
from skae.information import rbf_gram, resolve_bandwidth
from skae.scorers import locate

__all__ = ["DriftResult", "drift_test"]

TINY = 1e-12


@dataclass(frozen=True)
class DriftResult:
    """Verdict of `drift_test`; printed, a table of it.

    Attributes
    ----------
    p_value : float
        Of all tests together: at most `level` with that probability where there is no
        drift.
    p_values : dict of float
        Of each test by itself: ``"errors"``, ``"codes"``, ``"residuals"`` and
        ``"features"``.
    features : list of str
        Names of the features.
    feature_p_values : ndarray of shape (n_features,)
        Adjusted for the number of features: a feature that has not moved is below
        `level` with that probability, whichever others are looked at and have moved.
    n_reference, n_new : int
        Rows that were compared.

    Examples
    --------
    >>> from skae.anomalies import DriftResult
    >>> print(DriftResult(0.002, {"errors": 0.001}, ["age"], [0.03], 100, 50))
    drift of 50 rows from 100: p = 0.002
      errors     p = 0.001
    features that moved (adjusted p at most 0.05)
      age        p = 0.03
    """

    p_value: float
    p_values: dict
    features: list
    feature_p_values: Any = field(repr=False)
    n_reference: int
    n_new: int

    def moved(self, level=0.05):
        """Return names and adjusted p-values of features that moved, the surest first.

        Parameters
        ----------
        level : float, default=0.05
            Largest adjusted p-value.

        Returns
        -------
        moved : dict of float
        """
        pairs = zip(self.features, map(float, self.feature_p_values), strict=True)
        return dict(sorted((p for p in pairs if p[1] <= level), key=lambda p: p[1]))

    def __str__(self):
        moved = self.moved()
        rows = f"{self.n_new} rows from {self.n_reference}"
        lines = [f"drift of {rows}: p = {self.p_value:.3g}"]
        lines += [f"  {name:10} p = {p:.3g}" for name, p in self.p_values.items()]
        lines += ["features that moved (adjusted p at most 0.05)"] * bool(moved)
        lines += [f"  {name:10} p = {p:.3g}" for name, p in moved.items()]
        return "\n".join(lines)


@validate_params(
    {
        "model": "no_validation",
        "X_reference": "no_validation",
        "X_new": "no_validation",
        "n_permutations": [Interval(Integral, 19, None, closed="left")],
        "max_rows": [Interval(Integral, 2, None, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def drift_test(
    model, X_reference, X_new, *, n_permutations=499, max_rows=1000, random_state=0
):
    """Test whether new rows have another distribution, as a model sees them.

    Four statistics compare the two samples:

    - ``"errors"``: the Kolmogorov-Smirnov distance of the rows' squared errors.
    - ``"codes"``: the squared maximum mean discrepancy of the codes, with a Gaussian
      kernel of the median distance.
    - ``"residuals"``: that of rows minus reconstructions, each feature standardised.
    - ``"features"``: the largest difference of means, in standard errors, of any
      feature, its residual and the residual's square.

    Their p-values come from permutations of the rows, and so does that of the sum of
    their logarithms (Fisher's combination): the whole has the size that it says,
    however much the statistics depend on each other.

    Parameters
    ----------
    model : estimator
        Fitted: an autoencoder, PCA, a pipeline with one, or a `ReconstructionDetector`.
    X_reference : array-like
        Usual rows that the model was **not** trained on: errors of training rows are
        too small, which looks like drift.
    X_new : array-like
        The rows in question. Windows that overlap depend on each other, and make
        p-values too small: take those that do not.
    n_permutations : int, default=499
        The smallest p-value is ``1 / (n_permutations + 1)``.
    max_rows : int, default=1000
        Of each sample, so many are drawn: time and memory grow with their square.
    random_state : int, RandomState instance or None, default=0
        Of the permutations, and of what is drawn.

    Returns
    -------
    result : DriftResult

    Raises
    ------
    ValueError
        When a sample has fewer than two rows.

    References
    ----------
    Gretton et al. (2012), "A kernel two-sample test", JMLR 13. Westfall & Young (1993),
    "Resampling-based multiple testing", for features. Pesarin (2001), "Multivariate
    permutation tests", for the combination.
    Rabanser, Guennemann & Lipton (2019), "Failing loudly", arXiv:1810.11953.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.decomposition import PCA
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skae.anomalies import drift_test
    >>> X = np.random.default_rng(0).permutation(load_wine().data)
    >>> model = make_pipeline(StandardScaler(), PCA(3)).fit(X[:78])
    >>> drift_test(model, X[78:128], X[128:]).p_value > 0.05
    True
    >>> X[128:, 9] *= 1.5  # the colour
    >>> next(iter(drift_test(model, X[78:128], X[128:]).moved()))
    '9'
    """
    rng = check_random_state(random_state)
    model = getattr(model, "estimator_", model)
    samples = [_drawn(X, max_rows, rng) for X in (X_reference, X_new)]
    n, m = map(num_samples, samples)
    if min(n, m) < 2:
        raise ValueError(f"drift_test compares {n} with {m} rows: give two or more.")
    views = [_views(model, X) for X in samples]
    rows, errors, codes = (np.concatenate(pair) for pair in zip(*views, strict=True))
    is_new = _labels(n, m, n_permutations, rng)
    of_features = _mean_differences(rows, errors, is_new)
    statistics = {
        "errors": _ks_distances(np.nanmean(errors**2, axis=1), is_new),
        "codes": _discrepancies(_standardized(codes), is_new),
        "residuals": _discrepancies(_standardized(errors), is_new),
        "features": of_features.max(axis=1),
    }
    p_values = np.array([_ranked(s) for s in statistics.values()])
    return DriftResult(
        float(_ranked(-np.log(p_values).sum(axis=0))[0]),
        {name: float(p[0]) for name, p in zip(statistics, p_values, strict=True)},
        _names(model, X_reference, rows.shape[1]),
        np.mean(of_features.max(axis=1)[:, None] >= of_features[0], axis=0),
        n,
        m,
    )


def _drawn(X, max_rows, rng):
    """Return so many rows at most."""
    n = num_samples(X)
    return X if n <= max_rows else safe_indexing(X, rng.permutation(n)[:max_rows])


def _views(model, X):
    """Return rows as the autoencoder sees them, their errors, and their codes."""
    located = locate(model, X)
    rows = np.asarray(as_numbers(located.X), dtype=np.float64)
    errors = rows - np.asarray(located.reconstruct()).reshape(rows.shape)
    return rows.reshape(len(rows), -1), errors.reshape(len(rows), -1), located.codes()


def _names(model, X, n_features):
    """Return the names of features as the model sees them, numbers for want of any."""
    before, names = find(model).before, get_feature_names(X)
    if before is not None and names is not None:
        try:
            names = before.get_feature_names_out(names)
        except (AttributeError, ValueError):
            names = None
    if names is None or len(names) != n_features:
        names = range(n_features)
    return list(map(str, names))


def _labels(n, m, n_permutations, rng):
    """Return which rows are new: as it is, and in each permutation."""
    is_new = np.zeros((1 + n_permutations, n + m))
    is_new[0, n:] = 1
    for row in is_new[1:]:
        row[rng.permutation(n + m)[:m]] = 1
    return is_new


def _ranked(statistics):
    """Return the p-value of each among all, itself among them."""
    ordered = np.sort(statistics)
    n_below = np.searchsorted(ordered, statistics - TINY, side="left")
    return (len(ordered) - n_below) / len(ordered)


def _standardized(values):
    """Return columns centred and of unit spread, zero where a value is missing."""
    values = np.asarray(values, dtype=np.float64)
    deviations = values - np.nanmean(values, axis=0)
    return np.nan_to_num(deviations / (np.nanstd(values, axis=0) + TINY))


def _ks_distances(values, is_new):
    order = np.argsort(values)
    m = is_new[0].sum()
    n = is_new.shape[1] - m
    of_new = np.cumsum(is_new[:, order], axis=1)
    of_old = np.arange(1, n + m + 1) - of_new
    is_last = np.append(np.diff(values[order]) > 0, True)  # of those that are equal
    return np.abs(of_new / m - of_old / n)[:, is_last].max(axis=1)


def _discrepancies(values, is_new):
    """Return squared maximum mean discrepancies, without the terms of single rows."""
    gram = rbf_gram(values, bandwidth=resolve_bandwidth(values, "median"))
    gram = gram.fill_diagonal_(0).numpy()
    m = is_new[0].sum()
    n = is_new.shape[1] - m
    with_new = is_new @ gram
    total, of_new = gram.sum(), np.einsum("ij,ij->i", with_new, is_new)
    between = with_new.sum(axis=1) - of_new
    of_old = total - of_new - 2 * between
    return of_new / (m * (m - 1)) + of_old / (n * (n - 1)) - 2 * between / (n * m)


def _mean_differences(rows, errors, is_new):
    """Return the largest difference in standard errors, by permutation and feature."""
    m = is_new[0].sum()
    n = is_new.shape[1] - m
    columns = [_standardized(each) for each in (rows, errors, errors**2)]
    # centred, so that the sum over the others is the negative of that over the new
    sums = np.max([np.abs(is_new @ each) for each in columns], axis=0)
    return sums * np.sqrt(1 / m + 1 / n)
