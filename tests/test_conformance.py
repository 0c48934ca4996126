"""What every autoencoder and every part promises, over the one list of instances."""

import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from instances import (
    AUTOENCODERS,
    BOTTLENECKS,
    DETERMINISTIC,
    NETWORKS,
    NOISES,
    PENALTIES,
    RECONSTRUCTIONS,
    SCHEDULES,
    name_of,
)
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

from skae.bottlenecks import Latent

# Instances are trained for a few epochs only, too few for some codes to come alive.
pytestmark = pytest.mark.filterwarnings("ignore::skae.CollapseWarning")

each_autoencoder = pytest.mark.parametrize("autoencoder", AUTOENCODERS, ids=name_of)


def data(n_samples=50, n_features=6, dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    factors = rng.normal(size=(n_samples, 2))
    X = factors @ rng.normal(size=(2, n_features))
    return (X + 0.1 * rng.normal(size=X.shape)).astype(dtype)


def fitted(autoencoder, X, **params):
    return clone(autoencoder).set_params(random_state=0, **params).fit(X)


@pytest.mark.usefixtures("numpy_state_restored")
@parametrize_with_checks(AUTOENCODERS)
def test_scikit_learn_contract(estimator, check):
    check(estimator)


@each_autoencoder
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_shapes_and_dtypes(autoencoder, dtype):
    X = data(dtype=dtype)
    model = fitted(autoencoder, X)
    Z = model.transform(X)
    assert Z.shape == (50, model.n_components)
    assert model.score_samples(X).shape == (50,)
    for array in (Z, model.reconstruct(X), model.inverse_transform(Z)):
        assert array.dtype == dtype
    assert model.reconstruct(X).shape == model.inverse_transform(Z).shape == X.shape


@each_autoencoder
def test_the_reconstruction_is_the_decoded_code(autoencoder):
    X = data()
    model = fitted(autoencoder, X)
    np.testing.assert_allclose(
        model.reconstruct(X), model.inverse_transform(model.transform(X)), atol=1e-12
    )


@each_autoencoder
def test_same_seed_same_result(autoencoder):
    X = data()
    first, second = fitted(autoencoder, X), fitted(autoencoder, X)
    other = clone(autoencoder).set_params(random_state=1).fit(X)
    np.testing.assert_array_equal(first.transform(X), second.transform(X))
    assert not np.allclose(first.transform(X), other.transform(X))


@each_autoencoder
def test_the_global_random_state_does_not_matter(autoencoder):
    X = data()
    expected = fitted(autoencoder, X).transform(X)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1234)
        np.testing.assert_array_equal(fitted(autoencoder, X).transform(X), expected)


@each_autoencoder
def test_transform_does_not_depend_on_the_other_rows(autoencoder):
    X = data()
    model = fitted(autoencoder, X)
    one_by_one = np.vstack([model.transform(X[[i]]) for i in range(len(X))])
    np.testing.assert_allclose(model.transform(X), one_by_one, atol=1e-12)


@each_autoencoder
def test_pickles_predict_alike_and_can_be_trained_on(autoencoder):
    X = data()
    model = fitted(autoencoder, X)
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.transform(X), model.transform(X))
    np.testing.assert_array_equal(
        copy.partial_fit(X).transform(X), model.partial_fit(X).transform(X)
    )


@each_autoencoder
def test_data_frames_in_and_out(autoencoder):
    X = pd.DataFrame(data(), columns=list("abcdef"))
    model = clone(autoencoder).set_params(random_state=0)
    Z = model.set_output(transform="pandas").fit_transform(X)
    prefix = type(autoencoder).__name__.lower()
    names = [f"{prefix}{i}" for i in range(model.n_components)]
    assert list(Z.columns) == list(model.get_feature_names_out()) == names
    assert list(model.feature_names_in_) == list("abcdef")
    assert Z.index.equals(X.index)


@each_autoencoder
@pytest.mark.parametrize(
    "X",
    [
        data(n_samples=1),
        data(n_samples=2),
        data(n_samples=33),  # one row in the last batch
        data(n_features=1),
        np.ones((20, 3)),
        data().tolist(),
        data().astype(int),
    ],
    ids=["one row", "two rows", "33 rows", "one column", "constant", "lists", "ints"],
)
def test_unusual_data(autoencoder, X):
    model = fitted(autoencoder, X, batch_size=32)
    assert np.isfinite(model.transform(X)).all()
    assert np.isfinite(model.score(X))
    assert not model.diverged_


@each_autoencoder
def test_history_has_a_finite_row_per_epoch(autoencoder):
    model = fitted(autoencoder, data())
    losses = model.history_[:, "train_loss"]
    assert len(losses) == model.n_iter_ <= model.max_epochs
    assert np.isfinite(losses).all()
    assert "train_reconstruction" in model.history_[-1]
    assert all(rate > 0 for rate in model.history_[:, "learning_rate"])


@each_autoencoder
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused(autoencoder, bad):
    X = data()
    model = fitted(autoencoder, X)
    X[3, 1] = bad
    for method in (clone(autoencoder).fit, model.transform, model.score):
        with pytest.raises(ValueError, match=r"NaN|infinity"):
            method(X)


@each_autoencoder
def test_a_wrong_width_is_refused(autoencoder):
    model = fitted(autoencoder, data())
    with pytest.raises(ValueError, match="expecting 6 features"):
        model.transform(data(n_features=4))
    with pytest.raises(ValueError, match="n_components"):
        model.inverse_transform(np.ones((3, model.n_components + 1)))


@each_autoencoder
@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"n_components": 0}, "'n_components' parameter"),
        ({"batch_size": 0}, "'batch_size' parameter"),
        ({"learning_rate": -1.0}, "'learning_rate' parameter"),
        ({"optimizer": "adm"}, "Did you mean 'adam'"),
        ({"learning_rate_schedule": "cyclic"}, "'one_cycle'"),
        ({"output_activation": "sigmod"}, "Did you mean 'sigmoid'"),
        ({"device": "toaster"}, "device='toaster'"),
    ],
)
def test_bad_parameters_are_named(autoencoder, params, match):
    if not params.keys() <= autoencoder.get_params().keys():
        pytest.skip("a parameter of its network")
    with pytest.raises(ValueError, match=match):
        fitted(autoencoder, data(), **params)


@each_autoencoder
def test_numpy_integers_are_integers(autoencoder):
    X = data()
    numbers = {
        name: np.int64(value)
        for name, value in autoencoder.get_params(deep=False).items()
        if isinstance(value, int) and not isinstance(value, bool)
    }
    model = fitted(autoencoder, X, **numbers)
    np.testing.assert_array_equal(
        model.transform(X), fitted(autoencoder, X).transform(X)
    )


@pytest.mark.gpu
@pytest.mark.parametrize("autoencoder", DETERMINISTIC, ids=name_of)
def test_the_gpu_gives_what_the_cpu_gives(autoencoder):
    X = data()
    on_gpu = fitted(autoencoder, X, device="cuda")
    on_cpu = fitted(autoencoder, X, device="cpu")
    np.testing.assert_allclose(on_gpu.transform(X), on_cpu.transform(X), atol=1e-6)


@pytest.mark.gpu
@each_autoencoder
def test_a_pickle_from_the_gpu_opens_on_the_cpu(autoencoder, monkeypatch):
    X = data()
    model = fitted(autoencoder, X, device="cuda")
    expected = model.transform(X)
    pickled = pickle.dumps(model)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.warns(Warning, match="CUDA"):
        copy = pickle.loads(pickled)
    assert next(copy.net_.module_.parameters()).device.type == "cpu"
    np.testing.assert_allclose(copy.transform(X), expected, atol=1e-6)


# Parts over leading axes: stacked == looped


def tensor(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def assert_stacked_is_looped(function, *stacks):
    stacked = function(*stacks)
    looped = torch.stack([function(*members) for members in zip(*stacks, strict=True)])
    torch.testing.assert_close(stacked, looped)


@pytest.mark.parametrize(("network", "event_shape"), NETWORKS, ids=name_of)
def test_networks_over_leading_axes(network, event_shape):
    with torch.random.fork_rng(devices=[]):
        encoder, decoder = network.build(event_shape, n_components=3)
    x, z = tensor(2, 5, *event_shape), tensor(2, 5, 3)
    assert encoder(x).shape == (2, 5, encoder.out_features)
    assert decoder(z, event_shape).shape == x.shape
    assert_stacked_is_looped(encoder, x)
    assert_stacked_is_looped(lambda z: decoder(z, event_shape), z)


@pytest.mark.parametrize("bottleneck", BOTTLENECKS, ids=name_of)
def test_bottlenecks_over_leading_axes(bottleneck):
    with torch.random.fork_rng(devices=[]):
        module = bottleneck.build(4, n_components=3)
    latent = module(tensor(2, 5, 4))
    for field in bottleneck.provides:
        assert getattr(latent, field).shape == (2, 5, 3)
        assert_stacked_is_looped(
            lambda x, field=field: getattr(module(x), field), tensor(2, 5, 4)
        )


def unit_interval(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("term", RECONSTRUCTIONS, ids=name_of)
def test_reconstruction_terms_over_leading_axes(term):
    x, x_hat = unit_interval(2, 5, 4), unit_interval(2, 5, 4, seed=1)
    weight = unit_interval(2, 5, 4, seed=2)
    assert_stacked_is_looped(term, x, x_hat)
    assert_stacked_is_looped(term, x, x_hat, weight)
    torch.testing.assert_close(term(x, x_hat, torch.ones_like(x)), term(x, x_hat))
    assert (term(x, x_hat) > term(x, x)).all()


@pytest.mark.parametrize("term", RECONSTRUCTIONS, ids=name_of)
def test_entries_without_weight_do_not_count(term):
    x, x_hat = unit_interval(5, 4), unit_interval(5, 4, seed=1)
    weight = torch.ones(5, 4)
    weight[3:] = 0
    torch.testing.assert_close(term(x, x_hat, weight), term(x[:3], x_hat[:3]))


@pytest.mark.parametrize("penalty", PENALTIES, ids=name_of)
def test_penalties_over_leading_axes(penalty):
    def value(mean, log_var):
        return penalty(Latent(mean=mean, sample=mean, log_var=log_var))

    codes = tensor(2, 5, 3), tensor(2, 5, 3, seed=1)
    assert_stacked_is_looped(value, *codes)
    assert value(*codes).shape == (2,)


@pytest.mark.parametrize("noise", NOISES, ids=name_of)
def test_noise_is_drawn_from_the_generator_only(noise):
    module, x = noise.build((3,)), tensor(50, 3)
    torch.testing.assert_close(module(x), x, rtol=0, atol=0)
    draws = [module(x, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1)]
    torch.testing.assert_close(draws[0], draws[1], rtol=0, atol=0)
    assert not torch.equal(draws[0], draws[2])
    assert not torch.equal(draws[0], x)


@pytest.mark.parametrize("noise", NOISES, ids=name_of)
def test_one_row_can_be_noisy_too(noise):
    x = tensor(1, 3)
    noisy = noise.build((3,)).eval()(x, torch.Generator().manual_seed(0))
    assert noisy.shape == x.shape
    assert torch.isfinite(noisy).all()


@pytest.mark.parametrize("schedule", SCHEDULES, ids=name_of)
def test_schedules_rise_from_zero_to_the_final_weight(schedule):
    weights = [schedule(epoch) for epoch in range(12)]
    assert weights[0] == 0.0
    assert max(weights) == schedule.final
    assert all(0 <= weight <= schedule.final for weight in weights)
