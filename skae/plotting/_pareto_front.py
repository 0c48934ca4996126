"""Two objectives of a search against one another."""

import numpy as np

from skae.plotting._figures import BLUE, CHOICE, GREY, GRID, Display
from skae.plotting._measures import default_pair, read_measure
from skae.plotting._scores import draw_at_edge, legend_above, lowest_to_show
from skae.search.evolution._pareto import undominated

__all__ = ["ParetoFrontDisplay"]

_DECADES = 2


class ParetoFrontDisplay(Display):
    """All candidates of a search by two objectives, with their Pareto front.

    A candidate is on the front if no other one is at least as good in both objectives
    and better in one. The steps join what can be had: whoever allows for so much of the
    one gets at best so much of the other. Where the front bends sharply, a little more
    of one costs much of the other; a good compromise lies there.

    Scores vary from fold to fold: neighbours on the front that are closer than that
    cannot be told apart. Crosses at the edge are candidates with no value of `y`;
    triangles have one so far from the others that these would be squashed. Candidates
    without a value of `x` are left out. Axes of positive values that span more than two
    decades are logarithmic.

    Parameters
    ----------
    points : ndarray of shape (n_candidates, 2)
        Both objectives of each candidate, NaN where it failed.
    names : tuple of str, default=("x", "y")
        What the axes show.
    directions : tuple of {"less", "more"}, default=("less", "more")
        What is better on each axis.
    chosen : int, default=None
        The index of the candidate to mark.

    Attributes
    ----------
    front_ : ndarray of int
        The candidates on the front, from left to right.
    ax_ : matplotlib Axes
        Where `plot` drew.
    figure_ : matplotlib Figure
        The figure of `ax_`.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.plotting import ParetoFrontDisplay
    >>> points = np.array([[10, 0.5], [20, 0.9], [30, 0.8]])
    >>> ParetoFrontDisplay(points, names=("size", "score")).plot().front_
    array([0, 1])
    """

    def __init__(
        self, points, *, names=("x", "y"), directions=("less", "more"), chosen=None
    ):
        self.points = points
        self.names = names
        self.directions = directions
        self.chosen = chosen

    @classmethod
    def from_search(cls, search, x=None, y=None, *, names=None, ax=None):
        """Return the drawn display of a fitted search.

        Parameters
        ----------
        search : fitted search
            With several objectives or metrics.
        x, y : str or callable, default=None
            What the axes show: a metric of the search, of which more is better; one
            that starts with ``"neg_"`` is drawn as the error, of which less is better;
            ``"score"`` for that of the choice; a cost of an `EvolutionarySearchCV`; or
            ``"fit_time"`` or ``"score_time"``, seconds per fold. None: `y` is the first
            objective, or the metric of the choice, and `x` the next one.
        names : tuple of str, default=None
            What the axes show; the names of the metrics or costs if None.
        ax : matplotlib Axes, default=None
            See `plot`.

        Returns
        -------
        display : ParetoFrontDisplay

        Raises
        ------
        NotFittedError
            When the search is not fitted.
        UnknownNameError
            When there is no such metric or cost.
        ValueError
            When the search has one objective only and none is named.
        """
        pair = [read_measure(search, measure) for measure in default_pair(search, x, y)]
        return cls(
            np.column_stack([measure.values for measure in pair]),
            names=names or tuple(measure.name for measure in pair),
            directions=tuple(measure.direction for measure in pair),
            chosen=getattr(search, "best_index_", None),
        ).plot(ax)

    def plot(self, ax=None):
        """Draw, in `ax` or in a new figure, and return the display itself."""
        points = np.asarray(self.points, dtype=float)
        self.front_ = _front(points, self.directions)
        ax = self._axes(ax)
        self._draw_candidates(ax, points)
        self._draw_front(ax, points)
        self._mark_chosen(ax, points)
        self._name_axes(ax, points)
        legend_above(ax)
        return self

    def _draw_candidates(self, ax, points):
        shown = self._is_shown(points)
        dots = {"s": 22, "color": GREY, "alpha": 0.6, "linewidths": 0}
        ax.scatter(*points[shown].T, label="candidates", **dots)
        x, failed = points[:, 0], ~np.isfinite(points[:, 1])
        upper = self.directions[1] == "less"
        bad = np.isfinite(points).all(axis=1) & ~shown
        arrow = "^" if upper else "v"
        draw_at_edge(ax, x[bad], arrow, "off the axis", upper, GREY)
        draw_at_edge(ax, x[failed & np.isfinite(x)], "x", "failed", upper)

    def _is_shown(self, points):
        """Return a mask of the points near enough to the others not to squash these."""
        y = points[:, 1] * (1 if self.directions[1] == "more" else -1)
        shown = np.isfinite(points).all(axis=1)
        shown[shown] = y[shown] >= lowest_to_show(y[shown])
        shown[self.front_] = True
        return shown

    def _draw_front(self, ax, points):
        steps = "steps-post" if self.directions[0] == "less" else "steps-pre"
        line = {"color": BLUE, "linewidth": 1.4, "drawstyle": steps}
        dots = {"marker": "o", "markersize": 6}
        ax.plot(*points[self.front_].T, label="front", **line, **dots)

    def _mark_chosen(self, ax, points):
        if self.chosen is None or not np.isfinite(points[self.chosen]).all():
            return
        style = {"marker": "o", "markersize": 10, "color": CHOICE, "zorder": 3}
        ax.plot(*points[[self.chosen]].T, linestyle="none", label="chosen", **style)

    def _name_axes(self, ax, points):
        for axis, name, direction, values in zip(
            ("x", "y"), self.names, self.directions, points.T, strict=True
        ):
            finite = values[np.isfinite(values)]
            if _spans_decades(finite):
                getattr(ax, f"set_{axis}scale")("log")
            elif (finite == np.rint(finite)).all():
                place = getattr(ax, f"{axis}axis").get_major_locator()
                place.set_params(integer=True)
            label = f"{name} ({direction} is better)"
            getattr(ax, f"set_{axis}label")(label)
        ax.grid(color=GRID)
        ax.set_axisbelow(True)


def _front(points, directions):
    """Return the rows that no other one dominates, from left to right."""
    signs = np.array([1 if direction == "more" else -1 for direction in directions])
    rows = np.flatnonzero(np.isfinite(points).all(axis=1))
    rows = rows[undominated(points[rows] * signs)]
    return rows[np.argsort(points[rows, 0], kind="stable")]


def _spans_decades(values):
    is_positive = len(values) > 0 and values.min() > 0
    return is_positive and values.max() > 10**_DECADES * values.min()
