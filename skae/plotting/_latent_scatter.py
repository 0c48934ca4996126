"""The codes in the plane, in space, or as projections."""

from itertools import combinations

import numpy as np
from sklearn.utils.validation import column_or_1d

from skae.plotting._figures import BLUE, CLASSES, GREY, MARKERS, Display
from skae.plotting._scale import shortened
from skae.scorers import locate

__all__ = ["LatentScatterDisplay"]

_DOTS = {"s": 22, "alpha": 0.85, "linewidths": 0}
_NOISE = {"s": 12, "alpha": 0.85, "linewidths": 0.8, "marker": "x", "zorder": 0.9}
_SIZES = {1: (5.6, 4.2), 2: (5.6, 4.2), 3: (6.4, 4.8)}
_MAX_IN_COLUMN = 14
_MAX_LABEL = 28


class LatentScatterDisplay(Display):
    """The codes: two or three dimensions of them, or a histogram of a single one.

    Parameters
    ----------
    Z : ndarray of shape (n_samples, n_components)
        Codes.
    labels : array-like of shape (n_samples,) or None, default=None
        Colours: text or up to ten different values are classes, more of them are
        points on a scale, such as time.
    name : str or None, default=None
        What the labels are.
    dimensions : tuple of int or None, default=None
        Which code units to draw, from 0: two in the plane, three in space, one as a
        histogram. None: the first two, or the only one.
    kind : {"scatter", "projections"}, default="scatter"
        Whether three dimensions are drawn in space, or projected to the plane of each
        pair of them, one panel each.
    noise : label or None, default=None
        The label of rows that belong to no cluster, -1 for those of `DBSCAN` and
        `HDBSCAN`: small grey crosses, "noise" in the legend. All other labels are then
        clusters, however many. None: there are none; -1 may well be a class.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where `plot` drew; ``ax_.view_init`` turns three dimensions.
    axes_ : ndarray of matplotlib Axes
        All of them, for projections.
    figure_ : matplotlib Figure
        Their figure.

    Examples
    --------
    >>> import numpy as np
    >>> from skae.plotting import LatentScatterDisplay
    >>> Z = np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> display = LatentScatterDisplay(Z, labels=["a", "b", "b"]).plot()
    >>> display.ax_.get_ylabel()
    'code unit 2'
    """

    def __init__(
        self,
        Z,
        labels=None,
        *,
        name=None,
        dimensions=None,
        kind="scatter",
        noise=None,
    ):
        self.Z = Z
        self.labels = labels
        self.name = name
        self.dimensions = dimensions
        self.kind = kind
        self.noise = noise

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        *,
        labels=None,
        name=None,
        dimensions=None,
        kind="scatter",
        noise=None,
        ax=None,
    ):
        """Return the drawn display of the codes of `X`.

        Parameters
        ----------
        estimator : estimator
            Fitted autoencoder or a pipeline with one.
        X : array-like
            Data as `estimator` takes them.
        labels : array-like of shape (n_samples,), "cluster" or None, default=None
            See the class. ``"cluster"``: what the clusterer that ends the pipeline
            says, by its `predict`; one that has none, as `DBSCAN`, by its `labels_`,
            so `X` must then be the data of the fit. Its `noise` is -1.
        name, dimensions, kind, noise
            See the class.
        ax : matplotlib Axes, default=None
            See `plot`.

        Returns
        -------
        display : LatentScatterDisplay
        """
        located = locate(estimator, X)
        Z = located.codes()
        if isinstance(labels, str):
            labels = _clusters(labels, located.after, Z)
            name = "cluster" if name is None else name
            noise = -1 if noise is None else noise
        settings = {"dimensions": dimensions, "kind": kind, "noise": noise}
        return cls(Z, labels, name=name, **settings).plot(ax)

    def plot(self, ax=None):
        """Draw, in `ax` or in a new figure, and return the display itself.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            For three dimensions one with ``projection="3d"``; for projections one of a
            grid, whose place the panels take.

        Returns
        -------
        display : LatentScatterDisplay
        """
        units = self._units()
        groups = self._groups(units)
        n_columns = -(-len(groups) // _MAX_IN_COLUMN)
        names = [style.get("label", "") for _, style in groups]
        room = _room_of_legend(names, n_columns)
        for panel, drawn in self._panels_of(units, ax, room):
            for rows, style in groups:
                _draw(panel, self.Z, rows, drawn, style)
            _name_axes(panel, drawn)
        if "c" in groups[0][1]:
            self._add_colour_bar()
        elif self.labels is not None and "label" in groups[0][1]:
            self._legend_beside(self.axes_[-1], title=self.name, ncols=n_columns)
        return self

    # What to draw

    def _units(self):
        n_units = self.Z.shape[1]
        units = range(min(2, n_units)) if self.dimensions is None else self.dimensions
        units = tuple(units)
        if not 1 <= len(units) <= 3 or not set(units) <= set(range(n_units)):
            raise ValueError(
                f"dimensions={self.dimensions!r}: give one to three of the {n_units} "
                f"code units, by numbers from 0 to {n_units - 1}."
            )
        return units

    def _panels_of(self, units, ax, room):
        """Return each panel with the units that it shows, in a figure with `room`."""
        if self.kind not in ("scatter", "projections"):
            raise ValueError(f"kind={self.kind!r}: use 'scatter' or 'projections'.")
        if self.kind == "scatter":
            width, height = _SIZES[len(units)]
            self._size = width + room, height
            projection = "3d" if len(units) == 3 else None
            return [(self._axes(ax, projection), units)]
        if len(units) != 3:
            raise ValueError(
                f"kind='projections' takes three code units, not {len(units)}: set "
                "dimensions=(0, 1, 2), or kind='scatter'."
            )
        self._size = (10.4 + room, 3.4)
        pairs = list(combinations(units, 2))
        return list(zip(self._panels(ax, (1, 3)), pairs, strict=True))

    def _groups(self, units):
        """Return rows that look alike, each with their style."""
        everything = [(slice(None), {"color": BLUE, "marker": "o"})]
        if self.labels is None:
            return everything
        labels = column_or_1d(self.labels)
        is_text = labels.dtype.kind not in "biufmM"
        are_few = len(np.unique(labels)) <= len(CLASSES)
        if self.noise is not None or is_text or are_few:
            return list(self._classes(labels))
        if len(units) == 1:
            return everything
        numbers, _ = _as_numbers(labels)
        return [(slice(None), {"c": numbers, "cmap": "viridis"})]

    def _classes(self, labels):
        clusters = np.unique(labels)
        if self.noise is not None:
            clusters = clusters[clusters != self.noise]
        for i, label in enumerate(clusters):
            name = shortened(str(label), _MAX_LABEL)
            style = {"color": CLASSES[i % len(CLASSES)], "label": name}
            yield labels == label, style | {"marker": MARKERS[i % len(MARKERS)]}
        if self.noise is not None and (labels == self.noise).any():
            yield labels == self.noise, {"color": GREY, "label": "noise"} | _NOISE

    def _add_colour_bar(self):
        dots = self.axes_[-1].collections[-1]
        pad = {"pad": 0.12} if self.ax_.name == "3d" else {}
        bar = self.figure_.colorbar(
            dots, ax=list(self.axes_), label=self.name or "", **pad
        )
        _, ticks = _as_numbers(column_or_1d(self.labels))
        if ticks is not None:
            bar.set_ticks(list(ticks), labels=list(ticks.values()))


def _room_of_legend(names, n_columns):
    """Return by how many inches a legend is wider than one of short names."""
    width = n_columns * (0.5 + 0.09 * max(map(len, names)))
    return max(0, width - 1.5)


def _draw(ax, Z, rows, units, style):
    if len(units) > 1:
        ax.scatter(*Z[rows][:, units].T, **_DOTS | style)
        return
    bins = np.histogram_bin_edges(Z[:, units], bins=30)
    style = {name: style[name] for name in ("color", "label") if name in style}
    ax.hist(Z[rows][:, units[0]], bins=bins, alpha=0.7, **style)


def _name_axes(ax, units):
    names = [f"code unit {unit + 1}" for unit in units]
    if len(names) == 1:
        names.append("rows")
    ax.set(**dict(zip(("xlabel", "ylabel", "zlabel"), names, strict=False)))


def _clusters(labels, after, Z):
    """Return the labels of a pipeline's last step, which is a clusterer."""
    if labels != "cluster":
        raise ValueError(
            f"labels={labels!r}: give one label for each row, or 'cluster' for those "
            "of the clusterer that ends the pipeline."
        )
    clusterer = None if after is None else after[-1]
    if not hasattr(clusterer, "fit_predict"):
        raise TypeError(
            "labels='cluster' needs a pipeline that ends in a clusterer, after the "
            "autoencoder: add one, or give the labels themselves."
        )
    if hasattr(clusterer, "predict"):
        return after.predict(Z)
    return _fitted_labels(clusterer, len(Z))


def _fitted_labels(clusterer, n_rows):
    if len(clusterer.labels_) != n_rows:
        raise ValueError(
            f"X has {n_rows} rows, but {type(clusterer).__name__} labels only the "
            f"{len(clusterer.labels_)} rows of its fit: pass those, or use a clusterer "
            "that predicts, as KMeans does."
        )
    return clusterer.labels_


def _as_numbers(labels):
    """Return labels as numbers, and a few ticks for those that are dates."""
    if labels.dtype.kind != "M":
        return labels.astype(float), None
    numbers = labels.astype("datetime64[D]").astype(float)
    rows = np.argsort(numbers)[np.linspace(0, len(labels) - 1, 6).astype(int)]
    return numbers, {numbers[row]: str(labels[row]) for row in rows}
