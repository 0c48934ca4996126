import numpy as np
import pytest
from helpers.plans import planned
from sklearn.model_selection import KFold
from sklearn.preprocessing import MinMaxScaler

from skae import MMDVAE, Autoencoder, DenseAutoencoder, LSTMAutoencoder
from skae.cli._errors import InputError
from skae.cli._inputs import DataSet
from skae.cli._plan import PARAM
from skae.model_selection import ContiguousKFold
from skae.preprocessing import SequenceScaler
from skae.search import Best, ShortestDescription

DATA = DataSet("walk", np.arange(60, dtype=np.float32).reshape(30, 2), ["a", "b"])


def plan(estimator="dense", components="1", **choices):
    return planned(DATA, estimator=estimator, components=components, **choices)


def test_rows_of_a_table():
    made = plan(scale="minmax", max_epochs=7, hidden="8")
    assert made.window is None
    assert made.X is DATA.X
    assert isinstance(made.cv, KFold)
    assert isinstance(made.pipeline["scale"], MinMaxScaler)
    assert made.pipeline["autoencoder"].get_params()["max_epochs"] == 7
    assert made.pipeline["autoencoder"].hidden_layer_sizes == "8"
    assert made.title.startswith("walk: 30 x 2 rows, dense autoencoder, curve search")


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
    assert made.range.n_features == 10
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


@pytest.mark.parametrize(
    ("choices", "rule"),
    [
        ({}, ShortestDescription(n_features=2)),
        ({"scorer": "silhouette"}, Best()),
        ({"rule": "best"}, Best()),
    ],
)
def test_the_rule_is_that_of_the_scorer(choices, rule):
    assert repr(plan(**choices).rule) == repr(rule)


def test_what_is_searched_is_a_parameter_of_the_pipeline():
    made = plan(scale="none")
    assert made.range.param == PARAM
    assert PARAM in made.pipeline.get_params()


def test_the_range_is_bounded_by_the_data_and_told():
    made = plan(components="auto", window=5)  # on a line
    assert made.components == list(range(1, made.range.intrinsic.upper_bound + 1))
    assert len(made.components) < 9
    assert f"1:{len(made.components)} (bounded by the data)" in made.title
    assert len(made.notes) == 1
    assert "26 rows are few" in made.notes[0]
    assert "bounded" not in plan(components="1").title


def test_dimensions_that_do_not_compress_are_left_out_with_a_note():
    made = plan(components="1:3")
    assert made.components == [1]
    [note] = made.notes
    assert "Codes of 2, 3 units are left out" in note


@pytest.mark.parametrize(
    ("choices", "n_fits"),
    [
        ({}, 4),
        ({"restarts": 3, "folds": 2}, 6),
        ({"search": "bayes", "n_iter": 5, "folds": 2}, 10),
    ],
)
def test_the_number_of_fits(choices, n_fits):
    assert plan(**choices).n_fits == n_fits


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
        ({"n_iter": 5}, "--n-iter"),
        ({"search": "bayes", "restarts": 2}, "--restarts"),
        ({"estimator": "densest"}, "--estimator"),
        ({"device": "quantum"}, "--device"),
        ({"scorer": "mmd"}, "--scorer"),
        ({"rule": "nonsense"}, "--rule"),
        ({"components": "2:3"}, "--components"),
        ({"components": "3:2"}, "--components"),
    ],
)
def test_the_option_at_fault_is_named(choices, option):
    with pytest.raises(InputError) as info:
        plan(**choices)
    assert info.value.option == option
