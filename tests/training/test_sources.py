"""Rows from memory maps and torch data sets, and their weights."""

from functools import partial

import numpy as np
import pytest
import sklearn
import torch
from helpers import models
from helpers.data import Stream, low_rank
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch.utils.data import Dataset, TensorDataset

from skae import MMDVAE, Autoencoder, LSTMAutoencoder
from skae.autoencoders._rows import EvenSample
from skae.networks import ConvolutionalNetwork
from skae.scorers import Reconstruction
from skae.training._sources import ArraySource, DatasetSource, Rows, StreamSource

data = partial(low_rank, n_samples=200, dtype=np.float32)


dense = partial(models.dense, max_epochs=4, batch_size=16)


def assert_same_weights(first, second):
    for a, b in zip(
        first.net_.module_.state_dict().values(),
        second.net_.module_.state_dict().values(),
        strict=True,
    ):
        torch.testing.assert_close(a, b, rtol=0, atol=0)


class Images(Dataset):
    """Pairs of an image of bytes and a label, as torchvision gives them."""

    def __init__(self, n_samples=30):
        rng = np.random.default_rng(0)
        self.images = rng.integers(0, 255, size=(n_samples, 8, 8), dtype=np.uint8)

    def __len__(self):
        return len(self.images)

    def __getitem__(self, row):
        return self.images[row], row % 3


# Memory maps


@pytest.fixture
def memory_map(tmp_path):
    path = tmp_path / "X.npy"
    np.save(path, data())
    return np.load(path, mmap_mode="r")


@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_memory_map_trains_as_the_array_does(memory_map, early_stopping):
    model = dense(early_stopping=early_stopping)
    mapped, plain = clone(model).fit(memory_map), clone(model).fit(data())
    assert_same_weights(mapped, plain)
    np.testing.assert_array_equal(mapped.transform(memory_map), plain.transform(data()))


def test_a_memory_map_is_never_copied_as_a_whole(memory_map):
    rows = Rows(ArraySource(memory_map)).subset(torch.tensor([3, 1]))
    assert rows.source.X is memory_map
    torch.testing.assert_close(rows.head(5), torch.from_numpy(data()[[3, 1]]))
    nested = rows.subset(torch.tensor([1]))
    torch.testing.assert_close(nested.head(5), torch.from_numpy(data()[[1]]))


# Data sets


@pytest.mark.parametrize(
    "dataset",
    [TensorDataset(torch.from_numpy(data()), torch.zeros(200)), list(data())],
    ids=["pairs", "rows"],
)
def test_a_data_set_trains_as_the_array_does(dataset):
    if isinstance(dataset, list):

        class Listed(Dataset):
            def __len__(self):
                return len(data())

            def __getitem__(self, row):
                return data()[row]

        dataset = Listed()
    for early_stopping in (False, True):
        model = dense(early_stopping=early_stopping)
        from_dataset, plain = clone(model).fit(dataset), clone(model).fit(data())
        assert_same_weights(from_dataset, plain)
    np.testing.assert_array_equal(
        from_dataset.transform(dataset), plain.transform(data())
    )
    assert from_dataset.score(dataset) == plain.score(data())


def test_a_stream_is_taken_in_its_order():
    X = data()
    model = dense().fit(Stream(X), X_val=Stream(X[:50]))
    assert model.n_features_in_ == 6
    assert model.score(X) > 0.9
    cold = dense(linear_path=None).fit(Stream(X), X_val=Stream(X[:50]))
    assert cold.history_[-1, "valid_loss"] < cold.history_[0, "valid_loss"]
    with pytest.raises(ValueError, match="pass X_val"):
        dense(early_stopping=True).fit(Stream(X))


def test_images_of_bytes_with_labels():
    images = Images()
    model = dense(n_components=3).fit(images)
    assert model.transform(images).shape == (30, 3)
    assert model.input_shape_ == (64,)
    convolutional = Autoencoder(
        network=ConvolutionalNetwork("4", image_shape=(8, 8)),
        max_epochs=1,
        random_state=0,
    )
    assert convolutional.fit_transform(images).shape == (30, 2)


@pytest.mark.parametrize("flat", [True, False])
def test_sequences_from_a_data_set(flat):
    X = data(n_samples=40) if flat else data(n_samples=40).reshape(40, 3, 2)
    model = LSTMAutoencoder(hidden_size=4, max_epochs=2, random_state=0)
    dataset = TensorDataset(torch.from_numpy(X))
    assert_same_weights(clone(model).fit(dataset), clone(model).fit(X))


def test_partial_fits_take_data_sets_too():
    X = data()
    by_rows, by_dataset = dense(), dense()
    for part in (X[:100], X[100:]):
        by_rows.partial_fit(part)
        by_dataset.partial_fit(TensorDataset(torch.from_numpy(part)))
    assert_same_weights(by_rows, by_dataset)


def test_bad_rows_of_a_data_set_are_refused():
    X = data()
    X[150] = np.nan
    with pytest.raises(ValueError, match="1 of its rows, by number 150"):
        dense().fit(TensorDataset(torch.from_numpy(X)))
    with pytest.raises(TypeError, match="rows of one shape"):
        dense().fit(Stream([{"x": 1}]))
    with pytest.raises(ValueError, match="0 rows"):
        dense().fit(Stream([]))
    with pytest.raises(ValueError, match="expecting 6 features"):
        dense().fit(data()).transform(TensorDataset(torch.zeros(3, 4)))


@pytest.mark.parametrize("n_rows", [1, 7, 64, 65, 500])
def test_the_sample_of_a_stream_is_evenly_spaced(n_rows):
    sample = EvenSample(size=64)
    for chunk in np.array_split(np.arange(n_rows), 9):
        sample.add(chunk)
    assert sample.n_seen == n_rows
    np.testing.assert_array_equal(sample.rows(), np.arange(0, n_rows, sample.step))
    assert min(n_rows, 32) <= len(sample.rows()) <= 64


# Weights


def in_one_batch(**params):
    return dense(linear_path=None, batch_size=1000, max_epochs=10).set_params(**params)


def test_a_weight_is_a_repetition_in_one_batch():
    X, weight = data(n_samples=30, dtype=np.float64), np.arange(30) % 4
    repeated = in_one_batch().fit(np.repeat(X, weight, axis=0))
    weighted = in_one_batch().fit(X, sample_weight=weight)
    np.testing.assert_allclose(weighted.transform(X), repeated.transform(X), rtol=1e-6)
    assert weighted.history_[-1, "train_loss"] == pytest.approx(
        repeated.history_[-1, "train_loss"]
    )


def test_rows_without_weight_have_no_part_in_the_fit():
    X, weight = data(), np.ones(200)
    X[150:] += 100
    weight[150:] = 0
    assert_same_weights(
        dense().fit(X, sample_weight=weight), dense().fit(X[:150].copy())
    )


def test_common_scale_of_weights_does_not_matter():
    X, weight = data(dtype=np.float64), np.linspace(1, 2, 200)
    models = [dense().fit(X, sample_weight=scale * weight) for scale in (1, 1024)]
    assert_same_weights(*models)
    np.testing.assert_allclose(
        dense().fit(X, sample_weight=np.full(200, 3.0)).transform(X),
        dense().fit(X).transform(X),
        rtol=1e-5,
        atol=1e-8,
    )


@pytest.mark.parametrize("wrap", [np.asarray, torch.from_numpy])
def test_heavy_rows_are_reconstructed_better(wrap):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 8)).astype(np.float32)
    heavy = np.arange(400) % 2 == 0
    X = wrap(X) if wrap is np.asarray else TensorDataset(wrap(X))
    model = dense(linear_path=None, max_epochs=30, learning_rate=1e-2)
    errors = -model.fit(X, sample_weight=np.where(heavy, 50.0, 1.0)).score_samples(X)
    assert errors[heavy].mean() < 0.9 * errors[~heavy].mean()


def test_the_validation_loss_is_weighted_too():
    X, weight = data(), np.linspace(0.1, 5, 200)
    model = dense(early_stopping=True, max_epochs=2)
    history = model.fit(X, sample_weight=weight).history_
    assert history[-1, "valid_loss"] != model.fit(X).history_[-1, "valid_loss"]


def test_samplers_follow_the_weights():
    X = np.vstack([data(n_samples=100), data(n_samples=100) + 20]).astype(np.float64)
    model = MMDVAE(max_epochs=5, sampler="gaussian", random_state=0)
    model.fit(X, sample_weight=np.repeat([1e-6, 1.0], 100))
    assert (model.sample(100, random_state=0).mean(axis=1) > 10).all()


def test_weights_are_routed():
    X = data()
    pipeline = make_pipeline(StandardScaler(), dense(max_epochs=1))
    pipeline.fit(X, denseautoencoder__sample_weight=np.ones(200))
    with sklearn.config_context(enable_metadata_routing=True):
        routed = make_pipeline(
            StandardScaler().set_fit_request(sample_weight=False),
            dense(max_epochs=1).set_fit_request(sample_weight=True),
        )
        weight = np.linspace(1, 2, 200)
        grid = {"denseautoencoder__n_components": [1, 2]}
        search = GridSearchCV(routed, grid, cv=2, scoring=Reconstruction())
        search.fit(X, sample_weight=weight)
        n_components = search.best_params_["denseautoencoder__n_components"]
        direct = dense(max_epochs=1, n_components=n_components)
        scaled = StandardScaler().fit_transform(X)
        direct.fit(scaled, sample_weight=weight)
        assert_same_weights(search.best_estimator_[-1], direct)


@pytest.mark.parametrize(
    ("weight", "error", "match"),
    [
        (-np.ones(200), ValueError, "[Nn]egative"),
        (np.ones(3), ValueError, "shape"),
        (np.zeros(200), ValueError, "at least one non-zero"),
        (np.full(200, np.nan), ValueError, "NaN"),
    ],
)
def test_bad_weights_are_refused(weight, error, match):
    with pytest.raises(error, match=match):
        dense().fit(data(), sample_weight=weight)


def test_other_metadata_are_refused():
    with pytest.raises(TypeError, match=r"'sample_weights'.*'sample_weight'"):
        dense().fit(data(), sample_weights=np.ones(200))


def test_samples_of_a_stream_are_its_first_rows_with_their_weights():
    X = np.arange(25.0)[:, None] * np.ones(3)
    source = StreamSource(Stream(X), lambda rows: torch.from_numpy(np.stack(rows)), 25)
    rows = Rows(source, ArraySource(np.arange(25.0)))
    events, weights, *others = rows.sample(10)
    torch.testing.assert_close(events[:, 0], weights)
    assert others == [None, None]


def test_data_sets_that_change_their_length_are_told():
    class Shrinking(Stream):
        def __iter__(self):
            rows = iter(super().__iter__())
            self.n_times = getattr(self, "n_times", 0) + 1
            return (
                row for _, row in zip(range(200 // self.n_times), rows, strict=False)
            )

    with pytest.raises(ValueError, match=r"had 200 rows .* has \d+ now"):
        dense().fit(Shrinking(data()))

    class Growing(Dataset):
        def __init__(self):
            self.rows = [*data()]

        def __len__(self):
            return len(self.rows)

        def __getitem__(self, number):
            return self.rows[number]

    dataset = Growing()
    source = DatasetSource(dataset, torch.tensor)
    dataset.rows.append(data()[0])
    with pytest.raises(ValueError, match=r"had 200 rows .* has 201 now"):
        next(source.chunks(None, 10))
