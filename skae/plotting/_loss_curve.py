"""The loss over the epochs of a fit."""

from skae._finder import fitted_autoencoder
from skae.plotting._figures import Display
from skae.plotting._losses import draw_losses, over_epochs

__all__ = ["LossCurveDisplay"]


class LossCurveDisplay(Display):
    """Loss over the epochs of a fit.

    Parameters
    ----------
    train_loss : array-like of shape (n_epochs,)
        Loss on the training data, with a logarithmic axis where all losses are
        positive and these span more than a factor of ten.
    valid_loss : array-like of shape (n_epochs,) or None, default=None
        Loss on validation data, drawn as a dashed line.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where `plot` drew.
    figure_ : matplotlib Figure
        The figure of `ax_`.

    See Also
    --------
    LossTermsDisplay : Every term of the loss by itself.

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
        history = fitted_autoencoder(estimator).history_
        losses = (over_epochs(history, f"{of}_loss") for of in ("train", "valid"))
        return cls(*losses).plot(ax)

    def plot(self, ax=None):
        """Draw, in `ax` or in a new figure, and return the display itself."""
        ax = self._axes(ax)
        draw_losses(ax, self.train_loss, self.valid_loss)
        if self.valid_loss is not None:
            ax.legend(frameon=False)
        ax.set(xlabel="epoch", ylabel="loss")
        return self
