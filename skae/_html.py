"""Small pieces of HTML that notebooks show: a card with a curve and a table."""

from html import escape

import numpy as np

__all__ = ["card", "curve", "table"]

_WIDTH, _HEIGHT, _EDGE, _LEFT = 320, 120, 10, 52
_BLUE, _CHOICE, _GREY = "#0072B2", "#D55E00", "#9a9a9a"


def card(title, text, *parts):
    """Return a box with a heading, a text and parts that are HTML.

    Examples
    --------
    >>> from skae._html import card
    >>> "<b>3 &lt; 4</b>" in card("3 < 4", "so it is")
    True
    """
    style = (
        "border-left:4px solid #9a9a9a;padding:.3em .9em;margin:.3em 0;"
        "font-family:sans-serif;max-width:46em"
    )
    return (
        f'<div style="{style}"><div><b>{escape(title)}</b></div>'
        f"<div>{escape(text)}</div>{''.join(parts)}</div>"
    )


def table(rows):
    """Return pairs of a name and a value as a table.

    Parameters
    ----------
    rows : iterable of (str, object)
    """
    cells = "".join(
        f'<tr><th style="text-align:left">{escape(str(name))}</th>'
        f'<td style="text-align:left">{escape(str(value))}</td></tr>'
        for name, value in rows
    )
    return f"<table>{cells}</table>"


def curve(x, y, *, label, marked=None, band=None):
    """Return a line through points as an image within HTML.

    Parameters
    ----------
    x, y : array-like of shape (n_points,)
        Points whose `y` is not finite are left out.
    label : str
        What is drawn, for those who hear it.
    marked : float or None, default=None
        The `x` of a point to mark.
    band : tuple of (low, high) or None, default=None
        Range of `x` to shade.

    Examples
    --------
    >>> from skae._html import curve
    >>> drawn = curve([1, 2, 3], [0.1, 0.8, 0.9], label="scores", marked=2)
    >>> drawn.count("<circle")
    1
    """
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known], y[known]
    if not len(x):
        return ""
    across = _scaled(x, _LEFT, _WIDTH - _EDGE)
    # low values stand low, which have large numbers in an image
    down = _scaled(y, _HEIGHT - _EDGE - 16, _EDGE)
    points = " ".join(
        f"{a:.1f},{b:.1f}" for a, b in zip(across(x), down(y), strict=True)
    )
    shapes = [
        *_band(band, across),
        f'<polyline points="{points}" fill="none" stroke="{_BLUE}" stroke-width="2"/>',
        *_mark(x, y, marked, across, down),
        *_ends(x, y),
    ]
    return (
        f'<svg role="img" aria-label="{escape(label)}" width="{_WIDTH}" '
        f'height="{_HEIGHT}" viewBox="0 0 {_WIDTH} {_HEIGHT}">'
        f"<title>{escape(label)}</title>{''.join(shapes)}</svg>"
    )


def _scaled(values, low, high):
    """Return the map from the range of some values to that of pixels."""
    first, last = values.min(), values.max()
    span = last - first or 1.0
    return lambda v: low + (np.asarray(v) - first) / span * (high - low)


def _band(band, across):
    if band is None:
        return []
    left, right = across(np.array(band) + [-0.4, 0.4]).clip(0, _WIDTH)
    return [
        f'<rect x="{left:.1f}" y="0" width="{right - left:.1f}" '
        f'height="{_HEIGHT - 16}" fill="{_CHOICE}" opacity="0.12"/>'
    ]


def _mark(x, y, marked, across, down):
    at = np.flatnonzero(x == marked)
    if not len(at):
        return []
    a, b = across(x[at[0]]), down(y[at[0]])
    return [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="5" fill="{_CHOICE}"/>']


def _ends(x, y):
    """Return the ranges of both axes as text."""
    style = f'font-size="11" fill="{_GREY}" font-family="sans-serif"'
    bottom, right, left = _HEIGHT - 3, _WIDTH - _EDGE, _LEFT - 8
    places = [
        (_LEFT, bottom, "middle", f"{x.min():g}"),
        (right, bottom, "middle", f"{x.max():g}"),
        (left, _HEIGHT - _EDGE - 12, "end", f"{y.min():.3g}"),
        (left, _EDGE + 4, "end", f"{y.max():.3g}"),
    ]
    return [
        f'<text x="{a}" y="{b}" text-anchor="{anchor}" {style}>{text}</text>'
        for a, b, anchor, text in places
    ]
