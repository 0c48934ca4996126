"""A score curve over the values of any parameter, numbers or not."""

from dataclasses import replace

import numpy as np

from skae.plotting._layers import are_many_architectures, layers_of
from skae.plotting._scale import Scale, text_of
from skae.plotting._trials import (
    check_param,
    finite_scores,
    mean_scores,
    searched,
    short_name,
)
from skae.search._curve import ScoreCurve

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
    check_param(param, cv_results["params"])
    params = cv_results["params"]
    rows = [row for row, each in enumerate(params) if param in each]
    values = [params[row][param] for row in rows]
    places = _places(values)
    scale = Scale.of(places)
    codes = Scale("category", scale.values).positions(places).astype(int)
    others = [_others(params[row], param) for row in rows]
    scores = _folds(cv_results, rows, metric)
    _check_any(scores, param)
    table = {f"param_{param}": codes, "params": others, **scores}
    return _decoded(ScoreCurve.from_cv_results(table, param, metric), scale, rows)


def _others(params, param):
    """Return what tells candidates apart that have the same place on the axis."""
    return params | {param: None, "value": text_of(params[param])}


def _folds(cv_results, rows, metric):
    mean_scores(cv_results, metric)  # or say that there is no such metric
    keys = [key for key in cv_results if key.endswith(f"_test_{metric}")]
    keys = [key for key in keys if key.startswith("split")]
    return {key: finite_scores(cv_results[key])[rows] for key in keys}


def _check_any(scores, param):
    if not np.isfinite(np.column_stack([*scores.values()])).all(axis=1).any():
        raise ValueError(
            f"There is no score to draw: all candidates with {param!r} failed in at "
            "least one fold. See why by error_score='raise' in the search."
        )


def _decoded(curve, scale, rows):
    """Return a curve over codes as one over what the codes stand for."""
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
    """Return where values lie: at themselves, or at their number of layers."""
    if not are_many_architectures(values):
        return values
    return [len(layers_of(value)) for value in values]


def place_in(cv_results, param, value):
    """Return where a value lies among those of a parameter in `cv_results_`."""
    values = [each[param] for each in cv_results["params"] if param in each]
    if layers_of(value) is None or not are_many_architectures(values):
        return value
    return len(layers_of(value))


def label_of(param, cv_results):
    """Return what the axis of a parameter is called."""
    values = [each[param] for each in cv_results["params"] if param in each]
    name = short_name(param)
    if name == "n_components":
        return "latent dimension"
    return f"{name}: number of layers" if are_many_architectures(values) else name


def scatter_of(cv_results, param, metric):
    """Return places and mean scores of all candidates; None if they are the curve.

    Raises
    ------
    UnknownNameError
        When there is no such parameter or metric.
    """
    params, scores = cv_results["params"], mean_scores(cv_results, metric)
    check_param(param, params)
    rows = [row for row, each in enumerate(params) if param in each]
    values = [params[row][param] for row in rows]
    places = _places(values)
    n_places = len(Scale.of(places).values)
    if n_places == len(places) and set(searched(params)) == {param}:
        return None
    return places, scores[rows]


def split(curve, low=-np.inf):
    """Return the part of a curve that can be shown, and what cannot.

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
