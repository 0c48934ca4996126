"""Figures of rows that an autoencoder generates."""

import math

import numpy as np

from skae._finder import fitted_autoencoder
from skae.interpretation import feature_names
from skae.plotting._figures import BLUE, CLASSES, GREY, Display
from skae.plotting._images import (
    draw_images,
    image_shape_in,
    image_shape_of,
    kind_of,
    tile,
)
from skae.scorers import locate

__all__ = ["GeneratedSamplesDisplay"]

_N_SAMPLES = {"images": 32, "sequences": 12, "points": 500}


class GeneratedSamplesDisplay(Display):
    """Generated rows: images in a grid, small curves of sequences, or points.

    Parameters
    ----------
    X : ndarray of shape (n_samples, ...)
        Generated rows.
    kind : {"images", "sequences", "points"} or None, default=None
        Images in a grid; sequences in a panel each, all of the same scale; or a
        scatter of two or three features. If None, images where `image_shape` is given
        or `X` has four dimensions, sequences where it has three, else points.
    X_real : ndarray of shape (n_real, n_features) or None, default=None
        Rows of data. For points, they are drawn in grey behind; for images, their
        values span the scale of greys, else those of `X` do.
    image_shape : tuple of int or None, default=None
        For images: ``(height, width)`` or ``(channels, height, width)``. Images in
        four dimensions have theirs.
    n_channels : int, default=1
        For sequences: channels of flattened windows, a colour for each.
    dimensions : tuple of int or None, default=None
        For points: two or three features, by numbers from 0; the first three, or two
        if there are no more, if None.
    names : sequence of str or None, default=None
        For points: names of the features.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        Where `plot` drew: a panel for each sequence, else one.
    ax_ : matplotlib Axes
        The first of them; ``ax_.view_init`` turns three dimensions.
    figure_ : matplotlib Figure
        Their figure.

    Examples
    --------
    >>> from skae import MMDVAE
    >>> from skae.datasets import make_cube_surface
    >>> from skae.plotting import GeneratedSamplesDisplay
    >>> X = make_cube_surface(200, random_state=0)
    >>> model = MMDVAE(2, max_epochs=3, random_state=0).fit(X)
    >>> display = GeneratedSamplesDisplay.from_estimator(
    ...     model, n_samples=100, X=X, random_state=0
    ... )
    >>> display.X.shape
    (100, 3)
    """

    def __init__(
        self,
        X,
        *,
        kind=None,
        X_real=None,
        image_shape=None,
        n_channels=1,
        dimensions=None,
        names=None,
    ):
        self.X = X
        self.kind = kind
        self.X_real = X_real
        self.image_shape = image_shape
        self.n_channels = n_channels
        self.dimensions = dimensions
        self.names = names

    @classmethod
    def from_estimator(
        cls,
        estimator,
        n_samples=None,
        *,
        kind=None,
        X=None,
        image_shape=None,
        n_channels=None,
        dimensions=None,
        random_state=None,
        ax=None,
    ):
        """Return the drawn display of rows that a fitted autoencoder generates.

        Rows are in the space that the autoencoder sees: in a pipeline, that after the
        earlier steps.

        Parameters
        ----------
        estimator : estimator
            Fitted autoencoder that has `sample`, a pipeline with one, or a search.
        n_samples : int or None, default=None
            How many; 32 images, 12 sequences, 500 points if None.
        kind, dimensions
            See the class. If `kind` is None, what a recurrent network generates is
            drawn as sequences, too, unless there is an `X` to draw beside it.
        X : array-like or None, default=None
            Data as `estimator` takes them, `X_real` of the class.
        image_shape, n_channels
            See the class; what the network knows of them if None.
        random_state : int, RandomState instance or None, default=None
            Source of the draws.
        ax : matplotlib Axes, default=None
            See `plot`.

        Returns
        -------
        display : GeneratedSamplesDisplay

        Raises
        ------
        TypeError
            When the autoencoder cannot generate.
        """
        autoencoder = _generator(estimator)
        event_shape = autoencoder.net_.module_.event_shape
        if image_shape is None:
            image_shape = image_shape_of(autoencoder)
        if kind is None:
            rows_shape = (0, *event_shape) if X is None else (0, 0)
            kind = kind_of(rows_shape, image_shape, "points")
        _check_kind(kind)
        if n_channels is None:
            n_channels = event_shape[-1] if len(event_shape) == 2 else 1
        n_samples = _N_SAMPLES[kind] if n_samples is None else n_samples
        return cls(
            autoencoder.sample(n_samples, random_state=random_state),
            kind=kind,
            X_real=None if X is None else np.asarray(locate(estimator, X).X),
            image_shape=image_shape,
            n_channels=n_channels,
            dimensions=dimensions,
            names=feature_names(estimator),
        ).plot(ax)

    def plot(self, ax=None):
        """Draw, in `ax` or in a new figure, and return the display itself.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            For points of three features one with ``projection="3d"``; for sequences
            one of a grid, whose place the panels take.

        Returns
        -------
        display : GeneratedSamplesDisplay
        """
        kind = self.kind or kind_of(np.shape(self.X), self.image_shape, "points")
        _check_kind(kind)
        if self.X_real is not None and kind == "sequences":
            raise ValueError(
                "kind='sequences' draws no data beside what is generated: leave X out, "
                "or use kind='points'."
            )
        getattr(self, f"_plot_{kind}")(ax)
        return self

    # Images

    def _plot_images(self, ax):
        image_shape = image_shape_in(self.X, self.image_shape)
        height, width = image_shape[-2:]
        n_columns = min(len(self.X), math.ceil(math.sqrt(2 * len(self.X))))
        n_rows = -(-len(self.X) // n_columns)
        self._size = (7.2, 7.2 * (n_rows * height) / (n_columns * width))
        image = tile(self.X, image_shape, n_columns)
        scale = self.X if self.X_real is None else self.X_real
        draw_images(self._axes(ax), image, (np.min(scale), np.max(scale)))

    # Sequences

    def _plot_sequences(self, ax):
        windows = np.asarray(self.X)
        if windows.ndim == 2:
            windows = windows.reshape(len(windows), -1, self.n_channels)
        n_columns = min(len(windows), math.ceil(math.sqrt(len(windows))))
        shape = (-(-len(windows) // n_columns), n_columns)
        self._size = (1.8 * shape[1] + 0.4, 1.3 * shape[0] + 0.3)
        axes = self._panels(ax, shape, sharex=True, sharey=True)
        for spare in axes[len(windows) :]:
            spare.remove()
        self._keep(axes[: len(windows)])
        for panel, window in zip(self.axes_, windows, strict=True):
            _draw_window(panel, window)
        if windows.shape[2] > 1:
            self._legend_beside(self.axes_[n_columns - 1])
        for panel in self.axes_[-n_columns:]:
            panel.tick_params(labelbottom=True)
            panel.set_xlabel("time step")

    # Points

    def _plot_points(self, ax):
        features = self._features()
        is_solid = len(features) == 3
        self._size = (6.4, 4.8) if is_solid else (5.6, 4.2)
        ax = self._axes(ax, "3d" if is_solid else None)
        if self.X_real is not None:
            style = {"color": GREY, "alpha": 0.8, "s": 10, "linewidths": 0}
            ax.scatter(*self.X_real[:, features].T, label="data", **style)
        style = {"color": BLUE, "alpha": 0.8, "s": 14, "linewidths": 0}
        ax.scatter(*self.X[:, features].T, label="generated", **style)
        names = [f"x{i}" for i in features]
        if self.names is not None:
            names = [self.names[i] for i in features]
        ax.set(**dict(zip(("xlabel", "ylabel", "zlabel"), names, strict=False)))
        if self.X_real is not None:
            self._legend_beside(ax)

    def _features(self):
        shape = self.X.shape
        if len(shape) != 2 or shape[1] < 2:
            raise ValueError(
                f"kind='points' takes rows of at least two features, and these have "
                f"the shape {shape[1:]}: use another kind."
            )
        features = self.dimensions
        features = range(min(3, shape[1])) if features is None else features
        features = list(features)
        if len(features) not in (2, 3) or not set(features) <= set(range(shape[1])):
            raise ValueError(
                f"dimensions={self.dimensions!r}: give two or three of the {shape[1]} "
                f"features, by numbers from 0 to {shape[1] - 1}."
            )
        return features


def _check_kind(kind):
    if kind not in _N_SAMPLES:
        raise ValueError(f"kind={kind!r}: use one of {', '.join(_N_SAMPLES)}.")


def _generator(estimator):
    autoencoder = fitted_autoencoder(estimator)
    if not hasattr(autoencoder, "sample"):
        raise TypeError(
            f"{type(autoencoder).__name__} does not generate rows, having no "
            "distribution of codes to draw from: use Autoencoder, VAE or MMDVAE."
        )
    return autoencoder


def _draw_window(ax, window):
    colors = [BLUE] if window.shape[1] == 1 else CLASSES
    for channel, values in enumerate(window.T):
        style = {"color": colors[channel % len(colors)], "linewidth": 1.4}
        label = f"channel {channel + 1}"
        ax.plot(np.arange(len(values)), values, label=label, **style)
    ax.tick_params(labelsize=8)
    ax.xaxis.get_major_locator().set_params(integer=True, nbins=4)
