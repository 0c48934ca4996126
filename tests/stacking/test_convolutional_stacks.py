"""A convolutional member of a stack ends as it would have ended alone."""

import numpy as np
import pytest
from helpers import models
from helpers.data import low_rank
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from instances import name_of
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from twins import assert_stacked_like_alone, assert_twins

import skae
from skae import MMDVAE, VAE, DenseAutoencoder, fit_stack, stacked
from skae.bottlenecks import PointBottleneck
from skae.networks import ConvolutionalNetwork
from skae.noise import GaussianNoise, MaskingNoise, SNRNoise
from skae.objectives import (
    MMD,
    AbsoluteError,
    Huber,
    KLDivergence,
    L1Activity,
    MomentMatching,
)
from skae.schedules import LinearWarmup
from skae.stacking.layers._convolutional import StackedConvolutional
from skae.stacking.layers._linear import Memory
from skae.stacking.training._member import Member
from skae.stacking.training._stack import Stack
from skae.training._sources import ArraySource, Rows

pytestmark = [
    pytest.mark.filterwarnings("ignore::skae.exceptions.OutOfRangeWarning"),
    pytest.mark.filterwarnings("ignore::skae.exceptions.CollapseWarning"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

IMAGES, COLOURS, SEQUENCES = (1, 6, 5), (3, 5, 4), (7, 2)


def events(shape, n_samples=21, seed=0, holes=False):
    """Return smooth images or sequences, with holes if asked for."""
    rng = np.random.default_rng(seed)
    X = 0.3 * rng.normal(size=(n_samples, *shape)).cumsum(-1 if len(shape) > 2 else 1)
    if holes:
        within = X if len(shape) > 2 else X[:, :-1]  # else sequences end there
        within[rng.uniform(size=within.shape) < 0.2] = np.nan
    return X


def composed(*penalties, network=None, **params):
    network = ConvolutionalNetwork(**{"channels": (2, 3), **(network or {})})
    own = {"network": network, "batch_size": 8, "random_state": 0}
    return models.composed(*penalties, **{**own, **params})


def mixed(base):
    """Return fits of different sizes, epochs, rates and seeds."""
    n_layers = len(base.network.channels)
    own = zip((1, 3, 2), (2, 4, 1), (2, 3, 2), (1e-2, 3e-3, 1e-2), strict=True)
    mixed = []
    for k, n_channels, epochs, rate in own:
        model = clone(base).set_params(
            n_components=k,
            max_epochs=epochs,
            learning_rate=rate,
            random_state=epochs,
            network__channels=tuple(range(n_channels, n_channels + n_layers)),
        )
        if base.network.hidden_size is not None:
            model.set_params(network__hidden_size=n_channels + 1)
        mixed.append(model)
    return mixed


def assert_in_one_stack(base, shape, groups, **params):
    Xs = [events(shape, n, seed=i, **params) for i, n in enumerate((21, 9, 21))]
    together = assert_stacked_like_alone(mixed(base), Xs, rtol=1e-7)
    assert groups() == ([[3]], [0])
    return together


ROW_SHAPES = [IMAGES, COLOURS, SEQUENCES]
SHAPES = pytest.mark.parametrize("shape", ROW_SHAPES, ids=str)
NETWORKS = [
    {},
    {"channels": ()},
    {"channels": (1, 1, 1), "kernel_size": 2},
    {"kernel_size": 5, "hidden_size": 3},
    {"kernel_size": 1, "activation": "relu"},
    {"activation": "softplus", "output_activation": "sigmoid"},
    {"linear_path": "pca", "hidden_size": 3, "output_activation": "softplus"},
]


@SHAPES
@pytest.mark.parametrize("network", NETWORKS, ids=repr)
def test_networks_are_as_alone(network, shape, groups):
    base = composed(network=network, max_grad_norm=1.0)
    if not base.network.channels:
        base.set_params(network__activation="tanh")
    assert_in_one_stack(base, shape, groups)


@SHAPES
def test_a_start_from_principal_components_is_as_alone(shape, groups):
    # There gradients are rounding errors, which Adam makes steps of: a lone fit to data
    # that differ in their last bits ends as far away.
    models, X = mixed(composed(network={"linear_path": "pca"})), events(shape)
    together = assert_stacked_like_alone(models, [X] * 3, rtol=1e-5)
    for ours, model in zip(together, models, strict=True):
        assert ours.score(X) == pytest.approx(model.fit(X).score(X), abs=1e-8)
    assert groups() == ([[3]], [0])


BASES = [
    composed(optimizer="rmsprop", bottleneck=PointBottleneck("sigmoid")),
    composed(KLDivergence(LinearWarmup(2, final=0.1)), bottleneck="gaussian"),
    composed(KLDivergence(0.01), MMD(0.1), bottleneck="gaussian", weight_decay=0.1),
    composed(L1Activity(0.1), bottleneck=PointBottleneck("softplus", noise="snr")),
    composed(MomentMatching(0.1), reconstruction=Huber(0.5)),
    composed(input_noise=GaussianNoise(0.2), reconstruction=AbsoluteError()),
    composed(reconstruction="gaussian", network={"hidden_size": 2}),
    composed(
        KLDivergence(0.01),
        bottleneck="gaussian",
        input_noise="masking",
        network={"linear_path": "pca"},
    ),
    composed(input_noise=SNRNoise(10), optimizer="adam"),
    composed(input_noise=MaskingNoise(0.3), optimizer="sgd"),
]


@SHAPES
@pytest.mark.parametrize("base", BASES, ids=name_of)
def test_objectives_and_noises_are_as_alone(base, shape, groups):
    assert_in_one_stack(base, shape, groups)


@SHAPES
@pytest.mark.parametrize(
    "base",
    [
        composed(),
        composed(missing_indicator=True),
        composed(missing_indicator=True, network={"linear_path": "pca"}),
        composed(input_noise="gaussian", network={"linear_path": "pca"}),
        composed(KLDivergence(0.1), bottleneck="gaussian", reconstruction="huber"),
        composed(input_noise="masking", missing_indicator=True),
    ],
    ids=name_of,
)
def test_rows_with_holes_are_as_alone(base, shape, groups):
    assert_in_one_stack(base, shape, groups, holes=True)


@pytest.mark.parametrize("shape", [*ROW_SHAPES, (1, 1, 5), (4, 1, 1), (1, 4)], ids=str)
@pytest.mark.parametrize("n_samples", [9, 1])
def test_batches_of_one_row_are_as_alone(n_samples, shape, groups):
    Xs = [events(shape, n_samples, seed=i) for i in range(3)]
    assert_stacked_like_alone(mixed(composed()), Xs, rtol=1e-7)
    assert groups() == ([[3]], [0])


def test_sequences_of_unequal_length_are_as_alone(groups):
    X = events(SEQUENCES)
    X[::3, -2:] = np.nan
    base = composed(network={"linear_path": "pca"})
    assert_stacked_like_alone(mixed(base), [X] * 3, rtol=1e-7)
    assert groups() == ([[3]], [0])


@pytest.mark.parametrize("estimator", [VAE, MMDVAE])
def test_named_estimators_are_as_alone(estimator, groups):
    network = ConvolutionalNetwork((2, 3), image_shape=(3, 2))
    settings = {"network": network, "batch_size": 16}
    models = mixed(estimator(**settings))
    assert_stacked_like_alone(models, [low_rank(n) for n in (30, 17, 30)], rtol=1e-7)
    assert groups() == ([[3]], [0])


def test_early_stopping_is_as_alone(groups):
    models = [m.set_params(max_epochs=12) for m in mixed(composed())]
    for patience, model in enumerate(models, start=1):
        model.set_params(early_stopping=True, tol=0.02, n_iter_no_change=patience)
    Xs = [events(IMAGES, n, seed=n) for n in (22, 23, 22)]
    together = assert_stacked_like_alone(models, Xs, rtol=1e-7)
    assert len({model.n_iter_ for model in together}) > 1
    assert groups() == ([[3]], [0])


@pytest.mark.parametrize("holes", [False, True])
def test_validation_data_are_as_alone(holes, groups):
    models = mixed(composed(network={"hidden_size": 3}))
    X, X_val = events(IMAGES, holes=holes), events(IMAGES, 13, seed=5, holes=holes)
    alone = [clone(m).fit(X, X_val=X_val) for m in models]
    with stacked():
        together = Parallel()(delayed(m.fit)(X, X_val=X_val) for m in models)
    for ours, theirs in zip(together, alone, strict=True):
        assert_twins(ours, theirs, 1e-7)
        assert "valid_loss" in ours.history_[-1]
    assert groups() == ([[3]], [0])


def test_a_diverged_member_keeps_its_last_good_weights():
    base = composed(learning_rate_schedule="constant", optimizer="sgd")
    models = mixed(base)
    models[1].set_params(learning_rate=1e9)
    together = assert_stacked_like_alone(models, [events(COLOURS)] * 3, rtol=1e-7)
    assert [model.diverged_ for model in together] == [False, True, False]


def test_float32_is_as_alone_up_to_its_rounding(groups):
    models, X = mixed(composed()), events(IMAGES).astype(np.float32)
    alone = [clone(m).fit(X) for m in models]
    together = fit_stack(map(clone, models), [X] * 3)
    for ours, theirs in zip(together, alone, strict=True):
        assert_twins(ours, theirs, 1e-4)
        assert ours.score(X) == pytest.approx(theirs.score(X), abs=1e-3)
    assert groups() == ([[3]], [0])


def test_fits_go_on_afterwards_and_are_saved(tmp_path):
    models, X = mixed(composed(network={"linear_path": "pca"})), events(COLOURS)
    together = assert_stacked_like_alone(models, [X] * 3)
    together[1].save(tmp_path / "model.safetensors")
    same = skae.load(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(same.transform(X), together[1].transform(X))
    alone = clone(models[1]).fit(X)
    assert_twins(together[1].partial_fit(X), alone.partial_fit(X), 1e-7)


def test_a_search_over_channels_and_codes(groups):
    search = GridSearchCV(
        composed(max_epochs=2),
        {"network__channels": ["2-3", "4-2", "1-5"], "n_components": [1, 2, 3]},
        cv=3,
        refit=False,
    )
    X = events(IMAGES, 30)
    alone = clone(search).fit(X).cv_results_["mean_test_score"]
    with stacked(n_jobs=64):
        together = search.fit(X).cv_results_["mean_test_score"]
    np.testing.assert_allclose(together, alone, atol=1e-9)
    (stacks,), _ = groups()
    assert sum(stacks) == 27


def small(**network):
    return composed(max_epochs=1, network=network)


APART = [
    (small(), small(channels=(2,))),
    (small(), small(kernel_size=2)),
    (small(), small(hidden_size=2)),
    (small(), small(activation="relu")),
    (small(), small(output_activation="tanh")),
    (small(), small(linear_path="pca")),
    (small(), DenseAutoencoder(max_epochs=1, random_state=0)),
]


@pytest.mark.parametrize("pair", APART, ids=range(len(APART)))
def test_networks_of_other_kinds_train_apart(pair, groups):
    fit_stack(pair, [low_rank(12)] * 2)
    assert groups() == ([[]], [2])


def test_events_of_other_shapes_train_apart(groups):
    shapes = [IMAGES, (1, 6, 4), COLOURS, (7, 2), (7, 1)]
    Xs = [*map(events, shapes), events(IMAGES, holes=True)]
    fit_stack([small() for _ in Xs], Xs)
    assert groups() == ([[]], [6])


def memories(part, seen):
    """Yield all `Memory` that objects hold."""
    if id(part) in seen:
        return
    seen.add(id(part))
    if isinstance(part, Memory):
        yield part
    elif isinstance(part, list | tuple):
        for own in part:
            yield from memories(own, seen)
    elif type(part).__module__.startswith("skae."):
        for own in vars(part).values():
            yield from memories(own, seen)


@SHAPES
@pytest.mark.parametrize("network", [{}, {"hidden_size": 9, "linear_path": "pca"}])
def test_the_memory_of_a_stack_is_about_what_is_estimated(network, shape):
    X, network = events(shape, 24), {"channels": (4, 8), **network}
    net = composed(max_epochs=1, network=network).partial_fit(X).net_
    stack = Stack([Member(net, Rows(ArraySource(X)), None, 1) for _ in range(3)])
    held = list(memories(stack.model.network, set()))
    stack._begin()
    stack._begin_epochs([0, 1, 2])
    stack._step()
    used = sum(memory._flat.numel() for memory in held)
    estimated = 3 * 8 * StackedConvolutional.numbers_of_row(net.module_)
    assert used <= estimated < 1.5 * used


FITS = st.builds(
    lambda channels, network, **params: composed(
        network={"channels": channels, **network}, **params
    ),
    channels=st.lists(st.integers(1, 5), min_size=1, max_size=2).map(tuple),
    network=st.fixed_dictionaries(
        {
            "kernel_size": st.integers(1, 4),
            "hidden_size": st.none() | st.integers(1, 4),
            "activation": st.sampled_from(["silu", "softplus"]),
        }
    ),
    n_components=st.integers(1, 4),
    max_epochs=st.integers(1, 3),
    learning_rate=st.sampled_from([1e-3, 1e-2]),
    weight_decay=st.sampled_from([0.0, 1.0]),
    learning_rate_schedule=st.sampled_from(["one_cycle", "constant"]),
    max_grad_norm=st.sampled_from([None, 0.1]),
    early_stopping=st.booleans(),
    n_iter_no_change=st.integers(1, 2),
    random_state=st.integers(0, 2),
    batch_size=st.sampled_from([4, 16]),
)
MIXES = st.lists(st.tuples(FITS, st.integers(2, 17)), min_size=3, max_size=7)


def check_mix(mix, shape, holes):
    fits, numbers = zip(*mix, strict=True)
    Xs = [events(shape, n, seed=n % 3, holes=holes) for n in numbers]
    assert_stacked_like_alone(fits, Xs, rtol=1e-6)


ROWS = st.sampled_from(ROW_SHAPES)


@seed(0)
@settings(max_examples=5, deadline=None, database=None, phases=[Phase.generate])
@given(MIXES, ROWS, st.booleans())
def test_random_mixes_are_as_alone(mix, shape, holes):
    check_mix(mix, shape, holes)


@pytest.mark.slow
@seed(1)
@settings(
    max_examples=100,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
@given(MIXES, ROWS, st.booleans())
def test_many_random_mixes_are_as_alone(mix, shape, holes):
    check_mix(mix, shape, holes)


@pytest.mark.gpu
@pytest.mark.parametrize(
    "base",
    [
        composed(),
        composed(MMD(0.1), network={"hidden_size": 3}, input_noise="gaussian"),
    ],
    ids=name_of,
)
@pytest.mark.parametrize("holes", [False, True])
def test_the_gpu_stacks_too(base, holes, groups):
    base.set_params(device="cuda")
    assert_in_one_stack(base, COLOURS, groups, holes=holes)
