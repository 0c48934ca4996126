"""Latent dimensions by autoencoders that shrink their own code, in plain torch.

Each reading is a function of standardised rows that trains one autoencoder with many
units (`UNITS`, or one for each feature where there are fewer) and says how many of
them are in use. All share a network (64-64, SiLU), an optimiser and a budget: `STEPS`
steps of `BATCH` rows by Adam with a one-cycle rate, two and a half times those of the
nested fits of `select_dimension`. Their articles train for ten to a hundred times as
long. What an article leaves to the eye is read by a rule, which is told below.

Two more were to be compared, and are not, since no formula of theirs was to be had:
the Principal Component Autoencoder (arXiv:2601.19179: variances of units penalised
unequally, and a constraint towards isometry) and IDEA (arXiv:2509.10011: "re-weighted
double CancelOut layers" and a "projected reconstruction loss").
"""

from functools import wraps

import numpy as np
import torch
from torch import nn
from torch.nn.functional import mse_loss
from torch.nn.utils.parametrizations import spectral_norm

__all__ = ["active_units", "irmae_wd", "least_volume"]

WIDTH, UNITS = 64, 50
STEPS, BATCH, RATE = 1_000, 128, 5e-3


# Parts


def reading(read):
    """Make a function of a tensor one of rows and a seed of its own."""

    @wraps(read)
    def seeded(X, seed=0):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return read(torch.as_tensor(np.asarray(X), dtype=torch.float32))

    return seeded


def dense(n_in, n_out):
    return nn.Sequential(
        nn.Linear(n_in, WIDTH),
        nn.SiLU(),
        nn.Linear(WIDTH, WIDTH),
        nn.SiLU(),
        nn.Linear(WIDTH, n_out),
    )


def train(X, networks, loss, weight_decay=0.0):
    """Minimise a loss of batches of rows over the networks' parameters."""
    parameters = nn.ModuleList(networks).parameters()
    optimizer = torch.optim.AdamW(
        parameters, RATE, weight_decay=weight_decay, fused=True
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=STEPS)
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss(X[torch.randint(len(X), (BATCH,))]).backward()
        optimizer.step()
        schedule.step()


# Readings


@reading
def irmae_wd(X):
    """Read the rank of codes by linear layers and weight decay (IRMAE-WD).

    Four square linear layers without a bias follow the encoder, and decoupled weight
    decay of 1e-6 pulls at all weights: both lower the rank of codes. The dimension is
    where the singular values s of the codes' covariance drop: the place of the largest
    ``s_i / s_(i+1)``, of values held above 1e-12 of the first, which float32 does not
    tell from zero. The article shows the drop in a picture.

    Zeng et al., "Autoencoders for discovering manifold dimension and coordinates in
    data from complex dynamical systems", arXiv:2305.01090; layers and decay as in
    its code.
    """
    n_features, units = X.shape[1], min(X.shape[1], UNITS)
    linear = [nn.Linear(units, units, bias=False) for _ in range(4)]
    encoder = nn.Sequential(dense(n_features, units), *linear)
    decoder = dense(units, n_features)
    train(X, [encoder, decoder], lambda x: mse_loss(decoder(encoder(x)), x), 1e-6)
    with torch.no_grad():
        return largest_drop(torch.linalg.svdvals(encoder(X).double().T.cov()))


def largest_drop(spectrum):
    """Return after how many values a falling spectrum drops by the largest factor."""
    logs = (spectrum / spectrum[0]).clamp(min=1e-12).log()
    return 1 + int((logs[:-1] - logs[1:]).argmax())


@reading
def least_volume(X):
    """Read the units that a least volume of codes leaves (Least Volume).

    The loss is ``MSE + 0.03 exp(mean_i log(std(z_i) + 0.01))``, and the decoder is
    Lipschitz by spectral normalisation of its layers (SiLU is so within 1.1). Units
    are replaced by their means, the one of the smallest deviation first, as long as
    all that are replaced explain no more than 1 % of the reconstruction:
    ``(MSE' - MSE) / (MSE of the means - MSE)``. The dimension is the number left. The
    1 % is ours; the article ranks units.

    Chen, Fuge, "Compressing Latent Space via Least Volume", ICLR 2024,
    arXiv:2404.17773; penalty and explained reconstruction as in its code, 0.03 and
    0.01 as in code that applies it to vectors by dense networks.
    """
    n_features, units = X.shape[1], min(X.shape[1], UNITS)
    encoder, decoder = dense(n_features, units), dense(units, n_features)
    for layer in decoder[::2]:
        spectral_norm(layer)

    def loss(x):
        z = encoder(x)
        volume = (z.std(0) + 0.01).log().mean().exp()
        return mse_loss(decoder(z), x) + 0.03 * volume

    train(X, [encoder, decoder], loss)
    decoder.eval()  # spectral norms as they are
    with torch.no_grad():
        return units_left(X, encoder(X), decoder)


def units_left(X, Z, decoder, share=0.01):
    """Return how many units remain, of those with the smallest deviations removed."""
    order, errors = Z.std(0).argsort(), [mse_loss(decoder(Z), X)]
    for unit in order:
        Z[:, unit] = Z[:, unit].mean()
        errors.append(mse_loss(decoder(Z), X))
    rise = torch.stack(errors) - errors[0]
    # by so much rounding errors differ, where no unit is in use
    at_most = share * rise[-1] + 1e-6 * errors[-1]
    return len(order) + 1 - int((rise <= at_most).long().cumprod(0).sum())


@reading
def active_units(X):
    """Read the active units of a variational autoencoder.

    Those whose posterior mean has a variance above 0.01 over the rows. The decoder is
    normal with one variance, at its optimum: the loss of a row is
    ``D/2 log(MSE) + KL(q(z | x), N(0, I))``, divided by D here.

    Burda et al., "Importance Weighted Autoencoders", ICLR 2016, arXiv:1509.00519; the
    variance as in Rybkin et al., "Simple and Effective VAE Training with Calibrated
    Decoders", ICML 2021, arXiv:2006.13202.
    """
    n_features, units = X.shape[1], min(X.shape[1], UNITS)
    encoder, decoder = dense(n_features, 2 * units), dense(units, n_features)

    def loss(x):
        mean, log_var = encoder(x).chunk(2, dim=1)
        z = mean + torch.randn_like(mean) * (0.5 * log_var).exp()
        divergence = 0.5 * (mean.square() + log_var.exp() - 1 - log_var).sum(1).mean()
        return 0.5 * mse_loss(decoder(z), x).log() + divergence / n_features

    train(X, [encoder, decoder], loss)
    with torch.no_grad():
        return int((encoder(X)[:, :units].var(0) > 0.01).sum())
