"""The detector: rates, alarms, forms of data, files."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.model_selection import cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_checks

import skae
from skae import VAE, DenseAutoencoder, ReconstructionDetector, TabularAutoencoder
from skae.anomalies._default import default_estimator
from skae.anomalies._rows import Parts, spread_of
from skae.anomalies._scores import SCORES
from skae.model_selection import ContiguousKFold
from skae.preprocessing import SlidingWindow

PIPELINE = make_pipeline(StandardScaler(), PCA(2))
MEASURES = sorted(SCORES)


def rows(n, seed=0, noise=0.3):
    """Return rows near a plane in six dimensions."""
    mixing = np.random.default_rng(42).normal(size=(2, 6))
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 2)) @ mixing + noise * rng.normal(size=(n, 6))


def detector(estimator=PIPELINE, **parameters):
    return ReconstructionDetector(estimator, random_state=0, **parameters)


def brief(n_components=2, **parameters):
    return DenseAutoencoder(n_components, max_epochs=3, random_state=0, **parameters)


@pytest.mark.usefixtures("numpy_state_restored")
@estimator_checks.parametrize_with_checks([detector(PCA(1))])
@pytest.mark.filterwarnings("ignore:No row will be alarmed")
def test_scikit_learn_contract(estimator, check):
    check(estimator)


@pytest.mark.slow
@pytest.mark.usefixtures("numpy_state_restored")
@estimator_checks.parametrize_with_checks([detector(brief(1))])
@pytest.mark.filterwarnings("ignore:No row will be alarmed")
@pytest.mark.filterwarnings("ignore:The fit ended worse than the mean")
def test_scikit_learn_contract_around_a_network(estimator, check):
    check(estimator)


# Rates


@pytest.mark.parametrize("calibration", ["cross", "split"])
@pytest.mark.parametrize("measure", ["combined", "standardized", "squared", "code"])
def test_false_alarms_are_at_the_level(calibration, measure):
    rates = []
    for seed in range(10):
        model = detector(level=0.1, calibration=calibration, measure=measure, trim=0)
        model.fit(rows(200, seed))
        rates.append(np.mean(model.predict(rows(1000, 100 + seed)) == -1))
    assert np.mean(rates) == pytest.approx(0.1, abs=0.02)


def test_rates_hold_where_rows_are_trimmed():
    rates = []
    for seed in range(10):
        X = np.random.default_rng(seed).standard_t(2, size=(400, 5))
        model = detector(level=0.1, trim=0.1).fit(X[:200])
        assert model.is_trimmed_.sum() == 20
        rates.append(np.mean(model.predict(X[200:]) == -1))
    assert np.mean(rates) == pytest.approx(0.1, abs=0.025)


def test_alarms_are_p_values_up_to_the_level():
    model, new = (
        detector(level=0.2).fit(rows(60)),
        np.vstack([rows(300, 1), rows(9, 2, 3)]),
    )
    is_alarm = model.p_values(new) <= 0.2
    np.testing.assert_array_equal(model.predict(new) == -1, is_alarm)
    np.testing.assert_array_equal(model.decision_function(new) < 0, is_alarm)
    assert 0 < is_alarm.sum() < len(new)


def test_a_level_that_cannot_be_reached_says_how_many_rows_it_needs():
    with pytest.warns(UserWarning, match=r"with 50 .* level=0.01, which needs 99"):
        model = detector(level=0.01).fit(rows(50))
    new = 1e6 * rows(5)
    assert (model.predict(new) == 1).all()
    assert (model.p_values(new) == 1 / 51).all()
    assert model.offset_ == -np.inf


def test_contamination_is_the_share_of_training_rows_alarmed():
    X = rows(200)
    model = detector(contamination=0.1).fit(X)
    assert (model.predict(X) == -1).sum() == 20


def test_few_alarms_of_a_batch_are_false():
    shares = []
    for seed in range(10):
        model = detector().fit(rows(400, seed))
        batch = np.vstack([rows(180, 50 + seed), rows(20, 90 + seed, noise=3)])
        is_alarm = model.alarms(batch, false_discovery_rate=0.2)
        assert is_alarm[180:].mean() > 0.5
        shares.append(is_alarm[:180].sum() / max(1, is_alarm.sum()))
    assert np.mean(shares) <= 0.2


@pytest.mark.parametrize("calibration", ["cross", "split"])
def test_calibrating_rows_were_not_trained_on(calibration):
    seen = []

    class Watched(PCA):
        def fit(self, X, y=None):
            seen.append({tuple(row) for row in X})
            return super().fit(X)

        fit_transform = None

    X = rows(40)
    model = detector(Watched(1), calibration=calibration, level=0.2, trim=0).fit(X)
    of_folds = [fold for fold in seen if len(fold) < 40]
    for row, score in zip(X, model.held_out_scores_, strict=True):
        n_without = sum(tuple(row) not in fold for fold in of_folds)
        assert n_without == (not np.isnan(score))
    if calibration == "cross":
        assert not np.isnan(model.held_out_scores_).any()
    else:
        assert np.isnan(model.held_out_scores_).sum() == 28


# What is found


@pytest.mark.parametrize("measure", MEASURES)
def test_abnormal_rows_have_the_lower_scores(measure):
    model = detector(measure=measure).fit(rows(200))
    usual, abnormal = rows(50, 1), rows(50, 2, noise=4) + 20
    assert np.median(model.score_samples(abnormal)) < model.score_samples(usual).min()


def test_a_noisy_feature_drowns_others_in_squared_errors_only():
    rng = np.random.default_rng(0)
    errors = rng.normal(size=(400, 3)) * [0.1, 1.0, 10.0]
    spread = spread_of(errors)
    errors[:200, 0] += 1.0
    parts, ranks = Parts(errors, None, None, None), {}
    for measure in ("squared", "standardized"):
        scores = SCORES[measure](parts, spread, 2)
        ranks[measure] = np.mean(scores[:200, None] > scores[None, 200:])
    assert ranks["standardized"] > 0.99
    assert ranks["squared"] == pytest.approx(0.5, abs=0.1)


def test_the_combination_is_that_of_a_normal_density_where_tails_are_left_out():
    """Up to a constant and a factor, it is the logarithm of a probabilistic PCA's."""
    X = rows(2000)
    pca = PCA(2).fit(X)
    errors = X - pca.inverse_transform(pca.transform(X))
    v = pca.noise_variance_
    distances = (pca.transform(X) ** 2 / pca.explained_variance_).sum(axis=1)
    spread = np.full(6, np.sqrt(v * 4 / 6))
    parts = Parts(errors, distances, np.zeros(2000), None)
    score = 6 * np.exp(SCORES["combined"](parts, spread, 2))
    density = pca.score_samples(X)
    constant = score + 2 * density
    np.testing.assert_allclose(constant, constant[0], rtol=1e-8)


def test_anomalies_among_training_rows_are_left_out_of_training():
    X, rng = rows(300, noise=0.2), np.random.default_rng(0)
    X[:15] += 30 * rng.choice([-1, 0, 0, 1], (15, 6))
    model, untrimmed = detector().fit(X), detector(trim=0).fit(X)
    assert model.is_trimmed_[:15].mean() > 0.7
    assert model.is_trimmed_[15:].mean() < 0.06
    assert not untrimmed.is_trimmed_.any()
    usual = detector().fit(rows(300, noise=0.2)).spread_
    assert (model.spread_ < 3 * usual).all()
    assert (untrimmed.spread_ > 3 * usual).any()


def test_spreads_are_those_of_the_usual_errors():
    errors = np.random.default_rng(0).normal(size=(10_000, 3))
    errors[:200, 0] = 100
    errors[5000:, 1] = np.nan
    errors[:, 2] = 0
    spread = spread_of(errors)
    trimmed = np.sqrt(np.mean(np.sort(errors[:5000, 1] ** 2)[:4500]))
    assert spread[1] == pytest.approx(trimmed)
    assert spread[0] == pytest.approx(np.sqrt(200) / 2, rel=0.01)  # half of all
    assert 0 < spread[2] < 0.02


# Forms of data and of estimators


def test_rows_are_scored_one_by_one():
    model, new = detector().fit(rows(80)), rows(20, 1)
    one_by_one = [model.score_samples(row[None])[0] for row in new]
    np.testing.assert_allclose(model.score_samples(new), one_by_one)
    again = clone(model).fit(rows(80))
    np.testing.assert_array_equal(again.score_samples(new), model.score_samples(new))


def test_the_default_is_a_dense_autoencoder_of_a_code_that_fits():
    X = rows(100, noise=0.05)
    X[0] = 1e4  # is no component
    *_, autoencoder = default_estimator(X)
    assert isinstance(autoencoder, DenseAutoencoder)
    assert autoencoder.n_components <= 3
    X[::3, 1] = np.nan
    assert default_estimator(X)[-1].n_components <= 3
    assert default_estimator(X[:, :1])[-1].n_components == 1


def test_missing_values_are_left_out():
    X, new = rows(100), rows(30, 1)
    X[::7, 2] = new[::5, 3] = np.nan
    model = detector(make_pipeline(StandardScaler(), brief())).fit(X)
    scores = model.score_samples(new)
    assert np.isfinite(scores).all()
    assert np.isnan(model.errors(new)[::5, 3]).all()


def test_frames_keep_their_names():
    names = list("abcdef")
    model = detector().fit(pd.DataFrame(rows(80), columns=names))
    assert list(model.feature_names_in_) == names
    new = pd.DataFrame(rows(5, 1), columns=names)
    with warnings.catch_warnings(action="ignore"):
        expected = detector().fit(rows(80)).score_samples(rows(5, 1))
    np.testing.assert_allclose(model.score_samples(new), expected)
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(new.rename(columns={"a": "z"}))


def table(n, seed):
    X = rows(n, seed)
    colour = np.where(X[:, 0] > 0, "red", "blue")
    return pd.DataFrame(X[:, :3], columns=list("abc")).assign(colour=colour)


def test_tables_with_categories():
    model = detector(TabularAutoencoder(2, max_epochs=20), trim=0).fit(table(100, 0))
    new = table(40, 1)
    new.loc[:9, "colour"] = np.where(new.a[:10] > 0, "blue", "red")
    new.loc[:9, "a"] += np.sign(new.a[:10]) * 3
    scores = model.score_samples(new)
    assert scores[:10].mean() < scores[10:].mean()
    assert isinstance(
        detector(None)._template(new, np.random.RandomState(0)), TabularAutoencoder
    )


def test_likelihoods_of_generative_models():
    model = detector(VAE(2, max_epochs=5), measure="likelihood", trim=0).fit(rows(60))
    assert (model.predict(50 + rows(5, 1)) == -1).all()
    with pytest.raises(ValueError, match="measure='likelihood' needs a generative"):
        detector(brief(), measure="likelihood").fit(rows(60))


def test_windows_are_calibrated_without_shared_values():
    t = np.arange(160)
    series = np.c_[np.sin(t / 5), np.cos(t / 5)]
    window = SlidingWindow(length=8, stride=2)
    windows = window.fit_transform(series)
    cv = ContiguousKFold(4, gap=window.gap)
    model = detector(skae.LSTMAutoencoder(2, max_epochs=3), cv=cv, trim=0).fit(windows)
    assert model.errors(windows[:3]).shape == (3, 8, 2)
    assert not np.isnan(model.held_out_scores_).any()
    with pytest.raises(ValueError, match="put SlidingWindow before it"):
        detector(make_pipeline(SlidingWindow(8, flatten=True), PCA(1))).fit(series)


def test_cross_validation_has_scores():
    X = np.vstack([rows(150), rows(30, 1, noise=3)])
    y = np.r_[np.ones(150), -np.ones(30)]
    order = np.random.default_rng(0).permutation(180)
    X, y = X[order], y[order]
    scores = cross_val_predict(detector(), X, method="decision_function", cv=3)
    assert scores[y > 0].mean() > scores[y < 0].mean()
    assert cross_val_score(detector(), X, y, scoring="roc_auc", cv=3).min() > 0.8


def test_too_few_rows_say_how_many_are_needed():
    with pytest.raises(ValueError, match=r"9 sample.*minimum of 10.*cv=5"):
        detector().fit(rows(9))


# Files


@pytest.mark.parametrize(
    "estimator", [PIPELINE, make_pipeline(StandardScaler(), brief())]
)
def test_files_and_pickles_bring_everything_back(tmp_path, estimator):
    model, new = detector(estimator, level=0.1).fit(rows(60)), rows(20, 1)
    model.save(tmp_path / "detector.safetensors")
    loaded = skae.load(tmp_path / "detector.safetensors")
    for twin in (loaded, pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(twin.p_values(new), model.p_values(new))
        np.testing.assert_array_equal(twin.predict(new), model.predict(new))
    assert loaded.get_params()["level"] == 0.1
    unfitted = detector(estimator)
    skae.persistence.save(unfitted, tmp_path / "unfitted.safetensors")
    assert repr(skae.load(tmp_path / "unfitted.safetensors")) == repr(unfitted)


# Folds and forms


def test_folds_may_be_given_as_pairs_of_rows():
    X = rows(60)
    cv = ContiguousKFold(3, gap=2)
    pairs = list(cv.split(X))
    given = detector(cv=pairs).fit(X)
    np.testing.assert_array_equal(
        given.held_out_scores_, detector(cv=cv).fit(X).held_out_scores_
    )


@pytest.mark.parametrize(
    ("shape", "kind"),
    [((8, 2), "LSTMAutoencoder"), ((1, 8, 8), "Autoencoder")],
    ids=["sequences", "images"],
)
def test_sequences_and_images_need_no_estimator(shape, kind, monkeypatch):
    monkeypatch.setattr("skae.anomalies._default.MOST_EPOCHS", 10)
    t = np.arange(np.prod(shape)).reshape(shape)
    phases = np.random.default_rng(0).uniform(0, 6, 80)
    X = np.sin(t / 4 + phases.reshape(-1, *[1] * len(shape)))
    odd = X[:5] + np.random.default_rng(1).normal(size=X[:5].shape)
    fitted = detector(None).fit(X[5:])
    last = getattr(fitted.estimator_, "steps", [("", fitted.estimator_)])[-1][1]
    assert type(last).__name__ == kind
    assert fitted.errors(odd).shape == odd.shape
    assert fitted.score_samples(odd).max() < np.median(fitted.score_samples(X[5:]))


def test_lists_of_sequences_may_be_shorter_than_in_the_fit(monkeypatch):
    monkeypatch.setattr("skae.anomalies._default.MOST_EPOCHS", 10)
    rng = np.random.default_rng(0)
    lengths = [12, *rng.integers(6, 11, 49)]
    sequences = [np.sin(np.arange(n) / 3 + rng.uniform(0, 6)) for n in lengths]
    fitted = detector(None).fit(sequences)
    scores = fitted.score_samples(sequences)
    np.testing.assert_allclose(fitted.score_samples(sequences[1:9]), scores[1:9])
    alike = [sequence[:6, None] for sequence in sequences[:4]]
    assert fitted.errors(alike).shape == (4, 12, 1)
