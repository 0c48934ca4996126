"""Columns of files as what their cells are: numbers, dates, text, or nothing."""

from datetime import date

__all__ = [
    "NO_VALUE",
    "as_names",
    "date_form",
    "date_forms",
    "have_zones",
    "settled",
]

#: Cells without a value, as people write them; compared in small letters.
NO_VALUE = frozenset({"", "?", "-", "na", "n/a", "nan", "null", "<na>", "nat"})

# Where day and month may be exchanged, the first one that fits all cells is taken.
_DAYS = "ISO8601", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%d-%m-%Y"
_TIMES = "", " %H:%M", " %H:%M:%S"
_FORMS = ("ISO8601", *(day + time for day in _DAYS[1:] for time in _TIMES))
_ZONED = r".*:\d\d(\.\d+)?\s*(Z|[+-]\d\d(:?\d\d)?)"
_LIKE_DATES = r"\d{1,4}[-/.]\d{1,2}([-/.]\d{1,4})?([ T].*)?"


def settled(values, form=None):
    """Return a column with numbers or dates in place of text that stands for them.

    Parameters
    ----------
    values : pandas.Series
    form : str or None, default=None
        Of dates, to be tried first; see `date_form`.

    Returns
    -------
    values : pandas.Series
        Text that stands for no value is missing. What holds text beside other values
        is text as a whole; other dtypes are left as they are.

    Examples
    --------
    >>> import pandas as pd
    >>> from skae.cli._cells import settled
    >>> settled(pd.Series(["1.5", "?", "2"])).tolist()
    [1.5, nan, 2.0]
    >>> settled(pd.Series(["31.12.2024", ""])).dt.year.tolist()
    [2024.0, nan]
    """
    if values.dtype != object and values.dtype != "str":
        return values
    cells = _cells(values)
    present = cells.dropna()
    types = set(map(type, present))
    if not types:
        return values.astype(object).map(lambda _: None).astype(float)
    if all(issubclass(each, date) for each in types):
        return _dates(cells, "ISO8601", values)
    if types <= {int, float}:
        return _numbers(cells)
    if str not in types:
        return values
    if types != {str}:
        return cells.map(str, na_action="ignore")
    if _are_numbers(present):
        return _numbers(cells)
    return _dates_or_text(cells, present, form)


def as_names(values):
    """Return a column of names: text without blanks around it, or other values.

    Parameters
    ----------
    values : pandas.Series

    Examples
    --------
    >>> import pandas as pd
    >>> from skae.cli._cells import as_names
    >>> as_names(pd.Series(["01", "01 ", "1"])).unique().tolist()
    ['01', '1']
    """
    if values.dtype != object and values.dtype != "str":
        return values
    return _cells(values).map(str, na_action="ignore")


def have_zones(text):
    """Return which of some times, a series of text, say their zone.

    Examples
    --------
    >>> import pandas as pd
    >>> from skae.cli._cells import have_zones
    >>> have_zones(pd.Series(["2024-03-31 01:00+01:00", "2024-03-31 01:00"])).tolist()
    [True, False]
    """
    return text.str.fullmatch(_ZONED)


def date_form(values):
    """Return the form of dates that are text, as pandas takes it; None of other text.

    Parameters
    ----------
    values : pandas.Series

    Examples
    --------
    >>> import pandas as pd
    >>> from skae.cli._cells import date_form
    >>> date_form(pd.Series(["03/31/2024", "04/01/2024"]))
    '%m/%d/%Y'
    """
    return next(date_forms(values), None)


def date_forms(values):
    """Yield the forms that fit dates that are text; none for other text."""
    cells = _cells(values)
    return (form for form in _FORMS if _dates(cells, form, None) is not None)


def _cells(values):
    cells = values.astype(object).map(_stripped)
    return cells.where(cells.notna(), None)


def _stripped(cell):
    if not isinstance(cell, str):
        return cell
    cell = cell.strip()
    return None if cell.lower() in NO_VALUE else cell


def _are_numbers(present):
    import pandas as pd

    return pd.to_numeric(present, errors="coerce").notna().all()


def _numbers(cells):
    import pandas as pd

    return pd.to_numeric(cells).astype(float)


def _dates_or_text(cells, present, first):
    text = cells.astype("str")
    if not present.str.fullmatch(_LIKE_DATES).all():
        return text
    for form in filter(None, (first, *_FORMS)):
        found = _dates(cells, form, None)
        if found is not None:
            return found
    return text


def _dates(cells, form, otherwise):
    import pandas as pd

    for is_universal in (False, True):
        try:
            return pd.to_datetime(cells, format=form, utc=is_universal)
        except (ValueError, TypeError):
            if not have_zones(cells.dropna().astype(str)).all():
                break  # else they change with summer time
    return otherwise
