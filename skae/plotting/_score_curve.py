"""The score over the latent dimension, or over any other parameter."""

from itertools import cycle

import numpy as np

from skae.plotting._curves import curve_of, label_of, place_in, scatter_of, split
from skae.plotting._figures import BLUE, CHOICE, DARK, GREY, GRID, Display
from skae.plotting._scale import Scale, shortened, text_of
from skae.plotting._scores import draw_off_scale, legend_above, lowest_to_show
from skae.plotting._trials import (
    check_param,
    finite_scores,
    guiding_metric,
    read_trials,
    searched,
)

__all__ = ["ScoreCurveDisplay"]

_MANY = 40


class ScoreCurveDisplay(Display):
    """Cross-validated score over the values of a parameter, with the chosen one marked.

    Numbers lie on an axis, a logarithmic one if they are positive and span more than
    two decades. Everything else is a category: text, None, layers such as ``(64, 32)``.
    More than a dozen different architectures are grouped by their number of layers.

    Where other parameters vary too, all candidates are faint points, and each value is
    represented by its best candidate; a line joins these only if values have two
    candidates or more on average. That the best of many scores high is partly luck:
    compare values that were tried equally often.

    Error bars are one standard error over the folds, after each fold's own level is
    taken away; see `skae.search.ScoreCurve.standard_error`. Crosses at the edge are
    values that failed.

    Parameters
    ----------
    curve : ScoreCurve
        The scores.
    chosen : object or Selection, default="best"
        The value to mark, ``"best"`` for the best one. None is marked where it is. The
        `interval` of a `Selection`, where it has one, is a band.
    name : str, default="score"
        What the vertical axis shows, with its unit.
    negate : bool, default=False
        Whether to draw the negative scores: errors, of which searches maximise the
        negative.
    label : str, default="latent dimension"
        What the horizontal axis shows.
    candidates : tuple of (sequence, ndarray of shape (n_candidates,)), default=None
        Value and mean score of each candidate, to be drawn as faint points. Those whose
        value is not on the curve are left out.
    beside : dict of ScoreCurve, default=None
        Curves to compare with, by their names, as that of PCA.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where `plot` drew.
    figure_ : matplotlib Figure
        The figure of `ax_`.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.plotting import ScoreCurveDisplay
    >>> from skae.search import ScoreCurve
    >>> curve = ScoreCurve(np.array([1, 2]), np.array([[0.2, 0.4], [0.7, 0.8]]))
    >>> display = ScoreCurveDisplay(curve, name="kernel MI (nats)").plot()
    >>> display.ax_.get_xlabel()
    'latent dimension'
    """

    def __init__(
        self,
        curve,
        *,
        chosen="best",
        name="score",
        negate=False,
        label="latent dimension",
        candidates=None,
        beside=None,
    ):
        self.curve = curve
        self.chosen = chosen
        self.name = name
        self.negate = negate
        self.label = label
        self.candidates = candidates
        self.beside = beside

    @classmethod
    def from_cv_results(
        cls,
        cv_results,
        param,
        metric="score",
        *,
        chosen="best",
        name=None,
        negate=False,
        ax=None,
    ):
        """Return the drawn display of a search's results.

        Parameters
        ----------
        cv_results : dict
            The `cv_results_` of a fitted search.
        param : str
            The parameter in the search space: ``"autoencoder__n_components"``.
        metric : str, default="score"
            The metric, in searches with several of them.
        chosen, negate
            See the class.
        name : str, default=None
            See the class; the metric's if None.
        ax : matplotlib Axes, default=None
            See `plot`.

        Returns
        -------
        display : ScoreCurveDisplay

        Raises
        ------
        UnknownNameError
            When the search has no such parameter or metric.
        ValueError
            When all candidates have failed.
        """
        candidates = scatter_of(cv_results, param, metric)
        if _interval_of(chosen) is None:
            chosen = place_in(cv_results, param, getattr(chosen, "value", chosen))
        return cls(
            curve_of(cv_results, param, metric),
            chosen=chosen,
            name=metric if name is None else name,
            negate=negate,
            label=label_of(param, cv_results),
            candidates=candidates,
        ).plot(ax)

    @classmethod
    def from_search(
        cls, search, param=None, metric=None, *, name=None, negate=None, ax=None
    ):
        """Return the drawn display of a fitted search, with its choice.

        Parameters
        ----------
        search : fitted search
            `GridSearchCV`, `BayesSearchCV`, `EvolutionarySearchCV` or any other with
            `cv_results_`.
        param : str, default=None
            The parameter, as in the search space. None: the only one that was searched,
            seeds aside.
        metric : str, default=None
            The metric, in searches with several of them; None for that of the choice.
        name : str, default=None
            What the vertical axis shows; the name of the metric if None.
        negate : bool, default=None
            Whether to draw errors. None: if the metric's name starts with ``"neg_"``.
        ax : matplotlib Axes, default=None
            See `plot`.

        Returns
        -------
        display : ScoreCurveDisplay

        Raises
        ------
        NotFittedError
            When the search is not fitted.
        UnknownNameError
            When it has no such parameter or metric.
        ValueError
            When several parameters were searched and none is named, or when all
            candidates have failed.
        """
        trials = read_trials(search, metric, name, negate)
        param = _only_parameter(trials.params) if param is None else param
        check_param(param, trials.params)
        chosen = "best"
        if trials.chosen is not None:
            chosen = trials.params[trials.chosen].get(param, object())  # on no axis
        selection = getattr(search, "selection_", None)
        if _interval_of(selection) is not None:
            chosen = selection
        return cls.from_cv_results(
            search.cv_results_,
            param,
            guiding_metric(search) if metric is None else metric,
            chosen=chosen,
            name=trials.name,
            negate=trials.negate,
            ax=ax,
        )

    def plot(self, ax=None):
        """Draw, in `ax` or in a new figure, and return the display itself."""
        ax = self._axes(ax)
        scale = Scale.of([*self.curve.values, *self.curve.failed])
        low = self._lowest(scale)
        shown, bad, failed = split(self.curve, low)
        self._draw_interval(ax)
        self._draw_beside(ax, scale)
        self._draw_candidates(ax, scale, low)
        if shown is not None:
            self._draw_curve(ax, scale, shown)
            self._mark_chosen(ax, scale, shown)
        off = np.repeat([-np.inf, np.nan], [len(bad), len(failed)])
        x = scale.positions([*bad, *failed])
        draw_off_scale(ax, x, off, negate=self.negate, low=low)
        scale.prepare(ax)
        ax.set(xlabel=self.label, ylabel=self.name)
        ax.grid(axis="y", color=GRID)
        ax.set_axisbelow(True)
        legend_above(ax)
        return self

    def _signed(self, scores):
        return -scores if self.negate else scores

    def _lowest(self, scale):
        """Return the lowest score to show: of a line all of it, else what fits."""
        if self.candidates is None:
            return -np.inf
        low = lowest_to_show(self.candidates[1])
        if self._are_loose(scale):
            return low
        return np.fmin(low, np.nanmin(finite_scores(self.curve.mean), initial=np.inf))

    def _draw_interval(self, ax):
        """Draw a band around the dimensions that the evidence speaks for."""
        interval = _interval_of(self.chosen)
        if interval is None:
            return
        low, high = interval
        label = f"interval: {low}" if low == high else f"interval: {low} to {high}"
        style = {"color": CHOICE, "alpha": 0.12, "linewidth": 0, "zorder": 0}
        ax.axvspan(low - 0.4, high + 0.4, label=label, **style)

    def _draw_beside(self, ax, scale):
        styles = cycle((("--", "s"), (":", "D"), ("-.", "^")))
        for (name, curve), (style, marker) in zip(
            (self.beside or {}).items(), styles, strict=False
        ):
            known = np.isin(curve.values, scale.values)
            x, y = scale.positions(curve.values[known]), self._signed(curve.mean[known])
            marks = {"marker": marker, "markersize": 4, "linewidth": 1.2}
            ax.plot(x, y, color=DARK, linestyle=style, label=name, **marks)

    def _draw_candidates(self, ax, scale, low):
        if self.candidates is None:
            return
        x, scores = scale.positions(self.candidates[0]), self.candidates[1]
        known = np.isin(x, scale.positions(scale.values))
        shown, bad = known & (scores >= low), known & (scores < low)  # not for NaN
        dots = {"s": 16, "color": GREY, "alpha": 0.5, "linewidths": 0}
        y = self._signed(scores[shown])
        ax.scatter(x[shown], y, label="candidates", **dots)
        draw_off_scale(ax, x[bad], scores[bad], negate=self.negate, low=low)

    def _draw_curve(self, ax, scale, curve):
        many = len(curve.values) > _MANY
        is_line = scale.kind != "category" and not self._are_loose(scale)
        ax.errorbar(
            scale.positions(curve.values),
            self._signed(curve.mean),
            yerr=np.nan_to_num(curve.standard_error),
            color=BLUE,
            ecolor=GREY,
            elinewidth=0.7 if many else None,
            marker="o",
            markersize=3 if many else 5,
            capsize=0 if many else 3,
            linewidth=1.4,
            linestyle="-" if is_line else "none",
            label=self._name_of_curve(),
        )

    def _name_of_curve(self):
        if self.candidates is not None:
            return "best of each value"
        return "autoencoder" if self.beside else None

    def _are_loose(self, scale):
        """Return whether most numbers have one candidate, and a line would mislead."""
        if self.candidates is None or scale.kind == "category":
            return False
        return len(self.candidates[0]) < 2 * len(self.curve.values)

    def _mark_chosen(self, ax, scale, curve):
        chosen = getattr(self.chosen, "value", self.chosen)
        if isinstance(chosen, str) and chosen == "best":
            chosen = curve.values[np.argmax(curve.mean)]
        at = scale.positions(curve.values) == scale.positions([chosen])
        if not at.any():  # it may have failed in this metric alone
            return
        label = f"chosen: {shortened(text_of(chosen))}"
        style = {"marker": "o", "markersize": 10, "color": CHOICE, "zorder": 3}
        x, y = scale.positions([chosen]), self._signed(curve.mean[at])
        ax.plot(x, y, linestyle="none", label=label, **style)


def _interval_of(chosen):
    return getattr(chosen, "interval", None)


def _only_parameter(params):
    names = searched(params)
    if len(names) > 1:
        raise ValueError(
            f"{len(names)} parameters were searched: name the one to draw by `param`, "
            f"{', '.join(map(repr, names))}."
        )
    return names[0]
