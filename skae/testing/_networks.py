"""Checks of networks."""

from functools import partial
from math import prod

import torch

from skae.testing._parts import PART_CHECKS
from skae.testing._promise import promise, require, same, untouched_randomness
from skae.testing._tensors import (
    assert_finite_gradients,
    assert_stacked_is_looped,
    built,
    normal,
    over_dtypes,
    pickled,
)

__all__ = ["network_checks"]

SIZE = 3


def _modules(network, event_shape, **settings):
    return built(network.build, event_shape, SIZE, **settings)


@promise(
    "the encoder maps (..., batch, *event_shape) to (..., batch, out_features), and "
    "the decoder codes (..., batch, k) to (..., batch, *event_shape).",
    mend="set out_features on the encoder, and return events in the shape asked for.",
)
def check_network_shapes(network, event_shape):
    """Check shapes, with a leading axis too."""
    encoder, decoder = _modules(network, event_shape)
    for leading in [(5,), (2, 5)]:
        features = encoder(normal(*leading, *event_shape)).shape
        expected = (*leading, encoder.out_features)
        require(features == expected, f"features of shape {tuple(features)}")
        events = decoder(normal(*leading, SIZE), event_shape).shape
        require(events == (*leading, *event_shape), f"events of shape {tuple(events)}")


@promise(
    "a stack of batches gives the stack of what the batches give.",
    mend="let modules work over leading axes: count axes from the end (dim=-1), and "
    "mix no rows.",
)
def check_network_stacked_is_looped(network, event_shape):
    """Check encoder and decoder over a leading axis."""
    encoder, decoder = _modules(network, event_shape)
    x, z = normal(2, 5, *event_shape), normal(2, 5, SIZE)
    assert_stacked_is_looped(encoder, x, what="the encoder's output")
    assert_stacked_is_looped(
        lambda z: decoder(z, event_shape), z, what="the decoder's output"
    )


@promise(
    "in evaluation, a row's result depends on that row alone.",
    mend="compute no statistics over the batch in eval mode.",
)
def check_network_rows_are_independent(network, event_shape):
    """Check outputs of rows together and alone."""
    encoder, decoder = _modules(network, event_shape)
    x, z = normal(4, *event_shape), normal(4, SIZE)
    alone = torch.cat([encoder.eval()(x[[i]]) for i in range(4)])
    same(encoder(x), alone, "features of rows together and alone")
    alone = torch.cat([decoder.eval()(z[[i]], event_shape) for i in range(4)])
    same(decoder(z, event_shape), alone, "events of rows together and alone")


@promise(
    "only the initial weights are random, and drawn from torch's global generator, "
    "which the autoencoder seeds; encoding and decoding draw nothing.",
    mend="initialise with torch.nn.init and the layers' defaults, and leave dropout "
    "and other draws to a Noise, which takes a generator.",
)
def check_network_is_deterministic(network, event_shape):
    """Check weights of one seed, and outputs of one input while training."""
    first, second, other = (_modules(network, event_shape, seed=s) for s in (0, 0, 1))
    x = normal(5, *event_shape)
    with untouched_randomness("encoding and decoding"):
        outputs = [_round_trip(modules, x) for modules in (first, second, other, first)]
    same(outputs[0], outputs[1], "outputs of two networks of one seed", exact=True)
    same(outputs[0], outputs[3], "outputs of one network, twice", exact=True)
    require(not torch.equal(outputs[0], outputs[2]), "another seed changes nothing")


def _round_trip(modules, x):
    encoder, decoder = modules
    event_shape = x.shape[1:]
    z = encoder(x)[..., :1].expand(-1, SIZE)
    return torch.cat([encoder(x).flatten(1), decoder(z, event_shape).flatten(1)], dim=1)


@promise(
    "gradients pass through encoder and decoder, and are finite.",
    mend="detach nothing, and guard square roots, logarithms and divisions at zero.",
)
def check_network_gradients(network, event_shape):
    """Check gradients with respect to inputs, at zero too."""
    encoder, decoder = _modules(network, event_shape)
    x, z = normal(5, *event_shape), normal(5, SIZE)
    assert_finite_gradients(encoder, x, what="the encoder's output")
    assert_finite_gradients(
        lambda z: decoder(z, event_shape), z, what="the decoder's output"
    )
    assert_finite_gradients(encoder, 0 * x, what="the features of 0", reaches=False)


@promise(
    "modules compute in the dtype they are moved to, float32 and float64.",
    mend="make constants in the dtype and on the device of the input (x.new_zeros, "
    "torch.arange(..., dtype=x.dtype)), and register tensors as buffers.",
)
def check_network_dtypes(network, event_shape, dtype):
    """Check the dtype of features and events."""
    encoder, decoder = _modules(network, event_shape, dtype=dtype)
    features = encoder(normal(5, *event_shape, dtype=dtype)).dtype
    events = decoder(normal(5, SIZE, dtype=dtype), event_shape).dtype
    require(features == dtype, f"features of {features} for {dtype}")
    require(events == dtype, f"events of {events} for {dtype}")


@promise(
    "what build returns can be pickled and gives the same afterwards.",
    mend="define modules at the top of a file, and keep no lambdas or hooks in them.",
)
def check_network_modules_pickle(network, event_shape):
    """Check a round trip of encoder and decoder."""
    encoder, decoder = _modules(network, event_shape)
    x, z = normal(5, *event_shape), normal(5, SIZE)
    same(pickled(encoder)(x), encoder(x), "the unpickled encoder", exact=True)
    events = [module(z, event_shape) for module in (decoder, pickled(decoder))]
    same(*events, "events before and after pickling", exact=True)


@promise(
    "as_events takes flat rows, of an array and of a tensor alike, to as many events.",
    mend="reshape rows in as_events and do nothing else; events pass as they are.",
)
def check_network_events(network, event_shape):
    """Check rows as events."""
    rows = normal(5, prod(event_shape))
    events = network.as_events(rows)
    array = network.as_events(rows.numpy())
    require(len(events) == 5, f"{len(events)} events of 5 rows")
    require(events.numel() == rows.numel(), "events have other values than the rows")
    same(array, events, "events of an array and of a tensor", exact=True)


NETWORK_CHECKS = (
    check_network_shapes,
    check_network_stacked_is_looped,
    check_network_rows_are_independent,
    check_network_is_deterministic,
    check_network_gradients,
    *over_dtypes(check_network_dtypes),
    check_network_modules_pickle,
    check_network_events,
)


def network_checks(event_shape):
    """Return the checks of a network for events of one shape."""
    checks = [partial(check, event_shape=event_shape) for check in NETWORK_CHECKS]
    return (*PART_CHECKS, *checks)
