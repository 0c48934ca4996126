"""The loss over the epochs of a fit."""

import numpy as np
from sklearn.pipeline import Pipeline

from skae.plotting._figures import BLUE, CHOICE, Display

__all__ = ["LossCurveDisplay"]


class LossCurveDisplay(Display):
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
        self._draw(ax, self.train_loss, "training", BLUE)
        if self.valid_loss is not None:
            self._draw(ax, self.valid_loss, "validation", CHOICE)
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
