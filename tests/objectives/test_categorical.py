"""Likelihood of categories in blocks of one-hot columns."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats

from skae import VAE, Autoencoder, load
from skae.exceptions import IncompatiblePartsError
from skae.networks import RecurrentNetwork
from skae.objectives import CategoricalLikelihood, GaussianLikelihood, Objective

BLOCKS = (3, 2, 4)
RNG = np.random.RandomState(0)


def one_hot(categories):
    """Return rows of blocks, given categories, ``(n_samples, len(BLOCKS))``."""
    parts = [np.eye(k)[c] for k, c in zip(BLOCKS, categories.T, strict=True)]
    return np.concatenate(parts, axis=1)


def categories_of(rows):
    parts = np.split(rows, np.cumsum(BLOCKS)[:-1], axis=1)
    return np.column_stack([part.argmax(axis=1) for part in parts])


# Categories that one number decides, but for one in ten.
LEVEL = RNG.random_sample(300)
TRUTH = np.column_stack([(LEVEL * k).astype(int) for k in BLOCKS])
CHANCE = np.column_stack([RNG.randint(k, size=300) for k in BLOCKS])
X = one_hot(np.where(RNG.random_sample((300, 3)) < 0.1, CHANCE, TRUTH))


def vae(**params):
    usual = {"max_epochs": 40, "learning_rate": 5e-3, "random_state": 0}
    term = CategoricalLikelihood(BLOCKS)
    return VAE(2, reconstruction=term, **{**usual, **params})


def test_the_density_is_that_of_scipy_and_of_a_double_loop():
    term = CategoricalLikelihood(BLOCKS)
    outputs = torch.from_numpy(RNG.standard_normal((300, 9)))
    p, expected = term.link()(outputs).numpy(), np.zeros(300)
    for i in range(300):
        start = 0
        for size in BLOCKS:
            block = slice(start, start + size)
            scores = outputs[i, block].exp()
            np.testing.assert_allclose(p[i, block], scores / scores.sum())
            expected[i] += stats.multinomial.logpmf(X[i, block], 1, p[i, block])
            start += size
    rows, x_hat = torch.from_numpy(X), torch.from_numpy(p)
    np.testing.assert_allclose(term.log_likelihood(rows, x_hat), expected)
    np.testing.assert_allclose(term(rows, x_hat), -expected.mean())


def test_one_block_is_all_columns_by_default():
    outputs = torch.from_numpy(RNG.standard_normal((5, 4)))
    found, expected = (
        CategoricalLikelihood(blocks).link()(outputs) for blocks in (None, [4])
    )
    torch.testing.assert_close(found, expected)


def test_categories_are_better_told_than_by_their_shares():
    train, test = X[:200], X[200:]
    model = vae().fit(train)
    shares = train.mean(axis=0)
    of_shares = (test * np.log(shares)).sum(axis=1).mean()
    bound = model.elbo(test).mean()
    assert of_shares + 0.3 < bound < 0
    assert model.log_likelihood(test).mean() > bound
    p = model.reconstruct(test)
    sums = np.add.reduceat(p, [0, 3, 5], axis=1)
    np.testing.assert_allclose(sums, 1)
    np.testing.assert_array_equal(model.inverse_transform(model.transform(test)), p)
    right = categories_of(p) == TRUTH[200:]
    assert right.mean() > 0.85


def test_rows_with_noise_are_one_hot_rows():
    model = vae().fit(X)
    rows = model.sample(4000, random_state=0, noise=True)
    np.testing.assert_array_equal(rows, one_hot(categories_of(rows)))
    np.testing.assert_allclose(rows.mean(axis=0), X.mean(axis=0), atol=0.08)
    # categories that go together do so in what is drawn
    of_data, of_rows = (np.corrcoef(part.T)[0, 3] for part in (X, rows))
    assert of_rows == pytest.approx(of_data, abs=0.25)


def test_training_starts_near_the_shares():
    still = {"max_epochs": 1, "learning_rate": 1e-30, "weight_decay": 0}
    model = vae(**still).fit(X)
    origin = model.inverse_transform(np.zeros((1, 2)))[0]
    np.testing.assert_allclose(origin, X.mean(axis=0), atol=1e-6)
    assert model.score(X) > 0.2


def test_a_file_keeps_the_blocks(tmp_path):
    model = vae(max_epochs=2).fit(X)
    model.save(tmp_path / "vae.skae")
    again = load(tmp_path / "vae.skae")
    np.testing.assert_array_equal(again.elbo(X), model.elbo(X))
    np.testing.assert_array_equal(again.reconstruct(X), model.reconstruct(X))


def test_categories_of_each_time_step():
    sequences = X[:, None].repeat(4, axis=1)
    model = Autoencoder(
        2,
        network=RecurrentNetwork(4, linear_path="pca"),
        objective=Objective(CategoricalLikelihood(BLOCKS)),
        max_epochs=2,
        random_state=0,
    ).fit(sequences)
    p = model.reconstruct(sequences)
    np.testing.assert_allclose(np.add.reduceat(p, [0, 3, 5], axis=2), 1)


# Bad input


@pytest.mark.parametrize(
    ("column", "value", "shown"), [(4, 0.5, "4' has 0.5"), (8, -1.0, "8' has -1.0")]
)
def test_values_other_than_0_and_1_are_refused_by_name(column, value, shown):
    good = pd.DataFrame(X, columns=[f"column {j}" for j in range(9)])
    bad = good.copy()
    bad.iloc[7] = one_hot(np.array([[0, 1, 3]]))[0]
    bad.iloc[7, column] = value
    model = vae(max_epochs=1).fit(good)
    for refuse in (vae().fit, model.elbo, lambda X: vae().fit(good, X_val=X)):
        with pytest.raises(
            ValueError, match=rf"a single one in each .*{shown} in row 7"
        ):
            refuse(bad)


@pytest.mark.parametrize("ones", [(), (3, 4)], ids=["none", "two"])
def test_blocks_without_a_single_one_are_refused(ones):
    bad = X.copy()
    bad[5, 3:5] = 0
    bad[5, list(ones)] = 1
    with pytest.raises(ValueError, match=r"a single one .* column 3 has .* in row 5"):
        vae().fit(bad)


def test_rounding_and_whole_numbers_are_taken():
    model = vae(max_epochs=1).fit(X)
    for rows in (X.astype(int), X * np.nextafter(1, 2)):
        np.testing.assert_allclose(model.elbo(rows), model.elbo(X))
        vae(max_epochs=1).fit(rows)


def test_blocks_of_other_columns_are_refused():
    with pytest.raises(ValueError, match=r"\(3, 2\) are 5 columns, and the data"):
        VAE(2, reconstruction=CategoricalLikelihood((3, 2))).fit(X)


def test_bounded_outputs_are_refused():
    message = "='sigmoid' bounds them: use 'identity'"
    with pytest.raises(IncompatiblePartsError, match=message):
        vae(output_activation="sigmoid").fit(X)


def test_weights_of_another_link_cannot_follow():
    model = vae(max_epochs=1, warm_start=True).fit(X)
    for other in (GaussianLikelihood(), CategoricalLikelihood((3, 6))):
        model.set_params(reconstruction=other)
        with pytest.raises(ValueError, match="when the network was built"):
            model.fit(X)
