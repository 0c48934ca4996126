"""The information in noisy codes, over the signal-to-noise ratio."""

import numpy as np

from skae.information import information_rate
from skae.plotting._figures import DARK, GRID, MARKERS, Display
from skae.scorers import locate

__all__ = ["InformationRateDisplay"]


class InformationRateDisplay(Display):
    """Bits that noisy codes carry over the signal-to-noise ratio, by dimension.

    A line for each dimension k joins the bits of all units together, `joint`; hollow
    markers are the sum over units. The dashed line is the most that k units can carry
    at the ratio r of variances,

    ``k/2 log2(1 + r)`` bits per row.

    As the noise follows the variance of each unit, the sum is that whatever was learnt.
    The noise after training is known by a running estimate of that variance, which
    lags behind: after few epochs, while codes still grow, sums may lie above the line.
    The gap from the sum down to the joint bits is what units repeat of one another.

    Parameters
    ----------
    rates : pandas.DataFrame
        A row for each model, with the columns `n_components`, `snr_db` (10 log10 of
        the ratio of variances), `per_unit` (mean over the units), `total` (their sum)
        and `joint` (all units together), these in bits per row of data. Models of one
        dimension and ratio, such as those of several seeds, are drawn as their mean.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where `plot` drew.
    figure_ : matplotlib Figure
        The figure of `ax_`.

    See Also
    --------
    skae.information.information_rate : The bits of one model.

    Examples
    --------
    >>> from skae import Autoencoder
    >>> from skae.bottlenecks import PointBottleneck
    >>> from skae.datasets import make_cube_surface
    >>> from skae.noise import SNRNoise
    >>> from skae.plotting import InformationRateDisplay
    >>> X = make_cube_surface(200, random_state=0)
    >>> models = [
    ...     Autoencoder(
    ...         2,
    ...         bottleneck=PointBottleneck(noise=SNRNoise(snr)),
    ...         max_epochs=3,
    ...         random_state=0,
    ...     ).fit(X)
    ...     for snr in (5, 15)
    ... ]
    >>> display = InformationRateDisplay.from_estimators(models, X)
    >>> display.rates["snr_db"].tolist()
    [5.0, 15.0]
    """

    _size = (6.4, 4.2)

    def __init__(self, rates):
        self.rates = rates

    @classmethod
    def from_estimators(cls, estimators, X, *, ax=None):
        """Return the drawn display of fitted autoencoders with noisy codes.

        Parameters
        ----------
        estimators : sequence of estimators
            Fitted autoencoders with `SNRNoise` on the code, or pipelines with one.
        X : array-like
            Data as the `estimators` take them, whose codes are measured.
        ax : matplotlib Axes, default=None
            See `plot`.

        Returns
        -------
        display : InformationRateDisplay

        Raises
        ------
        TypeError
            When an autoencoder has no noise of a fixed ratio on its code.
        """
        import pandas as pd

        return cls(pd.DataFrame([_rates(each, X) for each in estimators])).plot(ax)

    def plot(self, ax=None):
        """Draw, in `ax` or in a new figure, and return the display itself."""
        from matplotlib import colormaps

        ax = self._axes(ax)
        bits = self.rates.groupby(["n_components", "snr_db"])[["total", "joint"]]
        bits = bits.mean()  # sorted by both
        dimensions = bits.index.unique("n_components")
        colors = colormaps["viridis"](np.linspace(0, 0.85, len(dimensions)))
        for i, (k, color) in enumerate(zip(dimensions, colors, strict=True)):
            self._draw(ax, k, bits.loc[k], color, MARKERS[i % len(MARKERS)])
        self._add_legends(ax)
        ax.set(xlabel="signal-to-noise ratio (dB)", ylabel="information (bits per row)")
        ax.set_ylim(bottom=0)
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.grid(color=GRID)
        ax.set_axisbelow(True)
        return self

    def _draw(self, ax, k, bits, color, marker):
        snr_db = bits.index.to_numpy(dtype=float)
        fine = np.linspace(snr_db.min(), snr_db.max(), 100)
        bound = k / 2 * np.log2(1 + 10 ** (fine / 10))
        ax.plot(fine, bound, color=color, linewidth=1, linestyle="--")
        total = {"linestyle": "none", "markerfacecolor": "white", "markersize": 7}
        ax.plot(snr_db, bits["total"], color=color, marker=marker, **total)
        joint = {"label": str(k), "linewidth": 1.4, "markersize": 5}
        ax.plot(snr_db, bits["joint"], color=color, marker=marker, **joint)

    def _add_legends(self, ax):
        """Add a legend of the dimensions' colours, and one of the line styles."""
        from matplotlib.lines import Line2D

        style = {"frameon": False, "loc": "upper left"}
        dimensions = ax.legend(title="dimension k", bbox_to_anchor=(1, 0.6), **style)
        ax.add_artist(dimensions)
        hollow = {"linestyle": "none", "marker": "o", "markerfacecolor": "white"}
        kinds = [
            Line2D([], [], color=DARK, linestyle="--", label="bound k/2 log2(1 + r)"),
            Line2D([], [], color=DARK, label="sum of units", **hollow),
            Line2D([], [], color=DARK, marker="o", label="units together"),
        ]
        ax.legend(handles=kinds, bbox_to_anchor=(1, 1), **style)


def _rates(estimator, X):
    """Return the rates of a fitted estimator: a row of the table."""
    located = locate(estimator, X)
    noise = _noise_of(located.reducer)
    rate = information_rate(located.codes(), noise.noise_variance)
    return {
        "n_components": len(rate.per_unit),
        "snr_db": 10 * np.log10(noise.ratio),
        "per_unit": float(rate.per_unit.mean()),
        "total": rate.total,
        "joint": rate.joint,
    }


def _noise_of(reducer):
    """Return the fitted noise of a fixed ratio on the code."""
    net = getattr(reducer, "net_", None)
    noise = None if net is None else getattr(net.module_.bottleneck, "noise", None)
    if not hasattr(noise, "ratio"):
        raise TypeError(
            f"{type(reducer).__name__} has no noise of a fixed ratio on its code: use "
            "Autoencoder(bottleneck=PointBottleneck(noise=SNRNoise(15)))."
        )
    return noise
