"""The score over the latent dimension."""

import numpy as np

from skae.plotting._figures import BLUE, CHOICE, GREY, Display
from skae.search.selection import ScoreCurve

__all__ = ["ScoreCurveDisplay"]


class ScoreCurveDisplay(Display):
    """Cross-validated score over the latent dimension, with the chosen one marked.

    Error bars are one standard error over the folds, after each fold's own level is
    taken away; see `skae.search.ScoreCurve.standard_error`.

    Parameters
    ----------
    curve : ScoreCurve
        The scores.
    chosen : int or None, default=None
        The value to mark; the best one if None.
    name : str, default="score"
        What the vertical axis shows, with its unit.
    negate : bool, default=False
        Whether to draw the negative scores: errors, of which searches maximise the
        negative.

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

    def __init__(self, curve, *, chosen=None, name="score", negate=False):
        self.curve = curve
        self.chosen = chosen
        self.name = name
        self.negate = negate

    @classmethod
    def from_cv_results(
        cls, cv_results, param, metric="score", *, chosen=None, name=None, negate=False
    ):
        """Return the drawn display of what a search has found.

        Parameters
        ----------
        cv_results : dict
            The `cv_results_` of a fitted search.
        param : str
            The latent dimension in the search space: ``"autoencoder__n_components"``.
        metric : str, default="score"
            The metric, in searches with several of them.
        chosen, negate
            See the class.
        name : str, default=None
            See the class; the metric's if None.

        Returns
        -------
        display : ScoreCurveDisplay
        """
        curve = ScoreCurve.from_cv_results(cv_results, param, metric)
        name = metric if name is None else name
        return cls(curve, chosen=chosen, name=name, negate=negate).plot()

    def plot(self, ax=None):
        """Draw, in `ax` or in a new figure, and return the display itself."""
        ax = self._axes(ax)
        values, mean = self.curve.values, self._signed(self.curve.mean)
        ax.errorbar(
            values,
            mean,
            yerr=np.nan_to_num(self.curve.standard_error),
            color=BLUE,
            ecolor=GREY,
            marker="o",
            markersize=5,
            capsize=3,
            linewidth=1.4,
        )
        self._mark_chosen(ax)
        ax.set(xlabel="latent dimension", ylabel=self.name)
        ax.grid(axis="y", color="#e6e6e6")
        ax.set_axisbelow(True)
        ax.xaxis.get_major_locator().set_params(integer=True)
        return self

    def _signed(self, scores):
        return -scores if self.negate else scores

    def _mark_chosen(self, ax):
        chosen = self.curve.best if self.chosen is None else self.chosen
        at = self.curve.values == chosen
        if not at.any():  # it may have failed in this metric alone
            return
        label = f"chosen: {chosen}"
        y = self._signed(self.curve.mean[at])
        marked = {"marker": "o", "markersize": 10, "color": CHOICE, "zorder": 3}
        ax.plot(self.curve.values[at], y, linestyle="none", label=label, **marked)
        ax.legend(frameon=False)
