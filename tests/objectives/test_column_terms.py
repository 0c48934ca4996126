"""Reconstruction terms of tables with columns of several kinds."""

import numpy as np
import pytest
import torch
from helpers.data import low_rank, tensor
from scipy import stats
from sklearn.decomposition import PCA

from skae import VAE, Autoencoder
from skae.objectives import (
    CategoricalLikelihood,
    ColumnError,
    ColumnLikelihood,
    GaussianLikelihood,
    Objective,
    PoissonLikelihood,
)

NORMAL, CATEGORIES = GaussianLikelihood(per_feature=True), CategoricalLikelihood((3, 2))
TERM = ColumnLikelihood([(2, NORMAL), (5, CATEGORIES)])


def rows(n_rows=50):
    """Return numbers and one-hot columns, and reconstructions of them."""
    rng = np.random.default_rng(0)
    one_hot = [np.eye(k)[rng.integers(k, size=n_rows)] for k in (3, 2)]
    x = torch.from_numpy(np.column_stack([rng.normal(size=(n_rows, 2)), *one_hot]))
    return x, TERM.link()(tensor(n_rows, 7))


def test_the_likelihood_is_the_sum_of_those_of_its_parts():
    x, x_hat = rows()
    weight = torch.ones(x.shape, dtype=x.dtype)
    weight[:10, 1] = 0
    for given in (None, weight):
        parts = [
            term(x[:, own], x_hat[:, own], None if given is None else given[:, own])
            for own, term in ((slice(2), NORMAL), (slice(2, 7), CATEGORIES))
        ]
        torch.testing.assert_close(TERM(x, x_hat, given), sum(parts))


def test_a_learned_dispersion_stands_in_for_the_variances():
    term = ColumnLikelihood([(1, "gaussian"), (2, "negative_binomial")])
    assert term.learns_dispersion
    x = torch.tensor([[0.5, 2.0, 0.0], [1.0, 5.0, 9.0]])
    x_hat = term.link()(torch.zeros(2, 3))
    np.testing.assert_array_equal(x_hat[0], [0, 1, 1])
    spread = torch.tensor([[4.0, 2.0, 3.0]])
    loss = term(x, x_hat, None, spread)
    counts = stats.nbinom([2, 3], np.array([2, 3]) / [3, 4])
    expected = stats.norm(0, 2).logpdf(x[:, 0]).sum() + counts.logpmf(x[:, 1:]).sum()
    np.testing.assert_allclose(loss, -expected / 2, rtol=1e-6)


def test_the_error_of_each_column_is_one_where_nothing_is_known():
    x, _ = rows()
    shares = [x[:, 2:5].mean(0), x[:, 5:].mean(0)]
    entropies = [stats.entropy(p) for p in shares]
    spreads = [*x[:, :2].var(0, correction=0).tolist(), *entropies]
    term = ColumnError((1, 1, 3, 2), spreads)
    entries = term.elementwise(x, x.mean(0).expand_as(x)).mean(0) * 4 / 7
    parts = [entries[0], entries[1], entries[2:5].sum(), entries[5:].sum()]
    np.testing.assert_allclose(parts, 1)


def test_a_missing_category_counts_as_one_column():
    x, x_hat = rows()
    whole, part = ColumnError((1, 1, 3, 2)), ColumnError((1, 1, 2))
    weight = torch.ones(x.shape, dtype=x.dtype)
    weight[:, 2:5] = 0
    kept = [0, 1, 5, 6]
    expected = part(x[:, kept], x_hat[:, kept])
    torch.testing.assert_close(whole(x, x_hat, weight), expected)


def test_numbers_start_as_principal_components():
    X = low_rank(60)
    model = Autoencoder(
        2,
        network="dense",
        objective=Objective(ColumnError((1,) * 6)),
        max_epochs=1,
        learning_rate=1e-9,
        random_state=0,
    )
    model.set_params(network=VAE()._network())  # which has a linear path
    pca = PCA(2).fit(X / X.std(axis=0))
    expected = pca.inverse_transform(pca.transform(X / X.std(axis=0)))
    found = model.fit(X).reconstruct(X) / X.std(axis=0)
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.filterwarnings("ignore::skae.exceptions.CollapseWarning")
def test_a_vae_of_numbers_counts_and_categories_draws_rows_of_their_kinds():
    rng = np.random.default_rng(0)
    level = rng.random(300)
    X = np.column_stack(
        [
            level + 0.1 * rng.normal(size=300),
            rng.poisson(10 * level),
            np.eye(3)[(3 * level).astype(int)],
        ]
    )
    parts = [(1, NORMAL), (1, PoissonLikelihood()), (3, CategoricalLikelihood())]
    term = ColumnLikelihood(parts)
    model = VAE(1, reconstruction=term, max_epochs=60, random_state=0).fit(X)
    assert model.elbo(X).mean() > -4.2  # independent columns: -4.9
    drawn = model.sample(500, random_state=0, noise=True)
    assert not term.outside(drawn).any()
    assert np.corrcoef(drawn[:, 0], drawn[:, 1])[0, 1] > 0.4
