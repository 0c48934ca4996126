"""Losses over the epochs, read from a history and drawn as lines."""

import numpy as np

from skae.plotting._figures import BLUE, CHOICE, GRID

__all__ = ["draw_line", "draw_losses", "over_epochs", "prepare_epochs"]


def over_epochs(history, key):
    """Return one value per epoch, NaN where there is none; None if there never is."""
    values = [epoch.get(key, np.nan) for epoch in history]
    return values if any(key in epoch for epoch in history) else None


def draw_losses(ax, train, valid):
    """Draw the training loss as a solid line, that of validation as a dashed one."""
    draw_line(ax, train, label="training", color=BLUE)
    if valid is not None:
        draw_line(ax, valid, label="validation", color=CHOICE, linestyle="--")
    if _spans_much(train) and (valid is None or _are_positive(valid)):
        ax.set_yscale("log")
        # around a single power of ten Matplotlib labels ticks between, too many to fit
        ax.yaxis.get_minor_locator().set_params(subs=(3,))
    prepare_epochs(ax)


def draw_line(ax, values, **style):
    """Draw values over the epochs, a single one as a point."""
    marker = "o" if len(values) == 1 else None
    epochs = np.arange(1, len(values) + 1)
    ax.plot(epochs, values, linewidth=1.4, marker=marker, **style)


def prepare_epochs(ax):
    """Set the horizontal axis to whole epochs, with a grid behind."""
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.grid(color=GRID)
    ax.set_axisbelow(True)


def _spans_much(values):
    values = _finite(values)
    return _are_positive(values) and 10 * values.min() < values.max()


def _are_positive(values):
    values = _finite(values)
    return len(values) > 0 and values.min() > 0


def _finite(values):
    values = np.asarray(values, dtype=float)
    return values[np.isfinite(values)]
