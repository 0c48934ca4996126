"""Fits that find out how long to train, and at which rate."""

import numpy as np
import pytest
import torch
from helpers.data import Items, Stream
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import Callback, LRScheduler

import skae
from skae import VAE, Autoencoder, DenseAutoencoder, stacking
from skae.autoencoders import _length
from skae.datasets import make_cube_surface
from skae.networks import ConvolutionalNetwork, DenseNetwork, RecurrentNetwork
from skae.objectives import MomentMatching, Objective
from skae.schedules import LinearWarmup
from skae.training._budget import (
    RATES,
    best_epoch,
    epochs_for,
    even_batches,
    kept_beside,
    parts_of,
)


def cancer():
    return StandardScaler().fit_transform(load_breast_cancer().data).astype(np.float32)


def curved(n_rows=200, seed=0):
    """A clean map of one dimension into six, which takes many steps to learn."""
    t = np.random.default_rng(seed).uniform(-2, 2, (n_rows, 1))
    X = np.hstack([t, t**2, t**3, np.sin(2 * t), np.cos(3 * t), np.exp(t / 2)])
    return (X - X.mean(0)) / X.std(0)


def noise(n_rows=80, seed=0):
    return np.random.default_rng(seed).normal(size=(n_rows, 12))


def test_training_goes_on_while_it_helps_and_no_longer():
    on_curve = DenseAutoencoder(1, random_state=0).fit(curved())
    on_noise = DenseAutoencoder(4, random_state=0).fit(noise())
    n_steps = [on_curve.n_iter_ * 4, on_noise.n_iter_ * 2]
    assert n_steps[0] > 1000 > 400 > n_steps[1]


def test_new_rows_of_noise_fare_hardly_worse_than_by_components():
    X, new = noise(), noise(seed=1)
    pca = PCA(4).fit(X)
    linear = ((new - pca.inverse_transform(pca.transform(new))) ** 2).mean()
    model = DenseAutoencoder(4, random_state=0).fit(X)
    assert -model.score_samples(new).mean() < 1.05 * linear
    given = DenseAutoencoder(4, max_epochs=1000, learning_rate=7e-3, random_state=0)
    assert -given.fit(X).score_samples(new).mean() > 1.2 * linear


def test_a_given_number_of_epochs_is_kept():
    model = DenseAutoencoder(2, max_epochs=7, random_state=0).fit(cancer())
    assert model.n_iter_ == 7
    assert max(model.history_[:, "learning_rate"]) <= 1e-3


def test_all_rows_are_learnt_from():
    seen = []

    class Spy(Callback):
        def on_batch_begin(self, net, batch=None, training=None, **kwargs):
            seen.append(len(batch[0]) * training)

    X = cancer()[:100]
    model = DenseAutoencoder(2, callbacks=[Spy()], random_state=0).fit(X)
    assert sum(seen) == 100 * model.n_iter_


def test_held_out_rows_have_no_part_in_the_start(monkeypatch):
    """Or they would be reconstructed best before any training."""
    starts = []
    start = DenseAutoencoder._start

    def spy(self, data, rows):
        starts.append(len(rows))
        start(self, data, rows)

    monkeypatch.setattr(DenseAutoencoder, "_start", spy)
    DenseAutoencoder(2, random_state=0).fit(cancer()[:100])
    assert starts == [80] * 5 + [100]
    starts.clear()
    DenseAutoencoder(2, early_stopping=True, max_epochs=2, random_state=0).fit(
        cancer()[:100]
    )
    assert starts == [85]


def test_many_rows_are_held_out_once(monkeypatch):
    starts = []
    start = DenseAutoencoder._start
    monkeypatch.setattr(
        DenseAutoencoder,
        "_start",
        lambda self, data, rows: (starts.append(len(rows)), start(self, data, rows)),
    )
    X = load_digits().data[:, 20:30] / 16
    DenseAutoencoder(2, random_state=0).fit(X)
    assert starts == [1797 - 270, 1797]


def test_a_rate_that_explodes_is_lowered():
    X = 3000 * cancer()[:60]
    model = DenseAutoencoder(2, random_state=0).fit(X)
    assert not model.diverged_
    assert max(model.history_[:, "learning_rate"]) <= RATES[0]
    with pytest.warns(ConvergenceWarning, match="diverged"):
        DenseAutoencoder(
            2, optimizer="sgd", learning_rate=1e8, max_epochs="auto", random_state=0
        ).fit(X)


@pytest.mark.parametrize("n_rows", [1, 2, 9, 10, 12])
def test_few_rows(n_rows):
    model = DenseAutoencoder(1, random_state=0).fit(noise(n_rows))
    assert np.isfinite(model.transform(noise(n_rows))).all()


def test_rows_given_for_validation_say_when_to_stop():
    X = noise(120)
    model = DenseAutoencoder(4, random_state=0).fit(X[:80], X_val=X[80:])
    losses = np.array(model.history_[:, "valid_reconstruction"])
    found = -model.score_samples(X[80:]).mean()
    assert found == pytest.approx(losses.min(), rel=1e-3)
    assert model.n_iter_ < epochs_for(80, 64)


def test_without_early_stopping_the_budget_is_used_up():
    model = DenseAutoencoder(2, early_stopping=False, random_state=0).fit(noise())
    assert model.n_iter_ == epochs_for(80, 64) == 1000


def test_early_stopping_keeps_the_best_without_a_second_training():
    model = DenseAutoencoder(2, early_stopping=True, random_state=0).fit(noise())
    assert "valid_loss" in model.history_[-1]


def test_data_sets_find_the_same_length():
    X = cancer()[:150]
    found = [DenseAutoencoder(2, random_state=0).fit(data) for data in (X, Items(X))]
    assert found[0].n_iter_ == found[1].n_iter_
    np.testing.assert_allclose(*(one.transform(X) for one in found), atol=1e-5)


def test_compositions_find_the_length_of_the_recipe():
    X = noise()
    network = DenseNetwork((64, 64), linear_path="pca")
    composed = Autoencoder(4, network=network, random_state=0).fit(X)
    recipe = DenseAutoencoder(4, linear_path="pca", random_state=0).fit(X)
    assert composed.n_iter_ == recipe.n_iter_ < 100
    np.testing.assert_array_equal(composed.transform(X), recipe.transform(X))


def test_compositions_with_penalties_train_for_a_hundred_epochs():
    X = noise()
    objective = Objective(penalties=[("moments", MomentMatching(weight=0.1))])
    found = Autoencoder(2, objective=objective, random_state=0).fit(X)
    given = clone(found).set_params(max_epochs=100, learning_rate=1e-3).fit(X)
    assert found.n_iter_ == 100
    np.testing.assert_array_equal(found.transform(X), given.transform(X))


@pytest.mark.parametrize(
    "network",
    [
        RecurrentNetwork(8, linear_path="pca"),
        ConvolutionalNetwork((4,), linear_path="pca"),
    ],
)
def test_compositions_of_sequences_are_not_far_above_pca(network):
    X, new = (noise(40, seed)[..., None] for seed in (0, 1))
    pca = PCA(4).fit(X[..., 0])
    linear = (
        (new[..., 0] - pca.inverse_transform(pca.transform(new[..., 0]))) ** 2
    ).mean()
    model = Autoencoder(4, network=network, random_state=0).fit(X)
    assert -model.score_samples(new).mean() < 1.05 * linear


def test_streams_cannot_be_held_out_and_train_for_the_whole_budget():
    model = DenseAutoencoder(1, random_state=0).fit(Stream(cancer()[:1000, :3]))
    assert model.n_iter_ == epochs_for(569, 64)


def test_a_stacked_search_finds_what_lone_fits_find(fewer_steps):
    X = cancer().astype(np.float64)[:120]
    models = [DenseAutoencoder(k, random_state=0) for k in (1, 3)]
    alone = [skae.DenseAutoencoder(k, random_state=0).fit(X) for k in (1, 3)]
    with skae.stacked():
        together = Parallel(2)(delayed(model.fit)(X) for model in models)
    for one, other in zip(alone, together, strict=True):
        assert one.n_iter_ == other.n_iter_
        assert one.score(X) == pytest.approx(other.score(X), abs=1e-6)


def test_penalties_that_change_use_up_the_budget():
    beta = LinearWarmup(50, final=1.0)
    model = VAE(beta=beta, random_state=0).fit(cancer()[:20])
    assert model.n_iter_ == epochs_for(20, 64)


def test_the_loss_of_drawn_codes_tells_the_length():
    train, test = cancer()[:60], cancer()[60:]
    model = VAE(1, random_state=0).fit(train)
    assert model.n_iter_ < epochs_for(60, 64)
    long = clone(model).set_params(max_epochs=epochs_for(60, 64), learning_rate=7e-3)
    assert model.elbo(test).mean() > long.fit(train).elbo(test).mean()


def test_a_given_length_starts_slowly_where_codes_tell_little():
    """A cube is equally wide in all directions: at first, no code is worth its cost."""
    X = make_cube_surface(250, random_state=0)
    settings = {"max_epochs": 300, "learning_rate": 0.01, "random_state": 0}
    model = VAE(2, **settings).fit(X)
    weights = model.history_[:, "kl_weight"]
    assert weights[0] == 0 < weights[1] < 1
    assert set(weights[150:]) == {1.0}
    assert model.active_units_.all()
    assert model.score(X) > 0.9


def test_a_given_length_has_its_weights_from_the_start_otherwise():
    cube = make_cube_surface(100, random_state=0)
    for settings, X in [
        ({}, cancer()[:100]),
        ({"early_stopping": True}, cube),
        ({"beta": LinearWarmup(1)}, cube),
    ]:
        model = VAE(2, max_epochs=4, random_state=0, **settings).fit(X)
        assert model.history_[1, "kl_weight"] == 1.0


@pytest.mark.parametrize("fraction", [0.001, 0.15, 0.999])
def test_any_share_holds_some_rows_out_and_keeps_some(fraction):
    (part,) = parts_of(1000, fraction, seed=0)
    assert 1 <= len(part) < 1000
    assert 1 <= len(kept_beside(part, 1000, gap=60)) < 1000


def test_neighbours_of_held_out_sequences_are_left_out():
    parts = parts_of(100, 0.15, seed=0, is_ordered=True)
    assert parts[1].tolist() == list(range(20, 40))
    kept = kept_beside(parts[1], 100, gap=9)
    assert kept.tolist() == [*range(15), *range(45, 100)]


def test_lower_rates_are_tried_where_training_does_not_help():
    X = noise(60)
    model = DenseAutoencoder(11, random_state=0).fit(X * 1e-3)
    pca = PCA(11).fit(X)
    linear = ((X - pca.inverse_transform(pca.transform(X))) ** 2).mean()
    assert model.score(X * 1e-3) > 1 - 1.5 * linear / X.var()


def test_schedulers_move_the_rate_while_the_length_is_found(monkeypatch):
    trained = []
    monkeypatch.setattr(
        _length,
        "train_each",
        lambda nets, rows, **kwargs: (
            trained.extend(nets),
            stacking.train_each(nets, rows, **kwargs),
        ),
    )
    schedule = LRScheduler("StepLR", step_size=5, gamma=0.5)
    DenseAutoencoder(1, callbacks=[schedule], random_state=0).fit(curved(60))
    assert len(trained) == 5
    for net in trained:
        assert net.optimizer_.param_groups[0]["lr"] < RATES[0]


def test_a_fit_that_is_interrupted_while_it_finds_out_has_no_network(monkeypatch):
    model = DenseAutoencoder(2, warm_start=True, random_state=0)

    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(_length, "train_each", interrupt)
    with pytest.raises(KeyboardInterrupt):
        model.fit(noise())
    assert not hasattr(model, "net_")


def test_warm_starts_go_on():
    model = DenseAutoencoder(2, warm_start=True, random_state=0).fit(noise())
    before = model.n_iter_
    assert model.fit(noise()).n_iter_ > before


def test_parts_hold_out_every_row_once():
    parts = parts_of(103, 0.15, seed=0)
    assert [len(part) for part in parts] == [21, 21, 21, 20, 20]
    assert sorted(torch.cat(parts).tolist()) == list(range(103))
    (part,) = parts_of(2000, 0.15, seed=0)
    assert len(part) == 300


def test_the_earliest_epoch_of_about_the_smallest_losses():
    steep = [[3.0, 2.0, 1.0, 2.0], [3.1, 2.1, 1.1, 2.2]]
    assert best_epoch(steep) == 3
    unsure = [[1.0, 0.2, 1.0], [1.0, 1.9, 1.0], [1.0, 0.8, 1.0]]
    assert best_epoch(unsure) == 1
    assert best_epoch([[np.nan, 2.0, 1.0]]) == 3
    assert best_epoch([[np.inf, np.nan]]) == 1


@pytest.mark.parametrize("n_rows", [1, 7, 64, 65, 80, 133, 1000, 1001])
def test_batches_are_about_even(n_rows):
    size = even_batches(n_rows, 64)
    assert size <= 64
    n_batches = -(-n_rows // size)
    assert n_batches == -(-n_rows // 64)
    assert n_rows - (n_batches - 1) * size > 0


# --- averages of weights ------------------------------------------------------------


class Weights(Callback):
    """Keep the weights after every step of the last training."""

    def on_train_begin(self, net, **kwargs):
        self.after_ = []

    def on_batch_end(self, net, training=False, **kwargs):
        if training:
            self.after_.append(flat_weights(net))


def flat_weights(net):
    parameters = net.module_.parameters()
    return torch.cat([weight.detach().flatten() for weight in parameters])


def weights_of(**settings):
    """Return the weights after every step, and those that a fit ends with."""
    X = curved(40).astype(np.float32)
    model = DenseAutoencoder(
        1, callbacks=[("weights", Weights())], random_state=0, **settings
    ).fit(X)
    return dict(model.net_.callbacks_)["weights"].after_, flat_weights(model.net_)


def test_a_fit_that_finds_its_length_ends_with_averages_of_late_weights():
    after, last = weights_of(learning_rate=7e-3)
    mean = after[0].double()
    for t, weights in enumerate(after[1:], start=2):
        mean = mean + 10 / (t + 9) * (weights.double() - mean)
    np.testing.assert_allclose(last, mean, rtol=1e-4, atol=1e-6)
    assert (last - after[-1]).abs().max() > 1e-5


def test_a_fit_of_given_length_ends_with_its_last_weights():
    after, last = weights_of(max_epochs=5)
    torch.testing.assert_close(last, after[-1], rtol=0, atol=0)
