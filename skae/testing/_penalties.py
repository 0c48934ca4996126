"""Checks of penalties."""

from numbers import Real

import torch
from sklearn.base import clone
from torch import nn

from skae.bottlenecks import Latent
from skae.registry import declares
from skae.testing._parts import PART_CHECKS
from skae.testing._promise import promise, require, same, untouched_randomness
from skae.testing._tensors import (
    assert_finite_gradients,
    assert_stacked_is_looped,
    generator,
    normal,
    over_dtypes,
    uniform,
)

__all__ = ["PENALTY_CHECKS"]


def _fields(penalty):
    return sorted(penalty.requires)


def _codes(penalty, *shape, dtype=torch.float32):
    """Return codes, a tensor for every field that the penalty requires."""
    return [
        normal(*shape, seed=seed, dtype=dtype) for seed in range(len(_fields(penalty)))
    ]


def _value(penalty, codes, source=None, weight=None, *units):
    """Return the raw value for codes whose other fields are NaN."""
    nothing = torch.full_like(codes[0], torch.nan)
    fields = dict(zip(_fields(penalty), codes, strict=True))
    latent = Latent(**{**dict.fromkeys(Latent._fields, nothing), **fields})
    return penalty(latent, source, weight, *units)


def _with_gradients(penalty, codes, *args):
    """Return the raw value for codes, and its gradients, zeros where it has none."""
    codes = [code.clone().requires_grad_() for code in codes]
    value = _value(penalty, codes, *args)
    gradients = torch.autograd.grad(value.sum(), codes, allow_unused=True)
    pairs = zip(gradients, codes, strict=True)
    return value.detach(), [torch.zeros_like(c) if g is None else g for g, c in pairs]


@promise(
    "`requires` names the fields of the code that the penalty reads, and no others "
    "count.",
    mend="list them in the class attribute `requires`, of those that a Latent has.",
)
def check_penalty_requires(penalty):
    """Check that the value depends on the required fields only."""
    require(penalty.requires, "requires nothing of the code")
    unknown = sorted(set(penalty.requires) - set(Latent._fields))
    require(not unknown, f"requires {unknown}, which a Latent does not have")
    value = _value(penalty, _codes(penalty, 5, 3))
    require(
        torch.isfinite(value).all(),
        f"{value} where fields other than {_fields(penalty)} are NaN",
    )


@promise(
    "a penalty has a parameter `weight`, a number or a schedule, and returns its raw "
    "value: only the objective weighs.",
    mend="store `weight` in __init__ and leave it out of __call__.",
)
def check_penalty_returns_its_raw_value(penalty):
    """Check that the value does not depend on the parameter `weight`."""
    weight = penalty.get_params(deep=False).get("weight")
    require(isinstance(weight, Real) or callable(weight), f"its weight is {weight!r}")
    codes = _codes(penalty, 20, 3)
    other = clone(penalty).set_params(weight=7.0)
    same(_value(other, codes), _value(penalty, codes), "the values at two weights")


@promise(
    "a stack of batches gives the stack of what the batches give, one value for each, "
    "with weights of rows too.",
    mend="reduce over the last two axes, units and batch, and no others; one set of "
    "draws serves all members of a stack.",
)
def check_penalty_stacked_is_looped(penalty):
    """Check values over a leading axis."""
    codes, n = _codes(penalty, 2, 16, 3), len(_fields(penalty))
    value = _value(penalty, codes)
    require(value.shape == (2,), f"{tuple(value.shape)} for a stack of 2 batches")
    assert_stacked_is_looped(
        lambda *codes: _value(penalty, codes, generator()), *codes, what="the value"
    )
    assert_stacked_is_looped(
        lambda *args: _value(penalty, args[:n], generator(), args[n]),
        *codes,
        uniform(2, 16, seed=9),
        what="the weighted value",
    )


@promise(
    "with weights of rows, equal ones change nothing, and rows whose weight is zero do "
    "not count; a penalty may also take no account of them.",
    mend="return a weighted mean, such as skae.objectives.mean_over_rows, or leave "
    "`weight` alone.",
)
def check_penalty_weights(penalty):
    """Check equal weights, and an outlier without weight."""
    codes = _codes(penalty, 16, 3)
    plain = _value(penalty, codes)
    for equal in (torch.ones(16), torch.full((16,), 0.3)):
        same(_value(penalty, codes, weight=equal), plain, "the value at equal weights")
    unequal = uniform(16, seed=9)
    if torch.equal(_value(penalty, codes, weight=unequal), plain):
        return
    unequal[5] = 0.0
    outlier = [code.clone() for code in codes]
    for code in outlier:
        code[5] = 8.0
    values = [_value(penalty, c, weight=unequal) for c in (outlier, codes)]
    same(*values, "the value with an outlier in a row of weight 0")


# Numbers of rows and units of the members of a stack, and what its padding may be.
MEMBERS = ((16, 3), (11, 5), (16, 1))
N_ROWS, WIDTH = map(max, zip(*MEMBERS, strict=True))
PADDINGS = (1.0, -1e9, 1e30)


@promise(
    "a penalty with `takes_units` has the same value and gradient for codes that are "
    "padded: units that the mask `units` does not have, and rows of weight 0, do not "
    "count, whatever their values. In a stack each member has the value that it has "
    "alone, with draws from a generator of its own.",
    mend="begin with masked(latent.mean, units), take means by mean_over_units and "
    "mean_over_rows, and draws by draw_points, all of skae.objectives; or leave "
    "takes_units False, and fits train alone. A subclass with a __call__ of its own "
    "says takes_units = True again.",
)
def check_penalty_in_a_stack(penalty):
    """Check padded codes of several members against those of each one alone."""
    if not declares(penalty, "takes_units", "__call__"):
        return
    alone = [_codes(penalty, *sizes) for sizes in MEMBERS]
    for padding, is_drawn in zip(PADDINGS, (True, True, False), strict=True):
        sources = [generator(i) if is_drawn else None for i in range(len(MEMBERS))]
        stacked = [_padded(codes, padding) for codes in zip(*alone, strict=True)]
        values, gradients = _with_gradients(penalty, stacked, sources, *_masks())
        require(values.shape == (len(MEMBERS),), f"{tuple(values.shape)} for a stack")
        for i, (n, k) in enumerate(MEMBERS):
            source = generator(i) if is_drawn else None
            value, own = _with_gradients(penalty, alone[i], source)
            what = f"of {n} rows and {k} units, padded with {padding:g}"
            same(values[i], value, f"the value {what}")
            for found, expected in zip(gradients, own, strict=True):
                expected = nn.functional.pad(expected, (0, WIDTH - k, 0, N_ROWS - n))
                same(found[i], expected, f"the gradient {what}")


def _padded(codes, padding):
    """Return a stack of codes; rows that one does not have are like its first."""
    stack = codes[0].new_full((len(codes), N_ROWS, WIDTH), padding)
    for place, code in zip(stack, codes, strict=True):
        n, k = code.shape
        place[:, :k] = code[0]
        place[:n, :k] = code
    return stack


def _masks():
    """Return the weights of rows of a stack, and the mask of its units."""
    weight = [[float(row < n) for row in range(N_ROWS)] for n, _ in MEMBERS]
    units = [[unit < k for unit in range(WIDTH)] for _, k in MEMBERS]
    return torch.tensor(weight), torch.tensor(units)


@promise(
    "draws come from the generator, and are the same each time where there is none.",
    mend="pass `generator` to every draw, and torch.Generator(device).manual_seed(0) "
    "where it is None.",
)
def check_penalty_draws(penalty):
    """Check values of one generator, and without any."""
    codes = _codes(penalty, 16, 3)
    with untouched_randomness("the penalty"):
        drawn = [_value(penalty, codes, generator()) for _ in range(2)]
        without = [_value(penalty, codes) for _ in range(2)]
    same(*drawn, "values of one generator", exact=True)
    same(*without, "values without a generator", exact=True)


@promise(
    "gradients reach the codes, and are finite, for codes that are all alike and for "
    "one row too.",
    mend="detach nothing but statistics that are no target, and guard square roots, "
    "logarithms and divisions at zero.",
)
def check_penalty_gradients(penalty):
    """Check gradients with respect to the codes."""

    def value(*codes):
        return _value(penalty, codes, generator())

    # small codes may be free, and so may large ones
    codes = _codes(penalty, 16, 3)
    small, large = ([scale * code for code in codes] for scale in (0.3, 3))
    assert_finite_gradients(value, *small, what="the value", reaches=False)
    assert_finite_gradients(value, *large, what="the value", reaches=False)
    both = [torch.stack(pair) for pair in zip(small, large, strict=True)]
    assert_finite_gradients(value, *both, what="the value")
    alike = [torch.zeros_like(code) for code in codes]
    assert_finite_gradients(value, *alike, what="the value at 0", reaches=False)
    row = [code[:1] for code in codes]
    assert_finite_gradients(value, *row, what="the value of one row", reaches=False)


@promise(
    "the value has the dtype of the codes, float32 and float64.",
    mend="draw and make constants in the dtype and on the device of the codes.",
)
def check_penalty_dtypes(penalty, dtype):
    """Check the dtype of the value."""
    found = _value(penalty, _codes(penalty, 16, 3, dtype=dtype), generator()).dtype
    require(found == dtype, f"a value of {found} for codes of {dtype}")


PENALTY_CHECKS = (
    *PART_CHECKS,
    check_penalty_requires,
    check_penalty_returns_its_raw_value,
    check_penalty_stacked_is_looped,
    check_penalty_weights,
    check_penalty_in_a_stack,
    check_penalty_draws,
    check_penalty_gradients,
    *over_dtypes(check_penalty_dtypes),
)
