"""Output layers that are moved back toward the linear model of the start."""

from functools import partial

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.decomposition import PCA
from skorch.callbacks import Callback

import skae
from skae import VAE, Autoencoder, Checkpoint, DenseAutoencoder, LSTMAutoencoder
from skae.autoencoders import _decoder_variance, _length, _running
from skae.networks import ConvolutionalNetwork
from skae.training._calibration import safe_gain
from skae.training._shrinkage import SHARES, Shrinkage, is_sure, share_to_keep

Convolutional = partial(
    Autoencoder, network=ConvolutionalNetwork((4,), linear_path="pca")
)
OF_SEQUENCES = {
    "lstm": partial(LSTMAutoencoder, hidden_size=6),
    "convolutional": Convolutional,
}


def curved(n_rows=60, seed=0):
    """A noisy curve in five dimensions."""
    rng = np.random.default_rng(seed)
    t = rng.uniform(-2, 2, (n_rows, 1))
    X = np.hstack([t, t**2, t**3, np.sin(2 * t), np.cos(3 * t)])
    return X + rng.normal(size=X.shape) / 5


def windows(n_rows=50, seed=0):
    """Windows of a random walk, which drifts."""
    walk = np.random.default_rng(seed).normal(size=n_rows + 7).cumsum()
    return np.lib.stride_tricks.sliding_window_view(walk, 8)[..., None].copy()


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """Let fits find their lengths within few steps."""
    monkeypatch.setattr("skae.training._budget.N_STEPS", 120)


@pytest.fixture
def keeping(monkeypatch):
    """Return a function that lets all fits keep one share, whatever is best."""

    def best(*args):
        return np.inf, safe_gain(*args)[1]

    def keep(share):
        monkeypatch.setattr(_length, "is_sure", lambda *_: False)
        monkeypatch.setattr(_length, "share_to_keep", lambda *_: share)
        shares = (0.0, share) if share else (0.0,)
        monkeypatch.setattr(_decoder_variance, "SHARES", shares)
        monkeypatch.setattr(_decoder_variance, "safe_gain", best)

    return keep


@pytest.fixture
def kept(monkeypatch):
    """Return a list of the shares that fits find."""
    shares, shrunk = [], VAE._shrunk

    def spy(self, *args):
        length = shrunk(self, *args)
        shares.append(length.share)
        return length

    monkeypatch.setattr(_length.LengthMixin, "_shrunk", spy)
    return shares


def test_the_smallest_share_that_is_about_the_best():
    losses = np.array([[4.0, 2.0, 1.0, 0.9, 1.1], [4.0, 2.2, 1.1, 1.3, 1.5]])
    assert share_to_keep(losses, of_blocks=False) == 0.5
    assert share_to_keep(losses[:1], of_blocks=False) == 0.75
    assert share_to_keep(losses - losses, of_blocks=False) == 0
    unsure = [[1.0, 0.9, 0.8, 0.7, 0.5], [1.0, 1.0, 1.0, 1.0, 0.9], [1.0] * 5]
    of_rows, of_blocks = (share_to_keep(unsure, blocks) for blocks in (False, True))
    assert of_rows > of_blocks


def test_blocks_of_a_series_that_grows_count_alike():
    # half of the error goes in each block, and the last one's is all that counts
    growing = np.array([[1.0], [2.0], [8.0], [60.0]]) * [1.0, 0.9, 0.75, 0.6, 0.5]
    assert share_to_keep(growing, of_blocks=True) < 1
    assert share_to_keep(growing, of_blocks=True, is_relative=True) == 1
    # as shares, the first block would forbid what all others gain
    small = np.array([[1e-3] * 2 + [0.1] * 3] + [[1.0, 0.9, 0.8, 0.7, 0.6]] * 4)
    assert share_to_keep(small, of_blocks=True, is_relative=True) == share_to_keep(
        small, of_blocks=True
    )
    perfect = np.array([[0.0] * 5] * 4)
    assert share_to_keep(perfect, of_blocks=True, is_relative=True) == 0


def test_losses_in_nats_are_compared_as_they_are():
    relative = {
        loss: Convolutional(2, objective=loss, max_epochs=1, random_state=0).fit(
            windows()
        )
        for loss in ("squared_error", "absolute_error", "gaussian")
    }
    assert [m._is_relative(m.net_) for m in relative.values()] == [True, True, False]
    table = DenseAutoencoder(2, max_epochs=1, random_state=0).fit(curved())
    assert not table._is_relative(table.net_)


def test_gains_are_sure_where_all_parts_have_them():
    gains = np.array([1.0, 1.1, 0.9, 1.0])
    assert is_sure(gains, of_blocks=True)
    assert not is_sure(gains[:1], of_blocks=False)
    assert not is_sure(np.array([1.0, 0.1, -0.5, 2.0]), of_blocks=False)
    assert not is_sure(-gains, of_blocks=False)


@pytest.mark.parametrize("make", OF_SEQUENCES.values(), ids=OF_SEQUENCES)
def test_what_the_decoder_puts_out_is_linear_in_the_share(make):
    model = make(2, max_epochs=3, learning_rate=0.05, random_state=0)
    model._draw_seed()
    data = model._training_data(windows(), None, None, None, reset=True)
    model._note_lengths(data)
    model._start(data, data.rows)
    module = model.net_.module_
    shrinkage = Shrinkage(module)
    model._run(data.rows, None, _length.Length(0.05, 3, 3))
    trained = [weight.clone() for weight in module.parameters()]
    generator = torch.Generator().manual_seed(0)
    z = torch.randn(7, 2, dtype=torch.float64, generator=generator)
    outputs = {}
    for share in (0.0, 0.25, 1.0):
        shrinkage.keep(share)
        outputs[share] = module.decode(z).detach()
    assert (outputs[0.0] - outputs[1.0]).abs().max() > 1e-3
    between = 0.75 * outputs[0.0] + 0.25 * outputs[1.0]
    torch.testing.assert_close(outputs[0.25], between)
    for weight, value in zip(module.parameters(), trained, strict=True):
        torch.testing.assert_close(weight, value, rtol=0, atol=0)


def test_without_a_share_sequences_are_reconstructed_as_by_pca(keeping):
    X = windows()
    keeping(0.0)
    X_hat = Convolutional(3, random_state=0).fit(X).reconstruct(X)
    pca = PCA(3).fit(X[..., 0])
    linear = pca.inverse_transform(pca.transform(X[..., 0]))
    np.testing.assert_allclose(X_hat[..., 0], linear, atol=1e-6)


@pytest.fixture
def spoil(monkeypatch):
    """Return a function that lets losses jump in the last epochs of some fits."""

    def spoil(n_fits):
        ended = []

        def spoilt(net, *args, **settings):
            train(net, *args, **settings)
            ended.append(net)
            if len(ended) <= n_fits:
                net.history[-1]["train_loss"] = 1e6
                net.module_.decoder.linear_path.bias.data += 100.0

        monkeypatch.setattr(_running, "train", spoilt)
        return ended

    train = _running.train
    return spoil


@pytest.mark.parametrize("make", OF_SEQUENCES.values(), ids=OF_SEQUENCES)
def test_a_training_that_ends_badly_is_taken_back(make, keeping, spoil):
    X = windows()
    keeping(0.75)
    spoil(n_fits=2)
    X_hat = make(3, random_state=0).fit(X).reconstruct(X)
    pca = PCA(3).fit(X[..., 0])
    linear = pca.inverse_transform(pca.transform(X[..., 0]))
    np.testing.assert_allclose(X_hat[..., 0], linear, atol=1e-6)


@pytest.mark.parametrize("make", OF_SEQUENCES.values(), ids=OF_SEQUENCES)
def test_a_training_that_ends_badly_is_done_anew(make, keeping, spoil, monkeypatch):
    X = windows()
    keeping(0.75)
    monkeypatch.setattr(_length, "best_epoch", lambda losses: 6)
    ended = spoil(n_fits=1)
    model = make(3, random_state=0).fit(X)
    assert len(ended) == 2
    assert model.n_iter_ < 6
    monkeypatch.setattr(_length, "best_epoch", lambda losses: model.n_iter_)
    undisturbed = make(3, random_state=0).fit(X)
    assert len(ended) == 3
    np.testing.assert_array_equal(model.transform(X), undisturbed.transform(X))


def test_without_a_share_the_bound_is_that_of_probabilistic_pca(keeping):
    X = curved()
    keeping(0.0)
    model, pca = VAE(2, random_state=0).fit(X), PCA(2).fit(X)
    assert model.decoder_variance_ == pytest.approx(pca.noise_variance_, rel=1e-4)
    bound = model.elbo(X, n_draws=2000)
    assert bound.mean() == pytest.approx(pca.score(X), abs=0.01)


def test_noise_leaves_new_rows_as_likely_as_under_probabilistic_pca(kept):
    X, new = (np.random.default_rng(seed).normal(size=(90, 8)) for seed in (0, 1))
    with pytest.warns(skae.exceptions.CollapseWarning):
        model = VAE(2, random_state=0).fit(X)
    assert kept[0] < 1
    bound = model.elbo(new, n_draws=500).mean()
    assert bound == pytest.approx(PCA(2).fit(X).score(new), abs=0.1)


def test_a_lone_part_is_compared_by_blocks_of_its_rows(monkeypatch):
    monkeypatch.setattr(_length, "N_FOLDS", 4)
    monkeypatch.setattr("skae.training._budget.FEW_ROWS", 50)
    seen = []

    def noted(losses, *settings):
        seen.append(losses)
        return share_to_keep(losses, *settings)

    monkeypatch.setattr(_length, "share_to_keep", noted)
    Convolutional(2, random_state=0).fit(windows(90))
    (losses,) = seen
    assert losses.shape == (4, len(SHARES))
    assert len(np.unique(losses[:, 0])) == 4


def test_drifting_windows_are_not_worse_than_by_pca(kept):
    X, new = windows(60)[:40], windows(60)[47:]
    pca = PCA(4).fit(X[..., 0])
    linear = pca.inverse_transform(pca.transform(new[..., 0]))
    model = Convolutional(4, random_state=0).fit(X)
    error = ((model.reconstruct(new)[..., 0] - linear) ** 2).mean()
    assert kept[0] in SHARES
    assert error <= 0.02 * ((new[..., 0] - linear) ** 2).mean() + 1e-12


@pytest.mark.parametrize("make", [VAE, Convolutional], ids=["vae", "convolutional"])
def test_stacks_keep_the_shares_of_lone_fits(make, kept, fewer_steps):
    X = curved() if make is VAE else windows()
    models = [make(k, random_state=0) for k in (1, 2)]
    alone = [clone(model).fit(X) for model in models]
    of_lone = [*kept]
    kept.clear()
    together = skae.fit_stack(models, [X, X])
    assert sorted(kept) == sorted(of_lone)
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_allclose(one.transform(X), other.transform(X), atol=1e-4)


def test_files_have_what_was_kept(keeping, tmp_path, few_steps):
    X = curved()
    keeping(0.5)
    model = VAE(2, random_state=0).fit(X)
    model.save(tmp_path / "model.skae")
    again = skae.load(tmp_path / "model.skae")
    np.testing.assert_array_equal(model.transform(X), again.transform(X))
    assert model.decoder_variance_ == again.decoder_variance_


class Crash(Callback):
    """Stop a fit at its sixth epoch, once."""

    def on_epoch_begin(self, net, **kwargs):
        if len(net.history) == 6:
            raise ZeroDivisionError


def test_a_fit_that_was_killed_keeps_the_same_share(keeping, tmp_path, few_steps):
    X = curved()
    keeping(0.5)
    model = VAE(2, random_state=0)
    undisturbed = clone(model).fit(X)
    assert undisturbed.n_iter_ > 6
    saving = Checkpoint(tmp_path, interval=0)
    with pytest.raises(ZeroDivisionError):
        clone(model).set_params(callbacks=[saving, Crash()]).fit(X)
    again = clone(model).set_params(callbacks=[saving]).fit(X)
    np.testing.assert_array_equal(undisturbed.transform(X), again.transform(X))


@pytest.mark.parametrize(
    "model",
    [
        VAE(2, max_epochs=3),
        VAE(2, linear_path=None),
        VAE(2, reconstruction="squared_error", beta=0.01),
        DenseAutoencoder(2),
    ],
    ids=["given length", "random start", "squared error", "points of tables"],
)
def test_all_is_kept_of_other_fits(model, kept):
    clone(model).set_params(random_state=0).fit(curved())
    assert not kept


def test_all_is_kept_of_recurrent_fits_without_hidden_layers_beside(kept):
    LSTMAutoencoder(2, hidden_size=6, dense_path=(), random_state=0).fit(windows())
    assert not kept


def test_with_hidden_layers_beside_recurrent_fits_keep_a_share(kept):
    LSTMAutoencoder(2, hidden_size=6, random_state=0).fit(windows())
    assert len(kept) == 1
