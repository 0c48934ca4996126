"""A member of a stack ends as it would have ended alone."""

import pickle
from functools import partial

import numpy as np
import pytest
from helpers import models
from helpers.data import low_rank
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from instances import AUTOENCODERS, name_of
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from twins import (
    assert_same_weights,
    assert_stacked_like_alone,
    assert_twins,
)

from skae import VAE, Autoencoder, fit_stack, stacked
from skae.bottlenecks import PointBottleneck
from skae.networks import DenseNetwork
from skae.noise import GaussianNoise, MaskingNoise, SNRNoise, SwapNoise
from skae.objectives import (
    MMD,
    AbsoluteError,
    GaussianPrior,
    Huber,
    KLDivergence,
    L1Activity,
    L2Activity,
    MomentMatching,
    SquaredError,
)
from skae.schedules import Cyclic, LinearWarmup, Schedule

# Fits are short, and their data not scaled: what they warn of is not at stake here.
pytestmark = [
    pytest.mark.filterwarnings("ignore::skae.exceptions.OutOfRangeWarning"),
    pytest.mark.filterwarnings("ignore::skae.exceptions.CollapseWarning"),
]

ACTIVATIONS = [
    "elu",
    "exp",
    "gelu",
    "identity",
    "leaky_relu",
    "logistic",
    "relu",
    "silu",
    "softplus",
    "tanh",
]


def mixed(base):
    """Return four fits of different sizes, epochs, rates and seeds, and data."""
    sizes = [(1, (5,)), (3, (7,)), (2, (4,)), (6, (5,))]
    own = zip(sizes, (3, 5, 2, 5), (1e-3, 1e-2, 3e-3, 1e-2), (0, 1, 0, 3), strict=True)
    models = []
    for (k, hidden), epochs, rate, random_state in own:
        model = clone(base).set_params(
            n_components=k,
            max_epochs=epochs,
            learning_rate=rate,
            random_state=random_state,
        )
        widths = "hidden_layer_sizes"
        if isinstance(base, Autoencoder):
            widths = f"network__{widths}"
        models.append(model.set_params(**{widths: hidden}))
    return models, [low_rank(n, seed=i) for i, n in enumerate((65, 49, 65, 17))]


dense = partial(models.dense, batch_size=16, linear_path=None)


def composed(*penalties, linear_path=None, **params):
    network = DenseNetwork(linear_path=linear_path)
    return models.composed(*penalties, network=network, batch_size=16, **params)


BASES = [
    dense(),
    dense(learning_rate_schedule="constant"),
    dense(activation="logistic", output_activation="sigmoid"),
    dense(activation="softplus", code_activation="sigmoid"),
    dense(optimizer="sgd", learning_rate_schedule="cosine"),
    dense(optimizer="rmsprop"),
    dense(optimizer="adam", max_grad_norm=0.1, weight_decay=0.1),
    VAE(batch_size=16, linear_path=None),
    VAE(batch_size=16, beta=LinearWarmup(3, final=0.1), linear_path=None),
    composed(KLDivergence(0.1, free_bits=0.3, capacity=0.5), bottleneck="gaussian"),
    composed(KLDivergence(Cyclic(2, final=0.1)), MMD(0.1), bottleneck="gaussian"),
    composed(MMD(0.3)),
    composed(MMD(0.3, kernel="imq", bandwidth=1.3, prior=GaussianPrior(0.5, 2.0))),
    composed(MMD(0.3, prior="uniform"), reconstruction=Huber(0.5)),
    composed(
        MomentMatching(0.1), bottleneck=PointBottleneck("sigmoid", noise=SNRNoise(10))
    ),
    composed(
        L1Activity(0.1),
        L2Activity(0.01),
        bottleneck=PointBottleneck("softplus", noise="gaussian"),
    ),
    # with noise, principal components are no longer a stationary point
    composed(
        KLDivergence(0.01),
        bottleneck="gaussian",
        input_noise="gaussian",
        linear_path="pca",
    ),
    composed(input_noise=GaussianNoise(0.5), linear_path="pca"),
    composed(input_noise=SNRNoise(10), reconstruction=AbsoluteError()),
    composed(input_noise=MaskingNoise(0.2)),
    composed(input_noise=SwapNoise(0.2)),
    composed(input_noise=GaussianNoise(0.2)),
]


@pytest.mark.parametrize("base", BASES, ids=name_of)
def test_members_of_all_kinds_are_as_alone(base, groups):
    assert_stacked_like_alone(*mixed(base), rtol=1e-6)
    assert groups() == ([[4]], [0])


def test_a_start_from_principal_components_is_as_alone(groups):
    # There gradients are rounding errors, which Adam makes steps of: a lone fit to data
    # that differ in their last bits ends as far away.
    models, Xs = mixed(dense(linear_path="pca"))
    together = assert_stacked_like_alone(models, Xs, rtol=1e-2)
    for ours, model, X in zip(together, models, Xs, strict=True):
        assert ours.score(X) == pytest.approx(model.fit(X).score(X), abs=1e-6)
    assert groups() == ([[4]], [0])


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations(activation, groups):
    assert_stacked_like_alone(*mixed(dense(activation=activation)), rtol=1e-6)
    assert groups() == ([[4]], [0])


@pytest.mark.parametrize("hidden", [(), (7, 5), (4, 4, 4)])
def test_depths(hidden, groups):
    models = [dense(n_components=k, hidden_layer_sizes=hidden) for k in (1, 2, 5)]
    models = [m.set_params(max_epochs=3, random_state=0) for m in models]
    assert_stacked_like_alone(models, [low_rank(40)] * 3, rtol=1e-6)
    assert groups() == ([[3]], [0])


@pytest.mark.parametrize(
    "base",
    [
        dense(),
        VAE(batch_size=16, linear_path=None),
        composed(MMD(0.1), reconstruction=SquaredError()),
    ],
    ids=name_of,
)
def test_early_stopping_is_as_alone(base, groups):
    models, _ = mixed(base.set_params(early_stopping=True, tol=0.05))
    for patience, model in enumerate(models, start=1):
        model.set_params(max_epochs=40, n_iter_no_change=patience)
    Xs = [low_rank(n, seed=n) for n in (70, 71, 70, 69)]
    together = assert_stacked_like_alone(models, Xs, rtol=1e-6)
    assert len({model.n_iter_ for model in together}) > 1
    assert groups() == ([[4]], [0])


def test_validation_data_are_as_alone():
    model = dense(early_stopping=False, max_epochs=4, random_state=0)
    models = [clone(model).set_params(n_components=k) for k in (1, 2, 3)]
    X, X_val = low_rank(50), low_rank(21, seed=5)
    alone = [clone(m).fit(X, X_val=X_val) for m in models]
    with stacked():
        together = Parallel()(delayed(m.fit)(X, X_val=X_val) for m in models)
    for ours, theirs in zip(together, alone, strict=True):
        assert_twins(ours, theirs, 1e-6)
        assert "valid_loss" in ours.history_[-1]


def test_a_diverged_member_keeps_its_last_good_weights(groups):
    base = dense(learning_rate_schedule="constant", max_epochs=8, random_state=0)
    models = [clone(base).set_params(learning_rate=r) for r in (1e-3, 1e9, 1e-3, 30.0)]
    with pytest.warns(ConvergenceWarning, match="diverged"):
        together = assert_stacked_like_alone(models, [low_rank()] * 4)
    assert [model.diverged_ for model in together][:3] == [False, True, False]
    assert groups() == ([[4]], [0])


class Late(Schedule):
    """A weight that makes any loss explode, from the fourth epoch on."""

    def __call__(self, epoch, n_epochs=None):
        return 0.0 if epoch < 3 else 1e15


def test_a_member_goes_back_over_a_good_epoch_when_it_diverges_late():
    base = composed(L2Activity(0.1), max_epochs=6, random_state=0)
    models = [clone(base).set_params(n_components=k) for k in (1, 2, 3)]
    models[1].set_params(objective__penalty_0__weight=Late())
    with pytest.warns(ConvergenceWarning, match="diverged in epoch 4"):
        together = assert_stacked_like_alone(models, [low_rank()] * 3, rtol=1e-6)
    assert [model.diverged_ for model in together] == [False, True, False]


def test_fits_go_on_afterwards():
    models, Xs = mixed(dense())
    together = assert_stacked_like_alone(models, Xs)
    for ours, model, X in zip(together, models, Xs, strict=True):
        alone = clone(model).fit(X)
        restored = pickle.loads(pickle.dumps(ours)).partial_fit(X)
        alone.partial_fit(X)
        assert_same_weights(restored, alone)
        assert_same_weights(ours.partial_fit(X), alone)


def test_float32_is_as_alone_up_to_its_rounding():
    models, Xs = mixed(dense())
    Xs = [X.astype(np.float32) for X in Xs]
    alone = [clone(m).fit(X).score(X) for m, X in zip(models, Xs, strict=True)]
    together = fit_stack(map(clone, models), Xs)
    scores = [model.score(X) for model, X in zip(together, Xs, strict=True)]
    np.testing.assert_allclose(scores, alone, atol=1e-3)


def test_stacks_as_small_as_memory_allows(groups):
    models, Xs = mixed(dense())
    one = assert_stacked_like_alone(models, Xs)
    two = fit_stack(map(clone, models), Xs, max_members=2)
    for a, b in zip(one, two, strict=True):
        assert_twins(a, b)
    assert groups()[0] == [[4], [2, 2]]


@pytest.mark.gpu
@pytest.mark.parametrize(
    "base",
    [
        dense(),
        VAE(batch_size=16, linear_path=None),
        composed(
            MMD(0.1), bottleneck=PointBottleneck(noise="snr"), input_noise="masking"
        ),
    ],
    ids=name_of,
)
def test_the_gpu_stacks_too(base, groups):
    assert_stacked_like_alone(*mixed(base.set_params(device="cuda")), rtol=1e-6)
    assert groups() == ([[4]], [0])


@pytest.mark.parametrize("model", AUTOENCODERS, ids=name_of)
def test_every_estimator_is_as_alone_whether_it_stacks_or_not(model):
    models = [clone(model).set_params(random_state=s, max_epochs=2) for s in (0, 1, 1)]
    alone = [clone(m).fit(low_rank(40)) for m in models]
    together = fit_stack(models, [low_rank(40)] * 3)
    for ours, theirs in zip(together, alone, strict=True):
        assert_same_weights(ours, theirs)
        assert ours.n_iter_ == theirs.n_iter_


SIZES = st.lists(st.integers(1, 9), min_size=1, max_size=1).map(tuple)
FITS = st.builds(
    dense,
    n_components=st.integers(1, 6),
    hidden_layer_sizes=SIZES,
    max_epochs=st.integers(1, 4),
    learning_rate=st.sampled_from([1e-3, 1e-2, 3e-2]),
    weight_decay=st.sampled_from([0.0, 0.01, 1.0]),
    learning_rate_schedule=st.sampled_from(["one_cycle", "constant", "cosine"]),
    max_grad_norm=st.sampled_from([None, 0.1, 1.0]),
    early_stopping=st.booleans(),
    n_iter_no_change=st.integers(1, 2),
    random_state=st.integers(0, 2),
    batch_size=st.sampled_from([8, 16, 100]),
)
MIXES = st.lists(st.tuples(FITS, st.integers(1, 40)), min_size=2, max_size=7)


def check_mix(mix):
    models, numbers = zip(*mix, strict=True)
    assert_stacked_like_alone(models, [low_rank(n, seed=n % 3) for n in numbers])


@seed(0)
@settings(max_examples=12, deadline=None, database=None, phases=[Phase.generate])
@given(MIXES)
def test_random_mixes_are_as_alone(mix):
    check_mix(mix)


@pytest.mark.slow
@seed(1)
@settings(
    max_examples=100,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
@given(MIXES)
def test_many_random_mixes_are_as_alone(mix):
    check_mix(mix)
