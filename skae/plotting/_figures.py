"""Colours of the displays, and their base class."""

import sys

import numpy as np

__all__ = ["BLUE", "CHOICE", "CLASSES", "DARK", "GREY", "GRID", "MARKERS", "Display"]

# Colours that remain distinct to colour-blind eyes: the original is always dark, what
# a model makes of it blue, and the choice vermilion (M. Okabe, K. Ito, 2008).
DARK, BLUE, CHOICE, GREY = "#333333", "#0072B2", "#D55E00", "#9a9a9a"
GRID = "#e6e6e6"

# P. Tol's "muted" scheme, for classes, each with a marker of its own.
CLASSES = (
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
MARKERS = "osD^vP"


def colours_of_signs():
    """Return a map of colours: vermilion, white at the middle, blue."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("signs", [CHOICE, "white", BLUE])


class Display:
    """Base class of the displays: their axes, panels and legends."""

    _size = (5.6, 3.6)

    def _axes(self, ax, projection=None):
        """Keep `ax`, or new ones, as `ax_` and their figure as `figure_`."""
        if ax is None:
            ax = _new_figure(self._size).add_subplot(projection=projection)
        _check_projection(ax, projection)
        return self._keep(np.array([ax]))[0]

    def _panels(self, ax, shape, **shared):
        """Keep new axes in the place of `ax`, or in a new figure, as `axes_`.

        The first of them is `ax_`. `shared` are the arguments `sharex` and `sharey` of
        matplotlib's `subplots`.
        """
        if ax is None:
            grid = _new_figure(self._size).add_gridspec(*shape)
        else:
            grid = _place_of(ax).subgridspec(*shape)
            ax.set_axis_off()
        return self._keep(grid.subplots(squeeze=False, **shared).ravel())

    def _legend_beside(self, ax, **style):
        """Add a legend to the right of `ax`.

        The layout of a figure takes no account of legends beside axes in space: where
        these are alone, the legend is the figure's.
        """
        style = {"frameon": False, "loc": "upper left"} | style
        if ax.name != "3d":
            ax.legend(bbox_to_anchor=(1, 1), **style)
        elif len(self.figure_.axes) == 1:
            handles, labels = ax.get_legend_handles_labels()
            style["loc"] = "outside right upper"
            self.figure_.legend(handles, labels, **style)
        else:
            ax.legend(**style)

    def _keep(self, axes):
        self.axes_ = axes
        self.ax_ = axes[0]
        self.figure_ = self.ax_.figure
        for ax in axes:
            if ax.name != "3d":
                ax.spines[["top", "right"]].set_visible(False)
        return axes


def _new_figure(size):
    """Return a figure, one that `plt.show()` shows where pyplot is in use."""
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        return pyplot.figure(figsize=size, layout="constrained")
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            "Figures need matplotlib: install it by pip install 'skae[plot]'."
        ) from error
    return Figure(figsize=size, layout="constrained")


def _check_projection(ax, projection):
    if projection == "3d" and ax.name != "3d":
        raise ValueError(
            "ax is flat, and there are three dimensions to draw: create it by "
            "figure.add_subplot(projection='3d'), or leave it out."
        )
    if projection is None and ax.name == "3d":
        raise ValueError(
            "ax has three dimensions, and there are fewer to draw: create it by "
            "figure.add_subplot(), or leave it out."
        )


def _place_of(ax):
    place = ax.get_subplotspec()
    if place is None:
        raise ValueError(
            "ax has no place in a grid that several panels could share: create it by "
            "figure.add_subplot() or figure.subplots(), or leave it out."
        )
    return place
