"""What columns add to outputs: exact where it is known, and complete everywhere."""

import numpy as np
import pandas as pd
import pytest
import torch
from helpers.models import dense
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.feature_selection import VarianceThreshold
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    OneHotEncoder,
    StandardScaler,
)
from torch.utils.data import TensorDataset

from skae import (
    VAE,
    Autoencoder,
    DenseAutoencoder,
    LSTMAutoencoder,
    TabularAutoencoder,
    TabularVAE,
)
from skae.interpretation import attributions, code_sensitivities
from skae.networks import ConvolutionalNetwork, DenseNetwork, RecurrentNetwork
from skae.objectives import Objective, PoissonLikelihood
from skae.preprocessing import SlidingWindow

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 6)) @ RNG.normal(size=(6, 6)) + 3
NAMES = list("abcdef")
FRAME = pd.DataFrame(X, columns=NAMES, index=range(100, 130))
SEQUENCES = X.reshape(30, 3, 2)
METHODS = ["integrated_gradients", "gradient_x_input", "occlusion"]
SHORT = {"max_epochs": 2, "random_state": 0}


def linear(n_components=2):
    return dense(n_components, hidden_layer_sizes=(), linear_path=None)


def assert_complete(found, tol=1e-4):
    gaps = np.asarray(found.values).reshape(len(found.outputs), -1).sum(axis=1)
    gaps -= found.outputs - found.baseline_outputs
    np.testing.assert_allclose(found.completeness_gap, gaps, atol=1e-12)
    assert np.abs(gaps).max() <= tol


# Linear models, of which attributions are known


@pytest.mark.parametrize("method", METHODS)
def test_those_of_a_linear_unit_are_weights_times_distances(method):
    model = linear().fit(FRAME)
    weights = code_sensitivities(model, FRAME)["denseautoencoder1"]
    found = attributions(model, FRAME, target=1, method=method)
    expected = weights.to_numpy() * (FRAME - FRAME.mean())
    pd.testing.assert_frame_equal(found.values, expected, atol=1e-10)
    assert found.target == "denseautoencoder1"
    assert found.names == NAMES
    np.testing.assert_allclose(found.outputs, model.transform(FRAME)[:, 1], rtol=1e-6)


def test_those_of_the_error_of_principal_components_are_squared_residuals():
    X = RNG.normal(size=(200, 1)) * [1, 2, 3, 4, 5] + 0.1 * RNG.normal(size=(200, 5))
    model = dense(1, hidden_layer_sizes=(), max_epochs="auto").fit(X)
    own = model.reconstruct(X)
    found = attributions(model, X, baseline=own)
    expected = (X - own) ** 2 / 5
    np.testing.assert_allclose(found.values, expected, atol=0.05 * expected.max())


def test_outputs_of_the_error_are_negative_scores():
    frame = FRAME.assign(kind=np.where(X[:, 0] > 3, "high", "low"))
    for model, data in [(dense(), X), (TabularAutoencoder(2, **SHORT), frame)]:
        model.fit(data)
        found = attributions(model, data)
        np.testing.assert_allclose(found.outputs, -model.score_samples(data), rtol=1e-4)


@pytest.mark.parametrize("target", [1, -1, np.int64(1), "denseautoencoder1"])
def test_units_by_number_or_name(target):
    model = dense().fit(X)
    found = attributions(model, X[:2], target=target)
    np.testing.assert_allclose(found.outputs, model.transform(X[:2])[:, 1])


# Completeness


def network(network, **params):
    return Autoencoder(2, network=network, **SHORT, **params)


MODELS = {
    "dense": (dense(), X),
    "without linear path": (dense(linear_path=None), X),
    "kinks": (dense(activation="relu", linear_path=None), X),
    "vae": (VAE(2, **SHORT), X),
    "bounded": (
        network(DenseNetwork((8,), output_activation="sigmoid"), objective=Objective()),
        (X - X.min()) / np.ptp(X),
    ),
    "counts": (
        network(
            DenseNetwork((8,), output_activation="exp"),
            objective=Objective(PoissonLikelihood()),
        ),
        np.round(np.abs(X)),
    ),
    "lstm": (LSTMAutoencoder(2, hidden_size=4, **SHORT), SEQUENCES),
    "gru": (network(RecurrentNetwork(4, 2, cell="gru", bidirectional=True)), X),
    "convolutional": (network(ConvolutionalNetwork("4", image_shape=(2, 3))), X),
    "in single precision": (dense(), X.astype(np.float32)),
}


@pytest.mark.parametrize("target", [0, "error"])
@pytest.mark.parametrize("name", MODELS)
def test_they_sum_to_the_change_of_the_output(name, target):
    model, data = MODELS[name]
    found = attributions(model.fit(data), data, target=target)
    assert_complete(found)
    assert np.abs(found.outputs - found.baseline_outputs).max() > 1e-3


def test_kinks_are_found_to_any_precision():
    model = dense(activation="relu", linear_path=None).fit(X)
    exact = attributions(model, X, target=0, tol=1e-9)
    assert_complete(exact, 1e-9)
    found = attributions(model, X, target=0, tol=1e-4)
    np.testing.assert_allclose(found.values, exact.values, atol=1e-3)


def test_those_with_a_condition():
    batch = np.array(["A", "B"])[np.arange(30) % 2]
    model = VAE(2, **SHORT).fit(X, condition=batch)
    found = attributions(model, X, target=0, condition=batch)
    assert_complete(found)
    other = attributions(model, X, target=0, condition="A")
    assert np.abs(other.values - found.values)[batch == "A"].max(axis=None) < 1e-12
    with pytest.raises(ValueError, match="fitted with a condition"):
        attributions(model, X, target=0)


def test_a_gap_that_remains_is_warned_of(monkeypatch):
    monkeypatch.setattr("skae.interpretation._paths.MAX_HALVINGS", 0)
    model = dense(activation="relu", linear_path=None).fit(X)
    with pytest.warns(ConvergenceWarning, match="rows are off the change"):
        attributions(model, X, target=0, tol=1e-9)


def test_chunks_make_no_difference(monkeypatch):
    model = dense().fit(X)
    whole = attributions(model, X)
    for module in ("_paths", "_cleaning", "_outputs"):
        name = f"skae.interpretation.{module}.CHUNK_BYTES"
        monkeypatch.setattr(name, 7 * X[:1].nbytes)
    np.testing.assert_allclose(attributions(model, X).values, whole.values, atol=1e-12)


def test_the_model_stays_what_it_was():
    model = dense().fit(X.astype(np.float32))
    before = model.transform(X.astype(np.float32))
    parameters = list(model.net_.module_.parameters())
    gradients = [p.grad for p in parameters]
    attributions(model, X)
    np.testing.assert_array_equal(model.transform(X.astype(np.float32)), before)
    assert all(p.requires_grad for p in parameters)
    assert all(p.grad is g for p, g in zip(parameters, gradients, strict=True))


# Baselines


def test_baselines_of_users():
    model = dense().fit(FRAME)
    with pytest.raises(ValueError, match="Reshape your data"):
        attributions(dense().fit(X), X, target=0, baseline=X[3])
    found = attributions(model, FRAME, target=0, baseline=FRAME.iloc[[3]])
    assert (found.values.iloc[3] == 0).all()
    np.testing.assert_allclose(found.baseline_outputs, found.outputs[3])
    own = attributions(model, FRAME, target=0, baseline=FRAME)
    assert (own.values == 0).all(axis=None)
    with pytest.raises(ValueError, match="pass one row, or one for each"):
        attributions(model, FRAME, target=0, baseline=FRAME[:4])
    with pytest.raises(ValueError, match="Did you mean 'normal'"):
        attributions(model, FRAME, baseline="nomral")


def test_missing_entries_have_nothing_to_do_with_it():
    holes = X.copy()
    holes[::3, 2] = np.nan
    model = dense().fit(holes)
    for target in (0, "error"):
        found = attributions(model, holes, target=target)
        assert_complete(found)
        assert (found.values["x2"][::3] == 0).all()
        assert (found.values["x2"][1::3] != 0).all()


@pytest.mark.parametrize("shift", [4.0, -8.0])
def test_a_fault_is_named_though_reconstructions_spread_it(shift):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(300, 3)) @ rng.normal(size=(3, 8))
    X += 0.1 * rng.normal(size=X.shape)
    autoencoder = DenseAutoencoder(3, max_epochs=50, random_state=0)
    model = make_pipeline(StandardScaler(), autoencoder).fit(X[:200])
    faults, columns = X[200:].copy(), np.arange(100) % 8
    faults[np.arange(100), columns] += shift * X.std(axis=0)[columns]
    found = attributions(model, faults).top().ravel()
    assert (found == [f"x{column}" for column in columns]).mean() > 0.9


# Names of columns


def test_standardisation_leaves_them_as_they_are():
    scaler = StandardScaler()
    model = make_pipeline(scaler, dense()).fit(FRAME)
    found = attributions(model, FRAME, target=0)
    direct = attributions(model[-1], scaler.transform(FRAME), target=0)
    np.testing.assert_array_equal(found.values, direct.values)
    assert list(found.values) == NAMES
    assert found.values.index.equals(FRAME.index)
    search = GridSearchCV(model, {"denseautoencoder__n_components": [2]}, cv=2)
    search.fit(FRAME)
    np.testing.assert_array_equal(
        attributions(search, FRAME, target=0).values, found.values
    )


def test_rows_in_other_forms():
    model = make_pipeline(StandardScaler(), dense()).fit(X)
    expected = attributions(model, X, target=0).values
    for rows in (X.tolist(), torch.from_numpy(X)):
        found = attributions(model, rows, target=0)
        np.testing.assert_array_equal(found.values, expected)
    dataset = TensorDataset(torch.from_numpy(X))
    found = attributions(dense().fit(X), dataset, target=0).values
    assert list(found) == [f"x{column}" for column in range(6)]


MIXED = FRAME.assign(
    colour=np.array(["red", "blue", "grey"])[np.arange(30) % 3],
    kind=np.array(["y", "n"])[np.arange(30) % 2],
)[["kind", "a", "b", "colour", "c"]]


def one_hot(**settings):
    return OneHotEncoder(sparse_output=False, **settings)


@pytest.mark.parametrize(
    "encoder",
    [one_hot(), one_hot(drop="first"), one_hot(max_categories=2)],
    ids=["all", "without first", "rare together"],
)
@pytest.mark.parametrize("names_have_prefixes", [True, False])
def test_one_hot_columns_are_summed_to_their_source(encoder, names_have_prefixes):
    before = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), ["b", "a"]),
        (encoder, ["colour", "kind"]),
        ("drop", ["c"]),
        verbose_feature_names_out=names_have_prefixes,
    )
    model = make_pipeline(before, dense()).fit(MIXED)
    found = attributions(model, MIXED, target=0)
    assert list(found.values) == ["kind", "a", "b", "colour", "c"]
    assert (found.values["c"] == 0).all()
    encoded = attributions(model[-1], before.transform(MIXED), target=0).values
    names = before.get_feature_names_out()
    for column in ("kind", "a", "b", "colour"):
        mine = [column in name.split("__")[-1].split("_") for name in names]
        expected = encoded.loc[:, mine].sum(axis=1)
        np.testing.assert_allclose(found.values[column], expected, atol=1e-12)
    hidden = attributions(model, MIXED, target=0, method="occlusion")
    assert list(hidden.values) == list(found.values)


@pytest.mark.parametrize("estimator", [TabularAutoencoder, TabularVAE])
def test_tables_have_their_own_columns(estimator):
    table = MIXED.copy()
    table.loc[table.index[:4], "colour"] = None
    model = estimator(2, **SHORT).fit(table)
    for target in (0, "error"):
        found = attributions(model, table, target=target)
        assert_complete(found)
        assert list(found.values) == list(table)
        assert (found.values["colour"][:4] == 0).all()
        assert (found.values["colour"][4:] != 0).all()


def test_a_part_of_a_column_transformer():
    model = make_column_transformer((dense(), ["e", "b"]), remainder="passthrough")
    found = attributions(model.fit(FRAME), FRAME[NAMES[::-1]], target=0)
    assert list(found.values) == NAMES[::-1]
    assert list(found.values.columns[(found.values != 0).any()]) == ["e", "b"]


def test_steps_of_unknown_kinds_are_tried():
    steps = (
        FunctionTransformer(lambda X: np.arctan(X)),
        VarianceThreshold(),
        FeatureUnion(
            [
                ("bins", KBinsDiscretizer(3, encode="onehot-dense")),
                ("same", FunctionTransformer()),
            ]
        ),
    )
    model = make_pipeline(*steps, dense(hidden_layer_sizes=(4,))).fit(X)
    found = attributions(model, X, target=0)
    direct = attributions(model[-1], model[:-1].transform(X), target=0).values
    expected = direct.iloc[:, :18].T.groupby(np.repeat(NAMES, 3)).sum().T
    expected = expected.to_numpy() + direct.iloc[:, 18:].to_numpy()
    np.testing.assert_allclose(found.values, expected, atol=1e-12)


def test_steps_that_mix_columns_are_refused():
    model = make_pipeline(PCA(3), dense()).fit(X)
    with pytest.raises(TypeError, match="PCA before the autoencoder makes columns of"):
        attributions(model, X)


# Sequences and images


def test_sequences_have_maps():
    sequences = SEQUENCES.copy()
    sequences[:5, 2] = np.nan
    model = LSTMAutoencoder(2, hidden_size=4, linear_path=None, **SHORT)
    model.fit(sequences)
    for target in (0, "error"):
        found = attributions(model, sequences, target=target)
        assert found.values.shape == (30, 3, 2)
        assert_complete(found)
        assert (found.values[:5, 2] == 0).all()
        assert (found.values[5:, 2] != 0).all()
    sequences[7, 1, 0] += 50
    assert attributions(model, sequences).top()[7] == ["x0_t1"]


@pytest.mark.parametrize("flatten", [False, True])
def test_windows_have_the_names_of_the_series(flatten):
    window = SlidingWindow(5, flatten=flatten)
    network = RecurrentNetwork(4, n_channels=2) if flatten else RecurrentNetwork(4)
    model = make_pipeline(
        StandardScaler(), window, Autoencoder(2, network=network, **SHORT)
    )
    found = attributions(model.fit(FRAME[["a", "b"]]), FRAME[["a", "b"]], target=0)
    assert found.values.shape == (26, 5, 2)
    assert found.names == ["a", "b"]
    assert_complete(found)


def test_flat_windows_of_a_dense_network_are_columns():
    model = make_pipeline(SlidingWindow(3, flatten=True), dense())
    found = attributions(model.fit(FRAME[["a", "b"]]), FRAME[["a", "b"]], target=0)
    assert list(found.values) == ["a_t0", "b_t0", "a_t1", "b_t1", "a_t2", "b_t2"]


def test_images_have_maps_of_pixels():
    images = X.reshape(30, 2, 3)
    model = network(ConvolutionalNetwork("4", image_shape=(2, 3))).fit(images)
    found = attributions(model, images, target=0)
    assert found.values.shape == (30, 1, 2, 3)
    assert found.top(2).shape == (30, 2)


# Errors


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"target": "eror"}, ValueError, "Did you mean 'error'"),
        ({"target": "denseautoencoder7"}, ValueError, "Unknown target"),
        ({"target": 2}, ValueError, "the number of one, 0 to 1, its name"),
        ({"target": 0.5}, ValueError, "is no code unit"),
        ({"method": "integrated_gradient"}, ValueError, "'integrated_gradients'"),
        ({"tol": 0}, ValueError, "tol == 0"),
    ],
)
def test_what_is_not_there_is_refused(settings, error, message):
    model = dense().fit(X)
    with pytest.raises(error, match=message):
        attributions(model, X, **settings)


def test_models_that_are_not_fitted_and_other_columns_are_refused():
    with pytest.raises((TypeError, NotFittedError), match="call fit first"):
        attributions(dense(), X)
    with pytest.raises(ValueError, match="X has 4 features, but"):
        attributions(dense().fit(X), X[:, :4])
