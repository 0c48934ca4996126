"""Means over the rows and units of a batch of codes, and draws to compare it with.

A stack of fits has codes ``(n_members, n_rows, k)`` that are padded: ``weight`` is zero
in rows that a member does not have, and ``units`` False for units that it does not
have. What is written with these functions is the same alone and in a stack.
"""

import torch

__all__ = ["draw_points", "masked", "mean_over_rows", "mean_over_units"]


def mean_over_rows(values, weight=None):
    """Return the mean over the last axis, weighted where there are weights.

    Examples
    --------
    >>> import torch
    >>> from skae.objectives import mean_over_rows
    >>> mean_over_rows(torch.tensor([1.0, 4.0]), weight=torch.tensor([2.0, 1.0]))
    tensor(2.)
    """
    if weight is None:
        return values.mean(-1)
    return (weight * values).sum(-1) / weight.sum(-1)


def mean_over_units(values, units=None):
    """Return the mean over the last axis, of the units that are no padding.

    Parameters
    ----------
    values : torch.Tensor of shape (..., k)
    units : torch.Tensor of bool, of shape (..., k), or None
        Which units are there; all without it.

    Examples
    --------
    >>> import torch
    >>> from skae.objectives import mean_over_units
    >>> units = torch.tensor([True, True, False])
    >>> mean_over_units(torch.tensor([1.0, 3.0, 9.0]), units)
    tensor(2.)
    """
    if units is None:
        return values.mean(-1)
    return torch.where(units, values, 0).sum(-1) / units.sum(-1)


def masked(codes, units=None):
    """Return codes that are zero in units that are padding.

    Gradients there are zero, too, whatever the values are.

    Parameters
    ----------
    codes : torch.Tensor of shape (..., batch, k)
    units : torch.Tensor of bool, of shape (..., k), or None
        Which units are there; all without it.

    Examples
    --------
    >>> import torch
    >>> from skae.objectives import masked
    >>> masked(torch.tensor([[1.0, 2.0]]), torch.tensor([True, False]))
    tensor([[1., 0.]])
    """
    return codes if units is None else torch.where(units[..., None, :], codes, 0)


def draw_points(function, codes, generator=None, weight=None, units=None, n=None):
    """Return points of the code's space that are drawn at random.

    Alone, one set of points serves all leading axes. In a stack each member draws its
    own: those that it would draw alone, for its own rows and units.

    Parameters
    ----------
    function : callable
        ``function(n, k, generator)`` returns n points of k units, of shape (n, k).
    codes : torch.Tensor of shape (..., batch, k)
        Tell device and dtype.
    generator : torch.Generator, list of torch.Generator, or None
        What to draw from: a list has one for each member of the leading axis. In the
        place of None is a new one, always the same.
    weight : torch.Tensor of shape (..., batch) or None
        Weights of rows. A member has as many rows as are not zero.
    units : torch.Tensor of bool, of shape (..., k), or None
        Which units are there; all without it.
    n : int or None, default=None
        How many points; as many as there are rows by default.

    Returns
    -------
    points : torch.Tensor of shape (n, k), or (n_members, n, k) for a list
        Zero where a member has no rows or units.

    Examples
    --------
    >>> import torch
    >>> from skae.objectives import draw_points
    >>> def coins(n, k, generator):
    ...     return torch.randint(2, (n, k), generator=generator)
    >>> draw_points(coins, torch.zeros(100, 3)).unique()
    tensor([0., 1.])
    """
    n_rows, k = codes.shape[-2:]
    if not isinstance(generator, list):
        k = k if units is None else int(units.sum())
        return _padded(function, codes, n or n_rows, [(generator, n or n_rows, k)])[0]
    of_rows, of_units = [n_rows] * len(codes), [k] * len(codes)
    if weight is not None:
        of_rows = (weight > 0).sum(-1).tolist()
    if units is not None:
        of_units = units.sum(-1).tolist()
    members = [
        (source, n or n_own, k)
        for source, n_own, k in zip(generator, of_rows, of_units, strict=True)
    ]
    return _padded(function, codes, n or n_rows, members)


def _padded(function, codes, n, members):
    """Return the draws of a function for some members, given generators and sizes."""
    points = codes.new_zeros(len(members), n, codes.shape[-1])
    for own, (generator, n_own, k) in zip(points, members, strict=True):
        if generator is None:
            generator = torch.Generator(codes.device).manual_seed(0)
        own[:n_own, :k] = function(n_own, k, generator)
    return points
