"""Parameters as vertical axes side by side."""

from dataclasses import dataclass

import numpy as np

from skae.plotting._layers import are_many_architectures, layers_of
from skae.plotting._scale import Scale
from skae.plotting._trials import short_names

__all__ = ["Column", "columns_of"]


@dataclass(frozen=True, eq=False)
class Column:
    """A vertical axis.

    Attributes
    ----------
    name : str
        What stands below it.
    shares : ndarray of shape (n_candidates,)
        How high up each candidate lies, from 0 to 1; NaN for one without a value.
    ticks : list of (float, str)
        Heights and labels.
    """

    name: str
    shares: np.ndarray
    ticks: list


def columns_of(params, below):
    """Return the `Column` of each parameter, two for one with many architectures.

    Parameters
    ----------
    params : dict of str to sequence of length n_candidates
        `numpy.ma.masked` where a candidate has no such parameter.
    below : float
        Where those lie, which a label then says.
    """
    columns = []
    for name, values in zip(short_names(params), params.values(), strict=True):
        present = np.array([value is not np.ma.masked for value in values], dtype=bool)
        known = [value for value in values if value is not np.ma.masked]
        for axis_name, numbers in _numbers(name, known):
            columns.append(_column(axis_name, numbers, present, below))
    return columns


def _numbers(name, values):
    """Yield the drawable values of a parameter, each with its name."""
    if not are_many_architectures(values):
        yield name, values
        return
    layers = [layers_of(value) for value in values]
    yield f"{name}: layers", [len(widths) for widths in layers]
    yield f"{name}: units", [sum(widths) for widths in layers]


def _column(name, values, present, below):
    scale = Scale.of(values)
    shares = np.full(len(present), np.nan)
    shares[present] = scale.shares(values)
    _, heights, labels = scale.ticks()
    ticks = list(zip(heights.tolist(), labels, strict=True))
    if not present.all():
        ticks.append((below, "not set"))
    return Column(name, shares, ticks)
