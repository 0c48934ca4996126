"""Everything by name, in all that skae and scikit-learn do with autoencoders."""

import pickle
from copy import deepcopy

import joblib
import numpy as np
import onnxruntime
import pytest
import skae
import torch
from skae.bottlenecks import Latent
from skae.cli import app
from skae.objectives import Objective
from skae.plugins import list_plugins
from skae.preprocessing import SequenceScaler, SlidingWindow
from skae.schedules import LinearWarmup
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from typer.testing import CliRunner

from skae_transformer import (
    Continuity,
    SlicedWasserstein,
    TransformerAutoencoder,
    TransformerNetwork,
)

ORIGIN = "skae-transformer 0.1.0"
WAVES = np.sin(np.arange(80) / 4 + np.random.default_rng(0).normal(size=80) / 20)
SERIES = WAVES[:, None]
WINDOWS = SlidingWindow(8).fit_transform(SERIES)  # (73, 8, 1)
FAST = {"max_epochs": 3, "batch_size": 32, "learning_rate": 0.01, "random_state": 0}


def by_name():
    objective = Objective(penalties=[("prior", "sliced_wasserstein")])
    parts = {"network": "transformer", "sampler": "smoothed"}
    return skae.Autoencoder(2, objective=objective, **parts, **FAST)


def by_instance(**settings):
    penalty = SlicedWasserstein(LinearWarmup(2, final=0.1), n_directions=20)
    return skae.Autoencoder(
        2,
        network=TransformerNetwork(8, n_heads=2),
        objective=Objective(penalties=[("prior", penalty)]),
        **FAST,
    ).set_params(**settings)


def by_recipe(**settings):
    model = TransformerAutoencoder(2, width=8, prior_weight=0.1, **FAST)
    return model.set_params(**settings)


each = pytest.mark.parametrize("make", [by_name, by_instance, by_recipe])


def test_the_package_is_found_without_import():
    found = {p.name: p for p in list_plugins() if p.origin == ORIGIN}
    assert {name: plugin.kind for name, plugin in found.items()} == {
        "transformer": "networks",
        "step_masking": "noises",
        "log_cosh": "reconstructions",
        "sliced_wasserstein": "penalties",
        "smoothed": "samplers",
        "continuity": "scorers",
        "TransformerAutoencoder": "estimators",
    }
    assert all(plugin.error is None for plugin in found.values())
    assert skae.get_scorer("continuity").get_params() == Continuity().get_params()


@each
def test_in_a_pipeline(make):
    steps = [("window", SlidingWindow(8)), ("scale", SequenceScaler())]
    pipeline = Pipeline([*steps, ("reduce", make())]).fit(SERIES)
    assert pipeline.transform(SERIES).shape == (73, 2)
    assert pipeline.inverse_transform(pipeline.transform(SERIES)).shape == (80, 1)
    assert np.isfinite(skae.get_scorer("continuity")(pipeline, SERIES))


@each
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_copies_are_the_same(make, dtype, tmp_path):
    X = WINDOWS.astype(dtype)
    model = make().fit(X)
    Z = model.transform(X)
    assert Z.dtype == dtype
    model.save(tmp_path / "model.safetensors")
    copies = {
        "loaded": skae.load(tmp_path / "model.safetensors"),
        "pickled": pickle.loads(pickle.dumps(model)),
        "fitted again": clone(model).fit(X),
    }
    further = deepcopy(model).partial_fit(X).transform(X)
    for how, copy in copies.items():
        assert type(copy) is type(model), how
        np.testing.assert_array_equal(copy.transform(X), Z, err_msg=how)
        found = copy.partial_fit(X).transform(X)
        np.testing.assert_array_equal(found, further, err_msg=how)


def test_generated_sequences(tmp_path):
    model = by_name().fit(WINDOWS)
    model.save(tmp_path / "model.safetensors")
    rows = model.sample(4, random_state=0)
    assert rows.shape == (4, 8, 1)
    copy = skae.load(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(copy.sample(4, random_state=0), rows)


def test_samplers_in_a_search():
    space = {"sampler": ["prior", "smoothed"]}
    search = GridSearchCV(by_name(), space, scoring=skae.get_scorer("mmd"), cv=2).fit(
        WINDOWS
    )
    scores = search.cv_results_["mean_test_score"]
    assert np.isfinite(scores).all()
    assert scores[0] != scores[1]


def test_onnx(tmp_path):
    X = WINDOWS
    model = by_recipe().fit(X)
    model.to_onnx(tmp_path / "model.onnx", method="reconstruct")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    (X_hat,) = session.run(None, {"X": X[:5]})
    np.testing.assert_allclose(X_hat, model.reconstruct(X[:5]), atol=1e-5)


@each
def test_sequences_of_unequal_length(make):
    X = WINDOWS.copy()
    X[::2, 5:] = np.nan
    model = make().fit(X)
    alone = model.transform(X[::2, :5])
    np.testing.assert_allclose(model.transform(X)[::2], alone, atol=1e-12)
    assert np.isnan(model.reconstruct(X)).sum() == np.isnan(X).sum()


def test_nested_parameters_in_a_search():
    space = {
        "n_components": [1, 2],
        "network__width": [4, 8],
        "objective__prior__weight": [0.01, 0.1],
    }
    search = GridSearchCV(
        by_instance(max_epochs=1), space, scoring=skae.get_scorer("continuity"), cv=2
    ).fit(WINDOWS)
    scores = search.cv_results_["mean_test_score"]
    assert len(scores) == 8
    assert np.isfinite(scores).all()
    assert len(set(scores)) > 4


@pytest.mark.filterwarnings("ignore::skae.exceptions.DimensionWarning")
def test_the_latent_dimension_by_our_scorer():
    search = skae.LatentDimensionSearchCV(
        by_recipe(max_epochs=2),
        n_components=3,
        scoring="continuity",
        rule="best",
        cv=2,
        random_state=0,
    ).fit(WINDOWS)
    assert search.n_components_ in (1, 2, 3)
    assert len(search.selection_.curve.mean) == 3


def test_the_penalty_brings_codes_to_the_prior():
    def distance(prior_weight):
        model = by_recipe(prior_weight=prior_weight, max_epochs=40).fit(WINDOWS)
        code = torch.from_numpy(model.transform(WINDOWS))
        return SlicedWasserstein()(Latent(mean=code, sample=code)).item()

    assert distance(1.0) < 0.3 * distance(0.0)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"width": 8.0}, "'width' parameter"),
        ({"prior_weight": "0.1"}, "'prior_weight' parameter"),
        ({"n_layers": 0}, "n_layers=0"),
        ({"n_channels": 0}, "n_channels=0"),
    ],
)
def test_parameters_that_will_not_do_are_named(settings, said):
    flat = WINDOWS[..., 0]
    with pytest.raises(ValueError, match=said):
        by_recipe(**settings).fit(flat)


def test_it_learns():
    model = TransformerAutoencoder(2, random_state=0).fit(WINDOWS)
    assert model.score(WINDOWS) > 0.9


def on_the_command_line(tmp_path, *more):
    np.savetxt(tmp_path / "waves.csv", SERIES, header="wave", comments="")
    words = ["select", tmp_path / "waves.csv", "--window", 8, "--components", "1,2"]
    words += ["--folds", 2, "--max-epochs", 1]
    words += ["--output", tmp_path / "run", *more]
    return CliRunner().invoke(app, [*map(str, words)], env={"COLUMNS": "200"})


def test_on_the_command_line(tmp_path):
    words = "--estimator", "TransformerAutoencoder", "--scorer", "continuity"
    result = on_the_command_line(tmp_path, *words)
    assert result.exit_code == 0, result.output
    assert "73 x 8 x 1 windows, TransformerAutoencoder, curve search" in result.output
    assert "continuity" in (tmp_path / "run" / "scores.csv").read_text()
    assert " ".join(words) in (tmp_path / "run" / "report.html").read_text()
    model = joblib.load(tmp_path / "run" / "model.joblib")
    assert isinstance(model["autoencoder"], TransformerAutoencoder)
    again = on_the_command_line(tmp_path, *words, "--resume")
    assert "Of 4 fits, 4 were there already." in again.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--estimator", "TransformerAutoencode"), "'TransformerAutoencoder'"),
        (("--estimator", "TransformerAutoencoder", "--hidden", "8"), "no hidden layer"),
    ],
)
def test_what_does_not_work_on_the_command_line(tmp_path, words, said):
    result = on_the_command_line(tmp_path, *words)
    assert result.exit_code == 2
    assert said in result.output
