import pickle
from functools import partial

import numpy as np
import pytest
import torch
from helpers import data
from sklearn.base import clone

from skae.bottlenecks import Latent
from skae.exceptions import UnknownNameError
from skae.information import mmd2
from skae.objectives import MMD, GaussianPrior, Objective

SETTINGS = [
    MMD(),
    MMD(kernel="imq"),
    MMD(bandwidth=0.8),
    MMD(kernel="imq", bandwidth=2.0, prior="uniform"),
    MMD(prior=GaussianPrior(mean=[1.0, 0.0, -1.0], std=0.5)),
]
each_setting = pytest.mark.parametrize("penalty", SETTINGS, ids=repr)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


tensor = partial(data.tensor, dtype=torch.float32)


def latent(code):
    return Latent(mean=torch.full_like(code, torch.nan), sample=code)


def draws_of(penalty, n, k, seed=0):
    """Return the draws that a penalty compares with."""
    seen = []
    prior = penalty._prior()

    def spy(*args):
        seen.append(prior(*args))
        return seen[-1]

    clone(penalty).set_params(prior=spy)(latent(torch.zeros(n, k)), generator(seed))
    return seen[0]


# --- its value ----------------------------------------------------------------------


@pytest.mark.parametrize("kernel", ["gaussian", "imq"])
@pytest.mark.parametrize("prior", ["normal", "uniform"])
def test_it_is_the_discrepancy_of_codes_and_draws(kernel, prior):
    z = tensor(40, 3, dtype=torch.float64) + 0.5
    penalty = MMD(kernel=kernel, bandwidth=0.9, prior=prior)
    draws = draws_of(penalty, 40, 3, seed=7)
    expected = mmd2(z, draws, kernel=kernel, bandwidth=0.9)
    assert penalty(latent(z), generator(7)).item() == pytest.approx(expected, abs=1e-12)


def test_the_median_is_that_between_codes_and_draws():
    z = 3 * tensor(41, 2, dtype=torch.float64)
    draws = draws_of(MMD(), 41, 2)
    distances = (z[:, None] - draws).norm(dim=-1)
    at_median = MMD(bandwidth=distances.median().item())
    values = [penalty(latent(z), generator()) for penalty in (MMD(), at_median)]
    torch.testing.assert_close(*values)


@each_setting
def test_it_is_zero_in_expectation_for_draws_from_the_prior(penalty):
    source, draw = generator(0), penalty._prior()
    values = torch.stack(
        [penalty(latent(draw(32, 3, source)), source) for _ in range(300)]
    )
    standard_error = values.std() / len(values) ** 0.5
    assert values.mean().abs() < 3 * standard_error
    assert standard_error < 0.1 * 1.2 / 32  # what the biased estimator would show
    assert values.min() < 0


@each_setting
def test_it_is_positive_for_other_codes(penalty):
    assert penalty(latent(tensor(200, 3) + 3)) > 0.1
    assert penalty(latent(torch.zeros(200, 3))) > 0.02


# --- over leading axes --------------------------------------------------------------


@each_setting
@pytest.mark.parametrize("with_weight", [False, True])
def test_stacked_is_looped(penalty, with_weight):
    scales = torch.tensor([0.1, 1.0, 7.0])[:, None, None]
    z = (scales * tensor(3, 16, 3)).expand(2, 3, 16, 3)
    weight = tensor(2, 3, 16, seed=1).abs() if with_weight else None
    for seed in (None, 5):

        def value(z, weight, seed=seed):
            source = None if seed is None else generator(seed)
            return penalty(latent(z), source, weight)

        stacked = value(z, weight)
        assert stacked.shape == (2, 3)
        for index in np.ndindex(2, 3):
            member = value(z[index], None if weight is None else weight[index])
            torch.testing.assert_close(stacked[index], member)


@each_setting
def test_equal_weights_are_none(penalty):
    z = tensor(16, 3)
    torch.testing.assert_close(
        penalty(latent(z), weight=torch.full((16,), 0.3)), penalty(latent(z))
    )


@each_setting
def test_rows_without_weight_do_not_count(penalty):
    z, weight = tensor(16, 3), torch.ones(16)
    weight[5] = 0.0
    outlier = z.clone()
    outlier[5] = 50.0
    values = [penalty(latent(code), weight=weight) for code in (z, outlier)]
    torch.testing.assert_close(*values)


# --- its gradient -------------------------------------------------------------------


@each_setting
def test_its_gradient_is_that_of_its_value(penalty):
    fixed = clone(penalty).set_params(bandwidth=1.0)  # the median has none on purpose
    z = tensor(6, 3, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(lambda z: fixed(latent(z)), z)


@each_setting
def test_a_few_steps_pull_a_shifted_code_to_the_prior(penalty):
    z = (tensor(100, 3) + 2.0).requires_grad_()
    optimizer, source = torch.optim.SGD([z], lr=50.0), generator()
    before = penalty(latent(z)).item()
    for _ in range(50):
        optimizer.zero_grad()
        penalty(latent(z), source).backward()
        optimizer.step()
    assert penalty(latent(z)) < 0.2 * before


def test_the_median_bandwidth_cannot_be_gamed():
    """The gradient is the one at a bandwidth that is a constant."""
    gradients = []
    z = tensor(20, 2, dtype=torch.float64)
    sigma = (z[:, None] - draws_of(MMD(), 20, 2)).square().sum(-1).median().sqrt()
    for penalty in (MMD(), MMD(bandwidth=sigma.item())):
        code = z.clone().requires_grad_()
        penalty(latent(code), generator()).backward()
        gradients.append(code.grad)
    torch.testing.assert_close(*gradients)


@each_setting
@pytest.mark.parametrize("weight", [None, torch.tensor([0.0, 2.0, 0.0])])
def test_one_row_has_no_pairs(penalty, weight):
    n = 1 if weight is None else len(weight)
    z = tensor(2, n, 3).requires_grad_()
    value = penalty(latent(z), weight=None if weight is None else weight.expand(2, n))
    torch.testing.assert_close(value, torch.zeros(2))
    value.sum().backward()
    torch.testing.assert_close(z.grad, torch.zeros(2, n, 3))


@each_setting
def test_identical_codes_have_a_finite_gradient(penalty):
    z = torch.zeros(8, 3, requires_grad=True)
    penalty(latent(z)).backward()
    assert torch.isfinite(z.grad).all()


# --- priors and random numbers ------------------------------------------------------


def test_draws_come_from_the_generator_or_are_always_the_same():
    z = latent(tensor(16, 3))
    values = [MMD()(z, g) for g in (generator(1), generator(1), generator(2))]
    assert values[0] == values[1] != values[2]
    assert MMD()(z) == MMD()(z)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_value_has_the_dtype_of_the_codes(dtype):
    z = tensor(8, 3, dtype=dtype)
    for penalty in SETTINGS:
        assert penalty(latent(z)).dtype == dtype


def test_priors_have_their_moments():
    normal = MMD()._prior()(4000, 2, generator())
    uniform = MMD(prior="uniform")._prior()(4000, 2, generator())
    other = GaussianPrior([3.0, 0.0], [1.0, 0.1])(4000, 2, generator())
    for draws, mean, std in [
        (normal, [0.0, 0.0], [1.0, 1.0]),
        (uniform, [0.0, 0.0], [3**-0.5] * 2),
        (other, [3.0, 0.0], [1.0, 0.1]),
    ]:
        torch.testing.assert_close(draws.mean(0), torch.tensor(mean), atol=0.06, rtol=0)
        torch.testing.assert_close(draws.std(0), torch.tensor(std), atol=0.06, rtol=0)
    assert uniform.abs().max() <= 1


def circle(n, k, generator):
    """Return draws from a prior that has no density."""
    angle = 6.2832 * torch.rand(n, 1, generator=generator)
    return torch.cat([angle.cos(), angle.sin()], dim=1)


def test_any_function_can_be_the_prior():
    penalty = MMD(prior=circle, bandwidth=0.5)
    on, off = circle(500, 2, generator(1)), tensor(500, 2)
    assert penalty(latent(on)).abs() < 0.01
    assert penalty(latent(off)) > 0.02


def test_draws_of_a_wrong_shape_are_refused():
    with pytest.raises(ValueError, match=r"shape \(8, 2\) for prior\(n=8, k=3"):
        MMD(prior=circle)(latent(tensor(8, 3)))
    with pytest.raises(ValueError, match=r"GaussianPrior\(std=...\).*3 units"):
        MMD(prior=GaussianPrior(std=[1.0, 2.0]))(latent(tensor(8, 3)))


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"kernel": "gausian"}, "Did you mean 'gaussian'"),
        ({"prior": "norml"}, "Did you mean 'normal'"),
        ({"bandwidth": "medain"}, "Did you mean 'median'"),
    ],
)
def test_unknown_names_are_explained(params, match):
    with pytest.raises(UnknownNameError, match=match):
        MMD(**params)(latent(tensor(8, 3)))


def test_a_bandwidth_must_be_positive():
    with pytest.raises(ValueError, match=r"bandwidth=-1.0"):
        MMD(bandwidth=-1.0)(latent(tensor(8, 3)))


def test_it_is_a_part():
    penalty = pickle.loads(pickle.dumps(clone(MMD(prior=GaussianPrior(std=2.0)))))
    objective = Objective(penalties=[("mmd", penalty)])
    assert objective.get_params()["mmd__prior__std"] == 2.0
    assert objective.set_params(mmd__prior__std=3.0).penalties[0][1].prior.std == 3.0
