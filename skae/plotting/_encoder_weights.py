"""Bar charts of an encoder's weights of the features."""

import numpy as np

from skae.interpretation import code_sensitivities, first_layer_weights
from skae.plotting._figures import BLUE, CHOICE, DARK, GRID, Display

__all__ = ["EncoderWeightsDisplay"]

_MAX_UNITS = 12
_MAX_COLUMNS = 6


class EncoderWeightsDisplay(Display):
    """Weights of features in units of an encoder: one panel of bars for each unit.

    Positive bars are blue, negative ones vermilion. All panels share both axes.

    Parameters
    ----------
    weights : pandas.DataFrame of shape (n_features, n_units)
        As `skae.interpretation` returns them.
    units : sequence of str or None, default=None
        Columns to draw, at most 12; all of them if None.
    max_features : int, default=30
        The most features that are drawn: those of the largest mean absolute weight,
        in their own order.
    name : str, default="weight"
        What the bars show.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        Where `plot` drew, one for each unit.
    ax_ : matplotlib Axes
        The first of them.
    figure_ : matplotlib Figure
        Their figure.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skae import DenseAutoencoder
    >>> from skae.plotting import EncoderWeightsDisplay
    >>> X = load_iris(as_frame=True).data
    >>> model = DenseAutoencoder(2, random_state=0).fit(X)
    >>> display = EncoderWeightsDisplay.from_estimator(model, X)
    >>> [ax.get_title() for ax in display.axes_]
    ['denseautoencoder0', 'denseautoencoder1']
    """

    def __init__(self, weights, *, units=None, max_features=30, name="weight"):
        self.weights = weights
        self.units = units
        self.max_features = max_features
        self.name = name

    @classmethod
    def from_estimator(
        cls, estimator, X=None, *, absolute=False, units=None, max_features=30, ax=None
    ):
        """Return the drawn display of a fitted autoencoder, or a pipeline with one.

        Parameters
        ----------
        estimator : estimator
            Fitted autoencoder, a pipeline with one, or a search.
        X : array-like or None, default=None
            Data as `estimator` takes them, over whose rows the sensitivities of the
            code are averaged; see `skae.interpretation.code_sensitivities`. None: the
            weights of the first layer; see `skae.interpretation.first_layer_weights`.
        absolute : bool, default=False
            Whether to average absolute sensitivities.
        units, max_features
            See the class.
        ax : matplotlib Axes, default=None
            See `plot`.

        Returns
        -------
        display : EncoderWeightsDisplay
        """
        if X is None:
            weights, name = first_layer_weights(estimator), "weight"
        else:
            weights = code_sensitivities(estimator, X, absolute=absolute)
            name = "mean |dz / dx|" if absolute else "mean dz / dx"
        settings = {"units": units, "max_features": max_features, "name": name}
        return cls(weights, **settings).plot(ax)

    def plot(self, ax=None):
        """Draw, in the place of `ax` or in a new figure, and return the display.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes of a grid, whose place the panels take.

        Returns
        -------
        display : EncoderWeightsDisplay
        """
        weights = self._drawn()
        n_units = weights.shape[1]
        n_rows = -(-n_units // _MAX_COLUMNS)
        shape = (n_rows, -(-n_units // n_rows))
        height = 0.7 + 0.2 * max(6, len(weights))
        self._size = (1.9 + 1.7 * shape[1], height * shape[0])
        axes = self._panels(ax, shape, sharex=True, sharey=True)
        for spare in axes[n_units:]:
            spare.remove()
        for panel, unit in zip(self._keep(axes[:n_units]), weights, strict=True):
            self._draw_unit(panel, weights[unit])
        self._name_features(weights.index)
        for panel in axes[max(0, n_units - shape[1]) : n_units]:
            panel.tick_params(labelbottom=True)
            panel.set_xlabel(self.name)
        return self

    def _drawn(self):
        """Return the weights of the units and features that are drawn."""
        weights = self.weights if self.units is None else self.weights[[*self.units]]
        if weights.shape[1] > _MAX_UNITS:
            raise ValueError(
                f"{weights.shape[1]} units are too many to draw: choose up to "
                f"{_MAX_UNITS} columns by units=[...], or pass X to draw the code's "
                "mean sensitivities."
            )
        order = np.argsort(-weights.abs().mean(axis=1).to_numpy(), kind="stable")
        return weights.iloc[np.sort(order[: self.max_features])]

    def _draw_unit(self, ax, weights):
        values = weights.to_numpy()
        colors = np.where(values < 0, CHOICE, BLUE)
        ax.barh(np.arange(len(values)), values, color=colors, height=0.7, zorder=2)
        ax.axvline(0, color=DARK, linewidth=0.8, zorder=3)
        ax.set_title(weights.name, fontsize=9)
        ax.grid(axis="x", color=GRID)
        ax.tick_params(labelsize=8)
        ax.xaxis.get_major_locator().set_params(nbins=4)

    def _name_features(self, names):
        self.ax_.set_yticks(np.arange(len(names)), list(names))
        self.ax_.set_ylim(len(names) - 0.5, -0.5)  # the first feature above
        if len(names) < len(self.weights):
            self.ax_.set_ylabel(f"{len(names)} of {len(self.weights)} features")
