"""Saved and loaded, an estimator is the same."""

import json
import pickle
import subprocess
import sys
from functools import cache

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
import torch
from helpers.data import normal
from instances import AUTOENCODERS, name_of
from sklearn.base import clone
from sklearn.mixture import BayesianGaussianMixture

import skae
from skae.autoencoders._registry import ESTIMATORS
from skae.networks import NETWORKS, DenseNetwork
from skae.objectives import MMD, GaussianPrior, Objective
from skae.persistence import load
from skae.persistence._file import unpack

pytestmark = pytest.mark.filterwarnings("ignore::skae.exceptions.CollapseWarning")

X = normal(40, 6)
each_autoencoder = pytest.mark.parametrize("i", range(len(AUTOENCODERS)))


@cache
def fitted(i):
    return clone(AUTOENCODERS[i]).set_params(random_state=0).fit(X)


def saved_and_loaded(model, folder, **kwargs):
    path = folder / "model.safetensors"
    model.save(path)
    return load(path, **kwargs)


@each_autoencoder
def test_it_predicts_the_same_and_goes_on_the_same(i, tmp_path):
    model = pickle.loads(pickle.dumps(fitted(i)))  # which goes on, here
    copy = saved_and_loaded(model, tmp_path)
    assert repr(copy) == repr(model)
    assert vars(copy).keys() == vars(model).keys()
    np.testing.assert_array_equal(copy.transform(X), model.transform(X))
    np.testing.assert_array_equal(copy.reconstruct(X), model.reconstruct(X))
    for _ in range(2):
        copy.partial_fit(X[:30]), model.partial_fit(X[:30])
    for name, weight in model.net_.module_.state_dict().items():
        assert torch.equal(copy.net_.module_.state_dict()[name], weight), name


@each_autoencoder
def test_all_fitted_attributes_come_back(i, tmp_path):
    model = fitted(i)
    copy = saved_and_loaded(model, tmp_path)
    assert copy.history_ == model.history_
    assert copy.history_ is copy.net_.history
    assert copy.input_shape_ == model.input_shape_
    assert type(copy.input_shape_) is tuple
    for name in ("_seed", "n_iter_", "diverged_", "n_features_in_"):
        assert getattr(copy, name) == getattr(model, name)
    if hasattr(model, "kl_per_unit_"):
        np.testing.assert_array_equal(copy.kl_per_unit_, model.kl_per_unit_)
        np.testing.assert_array_equal(copy.active_units_, model.active_units_)
    if hasattr(model, "sampler_"):
        np.testing.assert_array_equal(
            copy.sample(9, random_state=0), model.sample(9, random_state=0)
        )


@pytest.mark.slow
def test_a_fresh_process_predicts_the_same(tmp_path):
    np.save(tmp_path / "X.npy", X)
    for i in range(len(AUTOENCODERS)):
        fitted(i).save(tmp_path / f"{i}.safetensors")
    code = (
        "import sys, numpy as np\n"
        "from pathlib import Path\n"
        "from skae.persistence import load\n"
        "folder = Path(sys.argv[1])\n"
        "X = np.load(folder / 'X.npy')\n"
        "for path in folder.glob('*.safetensors'):\n"
        "    np.save(path.with_suffix('.npy'), load(path).reconstruct(X))\n"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path], check=True)
    for i in range(len(AUTOENCODERS)):
        X_hat = np.load(tmp_path / f"{i}.npy")
        np.testing.assert_allclose(X_hat, fitted(i).reconstruct(X), rtol=1e-12)


@each_autoencoder
def test_joblib(i, tmp_path):
    joblib.dump(fitted(i), tmp_path / "model.joblib")
    copy = joblib.load(tmp_path / "model.joblib")
    np.testing.assert_array_equal(copy.transform(X), fitted(i).transform(X))


@pytest.mark.parametrize(
    "optimizer", ["adam", "sgd", "rmsprop", torch.optim.Adagrad, torch.optim.NAdam]
)
def test_the_optimizer_goes_on(optimizer, tmp_path):
    model = skae.DenseAutoencoder(
        optimizer=optimizer, max_epochs=3, warm_start=True, random_state=0
    ).fit(X)
    copy = saved_and_loaded(model, tmp_path)
    assert copy.optimizer == optimizer
    assert str(copy.net_.optimizer_.state_dict()) == str(
        model.net_.optimizer_.state_dict()
    )
    np.testing.assert_array_equal(copy.fit(X).transform(X), model.fit(X).transform(X))
    assert copy.n_iter_ == 6


@pytest.mark.parametrize("estimator", AUTOENCODERS, ids=name_of)
def test_estimators_that_are_not_fitted(estimator, tmp_path):
    copy = saved_and_loaded(estimator, tmp_path)
    assert repr(copy) == repr(estimator)
    assert not hasattr(copy, "net_")
    np.testing.assert_array_equal(
        copy.set_params(random_state=0, max_epochs=1).fit(X).transform(X),
        clone(estimator).set_params(random_state=0, max_epochs=1).fit(X).transform(X),
    )


@pytest.mark.parametrize(
    "value",
    [
        (64, 32),
        [64, 32],
        [],
        (),
        "64-32",
        7,
        np.int64(7),
        np.array([8, 4]),
        {"a": (1, [None, True])},
        np.float32(0.1),
        np.str_("ü"),
        float("inf"),
        float("-inf"),
        -0.0,
        1e-320,
        2**80,
        np.arange(6.0).reshape(2, 3).T,
        np.array(["a", None, 2.5], dtype=object),
        np.array([1 + 2j]),
        np.array(3.5, dtype=">f8"),
        np.zeros((0, 3), dtype=np.int16),
        np.array(["2020-01-01"], dtype="M8[D]"),
        torch.arange(3, dtype=torch.bfloat16),
        '\ud800 " \\ \x00',
    ],
    ids=repr,
)
def test_values_keep_their_type(value, tmp_path):
    estimator = skae.DenseAutoencoder(hidden_layer_sizes=value)
    copy = saved_and_loaded(estimator, tmp_path).hidden_layer_sizes
    assert type(copy) is type(value)
    if isinstance(value, np.ndarray | torch.Tensor):
        assert copy.dtype == value.dtype
        assert copy.shape == value.shape
        assert copy.tolist() == value.tolist()
        assert str(copy) == str(value)
    else:
        assert repr(copy) == repr(value)


def test_nan_comes_back(tmp_path):
    copy = saved_and_loaded(skae.DenseAutoencoder(tol=float("nan")), tmp_path)
    assert np.isnan(copy.tol)


def test_parts_within_parts(tmp_path):
    mmd = MMD(0.3, prior=GaussianPrior(mean=[0.0, 1.0], std=np.array([1.0, 2.0])))
    model = skae.Autoencoder(
        objective=Objective("huber", [("mmd", mmd), ("l1", "l1_activity")]),
        sampler=BayesianGaussianMixture(n_components=2, random_state=0),
        max_epochs=2,
        random_state=0,
    ).fit(X)
    copy = saved_and_loaded(model, tmp_path)
    assert repr(copy.objective) == repr(model.objective)
    np.testing.assert_array_equal(
        copy.sample(5, random_state=1), model.sample(5, random_state=1)
    )
    np.testing.assert_array_equal(
        copy.partial_fit(X).transform(X), model.partial_fit(X).transform(X)
    )


def test_data_frames_and_outputs(tmp_path):
    frame = pd.DataFrame(X, columns=list("abcdef"))
    model = skae.VAE(max_epochs=2, random_state=0).set_output(transform="pandas")
    with sklearn.config_context(enable_metadata_routing=True):
        model.set_fit_request(X_val=True).fit(frame)
        copy = saved_and_loaded(model, tmp_path)
        assert copy.get_metadata_routing().fit.requests["X_val"] is True
    assert list(copy.feature_names_in_) == list("abcdef")
    pd.testing.assert_frame_equal(copy.transform(frame), model.transform(frame))


def test_sequences_in_three_dimensions_and_float32(tmp_path):
    sequences = X.reshape(20, 6, 2).astype(np.float32)
    model = skae.LSTMAutoencoder(hidden_size=4, max_epochs=2, random_state=0)
    copy = saved_and_loaded(model.fit(sequences), tmp_path)
    assert copy.input_shape_ == (6, 2)
    assert next(copy.net_.module_.parameters()).dtype == torch.float32
    np.testing.assert_array_equal(copy.transform(sequences), model.transform(sequences))


def test_attributes_that_others_add(tmp_path):
    class Extended(skae.DenseAutoencoder):
        def fit(self, X, y=None):
            super().fit(X)
            self.quantiles_ = np.quantile(X, [0.1, 0.9], axis=0)
            self._cache = {"n": len(X)}
            return self

    ESTIMATORS.register("extended")(Extended)
    try:
        model = Extended(max_epochs=1, random_state=0).fit(X)
        copy = saved_and_loaded(model, tmp_path)
        np.testing.assert_array_equal(copy.quantiles_, model.quantiles_)
        assert copy._cache == {"n": 40}
    finally:
        del ESTIMATORS._classes["extended"]
    with pytest.raises(skae.exceptions.FileFormatError, match="estimator 'extended'"):
        load(tmp_path / "model.safetensors")


def test_after_partial_fit_only(tmp_path):
    model = skae.VAE(sampler="gmm", random_state=0).partial_fit(X)
    copy = saved_and_loaded(model, tmp_path)
    assert not hasattr(copy, "sampler_")
    np.testing.assert_array_equal(
        copy.partial_fit(X).transform(X), model.partial_fit(X).transform(X)
    )


def test_the_device_that_is_there(tmp_path):
    model = skae.DenseAutoencoder(max_epochs=1, device="cpu", random_state=0).fit(X)
    model.device = "cuda:77"  # as if from another machine
    with pytest.warns(RuntimeWarning, match="device='cuda:77'.*on the CPU") as seen:
        copy = saved_and_loaded(model, tmp_path)
    assert seen[0].filename == __file__
    assert copy.device == "cuda:77"
    np.testing.assert_array_equal(copy.transform(X), model.transform(X))
    copy = load(tmp_path / "model.safetensors", device="cpu")
    assert copy.device == "cpu"
    with pytest.raises(ValueError, match=r"cuda:78.*cannot be used"):
        load(tmp_path / "model.safetensors", device="cuda:78")


@pytest.mark.gpu
def test_from_the_gpu_to_the_cpu(tmp_path):
    model = skae.DenseAutoencoder(max_epochs=2, device="cuda", random_state=0).fit(X)
    copy = saved_and_loaded(model, tmp_path, device="cpu")
    assert next(copy.net_.module_.parameters()).device.type == "cpu"
    np.testing.assert_allclose(copy.transform(X), model.transform(X), atol=1e-8)
    copy.partial_fit(X)
    same = load(tmp_path / "model.safetensors")
    assert next(same.net_.module_.parameters()).device.type == "cuda"
    np.testing.assert_allclose(
        same.partial_fit(X).transform(X), copy.transform(X), atol=1e-6
    )


def test_the_same_model_makes_the_same_file(tmp_path):
    for name in "ab":
        fitted(0).save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_others_can_read_the_file(tmp_path):
    from safetensors import safe_open

    fitted(0).save(tmp_path / "a")
    with safe_open(tmp_path / "a", "np") as file:
        document = json.loads(file.metadata()["skae"])
        weight = file.get_tensor("module.bottleneck.mean.weight")
    assert document["format_version"] == 1
    assert document["versions"]["skae"] == skae.__version__
    expected = fitted(0).net_.module_.bottleneck.mean.weight.detach().numpy()
    np.testing.assert_array_equal(weight, expected)
    assert unpack((tmp_path / "a").read_bytes())[0] == document


class _Scaled(torch.nn.Linear):
    def __init__(self, n_in, n_out):
        super().__init__(n_in, n_out)
        self.scale = torch.ones(1).item()  # which a tensor without values has not


class ScaledNetwork(DenseNetwork):
    def as_events(self, X):
        return X * 1.0

    def build(self, event_shape, n_components):
        _, decoder = super().build(event_shape, n_components)
        return _Scaled(event_shape[0], 3), decoder


def test_networks_that_need_values_to_be_built(tmp_path):
    NETWORKS.register("scaled")(ScaledNetwork)
    try:
        model = skae.Autoencoder(
            network=ScaledNetwork(), max_epochs=2, random_state=0
        ).fit(X)
        copy = saved_and_loaded(model, tmp_path)
        np.testing.assert_array_equal(copy.transform(X), model.transform(X))
    finally:
        del NETWORKS._classes["scaled"]


def test_what_others_draw_from_torch_is_the_same(tmp_path):
    fitted(0).save(tmp_path / "model")
    before = torch.get_rng_state()
    load(tmp_path / "model")
    assert torch.equal(torch.get_rng_state(), before)
