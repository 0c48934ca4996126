"""Time axis of a series in a file: what its rows belong to, and when they were."""

import warnings
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from skae.cli._cells import as_names, date_forms, have_zones, settled
from skae.cli._columns import check_known
from skae.cli._errors import InputError
from skae.preprocessing._starts import first_rows

__all__ = ["AS_THEY_STAND", "TimeAxis", "as_series"]

# Nanoseconds from the first to the last time, where times are numbers of any unit.
_SPAN = 10**18


class TimeAxis(NamedTuple):
    """Names of the columns that tell what rows belong to, and when they were measured.

    Attributes
    ----------
    groups, time : str or None
    form : str or None
        Of times that are text; see `date_form`.

    Examples
    --------
    >>> import pandas as pd
    >>> from skae.cli._axis import TimeAxis
    >>> from skae.cli._table import Table
    >>> frame = pd.DataFrame({"day": [2, 1, 1], "who": ["b", "a", "b"], "x": [7, 8, 9]})
    >>> TimeAxis("who", "day").in_order(Table.of(frame)).columns["x"].tolist()
    [9, 7, 8]
    """

    groups: str | None = None
    time: str | None = None
    form: str | None = None

    @property
    def names(self):
        """Names of columns, which are no features."""
        return [name for name in self[:2] if name is not None]

    def informed(self, columns):
        """Return the axis with the form of these times, the evenest of those that fit.

        Days and months may be exchanged, and what is wrong then mostly shows as gaps.
        """
        if self.time not in columns or columns[self.time].dtype not in ("str", object):
            return self
        forms = [*date_forms(columns[self.time])]
        if not forms:
            return self
        if len(forms) > 1:
            forms.sort(key=lambda form: _unevenness(columns[self.time], form))
        return self._replace(form=forms[0])

    def in_order(self, table):
        """Return a `Table` with its rows group by group, and in the order of time.

        Groups come as they first appear; without times, rows stay in their order.

        Raises
        ------
        InputError
            When there is no such column, a row has no group or no time, or two rows of
            a group have the same time.
        """
        if not self.names:
            return table
        groups, times = self.values(table.columns)
        keys = [np.arange(len(table.numbers))]
        if times is not None:
            keys.append(times.to_numpy())
        if groups is not None:
            keys.append(groups.factorize()[0])
        order = np.lexsort(keys)
        _check_times(keys[1:], order, times, table.numbers)
        if (np.diff(order) == 1).all():
            return table
        columns = {name: _taken(x, order) for name, x in table.columns.items()}
        note = f"Rows are taken in the order of {' and '.join(map(repr, self.names))}."
        return replace(
            table,
            columns=columns,
            rows=table.numbers[order],
            names=None if table.names is None else _taken(table.names, order),
            notes=(*table.notes, note),
        )

    def values(self, columns):
        """Return the groups and the times of rows, None for what has no name."""
        for option, name in zip(("--groups", "--time"), self, strict=False):
            if name is not None:
                check_known(name, columns, option)
        groups = self.groups_of(columns)
        if self.groups is not None:
            _check_complete(groups, "--groups")
        if self.time is None:
            return groups, None
        times = settled(columns[self.time], self.form)
        _check_complete(times, "--time")
        if times.dtype.kind not in "iufM":
            raise _no_times(times)
        if times.dtype.kind == "f" and np.isinf(times).any():
            raise InputError(
                f"Column {self.time!r} holds times without end: mend them, or leave "
                "their rows out of the file.",
                "--time",
            )
        if getattr(times.dtype, "tz", None) is not None:
            times = times.dt.tz_convert("UTC").dt.tz_localize(None)
        return groups, times

    def groups_of(self, columns):
        """Return what rows belong to, None where no column tells."""
        return None if self.groups is None else as_names(columns[self.groups])


#: Rows of one series, one after another.
AS_THEY_STAND = TimeAxis()


def as_series(X, columns, groups=None, times=None):
    """Return rows in their order as `SlidingWindow` takes them.

    Parameters
    ----------
    X : ndarray of shape (n_timesteps, n_channels)
    columns : list of str
        Names of the channels.
    groups, times : pandas.Series of shape (n_timesteps,), or None

    Returns
    -------
    series : ndarray, data frame with the times as its index, or list of data frames
        A frame for each of the groups.
    """
    import pandas as pd

    if groups is None and times is None:
        return X
    frame = pd.DataFrame(X, columns=columns, index=_time_index(times))
    if groups is None:
        return frame
    ends = [*first_rows(groups.to_numpy(), len(frame)), len(frame)]
    return [frame.iloc[start:end] for start, end in pairwise(ends)]


def _unevenness(values, form):
    """Return the longest step over the usual one."""
    steps = np.diff(np.unique(settled(values, form).dropna().to_numpy()))
    return steps.max() / np.median(steps) if len(steps) else 1.0


def _time_index(times):
    import pandas as pd

    if times is None or times.dtype.kind == "M":
        return None if times is None else pd.DatetimeIndex(times)
    past = (times - times.min()).to_numpy()
    if past.dtype.kind == "f":
        past = past / (past.max() or 1) * _SPAN
    return pd.DatetimeIndex(past.astype(np.int64))


def _taken(values, rows):
    return values.iloc[rows].reset_index(drop=True)


def _no_times(values):
    """Return the error that shows what in a column is no date."""
    import pandas as pd

    text = values.astype(str)
    has_zone = have_zones(text)
    if 0 < has_zone.mean() < 1:
        return InputError(
            f"Column {values.name!r} holds times with a zone, such as "
            f"{text[has_zone].iloc[0]!r}, and without, such as "
            f"{text[~has_zone].iloc[0]!r}: give all of them one.",
            "--time",
        )
    with warnings.catch_warnings(action="ignore"):
        is_odd = pd.to_datetime(text, format="mixed", errors="coerce", utc=True).isna()
    sample = (text[is_odd] if is_odd.any() else text).iloc[0]
    return InputError(
        f"Column {values.name!r} holds text, such as {sample!r}, and times are dates "
        "or numbers: mend it, or name another column.",
        "--time",
    )


def _check_complete(values, option):
    n_missing = int(values.isna().sum())
    if n_missing:
        raise InputError(
            f"Column {values.name!r} has no value in {n_missing} of {len(values)} "
            "rows, and places every row: fill it, or leave these rows out of the file.",
            option,
        )


def _check_times(keys, order, times, numbers):
    """Raise an error where two rows of a group have the same time."""
    if times is None:
        return
    placed = [key[order] for key in keys]
    is_again = np.all([key[1:] == key[:-1] for key in placed], axis=0)
    if not is_again.any():
        return
    first = np.argmax(is_again)
    rows = sorted(numbers[order[first : first + 2]])
    raise InputError(
        f"Rows {rows[0]} and {rows[1]} have the same time, {times[order[first]]}"
        f"{' and the same group' if len(keys) > 1 else ''}; {is_again.sum()} of "
        f"{len(order)} rows repeat another so. Leave out what is there twice, or name "
        f"what {'else ' if len(keys) > 1 else ''}tells them apart by --groups.",
        "--time",
    )
