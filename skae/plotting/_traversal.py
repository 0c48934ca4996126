"""What changes in rows when one unit of the code goes up."""

import numpy as np

from skae.interpretation import traversal
from skae.plotting._figures import BLUE, GRID, Display
from skae.plotting._images import draw_images, image_shape_in, kind_of, tile
from skae.plotting._scale import shortened

__all__ = ["TraversalDisplay"]

_MAX_COLUMNS = 4


class TraversalDisplay(Display):
    """What changes in rows when one unit of the code goes up.

    Tables have a panel for each of the columns that change most, in its own unit.
    Sequences have one for each channel, with a curve for each value of the unit, the
    darker the larger. Images are a row of pictures.

    Parameters
    ----------
    traversal : Traversal
        As `skae.interpretation.traversal` returns it.
    max_features : int, default=8
        The most columns, or channels, that are drawn.
    image_shape : tuple of int or None, default=None
        ``(height, width)`` or ``(channels, height, width)`` of flattened images, which
        are drawn as pictures rather than by columns. Networks that know the shape of
        images need none.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        Where `plot` drew.
    ax_ : matplotlib Axes
        The first of them.
    figure_ : matplotlib Figure
        Their figure.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skae import DenseAutoencoder
    >>> from skae.plotting import TraversalDisplay
    >>> X = load_iris(as_frame=True).data
    >>> model = DenseAutoencoder(2, random_state=0).fit(X)
    >>> display = TraversalDisplay.from_estimator(model, X, unit=1)
    >>> len(display.axes_)
    4
    """

    def __init__(self, traversal, *, max_features=8, image_shape=None):
        self.traversal = traversal
        self.max_features = max_features
        self.image_shape = image_shape

    @classmethod
    def from_estimator(
        cls, estimator, X, *, max_features=8, image_shape=None, ax=None, **settings
    ):
        """Return the drawn display of a fitted autoencoder, or a pipeline with one.

        Parameters
        ----------
        estimator : estimator
            Fitted autoencoder, a pipeline or a search with one.
        X : array-like
            Data as `estimator` takes them.
        max_features, image_shape
            See the class.
        ax : matplotlib Axes, default=None
            See `plot`.
        **settings
            Of `skae.interpretation.traversal`, as ``unit``.

        Returns
        -------
        display : TraversalDisplay
        """
        found = traversal(estimator, X, **settings)
        return cls(found, max_features=max_features, image_shape=image_shape).plot(ax)

    def plot(self, ax=None):
        """Draw, in the place of `ax` or in a new figure, and return the display.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes of a grid, whose place the panels take.

        Returns
        -------
        display : TraversalDisplay
        """
        kind = kind_of(np.shape(self.traversal.rows), self.image_shape, "table")
        getattr(self, f"_plot_{kind}")(ax)
        return self

    def _plot_table(self, ax):
        found = self.traversal
        order = np.argsort(-np.asarray(found.changes), kind="stable")
        chosen = order[: self.max_features]
        panels = self._grid(ax, len(chosen), sharex=True)
        for panel, column in zip(panels, chosen, strict=True):
            panel.plot(found.positions, self._column(column), ".-", color=BLUE)
            panel.set_title(shortened(str(found.names[column])), fontsize=9)
            panel.grid(color=GRID)
            panel.tick_params(labelsize=8)
            panel.xaxis.get_major_locator().set_params(nbins=4)
        for panel in self._lowest(panels):
            panel.tick_params(labelbottom=True)
            panel.set_xlabel(shortened(found.unit), fontsize=8)

    def _column(self, column):
        """Return the values of a column, categories as text."""
        rows = self.traversal.rows
        if not hasattr(rows, "iloc"):
            return np.asarray(rows)[:, column]
        values = rows.iloc[:, column]
        is_plain = values.dtype.kind in "fiumM"
        return values.to_numpy() if is_plain else [*map(str, values)]

    def _plot_sequences(self, ax):
        from matplotlib import colormaps

        found = self.traversal
        n_channels = min(self.max_features, found.rows.shape[2])
        shades = colormaps["Blues"](np.linspace(0.3, 1, len(found.positions)))
        panels = self._grid(ax, n_channels, sharex=True)
        for channel, panel in enumerate(panels):
            for row, color in zip(found.rows, shades, strict=True):
                panel.plot(row[:, channel], color=color, linewidth=1.4)
            panel.set_title(shortened(str(found.names[channel])), fontsize=9)
            panel.grid(color=GRID)
            panel.tick_params(labelsize=8)
            panel.xaxis.get_major_locator().set_params(integer=True, nbins=5)
        for panel in self._lowest(panels):
            panel.tick_params(labelbottom=True)
            panel.set_xlabel("time step", fontsize=8)
        labels = [f"{position:.3g}" for position in found.positions]
        style = {"title": shortened(found.unit, 14), "fontsize": 8}
        style |= {"title_fontsize": 8, "loc": "outside right upper"}
        self.figure_.legend(self.ax_.get_lines(), labels, frameon=False, **style)

    def _plot_images(self, ax):
        found = self.traversal
        n_steps = len(found.positions)
        self._size = 7.2, 1.5
        ax = self._axes(ax)
        rows = np.asarray(found.rows)
        image_shape = image_shape_in(rows, self.image_shape)
        limits = np.nanmin(rows), np.nanmax(rows)
        draw_images(ax, tile(rows, image_shape, n_columns=n_steps), limits)
        centres = (image_shape[-1] - 1) / 2 + np.arange(n_steps) * (image_shape[-1] + 1)
        labels = [f"{position:.3g}" for position in found.positions]
        ax.set_xticks(centres, labels, fontsize=8)
        ax.set_xlabel(found.unit)

    @staticmethod
    def _lowest(panels):
        """Return the panels that have none below."""
        n_columns = panels[0].get_gridspec().ncols
        return panels[-n_columns:]

    def _grid(self, ax, n_panels, **shared):
        """Return so many panels in a grid, without the spare ones."""
        n_rows = -(-n_panels // _MAX_COLUMNS)
        n_columns = -(-n_panels // n_rows)
        self._size = 1.2 + 1.9 * n_columns, 0.6 + 1.5 * n_rows
        axes = self._panels(ax, (n_rows, n_columns), **shared)
        for spare in axes[n_panels:]:
            spare.remove()
        return self._keep(axes[:n_panels])
