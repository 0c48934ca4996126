"""Pareto fronts and rankings of candidates by one objective or several."""

import numpy as np

__all__ = ["dominates", "fronts", "ranking", "undominated"]


def dominates(a, b):
    """Return whether values `a` dominate `b`: nowhere below, and above somewhere."""
    return bool(np.all(a >= b) and np.any(a > b))


def fronts(values):
    """Return the number of each row's front, 0 for those that none dominates.

    Parameters
    ----------
    values : ndarray of shape (n_candidates, n_objectives)
        Higher is better, none is NaN.

    Returns
    -------
    front : ndarray of shape (n_candidates,)

    Examples
    --------
    >>> import numpy as np
    >>> from skae.search.evolution._pareto import fronts
    >>> fronts(np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]))
    array([0, 0, 1])
    """
    front = np.zeros(len(values), dtype=int)
    rest = np.arange(len(values))
    while len(rest := rest[~undominated(values[rest])]):
        front[rest] += 1
    return front


def undominated(values):
    """Return the mask of rows that no other one dominates, as `fronts` takes them."""
    return np.array(
        [
            not ((values >= row).all(axis=1) & (values > row).any(axis=1)).any()
            for row in values
        ],
        dtype=bool,
    )


def ranking(values):
    """Return the rows from the best to the worst, earlier ones first among equals.

    By front, and within a front by crowding distance, as in NSGA-II [1]_: those that
    stand alone come first. With one objective, that is the order of the values.

    Parameters
    ----------
    values : ndarray of shape (n_candidates, n_objectives)
        Higher is better, none is NaN.

    Returns
    -------
    order : ndarray of shape (n_candidates,)

    References
    ----------
    .. [1] K. Deb, A. Pratap, S. Agarwal and T. Meyarivan, "A fast and elitist
       multiobjective genetic algorithm: NSGA-II", IEEE Transactions on Evolutionary
       Computation 6(2), 2002.
    """
    if values.shape[1] == 1:
        return np.argsort(-values[:, 0], kind="stable")
    front = fronts(values)
    distance = np.zeros(len(values))
    for number in range(front.max() + 1):
        rows = np.flatnonzero(front == number)
        distance[rows] = _crowding(values[rows])
    return np.lexsort((-distance, front))


def _crowding(values):
    """Return the size of the box between each row's neighbours, infinite at ends."""
    distance = np.zeros(len(values))
    for column in np.where(np.isfinite(values), values, 0.0).T:
        order = np.argsort(column, kind="stable")
        distance[order[[0, -1]]] = np.inf
        if span := column[order[-1]] - column[order[0]]:
            distance[order[1:-1]] += (column[order[2:]] - column[order[:-2]]) / span
    return distance
