"""Dense autoencoders that try entries of other rows, and keep to what is better."""

import warnings
from itertools import count

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.base import clone

import skae
from skae import DenseAutoencoder, TabularAutoencoder
from skae.datasets import make_smooth_manifold
from skae.networks import ConvolutionalNetwork

BESIDE = ("y", "sample_weight", "condition")


def table(n_rows, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n_rows, 2)) @ rng.normal(size=(2, 12)) + rng.normal(
        size=(n_rows, 12)
    )


def fitted(X, n_components=3, **params):
    beside = {name: params.pop(name) for name in BESIDE if name in params}
    params = {"swapping": "auto", "random_state": 0, **params}
    return DenseAutoencoder(n_components, **params).fit(X, **beside)


def noise_of(model):
    return model.net_.module_.input_noise


@pytest.fixture(scope="module")
def swapped(wine):
    return fitted(wine[::2], 2)


def test_few_rows_are_not_learnt_by_heart(wine, swapped):
    """Without swapped entries other rows are reconstructed worse."""
    plain = fitted(wine[::2], 2, swapping=0)
    assert noise_of(plain) is None
    assert noise_of(swapped).part.p > 0
    assert swapped.score(wine[1::2]) > plain.score(wine[1::2]) + 0.03


def test_what_a_fit_finds_may_be_asked_for(wine, swapped):
    asked = fitted(wine[::2], 2, swapping=noise_of(swapped).part.p)
    assert asked.n_iter_ == swapped.n_iter_
    np.testing.assert_array_equal(asked.transform(wine), swapped.transform(wine))


def test_rows_that_gain_nothing_have_the_codes_of_a_fit_without(fewer_steps):
    """Of a curved surface, with which swapped entries do away."""
    X = make_smooth_manifold(150, 2, 8, noise=0.1, random_state=0).X
    auto, plain = fitted(X, 2), fitted(X, 2, swapping=0)
    assert noise_of(auto) is None
    assert auto.n_iter_ == plain.n_iter_
    np.testing.assert_array_equal(auto.transform(X), plain.transform(X))


def gappy():
    X = table(90)
    X[::3, 0] = np.nan
    return X


AS_THEY_ARE = {
    "epochs are given": {"max_epochs": 3},
    "the length is not found": {"early_stopping": False},
    "nested": {"nested": True},
    "many units": {"n_components": 7},
    "a share of zero": {"swapping": DenseAutoencoder().swapping},
    "weights": {"sample_weight": np.r_[np.ones(89), 2.0]},
    "clean rows": {"y": table(90) + 0.01},
    "a condition": {"condition": np.arange(90) % 2},
    "entries are missing": {"X": gappy()},
}


@pytest.fixture
def always_better(monkeypatch):
    """Let held-out rows fare the better, the later they are asked."""
    best_trial, changes = DenseAutoencoder._best_trial, count(0, -100)

    def better_trial(self, *given):
        return best_trial(self, *given)._replace(change=next(changes))

    monkeypatch.setattr(DenseAutoencoder, "_best_trial", better_trial)
    monkeypatch.setattr("skae.autoencoders._dense.SOON", 2)


def test_rows_are_tried(few_steps, always_better):
    assert noise_of(fitted(table(90))) is not None


@pytest.mark.parametrize("name", AS_THEY_ARE)
def test_rows_as_they_are(name, few_steps, always_better):
    params = {"X": table(90), **AS_THEY_ARE[name]}
    assert noise_of(fitted(**params)) is None


def test_sparse_rows_are_swapped_as_dense_ones_are(few_steps, always_better):
    X = table(90)
    sparse, dense = fitted(csr_array(X)), fitted(X)
    assert noise_of(sparse) is not None
    np.testing.assert_allclose(sparse.transform(X), dense.transform(X), atol=1e-6)


class OfImages(DenseAutoencoder):
    def _network(self):
        return ConvolutionalNetwork((2,), image_shape=(4, 4))


def test_images_are_not_tried(few_steps, always_better):
    X = np.hstack([table(60), table(60)[:, :4]])
    assert noise_of(OfImages(2, swapping="auto", random_state=0).fit(X)) is None


def test_rows_that_gain_to_the_end_are_not_tried(few_steps, always_better, monkeypatch):
    monkeypatch.setattr("skae.autoencoders._dense.SOON", 0)
    assert noise_of(fitted(table(90))) is None


def test_a_later_fit_is_told_nothing_by_an_earlier_one(few_steps, always_better):
    """Clean rows have no part in what is swapped, though earlier rows were."""
    X = table(90)
    model = fitted(X)
    assert noise_of(model) is not None
    assert noise_of(model.fit(X, X + 0.01)) is None
    assert noise_of(model.set_params(max_epochs=2).fit(X)) is None


def test_clean_rows_beside_swapped_ones_are_refused():
    X = table(40)
    with pytest.raises(ValueError, match=r"y holds clean rows.*pass no y"):
        fitted(X + 0.1, y=X, swapping=0.2, max_epochs=1)


@pytest.mark.parametrize("swapping", [1.0, -0.1, "often", None])
@pytest.mark.parametrize("cls", [DenseAutoencoder, TabularAutoencoder])
def test_shares_that_are_none(cls, swapping):
    with pytest.raises(ValueError, match=r"'swapping' parameter.*\[0.0, 1.0\).*'auto'"):
        cls(swapping=swapping).fit(table(40))


def test_a_share_swaps_for_a_given_length():
    model = fitted(table(40), swapping=0.4, max_epochs=2)
    assert noise_of(model).part.p == 0.4
    assert model.net_.batch_size == model.batch_size
    assert clone(model).swapping == 0.4


def test_a_saved_model_goes_on_with_swapped_entries(tmp_path, few_steps, always_better):
    X, path = table(90), tmp_path / "model.skae"
    model = fitted(X)
    model.save(path)
    opened = skae.load(path)
    for one in (model, opened):
        one.partial_fit(X)
    assert noise_of(opened).part.p == noise_of(model).part.p
    np.testing.assert_array_equal(opened.transform(X), model.transform(X))


def test_a_warm_start_goes_on_with_swapped_entries(few_steps, always_better):
    X = table(90)
    model = fitted(X, warm_start=True)
    before, noise = model.transform(X), noise_of(model)
    assert noise_of(model.fit(X)) is noise
    assert not np.array_equal(model.transform(X), before)


def test_a_stack_finds_what_each_finds_alone(wine, fewer_steps):
    tables = [wine[::2], make_smooth_manifold(90, 2, 8, noise=0.1, random_state=0).X]
    models = [DenseAutoencoder(2, swapping="auto", random_state=0) for _ in tables]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        together = skae.fit_stack(models, tables)
    for X, one in zip(tables, together, strict=True):
        alone = fitted(X, 2)
        assert (noise_of(one) is None) == (noise_of(alone) is None)
        np.testing.assert_allclose(one.transform(X), alone.transform(X), atol=1e-4)
