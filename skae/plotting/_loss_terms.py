"""Every term of the loss over the epochs of a fit."""

import math

import numpy as np

from skae._finder import fitted_autoencoder
from skae.plotting._figures import CLASSES, Display
from skae.plotting._losses import draw_line, draw_losses, over_epochs, prepare_epochs

__all__ = ["LossTermsDisplay"]

_MAX_COLUMNS = 3


class LossTermsDisplay(Display):
    """The terms of the loss over the epochs of a fit, each in a panel of its own.

    ``loss(epoch) = reconstruction(x, x_hat) + sum_k weight_k(epoch) * penalty_k``

    Terms are raw, before they are weighed, and have units of their own. The weights,
    which may follow schedules, share the last panel: so what a term does can be told
    from what its weight does. A panel has a logarithmic axis where its values are
    positive and span more than a factor of ten; that of the weights, where the largest
    of each penalty are a factor of ten apart.

    Parameters
    ----------
    train : dict of str to array-like of shape (n_epochs,)
        Terms on the training data, by name.
    valid : dict of str to array-like of shape (n_epochs,) or None, default=None
        Terms on validation data, drawn as dashed lines.
    weights : dict of str to array-like of shape (n_epochs,) or None, default=None
        Weights of the penalties.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        Where `plot` drew: one for each term, the last for the weights if there are
        any.
    ax_ : matplotlib Axes
        The first of them.
    figure_ : matplotlib Figure
        Their figure.

    See Also
    --------
    LossCurveDisplay : The loss alone.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skae import VAE
    >>> from skae.plotting import LossTermsDisplay
    >>> model = VAE(max_epochs=3, random_state=0).fit(load_iris().data)
    >>> display = LossTermsDisplay.from_estimator(model)
    >>> [ax.get_title() for ax in display.axes_]
    ['loss', 'reconstruction', 'kl', 'weights']
    """

    def __init__(self, train, valid=None, weights=None):
        self.train = train
        self.valid = valid
        self.weights = weights

    @classmethod
    def from_estimator(cls, estimator, *, ax=None):
        """Return the drawn display of a fitted autoencoder, or a pipeline with one.

        Without penalties the reconstruction term is the loss, and drawn once.

        Parameters
        ----------
        estimator : estimator
            Fitted autoencoder, a pipeline with one, or a search over them.
        ax : matplotlib Axes, default=None
            See `plot`.

        Returns
        -------
        display : LossTermsDisplay
        """
        autoencoder = fitted_autoencoder(estimator)
        history = autoencoder.history_
        penalties = list(autoencoder.net_.criterion_.penalties)
        terms = ["loss", "reconstruction", *penalties] if penalties else ["loss"]
        train, valid = (
            _recorded(history, {term: f"{of}_{term}" for term in terms})
            for of in ("train", "valid")
        )
        weights = _recorded(history, {name: f"{name}_weight" for name in penalties})
        return cls(train, valid, weights).plot(ax)

    def plot(self, ax=None):
        """Draw, in the place of `ax` or in a new figure, and return the display.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes of a grid, whose place the panels take.

        Returns
        -------
        display : LossTermsDisplay
        """
        n_panels = len(self.train) + bool(self.weights)
        shape = _shape(n_panels)
        self._size = (3.1 * shape[1] + 0.4, 2.4 * shape[0] + 0.2)
        axes = self._panels(ax, shape)
        for spare in axes[n_panels:]:
            spare.remove()
        self._keep(axes[:n_panels])
        self._draw_terms()
        self._draw_weights()
        for panel in self.axes_[-shape[1] :]:
            panel.set_xlabel("epoch")
        return self

    def _draw_terms(self):
        valid = self.valid or {}
        for ax, (name, values) in zip(self.axes_, self.train.items(), strict=False):
            draw_losses(ax, values, valid.get(name))
            ax.set_title(name, fontsize=10)
        if valid:
            self.ax_.legend(frameon=False, fontsize=8)

    def _draw_weights(self):
        if not self.weights:
            return
        ax = self.axes_[-1]
        largest = [np.max(values) for values in self.weights.values()]
        is_log = min(largest) > 0 and max(largest) > 10 * min(largest)
        for i, (name, values) in enumerate(self.weights.items()):
            values = np.asarray(values, dtype=float)
            if is_log:  # a weight of zero has no place on the axis
                values = np.where(values > 0, values, np.nan)
            draw_line(ax, values, label=name, color=CLASSES[i % len(CLASSES)])
        if is_log:
            ax.set_yscale("log")
        else:
            ax.set_ylim(bottom=min(0, ax.get_ylim()[0]))
        ax.set_title("weights", fontsize=10)
        ax.legend(fontsize=8, framealpha=0.7, edgecolor="none")
        prepare_epochs(ax)


def _recorded(history, keys):
    """Return the recorded values of each key in a history, by name."""
    values = {name: over_epochs(history, key) for name, key in keys.items()}
    return {name: of for name, of in values.items() if of is not None}


def _shape(n_panels):
    """Return rows and columns: one row of up to three, else a grid."""
    n_columns = n_panels
    if n_panels > _MAX_COLUMNS:
        n_columns = min(_MAX_COLUMNS, math.ceil(math.sqrt(n_panels)))
    return math.ceil(n_panels / n_columns), n_columns
