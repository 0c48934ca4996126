"""What is explained, as functions of events: a code unit, and the error of a row."""

import torch

from skae.training._inference import CHUNK_BYTES, slices

__all__ = ["CodeUnit", "RowError", "gradients"]


class CodeUnit:
    """A unit of the code that `transform` returns.

    Parameters
    ----------
    module : AutoencoderModule
    rows : Explained
        What goes with the events.
    unit : int
    """

    def __init__(self, module, rows, unit):
        self.module = module
        self.rows = rows
        self.unit = unit

    def __call__(self, x, which):
        """Return the unit, ``(n,)``, of variants of rows, and their numbers `which`."""
        condition = _of(self.rows.condition, which)
        return self.module.encode(x, condition=condition).mean[:, self.unit]


class RowError:
    """The error of a row: its squared errors, weighted as in `score_samples`.

    Parameters
    ----------
    module : AutoencoderModule
    rows : Explained
        What goes with the events.
    """

    def __init__(self, module, rows):
        self.module = module
        self.rows = rows

    def __call__(self, x, which):
        """Return errors, ``(n,)``, of variants of rows, and their numbers `which`."""
        return self.by_entry(x, which)[1].flatten(1).sum(1)

    def by_entry(self, x, which):
        """Return reconstructions, and the parts of errors by entry, like `x`."""
        x_hat = self.module(x, None, _of(self.rows.condition, which))[0]
        x_hat = x_hat.reshape(x.shape)
        difference = torch.where(self.rows.present[which], x - x_hat, 0.0)
        return x_hat, self.rows.weight[which] * difference.square()

    def reconstructed(self, x):
        """Return the reconstructions of variants of all rows, in their order."""
        numbers = torch.arange(len(x), device=x.device)
        with torch.no_grad():
            parts = [
                self.by_entry(x[rows], numbers[rows])[0]
                for rows in slices(len(x), max(1, CHUNK_BYTES // x[:1].nbytes))
            ]
        return torch.cat(parts)


def _of(condition, which):
    return None if condition is None else condition[which]


def gradients(output, x, which):
    """Return outputs, and the gradient of each, like `x`; zero after ends.

    Rows do not depend on one another, so that the gradient of a sum holds every row's
    own. cuDNN's recurrent layers have gradients while training only: torch's own take
    their place.
    """
    x = x.detach().requires_grad_()
    with torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):
        outputs = output(x, which)
        (gradient,) = torch.autograd.grad(outputs.sum(), x)
    return outputs.detach(), torch.where(x.isnan(), 0.0, gradient).detach()
