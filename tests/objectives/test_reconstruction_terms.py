"""Reconstruction terms at the bounds of their range."""

import numpy as np
import pytest
import torch

from skae import VAE
from skae.objectives import BernoulliCrossEntropy


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_cross_entropy_beyond_the_bounds_is_that_of_the_bounds(dtype):
    eps = torch.finfo(dtype).eps
    x_hat = torch.tensor([[0.2, 0.7, 0.5]], dtype=dtype, requires_grad=True)
    beyond = torch.tensor([[-eps, 1 + eps, 1.5]], dtype=dtype)
    bounds = torch.tensor([[0.0, 1.0, 1.0]], dtype=dtype)
    term = BernoulliCrossEntropy()
    torch.testing.assert_close(term(beyond, x_hat), term(bounds, x_hat))
    likelihood = term.log_likelihood(beyond, x_hat, 1.0)
    torch.testing.assert_close(likelihood, term.log_likelihood(bounds, x_hat, 1.0))
    (gradient,) = torch.autograd.grad(term(beyond, x_hat), x_hat)
    (expected,) = torch.autograd.grad(term(bounds, x_hat), x_hat)
    torch.testing.assert_close(gradient, expected)


@pytest.mark.filterwarnings("ignore::skae.exceptions.CollapseWarning")
def test_held_out_rows_may_lie_beyond_the_bounds():
    X = np.random.default_rng(0).random((40, 4))
    vae = VAE(
        reconstruction="bernoulli_cross_entropy",
        output_activation="sigmoid",
        max_epochs=1,
        random_state=0,
    ).fit(X, X_val=1.2 * X - 0.1)
    assert np.isfinite(vae.history_[-1, "valid_loss"])
    assert np.isfinite(vae.log_likelihood(1.2 * X - 0.1)).all()
