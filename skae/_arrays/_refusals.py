"""What holds no numbers: errors that name it, and what to do about it."""

import numpy as np

__all__ = [
    "check_columns",
    "check_masked",
    "complex_numbers",
    "no_number",
    "ragged",
    "times",
]

_KINDS_OF_TIME = {"M": "dates", "m": "durations"}


def check_masked(X):
    """Refuse an array some of whose values are masked."""
    if isinstance(X, np.ma.MaskedArray) and np.ma.is_masked(X):
        raise ValueError(
            f"X is a masked array with {np.ma.count_masked(X)} masked values, and what "
            "lies under the mask would be taken for data: fill them, as by "
            "X.filled(np.nan) and SimpleImputer, or leave out their rows."
        )


def check_columns(frame):
    """Refuse columns of a data frame (or a series) that hold no numbers, by name."""
    columns = [frame]
    if frame.ndim == 2:
        _check_names(frame.columns)
        columns = [frame.iloc[:, number] for number in range(frame.shape[1])]
    for column in columns:
        kind = getattr(column.dtype, "kind", "O")
        if kind in "mM":
            raise times(f"Column {column.name!r}", column.dtype)
        if kind == "c":
            raise complex_numbers()
    text = [column for column in columns if not _is_numeric(column)]
    if text:
        names = ", ".join(repr(column.name) for column in text)
        example = text[0].dropna().iloc[0]
        raise ValueError(
            f"No numbers in column{'s' * (len(text) > 1)} {names}, as {example!r}: "
            "encode them (OneHotEncoder, OrdinalEncoder, in a ColumnTransformer before "
            "the autoencoder), or leave them out."
        )


def _check_names(names):
    if not names.is_unique:
        twice = ", ".join(map(repr, names[names.duplicated()].unique()))
        raise ValueError(
            f"Column names have to differ, and {twice} occurs more than once: rename "
            "columns, or pass an array, X.to_numpy()."
        )


def _is_numeric(column):
    if getattr(column.dtype, "kind", "O") not in "OUST":
        return True
    try:
        np.asarray(column.dropna(), dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        return False
    return True


def no_number(error):
    """Return the error for values that numpy makes no floats of."""
    if "complex" in str(error):
        return complex_numbers()
    kind = TypeError if isinstance(error, TypeError) else ValueError
    return kind(
        f"X holds what is no number ({error}): encode text and categories "
        "(OneHotEncoder, OrdinalEncoder), impute what is missing, or leave out those "
        "columns."
    )


def complex_numbers():
    """Return the error for complex numbers."""
    return ValueError(
        "Complex data not supported: pass real and imaginary parts as columns of their "
        "own, np.hstack([X.real, X.imag])."
    )


def times(what, dtype):
    """Return the error for dates or durations in `what`."""
    return ValueError(
        f"{what} holds {_KINDS_OF_TIME[dtype.kind]} ({dtype}): pass numbers in a unit "
        "of your choice, as days since the first date, (dates - dates.min()) / "
        "numpy.timedelta64(1, 'D'), or leave them out."
    )


def ragged(shapes):
    """Return the error for rows of these shapes, if they are known."""
    examples = " and ".join(map(str, sorted(set(shapes))[:2]))
    of_shapes = f", as {examples}" if examples else ""
    return ValueError(
        f"X holds rows of unequal length{of_shapes}: pass rows of one shape, or, if "
        "they are sequences (n_timesteps, n_channels), use LSTMAutoencoder or another "
        "estimator of sequences."
    )
