import pytest

from skae import Autoencoder, DenseAutoencoder, LSTMAutoencoder
from skae.cli._space import PARAM, first_points, latent_dimension, search_space

LAYERS = "autoencoder__hidden_layer_sizes"


@pytest.mark.parametrize(
    ("n_columns", "widest"), [(4, 64), (32, 64), (100, 200), (5000, 512)]
)
def test_widths_grow_with_the_columns_within_bounds(n_columns, widest):
    layers = search_space(DenseAutoencoder(), (1, 2), n_columns)[LAYERS]
    assert layers.max_width == widest


def test_no_hidden_layer_and_the_usual_ones_are_candidates():
    layers = search_space(DenseAutoencoder(), (1, 2), n_columns=4)[LAYERS]
    assert () in layers
    assert DenseAutoencoder().hidden_layer_sizes in layers


def test_an_lstm_has_layers_of_its_own():
    space = search_space(LSTMAutoencoder(), (1, 2), n_columns=10)
    names = {name.removeprefix("autoencoder__") for name in space}
    assert names == {"n_components", "hidden_size", "n_layers"}
    assert names <= set(LSTMAutoencoder().get_params())


def test_other_layers_are_not_known():
    with pytest.raises(
        TypeError, match=r"layers as those of .*, and Autoencoder has n"
    ):
        search_space(Autoencoder(), (1, 2), n_columns=10)


@pytest.mark.parametrize(
    ("n", "dimensions"), [(1, [1]), (2, [1, 9]), (3, [1, 5, 9]), (20, [1, 3, 5, 7, 9])]
)
def test_the_first_candidates_spread_over_the_dimensions(n, dimensions):
    from sklearn.pipeline import Pipeline

    pipeline = Pipeline([("autoencoder", DenseAutoencoder(hidden_layer_sizes=(8,)))])
    space = search_space(DenseAutoencoder(), (1, 3, 5, 7, 9), n_columns=20)
    points = first_points(pipeline, space, n)
    assert [point[PARAM] for point in points] == dimensions
    assert {point[LAYERS] for point in points} == {(8,)}


def test_the_cost_is_the_dimension():
    from sklearn.pipeline import make_pipeline

    assert latent_dimension(make_pipeline(DenseAutoencoder(7))) == 7
