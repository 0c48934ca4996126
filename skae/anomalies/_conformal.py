"""Conformal p-values, and control of the false discovery rate over a batch."""

import numpy as np
from scipy.stats import false_discovery_control

__all__ = ["conformal_p_values", "conformal_threshold", "discoveries", "rows_needed"]


def conformal_p_values(calibration, scores):
    """Return p-values of scores among those of rows that a model was not trained on.

    ``p = (1 + #{i: calibration[i] >= score}) / (n + 1)``. Where a row comes from where
    the calibrating ones do, ``P(p <= level) <= level`` for each level, whatever the
    scores are.

    Parameters
    ----------
    calibration : array-like of shape (n,)
        Scores of usual rows; the higher, the more abnormal.
    scores : array-like of shape (n_samples,)

    Returns
    -------
    p_values : ndarray of shape (n_samples,)
        From ``1 / (n + 1)`` to 1.

    References
    ----------
    Bates, Candes, Lei, Romano & Sesia (2023), "Testing for outliers with conformal
    p-values", Annals of Statistics 51, arXiv:2104.08279.

    Examples
    --------
    >>> from skae.anomalies import conformal_p_values
    >>> conformal_p_values([1.0, 2.0, 3.0, 4.0], [0.5, 3.5, 9.0])
    array([1. , 0.4, 0.2])
    """
    ordered = np.sort(np.asarray(calibration, dtype=np.float64))
    n_below = np.searchsorted(ordered, np.asarray(scores), side="left")
    return (1 + len(ordered) - n_below) / (len(ordered) + 1)


def conformal_threshold(calibration, level):
    """Return the score above which p-values are at most a level; infinity for none.

    Parameters
    ----------
    calibration : array-like of shape (n,)
        As for `conformal_p_values`.
    level : float

    Returns
    -------
    threshold : float
    """
    ordered = np.sort(np.asarray(calibration, dtype=np.float64))
    # not by rounding level * (n + 1), which may fall on either side of a whole number
    of_ranks = (1 + np.arange(len(ordered))) / (len(ordered) + 1)
    n_above = int(np.sum(of_ranks <= level))
    return float(ordered[-n_above]) if n_above else np.inf


def rows_needed(level):
    """Return how many calibrating rows a p-value needs to be as small as a level."""
    n = max(1, int(np.ceil(1 / level)) - 2)
    while 1 / (n + 1) > level:
        n += 1
    return n


def discoveries(p_values, rate):
    """Return which of a batch of p-values are alarms, at a false discovery rate.

    Benjamini and Hochberg's procedure: with the p-values in order, the largest k with
    ``p_(k) <= rate k / m``, and alarms for the k smallest. Conformal p-values depend on
    each other through the calibrating rows, in the way that the procedure allows.

    Parameters
    ----------
    p_values : array-like of shape (m,)
    rate : float
        The largest expected share of false ones among the alarms.

    Returns
    -------
    is_alarm : ndarray of bool of shape (m,)

    References
    ----------
    Benjamini & Hochberg (1995), "Controlling the false discovery rate", J. R. Statist.
    Soc. B 57. Bates et al. (2023), arXiv:2104.08279, theorem 2.

    Examples
    --------
    >>> from skae.anomalies import discoveries
    >>> discoveries([0.01, 0.04, 0.5, 0.9], 0.1)
    array([ True,  True, False, False])
    """
    p_values = np.asarray(p_values, dtype=np.float64)
    if not len(p_values):
        return np.zeros(0, dtype=bool)
    return false_discovery_control(p_values, method="bh") <= rate
