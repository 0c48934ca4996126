"""Checks of bottlenecks."""

import torch

from skae.bottlenecks import Latent
from skae.testing._parts import PART_CHECKS
from skae.testing._promise import promise, require, same, untouched_randomness
from skae.testing._tensors import (
    assert_finite_gradients,
    assert_stacked_is_looped,
    built,
    generator,
    normal,
    over_dtypes,
    pickled,
)

__all__ = ["BOTTLENECK_CHECKS"]

N_FEATURES, SIZE = 4, 3


def _module(bottleneck, **settings):
    return built(bottleneck.build, N_FEATURES, SIZE, **settings)


@promise(
    "the module returns a Latent with a mean and a sample, and `provides` names the "
    "fields that it fills, each of shape (..., batch, k).",
    mend="return Latent(mean=..., sample=...), and list its fields in `provides`.",
)
def check_bottleneck_latent(bottleneck):
    """Check the fields of the code."""
    provides = set(bottleneck.provides)
    require(provides >= {"mean", "sample"}, f"provides={sorted(provides)}")
    unknown = sorted(provides - set(Latent._fields))
    require(not unknown, f"provides {unknown}, which a Latent does not have")
    latent = _module(bottleneck)(normal(2, 5, N_FEATURES))
    for field in Latent._fields:
        _check_field(field, getattr(latent, field), field in provides)


def _check_field(field, value, is_provided):
    if not is_provided:
        require(value is None, f"{field} is filled, and not among `provides`")
        return
    require(value is not None, f"{field} is provided, and None")
    require(value.shape == (2, 5, SIZE), f"{field} has shape {tuple(value.shape)}")


@promise(
    "a stack of batches gives the stack of what the batches give.",
    mend="let the module work over leading axes: count axes from the end (dim=-1).",
)
def check_bottleneck_stacked_is_looped(bottleneck):
    """Check every field over a leading axis."""
    module, features = _module(bottleneck), normal(2, 5, N_FEATURES)
    for field in bottleneck.provides:
        assert_stacked_is_looped(
            lambda x, field=field: getattr(module(x), field), features, what=field
        )


@promise(
    "the module's attribute `mean` is the linear layer from features to the mean code, "
    "which networks may initialise and whose size is that of the code.",
    mend="name that layer `mean`.",
)
def check_bottleneck_mean_layer(bottleneck):
    """Check the sizes of the linear layer."""
    layer = _module(bottleneck).mean
    sizes = layer.in_features, layer.out_features
    require(sizes == (N_FEATURES, SIZE), f"`mean` is a layer of sizes {sizes}")


@promise(
    "draws come from the generator, none are made without one, and the mean has none.",
    mend="pass `generator` to every torch.randn and torch.rand, and draw nothing where "
    "it is None.",
)
def check_bottleneck_draws(bottleneck):
    """Check samples and means with a generator and without."""
    module, features = _module(bottleneck).eval(), normal(50, N_FEATURES)
    with untouched_randomness("the bottleneck"):
        first, second = (module(features, generator()) for _ in range(2))
        without, again = module(features), module(features)
    same(first.sample, second.sample, "samples of one generator", exact=True)
    same(without.sample, again.sample, "samples without a generator", exact=True)
    same(first.mean, without.mean, "means with and without a generator", exact=True)


@promise(
    "gradients pass through every field of the code, and are finite.",
    mend="draw as mean + std * noise, detach nothing, and guard what is not finite.",
)
def check_bottleneck_gradients(bottleneck):
    """Check gradients with respect to the features."""
    module, features = _module(bottleneck), normal(5, N_FEATURES)
    for field in bottleneck.provides:
        assert_finite_gradients(
            lambda x, field=field: getattr(module(x, generator()), field),
            features,
            what=field,
        )


@promise(
    "the code has the dtype of the features, float32 and float64.",
    mend="draw with dtype=x.dtype, and make constants in the dtype of the input.",
)
def check_bottleneck_dtypes(bottleneck, dtype):
    """Check the dtype of every field."""
    module = _module(bottleneck, dtype=dtype)
    latent = module(normal(5, N_FEATURES, dtype=dtype), generator())
    for field in bottleneck.provides:
        found = getattr(latent, field).dtype
        require(found == dtype, f"{field} is {found} for features of {dtype}")


@promise(
    "what build returns is a function of the seed, and the same after pickling.",
    mend="define the module at the top of a file, and initialise it with torch's "
    "global generator.",
)
def check_bottleneck_module(bottleneck):
    """Check weights of one seed, and a pickle's round trip."""
    first, second = _module(bottleneck).eval(), _module(bottleneck).eval()
    features = normal(5, N_FEATURES)
    same(first(features).mean, second(features).mean, "codes of one seed", exact=True)
    codes = first(features).mean
    same(
        codes,
        pickled(first)(features).mean,
        "codes of the unpickled module",
        exact=True,
    )
    other = _module(bottleneck, seed=1).eval()(features).mean
    require(not torch.equal(codes, other), "another seed changes nothing")


BOTTLENECK_CHECKS = (
    *PART_CHECKS,
    check_bottleneck_latent,
    check_bottleneck_stacked_is_looped,
    check_bottleneck_mean_layer,
    check_bottleneck_draws,
    check_bottleneck_gradients,
    *over_dtypes(check_bottleneck_dtypes),
    check_bottleneck_module,
)
