"""Tables of numbers, categories and dates as matrices, and back."""

from skae._tables._categories import CategoryColumn
from skae._tables._encoder import HANDLE_UNKNOWN, Columns, TableEncoder
from skae._tables._gaps import with_gaps_filled
from skae._tables._kinds import KINDS
from skae._tables._numbers import NumberColumn

__all__ = [
    "HANDLE_UNKNOWN",
    "KINDS",
    "CategoryColumn",
    "Columns",
    "NumberColumn",
    "TableEncoder",
    "with_gaps_filled",
]
