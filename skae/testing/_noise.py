"""Checks of noises."""

import torch

from skae.registry import declares
from skae.testing._parts import PART_CHECKS
from skae.testing._promise import promise, require, same, untouched_randomness
from skae.testing._tensors import (
    assert_finite_gradients,
    generator,
    normal,
    over_dtypes,
    pickled,
)

__all__ = ["NOISE_CHECKS"]


@promise(
    "without a generator the module returns its input as it is.",
    mend="begin forward(x, generator=None) with `if generator is None: return x`.",
)
def check_noise_needs_a_generator(noise):
    """Check that predictions have no noise, in training mode neither."""
    module, x = noise.build((3,)), normal(50, 3)
    same(module(x), x, "what the module returns without a generator", exact=True)


@promise(
    "noise is drawn from the generator that is passed, and from nothing else.",
    mend="pass `generator` to every torch.randn and torch.rand.",
)
def check_noise_draws_from_the_generator(noise):
    """Check draws of one generator and of two."""
    module, x = noise.build((3,)), normal(50, 3)
    before = x.clone()
    with untouched_randomness("the noise"):
        draws = [module(x, generator(seed)) for seed in (0, 0, 1)]
    same(draws[0], draws[1], "two draws of one generator", exact=True)
    require(not torch.equal(draws[0], draws[2]), "another generator changes nothing")
    require(not torch.equal(draws[0], x), "with a generator there is no noise")
    same(x, before, "the input, which is changed in place", exact=True)


@promise(
    "noisy rows have the shape of the rows, over leading axes too, and are finite: one "
    "row, and rows that are all alike, as well.",
    mend="take statistics of the batch where there are two rows or more, and a running "
    "estimate for one.",
)
def check_noise_shapes(noise):
    """Check shapes, of one row too."""
    for x in (normal(1, 3), normal(5, 3), normal(2, 5, 3), torch.ones(5, 3)):
        noisy = noise.build((3,)).eval()(x, generator())
        require(noisy.shape == x.shape, f"{tuple(noisy.shape)} for {tuple(x.shape)}")
        finite = torch.isfinite(noisy).all()
        require(finite, f"rows of shape {tuple(x.shape)} become not finite")


@promise(
    "noise with `draw` and `apply`, and without a module of its own, makes noisy rows "
    "for a stack of batches as for each batch, given what each has drawn.",
    mend="let draw return numbers in the shape of x, or of length 1 along some axes, "
    "which do not depend on the values of x, and let apply work over leading axes: "
    "count axes from the end (dim=-1).",
)
def check_noise_in_a_stack(noise):
    """Check noisy rows of a stack against those of its members, each drawn alone."""
    if not declares(noise.build((3,)), "stacks", "forward", "noisy"):
        return
    module, x = noise.build((3,)).eval(), normal(2, 20, 3)
    alone = [module(own, generator(i)) for i, own in enumerate(x)]
    zeros = torch.zeros_like(x)
    draws = [module.part.draw(own, generator(i)) for i, own in enumerate(zeros)]
    for own in draws:
        goes_with = [n in (1, size) for n, size in zip(own.shape, (20, 3), strict=True)]
        require(all(goes_with), f"draws of shape {tuple(own.shape)} for rows (20, 3)")
    noisy = module.noisy(x, torch.stack(draws))
    same(noisy, torch.stack(alone), "noisy rows of a stack, and of its members")


@promise(
    "gradients pass through the noise, and are finite, for rows that are alike too.",
    mend="detach nothing but statistics, and guard square roots at zero.",
)
def check_noise_gradients(noise):
    """Check gradients with respect to the input."""
    module = noise.build((3,))

    def noisy(x):
        return module(x, generator())

    assert_finite_gradients(noisy, normal(20, 3), what="noisy rows")
    assert_finite_gradients(noisy, torch.ones(20, 3), what="noisy rows that are alike")


@promise(
    "noisy rows have the dtype of the rows, float32 and float64.",
    mend="draw with dtype=x.dtype and device=x.device.",
)
def check_noise_dtypes(noise, dtype):
    """Check the dtype of noisy rows."""
    noisy = noise.build((3,)).to(dtype)(normal(5, 3, dtype=dtype), generator())
    require(noisy.dtype == dtype, f"{noisy.dtype} for rows of {dtype}")


@promise(
    "the module can be pickled and draws the same afterwards.",
    mend="define it at the top of a file, and keep no generator in it.",
)
def check_noise_module_pickles(noise):
    """Check a round trip of the module."""
    module, x = noise.build((3,)).eval(), normal(20, 3)
    noisy = [m(x, generator()) for m in (module, pickled(module))]
    same(*noisy, "noise before and after pickling", exact=True)


NOISE_CHECKS = (
    *PART_CHECKS,
    check_noise_needs_a_generator,
    check_noise_draws_from_the_generator,
    check_noise_shapes,
    check_noise_in_a_stack,
    check_noise_gradients,
    *over_dtypes(check_noise_dtypes),
    check_noise_module_pickles,
)
