"""Scores of many candidates on one axis, with marks for bad and failed ones."""

import numpy as np

from skae.plotting._figures import DARK, GREY

__all__ = ["draw_at_edge", "draw_off_scale", "legend_above", "lowest_to_show"]

_SHOWN, _FARTHER = 0.75, 5
_CHARACTERS = 70


def lowest_to_show(scores):
    """Return the lowest score that can be shown without squashing all others.

    The best three quarters of the scores are shown. Further down, the first score that
    is more than five times as far from the best as the one above it ends what is shown.
    Minus infinity if there is nothing to leave out.
    """
    scores = np.asarray(scores, dtype=float)
    depths = np.sort(np.nanmax(scores, initial=-np.inf) - scores[np.isfinite(scores)])
    least = int(np.ceil(_SHOWN * len(depths)))
    for i in range(max(least, 1), len(depths)):
        if depths[i - 1] > 0 and depths[i] > _FARTHER * depths[i - 1]:
            return np.nanmax(scores) - depths[i - 1] * (1 + 1e-9)
    return -np.inf


def draw_off_scale(ax, x, scores, *, negate=False, low, color=None):
    """Mark, at the worse edge of `ax`, candidates that failed or are too bad to show.

    Parameters
    ----------
    ax : matplotlib Axes
    x : ndarray of shape (n_candidates,)
    scores : ndarray of shape (n_candidates,)
        Higher is better, NaN where a candidate failed.
    negate : bool, default=False
        Whether errors are drawn, so that the worse edge is the upper one.
    low : float
        Scores below this are too bad to show.
    color : str, default=None
        Colour of the marks; one that is neither of scores nor of choices if None.
    """
    failed = np.isnan(scores)
    bad = scores < low
    arrow = "^" if negate else "v"
    draw_at_edge(ax, x[bad], arrow, "off the axis", negate, color or GREY)
    draw_at_edge(ax, x[failed], "x", "failed", negate, color or DARK)


def draw_at_edge(ax, x, marker, label, upper=False, color=DARK):
    """Draw markers at the lower or the upper edge of `ax`."""
    if len(x) == 0:
        return
    ax.plot(
        x,
        np.full(len(x), 0.98 if upper else 0.02),
        transform=ax.get_xaxis_transform(),
        linestyle="none",
        marker=marker,
        markersize=6,
        color=color,
        clip_on=False,
        label=label,
        zorder=4,
    )


def legend_above(ax):
    """Add a legend over the upper edge of `ax`, where it hides nothing."""
    handles = dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))
    if not handles:
        return
    style = {"frameon": False, "fontsize": 9, "handletextpad": 0.4}
    style |= {"ncols": _n_columns(handles), "columnspacing": 1.2}
    place = {"loc": "lower right", "bbox_to_anchor": (1, 1), "borderaxespad": 0.1}
    ax.legend(handles.values(), handles.keys(), **place, **style)


def _n_columns(labels):
    """Return the number of columns into which labels fit, beside their markers."""
    lengths = [len(label) + 6 for label in labels]
    for n_columns in range(len(lengths), 1, -1):
        widths = [max(part) for part in np.array_split(lengths, n_columns)]
        if sum(widths) <= _CHARACTERS:
            return n_columns
    return 1
