"""A recurrent member of a stack ends as it would have ended alone."""

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

from skae import Autoencoder, DenseAutoencoder, LSTMAutoencoder, fit_stack, stacked
from skae.bottlenecks import PointBottleneck
from skae.networks import ConvolutionalNetwork, RecurrentNetwork
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
from skae.stacking.layers._cells import StackedCell
from skae.stacking.layers._recurrent import StackedRecurrent
from skae.stacking.training._member import Member
from skae.stacking.training._stack import Stack
from skae.training._sources import ArraySource, Rows

pytestmark = [
    pytest.mark.filterwarnings("ignore::skae.exceptions.OutOfRangeWarning"),
    pytest.mark.filterwarnings("ignore::skae.exceptions.CollapseWarning"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]


def sequences(
    n_samples=21, seed=0, n_timesteps=4, n_channels=2, missing=False, holes=False
):
    """Return smooth sequences, some of which end early or have holes if asked for."""
    rng = np.random.default_rng(seed)
    X = 0.3 * rng.normal(size=(n_samples, n_timesteps, n_channels)).cumsum(1)
    if missing:
        n_steps = rng.integers(1, n_timesteps + 1, n_samples)
        X[np.arange(n_timesteps) >= n_steps[:, None]] = np.nan
    if holes:
        X[:, 1:-1, 0][rng.uniform(size=X[:, 1:-1, 0].shape) < 0.4] = np.nan
        X[::3, 0] = np.nan if not missing else X[::3, 0]
    return X


def composed(*penalties, network=None, **params):
    network = RecurrentNetwork(**(network or {}))
    own = {"network": network, "batch_size": 8, "random_state": 0}
    return models.composed(*penalties, **{**own, **params})


def mixed(base):
    """Return fits of different sizes, epochs, rates and seeds."""
    prefix = "network__" if isinstance(base, Autoencoder) else ""
    own = zip((1, 3, 2), (5, 3, 6), (2, 3, 2), (1e-2, 3e-3, 1e-2), strict=True)
    return [
        clone(base).set_params(
            n_components=k,
            max_epochs=epochs,
            learning_rate=rate,
            random_state=epochs,
            **{f"{prefix}hidden_size": hidden},
        )
        for k, hidden, epochs, rate in own
    ]


def assert_in_one_stack(base, groups, **params):
    Xs = [sequences(n, seed=i, **params) for i, n in enumerate((21, 9, 21))]
    together = assert_stacked_like_alone(mixed(base), Xs, rtol=1e-7)
    assert groups() == ([[3]], [0])
    return together


NETWORKS = [
    {"cell": cell, **settings}
    for cell in ("lstm", "gru")
    for settings in (
        {},
        {"decoder": "stateful"},
        {"n_layers": 2},
        {"n_layers": 2, "decoder": "stateful", "bidirectional": True},
        {"bidirectional": True, "output_activation": "tanh"},
        {"linear_path": "pca"},
        {"linear_path": "pca", "dense_path": "4-3"},
        {
            "linear_path": "pca",
            "dense_path": (5,),
            "decoder": "stateful",
            "bidirectional": True,
            "cell": "gru",
        },
        {
            "linear_path": "pca",
            "dense_path": (5,),
            "patch_length": 3,
            "n_layers": 2,
            "decoder": "stateful",
            "bidirectional": True,
            "output_activation": "softplus",
        },
        {
            "linear_path": "pca",
            "decoder": "stateful",
            "bidirectional": True,
            "output_activation": "softplus",
        },
    )
]


@pytest.mark.parametrize("network", NETWORKS, ids=repr)
def test_networks_are_as_alone(network, groups):
    assert_in_one_stack(composed(network=network, max_grad_norm=1.0), groups)


FROM_PCA = [
    *({"cell": cell, "patch_length": 3} for cell in ("lstm", "gru")),
    {"dense_path": "4-3", "decoder": "stateful"},
    {"dense_path": (5,), "patch_length": 3, "bidirectional": True, "n_layers": 2},
]


@pytest.mark.parametrize("network", FROM_PCA, ids=repr)
def test_gradients_from_pca_are_as_alone(network, groups):
    # Those through the code are zero at first but for rounding. Adam divides them by
    # their own size; here they stay as small as they are.
    network = {"linear_path": "pca", **network}
    models = mixed(composed(network=network, optimizer="sgd", max_grad_norm=1.0))
    Xs = [sequences(n, seed=n) for n in (21, 9, 21)]
    assert_stacked_like_alone(models, Xs, rtol=1e-12)
    assert groups() == ([[3]], [0])


BASES = [
    LSTMAutoencoder(batch_size=8),
    LSTMAutoencoder(batch_size=8, optimizer="rmsprop", code_activation="sigmoid"),
    composed(KLDivergence(LinearWarmup(2, final=0.1)), bottleneck="gaussian"),
    composed(KLDivergence(0.01), MMD(0.1), bottleneck="gaussian", weight_decay=0.1),
    composed(L1Activity(0.1), bottleneck=PointBottleneck("softplus", noise="snr")),
    composed(MomentMatching(0.1), reconstruction=Huber(0.5)),
    composed(input_noise=GaussianNoise(0.2), reconstruction=AbsoluteError()),
    composed(
        KLDivergence(0.01),
        bottleneck="gaussian",
        input_noise="masking",
        network={"cell": "gru", "linear_path": "pca"},
    ),
    composed(input_noise=SNRNoise(10), optimizer="adam"),
    composed(input_noise=MaskingNoise(0.3), optimizer="sgd"),
]


@pytest.mark.parametrize("base", BASES, ids=name_of)
def test_objectives_and_noises_are_as_alone(base, groups):
    assert_in_one_stack(base, groups)


@pytest.mark.parametrize(
    "base",
    [
        LSTMAutoencoder(batch_size=8),
        composed(
            KLDivergence(0.1),
            network={"cell": "gru", "bidirectional": True, "n_layers": 2},
            bottleneck="gaussian",
            reconstruction="huber",
        ),
        composed(
            network={"bidirectional": True, "decoder": "stateful"},
            input_noise="gaussian",
        ),
        composed(input_noise="masking"),
        composed(input_noise=SNRNoise(10)),
    ],
    ids=name_of,
)
def test_sequences_of_unequal_length_are_as_alone(base, groups):
    assert_in_one_stack(base, groups, missing=True)


@pytest.mark.parametrize("ends", [False, True])
@pytest.mark.parametrize(
    "base",
    [
        LSTMAutoencoder(batch_size=8, bidirectional=True),
        composed(network={"cell": "gru", "linear_path": "pca"}, input_noise="gaussian"),
    ],
    ids=name_of,
)
def test_sequences_with_holes_are_as_alone(base, ends, groups):
    assert_in_one_stack(base, groups, holes=True, missing=ends, n_timesteps=6)


@pytest.mark.parametrize("n_timesteps", [6, 7])
def test_patches_of_sequences_with_holes_are_as_alone(n_timesteps, groups):
    """Whether or not the last patch is a whole one."""
    base = LSTMAutoencoder(batch_size=8, patch_length=3)
    assert_in_one_stack(base, groups, holes=True, n_timesteps=n_timesteps)


def test_windows_are_as_alone(groups):
    models = mixed(LSTMAutoencoder(linear_path=None, batch_size=16, n_channels=2))
    assert_stacked_like_alone(models, [low_rank(n) for n in (30, 17, 30)], rtol=1e-7)
    assert groups() == ([[3]], [0])


def test_early_stopping_is_as_alone(groups):
    base = LSTMAutoencoder(
        batch_size=8, early_stopping=True, tol=0.02, linear_path=None
    )
    models = [m.set_params(max_epochs=12) for m in mixed(base)]
    for patience, model in enumerate(models, start=1):
        model.set_params(n_iter_no_change=patience)
    Xs = [sequences(n, seed=n) for n in (22, 23, 22)]
    together = assert_stacked_like_alone(models, Xs, rtol=1e-7)
    assert len({model.n_iter_ for model in together}) > 1
    assert groups() == ([[3]], [0])


@pytest.mark.parametrize("missing", [False, True])
def test_validation_data_are_as_alone(missing, groups):
    # Hidden layers beside PCA start where gradients are rounding, which Adam scales up.
    models = mixed(LSTMAutoencoder(batch_size=8, dense_path=()))
    X, X_val = sequences(missing=missing), sequences(13, seed=5, missing=missing)
    alone = [clone(m).fit(X, X_val=X_val) for m in models]
    with stacked():
        together = Parallel()(delayed(m.fit)(X, X_val=X_val) for m in models)
    for ours, theirs in zip(together, alone, strict=True):
        assert_twins(ours, theirs, 1e-7)
        assert "valid_loss" in ours.history_[-1]
    assert groups() == ([[3]], [0])


def test_validation_data_of_another_length_are_as_alone(groups):
    models = mixed(LSTMAutoencoder(batch_size=8))
    X, X_val = sequences(), sequences(13, n_timesteps=6)
    alone = [clone(m).fit(X, X_val=X_val) for m in models]
    with stacked():
        together = Parallel()(delayed(m.fit)(X, X_val=X_val) for m in models)
    for ours, theirs in zip(together, alone, strict=True):
        assert_twins(ours, theirs, 1e-7)
    assert groups() == ([], [])


def test_a_diverged_member_keeps_its_last_good_weights():
    base = composed(learning_rate_schedule="constant", optimizer="sgd")
    models = mixed(base)
    models[1].set_params(learning_rate=1e9)
    together = assert_stacked_like_alone(models, [sequences()] * 3, rtol=1e-7)
    assert [model.diverged_ for model in together] == [False, True, False]


def test_float32_is_as_alone_up_to_its_rounding(groups):
    # From PCA it starts where gradients are rounding alone, which Adam scales up.
    models = mixed(LSTMAutoencoder(batch_size=8, linear_path=None))
    X = sequences().astype(np.float32)
    alone = [clone(m).fit(X) for m in models]
    together = fit_stack(map(clone, models), [X] * 3)
    for ours, theirs in zip(together, alone, strict=True):
        assert_twins(ours, theirs, 1e-4)
        assert ours.score(X) == pytest.approx(theirs.score(X), abs=1e-3)
    assert groups() == ([[3]], [0])


def test_fits_go_on_afterwards():
    models = mixed(LSTMAutoencoder(batch_size=8))
    together = assert_stacked_like_alone(models, [sequences()] * 3)
    alone = clone(models[1]).fit(sequences())
    assert_twins(
        together[1].partial_fit(sequences()), alone.partial_fit(sequences()), 1e-7
    )


def test_a_search_over_networks_of_all_kinds(groups):
    search = GridSearchCV(
        Autoencoder(max_epochs=2, batch_size=16, random_state=0),
        {
            "network": [
                *(RecurrentNetwork(h, n_channels=2) for h in (2, 5)),
                RecurrentNetwork(3, n_channels=2, cell="gru"),
                "dense",
                ConvolutionalNetwork("3", hidden_size=3, n_channels=2),
            ],
            "n_components": [1, 2],
        },
        cv=2,
        refit=False,
    )
    alone = clone(search).fit(low_rank()).cv_results_["mean_test_score"]
    with stacked(n_jobs=64):
        together = search.fit(low_rank()).cv_results_["mean_test_score"]
    np.testing.assert_allclose(together, alone, atol=1e-6)
    (stacks,), _ = groups()
    assert sum(stacks) == 20


def lstm(**params):
    return LSTMAutoencoder(
        hidden_size=3, max_epochs=1, batch_size=8, random_state=0, **params
    )


APART = [
    (lstm(), composed(max_epochs=1)),
    (lstm(), lstm(n_layers=2)),
    (lstm(), lstm(bidirectional=True)),
    (lstm(), lstm(decoder="repeat")),
    (lstm(), lstm(output_activation="tanh")),
    (lstm(), lstm(linear_path=None)),
    (lstm(), lstm(dense_path=(64,))),
    (lstm(), lstm(patch_length=2)),
    (lstm(), DenseAutoencoder(max_epochs=1, random_state=0)),
    (composed(max_epochs=1), composed(max_epochs=1, network={"cell": "gru"})),
]


@pytest.mark.parametrize("pair", APART, ids=range(len(APART)))
def test_networks_of_other_kinds_train_apart(pair, groups):
    fit_stack(pair, [low_rank(12)] * 2)
    assert groups() == ([[]], [2])


def test_windows_of_other_lengths_or_channels_train_apart(groups):
    Xs = [
        sequences(),
        sequences(n_timesteps=5),
        sequences(n_channels=3),
        sequences(missing=True),
    ]
    fit_stack([lstm() for _ in Xs], Xs)
    assert groups() == ([[]], [4])


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_the_memory_of_a_stack_is_about_what_is_estimated(cell):
    X = sequences(n_timesteps=9)
    model = composed(network={"hidden_size": 5, "n_layers": 2, "cell": cell})
    net = model.set_params(max_epochs=1).partial_fit(X).net_
    stack = Stack([Member(net, Rows(ArraySource(X)), None, 1) for _ in range(3)])
    stack.train()
    cells = [layer for layer, _ in stack.model.network.layers]
    cells = [layer for layer in cells if isinstance(layer, StackedCell)]
    used = sum(layer._memory.rows(8).numel() for layer in cells)
    estimated = 3 * 8 * StackedRecurrent.numbers_of_row(net.module_)
    assert len(cells) == 4
    assert used < estimated < 2 * used


FITS = st.builds(
    LSTMAutoencoder,
    n_components=st.integers(1, 4),
    hidden_size=st.integers(1, 6),
    n_layers=st.integers(1, 2),
    decoder=st.sampled_from(["repeat", "stateful"]),
    bidirectional=st.booleans(),
    linear_path=st.none(),  # of few rows it starts where rounding alone moves it
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


def check_mix(mix, missing):
    models, numbers = zip(*mix, strict=True)
    Xs = [sequences(n, seed=n % 3, missing=missing) for n in numbers]
    assert_stacked_like_alone(models, Xs, rtol=1e-6)


@seed(0)
@settings(max_examples=5, deadline=None, database=None, phases=[Phase.generate])
@given(MIXES, st.booleans())
def test_random_mixes_are_as_alone(mix, missing):
    check_mix(mix, missing)


@pytest.mark.slow
@seed(1)
@settings(
    max_examples=100,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
@given(MIXES, st.booleans())
def test_many_random_mixes_are_as_alone(mix, missing):
    check_mix(mix, missing)


@pytest.mark.gpu
@pytest.mark.parametrize(
    "base",
    [
        LSTMAutoencoder(batch_size=8),
        composed(
            MMD(0.1),
            network={"cell": "gru", "bidirectional": True, "n_layers": 2},
            input_noise="gaussian",
        ),
    ],
    ids=name_of,
)
@pytest.mark.parametrize("missing", [False, True])
def test_the_gpu_stacks_too(base, missing, groups):
    assert_in_one_stack(base.set_params(device="cuda"), groups, missing=missing)
