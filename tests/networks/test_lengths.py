import pytest
import torch

from skae.networks import DenseNetwork, RecurrentNetwork
from skae.networks._lengths import lengths, packed

N_STEPS = torch.tensor([7, 1, 4, 6, 2, 4])

each_encoder = pytest.mark.parametrize(
    "network",
    [
        RecurrentNetwork(5, n_layers, cell=cell, bidirectional=bidirectional)
        for cell in ("lstm", "gru")
        for bidirectional in (False, True)
        for n_layers in (1, 2)
    ],
    ids=lambda n: f"{n.cell}-{n.n_layers}-{'bi' if n.bidirectional else 'uni'}",
)


def encoder_of(network, n_channels=2):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return network.build((7, n_channels), 3)[0].double()


def sequences(*leading, n_timesteps=7):
    generator = torch.Generator().manual_seed(0)
    return torch.randn(*leading, n_timesteps, 2, generator=generator).double()


def with_missing_ends(x, n_steps):
    x = x.clone()
    for i, n in enumerate(n_steps):
        x[..., i, n:, :] = torch.nan
    return x


@each_encoder
def test_missing_ends_are_cut(network):
    encoder, x = encoder_of(network), sequences(6)
    padded = encoder(with_missing_ends(x, N_STEPS))
    cut = [encoder(x[i : i + 1, :n]) for i, n in enumerate(N_STEPS)]
    torch.testing.assert_close(padded, torch.cat(cut), rtol=0, atol=1e-14)


@each_encoder
def test_missing_ends_are_cut_over_leading_axes(network):
    encoder = encoder_of(network)
    x = with_missing_ends(sequences(3, 6), N_STEPS)
    looped = torch.stack([encoder(member) for member in x])
    torch.testing.assert_close(encoder(x), looped, rtol=0, atol=1e-14)


@each_encoder
def test_more_padding_changes_nothing(network):
    encoder, x = encoder_of(network), with_missing_ends(sequences(6), N_STEPS)
    padding = torch.full((6, 5, 2), torch.nan, dtype=x.dtype)
    torch.testing.assert_close(
        encoder(torch.cat([x, padding], dim=1)), encoder(x), rtol=0, atol=1e-14
    )


@each_encoder
def test_no_gradient_is_lost_to_missing_ends(network):
    encoder, x = encoder_of(network), with_missing_ends(sequences(6), N_STEPS)
    encoder(x).sum().backward()
    assert all(p.grad.isfinite().all() for p in encoder.parameters())


def test_a_sequence_without_time_steps_reads_one_zero():
    encoder, x = encoder_of(RecurrentNetwork(5)), sequences(3)
    features = encoder(with_missing_ends(x, [7, 0, 3]))
    torch.testing.assert_close(features[1:2], encoder(torch.zeros_like(x[:1, :1])))


def test_some_channels_may_not_be_missing():
    """Reading them as anything would hide a fault in the data."""
    x = sequences(3)
    x[1, 5:, 0] = torch.nan
    features = encoder_of(RecurrentNetwork(5))(x)
    assert features.isfinite().all(-1).tolist() == [True, False, True]


def test_lengths_count_gaps():
    x = with_missing_ends(sequences(2, 6), N_STEPS)
    x[:, 0, 3] = torch.nan
    assert lengths(x).tolist() == [N_STEPS.tolist()] * 2


def test_complete_sequences_stay_a_tensor():
    x = sequences(6)
    assert packed(x) is x


def test_networks_say_whether_they_take_missing_ends():
    assert RecurrentNetwork().takes_missing_ends
    assert not DenseNetwork().takes_missing_ends
