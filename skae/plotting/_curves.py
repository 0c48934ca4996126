"""A score curve over the values of any parameter, numbers or not."""

from dataclasses import replace

import numpy as np

from skae.plotting._layers import are_many_architectures, layers_of
from skae.plotting._scale import Scale, text_of
from skae.plotting._trials import finite_scores, mean_scores, searched, short_name
from skae.search._curve import best_of_each, kind_of
from skae.search._results import candidates, fold_scores, values_of

__all__ = ["curve_of", "label_of", "place_in", "scatter_of", "split"]


def curve_of(cv_results, param, metric):
    """Return the `ScoreCurve` over the values of a parameter of any kind.

    Candidates without the parameter are left out. More than a dozen different
    architectures are grouped by their number of layers.

    Raises
    ------
    UnknownNameError
        When there is no such parameter or metric.
    ValueError
        When no candidate has a score.
    """
    values = values_of(cv_results, param)
    rows, tried = list(values), candidates(cv_results)
    places = _places([*values.values()])
    scale = Scale.of(places)
    codes = Scale("category", scale.values).positions(places).astype(int).tolist()
    # Different values may have the same place, as architectures of one depth do.
    kinds = [kind_of(tried[row] | {param: text_of(values[row])}) for row in rows]
    scores = finite_scores(fold_scores(cv_results, metric))[rows]
    if not np.isfinite(scores).all(axis=1).any():
        raise ValueError(
            f"There is no score to draw: all candidates with {param!r} failed in at "
            "least one fold. See why by error_score='raise' in the search."
        )
    curve = best_of_each(codes, kinds, scores)
    return replace(
        curve,
        values=_as_array([scale.values[code] for code in curve.values]),
        failed=tuple(scale.values[code] for code in curve.failed),
        rows=np.array(rows)[curve.rows],
    )


def _as_array(values):
    """Return an array with an element for each value, tuples as well."""
    if all(isinstance(value, int | float) for value in values):
        return np.array(values)
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _places(values):
    """Return the places of values: these themselves, or their numbers of layers."""
    if not are_many_architectures(values):
        return values
    return [len(layers_of(value)) for value in values]


def place_in(cv_results, param, value):
    """Return the place of a value among those of a parameter in `cv_results_`."""
    if layers_of(value) is None:
        return value
    if not are_many_architectures([*values_of(cv_results, param).values()]):
        return value
    return len(layers_of(value))


def label_of(param, cv_results):
    """Return the label of a parameter's axis."""
    name = short_name(param)
    if name == "n_components":
        return "latent dimension"
    values = [*values_of(cv_results, param).values()]
    return f"{name}: number of layers" if are_many_architectures(values) else name


def scatter_of(cv_results, param, metric):
    """Return places and mean scores of all candidates; None if they are the curve.

    Raises
    ------
    UnknownNameError
        When there is no such parameter or metric.
    """
    values = values_of(cv_results, param)
    places = _places([*values.values()])
    n_places = len(Scale.of(places).values)
    names = searched(candidates(cv_results))
    if n_places == len(places) and set(names) == {param}:
        return None
    return places, mean_scores(cv_results, metric)[[*values]]


def split(curve, low=-np.inf):
    """Return the part of a curve that can be shown, and the values that cannot.

    Parameters
    ----------
    curve : ScoreCurve
    low : float
        The lowest mean score to show.

    Returns
    -------
    shown : ScoreCurve or None
        None if there is nothing to show.
    bad, failed : list
        Values that score below `low`, and those that have no score.
    """
    mean = finite_scores(curve.mean)
    kept = mean >= low  # not for NaN
    bad = [*curve.values[mean < low]]
    failed = [*curve.failed, *curve.values[np.isnan(mean)]]
    if not kept.any():
        return None, bad, failed
    return curve.at(kept), bad, failed
