import numpy as np
import pytest
import torch
from helpers.data import sines
from sklearn.base import clone

from skae import LSTMAutoencoder
from skae.exceptions import UnknownNameError
from skae.networks import RecurrentNetwork
from skae.networks._recurrent import time_code


@pytest.fixture(params=["repeat", "stateful"])
def model(request):
    return LSTMAutoencoder(
        3, hidden_size=8, decoder=request.param, max_epochs=3, random_state=0
    )


def test_flattened_windows_are_the_sequences(model):
    X = sines()
    flat = X.reshape(len(X), -1)
    on_3d = clone(model).fit(X)
    on_2d = clone(model).set_params(n_channels=2).fit(flat)
    np.testing.assert_array_equal(on_3d.transform(X), on_2d.transform(flat))
    np.testing.assert_array_equal(
        on_3d.reconstruct(X).reshape(flat.shape), on_2d.reconstruct(flat)
    )
    Z = on_3d.transform(X)
    assert on_3d.inverse_transform(Z).shape == X.shape
    assert on_2d.inverse_transform(Z).shape == flat.shape


def test_either_form_can_be_predicted_on(model):
    X = sines()
    flat = X.reshape(len(X), -1)
    on_3d = clone(model).fit(X)
    on_2d = clone(model).set_params(n_channels=2).fit(flat)
    np.testing.assert_array_equal(
        on_3d.set_params(n_channels=2).transform(flat), on_3d.transform(X)
    )
    np.testing.assert_array_equal(on_2d.transform(X), on_2d.transform(flat))


def test_length_may_differ_from_the_fit(model):
    model.set_params(linear_path=None).fit(sines())
    longer = sines(n_timesteps=13)
    assert model.transform(longer).shape == (20, 3)
    assert model.reconstruct(longer).shape == longer.shape


def test_channels_may_not(model):
    model.fit(sines())
    with pytest.raises(ValueError, match="expecting 2 channels"):
        model.transform(sines(n_channels=3))
    with pytest.raises(ValueError, match=r"flattened windows of shape \(8, 2\)"):
        model.transform(np.ones((4, 15)))
    with pytest.raises(ValueError, match="set n_channels=2"):
        model.transform(np.ones((4, 16)))


def test_columns_must_be_whole_time_steps(model):
    with pytest.raises(ValueError, match="n_channels=3"):
        model.set_params(n_channels=3).fit(np.ones((5, 8)))


def test_n_features_in_is_the_number_of_channels(model):
    assert model.fit(sines()).n_features_in_ == 2
    assert model.input_shape_ == (8, 2)


def test_sequences_need_a_sequence_estimator():
    from skae import DenseAutoencoder

    with pytest.raises(ValueError, match="dim 3"):
        DenseAutoencoder().fit(sines())


def test_time_codes_are_distinct_and_extend():
    like = torch.zeros(1, dtype=torch.float64)
    codes = time_code(500, like)
    assert torch.pdist(codes).min() > 0.1
    torch.testing.assert_close(time_code(100, like), codes[:100])


def test_the_encoder_uses_all_time_steps(model):
    X = sines()
    model.fit(X)
    changed = X.copy()
    changed[:, 0] += 1
    assert not np.allclose(model.transform(X), model.transform(changed))


class GRUAutoencoder(LSTMAutoencoder):
    """A composition, as a user would write one."""

    def _network(self):
        return RecurrentNetwork(
            self.hidden_size,
            decoder=self.decoder,
            cell="gru",
            bidirectional=True,
        )


def build(network, event_shape=(6, 2), n_components=3):
    with torch.random.fork_rng(devices=[]):
        return network.build(event_shape, n_components)


def n_weights(module):
    return sum(p.numel() for p in module.parameters() if p.ndim == 2)


each_cell = pytest.mark.parametrize("cell", ["lstm", "gru"])
each_decoder = pytest.mark.parametrize("decoder", ["repeat", "stateful"])


@each_cell
@each_decoder
@pytest.mark.parametrize("n_layers", [1, 2])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_shapes_and_leading_axes(cell, decoder, n_layers, bidirectional):
    network = RecurrentNetwork(
        5, n_layers, decoder=decoder, cell=cell, bidirectional=bidirectional
    )
    encode, decode = build(network)
    x, z = torch.rand(2, 4, 6, 2, generator=torch.Generator()), torch.ones(2, 4, 3)
    assert encode(x).shape == (2, 4, encode.out_features)
    assert encode.out_features == (10 if bidirectional else 5)
    assert decode(z, (9, 2)).shape == (2, 4, 9, 2)
    torch.testing.assert_close(encode(x), torch.stack([encode(one) for one in x]))


@each_cell
def test_the_last_states_are_the_features(cell):
    """Backwards, the last step that is read is the first one."""
    encoder, _ = build(RecurrentNetwork(5, cell=cell, bidirectional=True))
    x = torch.rand(4, 6, 2, generator=torch.Generator())
    output, _ = encoder.layers(x)
    expected = torch.cat([output[:, -1, :5], output[:, 0, 5:]], dim=-1)
    torch.testing.assert_close(encoder(x), expected)


@each_decoder
def test_a_gru_has_three_quarters_of_the_weights(decoder):
    encoders, decoders = zip(
        *(
            build(RecurrentNetwork(8, decoder=decoder, cell=cell))
            for cell in ("lstm", "gru")
        ),
        strict=True,
    )
    assert 4 * n_weights(encoders[1]) == 3 * n_weights(encoders[0])
    assert n_weights(decoders[1].layers) * 4 == n_weights(decoders[0].layers) * 3


@each_cell
def test_the_code_sets_the_initial_state(cell):
    _, decoder = build(RecurrentNetwork(5, 2, decoder="stateful", cell=cell))
    state = decoder.state(torch.eye(3))
    states = state if cell == "lstm" else (state,)
    assert [tuple(one.shape) for one in states] == [(2, 3, 5)] * len(states)
    assert len(states) == (2 if cell == "lstm" else 1)
    assert states[0].abs().max() < 1


@pytest.mark.parametrize("bidirectional", [False, True])
def test_the_decoder_writes_forwards(bidirectional):
    network = RecurrentNetwork(5, decoder="stateful", bidirectional=bidirectional)
    _, decoder = build(network)
    z = torch.ones(4, 3)
    torch.testing.assert_close(decoder(z, (9, 2))[:, :6], decoder(z, (6, 2)))


def test_a_gru_learns_sines():
    X = sines(200, 12, n_channels=1).astype(np.float32)
    settings = {"hidden_size": 24, "random_state": 0}
    briefly = GRUAutoencoder(2, max_epochs=2, **settings).fit(X)
    longer = GRUAutoencoder(2, max_epochs=30, **settings).fit(X)
    assert longer.score(X) > max(0.9, briefly.score(X))


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"cell": "lstn"}, "Unknown cell 'lstn'.*Did you mean 'lstm'"),
        ({"cell": None}, "Unknown cell None: use one of 'gru', 'lstm'"),
        ({"decoder": "statefull"}, "Did you mean 'stateful'"),
        ({"output_activation": "sigmod"}, "Did you mean 'sigmoid'"),
    ],
)
def test_unknown_names_are_named(params, match):
    with pytest.raises(UnknownNameError, match=match):
        build(RecurrentNetwork(**params))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_airline_windows_at_eight_dimensions(seed):
    """The article's network stops at 0.0080, the windows' own means give 0.0068."""
    from sklearn.preprocessing import MinMaxScaler

    from skae.datasets import load_airline_passengers
    from skae.preprocessing import SlidingWindow

    series = MinMaxScaler().fit_transform(load_airline_passengers().data)
    windows = SlidingWindow(10).fit_transform(series.astype(np.float32))
    model = LSTMAutoencoder(8, max_epochs=400, batch_size=16, random_state=seed)
    assert -model.fit(windows).score_samples(windows).mean() <= 0.0005
