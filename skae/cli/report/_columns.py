"""Columns of a table in words: their kinds, and what is missing."""

from collections import Counter

__all__ = ["columns_rows", "columns_text"]


def columns_text(plan):
    """Return the kinds of columns and the number of missing values, in a line.

    Parameters
    ----------
    plan : Plan
        Of a table that has such `columns`.
    """
    kinds = Counter(column.kind for column in plan.columns)
    listed = ", ".join(f"{n} {kind}" for kind, n in kinds.most_common())
    return f"Columns: {listed}; {missing_text(plan.data)}"


def missing_text(data):
    """Return the number and the share of missing values."""
    n_values = data.X.shape[0] * data.X.shape[1]
    if not data.n_missing:
        return "no values missing"
    share = f"{data.n_missing / n_values:.1%}"
    return f"{data.n_missing:,} of {n_values:,} values missing ({share})"


def columns_rows(plan):
    """Return name, kind, levels and missing values of each column, as text."""
    n_rows = len(plan.data.X)
    return [
        (
            str(column.name),
            column.kind,
            _levels_text(column),
            f"{column.n_missing:,} ({column.n_missing / n_rows:.1%})"
            if column.n_missing
            else "",
        )
        for column in plan.columns
    ]


def _levels_text(column):
    """Return the number of levels with the most frequent ones, of categories."""
    counts = getattr(column, "counts", ())
    if not counts:
        return ""
    by_count = sorted(zip(counts, column.levels, strict=True), key=lambda p: -p[0])
    seen = [str(level)[:_MAX_LEVEL] for count, level in by_count if count]
    listed = ", ".join(seen[:_MAX_LISTED]) + ", ..." * (len(seen) > _MAX_LISTED)
    return f"{len(seen)}: {listed}"


_MAX_LISTED, _MAX_LEVEL = 4, 24
