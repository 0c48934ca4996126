"""Form of a table in a text file, detected from its first lines."""

import csv
import re
from dataclasses import dataclass
from itertools import islice, pairwise, zip_longest

from skae.cli._cells import NO_VALUE

__all__ = ["Form"]

_N_LINES = 100
_SPACES = r"\s+"


@dataclass(frozen=True)
class Form:
    r"""Format of a table in a text file: separator, decimals and header.

    Parameters
    ----------
    separator : str
        What stands between values: ``;``, a tab, ``,``, or spaces, as pandas takes it.
    decimal : str
        What stands before decimals, ``.`` or ``,``.
    has_header : bool
        Whether the first line names the columns, rather than being a row like others.

    Examples
    --------
    >>> from skae.cli._form import Form
    >>> Form.of("1,5;2,5\n1,6;2,4\n")
    Form(separator=';', decimal=',', has_header=False)
    >>> Form.of("when,a\n1949-01,112\n")
    Form(separator=',', decimal='.', has_header=True)
    """

    separator: str
    decimal: str
    has_header: bool

    @classmethod
    def of(cls, text, decimal=None):
        """Return the form of a text, and what stands before decimals, if unknown."""
        lines = (line for line in text.splitlines() if line.strip())
        lines = list(islice(lines, _N_LINES))
        separator = _separator(lines, ";\t" if decimal == "," else ";\t,")
        rows = _rows(lines, separator)
        decimal = decimal or _decimal(rows, separator)
        kinds = [[_kind(cell, decimal) for cell in row] for row in rows]
        return cls(separator, decimal, _has_header(rows, kinds))


def _separator(lines, usual):
    """Return the separator that is in all lines; a comma may be that of decimals."""
    for separator in usual:
        if all(separator in line for line in lines):
            return separator
    widths = {len(line.split()) for line in lines}
    if len(widths) == 1 and widths != {1}:
        return _SPACES
    return max(usual, key=lines[0].count) if lines else ","


def _rows(lines, separator):
    if separator == _SPACES:
        return [line.split() for line in lines]
    rows = csv.reader(lines, delimiter=separator)
    return [[cell.strip() for cell in row] for row in rows]


def _decimal(rows, separator):
    if separator == ",":
        return "."
    cells = [cell for row in rows for cell in row]
    commas = any(re.fullmatch(r"[+-]?\d*,\d+(e[+-]?\d+)?", c, re.I) for c in cells)
    points = any(re.fullmatch(r"[+-]?\d*\.\d+(e[+-]?\d+)?", c, re.I) for c in cells)
    return "," if commas and not points else "."


def _kind(cell, decimal):
    """Return the kind of a cell: a number, some text, or nothing."""
    if cell.lower() in NO_VALUE | {"none"}:
        return "nothing"
    try:
        float(cell.replace(decimal, "."))
    except ValueError:
        return "text"
    return "number"


def _has_header(rows, kinds):
    """Return whether the first row names columns.

    It does so if it has text above numbers, or no numbers, or numbers that are names.
    """
    if not rows:
        return True
    for first, *others in zip_longest(*kinds, fillvalue="nothing"):
        if first == "text" and "number" in others:
            return True
    return "number" not in kinds[0] or _are_names(rows, kinds[0])


def _are_names(rows, kinds):
    """Return whether the numbers of the first row are names.

    They are if they count the columns, as pandas does, or ascend in whole numbers above
    fractions, as years and wavelengths do.
    """
    places = [place for place, kind in enumerate(kinds) if kind == "number"]
    numbers = [rows[0][place] for place in places]
    if numbers == [str(i) for i in range(len(places))]:
        return len(places) > 2 or rows[0][0] == ""
    if len(places) < 3 or not all(map(str.isdigit, numbers)):
        return False
    ascend = all(int(a) < int(b) for a, b in pairwise(numbers))
    return ascend and all(_has_fractions(rows[1:], place) for place in places)


def _has_fractions(rows, place):
    return any(re.search(r"\d[.,]\d", row[place]) for row in rows if place < len(row))
