"""Linear maps beside recurrent and convolutional layers, which start as PCA."""

import re

import numpy as np
import pytest
import torch
from helpers.data import normal, sines
from helpers.models import weights
from instances import name_of
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression

from skae import Autoencoder, LSTMAutoencoder, load
from skae.bottlenecks import GaussianBottleneck
from skae.exceptions import UnknownNameError
from skae.networks import ConvolutionalNetwork, DenseNetwork, RecurrentNetwork

SEQUENCES = normal(50, 6, 2).cumsum(1)

NETWORKS = [
    RecurrentNetwork(5),
    RecurrentNetwork(5, 2, decoder="stateful", bidirectional=True),
    RecurrentNetwork(5, cell="gru", decoder="stateful"),
    RecurrentNetwork(5, decoder="stateful", dense_path=(4, 3)),
    RecurrentNetwork(5, cell="gru", bidirectional=True, dense_path=1),
    RecurrentNetwork(5, decoder="stateful", dense_path=(4,), patch_length=4),
    ConvolutionalNetwork("3-4"),
    ConvolutionalNetwork((3,), hidden_size=4),
    ConvolutionalNetwork(()),
    ConvolutionalNetwork((3,), image_shape=(3, 2, 2)),
]


def with_path(network):
    return clone(network).set_params(linear_path="pca")


def started(k, network, **params):
    """Return an autoencoder whose weights are those before training."""
    still = {"learning_rate": 1e-30, "weight_decay": 0, "max_epochs": 1}
    return Autoencoder(k, network=network, random_state=0, **{**still, **params})


def reconstructed_by_pca(X, k):
    flat = X.reshape(len(X), -1)
    pca = PCA(k).fit(flat)
    return pca.inverse_transform(pca.transform(flat))


each_network = pytest.mark.parametrize("network", NETWORKS, ids=name_of)


@each_network
@pytest.mark.parametrize("k", [1, 3, 12])
def test_before_training_it_is_pca(network, k):
    X = SEQUENCES.reshape(50, -1) if network.get_params().get("image_shape") else None
    X = SEQUENCES if X is None else X
    model = started(k, with_path(network)).fit(X)
    expected = reconstructed_by_pca(X, k)
    np.testing.assert_allclose(model.reconstruct(X).reshape(50, -1), expected)
    Z = model.transform(X)
    np.testing.assert_allclose(Z.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(np.cov(Z.T), np.eye(k).squeeze(), atol=1e-12)


@each_network
def test_all_layers_learn(network):
    model = started(2, with_path(network), learning_rate=1e-2, max_epochs=3)
    rows = with_path(network).as_events(SEQUENCES.reshape(50, -1)).reshape(50, -1)
    model.partial_fit(rows)
    before = {k: v.clone() for k, v in model.net_.module_.named_parameters()}
    for _ in range(3):
        model.partial_fit(rows)
    for name, value in model.net_.module_.named_parameters():
        assert not torch.equal(value, before[name]), name


@pytest.mark.parametrize("k", [1, 3])
def test_lstms_are_no_worse_than_pca_on_new_sequences(k):
    X = (sines(240, 12) + normal(240, 12, 2) / 10).astype(np.float32)
    train, test = X[:120], X[120:]
    flat = train.reshape(120, -1)
    pca = PCA(k).fit(flat)
    rows = test.reshape(120, -1)
    of_pca = ((rows - pca.inverse_transform(pca.transform(rows))) ** 2).mean()
    model = LSTMAutoencoder(k, hidden_size=16, random_state=0)
    assert -model.fit(train).score_samples(test).mean() <= of_pca


@pytest.mark.filterwarnings("ignore:n_components=5 is above the number of features")
def test_more_units_than_values_and_a_single_step():
    X = normal(30, 1, 2)
    model = LSTMAutoencoder(5, hidden_size=4, max_epochs=20, random_state=0).fit(X)
    assert model.score(X) > 0.99
    assert np.isfinite(model.transform(X)).all()


@pytest.mark.parametrize("n_rows", [1, 2])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_few_and_constant_sequences(n_rows):
    for X in (SEQUENCES[:n_rows], np.ones((n_rows, 6, 2))):
        model = LSTMAutoencoder(2, hidden_size=4, max_epochs=2, random_state=0).fit(X)
        assert np.isfinite(model.reconstruct(X)).all()


def test_bounded_outputs_start_as_pca_in_the_encoder():
    X = 1 / (1 + np.exp(-SEQUENCES))
    network = RecurrentNetwork(5, output_activation="sigmoid", linear_path="pca")
    model = started(2, network).fit(X)
    flat = X.reshape(50, -1)
    expected = PCA(2, whiten=True).fit_transform(flat)
    np.testing.assert_allclose(abs(model.transform(X)), abs(expected))
    assert (model.reconstruct(X) > 0).all()


@pytest.mark.parametrize("output", ["sigmoid", "exp", "softplus", "tanh"])
@pytest.mark.parametrize("network", [DenseNetwork((4,)), *NETWORKS[1:4:2]])
def test_bounded_outputs_start_better_than_the_mean(network, output):
    X = 1 / (1 + np.exp(-SEQUENCES))
    network = clone(network).set_params(linear_path="pca", output_activation=output)
    rows = X.reshape(50, -1) if isinstance(network, DenseNetwork) else X
    model = started(2, network).fit(rows)
    assert model.score(rows) > 0.4
    of_origin = model.inverse_transform(np.zeros((1, 2)))[0]
    np.testing.assert_allclose(of_origin, rows.mean(axis=0))


def test_counts_of_zero_and_constant_features_leave_a_start():
    X = np.random.RandomState(0).poisson([0.02, 5, 300], (80, 3)).astype(float)
    X = np.column_stack([X, np.zeros(80)])
    network = DenseNetwork((4,), output_activation="exp", linear_path="pca")
    model = started(2, network).fit(X)
    assert np.isfinite(model.reconstruct(X)).all()
    assert model.score(X) > 0.4


@pytest.mark.parametrize("network", NETWORKS[1:4:2], ids=name_of)
def test_denoising_starts_as_the_regression_of_clean_sequences(network):
    clean, noisy = SEQUENCES, SEQUENCES + normal(50, 6, 2, seed=1)
    model = started(2, with_path(network)).fit(noisy, clean)
    Z = model.transform(noisy)
    expected = LinearRegression().fit(Z, clean.reshape(50, -1)).predict(Z)
    np.testing.assert_allclose(model.reconstruct(noisy).reshape(50, -1), expected)


def test_gaussian_codes_have_means_of_pca():
    network = RecurrentNetwork(5, linear_path="pca")
    model = started(2, network, bottleneck=GaussianBottleneck()).fit(SEQUENCES)
    expected = reconstructed_by_pca(SEQUENCES, 2)
    np.testing.assert_allclose(model.reconstruct(SEQUENCES).reshape(50, -1), expected)
    assert model.sample(7, random_state=0).shape == (7, 6, 2)


@pytest.mark.parametrize(
    "network", [DenseNetwork(), RecurrentNetwork(), ConvolutionalNetwork()]
)
def test_other_names_are_refused(network):
    network.set_params(linear_path="pcs")
    with pytest.raises(UnknownNameError, match=r"linear_path 'pcs'.*mean 'pca'"):
        network.build((6, 2), 3)


# Hidden layers beside it


def built(network, k=3, event_shape=(6, 2)):
    """Return encoder and decoder of sequences of 6 steps and 2 channels."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return network.build(event_shape, k)


def test_hidden_layers_see_the_sequence_and_the_code():
    network = RecurrentNetwork(5, linear_path="pca", dense_path="4-3")
    encoder, decoder = built(network)
    widths = [
        [(layer.in_features, layer.out_features) for layer in part.beside.layers[::2]]
        for part in (encoder, decoder)
    ]
    assert widths == [[(12, 4), (4, 3)], [(3, 3), (3, 4)]]
    assert encoder.out_features == 12 + 3 + 5
    assert decoder.linear_path.in_features == 3 + 4


def test_without_a_linear_path_there_are_no_hidden_layers():
    X = ended()
    plain = lstm(linear_path=None, dense_path=()).fit(SEQUENCES)
    assert all(
        map(torch.equal, weights(lstm(linear_path=None).fit(SEQUENCES)), weights(plain))
    )
    of_ended = lstm(dense_path=()).fit(X)
    assert all(map(torch.equal, weights(lstm().fit(X)), weights(of_ended)))


def test_hidden_layers_leave_the_seeds_of_recurrent_ones():
    network = RecurrentNetwork(5, decoder="stateful", linear_path="pca")
    wide = clone(network).set_params(dense_path=(4,))
    for part, with_hidden in zip(built(network), built(wide), strict=True):
        own, other = part.layers.parameters(), with_hidden.layers.parameters()
        assert all(map(torch.equal, own, other))


def test_what_lstms_cannot_follow_hidden_layers_do():
    # the second half swings wider than all that the fit has seen
    amplitude, phase = np.linspace(1, 3, 300), np.arange(300)[:, None] / 3
    steps = np.arange(8) / 2
    X = amplitude[:, None] * (np.sin(phase + steps) + np.cos(2 * (phase + steps)))
    X = X[..., None]
    model = LSTMAutoencoder(2, hidden_size=16, mixing=0, random_state=0)
    errors = [
        -clone(model)
        .set_params(dense_path=path)
        .fit(X[:200])
        .score_samples(X[200:])
        .mean()
        for path in ((), (32, 32))
    ]
    assert errors[1] < 0.8 * errors[0]


@pytest.mark.parametrize("path", [(4, 0), 40])
def test_hidden_layers_that_cannot_be_name_the_parameter(path):
    with pytest.raises(ValueError, match=re.escape(f"dense_path={path}")):
        lstm(dense_path=path).fit(SEQUENCES)


# Patches


def test_patches_are_channels_of_fewer_steps():
    # six steps of two channels, and three of four, are the same sequences
    network = RecurrentNetwork(5, 2, decoder="stateful", linear_path="pca")
    encoder, decoder = built(clone(network).set_params(patch_length=2))
    of_four, to_four = built(network, event_shape=(3, 4))
    x, z = (torch.from_numpy(X).float() for X in (SEQUENCES, normal(7, 3)))
    torch.testing.assert_close(encoder(x), of_four(x.reshape(50, 3, 4)))
    torch.testing.assert_close(decoder(z, (6, 2)), to_four(z, (3, 4)).reshape(7, 6, 2))


def test_the_last_patch_is_filled_up_with_zeros():
    network = RecurrentNetwork(5, linear_path="pca", patch_length=4)
    encoder, decoder = built(network)
    assert (encoder.layers.input_size, decoder.last.out_features) == (8, 8)
    x = torch.from_numpy(SEQUENCES).float()
    longer = torch.cat([x, torch.zeros(50, 2, 2)], dim=1)
    _, (hidden, _) = encoder.layers(longer.reshape(50, 2, 8))
    torch.testing.assert_close(encoder(x)[:, 12:], hidden[-1])
    assert decoder(torch.zeros(4, 3), (6, 2)).shape == (4, 6, 2)


@pytest.mark.parametrize(
    ("n_timesteps", "length"), [(1, 1), (16, 1), (17, 2), (32, 2), (150, 10), (251, 16)]
)
def test_patches_by_default_are_16_at_most(n_timesteps, length):
    network = LSTMAutoencoder(hidden_size=2)._network()
    encoder, _ = built(network, event_shape=(n_timesteps, 1))
    assert encoder.layers.input_size == length


def test_a_patch_is_no_longer_than_a_sequence():
    assert all(
        map(
            torch.equal,
            weights(lstm(patch_length=6).fit(SEQUENCES)),
            weights(lstm(patch_length=99).fit(SEQUENCES)),
        )
    )


def test_without_a_linear_path_there_are_no_patches():
    plain = lstm(linear_path=None, patch_length=1).fit(SEQUENCES)
    other = lstm(linear_path=None, patch_length=3).fit(SEQUENCES)
    assert all(map(torch.equal, weights(plain), weights(other)))


@pytest.mark.parametrize("length", [0, -1, 1.5, True, "automatic", None])
def test_patches_that_cannot_be_say_what_can(length):
    network = RecurrentNetwork(linear_path="pca", patch_length=length)
    with pytest.raises(ValueError, match=f"patch_length={length!r} is no number.*auto"):
        network.build((6, 2), 3)


# Lengths


def lstm(**params):
    return LSTMAutoencoder(
        2, hidden_size=4, max_epochs=2, random_state=0, **{"batch_size": 16, **params}
    )


def ended(X=SEQUENCES, row=7):
    X = X.copy()
    X[row, 4:] = np.nan
    return X


def has_path(model):
    return any("linear_path" in name for name in model.net_.module_.state_dict())


def test_complete_sequences_of_equal_length_have_a_path():
    assert has_path(lstm().fit(SEQUENCES))
    assert has_path(lstm(n_channels=2).fit(SEQUENCES.reshape(50, -1)))
    assert not has_path(lstm(linear_path=None).fit(SEQUENCES))


FITS = {
    "fit": lambda model: model.fit(ended()),
    "partial_fit": lambda model: model.partial_fit(ended()),
    "validation": lambda model: model.fit(SEQUENCES, X_val=ended()),
    "longer validation": lambda model: model.fit(SEQUENCES, X_val=normal(9, 8, 2)),
    "composed": lambda model: Autoencoder(
        network=RecurrentNetwork(4, linear_path=model.linear_path),
        max_epochs=1,
        random_state=0,
    ).fit(ended()),
    "refit": lambda model: model.set_params(early_stopping="refit").fit(ended()),
}


@pytest.mark.parametrize("fit", FITS.values(), ids=FITS.keys())
def test_where_lengths_differ_there_is_none(fit):
    model, plain = fit(lstm()), fit(lstm(linear_path=None))
    assert not has_path(model)
    assert all(map(torch.equal, weights(model), weights(plain)))
    assert model.transform(normal(5, 9, 2)).shape == (5, 2)


def test_each_fit_looks_at_its_own_sequences():
    model = lstm().fit(ended())
    assert has_path(model.fit(SEQUENCES))
    assert not has_path(model.fit(ended()))


def test_other_lengths_are_refused_with_the_parameter_to_set():
    model = lstm().fit(SEQUENCES)
    for X, number in (
        (normal(5, 8, 2), "8"),
        (ended(), "6 time steps, of which some end"),
    ):
        match = f"sequences of {number}.*fitted to 6 each.*linear_path=None"
        for method in (model.transform, model.score, model.partial_fit):
            with pytest.raises(ValueError, match=match):
                method(X)
    model.set_params(warm_start=True)
    with pytest.raises(ValueError, match="linear_path=None"):
        model.fit(ended())


def test_what_the_fit_was_given_is_known_in_a_file(tmp_path):
    for X in (SEQUENCES, ended()):
        model = lstm().fit(X)
        model.save(tmp_path / "model")
        copy = load(tmp_path / "model")
        np.testing.assert_array_equal(copy.transform(X), model.transform(X))
        assert has_path(copy) == has_path(model)
