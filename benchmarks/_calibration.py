"""A plot of what verdicts promise against how often they are right."""

import matplotlib
import numpy as np
from scipy.stats import binomtest

__all__ = ["draw_calibration"]


def draw_calibration(found, path):
    """Draw the share of right choices over the promised one, by verdict and source.

    Right is a choice from d to e, among sets that have a dimension, as is promised;
    hollow marks count any choice on a set without one as wrong. Bars are Wilson's
    intervals of 95 %, and numbers say how many of how many.

    Parameters
    ----------
    found : dict
        Titles of sources, and their answers.
    path : str
        Where the picture goes.
    """
    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    everywhere = [answer for answers in found.values() for answer in answers]
    figure, axes = plt.subplots(figsize=(7.5, 5), layout="constrained")
    axes.plot([0, 1], [0, 1], color="0.8", zorder=0)
    rows = [(title, own, {}) for title, own in found.items() if len(found) > 1]
    rows.append(("all", everywhere, {"color": "black", "markersize": 9}))
    rows.append(("all, and sets without as wrong", everywhere, _HOLLOW))
    for number, (title, own, style) in enumerate(rows):
        if style is not _HOLLOW:
            own = [answer for answer in own if answer.known.d]
        _draw(axes, title, own, 0.014 * (number - (len(rows) - 1) / 2), style)
    _label(axes, everywhere)
    figure.savefig(path, dpi=150)
    plt.close(figure)


_HOLLOW = {"color": "0.45", "markerfacecolor": "white", "markersize": 9}


def _draw(axes, title, own, aside, style):
    """Draw the marks of one source, a little aside, with intervals and counts."""
    points = []
    for promised in _promises(own).values():
        given = [a for a in own if a.selection.probability == promised]
        right = sum(answer.is_right("default")[1] for answer in given)
        low, high = binomtest(right, len(given)).proportion_ci(method="wilson")
        share, x = right / len(given), promised + aside
        points.append((x, share, share - low, high - share))
        axes.annotate(
            f"{right}/{len(given)}", (x, low - 0.01), ha="center", va="top", size=6
        )
    if points:
        x, share, *bars = np.transpose(points)
        axes.errorbar(x, share, bars, fmt="o", capsize=2, label=title, **style)


def _promises(found):
    """Return what each verdict promises, of those that promise anything."""
    pairs = {(a.verdict, a.selection.probability) for a in found}
    return {kind: promised for kind, promised in sorted(pairs) if promised is not None}


def _label(axes, found):
    promises = _promises(found)
    low, high = min(promises.values(), default=0), max(promises.values(), default=1)
    axes.set(
        xlim=(low - 0.1, min(high + 0.1, 1)),
        ylim=(0, 1.02),
        xlabel="promised probability",
        ylabel="share of choices from d to e",
    )
    for kind, promised in promises.items():
        axes.annotate(kind, (promised, 0.02), ha="center")
    axes.figure.legend(loc="outside upper center", ncols=4, fontsize=7)
