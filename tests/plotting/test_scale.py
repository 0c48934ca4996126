import numpy as np
import pytest

from skae.noise import GaussianNoise
from skae.plotting._layers import depth_of, layers_of
from skae.plotting._scale import Scale, shortened, text_of
from skae.plotting._scores import lowest_to_show


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2, 3], "linear"),
        ([1, 100], "linear"),
        ([1, 101], "log"),
        ([0, 1000], "linear"),
        ([-1, 1000], "linear"),
        ([np.float64(1e-4), 1], "log"),
        ([True, False], "category"),
        ([1, None], "category"),
        ([1, "auto"], "category"),
        ([1.0, np.nan], "category"),
        ([(8,), (8, 4)], "category"),
    ],
)
def test_kinds(values, kind):
    assert Scale.of(values).kind == kind


def test_categories_are_in_a_readable_order():
    values = ["b", (8, 4), 10, None, (64,), 2, True, "a", (), "16-8", "9", "10-2"]
    ordered = [None, True, 2, 10, "a", "b", "9", "10-2", "16-8", (), (64,), (8, 4)]
    assert list(Scale.of(values).values) == ordered


def test_equal_values_have_one_place():
    scale = Scale.of([np.int64(2), 2, 2.0, 3])
    assert scale.values == (2, 3)
    scale = Scale.of([(np.int64(8), 4), (8, 4), [8, 4]])
    assert scale.values == ((8, 4), [8, 4])
    assert len(Scale.of([1, True, "1", None]).values) == 4


def test_places():
    scale = Scale.of([1e-4, 1e-2, 1])
    np.testing.assert_allclose(scale.positions([1e-2, "?"]), [1e-2, np.nan])
    np.testing.assert_allclose(scale.shares([1e-4, 1e-2, 1]), [0, 0.5, 1])
    scale = Scale.of(["a", "b", "c"])
    np.testing.assert_allclose(scale.positions(["c", "d"]), [2, np.nan])
    np.testing.assert_allclose(Scale.of([7]).shares([7]), [0.5])


def test_ticks_keep_a_distance():
    positions, shares, labels = Scale.of([1, 1.001, 5, 9]).ticks()
    np.testing.assert_allclose(positions, [1, 5, 9])
    np.testing.assert_allclose(shares, [0, 0.5, 1])
    assert labels == ["1", "5", "9"]


@pytest.mark.parametrize("values", [np.geomspace(3e-4, 0.2, 30), np.arange(200)])
def test_ticks_of_many_numbers_are_round(values):
    positions, shares, labels = Scale.of(values).ticks()
    assert 3 <= len(labels) <= 11
    assert ((shares >= 0) & (shares <= 1)).all()
    np.testing.assert_allclose([float(label) for label in labels], positions)
    assert all(len(label.strip("0.")) <= 2 for label in labels)


def test_texts():
    assert text_of(np.float64(0.123456)) == "0.1235"
    assert text_of(np.str_("relu")) == "relu"
    assert text_of(GaussianNoise(0.5)) == "GaussianNoise(std=0.5)"
    assert text_of(np.tanh) == "tanh"
    assert shortened("a" * 10 + "b" * 20 + "c" * 5, 10) == "aaaaaa…ccc"
    assert shortened("short") == "short"


@pytest.mark.parametrize(
    ("value", "layers", "depth"),
    [
        ((), (), 0),
        ((64, 32), (64, 32), 2),
        ([8], (8,), 1),
        ("64-32", (64, 32), 2),
        ("64", None, 1),
        ("", None, 0),
        (3, None, 3),
        (True, None, None),
        ("relu", None, None),
        ((0.5, 0.9), None, None),
        (None, None, None),
    ],
)
def test_layers(value, layers, depth):
    assert layers_of(value) == layers
    assert depth_of(value) == depth


@pytest.mark.parametrize(
    ("scores", "lowest"),
    [
        ([], -np.inf),
        ([np.nan], -np.inf),
        ([0.5], -np.inf),
        ([0.5, -100], -np.inf),
        ([0.5, 0.5, 0.5, 0.5, -100], -np.inf),
        ([0.9, 0.8, 0.7, 0.6, 0.5, -100], 0.5),
        ([0.9, 0.8, 0.7, 0.6, -0.5, -100], -0.5),
        ([0.9, 0.8, np.nan, 0.7, 0.6, 0.5, 0.4, -9, -100], 0.4),
    ],
)
def test_the_lowest_score_to_show(scores, lowest):
    assert lowest_to_show(scores) == pytest.approx(lowest)
