"""Sequences, and the flattened windows that stand for them."""

import numpy as np
import pytest
import torch

from skae.shapes import as_sequences

X = np.arange(24.0).reshape(2, 12)


@pytest.mark.parametrize("given", [X, torch.from_numpy(X)], ids=["numpy", "torch"])
def test_time_comes_first_in_a_flattened_window(given):
    sequences = as_sequences(given, 3)
    assert sequences.shape == (2, 4, 3)
    assert sequences[1, 2].tolist() == [18, 19, 20]
    assert as_sequences(sequences, 5) is sequences


@pytest.mark.parametrize("n_channels", [5, 24, 0, -1, -3])
def test_windows_are_whole_time_steps_of_some_channels(n_channels):
    match = f"12 columns, which are not whole time steps of n_channels={n_channels}:"
    with pytest.raises(ValueError, match=match):
        as_sequences(X, n_channels)
