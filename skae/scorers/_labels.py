"""Labels that the last step of a pipeline gives to rows."""

import numpy as np
from sklearn.base import clone, is_classifier, is_outlier_detector, is_regressor

__all__ = ["NOISE", "labels_after"]

#: The label of rows that a clusterer puts in no cluster, as `DBSCAN` does.
NOISE = -1


def labels_after(located):
    """Return the labels of the scored rows by the steps after the reducer.

    Whatever predicts whole numbers or words labels rows: clusterers, mixtures,
    classifiers, and searches of them. What can only ``fit_predict``, such as
    `DBSCAN`, is fitted to the codes of the scored rows. Regressors and outlier
    detectors label none.

    Parameters
    ----------
    located : Located

    Returns
    -------
    labels : ndarray of int of shape (n_samples,), or None
        `NOISE` for rows in no cluster; None where no step labels rows.
    """
    after = located.after
    if after is None or is_regressor(after) or is_outlier_detector(after):
        return None
    found = _predicted(after, located)
    return None if found is None else _numbered(found, is_classifier(after))


def _predicted(after, located):
    if hasattr(after, "predict"):
        return after.predict(_codes_as_seen(located))
    if not hasattr(after, "fit_predict"):
        return None
    Z = _codes_as_seen(located)
    if len(after) > 1:
        Z = after[:-1].transform(Z)
    return clone(after[-1]).fit_predict(Z)


def _codes_as_seen(located):
    """Return codes as the next step sees them: a data frame where that is set."""
    return located.reducer.transform(located.X, **located.given)


def _numbered(found, of_classes):
    """Return labels as integers, None where values are no labels, such as fractions."""
    found = np.asarray(np.asarray(found).tolist())  # objects become what they are
    is_word = found.dtype.kind in "US"
    if found.ndim != 1 or not (is_word or found.dtype.kind in "biuf"):
        return None
    if is_word or of_classes:  # a class may be called -1
        return np.unique(found, return_inverse=True)[1]
    return found.astype(int) if np.array_equal(found, np.round(found)) else None
