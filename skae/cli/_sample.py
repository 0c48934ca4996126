"""Rows of a large table that a search looks at."""

from dataclasses import replace

import numpy as np

__all__ = ["sample_of"]


def sample_of(data, settings):
    """Return a `DataSet` with the most rows that settings allow, drawn at random.

    A series keeps its rows, which follow one another.

    Parameters
    ----------
    data : DataSet
    settings : Settings
        Completed.
    """
    n_rows, most = len(data.X), settings.max_rows
    if settings.window or n_rows <= most:
        return data
    rng = np.random.default_rng(settings.seed)
    rows = np.sort(rng.choice(n_rows, most, replace=False))
    note = (
        f"{most:,} of the {n_rows:,} rows, drawn at random, tell the dimension and "
        f"train the model: --max-rows {n_rows} takes all. codes.csv has all rows."
    )
    return replace(
        data,
        X=_taken(data.X, rows),
        labels=_taken(data.labels, rows),
        dates=_taken(data.dates, rows),
        index=_taken(data.index, rows),
        rows=_taken(data.rows, rows),
        notes=(*data.notes, note),
    )


def _taken(values, rows):
    if values is None:
        return None
    if hasattr(values, "iloc"):
        return values.iloc[rows].reset_index(drop=True)
    return np.asarray(values)[rows]
