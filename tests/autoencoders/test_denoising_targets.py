"""Clean rows as the target of noisy ones: `fit(noisy, clean)`."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch
from helpers import models
from helpers.data import Items, Stream, low_rank, normal, sines
from helpers.models import weights
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import Callback

from skae import (
    VAE,
    Autoencoder,
    Checkpoint,
    DenseAutoencoder,
    LSTMAutoencoder,
    fit_stack,
    get_scorer,
    stacked,
)
from skae.autoencoders import learning_rate_range_test
from skae.metrics import variance_explained
from skae.networks import ConvolutionalNetwork

CLEAN = low_rank(120, 6, noise=0.01)
NOISY = CLEAN + normal(120, 6, seed=5)


dense = partial(models.dense, max_epochs=15)


def same_weights(a, b):
    return all(map(torch.equal, weights(a), weights(b)))


def error(model, X=NOISY, y=CLEAN):
    return np.mean((model.reconstruct(X) - y) ** 2)


# What is a target


def test_clean_rows_are_what_reconstructions_are_compared_with():
    clean = (load_digits().data[:600] / 16).astype(np.float32)
    noisy = (clean + normal(*clean.shape) / 2).astype(np.float32)
    model = DenseAutoencoder(
        16, hidden_layer_sizes=(64,), learning_rate=0.01, max_epochs=20, random_state=0
    )
    denoising, plain = clone(model).fit(noisy, clean), clone(model).fit(noisy)
    assert error(denoising, noisy, clean) < 0.6 * error(plain, noisy, clean)


FORMS = {
    "array": lambda y: y,
    "list": lambda y: y.tolist(),
    "frame": lambda y: pd.DataFrame(y, columns=list("uvwxyz")),
    "tensor": torch.from_numpy,
    "objects": lambda y: y.astype(object),
    "in columns": np.asfortranarray,
    "of the wrong endianness": lambda y: y.astype(">f8"),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_clean_rows_in_any_form_are_the_same(form):
    expected = dense().fit(NOISY, CLEAN)
    found = dense().fit(NOISY, form(CLEAN))
    assert same_weights(found, expected)
    assert found.score(NOISY, form(CLEAN)) == expected.score(NOISY, CLEAN)


def test_frames_on_both_sides():
    noisy = pd.DataFrame(NOISY, columns=list("abcdef"))
    clean = pd.DataFrame(CLEAN, columns=list("uvwxyz"))
    model = dense().fit(noisy, clean)
    assert same_weights(model, dense().fit(NOISY, CLEAN))
    assert list(model.feature_names_in_) == list("abcdef")


def test_whole_numbers_in_the_shape_of_x_are_a_target():
    noisy, clean = NOISY * 10, np.round(CLEAN * 10)
    model = dense().fit(noisy, clean.astype(int))
    assert same_weights(model, dense().fit(noisy, clean))


LABELS = {
    "classes": np.arange(120) % 3,
    "names": np.array(["a", "b"])[np.arange(120) % 2],
    "a column": np.arange(120.0)[:, None],
    "several columns": normal(120, 3),
    "names in columns": np.full((120, 6), "a"),
    "objects": np.full((120, 6), None),
    "another number of rows": CLEAN[:50],
    "transposed": CLEAN.T,
    "ragged": [[1], [1, 2]],
    "one more axis": CLEAN[:, :, None],
    "a word": "labels",
}


@pytest.mark.parametrize("y", LABELS.values(), ids=LABELS)
def test_labels_are_ignored(y):
    model = dense(max_epochs=2).fit(NOISY, y)
    assert same_weights(model, dense(max_epochs=2).fit(NOISY))
    assert model.score(NOISY, y) == model.score(NOISY)


def test_of_one_feature_labels_have_one_axis_and_targets_two():
    X = normal(50, 1)
    model = dense(max_epochs=2).set_params(n_components=1)
    plain = clone(model).fit(X)
    assert same_weights(clone(model).fit(X, X[:, 0] + 1), plain)
    assert not same_weights(clone(model).fit(X, X + 0.5), plain)


@pytest.mark.parametrize("copy", [lambda X: X, np.copy, np.asfortranarray, list])
@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.filterwarnings("ignore:Early stopping kept")
def test_rows_as_their_own_target_change_no_bit(copy, early_stopping):
    model = dense(max_epochs=4, early_stopping=early_stopping)
    plain, own = clone(model).fit(NOISY), clone(model).fit(NOISY, copy(NOISY))
    assert same_weights(own, plain)
    found = own.score(NOISY, copy(NOISY))  # whose sums follow the order in memory
    assert found == pytest.approx(plain.score(NOISY), rel=1e-14)
    assert own.net_.guard.spread_ == plain.net_.guard.spread_


def test_rows_as_their_own_target_are_no_target_for_stacks_either():
    seen = []

    class Spy(Callback):
        def on_train_begin(self, net, X=None, **kwargs):
            seen.append(X.targets)

    X = sines()
    X[::2, 5:] = np.nan
    lstm = LSTMAutoencoder(2, hidden_size=3, max_epochs=1, random_state=0)
    lstm.set_params(callbacks=[Spy()]).fit(X, X.copy())
    assert seen == [None]


# Where it starts


def test_the_start_is_the_best_linear_decoder_of_principal_components():
    model = dense(max_epochs=1, learning_rate=1e-12)
    clean = 7 + 3 * CLEAN
    with pytest.warns(UserWarning, match="y lies"):
        model.fit(NOISY, 50 * clean)
    codes = model.transform(NOISY)
    expected = LinearRegression().fit(codes, 50 * clean).predict(codes)
    np.testing.assert_allclose(model.reconstruct(NOISY), expected, rtol=1e-6)


@pytest.mark.parametrize("n_rows", [1, 2, 3])
def test_few_rows(n_rows):
    model = dense(max_epochs=2).fit(NOISY[:n_rows], CLEAN[:n_rows])
    assert np.isfinite(model.reconstruct(NOISY[:n_rows])).all()


@pytest.mark.parametrize("linear_path", [None, "pca"])
def test_other_networks_start_as_ever(linear_path):
    settings = {"linear_path": linear_path, "output_activation": "sigmoid"}
    X = 1 / (1 + np.exp(-NOISY))
    dense(max_epochs=2, **settings).fit(X, 1 / (1 + np.exp(-CLEAN)))
    VAE(2, max_epochs=2, random_state=0).fit(NOISY, CLEAN)


# Rows of the target go with the rows


def test_held_out_rows_have_their_targets():
    """In order, a clean row is that of its noisy one."""
    clean = np.arange(60.0)[:, None] * [1.0, 1.0]
    noisy = -clean
    pairs = []

    class Spy(Callback):
        def on_batch_begin(self, net, batch, **kwargs):
            pairs.append(batch)

    model = dense(callbacks=[Spy()], early_stopping=True, batch_size=7, max_epochs=2)
    with pytest.warns(UserWarning, match="deviations away"):
        model.fit(noisy, clean)
    assert len(pairs) == 2 * (8 + 2)
    for x, y in pairs:
        torch.testing.assert_close(y, -x)


def test_validation_rows_have_targets_of_their_own():
    model = dense().fit(NOISY[:80], CLEAN[:80], X_val=NOISY[80:], y_val=CLEAN[80:])
    found = model.history_[-1, "valid_loss"]
    assert found == pytest.approx(error(model, NOISY[80:], CLEAN[80:]), rel=1e-5)
    model.fit(NOISY[:80], X_val=NOISY[80:], y_val=CLEAN[80:])
    found = model.history_[-1, "valid_loss"]
    assert found == pytest.approx(error(model, NOISY[80:], CLEAN[80:]), rel=1e-5)
    model.fit(NOISY[:80], CLEAN[:80], X_val=CLEAN[80:], y_val=CLEAN[80:])


def test_validation_rows_without_targets_are_refused():
    for y_val in (None, CLEAN[80:, :3], np.arange(40)):
        with pytest.raises(ValueError, match="pass y_val"):
            dense().fit(NOISY[:80], CLEAN[:80], X_val=NOISY[80:], y_val=y_val)
    with pytest.raises(ValueError, match="pass X_val"):
        dense().fit(NOISY, CLEAN, y_val=CLEAN)


def test_labels_of_validation_rows_are_ignored():
    y = np.arange(120) % 3
    model = dense(max_epochs=2).fit(NOISY, y, X_val=NOISY, y_val=y)
    assert same_weights(model, dense(max_epochs=2).fit(NOISY, X_val=NOISY))


def test_weights_of_rows():
    weight = np.r_[np.ones(70), np.zeros(50)]
    model = dense(batch_size=200).fit(NOISY, CLEAN, sample_weight=weight)
    expected = dense(batch_size=200).fit(NOISY[:70], CLEAN[:70])
    np.testing.assert_allclose(
        model.reconstruct(NOISY), expected.reconstruct(NOISY), rtol=1e-6, atol=1e-8
    )
    half = np.r_[np.full(70, 2.0), np.zeros(50)]
    assert model.score(NOISY, CLEAN, half) == pytest.approx(
        variance_explained(CLEAN[:70], model.reconstruct(NOISY[:70]))
    )


def test_epochs_one_by_one_and_on_from_there():
    model = dense(learning_rate=0.01)
    for _ in range(30):
        model.partial_fit(NOISY, CLEAN)
    assert error(model) < 0.8 * error(dense(max_epochs=30).fit(NOISY))
    before = error(model)
    model.set_params(warm_start=True, max_epochs=20).fit(NOISY, CLEAN)
    assert error(model) < before


def test_memory_maps(tmp_path):
    maps = []
    for name, X in {"noisy": NOISY, "clean": CLEAN}.items():
        np.save(tmp_path / f"{name}.npy", X)
        maps.append(np.load(tmp_path / f"{name}.npy", mmap_mode="r"))
    assert same_weights(dense().fit(*maps), dense().fit(NOISY, CLEAN))


@pytest.mark.parametrize("form", [Items, lambda X: X])
def test_data_sets(form):
    noisy, clean = NOISY.astype(np.float32), CLEAN.astype(np.float32)
    model = dense().fit(Items(noisy), form(clean))
    assert same_weights(model, dense().fit(noisy, clean))
    share = variance_explained(clean, model.reconstruct(noisy))
    assert model.score(Items(noisy), clean) == pytest.approx(share)
    early = dense(early_stopping=True, max_epochs=4)
    held = [clone(early).fit(Items(noisy), form(clean)), clone(early).fit(noisy, clean)]
    assert same_weights(*held)


def test_data_sets_that_cannot_be_paired_are_refused():
    with pytest.raises(TypeError, match="both as data sets"):
        dense().fit(NOISY, Items(CLEAN))
    for y in (Items(CLEAN), CLEAN):
        with pytest.raises(TypeError, match="IterableDataset"):
            dense().fit(Stream(NOISY), y)
    with pytest.raises(TypeError, match="IterableDataset"):
        dense().fit(Items(NOISY), Stream(CLEAN))
    with pytest.raises(ValueError, match="100 rows"):
        dense().fit(Items(NOISY), Items(CLEAN[:100]))
    with pytest.raises(ValueError, match="features"):
        dense().fit(Items(NOISY), Items(CLEAN[:, :4]))
    labels = dense(max_epochs=1).fit(Items(NOISY), np.arange(120))
    assert same_weights(labels, dense(max_epochs=1).fit(Items(NOISY)))


def test_sequences_end_where_their_clean_ones_do():
    clean = sines(40)
    clean[::3, 6:] = np.nan
    noisy = clean + normal(*clean.shape) / 3
    lstm = LSTMAutoencoder(
        4, hidden_size=8, max_epochs=30, learning_rate=0.02, random_state=0
    )
    model, plain = clone(lstm).fit(noisy, clean), clone(lstm).fit(noisy)
    assert model.score(noisy, clean) > plain.score(noisy, clean)
    share = variance_explained(clean, model.reconstruct(noisy))
    assert model.score(noisy, clean) == pytest.approx(share)
    longer = np.nan_to_num(clean)
    with pytest.raises(ValueError, match="end at the same time steps"):
        lstm.fit(noisy, longer)


def test_images():
    clean = np.tile(normal(30, 1, 1), (1, 8, 8))
    noisy = clean + normal(30, 8, 8)
    model = Autoencoder(
        2,
        network=ConvolutionalNetwork(),
        learning_rate=0.01,
        max_epochs=20,
        random_state=0,
    )
    model, plain = clone(model).fit(noisy, clean), clone(model).fit(noisy)
    assert error(model, noisy, clean) < error(plain, noisy, clean)


def test_what_is_no_number_is_refused():
    clean = CLEAN.copy()
    clean[3, 2] = np.inf
    with pytest.raises(ValueError, match="y"):
        dense().fit(NOISY, clean)
    clean[3] = np.nan
    with pytest.raises(ValueError, match=r"y contains NaN only in 1 of its rows.* 3:"):
        dense().fit(NOISY, clean)


# What is said of it


def test_a_pipeline_leaves_the_target_as_it_is_and_says_so():
    noisy, clean = 500 + 30 * NOISY, 500 + 30 * CLEAN
    with pytest.warns(UserWarning, match="pipeline transforms X and leaves y") as seen:
        make_pipeline(StandardScaler(), dense()).fit(noisy, clean)
    assert len(seen) == 1
    scaler = StandardScaler().fit(noisy)
    model = make_pipeline(scaler, dense()).fit(noisy, scaler.transform(clean))
    alone = dense().fit(scaler.transform(noisy), scaler.transform(clean))
    assert same_weights(model[-1], alone)


def test_the_target_has_to_lie_in_the_range_of_the_objective():
    bernoulli = VAE(
        2,
        reconstruction="bernoulli_cross_entropy",
        output_activation="sigmoid",
        max_epochs=1,
        random_state=0,
    )
    shares = 1 / (1 + np.exp(-CLEAN))
    bernoulli.fit(NOISY / 5, shares)  # noisy rows may lie anywhere
    with pytest.raises(ValueError, match="takes data in"):
        bernoulli.fit(NOISY, CLEAN)


def test_divergence_is_measured_by_the_target():
    model = dense(max_epochs=1).fit(NOISY, CLEAN)
    spread = CLEAN.var(axis=0).mean()
    assert model.net_.guard.spread_ == pytest.approx(spread)


# Scores, searches, stacks, checkpoints


@pytest.mark.parametrize("name", ["reconstruction", "mse"])
def test_scorers_take_clean_rows(name):
    model = dense().fit(NOISY, CLEAN)
    X_hat, scorer = model.reconstruct(NOISY), get_scorer(name)
    expected = {
        "reconstruction": variance_explained(CLEAN, X_hat),
        "mse": -np.mean((CLEAN - X_hat) ** 2),
    }
    assert scorer(model, NOISY, CLEAN) == pytest.approx(expected[name])
    assert scorer(model, NOISY, np.arange(120)) == scorer(model, NOISY)
    assert model.score(NOISY, CLEAN) == pytest.approx(expected["reconstruction"])


@pytest.mark.parametrize("scoring", [None, get_scorer("reconstruction")])
def test_searches_fit_and_score_against_clean_rows(scoring):
    grid = {"n_components": [1, 2]}
    search = GridSearchCV(dense(), grid, cv=3, scoring=scoring)
    search.fit(NOISY, CLEAN)
    assert search.best_params_ == {"n_components": 2}
    fold = dense().fit(NOISY[40:], CLEAN[40:])
    assert search.cv_results_["split0_test_score"][1] == pytest.approx(
        fold.score(NOISY[:40], CLEAN[:40])
    )
    own = cross_val_score(dense(), NOISY, NOISY, cv=3)
    np.testing.assert_array_equal(own, cross_val_score(dense(), NOISY, cv=3))


def test_in_stacks_they_train_alone_as_ever():
    grid = {"n_components": [1, 2]}
    search = GridSearchCV(dense(max_epochs=5), grid, cv=2, refit=False)
    alone = clone(search).fit(NOISY, CLEAN).cv_results_["mean_test_score"]
    with stacked():
        together = clone(search).fit(NOISY, CLEAN).cv_results_["mean_test_score"]
    np.testing.assert_array_equal(together, alone)
    fits = fit_stack([dense(), dense()], [NOISY, NOISY])  # which has no y
    assert same_weights(fits[0], fits[1])


def test_checkpoints_tell_targets_apart(tmp_path):
    class Killed(Callback):
        def on_epoch_end(self, net, **kwargs):
            if len(net.history) == 3:
                raise RuntimeError

    def model(*callbacks):
        kept = Checkpoint(tmp_path, interval=0)
        return dense(callbacks=[*callbacks, kept], max_epochs=6)

    plain = dense(max_epochs=6).fit(NOISY, CLEAN)
    with pytest.raises(RuntimeError):
        model(Killed()).fit(NOISY, CLEAN)
    assert len([*tmp_path.iterdir()]) == 1
    assert model().fit(NOISY, CLEAN + 1e-3).n_iter_ == 6
    assert len([*tmp_path.iterdir()]) == 1  # not that of another target
    assert same_weights(model().fit(NOISY, CLEAN), plain)
    assert not [*tmp_path.iterdir()]


def test_a_range_test_has_no_target():
    assert learning_rate_range_test(dense(), NOISY, n_steps=10).suggestion > 0


@pytest.mark.parametrize(
    "kind",
    [
        lambda y: y > 0,
        lambda y: (y > 0).astype(object),
        lambda y: pd.DataFrame(y > 0).astype("boolean"),
    ],
    ids=["bool", "object", "nullable"],
)
def test_clean_rows_may_be_of_two_values(kind):
    given = dense().fit(NOISY, kind(CLEAN))
    assert same_weights(given, dense().fit(NOISY, (CLEAN > 0).astype(float)))


def test_missing_entries_of_clean_rows_do_not_count_in_any_form():
    y = CLEAN.copy()
    y[3, 0] = np.nan
    model = dense().fit(NOISY, y)
    assert np.isfinite(model.history_[:, "train_loss"]).all()
    for form in (pd.DataFrame(y), pd.DataFrame(y).astype("Float64"), y.tolist()):
        assert same_weights(dense().fit(NOISY, form), model)


def test_columns_of_clean_rows_come_in_the_order_of_x():
    names = [f"x{i}" for i in range(NOISY.shape[1])]
    X, y = (pd.DataFrame(rows, columns=names) for rows in (NOISY, CLEAN))
    with pytest.raises(ValueError, match=r"y\[X.columns\]"):
        dense().fit(X, y[names[::-1]])
    assert same_weights(dense().fit(X, y), dense().fit(X, y.to_numpy()))
    other = y.set_axis([f"clean {name}" for name in names], axis=1)
    assert same_weights(dense().fit(X, y), dense().fit(X, other))


def test_noise_may_be_much_wider_than_clean_rows():
    noisy = CLEAN + 20 * CLEAN.std() * normal(*CLEAN.shape, seed=5)
    dense(max_epochs=1).fit(noisy, CLEAN)  # a warning would be an error
