"""How long a fit trains that is left to find that out."""

from math import ceil

import numpy as np
import torch

__all__ = [
    "FEWEST_ROWS",
    "N_FOLDS",
    "RATES",
    "best_epoch",
    "epochs_for",
    "even_batches",
    "first_of_about_the_best",
    "kept_beside",
    "parts_of",
    "patience",
    "standard_error",
]

# In steps rather than epochs: what a network learns depends on how often it was
# corrected, and an epoch is two corrections for a small table, thousands for a large
# one.
N_STEPS = 2000
# An epoch is the least that can be stopped after.
FEWEST_EPOCHS = 10
# Lower ones where the loss explodes, or training at higher ones never helps.
RATES = (7e-3, 1.4e-3, 2.8e-4)
# When to stop is a lottery where few rows are held out: all of them are in turn.
FEW_ROWS, N_FOLDS = 1000, 5
# With fewer rows there is nothing to find out.
FEWEST_ROWS, EPOCHS_OF_FEWEST_ROWS = 10, 100


def epochs_for(n_rows, batch_size):
    """Return the number of epochs that a fit may take at most.

    Parameters
    ----------
    n_rows : int
    batch_size : int

    Examples
    --------
    >>> from skae.training._budget import epochs_for
    >>> epochs_for(1000, 64), epochs_for(5, 64)
    (125, 100)
    """
    if n_rows < FEWEST_ROWS:
        return EPOCHS_OF_FEWEST_ROWS
    return max(FEWEST_EPOCHS, ceil(N_STEPS / ceil(n_rows / batch_size)))


def patience(best_step):
    """Return the number of steps without improvement after which training ends.

    What took long to come about may take long to be surpassed: while a schedule raises
    the rate, losses rise too.

    Parameters
    ----------
    best_step : int
        The step after which held-out rows have fared best.
    """
    return 100 + best_step / 2


def parts_of(n_rows, fraction, seed, is_ordered=False):
    """Return which rows are held out: in one training, or in several, each in turn.

    Parameters
    ----------
    n_rows : int
    fraction : float
        Share of the rows that is held out where they are many.
    seed : int
    is_ordered : bool, default=False
        Whether rows that follow each other may be alike, as windows of a series are:
        then blocks of them are held out rather than single ones.

    Returns
    -------
    parts : list of LongTensor
        One for each training.
    """
    order = np.random.RandomState(seed).permutation(n_rows)
    if is_ordered:
        order = np.arange(n_rows)
    if n_rows < FEW_ROWS:
        parts = np.array_split(order, N_FOLDS)
    else:  # the ends of as many blocks, which are one after the other
        blocks = np.array_split(order, N_FOLDS)
        parts = [np.concatenate([_end(block, fraction) for block in blocks])]
    return [torch.from_numpy(part) for part in parts]


def _end(block, fraction):
    n_held_out = min(max(1, round(fraction * len(block))), len(block) - 1)
    return block[-n_held_out:]


def kept_beside(held_out, n_rows, gap=0):
    """Return the rows to train on beside those that are held out.

    Parameters
    ----------
    held_out : LongTensor
    n_rows : int
    gap : int, default=0
        How many before and after a row that is held out are left out as well, one in
        twenty of all at most, and none if nothing would be left.

    Examples
    --------
    >>> import torch
    >>> from skae.training._budget import kept_beside
    >>> kept_beside(torch.tensor([20, 21]), 40, gap=2).tolist()[16:20]
    [16, 17, 24, 25]
    """
    gap = min(gap, n_rows // 20)
    around = held_out[:, None] + torch.arange(-gap, gap + 1)
    is_kept = torch.ones(n_rows, dtype=torch.bool)
    is_kept[around.clip(0, n_rows - 1).ravel()] = False
    if gap and not is_kept.any():
        return kept_beside(held_out, n_rows)
    return is_kept.nonzero()[:, 0]


def even_batches(n_rows, batch_size):
    """Return the largest size, up to one, of batches of which none is far smaller.

    A step that follows a few rows only throws back what others have learnt. Sizes are
    multiples of eight, so that folds of about as many rows have the same.

    Examples
    --------
    >>> from skae.training._budget import even_batches
    >>> even_batches(133, 64), even_batches(1000, 64), even_batches(20, 64)
    (48, 64, 24)
    """
    n_batches = ceil(n_rows / batch_size)
    return min(batch_size, 8 * ceil(n_rows / n_batches / 8))


def best_epoch(losses):
    """Return the number of epochs after which some losses were about smallest.

    That is the first whose losses exceed those of the smallest mean by no more than
    half a standard error of the differences: with few rows, what training gains is
    seldom as sure as what it begins with.

    Parameters
    ----------
    losses : array-like of shape (n_trainings, n_epochs)
        Of held-out rows.

    Examples
    --------
    >>> from skae.training._budget import best_epoch
    >>> best_epoch([[3.0, 2.0, 1.0, 2.0], [5.0, 4.0, 3.0, 3.0]])
    3
    """
    return 1 + first_of_about_the_best(losses)


def first_of_about_the_best(losses, n_errors=0.5):
    """Return the number of the first column whose losses are about the smallest.

    Parameters
    ----------
    losses : array-like of shape (n_trainings, n_columns)
        Columns that are not finite do not count, unless none is.
    n_errors : float, default=0.5
        By how many standard errors of the differences they may exceed the smallest.
    """
    losses = np.asarray(losses)
    columns = np.flatnonzero(np.isfinite(losses).all(axis=0))
    if not len(columns):
        return 0
    losses = losses[:, columns]
    excess = losses - losses[:, [losses.mean(axis=0).argmin()]]
    allowed = n_errors * standard_error(excess)
    return int(columns[np.argmax(excess.mean(axis=0) <= allowed)])


def standard_error(values):
    """Return the standard error of means over trainings, zero for a lone one."""
    if len(values) < 2:
        return np.zeros(values.shape[1:])
    return values.std(axis=0, ddof=1) / np.sqrt(len(values))
