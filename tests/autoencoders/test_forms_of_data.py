"""What data estimators take, and what they say of other things."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from helpers.data import Items
from helpers.models import dense
from sklearn import config_context
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset

from skae import Autoencoder, LSTMAutoencoder
from skae.networks import ConvolutionalNetwork
from skae.preprocessing import SequenceScaler
from skae.scorers import KernelMutualInformation, RootMeanSquaredError

X = np.random.default_rng(0).normal(size=(30, 4)).round(3)
SERIES = np.random.default_rng(1).normal(size=(20, 6, 1))
FRAME = pd.DataFrame(X, columns=list("abcd"))


def lstm():
    return LSTMAutoencoder(2, hidden_size=4, max_epochs=1, random_state=0)


def arrow(type_=None):
    columns = {name: pa.array(FRAME[name].map(Decimal), type_) for name in FRAME}
    return pa.table(columns).to_pandas(types_mapper=pd.ArrowDtype)


class Subclass(np.ndarray):
    pass


class Exported:
    """An array of another library, which numpy knows by dlpack alone."""

    def __init__(self, array):
        self.array = array
        self.shape, self.ndim, self.dtype = array.shape, array.ndim, array.dtype

    def __len__(self):
        return len(self.array)

    def __array__(self, *args, **kwargs):
        raise TypeError("not by __array__")

    def __dlpack__(self, **kwargs):
        return self.array.__dlpack__(**kwargs)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


SAME = {
    "list of lists": X.tolist(),
    "tuple of rows": tuple(map(tuple, X)),
    "list of arrays": list(X),
    "list of tensors": list(torch.from_numpy(X)),
    "list of tensors that require grad": list(
        torch.from_numpy(X.copy()).requires_grad_()
    ),
    "items of a data set": [(row, 1) for row in torch.from_numpy(X)],
    "numbers as text": X.astype(str),
    "numbers as text in lists": X.astype(str).tolist(),
    "numbers as bytes": X.astype("S"),
    "objects": X.astype(object),
    "rows as objects": np.array([*X, None], object)[:-1],
    "decimals": [[Decimal(str(value)) for value in row] for row in X],
    "fractions": [[Fraction(value) for value in row] for row in X],
    "longdouble": X.astype(np.longdouble),
    "big endian": X.astype(">f8"),
    "subclass": X.view(Subclass),
    "nothing masked": np.ma.masked_array(X),
    "frame": FRAME,
    "frame of objects": FRAME.astype(object),
    "nullable": FRAME.astype("Float64"),
    "arrow": FRAME.astype("double[pyarrow]"),
    "arrow decimals": arrow(),
    "decimal objects": FRAME.map(lambda value: Decimal(str(value))),
    "numeric categories": FRAME.astype("category"),
    "text": FRAME.astype(str),
    "no names": FRAME.set_axis(range(4), axis=1),
    "tensor": torch.from_numpy(X),
    "tensor with gradients": torch.from_numpy(X.copy()).requires_grad_(),
    "negated lazily": torch._neg_view(torch.from_numpy(-X)),
    "by dlpack": Exported(X.copy()),
    "data set": TensorDataset(torch.from_numpy(X)),
}


@pytest.mark.parametrize("data", SAME.values(), ids=SAME)
def test_the_same_numbers_in_other_clothes(data):
    expected = dense().fit(X)
    model = dense().fit(data)
    np.testing.assert_allclose(model.transform(data), expected.transform(X), atol=1e-9)
    np.testing.assert_allclose(model.score(data), expected.score(X))
    np.testing.assert_allclose(model.score_samples(data), expected.score_samples(X))
    np.testing.assert_allclose(
        model.reconstruct(data), expected.reconstruct(X), atol=1e-9
    )
    validated = dense(early_stopping=True).fit(data, X_val=data)
    assert validated.history_[-1, "valid_loss"] > 0


LOW = {
    "half": X.astype(np.float16),
    "half tensor": torch.from_numpy(X).half(),
    "bfloat16": torch.from_numpy(X).bfloat16(),
    "float32": X.astype(np.float32),
}


@pytest.mark.parametrize("data", LOW.values(), ids=LOW)
def test_fewer_digits(data):
    Z = dense().fit(X).transform(data)
    np.testing.assert_allclose(Z, dense().fit(X).transform(X), atol=0.05)


INTEGERS = {
    "int": (100 * X).astype(int),
    "nullable": pd.DataFrame((100 * X).astype(int)).astype("Int64"),
    "beyond 64 bits": [[10**20, int(value)] for value in 100 * X[:, 0]],
    "bool": X > 0,
    "nullable bool": pd.DataFrame(X > 0).astype("boolean"),
    "bool tensor": torch.from_numpy(X > 0),
}


@pytest.mark.parametrize("data", INTEGERS.values(), ids=INTEGERS)
def test_whole_numbers(data):
    found = dense().fit_transform(data)
    expected = dense().fit_transform(np.asarray(data, dtype=found.dtype))
    np.testing.assert_allclose(found, expected, rtol=1e-4)


@pytest.mark.parametrize("grad", [False, True])
def test_tensors_with_array_api_dispatch(grad, monkeypatch):
    pytest.importorskip("scipy", "1.14", reason="scikit-learn dispatches from then on")
    monkeypatch.setenv("SCIPY_ARRAY_API", "1")
    expected = dense().fit_transform(X), lstm().fit_transform(SERIES)
    tensor, series = (torch.tensor(data, requires_grad=grad) for data in (X, SERIES))
    with config_context(array_api_dispatch=True):
        model = dense().fit(tensor)
        found = model.transform(tensor), lstm().fit_transform(series)
        codes = torch.tensor(found[0], requires_grad=grad)
        assert model.inverse_transform(codes).shape == X.shape
        assert np.isfinite(model.score(tensor))
    for one, other in zip(found, expected, strict=True):
        assert isinstance(one, np.ndarray)
        np.testing.assert_allclose(one, other)


class NoLength(Dataset):
    def __getitem__(self, number):
        return torch.from_numpy(X)[number]


class Empty(Dataset):
    def __len__(self):
        return 0

    def __getitem__(self, number):
        raise IndexError


class EmptyStream(IterableDataset):
    def __iter__(self):
        return iter(())


DATES = pd.date_range("2020", periods=30)
MASKED = np.ma.masked_array(X, mask=X > 1)
REFUSED = {
    "None": (None, "not None: pass the data as X"),
    "dict": ({"a": X[:, 0]}, r"not a dict: make a table.*pandas.DataFrame\(X\)"),
    "set": ({1.0, 2.0}, "not a set: a set has no order"),
    "generator": ((row for row in X), "not a generator: .* pass list"),
    "map": (map(list, X), "not a map: .* pass list"),
    "DataLoader": (
        DataLoader(TensorDataset(torch.from_numpy(X))),
        "not a DataLoader: pass its data set, as loader.dataset",
    ),
    "class": (TensorDataset, "not the class TensorDataset: pass an instance"),
    "path": ("data.csv", "not a str: read the file first, as by pandas.read_csv"),
    "number": (3.0, "not a float: a single number"),
    "no length": (NoLength(), "NoLength has no __len__.*IterableDataset"),
    "empty": (Empty(), "data set with 0 rows"),
    "empty stream": (EmptyStream(), "data set with 0 rows"),
    "items that are dicts": (Items([{"x": 1}] * 3), "Items of a data set.*a dict"),
    "complex items": (Items(list(X + 1j)), "Complex data not supported"),
    "complex": (X + 0j, "Complex data not supported: .*X.real, X.imag"),
    "complex list": ((X + 0j).tolist(), "Complex data not supported"),
    "complex objects": ((X + 0j).astype(object), "Complex data not supported"),
    "complex tensor": (torch.from_numpy(X + 0j), "Complex data not supported"),
    "complex column": (FRAME.assign(b=X[:, 1] + 0j), "Complex data not supported"),
    "dates": (DATES.to_numpy().reshape(15, 2), "X holds dates .datetime64.*days since"),
    "durations": (np.ones((30, 2), "m8[s]"), "X holds durations .timedelta64"),
    "date column": (FRAME.assign(when=DATES), "Column 'when' holds dates"),
    "dates only": (pd.DataFrame({"when": DATES}), "Column 'when' holds dates"),
    "arrow dates": (
        FRAME.assign(when=DATES.astype("timestamp[ns][pyarrow]")),
        "Column 'when' holds dates",
    ),
    "duration column": (
        FRAME.assign(took=DATES - DATES[0]),
        "Column 'took' holds durations",
    ),
    "date objects": (
        FRAME.assign(when=DATES.date.astype(object)),
        "No numbers in column 'when'",
    ),
    "periods": (
        FRAME.assign(when=pd.period_range("2020", periods=30)),
        "No numbers in column 'when'",
    ),
    "twice the same name": (
        FRAME.set_axis(list("abca"), axis=1),
        "Column names have to differ, and 'a' occurs more than once",
    ),
    "text column": (FRAME.assign(kind="u"), "No numbers in column 'kind', as 'u'.*Enc"),
    "text columns": (
        FRAME.assign(kind="u", other=pd.Categorical(["v"] * 30)),
        "No numbers in columns 'kind', 'other', as 'u'",
    ),
    "arrow text": (
        FRAME.assign(kind=pd.array(["u"] * 30, "string[pyarrow]")),
        "No numbers in column 'kind'",
    ),
    "text": ([["a", "b"], ["c", "d"]], "X holds what is no number .*'a'"),
    "objects": ([[1.0, object()], [2.0, 3.0]], "X holds what is no number"),
    "too large": ([[10**400, 1], [2, 3]], "X holds what is no number .*too large"),
    "missing objects": ([[1.0, pd.NA], [2.0, 3.0]], "X holds what is no number .*NAT"),
    "ragged": ([[1.0, 2.0], [3.0]], "unequal length"),
    "masked": (MASKED, rf"with {MASKED.mask.sum()} masked values.*X.filled"),
    "structured": (
        np.zeros(5, [("a", float), ("b", float)]),
        r"structured array of fields \('a', 'b'\)",
    ),
    "sparse tensor": (torch.from_numpy(X).to_sparse(), r"Sparse.*X.to_dense\(\)"),
    "nested tensor": (
        torch.nested.nested_tensor(
            [torch.ones(2, 1), torch.ones(3, 1)], layout=torch.jagged
        ),
        r"unequal length, as \(2, 1\) and \(3, 1\)",
    ),
    "rows of NaN": (np.where(X[:, :1] > 1, np.nan, X), "NaN only in .* rows, by numb"),
    "infinity": (np.where(X > 1, np.inf, X), "contains infinity"),
    "sequences": (SERIES, r"dim 3, of shape \(20, 6, 1\): .*reshape\(len\(X\), -1\)"),
    "images": (SERIES[..., None], r"dim 4, of shape \(20, 6, 1, 1\): .*tables"),
    "one row as a vector": (X[0], "Expected 2D array, got 1D array"),
    "column": (FRAME["a"], "Expected a 2-dimensional container"),
    "no rows": (X[:0], r"0 sample\(s\)"),
    "no columns": (X[:, :0], r"0 feature\(s\)"),
    "no rows in a list": ([], "Expected 2D array"),
    "no rows in a frame": (FRAME[:0], r"0 sample\(s\)"),
}


@pytest.mark.filterwarnings("ignore:X has feature names")
@pytest.mark.parametrize(("data", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_table_of_numbers(data, message):
    with pytest.raises((TypeError, ValueError), match=message):
        dense().fit(data)
    if not hasattr(data, "__next__"):
        with pytest.raises((TypeError, ValueError)):
            dense().fit(X).transform(data)


RAGGED = [SERIES[i, :n] for i, n in enumerate((3, 6, 4, 2, 5, 6))]
OBJECTS = np.empty(len(RAGGED), object)
OBJECTS[:] = RAGGED
LISTS = {
    "arrays": RAGGED,
    "tuple": tuple(RAGGED),
    "objects": OBJECTS,
    "tensors": list(map(torch.from_numpy, RAGGED)),
    "nested tensor": torch.nested.nested_tensor(
        list(map(torch.from_numpy, RAGGED)), layout=torch.jagged
    ),
    "lists": [row.tolist() for row in RAGGED],
    "frames": list(map(pd.DataFrame, RAGGED)),
    "vectors": [row[:, 0] for row in RAGGED],
    "lists of numbers": [row[:, 0].tolist() for row in RAGGED],
    "series": [pd.Series(row[:, 0]) for row in RAGGED],
}


def filled_up(sequences):
    """Return sequences of one channel in an array, with NaN at their ends."""
    longest = max(map(len, sequences))
    out = np.full((len(sequences), longest, 1), np.nan)
    for place, sequence in zip(out, sequences, strict=True):
        place[: len(sequence)] = sequence
    return out


@pytest.mark.parametrize("data", LISTS.values(), ids=LISTS)
def test_lists_of_sequences_of_different_lengths(data):
    expected, whole = lstm().fit(filled_up(RAGGED)), filled_up(RAGGED)
    model = lstm().fit(data)
    for method in ("transform", "reconstruct", "score", "score_samples"):
        np.testing.assert_array_equal(
            getattr(model, method)(data), getattr(expected, method)(whole)
        )
    np.testing.assert_array_equal(lstm().fit_transform(data), model.transform(whole))
    scorer = KernelMutualInformation()
    assert scorer(model, data) == scorer(expected, whole)
    validated = lstm().fit(data, X_val=data)
    assert validated.history_[-1, "valid_loss"] > 0


def test_lists_of_sequences_in_single_precision():
    data = [row.astype(np.float32) for row in RAGGED]
    assert lstm().fit_transform(data).dtype == np.float32
    assert lstm().fit_transform([*data, RAGGED[0]]).dtype == np.float64


def test_some_of_a_list_of_vectors():
    data = [row[:, 0] for row in RAGGED]
    scaler = SequenceScaler().fit(data)
    model = lstm().fit(scaler.transform(data))
    for part in (data[:1], data[1:2], [data[1], data[5]]):
        whole = filled_up([row[:, None] for row in part])
        scaled = scaler.transform(part)
        np.testing.assert_array_equal(scaled, scaler.transform(whole))
        Z = model.transform([row[:, 0] for row in scaled])
        np.testing.assert_array_equal(Z, model.transform(scaled))


@pytest.mark.parametrize("network", ["recurrent", "convolutional"])
def test_lists_of_sequences_in_pipelines_and_folds(network):
    data, whole = 4 * RAGGED, np.concatenate(4 * [filled_up(RAGGED)])
    model = make_pipeline(
        SequenceScaler(), Autoencoder(1, network=network, max_epochs=2, random_state=0)
    )
    scoring = RootMeanSquaredError()
    for scorer in (None, scoring):
        found = cross_val_score(clone(model), data, cv=3, scoring=scorer)
        expected = cross_val_score(clone(model), whole, cv=3, scoring=scorer)
        np.testing.assert_allclose(found, expected)


def test_clean_rows_in_a_list():
    noisy = [row + 0.1 for row in RAGGED]
    model = lstm().fit(noisy, RAGGED, X_val=noisy, y_val=RAGGED)
    expected = lstm().fit(filled_up(noisy), filled_up(RAGGED))
    losses = [each.history_[-1, "train_loss"] for each in (model, expected)]
    assert losses[0] == losses[1]
    assert model.score(noisy, RAGGED) == expected.score(
        filled_up(noisy), filled_up(RAGGED)
    )


REFUSED_SEQUENCES = {
    "other channels": ([np.ones((3, 1)), np.ones((2, 2))], "item 0 .* 1, item 1 has 2"),
    "channels only": ([np.ones((3, 1)), np.ones((3, 2))], "item 0 .* 1, item 1 has 2"),
    "images in a list": (
        [np.ones((3, 1)), np.ones((2, 2, 2))],
        r"Item 1 .*\(2, 2, 2\)",
    ),
    "empty one": (
        [np.ones((3, 1)), np.ones((0, 1))],
        "only in 1 .* number 1: leave",
    ),
    "words": ([["a", "b"], ["c"]], "X holds what is no number"),
    "images": (SERIES[..., None], "dim 4, .*sequences .*n_timesteps, n_channels"),
    "no time steps": (np.zeros((5, 0, 2)), r"shape \(5, 0, 2\).* empty.*at least one"),
    "no channels": (np.zeros((5, 2, 0)), r"shape \(5, 2, 0\).* empty.*at least one"),
    "no rows": (SERIES[:0], r"0 sample\(s\)"),
    "text": (SERIES.astype(str).astype(object) + "x", "X holds what is no number"),
    "dates": (np.zeros((5, 4, 1), "M8[s]"), "X holds dates"),
    "masked": (np.ma.masked_array(SERIES, SERIES > 1), "masked values"),
    "nothing": (
        np.full((5, 4, 1), np.nan),
        "NaN only in 5 .* 0, 1, 2, 3, 4: leave out",
    ),
}


@pytest.mark.parametrize(
    ("data", "message"), REFUSED_SEQUENCES.values(), ids=REFUSED_SEQUENCES
)
def test_what_are_no_sequences(data, message):
    with pytest.raises((TypeError, ValueError), match=message):
        lstm().fit(data)


def test_sequences_as_objects_of_one_length():
    objects = np.empty(20, object)
    objects[:] = list(SERIES)
    expected = lstm().fit_transform(SERIES)
    np.testing.assert_array_equal(lstm().fit_transform(objects), expected)


def test_a_data_set_in_a_search():
    dataset = TensorDataset(torch.from_numpy(X))
    grid = {"n_components": [1, 2]}
    found = GridSearchCV(dense(), grid, cv=3).fit(dataset)
    expected = GridSearchCV(dense(), grid, cv=3).fit(X)
    for key in ("mean_test_score", "std_test_score"):
        np.testing.assert_allclose(found.cv_results_[key], expected.cv_results_[key])


# Images


IMAGES = np.random.default_rng(2).random((12, 3, 8, 6)).astype(np.float32)
FORMS = {"4-D": IMAGES, "flat": IMAGES.reshape(12, -1)}
GREY = IMAGES[:, :1]
GREY_FORMS = {"4-D": GREY, "3-D": GREY[:, 0], "flat": GREY.reshape(12, -1)}


def convolutional(image_shape=None):
    network = ConvolutionalNetwork((4,), image_shape=image_shape)
    return Autoencoder(2, network=network, max_epochs=2, random_state=0)


@pytest.mark.parametrize("fitted", FORMS)
@pytest.mark.parametrize("given", FORMS)
def test_images_in_colour_come_in_two_forms(fitted, given):
    check_forms(convolutional((3, 8, 6)), FORMS[fitted], FORMS[given])


@pytest.mark.parametrize("image_shape", [(8, 6), (1, 8, 6)])
@pytest.mark.parametrize("fitted", GREY_FORMS)
@pytest.mark.parametrize("given", GREY_FORMS)
def test_grey_images_come_in_three_forms(image_shape, fitted, given):
    check_forms(convolutional(image_shape), GREY_FORMS[fitted], GREY_FORMS[given])


def check_forms(model, fitted, given):
    model.fit(fitted)
    Z = model.transform(fitted)
    assert model.n_features_in_ == fitted[0].size
    np.testing.assert_array_equal(model.transform(given), Z)
    assert model.reconstruct(given).shape == given.shape
    assert model.inverse_transform(Z).shape == fitted.shape
    np.testing.assert_array_equal(
        model.reconstruct(given).ravel(), model.inverse_transform(Z).ravel()
    )
    assert model.score(given) == pytest.approx(model.score(fitted))
    assert model.score_samples(given).shape == (12,)


def test_images_say_their_shape_themselves():
    stated = convolutional((3, 8, 6)).fit(IMAGES)
    unstated = convolutional().fit(IMAGES)
    expected = stated.transform(IMAGES)
    np.testing.assert_array_equal(unstated.transform(IMAGES), expected)
    assert unstated.inverse_transform(expected).shape == IMAGES.shape
    with pytest.raises(ValueError, match=r"image_shape=\(3, 8, 6\), as seen in fit"):
        unstated.transform(FORMS["flat"])


@pytest.mark.parametrize("image_shape", [None, (3, 8, 6)])
def test_images_of_a_data_set_keep_their_shape(image_shape):
    dataset = TensorDataset(torch.from_numpy(IMAGES))
    model = convolutional(image_shape).fit(dataset)
    expected = convolutional(image_shape).fit(IMAGES)
    assert model.input_shape_ == (3, 8, 6)
    np.testing.assert_allclose(
        model.reconstruct(dataset), expected.reconstruct(IMAGES), atol=1e-5
    )


@pytest.mark.filterwarnings("ignore::skae.exceptions.CollapseWarning")
def test_images_in_a_generative_model():
    network = ConvolutionalNetwork((4,))
    model = Autoencoder(
        2, network=network, bottleneck="gaussian", max_epochs=1, random_state=0
    ).fit(IMAGES)
    assert model.sample(5, random_state=0).shape == (5, 3, 8, 6)


@pytest.mark.parametrize(
    ("image_shape", "data", "message"),
    [
        ((8, 6), IMAGES, r"images of shape \(3, 8, 6\).*image_shape=\(8, 6\)"),
        ((8, 6), GREY.transpose(0, 1, 3, 2), r"images of shape \(1, 6, 8\)"),
        (
            (3, 8, 6),
            IMAGES.transpose(0, 2, 3, 1),
            r"image_shape=\(3, 8, 6\).*channels last: pass X.transpose\(0, 3, 1, 2\)",
        ),
        (None, np.ones((5, 8, 8, 3)), r"channels come last: .*transpose\(0, 3, 1, 2\)"),
        (None, np.ones((5, 8, 8, 1)), "channels come last"),
        ((8, 6), np.ones((5, 2, 3, 8, 6)), r"dim 5.*\(n_samples, height, width\)"),
        (None, np.ones((5, 2, 3, 8, 6)), "dim 5.*sequences .*or images"),
        ((8, 6), np.ones((5, 0, 8, 6)), "rows are empty"),
    ],
)
def test_what_are_no_such_images(image_shape, data, message):
    with pytest.raises(ValueError, match=message):
        convolutional(image_shape).fit(data)


def test_channels_that_do_come_first_whatever_they_look_like():
    images = np.ones((5, 4, 4, 3), dtype=np.float32)
    assert convolutional((4, 4, 3)).fit(images).input_shape_ == (4, 4, 3)


def test_images_of_another_size_than_in_the_fit():
    model = convolutional().fit(IMAGES)
    with pytest.raises(ValueError, match=r"\(3, 4, 6\).*expecting \(3, 8, 6\)"):
        model.transform(IMAGES[:, :, :4])
