import numpy as np
import pytest
from helpers.models import Given
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skae import DenseAutoencoder, LSTMAutoencoder
from skae.scorers import Reconstruction
from skae.scorers._description_length import DescriptionLength, description_length
from skae.scorers._silhouette import Silhouette


def coded(X_hat, n_components=2):
    """Return a reducer with codes that say nothing, and reconstructions as given."""
    return Given(np.zeros((len(X_hat), n_components)), X_hat)


def plane(n_dims, n_samples=400, n_features=12, noise=0.3, seed=0):
    rng = np.random.default_rng(seed)
    axes = np.linalg.qr(rng.normal(size=(n_features, n_dims)))[0]
    X = rng.normal(size=(n_samples, n_dims)) @ axes.T
    return X + noise * rng.normal(size=X.shape) * np.sqrt(n_dims / n_features)


# The length


@pytest.mark.parametrize("k", [1, 3, 9])
@pytest.mark.parametrize("fvu", [0.0, 0.1, 1.5])
def test_it_is_the_formula(k, fvu):
    n, eps = 10, 0.05
    whole = (n - k) * np.log(n * fvu / (n - k) + eps) + k * np.log(n / k)
    found = description_length(fvu, k, n, eps=eps)
    assert found == pytest.approx(whole / (2 * n))


def test_it_is_the_likelihood_of_a_gaussian():
    """k directions of variance D / k, and D - k that have what is left over."""
    n, k, fvu = 10, 3, 0.2
    variances = np.repeat([n / k, n * fvu / (n - k)], [k, n - k])
    found = description_length(fvu, k, n, eps=1e-12)
    assert found == pytest.approx(0.5 * np.log(variances).mean())


def test_the_mean_in_place_of_a_code():
    assert description_length(1.0, 0, 10, eps=1e-9) == pytest.approx(0, abs=1e-8)
    assert description_length(0.0, 1, 10**6) == pytest.approx(
        np.log(0.02) / 2, abs=0.01
    )


def test_more_unexplained_is_longer():
    lengths = [description_length(fvu, 3, 10) for fvu in np.linspace(0, 2, 20)]
    assert (np.diff(lengths) > 0).all()


@pytest.mark.parametrize("eps", [0, -1, np.nan])
def test_eps_is_positive(eps):
    with pytest.raises(ValueError, match=r"eps=.*must be positive"):
        description_length(0.1, 1, 10, eps=eps)
    X = plane(2)
    with pytest.raises(ValueError, match="'eps' parameter of DescriptionLength"):
        DescriptionLength(eps=eps)(PCA(2).fit(X), X)


@pytest.mark.parametrize("k", [-1, 10, 11])
def test_codes_are_smaller_than_rows(k):
    with pytest.raises(ValueError, match=f"n_components={k}: .* from 0 to 9 units"):
        description_length(0.1, k, 10)


# The score


def test_it_is_minus_the_length_of_what_is_left_over():
    X = plane(2)
    pca = PCA(3).fit(X)
    unexplained = 1 - pca.explained_variance_ratio_.sum()
    expected = -description_length(unexplained, 3, 12)
    assert DescriptionLength()(pca, X) == pytest.approx(expected)


@pytest.mark.parametrize("n_dims", [1, 3, 6])
def test_it_turns_down_where_the_noise_begins(n_dims):
    X = plane(n_dims, seed=n_dims)
    grid = {"n_components": list(range(1, 13))}
    scoring = {"length": DescriptionLength(), "share": Reconstruction()}
    search = GridSearchCV(PCA(), grid, scoring=scoring, refit="length", cv=4).fit(X)
    assert search.best_params_ == {"n_components": n_dims}
    share = search.cv_results_["mean_test_share"]
    assert (np.diff(share) > 0).all()  # which has no maximum before the end


def test_a_curved_surface():
    rng = np.random.default_rng(0)
    angle = rng.uniform(0, 2 * np.pi, size=(300, 2))
    torus = np.hstack([np.sin(angle), np.cos(angle)])
    X = torus @ rng.normal(size=(4, 16)) + 0.1 * rng.normal(size=(300, 16))
    scores = [DescriptionLength()(PCA(k).fit(X[:200]), X[200:]) for k in range(1, 10)]
    assert 1 + np.argmax(scores) == 4


def test_larger_eps_chooses_smaller_codes():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 10)) * 0.6 ** np.arange(10)

    def best(eps):
        scorer = DescriptionLength(eps=eps)
        scores = [scorer(PCA(k).fit(X), X) for k in range(1, 10)]
        return 1 + np.argmax(scores)

    assert best(0.3) < best(0.02) <= best(0.001)


def test_a_code_that_says_nothing():
    X = plane(2) - plane(2).mean(axis=0)
    score = DescriptionLength()(coded(np.zeros(X.shape), 1), X)
    assert score < 0
    assert score == pytest.approx(-description_length(1.0, 1, 12))


@pytest.mark.parametrize("n_components", [12, 13])
def test_codes_no_smaller_than_the_row_score_the_worst(n_components):
    X = plane(2)
    assert DescriptionLength()(coded(X, n_components), X) == -1.0
    assert DescriptionLength()(coded(X, 11), X) > -0.1


def test_constant_features_do_not_count():
    X = plane(2)
    padded = np.hstack([X, np.full((400, 20), 7.0)])
    expected = DescriptionLength()(PCA(2).fit(X), X)
    assert DescriptionLength()(PCA(2).fit(padded), padded) == pytest.approx(expected)
    flat = np.hstack([X[:, :2], np.zeros((400, 5))])
    assert DescriptionLength()(coded(flat), flat) == -1.0


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
def test_what_cannot_be_scored(value):
    X = plane(2)
    assert DescriptionLength()(coded(np.full(X.shape, value)), X) == -1.0
    assert DescriptionLength()(coded(X[:1]), X[:1]) == -1.0


def test_sequences_count_time_steps_times_channels():
    X = plane(2).reshape(400, 6, 2)
    lstm = LSTMAutoencoder(3, hidden_size=8, max_epochs=2, random_state=0).fit(X)
    unexplained = 1 - lstm.score(X)
    expected = -description_length(unexplained, 3, 12)
    assert DescriptionLength()(lstm, X) == pytest.approx(expected, rel=1e-5)


def test_sequences_that_end_early():
    X = plane(2, 60).reshape(60, 6, 2)
    X[::2, 4:] = np.nan
    X[:, 5:] = np.nan
    lstm = LSTMAutoencoder(3, hidden_size=8, max_epochs=2, random_state=0).fit(X)
    expected = -description_length(1 - lstm.score(X), 3, 10)
    assert DescriptionLength()(lstm, X) == pytest.approx(expected, rel=1e-5)


def test_in_a_pipeline_with_other_metrics():
    model = make_pipeline(
        StandardScaler(),
        DenseAutoencoder(2, max_epochs=3, random_state=0),
        StandardScaler(),
    )
    scoring = {"length": DescriptionLength(), "silhouette": Silhouette(3)}
    scores = cross_validate(model, plane(2, 120), scoring=scoring, cv=2)
    assert (scores["test_length"] > 0.2).all()
