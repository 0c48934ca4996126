"""Rows without the entries that do not fit the others."""

import torch

from skae.training._inference import CHUNK_BYTES, slices

__all__ = ["cleaned"]

# Columns of a row that are tried, those of the largest errors, and how many may go.
N_TRIED, N_REPLACED = 16, 3
# A column goes that alone makes this share of the row's error.
LEAST_SHARE = 0.25
# Reconstructions of reconstructions follow what they are given by less than this.
MOST_FOLLOWED = 0.95


def cleaned(error, x, means, columns):
    """Return rows with other values in the few columns that do not fit the others.

    One column after the other takes the value that the others imply, that of its own
    reconstruction: first the one without which the row's error is smallest, as long as
    it alone makes a quarter of the error. That tells the column of a fault from those
    that its reconstruction spreads over (C. F. Alcala, S. J. Qin, "Reconstruction-based
    contribution for process monitoring", Automatica 45, 2009).

    Parameters
    ----------
    error : RowError
    x, means : torch.Tensor of shape (n_rows, *event_shape)
        Rows, and those of means where the search for values starts.
    columns : Columns

    Returns
    -------
    x : torch.Tensor of shape (n_rows, *event_shape)
    """
    groups = torch.from_numpy(columns.numbers).to(x.device)
    size = min(N_TRIED, columns.n_columns) * x[:1].nbytes
    numbers = torch.arange(len(x), device=x.device)
    with torch.no_grad():
        parts = [
            _cleaned(error, x[rows], means[rows], numbers[rows], columns, groups)
            for rows in slices(len(x), max(1, CHUNK_BYTES // size))
        ]
    return torch.cat(parts)


def _cleaned(error, x, means, which, columns, groups):
    x = x.clone()
    for _ in range(N_REPLACED):
        before = error.by_entry(x, which)[1]
        tried = _largest(columns.summed(before))
        values, after = _implied(error, x, means, which, groups, tried)
        least, place = after.min(dim=1)
        goes = least < (1 - LEAST_SHARE) * before.flatten(1).sum(1)
        if not goes.any():
            break
        x[goes] = values[goes, place[goes]]
    return x


def _largest(errors):
    """Return the columns of the largest errors by number, ``(n_rows, n_tried)``."""
    return errors.topk(min(N_TRIED, errors.shape[1]), dim=1).indices


def _implied(error, x, means, which, groups, tried):
    """Return rows in which single columns are as the others imply, and their errors.

    A reconstruction follows what it is given, by a share that two of them tell: the
    value that is its own reconstruction is extrapolated from these (Aitken).

    Returns
    -------
    x : torch.Tensor of shape (n_rows, n_tried, *event_shape)
    errors : torch.Tensor of shape (n_rows, n_tried)
    """
    n_tried = tried.shape[1]
    shape = (len(x), n_tried, *x.shape[1:])
    goes = (groups == tried[..., None]).reshape(shape)
    goes &= error.rows.present[which][:, None]
    x, start = (part[:, None].expand(shape) for part in (x, means))
    which = which.repeat_interleave(n_tried)

    def step(values):
        given = torch.where(goes, values, x)
        x_hat, errors = error.by_entry(given.flatten(0, 1), which)
        return given, x_hat.reshape(shape), errors.flatten(1).sum(1).reshape(shape[:2])

    _, first, _ = step(start)
    given, second, errors = step(first)
    follows = (second - first) / (first - start)
    follows = follows.nan_to_num(0, 0, 0).clamp(-MOST_FOLLOWED, MOST_FOLLOWED)
    found, _, errors_found = step(first + (second - first) / (1 - follows))
    is_better = errors_found < errors
    errors = torch.where(is_better, errors_found, errors)
    is_better = is_better.reshape(*shape[:2], *[1] * (x.ndim - 2))
    return torch.where(is_better, found, given), errors
