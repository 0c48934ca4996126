"""Attributions as bars, heat maps, and maps over windows and images."""

import numpy as np

from skae.interpretation import attributions
from skae.plotting._figures import (
    BLUE,
    CHOICE,
    DARK,
    GRID,
    Display,
    colours_of_signs,
)
from skae.plotting._scale import shortened, text_of

__all__ = ["AttributionsDisplay"]

_KINDS = "bars", "heatmap", "map"
_MAX_LABELS = 30
# Colours tell values apart up to this quantile, lest one hides all others.
CLIPPED = 0.99


class AttributionsDisplay(Display):
    """What columns add to a code unit, or to the error of rows.

    Parameters
    ----------
    attributions : Attributions
        As `skae.interpretation.attributions` returns them.
    kind : {"bars", "heatmap", "map"} or None, default=None
        Bars for one row of a table, a heat map for many, or the map of one window,
        channels over time, or of one image, whose channels are summed. None: what
        fits, bars where `row` is given or there is only one.
    row : int or None, default=None
        By position, the row to draw; None for the first one, or all in a heat map.
    max_features : int, default=12
        The most columns that are drawn: those of the largest mean absolute values. Bars
        have one more for the sum of all others.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where `plot` drew.
    figure_ : matplotlib Figure
        The figure of `ax_`.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skae import DenseAutoencoder
    >>> from skae.plotting import AttributionsDisplay
    >>> X = load_iris(as_frame=True).data
    >>> model = DenseAutoencoder(2, random_state=0).fit(X)
    >>> display = AttributionsDisplay.from_estimator(model, X[:1], target=0)
    >>> display.ax_.get_xlabel()
    'attribution to denseautoencoder0'
    """

    def __init__(self, attributions, *, kind=None, row=None, max_features=12):
        self.attributions = attributions
        self.kind = kind
        self.row = row
        self.max_features = max_features

    @classmethod
    def from_estimator(
        cls, estimator, X, *, kind=None, row=None, max_features=12, ax=None, **settings
    ):
        """Return the drawn display of a fitted autoencoder, or a pipeline with one.

        Parameters
        ----------
        estimator : estimator
            Fitted autoencoder, a pipeline or a search with one.
        X : array-like
            Data as `estimator` takes them.
        kind, row, max_features
            See the class.
        ax : matplotlib Axes, default=None
            See `plot`.
        **settings
            Of `skae.interpretation.attributions`, as ``target``.

        Returns
        -------
        display : AttributionsDisplay
        """
        found = attributions(estimator, X, **settings)
        return cls(found, kind=kind, row=row, max_features=max_features).plot(ax)

    def plot(self, ax=None):
        """Draw, in `ax` or in a new figure, and return the display itself.

        Parameters
        ----------
        ax : matplotlib Axes, default=None

        Returns
        -------
        display : AttributionsDisplay

        Raises
        ------
        ValueError
            When there is no such kind, or none of such data.
        """
        kind = self._kind()
        n_shown = min(self.max_features + 1, len(self.attributions.names))
        sizes = {
            "bars": (5.6, 1.2 + 0.26 * max(5, n_shown)),
            "heatmap": (max(5.6, 1.8 + 0.2 * n_shown), 4.2),
            "map": (5.6, 3.2),
        }
        self._size = sizes[kind]
        getattr(self, f"_plot_{kind}")(self._axes(ax))
        return self

    def _kind(self):
        n_dims = np.ndim(self.attributions.values)
        is_one = self.row is not None or len(self.attributions.outputs) == 1
        fitting = ("bars" if is_one else "heatmap") if n_dims == 2 else "map"
        kind = fitting if self.kind is None else self.kind
        if kind not in _KINDS:
            listed = ", ".join(map(repr, _KINDS))
            raise ValueError(f"kind={kind!r}: use one of {listed}, or None.")
        if (kind == "map") != (n_dims > 2):
            data = "a table" if n_dims == 2 else "sequences or images"
            raise ValueError(f"kind={kind!r} is not for attributions of {data}.")
        return kind

    def _largest(self, values):
        """Return the columns of the largest mean absolute values, in their order."""
        sizes = np.abs(values).mean(axis=0)
        return np.sort(np.argsort(-sizes, kind="stable")[: self.max_features])

    @property
    def _name(self):
        return f"attribution to {self.attributions.target}"

    # Bars

    def _plot_bars(self, ax):
        found, row = self.attributions, self.row or 0
        values = np.asarray(found.values)[row]
        order = np.argsort(-np.abs(values), kind="stable")
        n_shown = self.max_features + (len(order) == self.max_features + 1)
        shown, rest = order[:n_shown], order[n_shown:]
        labels = [self._label(row, column) for column in shown]
        lengths = [*values[shown]]
        if len(rest):
            labels.append(f"{len(rest)} other columns")
            lengths.append(values[rest].sum())
        colors = [CHOICE if length < 0 else BLUE for length in lengths]
        places = np.arange(len(lengths))
        ax.barh(places, lengths, color=colors, height=0.7, zorder=2)
        ax.axvline(0, color=DARK, linewidth=0.8, zorder=3)
        ax.set_yticks(places, labels)
        ax.set_ylim(len(lengths) - 0.5, -0.5)  # the largest above
        ax.grid(axis="x", color=GRID)
        ax.tick_params(labelsize=8)
        ax.set_xlabel(self._name)
        output, baseline = found.outputs[row], found.baseline_outputs[row]
        title = f"{found.target}: {output:.3g}, of the baseline {baseline:.3g}"
        ax.set_title(title, fontsize=9)

    def _label(self, row, column):
        """Return a column's name, with what was observed where it is known."""
        name = shortened(str(self.attributions.names[column]))
        observed = self.attributions.observed
        if np.shape(observed) != np.shape(self.attributions.values):
            return name
        if hasattr(observed, "iloc"):
            return f"{name} = {shortened(text_of(observed.iloc[row, column]), 12)}"
        return f"{name} = {text_of(np.asarray(observed)[row, column])}"

    # Heat maps

    def _plot_heatmap(self, ax):
        found = self.attributions
        values = np.asarray(found.values)
        if self.row is not None:
            values = values[[self.row]]
        columns = self._largest(values)
        image = self._image(ax, values[:, columns])
        names = [shortened(str(found.names[column])) for column in columns]
        style = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
        ax.set_xticks(np.arange(len(columns)), names, fontsize=8, **style)
        labels = getattr(found.values, "index", range(len(values)))
        if len(values) <= _MAX_LABELS and self.row is None:
            ax.set_yticks(np.arange(len(values)), [*labels], fontsize=8)
        ax.set_ylabel("row")
        if len(columns) < len(found.names):
            ax.set_xlabel(f"{len(columns)} of {len(found.names)} columns")
        self._add_scale(image, ax)

    def _image(self, ax, values):
        """Draw values in colours that are white at zero; positive ones are blue."""
        sizes = np.abs(values)
        limit = np.quantile(sizes, CLIPPED) or sizes.max() or 1.0
        limits = {"vmin": -limit, "vmax": limit}
        style = {"aspect": "auto", "interpolation": "nearest"}
        image = ax.imshow(values, cmap=colours_of_signs(), **limits, **style)
        ax.spines[:].set_visible(False)
        return image

    # Maps

    def _plot_map(self, ax):
        found, row = self.attributions, self.row or 0
        values = found.values[row]
        if values.ndim == 3:  # of images
            image = self._image(ax, values.sum(axis=0))
            ax.set(xticks=[], yticks=[], aspect="equal")
        else:
            image = self._image(ax, values.T)
            if values.shape[1] <= _MAX_LABELS:
                names = [shortened(str(name)) for name in found.names]
                ax.set_yticks(np.arange(len(names)), names, fontsize=8)
            ax.set(xlabel="time step", ylabel="channel")
            ax.xaxis.get_major_locator().set_params(integer=True)
        ax.set_title(f"{found.target}: {found.outputs[row]:.3g}", fontsize=9)
        self._add_scale(image, ax)

    def _add_scale(self, image, ax):
        is_clipped = np.abs(image.get_array()).max() > image.norm.vmax
        extend = "both" if is_clipped else "neither"
        self.figure_.colorbar(image, ax=ax, label=self._name, extend=extend)
