"""Loss of the mean of the rows, which a reconstruction has to do better than."""

import math

import torch

from skae.training._inference import slices

__all__ = ["error_beside_the_mean", "loss_of_mean", "spread_of"]

# Rows that tell it, and values if rows are wide.
N_ROWS, FEW, N_VALUES = 1000, 64, 2**13


def _sample(net, rows):
    """Return a few evenly spaced `Rows`, as `Rows.sample` does."""
    size = N_VALUES // math.prod(net.module_.event_shape)
    return rows.sample(min(N_ROWS, max(FEW, size)))


def spread_of(net, rows):
    """Return the reconstruction loss of the mean of the rows, or of their targets.

    Under squared error that is the variance, a mean over features. Rows that do not
    vary are compared with zero instead.

    Parameters
    ----------
    net : AutoencoderNet
    rows : Rows
        Of which up to 1000 are looked at, evenly spaced.

    Returns
    -------
    spread : float
        Infinite where the rows leave nothing to compare with.
    """
    x, row_weight, targets, _ = _sample(net, rows)
    x = x if targets is None else targets
    x = x.cpu().double().flatten(1)
    weight = _weight_of_entries(x, row_weight)
    if weight is None:
        mean = x.mean(0)
    else:
        x = x.nan_to_num(posinf=math.inf, neginf=-math.inf)
        tiny = torch.finfo(x.dtype).tiny
        mean = (weight * x).sum(0) / weight.sum(0).clamp_min(tiny)
    if _is_rounding(x, mean, weight, net.dtype):
        mean = torch.zeros_like(mean)
    term = net.criterion_.reconstruction
    loss = term(x, mean.expand_as(x), weight).item()
    return math.inf if math.isnan(loss) else loss


def loss_of_mean(net, rows, held_out):
    """Return the reconstruction loss of held-out rows by the mean of others.

    Where there is a condition, it is the mean under that of each row.

    Parameters
    ----------
    net : AutoencoderNet
    rows, held_out : Rows
        Of which up to 1000 each are looked at, evenly spaced.

    Returns
    -------
    loss : float
    """
    (x, of_x), (y, of_y) = (_finite(net, part) for part in (rows, held_out))
    mean = (of_x * x).sum(0) / of_x.sum(0).clamp_min(torch.finfo(x.dtype).tiny)
    return net.criterion_.reconstruction(y, mean.expand_as(y), of_y).item()


def _finite(net, rows):
    """Return some rows, flat, or their targets, and the weights of their entries."""
    x, row_weight, targets, condition = _sample(net, rows)
    x = (x if targets is None else targets).cpu().double()
    if (means := net.module_.means) is not None:
        condition = condition.to(net.device, net.dtype)
        x -= means.restored(x.new_zeros(x.shape).to(condition), condition).cpu()
    x = x.flatten(1)
    weight = x.isfinite().double()
    if row_weight is not None:
        weight *= row_weight.cpu()[:, None]
    return x.nan_to_num(), weight


def _weight_of_entries(x, row_weight):
    """Return weights of entries, none where they are missing; None if all are one."""
    if row_weight is None and x.sum().isfinite():
        return None
    present = x.isfinite().double()
    return present if row_weight is None else present * row_weight.cpu()[:, None]


def _is_rounding(x, mean, weight, dtype):
    """Return whether values differ from their mean by no more than rounding errors."""
    squares = (x - mean).square(), x.square()
    scatter, square = (
        s.sum() if weight is None else (weight * s).sum() for s in squares
    )
    return bool(scatter <= 100 * torch.finfo(dtype).eps ** 2 * square)


def error_beside_the_mean(net, rows):
    """Return the loss of the reconstruction of some rows over that of their mean.

    Under squared error that is one minus the share of the variance explained. It is 0
    where rows are nothing but zeros, so that there is nothing to compare with.
    """
    spread = spread_of(net, rows)
    if not spread:
        return 0.0
    x, row_weight, *beside = _sample(net, rows)
    weights = torch.ones(len(x)) if row_weight is None else row_weight
    total = 0.0
    for of_part in slices(len(x), net.batch_size):
        part = [
            None if values is None else values[of_part]
            for values in (x, weights, *beside)
        ]
        total += net.terms_of(*part)["reconstruction"] * part[1].sum().item()
    loss, n_features = total / weights.sum().item(), math.prod(net.module_.event_shape)
    return net.criterion_.reconstruction.ratio(loss, spread, n_features)
