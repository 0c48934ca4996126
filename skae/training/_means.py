"""Means of a loss and its terms over an epoch."""

import torch

__all__ = ["EpochMeans"]


class EpochMeans:
    """Terms of every batch of an epoch, and their means.

    They are written into one tensor, and read at the end: a transfer from the device
    for every batch would take longer than the batch. Small tensors kept in a list
    would come to lie between large ones that are freed, and keep their memory from
    being used again.

    Parameters
    ----------
    n_batches : int
        How many there are going to be; more are taken, too.

    Examples
    --------
    >>> import torch
    >>> from skae.training._means import EpochMeans
    >>> means = EpochMeans(n_batches=2)
    >>> means.add({"loss": torch.tensor(1.0)}, n_rows=3)
    >>> means.add({"loss": torch.tensor(2.0)}, n_rows=1)
    >>> means.read()
    {'loss': 1.25}
    >>> means.losses()
    [(1.0, 3), (2.0, 1)]
    """

    def __init__(self, n_batches):
        self.n_batches = n_batches
        self._n_rows = []
        self._log = None

    def __len__(self):
        """Return the number of batches so far."""
        return len(self._n_rows)

    def add(self, terms, n_rows, weight=None):
        """Note a batch.

        Parameters
        ----------
        terms : dict of str to torch.Tensor of shape ()
            By the same names in every batch, the loss first.
        n_rows : int
        weight : torch.Tensor of shape () or None, default=None
            Sum of the rows' weights, where they have some.
        """
        values = [*terms.values(), *([] if weight is None else [weight])]
        if self._log is None:
            self._names = [*terms]
            self._log = values[0].new_empty(self.n_batches, len(values))
        if len(self) == len(self._log):
            self._log = torch.cat([self._log, torch.empty_like(self._log)])
        torch.stack(values, out=self._log[len(self)])
        self._n_rows.append(n_rows)

    def read(self):
        """Return the means over all rows as floats, by name."""
        columns = self._log[: len(self)].T
        is_weighted = len(columns) > len(self._names)
        sizes = columns[-1] if is_weighted else columns.new_tensor(self._n_rows)
        total = sizes.sum()
        return {
            name: ((values * sizes).sum() / total).item()
            for name, values in zip(self._names, columns, strict=False)
        }

    def losses(self):
        """Return the loss and the number of rows of every batch."""
        losses = self._log[: len(self), 0].tolist()
        return list(zip(losses, self._n_rows, strict=True))
