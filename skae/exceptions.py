"""Errors and warnings of skae."""

__all__ = [
    "CollapseWarning",
    "DimensionWarning",
    "FitLimitError",
    "IncompatiblePartsError",
    "OutOfRangeWarning",
    "UnknownNameError",
]


class UnknownNameError(ValueError):
    """A name that no registered part, scorer or data set carries."""


class IncompatiblePartsError(ValueError):
    """A part requires what the parts it is combined with do not provide."""


class OutOfRangeWarning(UserWarning):
    """The data lie where a bounded output activation cannot reach them."""


class CollapseWarning(UserWarning):
    """The codes of a fitted autoencoder say nothing about the data."""


class DimensionWarning(UserWarning):
    """Estimates of a dimension by different means disagree."""


class FitLimitError(RuntimeError):
    """A fit that takes more time or memory than a search allows each of its fits."""
