"""Pipelines and their steps in files."""

import json
import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn
from helpers.data import normal
from joblib import Memory
from safetensors import safe_open
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)
from skorch.callbacks import EpochScoring

import skae
from skae.exceptions import FileFormatError
from skae.persistence import load, save
from skae.persistence._file import pack, unpack
from skae.preprocessing import SequenceScaler, SlidingWindow

pytestmark = pytest.mark.filterwarnings("ignore::skae.exceptions.CollapseWarning")

X = normal(40, 6)
WITH_HOLES = np.where(X > 1.5, np.nan, X)
FRAME = pd.DataFrame(X, columns=list("abcdef"))


def saved_and_loaded(model, folder, **kwargs):
    save(model, folder / "model")
    return load(folder / "model", **kwargs)


def results(model, X):
    """Return what each method of a step that takes rows gives."""
    methods = ("transform", "predict", "score_samples")
    return {name: getattr(model, name)(X) for name in methods if hasattr(model, name)}


def assert_same(copy, model, X):
    assert repr(copy) == repr(model)
    expected = results(model, X)
    assert expected
    for name, values in results(copy, X).items():
        np.testing.assert_array_equal(values, expected[name], name)


STEPS = [
    StandardScaler(),
    StandardScaler(with_mean=False, with_std=False),
    MinMaxScaler((-1, 1)),
    MinMaxScaler(clip=True),
    MaxAbsScaler(),
    RobustScaler(quantile_range=(10.0, 90.0)),
    RobustScaler(with_centering=False, with_scaling=False),
    Normalizer("l1"),
    QuantileTransformer(n_quantiles=10, output_distribution="normal"),
    PowerTransformer(),
    PowerTransformer(standardize=False),
    SimpleImputer(),
    PCA(2),
    PCA(0.9, whiten=True),
    KMeans(3, n_init=1, random_state=0),
    *(
        GaussianMixture(2, covariance_type=kind, random_state=0)
        for kind in ("full", "diag", "tied", "spherical")
    ),
    BayesianGaussianMixture(n_components=2, random_state=0),
    BayesianGaussianMixture(
        n_components=2,
        covariance_type="tied",
        weight_concentration_prior_type="dirichlet_distribution",
        random_state=0,
    ),
    SequenceScaler(n_channels=2),
    SequenceScaler("minmax", feature_range=(-1, 1)),
    SlidingWindow(3, 2, flatten=True),
]


@pytest.mark.parametrize("step", STEPS, ids=str)
@pytest.mark.parametrize("data", [X, X.astype(np.float32), FRAME], ids=["64", "32", ""])
def test_each_step(step, data, tmp_path):
    copy = saved_and_loaded(step, tmp_path)
    assert repr(copy) == repr(step)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of mixtures that take longer
        step.fit(data)
    copy = saved_and_loaded(step, tmp_path)
    assert_same(copy, step, data)
    assert vars(copy).keys() == vars(step).keys()
    assert list(getattr(copy, "feature_names_in_", [])) == list(
        getattr(step, "feature_names_in_", [])
    )
    if hasattr(step, "get_feature_names_out"):
        assert (copy.get_feature_names_out() == step.get_feature_names_out()).all()
    if hasattr(step, "partial_fit"):
        assert_same(copy.partial_fit(data), step.partial_fit(data), data)


@pytest.mark.parametrize(
    "step",
    [
        StandardScaler(),
        RobustScaler(),
        SimpleImputer(strategy="median", add_indicator=True),
        SimpleImputer(strategy="constant", fill_value=0.5),
        SimpleImputer(strategy="most_frequent", keep_empty_features=True),
    ],
    ids=str,
)
def test_steps_that_take_holes(step, tmp_path):
    assert_same(saved_and_loaded(step.fit(WITH_HOLES), tmp_path), step, WITH_HOLES)


def pipeline():
    inner = make_pipeline(MinMaxScaler(), "passthrough", PowerTransformer())
    autoencoder = skae.DenseAutoencoder(3, max_epochs=2, random_state=0)
    clusters = KMeans(3, n_init=1, random_state=0)
    return Pipeline([("inner", inner), ("ae", autoencoder), ("clusters", clusters)])


def test_a_pipeline(tmp_path):
    model = pipeline().fit(FRAME)
    copy = saved_and_loaded(model, tmp_path)
    assert_same(copy, model, FRAME)
    assert list(copy.feature_names_in_) == list("abcdef")
    assert copy.named_steps.keys() == model.named_steps.keys()
    assert copy["ae"].history_ == model["ae"].history_
    codes = [each["ae"].partial_fit(X).transform(X) for each in (copy, model)]
    np.testing.assert_array_equal(*codes)
    assert copy["inner"][1] == "passthrough"


def test_a_pipeline_that_is_not_fitted(tmp_path):
    model = pipeline()
    copy = saved_and_loaded(model, tmp_path)
    assert repr(copy) == repr(model)
    assert_same(copy.fit(X), model.fit(X), X)


def test_two_autoencoders_in_a_pipeline(tmp_path):
    model = make_pipeline(
        SequenceScaler(),
        skae.VAE(3, max_epochs=2, sampler="gmm", random_state=0),
        StandardScaler(),
        skae.MMDVAE(2, max_epochs=2, random_state=1),
    ).fit(X)
    copy = saved_and_loaded(model, tmp_path)
    assert_same(copy, model, X)
    rows = [each[1].sample(5, random_state=0) for each in (copy, model)]
    np.testing.assert_array_equal(*rows)


def test_windows(tmp_path):
    model = make_pipeline(
        StandardScaler(),
        SlidingWindow(5),
        SequenceScaler("minmax"),
        skae.LSTMAutoencoder(hidden_size=3, max_epochs=2, random_state=0),
    ).fit(X)
    copy = saved_and_loaded(model, tmp_path)
    np.testing.assert_array_equal(copy.transform(X), model.transform(X))
    np.testing.assert_array_equal(
        copy.inverse_transform(copy.transform(X)),
        model.inverse_transform(model.transform(X)),
    )


def test_windows_of_several_series_ask_for_starts(tmp_path):
    series = [normal(9, 2), normal(7, 2)]
    model = make_pipeline(SlidingWindow(4, flatten=True), PCA(2)).fit(series)
    copy = saved_and_loaded(model, tmp_path)
    Z = copy.transform(series)
    with pytest.raises(ValueError, match="pass `starts`"):
        copy.inverse_transform(Z)


def test_data_frames_and_requests(tmp_path):
    with sklearn.config_context(enable_metadata_routing=True):
        scaler = StandardScaler().set_fit_request(sample_weight=True)
        model = make_pipeline(scaler, skae.VAE(max_epochs=2, random_state=0))
        model.set_output(transform="pandas").fit(FRAME)
        copy = saved_and_loaded(model, tmp_path)
        requests = copy[0].get_metadata_routing().fit.requests
    assert requests["sample_weight"] is True
    pd.testing.assert_frame_equal(copy.transform(FRAME), model.transform(FRAME))


def test_the_device_of_all_autoencoders(tmp_path):
    model = make_pipeline(
        *(skae.VAE(3, max_epochs=1, random_state=0) for _ in range(2))
    ).fit(X)
    for step in model:
        step.device = "cuda:77"
    with pytest.warns(RuntimeWarning, match="device='cuda:77'") as seen:
        copy = saved_and_loaded(model, tmp_path)
    assert {warning.filename for warning in seen} == {__file__}
    assert_same(copy, model, X)
    copy = load(tmp_path / "model", device="cpu")
    assert [step.device for step in copy] == ["cpu", "cpu"]
    with pytest.raises(ValueError, match=r"cuda:78.*cannot be used"):
        load(tmp_path / "model", device="cuda:78")


def test_there_is_no_pickle_inside(tmp_path):
    save(pipeline().fit(X), tmp_path / "model")
    with safe_open(tmp_path / "model", "np") as file:
        document = json.loads(file.metadata()["skae"])
        dtypes = {file.get_tensor(name).dtype.kind for name in file.keys()}  # noqa: SIM118
    assert document["estimator"]["class"] == ["class", "Pipeline"]
    assert dtypes <= {"f", "i"}


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (
            make_pipeline(StandardScaler(), LogisticRegression()),
            r"^logisticregression can't be saved.*LogisticRegression.*skops",
        ),
        (
            make_pipeline(FunctionTransformer(np.log1p), PCA()),
            r"^functiontransformer can't be saved.*but.*StandardScaler.*skops",
        ),
        (
            make_pipeline(make_pipeline(ColumnTransformer([]))),
            r"^pipeline__columntransformer can't be saved.*ColumnTransformer.*skops",
        ),
        (
            make_pipeline(PCA(), memory="folder"),
            r"^memory can't be saved.*pickles.*set_params\(memory=None\)",
        ),
        (
            make_pipeline(make_pipeline(PCA(), memory=Memory("folder", verbose=0))),
            r"^pipeline__memory can't be saved.*set_params\(pipeline__memory=None\)",
        ),
        (
            make_pipeline(skae.VAE(callbacks=[EpochScoring("loss")])),
            r"^vae__callbacks\[0\] can't be.*set_params\(vae__callbacks=None\)",
        ),
        (
            make_pipeline(PCA(random_state=np.random.RandomState(0))),
            r"^pca__random_state can't be saved.*integer",
        ),
        (
            make_pipeline(skae.VAE(beta=lambda epoch, n_epochs=None: 1.0)),
            r"^vae__beta can't be saved.*function",
        ),
        (LogisticRegression(), "^The estimator can't be saved.*LogisticRegression"),
        (skae.noise.SNRNoise(), "no estimator"),
        ([1, 2], "^The estimator can't be saved.*list"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "",
)
def test_what_files_do_not_hold(model, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        save(model, tmp_path / "model")
    assert not [*tmp_path.iterdir()]


def test_attributes_that_no_fit_leaves(tmp_path):
    scaler = StandardScaler()
    for name, value in {"note": "mine", "mean_": np.zeros(5), "scale_": "x"}.items():
        model = make_pipeline(clone(scaler)).fit(X)
        setattr(model[0], name, value)
        with pytest.raises(ValueError, match=rf"^standardscaler\.{name} can't be sav"):
            save(model, tmp_path / "model")


def test_subclasses_are_not_what_they_derive_from(tmp_path):
    class Scaler(StandardScaler):
        pass

    with pytest.raises(ValueError, match=r"Scaler.*Register|Scaler.*skops"):
        save(make_pipeline(Scaler()), tmp_path / "model")


def change_version(path, version):
    document, tensors = unpack(path.read_bytes())
    del document["sha256"]
    document["versions"]["scikit-learn"] = version
    path.write_bytes(pack(document, tensors))


def test_another_version_of_scikit_learn_is_said(tmp_path):
    model = make_pipeline(StandardScaler(), PCA(2)).fit(X)
    save(model, tmp_path / "model")
    change_version(tmp_path / "model", "1.8.7")
    with pytest.warns(InconsistentVersionWarning, match=r"with scikit-learn 1\.8\.7"):
        copy = load(tmp_path / "model")
    assert_same(copy, model, X)


def test_where_nothing_is_fitted_versions_do_not_matter(tmp_path):
    for model in (pipeline(), skae.VAE(max_epochs=1, random_state=0).fit(X)):
        save(model, tmp_path / "model")
        change_version(tmp_path / "model", "1.8.7")
        assert repr(load(tmp_path / "model")) == repr(model)


def test_an_attribute_of_another_version_is_named(tmp_path):
    save(PCA(2).fit(X), tmp_path / "model")
    document, tensors = unpack((tmp_path / "model").read_bytes())
    del document["sha256"], document["estimator"]["state"]["n_samples_"]
    (tmp_path / "model").write_bytes(pack(document, tensors))
    change_version(tmp_path / "model", "1.5.0")
    with pytest.raises(FileFormatError, match=r"PCA.*'n_samples_'.*1\.5\.0"):
        load(tmp_path / "model")
