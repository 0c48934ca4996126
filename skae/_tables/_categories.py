"""Columns of categories, as blocks of one-hot columns."""

import numpy as np
from sklearn.base import BaseEstimator

from skae._tables._levels import as_levels, check_known, levels_of, places

__all__ = ["CategoryColumn"]


class CategoryColumn(BaseEstimator):
    """Column of a table with levels, a one-hot column for each or for rare ones.

    Parameters
    ----------
    name : object
    kind : {"boolean", "categorical", "empty"}
    dtype : str
        As the table names it.
    levels : list
        Those that were seen, and those that the dtype lists.
    is_ordered : bool
    slots : list of int
        Number of the one-hot column of each level, -1 for levels that were not seen.
    counts : list of int
        How often each level was seen.
    n_missing : int
        Cells without a value in the fit.
    """

    def __init__(
        self,
        name,
        kind="categorical",
        dtype="object",
        levels=(),
        is_ordered=False,
        slots=(),
        counts=(),
        n_missing=0,
    ):
        self.name = name
        self.kind = kind
        self.dtype = dtype
        self.levels = levels
        self.is_ordered = is_ordered
        self.slots = slots
        self.counts = counts
        self.n_missing = n_missing

    @classmethod
    def of(cls, cells, kind, max_categories=None):
        """Return the column for cells; rare levels beyond the most share a slot."""
        levels = levels_of(cells)
        found = places(cells, levels)
        counts = np.bincount(found[found >= 0], minlength=len(levels))
        return cls(
            cells.name,
            kind,
            cells.dtype,
            levels,
            cells.is_ordered,
            _slots(counts, max_categories),
            counts.tolist(),
            int(cells.missing.sum()),
        )

    @property
    def n_slots(self):
        """Number of levels, or groups of rare ones, that cells are told apart by."""
        return 1 + max(self.slots, default=-1)

    @property
    def width(self):
        """Number of one-hot columns, none where all cells are alike."""
        return self.n_slots if self.n_slots > 1 else 0

    @property
    def shares(self):
        """Shares of the slots in the cells of the fit."""
        is_seen = np.array(self.slots, int) >= 0
        counts = np.bincount(
            np.array(self.slots)[is_seen], np.array(self.counts)[is_seen]
        )
        return counts / counts.sum()

    @property
    def variance(self):
        """Variance of the one-hot columns, their sum."""
        return float(1 - (self.shares**2).sum())

    @property
    def entropy(self):
        """Entropy of the shares, in nats."""
        return float(-(self.shares * np.log(self.shares)).sum())

    @property
    def surprise_of_unknown(self):
        """Surprise of a level that was not seen, in nats.

        ``-log((n_1 + 1) / (n + 1))``, where n_1 of n cells were alone in their level:
        Turing's estimate of the share of levels to come (I. J. Good, "The population
        frequencies of species", Biometrika 40, 1953), and one cell more. Where nearly
        each cell has a level of its own it is nothing.
        """
        counts = np.array(self.counts, int)
        return float(np.log((counts.sum() + 1) / ((counts == 1).sum() + 1)))

    def encode(self, cells, handle_unknown):
        """Return the numbers of one-hot columns, -1 where a value is missing."""
        slots = self._slots_of(cells)
        is_unknown = ~cells.missing & (slots < 0)
        check_known(cells, is_unknown, self.levels, handle_unknown)
        return slots

    def surprises(self, cells):
        """Return the surprise of cells whose level was not seen, zero for others."""
        is_unknown = ~cells.missing & (self._slots_of(cells) < 0)
        return self.surprise_of_unknown * is_unknown

    def _slots_of(self, cells):
        return np.array([*self.slots, -1])[places(cells, self.levels)]

    def decode(self, block):
        """Return the most probable levels, of a group of rare ones the usual one."""
        if not self.n_slots:
            return np.full(len(block), None)
        slots = block.argmax(axis=1) if self.width else np.zeros(len(block), int)
        usual = [self._seen_in(slot)[0] for slot in range(self.n_slots)]
        return as_levels(self.levels, np.array(usual)[slots])

    def probabilities(self, block):
        """Return the levels that were seen, and their probabilities in each row.

        Rare levels share the probability of their group as they were seen.
        """
        seen = np.flatnonzero(np.array(self.slots, int) >= 0)
        slots, counts = np.array(self.slots)[seen], np.array(self.counts)[seen]
        shares = counts / np.bincount(slots, counts)[slots]
        block = block if self.width else np.ones((len(block), 1))
        return as_levels(self.levels, seen).tolist(), block[:, slots] * shares

    def _seen_in(self, slot):
        """Return the numbers of the levels of a slot, the most frequent first."""
        found = [i for i, own in enumerate(self.slots) if own == slot]
        return sorted(found, key=lambda i: -self.counts[i])


def _slots(counts, max_categories):
    """Return slots of levels in their order; the last is that of rare ones."""
    seen = np.flatnonzero(counts)
    slots = np.full(len(counts), -1)
    if max_categories is not None and len(seen) > max_categories:
        by_count = seen[np.argsort(-counts[seen], kind="stable")]
        slots[by_count] = max_categories - 1
        seen = np.sort(by_count[: max_categories - 1])
    slots[seen] = np.arange(len(seen))
    return slots.tolist()
