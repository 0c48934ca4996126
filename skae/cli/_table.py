"""Columns of a file by name, with what else its kind tells."""

from dataclasses import dataclass

import numpy as np

__all__ = ["Table"]


@dataclass(frozen=True, eq=False)
class Table:
    """Columns of a file, as they are.

    Attributes
    ----------
    columns : dict of pandas.Series
    rows : ndarray of int or None
        Numbers of the rows in the file, from 1; None where none is left out.
    names : pandas.Series or None
        What the rows are called, where the kind of file says so.
    image_shape : tuple of int or None
        Height and width of a row that is an image.
    n_channels : int or None
        Channels of a row that is a sequence; its values stand time step by time step.
    notes : tuple of str
        What the user should know of the reading.
    """

    columns: dict
    rows: object = None
    names: object = None
    image_shape: tuple | None = None
    n_channels: int | None = None
    notes: tuple = ()

    @property
    def numbers(self):
        """Numbers of the rows in the file, from 1."""
        if self.rows is not None:
            return self.rows
        return np.arange(1, 1 + len(next(iter(self.columns.values()))))

    @classmethod
    def of(cls, frame, **known):
        """Return the table that a data frame of pandas holds."""
        columns = {str(name): frame.iloc[:, i] for i, name in enumerate(frame.columns)}
        return cls(columns, **known)
