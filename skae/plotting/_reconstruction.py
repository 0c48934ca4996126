"""Originals beside their reconstructions."""

import numpy as np

from skae.metrics import variance_explained
from skae.plotting._figures import BLUE, CHOICE, DARK, Display
from skae.plotting._images import draw_images, tile
from skae.scorers import locate

__all__ = ["ReconstructionDisplay"]

_SIZES = {"images": (7.2, 1.6), "sequences": (7.2, 3.6), "features": (4.8, 4.4)}


class ReconstructionDisplay(Display):
    """Originals beside their reconstructions.

    Parameters
    ----------
    X, X_hat : ndarray of shape (n_samples, ...)
        Originals and reconstructions. NaN in `X`, where a value is missing, is not
        drawn.
    kind : {"images", "sequences", "features"}, default="features"
        Images in two rows, the originals above; windows of a series as lines, the first
        channel of each; or every value against its reconstruction.
    n_channels : int, default=1
        Channels of flattened windows.
    image_shape : tuple of int or None, default=None
        Height and width of the images, after the number of channels if there are more
        than one.
    ticks : sequence of str or None, default=None
        Names of the windows, for instance when they start.
    name : str, default="value"
        What the values are, with their unit.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where `plot` drew.
    figure_ : matplotlib Figure
        The figure of `ax_`.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.plotting import ReconstructionDisplay
    >>> X = np.arange(6.0).reshape(3, 2)
    >>> display = ReconstructionDisplay(X, X + 0.1, name="length (cm)").plot()
    >>> display.ax_.get_ylabel()
    'reconstruction of length (cm)'
    """

    def __init__(
        self,
        X,
        X_hat,
        *,
        kind="features",
        n_channels=1,
        image_shape=None,
        ticks=None,
        name="value",
    ):
        self.X = X
        self.X_hat = X_hat
        self.kind = kind
        self.n_channels = n_channels
        self.image_shape = image_shape
        self.ticks = ticks
        self.name = name

    @classmethod
    def from_estimator(cls, estimator, X, *, ax=None, **settings):
        """Return the drawn display of the rows of `X`, as the autoencoder sees them.

        Parameters
        ----------
        estimator : estimator
            Fitted autoencoder or a pipeline with one, whose earlier steps are applied
            to both, originals and reconstructions.
        X : array-like
            Data as `estimator` takes them: for images and sequences some rows only.
        ax : matplotlib Axes, default=None
            See `plot`.
        **settings
            See the class.

        Returns
        -------
        display : ReconstructionDisplay
        """
        located = locate(estimator, X)
        return cls(np.asarray(located.X), located.reconstruct(), **settings).plot(ax)

    def plot(self, ax=None):
        """Draw, in `ax` or in a new figure, and return the display itself."""
        draw = {
            "images": self._plot_images,
            "sequences": self._plot_sequences,
            "features": self._plot_features,
        }
        if self.kind not in draw:
            raise ValueError(f"kind={self.kind!r}: use one of {', '.join(draw)}.")
        self._size = _SIZES[self.kind]
        draw[self.kind](self._axes(ax))
        return self

    def _plot_images(self, ax):
        rows = [
            tile(images, self.image_shape, n_columns=len(images))
            for images in (self.X, self.X_hat)
        ]
        height = len(rows[0])
        gap = np.full_like(rows[0][:1], np.nan)
        limits = np.min(self.X), np.max(self.X)
        draw_images(ax, np.concatenate([rows[0], gap, rows[1]]), limits)
        centres = (height - 1) / 2 + np.array([0, height + 1])
        ax.set_yticks(centres, ["original", "reconstruction"])

    def _plot_sequences(self, ax):
        X, X_hat = self._first_channel(self.X), self._first_channel(self.X_hat)
        starts = np.arange(len(X)) * X.shape[1]
        self._draw_windows(ax, X, starts, color=DARK, label="original")
        style = {"color": CHOICE, "linestyle": "--", "marker": ".", "markersize": 4}
        self._draw_windows(ax, X_hat, starts, label="reconstruction", **style)
        for start in starts[1:]:
            ax.axvline(start - 0.5, color="#e6e6e6", linewidth=1, zorder=0)
        ax.set(xlabel="windows, one after another", ylabel=self.name)
        if self.ticks is not None:
            ax.set_xticks(starts, list(self.ticks), rotation=45, ha="right")
            ax.set_xlabel("windows, by their start")
        ax.legend(frameon=False)

    def _first_channel(self, windows):
        windows = np.asarray(windows)
        return windows.reshape(len(windows), -1, self.n_channels)[:, :, 0]

    def _draw_windows(self, ax, windows, starts, label, **style):
        for window, start in zip(windows, starts, strict=True):
            time = start + np.arange(len(window))
            ax.plot(time, window, linewidth=1.4, label=label, **style)
            label = None  # one entry in the legend

    def _plot_features(self, ax):
        x, x_hat = np.ravel(self.X), np.ravel(self.X_hat)
        x, x_hat = x[~np.isnan(x)], x_hat[~np.isnan(x)]  # what is missing is no dot
        ax.scatter(x, x_hat, s=8, color=BLUE, alpha=0.35, linewidths=0)
        low, high = min(x.min(), x_hat.min()), max(x.max(), x_hat.max())
        ax.plot([low, high], [low, high], color=DARK, linewidth=1, linestyle="--")
        share = variance_explained(np.asarray(self.X), np.asarray(self.X_hat))
        ax.set_title(f"{share:.0%} of the variance reconstructed", fontsize=10)
        ax.set(xlabel=self.name, ylabel=f"reconstruction of {self.name}")
        ax.set_aspect("equal", adjustable="datalim")
