import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skae import DenseAutoencoder
from skae.networks._architecture import layer_sizes

widths = st.integers(1, 300)
quick = settings(max_examples=50, deadline=None, derandomize=True)


@quick
@given(sizes=st.lists(widths, max_size=5))
def test_a_string_says_what_a_tuple_says(sizes):
    text = "-".join(map(str, sizes))
    assert layer_sizes(text, 10, 2) == layer_sizes(tuple(sizes), 10, 2) == tuple(sizes)


@quick
@given(depth=st.integers(0, 6), n_in=widths, n_out=widths)
def test_a_depth_tapers_monotonically(depth, n_in, n_out):
    sizes = (n_in, *layer_sizes(depth, n_in, n_out), n_out)
    assert len(sizes) == depth + 2
    assert list(sizes) == sorted(sizes, reverse=n_in > n_out)


def test_a_depth_tapers_geometrically():
    assert layer_sizes(2, 1000, 1) == (100, 10)


@pytest.mark.parametrize(
    ("spec", "match"),
    [
        ("64-x", "write the widths as '64-32'"),
        ((64, 0), "at least 1"),
        ((64, 3.5), "integer"),
        (7, r"one layer of 7 units.*written \(7,\).*or 7 layers.*'64-32'"),
        (10, r"one layer of 10 units.*written \(10,\).*or 10 layers.*'64-32'"),
        (np.int64(64), r"one layer of 64 units.*written \(64,\)"),
        (-1, "depth, from 0 to 6"),
    ],
)
def test_bad_specifications_name_the_fix(spec, match):
    with pytest.raises(ValueError, match=match):
        layer_sizes(spec, 10, 2)


@pytest.mark.parametrize("spec", [(32, 16), "32-16", [32, 16]])
def test_the_network_has_these_layers(spec):
    X = [[0.0] * 64] * 3
    model = DenseAutoencoder(
        8, hidden_layer_sizes=spec, linear_path=None, max_epochs=1, random_state=0
    )
    model.fit(X)
    shapes = [tuple(p.shape) for p in model.net_.module_.parameters() if p.ndim == 2]
    assert shapes == [(32, 64), (16, 32), (8, 16), (16, 8), (32, 16), (64, 32)]
