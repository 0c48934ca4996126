"""Hidden layers written as a tuple, a string, or a depth."""

from numbers import Integral

import numpy as np

__all__ = ["MAX_DEPTH", "as_sizes", "layer_sizes"]

# Six layers narrow a thousand features to one unit by less than a factor of three each;
# more than that is rather a width, which scikit-learn writes as an integer.
MAX_DEPTH = 6


def layer_sizes(spec, n_in, n_out, parameter="hidden_layer_sizes"):
    """Return the widths of the hidden layers between `n_in` and `n_out` units.

    Parameters
    ----------
    spec : tuple of int, str or int
        The widths themselves, as ``(64, 32)`` or ``"64-32"``, which searches that
        know scalars only can choose among; or a depth of at most 6, as ``2``, whose
        widths taper geometrically from `n_in` to `n_out`.
    n_in, n_out : int
        Widths of the layers before and after the hidden ones.
    parameter : str, default="hidden_layer_sizes"
        Name of the parameter, as it reads in messages.

    Returns
    -------
    sizes : tuple of int
        One width per hidden layer; empty for a linear map.

    Raises
    ------
    ValueError
        When a width is below 1, the string does not read as widths, or an integer is
        larger than 6: it may be meant as the width of one layer, as in
        `sklearn.neural_network.MLPRegressor`.

    Examples
    --------
    >>> from skae.networks._architecture import layer_sizes
    >>> layer_sizes("64-32", 100, 4)
    (64, 32)
    >>> layer_sizes(3, 64, 4)
    (32, 16, 8)
    """
    if isinstance(spec, Integral) and not isinstance(spec, bool):
        return _tapered(int(spec), n_in, n_out, parameter)
    return as_sizes(spec, parameter)


def as_sizes(spec, parameter):
    """Return sizes written as a tuple or a string.

    Parameters
    ----------
    spec : iterable of int, or str
        As ``(64, 32)`` or ``"64-32"``.
    parameter : str
        Name of the parameter, as it reads in messages.

    Returns
    -------
    sizes : tuple of int

    Raises
    ------
    ValueError
        When a size is below 1, or `spec` does not read as sizes.

    Examples
    --------
    >>> from skae.networks._architecture import as_sizes
    >>> as_sizes("32-64", "channels")
    (32, 64)
    """
    sizes = _parsed(spec, parameter)
    if any(not isinstance(size, Integral) or size < 1 for size in sizes):
        raise ValueError(
            f"{parameter}={spec!r}: every width must be an integer of at least 1; "
            "write () for no such layer."
        )
    return tuple(int(size) for size in sizes)


def _tapered(depth, n_in, n_out, parameter):
    if depth < 0:
        raise ValueError(
            f"{parameter}={depth}: an integer is a depth, from 0 to {MAX_DEPTH}."
        )
    if depth > MAX_DEPTH:
        raise ValueError(
            f"{parameter}={depth} reads two ways: one layer of {depth} units, "
            f"as in scikit-learn, which is written ({depth},) here; or {depth} layers, "
            f"since an integer is a depth, of up to {MAX_DEPTH} layers. For more, "
            "write their widths, as '64-32'."
        )
    sizes = np.geomspace(n_in, n_out, depth + 2)[1:-1]
    return tuple(int(size) for size in np.maximum(1, np.rint(sizes)))


def _parsed(spec, parameter):
    try:
        if isinstance(spec, str):
            return tuple(int(size) for size in spec.split("-")) if spec else ()
        return tuple(spec)
    except (TypeError, ValueError):
        raise ValueError(
            f"{parameter}={spec!r}: write the widths as '64-32' or (64, 32)."
        ) from None
