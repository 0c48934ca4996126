"""What held-out rows gain by a training, and the variance they gain most by."""

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from skae import VAE
from skae.objectives import GaussianLikelihood, LaplaceLikelihood
from skae.training._calibration import OF_FAR_ROWS, HeldOut, Outcome, safe_gain

N_DRAWS, N_FEATURES = 2, 3
PER_FEATURE = GaussianLikelihood(per_feature=True)


def outcome(errors, kl=0.0):
    """Rows with the same error in all features, for each draw."""
    errors = torch.as_tensor(np.asarray(errors, dtype=float))
    x_hat = errors[:, None].repeat(N_DRAWS, N_FEATURES)
    kl = torch.full((len(errors),), float(kl), dtype=torch.float64)
    return Outcome(torch.zeros_like(x_hat), x_hat, torch.ones_like(x_hat), kl, N_DRAWS)


def held_out(before, after, far=(), share=0.0, kl=0.0, beta=1.0, term=None):
    """Return `HeldOut` rows, and their outcome after a training."""
    term, start = term or GaussianLikelihood(), outcome(before)
    error = start.variance(term)
    density = start.log_density(term, error)
    part = HeldOut(error, error, density, start.kl, outcome(far), share, beta)
    return part, outcome(after, kl)


def gain_and_ratio(parts, n_errors, term=None):
    return safe_gain(term or GaussianLikelihood(), *zip(*parts, strict=True), n_errors)


@pytest.mark.parametrize("term", [GaussianLikelihood(), LaplaceLikelihood()])
def test_rows_that_all_come_nearer_gain_by_as_small_a_variance(term):
    errors = np.random.default_rng(0).normal(size=50)
    parts = [held_out(e, e / 2, term=term) for e in (errors, errors[:20])]
    gain, ratio = gain_and_ratio(parts, 1.0, term)
    assert ratio == pytest.approx(0.25, rel=1e-3)
    assert gain == pytest.approx(N_FEATURES * np.log(2), rel=1e-3)


def test_a_far_row_that_comes_no_nearer_keeps_the_variance_large():
    errors = np.random.default_rng(0).normal(size=50)
    far = np.r_[errors[:-1], 30.0]
    parts = [held_out(errors, errors / 2), held_out(far, np.r_[errors[:-1] / 2, 30.0])]
    ratios = [gain_and_ratio(parts, n)[1] for n in (0.0, 1.0)]
    in_the_mean = np.sqrt(0.25 * np.mean(parts[1][1].x_hat.numpy() ** 2))
    in_the_mean /= np.sqrt(np.mean(far**2))
    assert ratios[1] > 0.8 > 0.6 > in_the_mean
    assert in_the_mean < ratios[0] <= ratios[1] <= 1


def test_the_variance_is_that_of_the_largest_gain():
    rng = np.random.default_rng(0)
    before = rng.standard_t(3, size=200)
    after = before * rng.uniform(0.3, 1, size=200)
    part = held_out(before, after)
    v, e, p = part[0].variance.item(), after**2, before**2

    def lower(ratio):
        gains = -0.5 * N_FEATURES * (np.log(ratio) + (e / ratio - p) / v)
        return gains.mean() - gains.std() / len(gains) ** 0.5

    gain, ratio = gain_and_ratio([part], 1.0)
    smallest = e.mean() / p.mean()
    grid = np.linspace(smallest, 1, 2000)
    values = [lower(one) for one in grid]
    assert ratio == pytest.approx(grid[np.argmax(values)], abs=2e-3)
    assert gain == pytest.approx(max(values), abs=1e-4)


def test_errors_that_grow_enlarge_the_variance_and_gain_nothing():
    errors = np.random.default_rng(0).normal(size=50)
    gain, ratio = gain_and_ratio([held_out(errors, 2 * errors)], 1.0)
    assert ratio == pytest.approx(4)
    assert gain < 0


def test_divergences_count_by_their_weight():
    errors = np.random.default_rng(0).normal(size=50)
    gains = [
        gain_and_ratio([held_out(errors, errors, (), 0, 1.5, b)], 1.0)
        for b in (1.0, 0.2)
    ]
    np.testing.assert_allclose(gains, [(-1.5, 1), (-0.3, 1)], atol=1e-12)


def test_rows_farther_than_all_held_out_count_as_coming_less_near():
    rng = np.random.default_rng(0)
    errors = rng.normal(size=200)
    without = held_out(errors, errors / 2)
    with_far = held_out(errors, errors / 2, far=[20.0], share=0.005)
    ratios = [gain_and_ratio([part], 0.0)[1] for part in (without, with_far)]
    of_far = 1 - OF_FAR_ROWS * (1 - 0.25)
    before = 0.995 * np.mean(errors**2) + 0.005 * 400
    after = 0.995 * np.mean(errors**2) / 4 + 0.005 * 400 * of_far
    v = np.mean(errors**2)
    assert ratios[0] == pytest.approx(0.25, rel=1e-3)
    assert ratios[1] == pytest.approx(min(1, after / v), rel=1e-3)
    assert before > v


def heavy(n_rows, seed):
    """A curve in noise of which some rows have thirty times as much."""
    rng = np.random.default_rng(seed)
    t = rng.uniform(-2, 2, (n_rows, 1))
    X = np.hstack([t, t**2, t**3, np.sin(2 * t), np.cos(3 * t)])
    noise = np.where(rng.random((n_rows, 1)) < 0.05, 6, 0.2)
    return X + noise * rng.normal(size=X.shape)


@pytest.mark.parametrize("seed", [0, 1])
def test_new_rows_with_far_ones_are_as_likely_as_by_the_linear_model(seed, monkeypatch):
    monkeypatch.setattr("skae.training._budget.N_STEPS", 300)
    X, new = heavy(200, seed), heavy(2000, 10 + seed)
    model, pca = VAE(2, random_state=0).fit(X), PCA(2).fit(X)
    gains = model.elbo(new) - pca.score_samples(new)
    assert gains.mean() > -0.05


def test_the_variance_of_codes_stays_within_that_of_rows_seen():
    X = heavy(120, 0)
    model = VAE(2, max_epochs=30, learning_rate=0.01, random_state=0).fit(X)
    _, seen = model.transform_distribution(X)
    _, of_far = model.transform_distribution(1000 * X)
    assert (seen.std(axis=0) > 0.01).all()
    for bound, sign in ((seen.max(axis=0), 1), (-seen.min(axis=0), -1)):
        assert (sign * of_far <= bound + 1e-6).all()
    module = model.net_.module_
    unlimited = module.bottleneck.log_var_range.clone()
    module.bottleneck.lift_limits()
    _, free = model.transform_distribution(1000 * X)
    assert np.abs(free).max() > np.abs(of_far).max() + 1
    assert not torch.equal(module.bottleneck.log_var_range, unlimited)


def test_a_model_that_goes_on_has_the_limits_of_all_its_rows():
    X = heavy(99, 0)
    model = VAE(2, max_epochs=30, learning_rate=0.01, random_state=0).fit(X)
    limits = model.net_.module_.bottleneck.log_var_range
    before = limits.clone()
    model.partial_fit(X[:1])
    assert (limits[0] <= before[0]).all()
    assert (limits[1] >= before[1]).all()
    before = limits.numpy().copy()
    wide = 5 * heavy(99, 1)
    model.partial_fit(wide)
    _, log_var = model.transform_distribution(wide)
    seen = np.minimum(before[0], log_var.min(0)), np.maximum(before[1], log_var.max(0))
    np.testing.assert_allclose(limits, np.array(seen), atol=1e-6)


def test_a_fit_anew_knows_no_limits_from_before():
    X = heavy(99, 0)
    model = VAE(2, max_epochs=3, random_state=0)
    expected = model.fit(X).net_.module_.bottleneck.log_var_range.clone()
    model.fit(5 * X)
    assert torch.equal(model.fit(X).net_.module_.bottleneck.log_var_range, expected)


def test_one_row_does_not_decide_for_all():
    errors, one = np.random.default_rng(0).normal(size=100), torch.ones(1, 1).double()
    before = np.r_[errors, 1e6]
    part, after = held_out(before, np.r_[20 * errors, 9.99e5])
    density = outcome(before).log_density(GaussianLikelihood(), one)
    part = part._replace(variance=one, density=density)
    assert gain_and_ratio([(part, after)], 1.0)[0] < 0


@pytest.mark.filterwarnings("ignore::skae.exceptions.CollapseWarning")
def test_the_variance_is_that_of_targets(fewer_steps):
    X = heavy(300, 0)
    of_own, of_double = (
        VAE(2, random_state=0).fit(X, scale * X).decoder_variance_ for scale in (1, 4)
    )
    assert 8 < of_double / of_own < 32


def unchanged(rng):
    """Return held-out rows of unit variances, and the same rows after a training."""
    errors = torch.from_numpy(rng.normal(size=(8, 6)))
    kl, one = torch.zeros(8, dtype=torch.float64), torch.ones(1, 6).double()
    after = Outcome(torch.zeros_like(errors), errors, torch.ones_like(errors), kl, 1)
    density = after.log_density(PER_FEATURE, one)
    return HeldOut(one, one, density, kl, after.of_rows([]), 0.0, 1.0), after


def test_rows_do_not_choose_the_variances_of_features_that_they_are_judged_by():
    rng = np.random.default_rng(0)
    gains = [
        gain_and_ratio([unchanged(rng) for _ in range(5)], 0.0, PER_FEATURE)[0]
        for _ in range(30)
    ]
    assert np.mean(gains) < 0
