"""Bar charts, or pictures, of an encoder's weights of the features."""

import numpy as np

from skae._finder import fitted_autoencoder
from skae.interpretation import code_sensitivities, first_layer_weights
from skae.plotting._figures import (
    BLUE,
    CHOICE,
    DARK,
    GRID,
    Display,
    colours_of_signs,
)
from skae.plotting._images import image_shape_in, image_shape_of, tile
from skae.plotting._scale import shortened

__all__ = ["EncoderWeightsDisplay"]

_MAX_UNITS = 12
_MAX_COLUMNS = 6


class EncoderWeightsDisplay(Display):
    """Weights of features in units of an encoder: one panel for each unit.

    A panel has a bar for each feature, positive ones blue, negative ones vermilion. All
    panels share both axes. Weights of pixels are pictures in these colours, on one
    scale.

    Parameters
    ----------
    weights : pandas.DataFrame of shape (n_features, n_units)
        As `skae.interpretation` returns them.
    units : sequence of str or None, default=None
        Columns to draw, at most 12; all of them if None.
    max_features : int, default=30
        The most features that are drawn: those of the largest mean absolute weight,
        in their own order.
    image_shape : tuple of int or None, default=None
        ``(height, width)`` or ``(channels, height, width)`` where the features are the
        pixels of images: these are drawn as such, channels one below the other.
    name : str, default="weight"
        What is drawn.

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

    def __init__(
        self,
        weights,
        *,
        units=None,
        max_features=30,
        image_shape=None,
        name="weight",
    ):
        self.weights = weights
        self.units = units
        self.max_features = max_features
        self.image_shape = image_shape
        self.name = name

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X=None,
        *,
        absolute=False,
        units=None,
        max_features=30,
        image_shape=None,
        ax=None,
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
        image_shape : tuple of int or None, default=None
            See the class; what the network knows of it if None.
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
        if image_shape is None:
            image_shape = image_shape_of(fitted_autoencoder(estimator))
        settings = {"units": units, "max_features": max_features, "name": name}
        return cls(weights, image_shape=image_shape, **settings).plot(ax)

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
        weights = self._of_units()
        draw = self._plot_bars if self.image_shape is None else self._plot_images
        draw(ax, weights)
        return self

    def _plot_bars(self, ax, weights):
        weights = self._largest(weights)
        height = 0.7 + 0.2 * max(6, len(weights))
        axes, n_columns = self._grid(ax, weights.shape[1], height)
        for panel, unit in zip(axes, weights, strict=True):
            self._draw_unit(panel, weights[unit])
        self._name_features(weights.index)
        for panel in axes[-n_columns:]:
            panel.tick_params(labelbottom=True)
            panel.set_xlabel(self.name)

    def _plot_images(self, ax, weights):
        image_shape = image_shape_in(weights.T, self.image_shape)
        pictures = [
            tile(weights[unit], image_shape[-2:], n_columns=1) for unit in weights
        ]
        n_rows, n_columns = pictures[0].shape
        axes, _ = self._grid(ax, len(pictures), height=0.4 + 1.5 * n_rows / n_columns)
        high = np.abs(weights.to_numpy()).max() or 1.0
        style = {"cmap": colours_of_signs(), "vmin": -high, "vmax": high}
        for panel, unit, picture in zip(axes, weights, pictures, strict=True):
            drawn = panel.imshow(picture, **style)
            panel.set_title(shortened(unit, 20), fontsize=9)
            panel.set(xticks=[], yticks=[])
            panel.spines[:].set_visible(False)
        bar = self.figure_.colorbar(drawn, ax=[*axes], shrink=0.8, label=self.name)
        bar.ax.tick_params(labelsize=8)

    def _grid(self, ax, n_units, height):
        """Return a panel for each unit, and the number of columns."""
        n_rows = -(-n_units // _MAX_COLUMNS)
        n_columns = -(-n_units // n_rows)
        self._size = (1.9 + 1.7 * n_columns, height * n_rows)
        axes = self._panels(ax, (n_rows, n_columns), sharex=True, sharey=True)
        for spare in axes[n_units:]:
            spare.remove()
        return self._keep(axes[:n_units]), n_columns

    def _of_units(self):
        """Return the weights of the units that are drawn."""
        weights = self.weights if self.units is None else self.weights[[*self.units]]
        if weights.shape[1] > _MAX_UNITS:
            raise ValueError(
                f"{weights.shape[1]} units are too many to draw: choose up to "
                f"{_MAX_UNITS} columns by units=[...], or pass X to draw the code's "
                "mean sensitivities."
            )
        return weights

    def _largest(self, weights):
        """Return the weights of the features that are drawn."""
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
