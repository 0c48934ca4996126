"""Originals beside their reconstructions."""

import numpy as np

from skae.metrics import variance_explained
from skae.plotting._figures import BLUE, CHOICE, DARK, Display
from skae.plotting._images import (
    draw_images,
    image_shape_in,
    image_shape_of,
    kind_of,
    tile,
)
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
    kind : {"images", "sequences", "features"} or None, default=None
        Images in two rows, the originals above; windows of a series as lines, the first
        channel of each; or every value against its reconstruction. If None, images
        where `image_shape` is given or `X` has four dimensions, sequences where it has
        three, else features.
    n_channels : int, default=1
        Channels of flattened windows.
    image_shape : tuple of int or None, default=None
        Height and width of the images, after the number of channels if there are more
        than one. Images in four dimensions have theirs.
    max_samples : int, default=16
        The most images or sequences that are drawn: the first ones.
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
        kind=None,
        n_channels=1,
        image_shape=None,
        max_samples=16,
        ticks=None,
        name="value",
    ):
        self.X = X
        self.X_hat = X_hat
        self.kind = kind
        self.n_channels = n_channels
        self.image_shape = image_shape
        self.max_samples = max_samples
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
            Data as `estimator` takes them.
        ax : matplotlib Axes, default=None
            See `plot`.
        **settings
            See the class. Where the network knows the shape of images, `image_shape`
            need not be given.

        Returns
        -------
        display : ReconstructionDisplay
        """
        located = locate(estimator, X)
        if settings.get("kind") in (None, "images"):
            known = image_shape_of(located.reducer)
            settings["image_shape"] = settings.get("image_shape") or known
        return cls(np.asarray(located.X), located.reconstruct(), **settings).plot(ax)

    def plot(self, ax=None):
        """Draw, in `ax` or in a new figure, and return the display itself."""
        draw = {
            "images": self._plot_images,
            "sequences": self._plot_sequences,
            "features": self._plot_features,
        }
        kind = self.kind or kind_of(np.shape(self.X), self.image_shape, "features")
        if kind not in draw:
            raise ValueError(f"kind={kind!r}: use one of {', '.join(draw)}.")
        self._size = _SIZES[kind]
        draw[kind](self._axes(ax))
        return self

    def _plot_images(self, ax):
        image_shape = image_shape_in(self.X, self.image_shape)
        X, X_hat = self.X[: self.max_samples], self.X_hat[: self.max_samples]
        rows = [tile(images, image_shape, n_columns=len(X)) for images in (X, X_hat)]
        height = len(rows[0])
        gap = np.full_like(rows[0][:1], np.nan)
        limits = np.nanmin(X), np.nanmax(X)
        draw_images(ax, np.concatenate([rows[0], gap, rows[1]]), limits)
        centres = (height - 1) / 2 + np.array([0, height + 1])
        ax.set_yticks(centres, ["original", "reconstruction"])

    def _plot_sequences(self, ax):
        X, X_hat = (
            self._first_channel(windows[: self.max_samples])
            for windows in (self.X, self.X_hat)
        )
        starts = np.arange(len(X)) * X.shape[1]
        self._draw_windows(ax, X, starts, color=DARK, label="original")
        style = {"color": CHOICE, "linestyle": "--", "marker": ".", "markersize": 4}
        self._draw_windows(ax, X_hat, starts, label="reconstruction", **style)
        for start in starts[1:]:
            ax.axvline(start - 0.5, color="#e6e6e6", linewidth=1, zorder=0)
        ax.set(xlabel="windows, one after another", ylabel=self.name)
        if self.ticks is not None:
            ticks = list(self.ticks)[: len(starts)]
            ax.set_xticks(starts, ticks, rotation=45, ha="right")
            ax.set_xlabel("windows, by their start")
        ax.legend(frameon=False)

    def _first_channel(self, windows):
        windows = np.asarray(windows)
        if windows.ndim == 2:
            windows = windows.reshape(len(windows), -1, self.n_channels)
        return windows[:, :, 0]

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
