"""Figures of a search and of what it has found, as scikit-learn's Display classes.

Each class computes in a ``from_...`` method and draws in ``plot(ax=None)``. Without
`ax` it draws in a figure of its own, which is not registered with `matplotlib.pyplot`:
show it in a notebook by ``display.figure_``, save it by ``display.figure_.savefig``.
"""

import numpy as np
from sklearn.pipeline import Pipeline

from skae.metrics import variance_explained
from skae.scorers import locate
from skae.search.selection import ScoreCurve

__all__ = [
    "LatentScatterDisplay",
    "LossCurveDisplay",
    "ReconstructionDisplay",
    "ScoreCurveDisplay",
]

# Colours that remain distinct to colour-blind eyes: the original is always dark, what
# a model makes of it blue, and the choice vermilion (M. Okabe, K. Ito, 2008).
_DARK, _BLUE, _CHOICE, _GREY = "#333333", "#0072B2", "#D55E00", "#9a9a9a"
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


class _Display:
    """What the displays share: where they draw."""

    _size = (5.6, 3.6)

    def _axes(self, ax):
        """Keep `ax`, or a new one, as `ax_` and its figure as `figure_`."""
        self.ax_ = _new_axes(self._size) if ax is None else ax
        self.figure_ = self.ax_.figure
        self.ax_.spines[["top", "right"]].set_visible(False)
        return self.ax_


def _new_axes(size):
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            "Figures need matplotlib: install it by pip install 'skae[plot]'."
        ) from error
    return Figure(figsize=size, layout="constrained").subplots()


class ScoreCurveDisplay(_Display):
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

    _size = (5.6, 3.6)

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
            color=_BLUE,
            ecolor=_GREY,
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
        marked = {"marker": "o", "markersize": 10, "color": _CHOICE, "zorder": 3}
        ax.plot(self.curve.values[at], y, linestyle="none", label=label, **marked)
        ax.legend(frameon=False)


class LossCurveDisplay(_Display):
    """Loss over the epochs of a fit.

    Parameters
    ----------
    train_loss : array-like of shape (n_epochs,)
        Loss on the training data, with a logarithmic axis where they are positive
        and fall by more than a factor of ten.
    valid_loss : array-like of shape (n_epochs,) or None, default=None
        Loss on validation data.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where `plot` drew.
    figure_ : matplotlib Figure
        The figure of `ax_`.

    Examples
    --------
    >>> from skae.plotting import LossCurveDisplay
    >>> display = LossCurveDisplay([1.0, 0.5, 0.4]).plot()
    >>> display.ax_.get_xlabel()
    'epoch'
    """

    def __init__(self, train_loss, valid_loss=None):
        self.train_loss = train_loss
        self.valid_loss = valid_loss

    @classmethod
    def from_estimator(cls, estimator, *, ax=None):
        """Return the drawn display of a fitted autoencoder, or a pipeline with one."""
        history = _autoencoder(estimator).history_
        valid = history[:, "valid_loss"] if "valid_loss" in history[-1] else None
        return cls(history[:, "train_loss"], valid).plot(ax)

    def plot(self, ax=None):
        """Draw, in `ax` or in a new figure, and return the display itself."""
        ax = self._axes(ax)
        self._draw(ax, self.train_loss, "training", _BLUE)
        if self.valid_loss is not None:
            self._draw(ax, self.valid_loss, "validation", _CHOICE)
            ax.legend(frameon=False)
        if 0 < 10 * np.nanmin(self.train_loss) < np.nanmax(self.train_loss):
            ax.set_yscale("log")
        ax.set(xlabel="epoch", ylabel="loss (scaled units, squared)")
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.grid(color="#e6e6e6")
        return self

    def _draw(self, ax, losses, label, color):
        epochs = np.arange(1, len(losses) + 1)
        ax.plot(epochs, losses, label=label, color=color, linewidth=1.4)


class LatentScatterDisplay(_Display):
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
            self._draw(ax, slice(None), None, _BLUE, "o")
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
            return self._draw(ax, slice(None), None, _BLUE, "o")
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


class ReconstructionDisplay(_Display):
    """Originals beside their reconstructions.

    Parameters
    ----------
    X, X_hat : ndarray of shape (n_samples, ...)
        Originals and reconstructions.
    kind : {"images", "sequences", "features"}, default="features"
        Images in two rows, the originals above; windows of a series as lines, the first
        channel of each; or every value against its reconstruction.
    n_channels : int, default=1
        Channels of flattened windows.
    image_shape : tuple of int or None, default=None
        Height and width of the images.
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
        rows = [self._strip(images) for images in (self.X, self.X_hat)]
        height = len(rows[0])
        gap = np.full((1, rows[0].shape[1]), np.nan)
        limits = {"vmin": np.min(self.X), "vmax": np.max(self.X)}
        ax.imshow(np.vstack([rows[0], gap, rows[1]]), cmap="gray_r", **limits)
        centres = (height - 1) / 2 + np.array([0, height + 1])
        ax.set_yticks(centres, ["original", "reconstruction"])
        ax.set_xticks([])
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)

    def _strip(self, images):
        """Lay images side by side, a column apart."""
        height, width = self.image_shape
        images = np.asarray(images, dtype=float).reshape(-1, height, width)
        padded = np.pad(images, ((0, 0), (0, 0), (0, 1)), constant_values=np.nan)
        return np.hstack(list(padded))[:, :-1]

    def _plot_sequences(self, ax):
        X, X_hat = self._first_channel(self.X), self._first_channel(self.X_hat)
        starts = np.arange(len(X)) * X.shape[1]
        self._draw_windows(ax, X, starts, color=_DARK, label="original")
        style = {"color": _CHOICE, "linestyle": "--", "marker": ".", "markersize": 4}
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
        ax.scatter(x, x_hat, s=8, color=_BLUE, alpha=0.35, linewidths=0)
        low, high = min(x.min(), x_hat.min()), max(x.max(), x_hat.max())
        ax.plot([low, high], [low, high], color=_DARK, linewidth=1, linestyle="--")
        share = variance_explained(np.asarray(self.X), np.asarray(self.X_hat))
        ax.set_title(f"{share:.0%} of the variance reconstructed", fontsize=10)
        ax.set(xlabel=self.name, ylabel=f"reconstruction of {self.name}")
        ax.set_aspect("equal", adjustable="datalim")


_SIZES = {"images": (7.2, 1.6), "sequences": (7.2, 3.6), "features": (4.8, 4.4)}


def _autoencoder(estimator):
    """Return the step with a history of a fitted estimator, pipeline or search."""
    estimator = getattr(estimator, "best_estimator_", estimator)
    is_pipeline = isinstance(estimator, Pipeline)
    steps = [step for _, step in estimator.steps] if is_pipeline else [estimator]
    for step in reversed(steps):
        if hasattr(step, "history_"):
            return step
    raise TypeError(
        f"{type(estimator).__name__} has no fitted autoencoder, whose loss could be "
        "drawn: call fit first."
    )
