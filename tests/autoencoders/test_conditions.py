"""Codes freed of covariates: `fit(X, condition=batch)`."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
import sklearn
import torch
from helpers import models
from helpers.data import Items, Stream, low_rank, normal, sines
from helpers.models import weights
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skae
from skae import MMDVAE, VAE, Autoencoder, DenseAutoencoder, LSTMAutoencoder
from skae.interpretation import code_sensitivities, first_layer_weights
from skae.networks import ConvolutionalNetwork, RecurrentNetwork
from skae.objectives import GaussianLikelihood

N = 60
X = low_rank(N, 6)
LABELS = np.array(["a", "b", "c"])[np.arange(N) % 3]
NUMBERS = normal(N, 2, seed=3) * [10, 0.1] + [40, 1]
BATCH_LABELS = np.array(["A", "B"])


def dense(**params):
    return models.dense(**params)


def before_training(cls, n_components, X, **fit_params):
    """Return a model that has its initial weights."""
    model = cls(n_components, max_epochs=1, learning_rate=1e-30, random_state=0)
    return model.set_params(weight_decay=0).fit(X, **fit_params)


def batches(n_samples, seed):
    """Return rows of two batches, their batch, and what they were in the other one.

    A batch shifts all features and scales what the rows have in common.
    """
    rng, fixed = np.random.default_rng(seed), np.random.default_rng(0)
    mixing, shift = fixed.normal(size=(3, 12)), fixed.normal(size=12)
    Z, batch = rng.normal(size=(n_samples, 3)), rng.integers(2, size=n_samples)
    noise = 0.1 * rng.normal(size=(n_samples, 12))

    def rows(batch):
        return (1.0 + batch)[:, None] * np.tanh(Z @ mixing) + np.outer(batch, 2 * shift)

    return rows(batch) + noise, BATCH_LABELS[batch], rows(1 - batch)


# What it is for


def test_codes_are_freed_of_a_batch_and_decoded_under_another():
    train, batch, _ = batches(500, seed=1)
    test, of_test, other = batches(400, seed=2)
    params = {"max_epochs": 40, "learning_rate": 7e-3, "random_state": 0}
    plain = VAE(3, **params).fit(train)
    freed = VAE(3, **params).fit(train, condition=batch)
    codes = plain.transform(test), freed.transform(test, condition=of_test)
    classifiers = LogisticRegression(), RandomForestClassifier(50, random_state=0)
    of_plain, of_freed = (
        [cross_val_score(classifier, Z, of_test).mean() for classifier in classifiers]
        for Z in codes
    )
    share = (of_test == "A").mean()
    assert min(of_plain) > 0.95
    assert max(of_freed) < max(share, 1 - share) + 0.1
    assert freed.score(test, condition=of_test) > plain.score(test)
    assert freed.elbo(test, condition=of_test).mean() > plain.elbo(test).mean()
    swapped = np.where(of_test == "A", "B", "A")
    found = freed.inverse_transform(codes[1], condition=swapped)
    assert 1 - np.mean((found - other) ** 2) / other.var(axis=0).mean() > 0.97


def test_generated_rows_are_those_of_the_condition():
    train, batch, _ = batches(400, seed=1)
    model = VAE(3, max_epochs=20, random_state=0).fit(train, condition=batch)
    for label in BATCH_LABELS:
        rows = model.sample(2000, random_state=0, condition=label)
        own = train[batch == label]
        assert np.abs(rows.mean(axis=0) - own.mean(axis=0)).max() < 0.3
        assert rows.std() == pytest.approx(own.std(), rel=0.1)


@pytest.mark.parametrize("condition", [LABELS, NUMBERS], ids=["labels", "numbers"])
def test_shifts_that_go_with_the_condition_change_nothing(condition, monkeypatch):
    """Neither codes, nor what is known of rows that are held out."""
    monkeypatch.setattr(skae.autoencoders._length, "epochs_for", lambda *_: 3)
    vectors = condition if condition is NUMBERS else pd.get_dummies(LABELS).to_numpy()
    shift = vectors @ normal(vectors.shape[1], 6, seed=4)
    plain = VAE(3, random_state=0).fit(X, condition=condition)
    moved = VAE(3, random_state=0).fit(X + shift, condition=condition)
    Z, Z_moved = (
        model.transform(rows, condition=condition)
        for model, rows in ((plain, X), (moved, X + shift))
    )
    np.testing.assert_allclose(Z_moved, Z, atol=1e-6)
    assert moved._gain == pytest.approx(plain._gain)
    assert moved.decoder_variance_ == pytest.approx(plain.decoder_variance_)


# Starts


@pytest.mark.parametrize("condition", [LABELS, NUMBERS], ids=["labels", "numbers"])
def test_the_start_is_that_of_the_components_of_residuals(condition):
    columns = pd.get_dummies(condition) if condition is LABELS else condition
    shifted = X + columns @ normal(columns.shape[1], 6, seed=2) + 5
    shifted = np.asarray(shifted, dtype=float)
    regressed = LinearRegression().fit(columns, shifted).predict(columns)
    residuals = shifted - regressed
    pca = PCA(2).fit(residuals)
    expected = regressed + pca.inverse_transform(pca.transform(residuals))
    model = before_training(DenseAutoencoder, 2, shifted, condition=condition)
    np.testing.assert_allclose(
        model.reconstruct(shifted, condition=condition), expected, atol=1e-9
    )
    codes = model.transform(shifted, condition=condition)
    assert np.abs(np.corrcoef(codes.T, columns.T)[:2, 2:]).max() < 1e-9


def test_a_variational_one_starts_no_worse_than_the_bound_of_residuals():
    """Scales of batches lower the divergence and leave reconstructions alone."""
    rows, batch, _ = batches(400, seed=1)
    model = before_training(VAE, 3, rows, condition=batch)
    residuals = rows - LinearRegression().fit(pd.get_dummies(batch), rows).predict(
        pd.get_dummies(batch)
    )
    plain = before_training(VAE, 3, residuals)
    np.testing.assert_allclose(
        model.reconstruct(rows, condition=batch) - (rows - residuals),
        plain.reconstruct(residuals),
        atol=1e-8,
    )
    assert model.decoder_variance_ == pytest.approx(plain.decoder_variance_)
    gain = model.elbo(rows, condition=batch).mean() - plain.elbo(residuals).mean()
    assert gain > 0.05
    spread = pd.DataFrame(model.transform(rows, condition=batch)).groupby(batch).std()
    np.testing.assert_allclose(spread.loc["A"], spread.loc["B"], rtol=0.1)


def test_targets_have_an_effect_of_their_own():
    shift = (LABELS == "b")[:, None] * normal(1, 6, seed=4)
    clean = 2 * (X - shift)
    model = before_training(DenseAutoencoder, 2, X + shift, y=clean, condition=LABELS)
    assert model.score(X + shift, clean, condition=LABELS) > 0.98


# Without a condition, and with one


ESTIMATORS = {
    "dense": dense(),
    "plain": dense(linear_path=None),
    "vae": VAE(2, max_epochs=2, random_state=0),
    "per feature": VAE(
        2, max_epochs=2, reconstruction=GaussianLikelihood(True), random_state=0
    ),
    "bernoulli": VAE(
        2,
        max_epochs=2,
        output_activation="sigmoid",
        reconstruction="bernoulli_cross_entropy",
        random_state=0,
    ),
    "mmd": MMDVAE(2, max_epochs=2, random_state=0, sampler="gmm"),
    "nested": VAE(2, nested=True, max_epochs=2, random_state=0),
    "convolutional": Autoencoder(
        2, network=ConvolutionalNetwork("4"), max_epochs=2, random_state=0
    ),
    "recurrent": LSTMAutoencoder(2, hidden_size=8, max_epochs=2, random_state=0),
    "recurrent, plain": LSTMAutoencoder(
        2, hidden_size=8, linear_path=None, max_epochs=2, random_state=0
    ),
    "recurrent, normal": Autoencoder(
        2,
        network=RecurrentNetwork(8, linear_path="pca"),
        bottleneck="gaussian",
        max_epochs=2,
        random_state=0,
    ),
}


@pytest.mark.parametrize("model", ESTIMATORS.values(), ids=ESTIMATORS)
def test_all_methods_of_all_estimators_take_it(model, tmp_path):
    rows = (X - X.min()) / np.ptp(X)
    model = sklearn.clone(model).fit(rows, condition=LABELS)
    path = tmp_path / "model"
    model.save(path)
    copy, given = skae.load(path), {"condition": LABELS}
    Z, X_hat = model.transform(rows, **given), model.reconstruct(rows, **given)
    np.testing.assert_array_equal(copy.transform(rows, **given), Z)
    np.testing.assert_allclose(model.inverse_transform(Z, **given), X_hat, atol=1e-12)
    assert copy.score(rows, **given) == model.score(rows, **given)
    assert model.score_samples(rows, **given).shape == (N,)
    np.testing.assert_array_equal(sklearn.clone(model).fit_transform(rows, **given), Z)
    if hasattr(model, "sample"):
        rows_of_a = model.sample(5, random_state=0, condition="a")
        assert not np.allclose(
            rows_of_a, model.sample(5, random_state=0, condition="b")
        )
        np.testing.assert_array_equal(
            copy.sample(5, random_state=0, condition="a"), rows_of_a
        )
    if hasattr(model, "elbo"):
        means, _ = model.transform_distribution(rows, **given)
        np.testing.assert_array_equal(means, Z)
        assert model.transform_sample(rows, 0, **given).shape == Z.shape
        bounds = model.elbo(rows, **given)
        assert (model.log_likelihood(rows, **given) > bounds - 5).all()


def test_sequences_of_unequal_length_have_conditions():
    S, labels = sines(30), LABELS[:30]
    S[:10, 5:] = np.nan
    model = LSTMAutoencoder(2, hidden_size=8, max_epochs=2, random_state=0)
    model.fit(S, condition=labels)
    assert (np.isnan(model.reconstruct(S, condition=labels)) == np.isnan(S)).all()
    longer = normal(3, 12, 2)
    assert model.reconstruct(longer, condition="a").shape == longer.shape


def test_a_fit_without_condition_after_one_with_it_is_as_ever():
    model = dense().fit(X, condition=LABELS).fit(X)
    assert all(map(torch.equal, weights(model), weights(dense().fit(X))))
    assert not hasattr(model, "condition_categories_")
    assert model.transform(X).shape == (N, 2)


# Forms


FORMS = {
    "list": list,
    "objects": lambda labels: labels.astype(object),
    "series": pd.Series,
    "strings of pandas": lambda labels: pd.Series(labels, dtype="string"),
    "categories": pd.Categorical,
    "column": lambda labels: labels[:, None],
    "frame": lambda labels: pd.DataFrame({"batch": labels}),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_labels_in_any_form_are_the_same(form):
    model, expected = (dense().fit(X, condition=c) for c in (form(LABELS), LABELS))
    assert all(map(torch.equal, weights(model), weights(expected)))
    np.testing.assert_array_equal(
        model.transform(X, condition=form(LABELS)),
        expected.transform(X, condition=LABELS),
    )
    assert model.condition_categories_.tolist() == ["a", "b", "c"]


@pytest.mark.parametrize("labels", [np.arange(N) % 3, np.arange(N) % 2 == 0])
def test_whole_numbers_and_truth_values_in_one_dimension_are_labels(labels):
    model = dense().fit(X, condition=labels)
    assert model.condition_categories_.tolist() == np.unique(labels).tolist()
    one = model.transform(X, condition=labels[3])
    np.testing.assert_array_equal(one, model.transform(X, condition=[labels[3]] * N))


def test_numbers_have_no_unit():
    model = dense().fit(X, condition=NUMBERS)
    other = dense().fit(X, condition=1000 * NUMBERS - 7)
    np.testing.assert_allclose(
        other.transform(X, condition=1000 * NUMBERS - 7),
        model.transform(X, condition=NUMBERS),
        rtol=1e-6,
        atol=1e-9,
    )


def test_one_value_serves_all_rows():
    model = dense().fit(X, condition=NUMBERS)
    expected = model.transform(X, condition=np.tile([40, 1], (N, 1)))
    np.testing.assert_array_equal(model.transform(X, condition=[40, 1]), expected)
    model = dense().fit(X, condition=NUMBERS[:, :1])
    expected = model.transform(X, condition=np.full((N, 1), 40))
    np.testing.assert_array_equal(model.transform(X, condition=40), expected)
    np.testing.assert_array_equal(model.transform(X, condition=[40] * N), expected)


def test_memory_maps_have_conditions_beside_their_rows(tmp_path):
    np.save(tmp_path / "rows.npy", X)
    rows = np.load(tmp_path / "rows.npy", mmap_mode="r")
    model, expected = (
        VAE(2, max_epochs=2, random_state=0).fit(each, condition=NUMBERS)
        for each in (rows, X)
    )
    assert all(map(torch.equal, weights(model), weights(expected)))


def test_numbers_far_beyond_those_of_the_fit_have_finite_codes():
    model = VAE(2, max_epochs=2, random_state=0).fit(X, condition=NUMBERS)
    for far in ([1e6, 1], [-1e6, 1]):
        assert np.isfinite(model.transform(X, condition=far)).all()
        assert np.isfinite(model.sample(3, random_state=0, condition=far)).all()


def test_data_sets_and_streams_have_conditions_beside_their_rows():
    expected = dense().fit(X, condition=LABELS)
    items = Items(list(X))
    model = dense().fit(items, condition=LABELS)
    assert all(map(torch.equal, weights(model), weights(expected)))
    np.testing.assert_array_equal(
        model.transform(items, condition=LABELS),
        expected.transform(X, condition=LABELS),
    )
    model = dense().fit(Stream(list(X)), condition=LABELS)
    assert model.score(X, condition=LABELS) > 0
    with pytest.raises(TypeError, match="define its __len__"):
        model.transform(Stream(list(X)), condition=LABELS)


# What must not get out of step


@pytest.mark.parametrize("condition", [LABELS, NUMBERS], ids=["labels", "numbers"])
def test_rows_and_conditions_stay_together(condition, monkeypatch):
    """In batches, held-out rows, found lengths, and rows without weight."""
    step, seen = skae.training._net.AutoencoderNet._losses, set()
    of_row = {tuple(x): str(c) for x, c in zip(X, condition, strict=True)}

    def look(net, x, row_weight, weights, generator, target, vectors, **hiding):
        for row, vector in zip(x.tolist(), vectors.tolist(), strict=True):
            seen.add((of_row[tuple(row)], tuple(np.round(vector, 9))))
        return step(net, x, row_weight, weights, generator, target, vectors, **hiding)

    monkeypatch.setattr(skae.training._net.AutoencoderNet, "_losses", look)
    monkeypatch.setattr(skae.autoencoders._length, "epochs_for", lambda *_: 3)
    weight = np.where(np.arange(N) % 5, 1.0, 0.0)
    model = dense(max_epochs="auto", batch_size=7)
    model.fit(X, condition=condition, sample_weight=weight)
    n_values = 3 if condition is LABELS else (weight > 0).sum()
    assert len(seen) == n_values


def test_validation_rows_have_conditions_of_their_own():
    shifted = X + 10 * (LABELS == "b")[:, None]
    model = dense(max_epochs=3)
    model.fit(shifted, condition=LABELS, X_val=shifted, condition_val=LABELS)
    first = model.history_[0]["valid_loss"]
    wrong = np.roll(LABELS, 1)
    model.fit(shifted, condition=LABELS, X_val=shifted, condition_val=wrong)
    assert model.history_[0]["valid_loss"] > 10 * first


def test_going_on_keeps_the_condition():
    model = dense(warm_start=True).fit(X, condition=LABELS)
    some = LABELS == "b"
    model.fit(X[some], condition=LABELS[some])
    assert model.condition_categories_.tolist() == ["a", "b", "c"]
    assert len(model.history_) == 4
    model = dense().partial_fit(X, condition=LABELS)
    model.partial_fit(X[some], condition=LABELS[some])
    assert model.transform(X, condition=LABELS).shape == (N, 2)


def test_stacks_leave_fits_with_a_condition_alone():
    seeds = range(3)
    fits = [(dense(random_state=seed), X) for seed in seeds]
    with skae.stacked():
        found = [model.fit(rows, condition=LABELS) for model, rows in fits]
    for seed, model in zip(seeds, found, strict=True):
        expected = dense(random_state=seed).fit(X, condition=LABELS)
        assert all(map(torch.equal, weights(model), weights(expected)))


def test_checkpoints_tell_conditions_apart(tmp_path):
    class Crash(skae.training._callbacks.Callback):
        def on_epoch_end(self, net, **kwargs):
            if len(net.history) == 2:
                raise RuntimeError

    params = {"max_epochs": 4}
    model = dense(callbacks=[skae.Checkpoint(tmp_path, 0), Crash()], **params)
    with pytest.raises(RuntimeError):
        model.fit(X, condition=LABELS)
    model.set_params(callbacks=[skae.Checkpoint(tmp_path, 0)])
    other = np.roll(LABELS, 1)
    for condition in (other, LABELS):
        resumed = sklearn.clone(model).fit(X, condition=condition)
        expected = dense(**params).fit(X, condition=condition)
        assert all(map(torch.equal, weights(resumed), weights(expected)))


# Beside scikit-learn


def test_pipelines_and_searches_pass_it_on():
    model = VAE(2, max_epochs=2, random_state=0)
    expected = model.fit(StandardScaler().fit_transform(X), condition=LABELS)
    expected = expected.transform(StandardScaler().fit_transform(X), condition=LABELS)
    with sklearn.config_context(enable_metadata_routing=True):
        asking = sklearn.clone(model).set_fit_request(condition=True)
        asking.set_transform_request(condition=True).set_score_request(condition=True)
        asking.set_inverse_transform_request(condition=True)
        pipeline = make_pipeline(StandardScaler(), asking)
        Z = pipeline.fit_transform(X, condition=LABELS)
        np.testing.assert_array_equal(Z, expected)
        np.testing.assert_array_equal(pipeline.transform(X, condition=LABELS), Z)
        assert pipeline.inverse_transform(Z, condition="a").shape == X.shape
        search = GridSearchCV(pipeline, {"vae__n_components": [1, 2]}, cv=3)
        search.fit(X, condition=LABELS)
        assert np.isfinite(search.cv_results_["mean_test_score"]).all()
        assert search.score(X, condition=LABELS) > 0.5


def test_data_frames_of_codes():
    model = dense().set_output(transform="pandas")
    Z = model.fit_transform(X, condition=LABELS)
    assert list(Z.columns) == ["denseautoencoder0", "denseautoencoder1"]


# Looking inside


def test_derivatives_and_weights_are_those_of_features():
    model = dense().fit(X, condition=LABELS)
    assert first_layer_weights(model).shape[0] == 6
    found = code_sensitivities(model, X, condition=LABELS).to_numpy()
    moved = [X + 1e-6 * np.eye(6)[column] for column in range(6)]
    Z = model.transform(X, condition=LABELS)
    expected = [model.transform(rows, condition=LABELS) - Z for rows in moved]
    expected = np.mean(expected, axis=1) / 1e-6
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-7)


# Errors


MISSING = LABELS.astype(object)
MISSING[4] = None
NAN = np.where(np.arange(N)[:, None] == 4, np.nan, NUMBERS)

REFUSED = {
    "missing label": (MISSING, ValueError, r"\(NaN or None\) in 1 of 60 rows.*row 4"),
    "missing number": (NAN, ValueError, "condition contains NaN"),
    "fractions": (np.arange(N) / 2, ValueError, r"condition\.reshape\(-1, 1\)"),
    "too few": (LABELS[:7], ValueError, "7 values, and there are 60 rows"),
    "a single one": ("a", ValueError, "1 values, and there are 60 rows"),
    "columns of labels": (np.c_[LABELS, LABELS], ValueError, "OneHotEncoder"),
    "dates": (np.arange(N).astype("M8[D]"), TypeError, r"datetime64.*pass labels"),
}


@pytest.mark.parametrize(("condition", "error", "match"), REFUSED.values(), ids=REFUSED)
def test_what_fit_refuses(condition, error, match):
    with pytest.raises(error, match=match):
        dense().fit(X, condition=condition)


METHODS = ["transform", "reconstruct", "score", "score_samples", "elbo"]


@pytest.mark.parametrize("method", METHODS)
def test_it_is_asked_for_and_refused_by_what_was_fitted(method):
    model = VAE(2, max_epochs=1, random_state=0)
    with_it, without = sklearn.clone(model).fit(X, condition=LABELS), model.fit(X)
    with pytest.raises(ValueError, match=r"pass condition=.*set_score_request"):
        getattr(with_it, method)(X)
    with pytest.raises(ValueError, match="fitted without a condition"):
        getattr(without, method)(X, condition=LABELS)
    with pytest.raises(ValueError, match=r"'d', which was not in fit.*'a', 'b', 'c'"):
        getattr(with_it, method)(X, condition="d")


def test_codes_need_it_to_be_decoded():
    model = VAE(2, max_epochs=1, random_state=0).fit(X, condition=LABELS)
    of_codes = partial(model.inverse_transform, np.zeros((2, 2)))
    for decode in (of_codes, partial(model.sample, random_state=0)):
        with pytest.raises(ValueError, match="pass condition="):
            decode()
    with pytest.raises(ValueError, match="3 values, and there are 2 rows"):
        model.inverse_transform(np.zeros((2, 2)), condition=["a", "b", "c"])


def test_numbers_of_another_form_are_refused():
    model = dense().fit(X, condition=NUMBERS)
    with pytest.raises(ValueError, match=r"\(60, 1\), and in fit it had 2 columns"):
        model.transform(X, condition=NUMBERS[:, :1])
    with pytest.raises(ValueError, match="holds text, as 'a'"):
        model.transform(X, condition=LABELS)


@pytest.mark.parametrize("goes_on", ["fit", "partial_fit"])
def test_what_goes_on_asks_for_it(goes_on):
    model = dense(warm_start=True).fit(X, condition=LABELS)
    with pytest.raises(ValueError, match="pass condition="):
        getattr(model, goes_on)(X)
    model = dense(warm_start=True).fit(X)
    with pytest.raises(ValueError, match="fitted without a condition"):
        getattr(model, goes_on)(X, condition=LABELS)


def test_validation_rows_need_theirs():
    with pytest.raises(ValueError, match="pass condition_val="):
        dense().fit(X, condition=LABELS, X_val=X)
    with pytest.raises(ValueError, match="pass X_val, too"):
        dense().fit(X, condition=LABELS, condition_val=LABELS)


def test_onnx_has_one_input(tmp_path):
    model = dense().fit(X, condition=LABELS)
    with pytest.raises(ValueError, match="fitted with a condition, a second"):
        model.to_onnx(tmp_path / "model.onnx")
