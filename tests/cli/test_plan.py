import numpy as np
import pytest
from sklearn.model_selection import KFold
from sklearn.preprocessing import MinMaxScaler

from skae import MMDVAE, Autoencoder, DenseAutoencoder, LSTMAutoencoder
from skae.cli._errors import InputError
from skae.cli._inputs import DataSet
from skae.cli._plan import PARAM, Plan
from skae.cli._settings import Settings
from skae.model_selection import ContiguousKFold
from skae.preprocessing import SequenceScaler

DATA = DataSet("walk", np.arange(60, dtype=np.float32).reshape(30, 2), ["a", "b"])


def plan(estimator="dense", components=(1,), **choices):
    return Plan(DATA, Settings("walk", "out", estimator, components, **choices))


def test_rows_of_a_table():
    made = plan(scale="minmax", max_epochs=7, hidden="8")
    assert made.window is None
    assert made.X is DATA.X
    assert isinstance(made.cv, KFold)
    assert isinstance(made.pipeline["scale"], MinMaxScaler)
    assert made.pipeline["autoencoder"].get_params()["max_epochs"] == 7
    assert made.pipeline["autoencoder"].hidden_layer_sizes == "8"


@pytest.mark.parametrize(
    ("estimator", "kind", "shape"),
    [
        ("lstm", LSTMAutoencoder, (26, 5, 2)),
        ("dense", DenseAutoencoder, (26, 10)),
        ("LSTMAutoencoder", LSTMAutoencoder, (26, 5, 2)),
        ("MMDVAE", MMDVAE, (26, 10)),
        ("Autoencoder", Autoencoder, (26, 10)),
    ],
)
def test_windows_of_a_series(estimator, kind, shape):
    made = plan(estimator, window=5)
    assert made.X.shape == shape
    assert made.n_columns == 10
    assert isinstance(made.pipeline["scale"], SequenceScaler)
    assert isinstance(made.pipeline["autoencoder"], kind)
    assert isinstance(made.cv, ContiguousKFold)
    assert made.cv.gap == 4  # windows that share a time step are never apart


def test_the_estimator_has_its_own_defaults():
    expected = DenseAutoencoder(random_state=0).get_params()
    assert plan().pipeline["autoencoder"].get_params() == expected


def test_the_scorer_that_chooses_comes_first():
    made = plan(scorer="silhouette", clusters=3)
    assert list(made.scoring) == ["silhouette", "reconstruction", "neg_rmse"]
    assert made.scoring["silhouette"].n_clusters == 3


def test_what_is_searched_is_a_parameter_of_the_pipeline():
    assert PARAM in plan(scale="none").pipeline.get_params()


def test_dimensions_that_do_not_compress_are_noted():
    assert plan(components=(1,)).notes() == []
    [note] = plan(components=(1, 2, 3)).notes()
    assert "A row has 2 values" in note
    assert "from 2 on say little" in note


def test_dimensions_that_an_evolution_leaves_out_are_noted():
    [note] = plan(components=(1, 2, 3), search="evolution").notes()
    assert "from 2 on are left out" in note
    assert plan(components=(1, 2, 3), search="evolution").components == (1,)


@pytest.mark.parametrize(
    ("choices", "option"),
    [
        ({"window": 31}, "--window"),
        ({"folds": 20}, "--folds"),
        ({"folds": 31}, "--folds"),
        ({"clusters": 2}, "--clusters"),
        ({"estimator": "lstm", "hidden": "8"}, "--hidden"),
        ({"search": "evolution", "hidden": "8"}, "--hidden"),
        ({"search": "evolution", "n_iter": 1}, "--n-iter"),
        ({"search": "evolution", "estimator": "Autoencoder"}, "--search"),
        ({"estimator": "densest"}, "--estimator"),
        ({"device": "quantum"}, "--device"),
        ({"scorer": "mmd"}, "--scorer"),
        ({"rule": "nonsense"}, "--rule"),
    ],
)
def test_the_option_at_fault_is_named(choices, option):
    with pytest.raises(InputError) as info:
        plan(**choices)
    assert info.value.option == option
