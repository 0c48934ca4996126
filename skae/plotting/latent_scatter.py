"""The codes in the plane."""

import numpy as np

from skae.plotting._figures import BLUE, Display
from skae.scorers import locate

__all__ = ["LatentScatterDisplay"]

# P. Tol's "muted" scheme, for classes.
_CLASSES = (
    "#332288",
    "#CC6677",
    "#117733",
    "#DDCC77",
    "#88CCEE",
    "#882255",
    "#44AA99",
    "#999933",
    "#AA4499",
    "#777777",
)
_MARKERS = "osD^vP"


class LatentScatterDisplay(Display):
    """The codes: their first two dimensions, or a histogram of a single one.

    Parameters
    ----------
    Z : ndarray of shape (n_samples, n_components)
        Codes.
    labels : array-like of shape (n_samples,) or None, default=None
        Colours: up to ten different values are classes, more are points on a scale,
        such as time.
    name : str or None, default=None
        What the labels are.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where `plot` drew.
    figure_ : matplotlib Figure
        The figure of `ax_`.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.plotting import LatentScatterDisplay
    >>> Z = np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> display = LatentScatterDisplay(Z, labels=["a", "b", "b"]).plot()
    >>> display.ax_.get_ylabel()
    'code unit 2'
    """

    _size = (5.6, 4.2)

    def __init__(self, Z, labels=None, *, name=None):
        self.Z = Z
        self.labels = labels
        self.name = name

    @classmethod
    def from_estimator(cls, estimator, X, *, labels=None, name=None, ax=None):
        """Return the drawn display of the codes of `X`.

        Parameters
        ----------
        estimator : estimator
            Fitted autoencoder or a pipeline with one.
        X : array-like
            Data as `estimator` takes them.
        labels, name
            See the class.
        ax : matplotlib Axes, default=None
            See `plot`.

        Returns
        -------
        display : LatentScatterDisplay
        """
        Z = locate(estimator, X).codes()
        return cls(Z, labels, name=name).plot(ax)

    def plot(self, ax=None):
        """Draw, in `ax` or in a new figure, and return the display itself."""
        ax = self._axes(ax)
        if self.labels is None:
            self._draw(ax, slice(None), None, BLUE, "o")
        elif len(np.unique(self.labels)) <= len(_CLASSES):
            self._plot_classes(ax)
        else:
            self._plot_scale(ax)
        one = self.Z.shape[1] == 1
        ax.set(xlabel="code unit 1", ylabel="rows" if one else "code unit 2")
        return self

    def _plot_classes(self, ax):
        labels = np.asarray(self.labels)
        for i, label in enumerate(np.unique(labels)):
            marker = _MARKERS[i % len(_MARKERS)]
            self._draw(ax, labels == label, str(label), _CLASSES[i], marker)
        ax.legend(
            title=self.name, frameon=False, loc="upper left", bbox_to_anchor=(1, 1)
        )

    def _plot_scale(self, ax):
        if self.Z.shape[1] == 1:
            return self._draw(ax, slice(None), None, BLUE, "o")
        labels, ticks = _as_numbers(self.labels)
        dots = ax.scatter(*self.Z.T[:2], c=labels, cmap="viridis", s=22)
        bar = self.figure_.colorbar(dots, ax=ax, label=self.name or "")
        if ticks is not None:
            bar.set_ticks(list(ticks), labels=list(ticks.values()))

    def _draw(self, ax, rows, label, color, marker):
        Z = self.Z[rows]
        if Z.shape[1] == 1:
            bins = np.histogram_bin_edges(self.Z, bins=30)
            ax.hist(Z[:, 0], bins=bins, color=color, label=label, alpha=0.7)
        else:
            style = {"s": 22, "alpha": 0.85, "linewidths": 0, "marker": marker}
            ax.scatter(*Z.T[:2], color=color, label=label, **style)


def _as_numbers(labels):
    """Return labels as numbers, and a few ticks for those that are dates."""
    labels = np.asarray(labels)
    if labels.dtype.kind != "M":
        return labels.astype(float), None
    numbers = labels.astype("datetime64[D]").astype(float)
    rows = np.argsort(numbers)[np.linspace(0, len(labels) - 1, 6).astype(int)]
    return numbers, {numbers[row]: str(labels[row]) for row in rows}
