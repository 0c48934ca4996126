"""Scores in the order of evaluation, and the best so far."""

import numpy as np

from skae.plotting._figures import BLUE, CLASSES, GRID, MARKERS, Display
from skae.plotting._scores import draw_off_scale, legend_above, lowest_to_show
from skae.plotting._trials import finite_scores, read_trials

__all__ = ["ConvergenceDisplay"]


class ConvergenceDisplay(Display):
    """Score of each candidate in the order of evaluation, and the best so far.

    ``best(n) = max(score(1), ..., score(n))``

    A line that has long been flat says that going on may not pay; points that do not
    rise say that the search does not learn from what it has tried. The best of many
    noisy scores rises by luck alone: searches compare at equal numbers of candidates.

    Crosses at the edge are candidates that failed. Triangles are candidates so much
    worse than the others that these would be squashed.

    Parameters
    ----------
    scores : dict of str to array-like of shape (n_candidates,)
        Mean scores of each search, by its name, higher is better; NaN for failures.
    name : str, default="score"
        What the vertical axis shows, with its unit.
    negate : bool, default=False
        Whether to draw the negative scores: errors, whose best is the smallest.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where `plot` drew.
    figure_ : matplotlib Figure
        The figure of `ax_`.

    See Also
    --------
    GenerationFitnessDisplay : Generations of an evolution.

    Examples
    --------
    >>> from skae.plotting import ConvergenceDisplay
    >>> display = ConvergenceDisplay({"random": [0.1, 0.5, 0.3]}).plot()
    >>> display.ax_.lines[0].get_ydata().tolist()
    [0.1, 0.5, 0.5]
    """

    def __init__(self, scores, *, name="score", negate=False):
        self.scores = scores
        self.name = name
        self.negate = negate

    @classmethod
    def from_search(cls, search, metric=None, *, name=None, negate=None, ax=None):
        """Return the drawn display of one fitted search.

        Parameters
        ----------
        search : fitted search
            Any with `cv_results_`.
        metric, name, negate, ax
            See `from_searches`.

        Returns
        -------
        display : ConvergenceDisplay
        """
        searches = {type(search).__name__: search}
        return cls.from_searches(searches, metric, name=name, negate=negate, ax=ax)

    @classmethod
    def from_searches(cls, searches, metric=None, *, name=None, negate=None, ax=None):
        """Return the drawn display of several fitted searches, to compare them.

        Parameters
        ----------
        searches : dict of str to fitted search
            The searches by name. They should score by the same metric on the same
            folds.
        metric : str, default=None
            The metric, in searches with several of them; None for that of the choice
            of each search.
        name : str, default=None
            What the vertical axis shows; the metric's name if None.
        negate : bool, default=None
            Whether to draw errors. None: if the metric's name starts with ``"neg_"``.
        ax : matplotlib Axes, default=None
            See `plot`.

        Returns
        -------
        display : ConvergenceDisplay

        Raises
        ------
        NotFittedError
            When a search is not fitted.
        UnknownNameError
            When one has no such metric.
        ValueError
            When the searches are none, or score by different metrics.
        """
        trials = {
            label: read_trials(search, metric, name, negate)
            for label, search in searches.items()
        }
        name, negate = _common([(each.name, each.negate) for each in trials.values()])
        scores = {label: each.scores for label, each in trials.items()}
        return cls(scores, name=name, negate=negate).plot(ax)

    def plot(self, ax=None):
        """Draw, in `ax` or in a new figure, and return the display itself."""
        ax = self._axes(ax)
        scores = {name: finite_scores(each) for name, each in self.scores.items()}
        low = lowest_to_show(np.concatenate([*scores.values()]))
        for i, (name, each) in enumerate(scores.items()):
            style = CLASSES[i % len(CLASSES)], MARKERS[i % len(MARKERS)], name
            if len(scores) == 1:
                style = BLUE, "o", "best so far"
            self._draw(ax, each, low, style)
        ax.set(xlabel="candidate, in the order of evaluation", ylabel=self.name)
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.set_xlim(0.5, max(map(len, scores.values())) + 0.5)
        ax.grid(color=GRID)
        ax.set_axisbelow(True)
        legend_above(ax)
        return self

    def _draw(self, ax, scores, low, style):
        color, marker, label = style
        sign = -1 if self.negate else 1
        numbers = np.arange(1, len(scores) + 1)
        shown = scores >= low  # not for NaN
        dots = {"s": 18, "alpha": 0.45, "linewidths": 0, "color": color}
        dots["label"] = "candidates" if len(self.scores) == 1 else None
        ax.scatter(numbers[shown], sign * scores[shown], marker=marker, **dots)
        best = np.fmax.accumulate(np.where(shown, scores, np.nan))
        line = {"color": color, "linewidth": 1.6, "drawstyle": "steps-post"}
        ax.plot(numbers, sign * best, label=label, **line)
        color = None if len(self.scores) == 1 else color
        draw_off_scale(ax, numbers, scores, negate=self.negate, low=low, color=color)


def _common(named):
    """Return the name of the scores and whether they are errors, alike for all."""
    if not named:
        raise ValueError("There is no search to draw: pass a dict with one at least.")
    if len(set(named)) > 1:
        names = ", ".join(dict.fromkeys(repr(name) for name, _ in named))
        raise ValueError(
            f"The searches score by different metrics, {names}, which do not share an "
            "axis: choose one that all have by `metric`. If these are one metric by "
            "different names, set `name` and `negate`."
        )
    return named[0]
