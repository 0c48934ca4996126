"""Every candidate of a search as a line through its parameters to its score."""

from textwrap import wrap

import numpy as np
from scipy.stats import rankdata

from skae.plotting._columns import columns_of
from skae.plotting._figures import CHOICE, DARK, GREY, Display
from skae.plotting._scale import Scale, shortened
from skae.plotting._scores import legend_above, lowest_to_show
from skae.plotting._trials import (
    check_param,
    finite_scores,
    parameters_of,
    read_trials,
    searched,
)

__all__ = ["ParallelCoordinatesDisplay"]

# Dark is good; the palest colours of the map are left out.
_COLORS = "viridis_r"
_PALEST = 0.1
_BELOW = -0.08
_MAX_LENGTH = 16
# Parameters that a page has room for.
_MAX_AXES = 12


class ParallelCoordinatesDisplay(Display):
    """Every candidate of a search as a line through its parameters to its score.

    Each parameter has a vertical axis: numbers from the smallest to the largest that
    was tried, logarithmic if they are positive and span more than two decades, all else
    as categories. Architectures are categories as well; more than a dozen different
    ones have two axes, their number of layers, and of units in all of these.

    Lines are coloured by score, dark for good ones, which lie on top; that of the
    choice is orange. Where dark lines come together on an axis, the parameter matters;
    where they spread, it does not, or only along with others. Dashed grey lines are
    candidates that failed. Lines without a parameter pass below its axis. Scores so far
    below the others that these would be squashed end at the lowest of these.

    Parameters
    ----------
    params : dict of str to sequence of length n_candidates
        Values by name, in the order of the axes; `numpy.ma.masked` where a candidate
        has no such parameter.
    scores : array-like of shape (n_candidates,)
        Higher is better, NaN for failures.
    chosen : int, default=None
        The index of the candidate to mark.
    name : str, default="score"
        What the last axis shows, with its unit.
    negate : bool, default=False
        Whether to write the negative scores on the last axis: errors. The best is at
        the top all the same.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where `plot` drew.
    figure_ : matplotlib Figure
        The figure of `ax_`.

    Examples
    --------
    >>> from skae.plotting import ParallelCoordinatesDisplay
    >>> params = {"n_components": [1, 2, 4], "activation": ["relu", "tanh", "relu"]}
    >>> display = ParallelCoordinatesDisplay(params, [0.2, 0.6, 0.5]).plot()
    >>> [text.get_text() for text in display.ax_.get_xticklabels()]
    ['n_components', 'activation', 'score']
    """

    def __init__(self, params, scores, *, chosen=None, name="score", negate=False):
        self.params = params
        self.scores = scores
        self.chosen = chosen
        self.name = name
        self.negate = negate

    @classmethod
    def from_search(
        cls, search, params=None, metric=None, *, name=None, negate=None, ax=None
    ):
        """Return the drawn display of a fitted search.

        Parameters
        ----------
        search : fitted search
            Any with `cv_results_`.
        params : list of str, default=None
            The parameters to draw, in the order of the axes. None: all but seeds, of
            more than twelve those whose ranks agree most with those of the scores.
        metric : str, default=None
            The metric, in searches with several of them; None for that of the choice.
        name : str, default=None
            What the last axis shows; the metric's name if None.
        negate : bool, default=None
            Whether to draw errors. None: if the metric's name starts with ``"neg_"``.
        ax : matplotlib Axes, default=None
            See `plot`.

        Returns
        -------
        display : ParallelCoordinatesDisplay

        Raises
        ------
        NotFittedError
            When the search is not fitted.
        UnknownNameError
            When it has no such parameter or metric.
        """
        trials = read_trials(search, metric, name, negate)
        every = searched(trials.params)
        asked = every if params is None else list(params)
        for param in asked:
            check_param(param, trials.params)
        if params is None and len(every) > _MAX_AXES:
            asked = _most_telling(parameters_of(trials.params, every), trials.scores)
        display = cls(
            parameters_of(trials.params, asked),
            trials.scores,
            chosen=trials.chosen,
            name=trials.name,
            negate=trials.negate,
        ).plot(ax)
        if params is None and len(asked) < len(every):
            display.ax_.set_xlabel(f"{len(asked)} of {len(every)} parameters")
        return display

    def plot(self, ax=None):
        """Draw, in `ax` or in a new figure, and return the display itself."""
        columns = columns_of(self.params, _BELOW)
        scores = finite_scores(self.scores)
        places = self._places(columns, scores)
        self._size = (max(5.6, 1.5 * len(columns) + 2.2), 4.2)
        ax = self._axes(ax)
        self._draw_lines(ax, places, scores)
        for x, column in enumerate(columns):
            _draw_axis(ax, x, column.ticks, beside=-0.03)
        self._draw_score_axis(ax, len(columns), scores)
        _name_axes(ax, [*(column.name for column in columns), self.name])
        ax.set_ylim(min(0, places.min()) - 0.04, 1.04)
        legend_above(ax)
        return self

    def _places(self, columns, scores):
        """Return the height of each line at each axis."""
        heights = [column.shares for column in columns]
        heights.append(self._score_scale(scores).shares(_lifted(scores)))
        return np.nan_to_num(np.column_stack(heights), nan=_BELOW)

    def _score_scale(self, scores):
        return Scale.of(_lifted(scores)[np.isfinite(scores)].tolist() or [0.0])

    def _draw_lines(self, ax, places, scores):
        from matplotlib.collections import LineCollection

        x = np.arange(places.shape[1])
        order = np.argsort(scores)  # NaN last
        order = order[np.isfinite(scores[order])]
        colors = _colors(places[order, -1])
        lines = [np.column_stack([x, places[i]]) for i in order]
        ax.add_collection(LineCollection(lines, colors=colors, linewidths=1.3))
        lines = [np.column_stack([x, p]) for p in places[~np.isfinite(scores)]]
        if lines:
            style = {"colors": GREY, "linewidths": 1, "linestyles": "dashed"}
            failed = LineCollection(lines, label="failed", zorder=1, **style)
            ax.add_collection(failed)
        if self.chosen is not None:
            style = {"color": CHOICE, "linewidth": 2.4, "zorder": 3}
            ax.plot(x, places[self.chosen], label="chosen", **style)

    def _draw_score_axis(self, ax, x, scores):
        scale = self._score_scale(scores)
        positions, shares, _ = scale.ticks(n_exact=1)
        sign = -1 if self.negate else 1
        ticks = [
            (share, f"{sign * position + 0.0:.4g}")
            for share, position in zip(shares, positions, strict=True)
        ]
        if not np.isfinite(scores).all():
            ticks.append((_BELOW, "failed"))
        _draw_axis(ax, x, ticks, beside=0.09)
        heights = np.linspace(0, 1, 101)
        ax.pcolormesh([x + 0.01, x + 0.06], heights, _colors(heights[1:])[:, None])


def _most_telling(params, scores):
    """Return the names of parameters that agree most with scores, in their order."""
    scores = finite_scores(scores)
    agreements = [_agreement({n: v}, scores) for n, v in params.items()]
    kept = np.sort(np.argsort(agreements, kind="stable")[-_MAX_AXES:])
    names = list(params)
    return [names[i] for i in kept]


def _agreement(param, scores):
    """Return the largest rank correlation, without its sign, of its columns."""
    found = [0.0]
    for column in columns_of(param, _BELOW):
        is_known = np.isfinite(scores) & np.isfinite(column.shares)
        ranks = [rankdata(x[is_known]) for x in (column.shares, scores)]
        if is_known.any() and np.ptp(ranks, axis=1).all():
            found.append(abs(np.corrcoef(ranks)[0, 1]))
    return max(found)


def _lifted(scores):
    """Return scores with those far below the others lifted to the lowest of these."""
    shown = scores[scores >= lowest_to_show(scores)]  # not for NaN
    return np.maximum(scores, shown.min(initial=np.inf)) if len(shown) else scores


def _colors(shares):
    """Return the colours of scores from 0, the worst, to 1."""
    from matplotlib import colormaps

    return colormaps[_COLORS](_PALEST + (1 - _PALEST) * np.asarray(shares))


def _draw_axis(ax, x, ticks, beside):
    """Draw a vertical axis with its labels to the left or to the right."""
    ax.vlines(x, 0, 1, color=DARK, linewidth=1, zorder=4)
    white = {"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.6}
    style = {"fontsize": 8, "va": "center", "color": DARK, "bbox": white, "zorder": 5}
    for share, label in ticks:
        ha = "right" if beside < 0 else "left"
        ax.text(x + beside, share, shortened(label, _MAX_LENGTH), ha=ha, **style)


def _name_axes(ax, names):
    names = [_wrapped(name) for name in names]
    ax.set_xticks(range(len(names)), names, fontsize=9)
    ax.tick_params(length=0)
    ax.set_yticks([])
    ax.spines[:].set_visible(False)
    ax.set_xlim(-0.3, len(names) - 1 + 0.3)


def _wrapped(name):
    """Return a name on several lines, broken after underscores or between words."""
    lines = wrap(name.replace("_", "_ "), _MAX_LENGTH, break_long_words=False)
    return "\n".join(line.replace("_ ", "_") for line in lines)
