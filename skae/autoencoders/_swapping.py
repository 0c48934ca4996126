"""Training on rows whose cells are of several, where held-out rows fare better so."""

from abc import abstractmethod

__all__ = ["SwappingMixin"]

# Rates where no two steps have the same rows, beside the usual ones.
TIMES_AS_FAST = 2


class SwappingMixin:
    """Choice between rows as they are, and rows with cells of others, to train on.

    A class with it has a parameter `swapping`, the share of such cells or ``"auto"``,
    makes the noise (`_input_noise`), and says which share is usual and where it is
    tried. See `skae.noise.SwapNoise`.
    """

    @property
    @abstractmethod
    def _usual_swapping(self):
        """Share of the cells to swap where users leave it to the fit."""

    @property
    @abstractmethod
    def _may_swap(self):
        """Whether a fit may swap cells by itself, by parameters and columns."""

    def _may_augment(self, data, trial):
        return self.swapping == "auto" and self._may_swap

    @property
    def _swapping(self):
        """Share of the cells that are taken from other rows while training."""
        if self.swapping != "auto":
            return self.swapping
        return self._usual_swapping if self._augments and self._may_swap else 0

    @property
    def _swaps_for_long(self):
        """Whether a fit that finds its length has new rows in every step."""
        return self._swapping > 0 and self._max_epochs == "auto"

    @property
    def _is_patient(self):
        return not self._swaps_for_long  # new rows keep it from overfitting

    @property
    def _usual_rates(self):
        factor = TIMES_AS_FAST if self._swaps_for_long else 1
        return [factor * rate for rate in super()._usual_rates]
