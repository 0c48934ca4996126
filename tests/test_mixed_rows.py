"""Noise that mixes rows with others."""

from itertools import count

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.decomposition import PCA

from skae import Autoencoder, LSTMAutoencoder, fit_stack
from skae.autoencoders._length import LengthMixin
from skae.networks import DenseNetwork
from skae.noise import MixNoise
from skae.stacking.training._stack import Stack


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def sequences(n=50, length=5, n_channels=2):
    rng = np.random.default_rng(0)
    return rng.normal(size=(n, length, n_channels)).astype(np.float32) + 3


def test_mixed_rows_have_the_mean_and_the_covariances_of_the_others():
    scales = torch.tensor([[1.0, 0.5], [0.0, 2.0]])
    x = torch.randn(20_000, 2, generator=generator()) @ scales + 7
    mixed = MixNoise(1.0).build((2,))(x, generator(1))
    assert not (mixed == x).any()
    torch.testing.assert_close(mixed.mean(0), x.mean(0), atol=0.05, rtol=0)
    torch.testing.assert_close(mixed.T.cov(), x.T.cov(), atol=0.1, rtol=0)


def test_angles_lead_from_a_row_to_the_next_one():
    x = torch.from_numpy(sequences(6))
    module = MixNoise(1.0).build((5, 2))
    angles = torch.tensor([0.0, 1.0, 0.0, 0.0, 0.0, 1.0])[:, None, None]
    mixed = module.noisy(x, angles)
    expected = x[[0, 2, 2, 3, 4, 0]]
    torch.testing.assert_close(mixed, expected)
    halfway = MixNoise(0.5).build((5, 2)).noisy(x, angles)[1]
    m = x.mean(0)
    torch.testing.assert_close(halfway, m + (x[1] + x[2] - 2 * m) * 0.5**0.5)


def test_a_lone_row_stays():
    x = torch.from_numpy(sequences(1))
    torch.testing.assert_close(MixNoise(1.0).build((5, 2))(x, generator()), x)


def test_what_is_missing_in_one_of_two_rows_is_missing_in_their_mixture():
    x = torch.from_numpy(sequences(4))
    x[1, 2, 0] = torch.nan
    mixed = MixNoise(0.5).build((5, 2))(x, generator())
    assert mixed.isnan().nonzero().tolist() == [[0, 2, 0], [1, 2, 0]]


def test_rows_of_members_with_fewer_are_mixed_with_each_other():
    x = torch.from_numpy(np.stack([sequences(6), sequences(6) ** 2]))
    module, angles = (
        MixNoise(0.7).build((5, 2)),
        torch.rand(2, 6, 1, 1, generator=generator()),
    )
    present = torch.ones(2, 6)
    present[1, 4:] = 0
    stacked = module.noisy(x, angles, present)
    torch.testing.assert_close(stacked[0], module.noisy(x[0], angles[0]))
    torch.testing.assert_close(stacked[1, :4], module.noisy(x[1, :4], angles[1, :4]))


@pytest.mark.parametrize("angle", [-0.1, 1.5, "0.3"])
def test_no_share_of_a_right_angle(angle):
    with pytest.raises(ValueError, match="a share of a right angle is needed"):
        MixNoise(angle).build((5, 2))


@pytest.mark.parametrize("angle", [-0.1, 1.5, "some"])
def test_no_share_of_a_right_angle_in_an_estimator(angle):
    with pytest.raises(ValueError, match="'mixing' parameter"):
        LSTMAutoencoder(mixing=angle, max_epochs=1).fit(sequences())


def test_stacks_mix_as_lone_fits_do(monkeypatch):
    sizes, own = [], Stack.__init__

    def counted(stack, members):
        sizes.append(len(members))
        own(stack, members)

    monkeypatch.setattr(Stack, "__init__", counted)
    X = [sequences(n) for n in (41, 50)]
    models = [
        LSTMAutoencoder(2, mixing=0.6, max_epochs=3, random_state=seed)
        for seed in range(2)
    ]
    stacked = fit_stack([clone(model) for model in models], X)
    assert sizes == [2]
    for model, rows, of_stack in zip(models, X, stacked, strict=True):
        alone = model.fit(rows).reconstruct(rows)
        np.testing.assert_allclose(of_stack.reconstruct(rows), alone, atol=1e-4)
        plain = clone(model).set_params(mixing=0).fit(rows).reconstruct(rows)
        assert np.abs(plain - alone).max() > 1e-3


def test_mixed_rows_are_what_is_reconstructed():
    """Of rows on axes, sums are learnt, too."""
    rng = np.random.default_rng(0)
    X = np.eye(6)[rng.integers(6, size=240)] * rng.choice([-2, 2], (240, 1))
    sums = rng.normal(size=(200, 6))
    errors = []
    for noise in (None, MixNoise(1.0)):
        model = Autoencoder(
            6,
            network=DenseNetwork((32,)),
            input_noise=noise,
            max_epochs=150,
            learning_rate=5e-3,
            random_state=0,
        ).fit(X)
        errors.append(np.mean((model.reconstruct(sums) - sums) ** 2))
    assert errors[1] < 0.3 * errors[0]


def trial(monkeypatch, changes, gains=(0.5, 0.5)):
    """Let a fit find that its trainings change the loss of held-out rows by these.

    Return the list of whether rows are mixed, and of most epochs, of each trial.
    """
    tried, best_trial = [], LengthMixin._best_trial

    def found(self, data, epochs):
        change = changes[len(tried)]
        tried.append((self._augments, epochs))
        seen = best_trial(self, data, 1)
        return seen._replace(change=change, gains=np.array(gains))

    monkeypatch.setattr(LengthMixin, "_best_trial", found)
    return tried


WITHOUT, WITH = (False, 1000), (True, 250)


@pytest.mark.parametrize(("changes", "mixes"), [([-1, -2], True), ([-2, -1], False)])
def test_sequences_are_mixed_where_held_out_ones_fare_better(
    changes, mixes, monkeypatch
):
    tried = trial(monkeypatch, changes)
    model = LSTMAutoencoder(2, random_state=0).fit(sequences())
    noise = model.net_.module_.input_noise
    assert tried == [WITHOUT, WITH]
    assert (noise is not None and noise.part.angle == 0.3) == mixes
    assert model._change == min(changes)


@pytest.mark.parametrize(("changes", "n_more"), [([-1, -2], 0), ([-2, -1], 1)])
def test_parts_of_mixed_sequences_train_once(changes, n_more, monkeypatch):
    """Others train anew where they may have ended early and gains are not sure."""
    trial(monkeypatch, changes, gains=(0.1, 0.5))
    train, n_trainings = LengthMixin._trained_on_parts, count()

    def counted(self, *args, **kwargs):
        next(n_trainings)
        return train(self, *args, **kwargs)

    monkeypatch.setattr(LengthMixin, "_trained_on_parts", counted)
    LSTMAutoencoder(2, learning_rate=1e-3, random_state=0).fit(sequences())
    assert next(n_trainings) == 2 + n_more


def test_all_parts_of_mixed_sequences_may_end_early(monkeypatch):
    tried = LengthMixin._tried

    def better_when_mixed(self, data, length):
        return tried(self, data, length)._replace(change=-float(self._augments))

    monkeypatch.setattr("skae.training._callbacks.patience", lambda best_step: 0)
    monkeypatch.setattr(LSTMAutoencoder, "_may_augment", lambda *given: True)
    monkeypatch.setattr(LengthMixin, "_tried", better_when_mixed)
    model = LSTMAutoencoder(2, random_state=0).fit(sequences())
    assert model.net_.module_.input_noise is not None
    assert model.n_iter_ < 250


@pytest.mark.parametrize(
    "params",
    [{"mixing": 0}, {"nested": True}, {"linear_path": None}, {"mixing": 0.2}],
    ids=str,
)
def test_fits_that_try_no_mixed_sequences(params, monkeypatch):
    tried = trial(monkeypatch, [0.0, -1.0])
    model = LSTMAutoencoder(2, random_state=0, **params).fit(sequences())
    assert tried == [WITHOUT]
    assert (model.net_.module_.input_noise is not None) == (params.get("mixing") == 0.2)


def test_where_nothing_is_gained_none_are_mixed(monkeypatch):
    tried = trial(monkeypatch, [0.0, -1.0], gains=(0.03, -0.04))
    LSTMAutoencoder(2, random_state=0).fit(sequences())
    assert tried == [WITHOUT]


@pytest.mark.parametrize("which", ["gap", "end", "weight", "condition"])
def test_rows_that_differ_in_more_than_values_are_not_mixed(which, monkeypatch):
    tried = trial(monkeypatch, [0.0, -1.0])
    X, of_fit = sequences(), {}
    if which == "gap":
        X[3, 2, 0] = np.nan
    elif which == "end":
        X[3, 3:] = np.nan
    elif which == "weight":
        of_fit = {"sample_weight": np.arange(1, 51)}
    else:
        of_fit = {"condition": np.arange(50) % 2}
    LSTMAutoencoder(2, random_state=0).fit(X, **of_fit)
    assert tried == [WITHOUT]


@pytest.mark.slow
def test_windows_of_a_series_that_grows():
    """Later ones are told by what earlier ones are sums of, better than by PCA."""
    month = np.arange(150)
    series = np.exp(month / 60) * (4 + np.sin(month / 12 * 2 * np.pi))
    X = np.lib.stride_tricks.sliding_window_view(series, 12)[..., None]
    X = ((X - X[:80].mean()) / X[:80].std()).astype(np.float32)
    pca = PCA(2).fit(X[:80, :, 0])
    linear = pca.inverse_transform(pca.transform(X[91:, :, 0]))
    errors = [
        np.mean((fitted.reconstruct(X[91:]) - X[91:]) ** 2)
        for fitted in (
            LSTMAutoencoder(2, mixing=mixing, random_state=0).fit(X[:80])
            for mixing in (0, "auto")
        )
    ]
    assert errors[1] < errors[0]
    assert errors[1] < np.mean((linear - X[91:, :, 0]) ** 2)
