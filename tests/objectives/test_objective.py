import pytest
import torch
from helpers.data import normal
from sklearn.base import clone

from skae import DenseAutoencoder
from skae.bottlenecks import GaussianBottleneck, Latent, PointBottleneck
from skae.exceptions import IncompatiblePartsError, UnknownNameError
from skae.objectives import KLDivergence, L1Activity, Objective, Penalty
from skae.schedules import Schedule


class Ramp(Schedule):
    def __init__(self, slope=1.0):
        self.slope = slope

    def __call__(self, epoch, n_epochs=None):
        return self.slope * epoch


class NeedsVariance(Penalty):
    requires = frozenset({"log_var"})

    def __init__(self, weight=1.0):
        self.weight = weight

    def __call__(self, latent, generator=None, weight=None):
        return latent.log_var.sum()


class SparseAutoencoder(DenseAutoencoder):
    """A composition, as a user would write one."""

    def _objective(self):
        return Objective(penalties=[("sparsity", L1Activity(weight=Ramp(0.5)))])


def batch():
    x = torch.arange(12.0).reshape(4, 3)
    code = torch.tensor([[1.0, -1.0]] * 4)
    return x, x + 2, Latent(mean=code, sample=code)


def test_the_loss_is_the_weighted_sum_of_raw_terms():
    objective = Objective(penalties=[("sparsity", L1Activity(weight=0.25))])
    loss_of = objective.build(PointBottleneck())
    loss, terms = loss_of(*batch(), loss_of.weights(epoch=0))
    assert terms["reconstruction"] == 4.0
    assert terms["sparsity"] == 2.0
    assert loss == 4.0 + 0.25 * 2.0


def test_weights_follow_their_schedules():
    objective = Objective(
        penalties=[("a", L1Activity(weight=Ramp(0.5))), ("b", L1Activity(weight=3.0))]
    )
    loss_of = objective.build(PointBottleneck())
    assert loss_of.weights(epoch=0) == {"a": 0.0, "b": 3.0}
    assert loss_of.weights(epoch=4) == {"a": 2.0, "b": 3.0}


def test_nested_parameters_are_searchable():
    objective = Objective(penalties=[("sparsity", L1Activity(weight=Ramp()))])
    assert objective.get_params()["sparsity__weight__slope"] == 1.0
    copy = clone(objective).set_params(sparsity__weight__slope=2.0)
    assert copy.penalties[0][1].weight.slope == 2.0
    assert objective.penalties[0][1].weight.slope == 1.0
    assert copy.set_params(sparsity__weight=0.5).penalties[0][1].weight == 0.5


def test_what_is_required_must_be_provided():
    objective = Objective(penalties=[("kl", NeedsVariance())])
    with pytest.raises(
        IncompatiblePartsError,
        match=r"'kl' \(NeedsVariance\) requires log_var.*PointBottleneck",
    ):
        objective.build(PointBottleneck())


def test_terms_by_name():
    assert Objective("squared_error", [("l1", "l1_activity")]).build(PointBottleneck())
    with pytest.raises(UnknownNameError, match="'squared_error'"):
        Objective("squared_eror").build(PointBottleneck())


def test_history_records_raw_terms_and_weights_apart():
    X = normal(40, 5)
    model = SparseAutoencoder(max_epochs=3, random_state=0).fit(X, X_val=X[:10])
    for row in model.history_:
        expected = (
            row["train_reconstruction"] + row["sparsity_weight"] * row["train_sparsity"]
        )
        assert row["train_loss"] == pytest.approx(expected)
    assert model.history_[:, "sparsity_weight"] == [0.0, 0.5, 1.0]
    assert {"valid_loss", "valid_reconstruction", "valid_sparsity"} <= set(
        model.history_[-1]
    )


def test_a_penalty_has_its_effect():
    X = normal(100, 5)
    settings = {"max_epochs": 60, "learning_rate": 0.01, "random_state": 0}
    plain = DenseAutoencoder(**settings).fit(X)
    sparse = SparseAutoencoder(**settings).fit(X)
    assert abs(sparse.transform(X)).mean() < 0.2 * abs(plain.transform(X)).mean()


@pytest.mark.parametrize(
    ("penalties", "match"),
    [
        (["kl"], "give pairs"),
        ({"kl": KLDivergence()}, "give pairs"),
        ([("loss", KLDivergence())], "'loss' is taken"),
        ([("a", KLDivergence()), ("a", L1Activity())], "'a' is taken"),
    ],
    ids=str,
)
def test_penalties_are_pairs_with_names_of_their_own(penalties, match):
    with pytest.raises(ValueError, match=match):
        Objective(penalties=penalties).build(GaussianBottleneck())


def test_a_weight_is_a_number_or_a_schedule():
    objective = Objective(penalties=[("kl", KLDivergence(lambda epoch: 0.1))])
    with pytest.raises(TypeError, match="Schedule"):
        objective.build(GaussianBottleneck())
