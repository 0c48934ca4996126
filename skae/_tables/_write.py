"""Tables from columns of values, in the form and with the dtypes of those read."""

import re

import numpy as np

__all__ = ["written"]


def written(form, dtype, columns, values):
    """Return a table of the form that another was read from.

    Parameters
    ----------
    form, dtype : str
        As `Table` has them.
    columns : list of NumberColumn and CategoryColumn
    values : list of ndarray of shape (n_rows,)
    """
    if form == "array":
        return np.stack([part.astype(dtype) for part in values], axis=1)
    if form == "pandas":
        return _pandas(columns, values)
    return _narwhals(form, columns, values)


def _pandas(columns, values):
    import pandas as pd

    series = [_series(pd, *pair) for pair in zip(columns, values, strict=True)]
    frame = pd.concat(series, axis=1)
    frame.columns = pd.Index([column.name for column in columns])
    return frame


def _series(pd, column, values):
    if of_levels := re.fullmatch(r"category\[(.*)\]", column.dtype):
        levels = pd.Index(list(column.levels), dtype=of_levels[1])
        return pd.Series(pd.Categorical(values, levels, column.is_ordered))
    if column.kind == "empty":
        return pd.Series([None] * len(values), dtype=column.dtype)
    if values.dtype.kind == "M" and "," in column.dtype:  # with a time zone
        return pd.Series(values).dt.tz_localize("UTC").astype(column.dtype)
    return pd.Series(values).astype(column.dtype)


def _narwhals(form, columns, values):
    import narwhals as nw

    pairs = zip(columns, values, strict=True)
    frames = [_narwhal(nw, form, *pair).to_frame() for pair in pairs]
    return nw.concat(frames, how="horizontal").to_native()


def _narwhal(nw, form, column, values):
    dtype = _dtype(nw, column.dtype, column)
    is_time = values.dtype.kind in "Mm"  # which lists of Python's would round
    values = values if is_time else values.tolist()
    series = nw.new_series(column.name, values, backend=form)
    if dtype == nw.Unknown:  # of a column without any value
        return series
    if zone := getattr(dtype, "time_zone", None):
        series = series.dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
    return series.cast(dtype)


def _dtype(nw, text, column):
    """Return the dtype that narwhals writes as some text."""
    name, _, rest = text.partition("(")
    if name == "Enum":
        return nw.Enum(list(column.levels))
    settings = dict(re.findall(r"(\w+)='([^']*)'", rest))
    return getattr(nw, name)(**settings)
