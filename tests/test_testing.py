"""The kit must be able to fail: a broken part for every promise."""

import re
import sys
from unittest import SkipTest

import numpy as np
import pytest
import torch
from sklearn.exceptions import SkipTestWarning
from torch import nn

from skae import DenseAutoencoder
from skae.bottlenecks import Bottleneck, Latent, PointBottleneck
from skae.networks import DenseNetwork
from skae.noise import GaussianNoise, Noise
from skae.objectives import (
    GaussianLikelihood,
    L1Activity,
    LaplaceLikelihood,
    Likelihood,
    Penalty,
    PoissonLikelihood,
    SquaredError,
)
from skae.plugins import KINDS
from skae.samplers import GaussianSampler, MixtureSampler, PriorSampler
from skae.schedules import LinearWarmup, Schedule
from skae.scorers import Reconstruction, Scorer
from skae.search import Best, MuPlusLambda, Proposal, SelectionRule
from skae.testing import check, checks_of, parametrize_with_checks

each = pytest.mark.parametrize


def broken(instance, match):
    """Require a check to fail, to name what is wrong, and to say how to mend it."""
    with pytest.raises(AssertionError, match=match) as caught:
        check(instance)
    message = str(caught.value)
    part = instance[0] if isinstance(instance, tuple) else instance
    assert type(part).__name__ in message
    for heading in ("Promised: ", "Found: ", "To mend it: "):
        assert heading in message


# Parts of every kind


class Changing(L1Activity):
    def __init__(self, weight=1e-4):
        self.weight = float(weight) + 0.0


class Unpicklable(L1Activity):
    def __reduce__(self):
        raise TypeError("no way to pickle it")


@each(
    ("part", "match"),
    [
        (Changing(weight=1), r"check_parameters fails.*\n.*\n.*constructor.*weight"),
        (Unpicklable(), "check_pickle fails.*\n.*\n.*no way to pickle it"),
    ],
)
def test_broken_parts(part, match):
    broken(part, match)


# Penalties


class Bad(Penalty):
    requires = frozenset({"mean"})

    def __init__(self, weight=1.0):
        self.weight = weight


class SumsOverStacks(Bad):
    def __call__(self, latent, generator=None, weight=None):
        return latent.mean.abs().mean()


class WeighsItself(Bad):
    def __call__(self, latent, generator=None, weight=None):
        return self.weight * latent.mean.abs().mean((-2, -1))


class ReadsMore(Bad):
    def __call__(self, latent, generator=None, weight=None):
        return latent.sample.abs().mean((-2, -1))


class DrawsGlobally(Bad):
    def __call__(self, latent, generator=None, weight=None):
        draw = 0.01 * torch.rand(latent.mean.shape[-2:])
        return (latent.mean - draw).abs().mean((-2, -1)).detach()


class NoGradient(Bad):
    def __call__(self, latent, generator=None, weight=None):
        return latent.mean.detach().abs().mean((-2, -1))


class InfiniteGradient(Bad):
    def __call__(self, latent, generator=None, weight=None):
        return latent.mean.square().mean((-2, -1)).sqrt()


class InDouble(Bad):
    def __call__(self, latent, generator=None, weight=None):
        return latent.mean.abs().mean((-2, -1)).double()


class WrongWeights(Bad):
    def __call__(self, latent, generator=None, weight=None):
        rows = latent.mean.abs().sum(-1)
        return (rows if weight is None else weight * rows).mean(-1)


class CountsRowsWithoutWeight(Bad):
    def __call__(self, latent, generator=None, weight=None):
        rows = latent.mean.abs().sum(-1)
        if weight is None:
            return rows.mean(-1)
        weight = weight + 1
        return (weight * rows).sum(-1) / weight.sum(-1)


class Unweighable(Bad):
    def __init__(self):
        pass

    def __call__(self, latent, generator=None, weight=None):
        return latent.mean.abs().mean((-2, -1))


@each(
    ("penalty", "match"),
    [
        (SumsOverStacks(), r"check_penalty_stacked.*\n.*\n.*\(\) for a stack of 2"),
        (WeighsItself(), r"check_penalty_returns_its_raw.*\n.*\n.*two weights"),
        (Unweighable(), r"check_penalty_returns_its_raw.*\n.*\n.*its weight is None"),
        (ReadsMore(), r"check_penalty_requires.*\n.*\n.*other than \['mean'\] are NaN"),
        (DrawsGlobally(), r"check_penalty_(returns_its_raw|stacked|draws)"),
        (NoGradient(), r"check_penalty_gradients.*\n.*\n.*cut from the graph"),
        (InfiniteGradient(), r"check_penalty_gradients.*\n.*\n.*at 0 is not finite"),
        (InDouble(), r"check_penalty_dtypes.*float32.*\n.*\n.*float64 for codes"),
        (WrongWeights(), r"check_penalty_weights.*\n.*\n.*at equal weights"),
        (CountsRowsWithoutWeight(), r"check_penalty_weights.*\n.*\n.*row of weight 0"),
    ],
    ids=lambda case: type(case).__name__,
)
def test_broken_penalties(penalty, match):
    with torch.random.fork_rng(devices=[]):
        broken(penalty, match)


# Noise


class FromModule(Noise):
    def build(self, shape):
        return self.module()


class _Always(nn.Module):
    def forward(self, x, generator=None):
        return x + torch.randn(x.shape, generator=generator or torch.Generator())


class _Global(nn.Module):
    def forward(self, x, generator=None):
        return x if generator is None else x + torch.randn(x.shape)


class _Silent(nn.Module):
    def forward(self, x, generator=None):
        return x


class _InPlace(nn.Module):
    def forward(self, x, generator=None):
        if generator is None:
            return x
        noise = torch.randn(x.shape, generator=generator)
        return x.add_(noise - noise.mean()) * 1.0


class _NaNForOne(nn.Module):
    def forward(self, x, generator=None):
        if generator is None:
            return x
        return x + x.std(-2) * torch.randn(x.shape, generator=generator)


class _Single(nn.Module):
    def forward(self, x, generator=None):
        if generator is None:
            return x
        return (x + torch.randn(x.shape, generator=generator)).float()


class _Root(nn.Module):
    def forward(self, x, generator=None):
        if generator is None:
            return x
        std = x.var(-2, keepdim=True, correction=0).sqrt()
        return x + std * torch.randn(x.shape, generator=generator)


class Always(FromModule):
    module = _Always


class Global(FromModule):
    module = _Global


class Silent(FromModule):
    module = _Silent


class InPlace(FromModule):
    module = _InPlace


class NaNForOne(FromModule):
    module = _NaNForOne


class Single(FromModule):
    module = _Single


class Root(FromModule):
    module = _Root


class Lambda(GaussianNoise):
    def build(self, shape):
        module = super().build(shape)
        module.key = lambda: None
        return module


@each(
    ("noise", "match"),
    [
        (Always(), r"check_noise_needs_a_generator.*\n.*\n.*without a generator"),
        (Global(), r"check_noise_draws.*\n.*\n.*global random state of \['torch'\]"),
        (Silent(), r"check_noise_draws.*\n.*\n.*another generator changes nothing"),
        (InPlace(), r"check_noise_draws.*\n.*\n.*(two draws|changed in place)"),
        (NaNForOne(), r"check_noise_shapes.*\n.*\n.*\(1, 3\) become not finite"),
        (Root(), r"check_noise_gradients.*\n.*\n.*alike is not finite"),
        (Single(), r"check_noise_dtypes.*float64.*\n.*\n.*float32 for rows"),
        (Lambda(), r"check_noise_module_pickles.*\n.*\n.*pickle"),
    ],
    ids=lambda case: type(case).__name__,
)
@pytest.mark.filterwarnings("ignore:std")
def test_broken_noises(noise, match):
    with torch.random.fork_rng(devices=[]):
        broken(noise, match)


# Bottlenecks


class _Broken(nn.Module):
    def __init__(self, n_features, n_components):
        super().__init__()
        self.mean = nn.Linear(n_features, n_components)


class _RandomMean(_Broken):
    def forward(self, features, generator=None):
        code = self.mean(features)
        if generator is not None:
            code = code + torch.randn(code.shape, generator=generator)
        return Latent(code, code)


class _GlobalDraws(_Broken):
    def forward(self, features, generator=None):
        code = self.mean(features)
        return Latent(code, code + torch.randn(code.shape))


class _OverBatch(_Broken):
    def forward(self, features, generator=None):
        code = self.mean(features)
        code = code - code.mean(0)
        return Latent(code, code)


class _Cut(_Broken):
    def forward(self, features, generator=None):
        code = self.mean(features)
        return Latent(code, code.detach())


class _OtherName(nn.Module):
    def __init__(self, n_features, n_components):
        super().__init__()
        self.layer = nn.Linear(n_features, n_components)

    def forward(self, features, generator=None):
        return Latent(self.layer(features), self.layer(features))


class _Plain(_Broken):
    def forward(self, features, generator=None):
        return Latent(self.mean(features), self.mean(features))


class BadBottleneck(Bottleneck):
    provides = frozenset({"mean", "sample"})

    def __init__(self, module=_Plain):
        self.module = module

    def build(self, n_features, n_components):
        return self.module(n_features, n_components)


class Boastful(BadBottleneck):
    provides = frozenset({"mean", "sample", "log_var"})


@each(
    ("bottleneck", "match"),
    [
        (Boastful(), r"check_bottleneck_latent.*\n.*\n.*log_var is provided, and None"),
        (BadBottleneck(_OverBatch), r"check_bottleneck_stacked.*\n.*\n.*of a stack is"),
        (BadBottleneck(_OtherName), r"check_bottleneck_mean_layer.*\n.*\n.*'mean'"),
        (BadBottleneck(_RandomMean), r"check_bottleneck_draws.*\n.*\n.*means with and"),
        (BadBottleneck(_GlobalDraws), r"check_bottleneck_(stacked|draws)"),
        (
            BadBottleneck(_Cut),
            r"check_bottleneck_gradients.*\n.*\n.*sample has no",
        ),
    ],
)
def test_broken_bottlenecks(bottleneck, match):
    with torch.random.fork_rng(devices=[]):
        broken(bottleneck, match)


# Networks


class _Dropout(nn.Module):
    def __init__(self, module):
        super().__init__()
        self.module = nn.Sequential(module, nn.Dropout(0.5))
        self.out_features = module.out_features

    def forward(self, x):
        return self.module(x)


class _MinusBatch(_Dropout):
    def forward(self, x):
        return self.module[0](x - x.mean(-2, keepdim=True))


class _NoGradient(_Dropout):
    def forward(self, x):
        return self.module[0](x).detach()


class _ToSingle(_Dropout):
    def forward(self, x):
        return self.module[0](x).float()


class _Liar(_Dropout):
    def __init__(self, module):
        super().__init__(module)
        self.out_features = 99

    def forward(self, x):
        return self.module[0](x)


class Wrapped(DenseNetwork):
    def __init__(self, wrapper=_Dropout):
        super().__init__()
        self.wrapper = wrapper

    def build(self, event_shape, n_components):
        encoder, decoder = super().build(event_shape, n_components)
        return self.wrapper(encoder), decoder


class Shuffled(DenseNetwork):
    def as_events(self, X):
        return X[:-1]


@each(
    ("network", "match"),
    [
        (Wrapped(_Liar), r"check_network_shapes.*\n.*\n.*features of shape \(5, 64\)"),
        (Wrapped(_Dropout), r"check_network_(stacked|is_deterministic)"),
        (Wrapped(_MinusBatch), r"check_network_rows_are.*\n.*\n.*together and alone"),
        (Wrapped(_NoGradient), r"check_network_gradients.*\n.*\n.*no gradient"),
        (
            Wrapped(_ToSingle),
            r"check_network_dtypes.*\n.*\n.*features of torch.float",
        ),
        (Shuffled(), r"check_network_events.*\n.*\n.*4 events of 5 rows"),
    ],
)
def test_broken_networks(network, match):
    with torch.random.fork_rng(devices=[]):
        broken((network, (7,)), match)


# Reconstruction terms


class SumOfSquares(SquaredError):
    def __call__(self, x, x_hat, weight=None):
        return self.elementwise(x, x_hat).sum((-2, -1))


class OneNumber(SquaredError):
    def __call__(self, x, x_hat, weight=None):
        return self.elementwise(x, x_hat).mean()


class Unweighted(SquaredError):
    def __call__(self, x, x_hat, weight=None):
        return self.elementwise(x, x_hat).mean((-2, -1))


class Similarity(SquaredError):
    def elementwise(self, x, x_hat):
        return -((x - x_hat) ** 2)

    def __call__(self, x, x_hat, weight=None):
        return super(SquaredError, self).__call__(x, x_hat, weight)


class Distance(Similarity):
    def elementwise(self, x, x_hat):
        return ((x - x_hat) ** 2).sqrt()


class LikelihoodOfBatch(SquaredError):
    def log_likelihood(self, x, x_hat, variance):
        return super().log_likelihood(x, x_hat, variance).sum(-1)


@each(
    ("term", "match"),
    [
        (SumOfSquares(), r"check_reconstruction_shapes.*\n.*\n.*mean of its entries"),
        (OneNumber(), r"check_reconstruction_shapes.*\n.*\n.*\(\) for a stack of 2"),
        (Unweighted(), r"check_reconstruction_weights.*\n.*\n.*rows of weight 0"),
        (Similarity(), r"is_least_for_a_perfect.*\n.*\n.*for a wrong one"),
        (Distance(), r"check_reconstruction_gradients.*\n.*\n.*perfect one is not fin"),
        (LikelihoodOfBatch(), r"check_reconstruction_likelihood.*\n.*\n.*\(2,\) for"),
    ],
    ids=lambda case: type(case).__name__,
)
def test_broken_reconstruction_terms(term, match):
    broken(term, match)


# Likelihoods


class MeanOverFeatures(GaussianLikelihood):
    def __call__(self, x, x_hat, weight=None):
        return super().__call__(x, x_hat, weight) / x.shape[-1]


class UnweightedVariance(GaussianLikelihood):
    def variance(self, x, x_hat, weight=None):
        return super().variance(x, x_hat)


class HalfTheVariance(LaplaceLikelihood):
    def variance(self, x, x_hat, weight=None):
        return super().variance(x, x_hat, weight) / 2


class WithoutConstant(GaussianLikelihood):
    def log_density(self, x, x_hat, variance=None):
        constant = 0.5 * np.log(2 * np.pi)
        return super().log_density(x, x_hat, variance) + constant

    __call__ = Likelihood.__call__


class WideDraws(GaussianLikelihood):
    def draw(self, x_hat, variance, rng):
        return super().draw(x_hat, 2 * variance, rng)


class FractionalDraws(PoissonLikelihood):
    def draw(self, x_hat, variance, rng):
        return rng.poisson(x_hat) + 0.5


class LargeDraws(PoissonLikelihood):
    def draw(self, x_hat, variance, rng):
        return rng.poisson(1.5 * x_hat)


class WithoutFactorial(PoissonLikelihood):
    def log_density(self, x, x_hat, variance=None):
        return torch.xlogy(x, x_hat.clamp_min(1e-30)) - x_hat


class GlobalDraws(PoissonLikelihood):
    def draw(self, x_hat, variance, rng):
        return np.random.poisson(x_hat)  # noqa: NPY002


class Neighbours(LaplaceLikelihood):
    is_elementwise = True

    def log_density(self, x, x_hat, variance=None):
        return super().log_density(x, x_hat.mean(-1, keepdim=True), variance)


@each(
    ("term", "match"),
    [
        (MeanOverFeatures(), r"is_a_sum_over_features.*\n.*\n.*the sum of entries"),
        (UnweightedVariance(), r"likelihood_weights.*\n.*\n.*rows of weight 0"),
        (HalfTheVariance(), r"check_likelihood_variance.*\n.*\n.*1.25 times the var"),
        (WithoutConstant(), r"is_normalised.*\n.*\n.*it integrates to 2.507"),
        (WideDraws(), r"likelihood_draws.*\n.*\n.*spread of draws is 0.94"),
        (FractionalDraws(), r"likelihood_draws.*\n.*\n.*`outside` says no data are"),
        (LargeDraws(), r"likelihood_draws.*\n.*\n.*shares of draws differ"),
        (WithoutFactorial(), r"likelihood_draws.*\n.*\n.*have probability [2-9]\."),
        (Neighbours(), r"likelihood_is_elementwise.*\n.*\n.*another one changed"),
    ],
    ids=lambda case: type(case).__name__,
)
def test_broken_likelihoods(term, match):
    broken(term, match)


@pytest.mark.usefixtures("numpy_state_restored")
def test_draws_of_the_global_generator_are_found():
    broken(GlobalDraws(), "check_likelihood_draws.*\n.*\n.*global random state")


# Schedules


class Ratio(Schedule):
    def __call__(self, epoch, n_epochs=None):
        return epoch / (n_epochs - 1) if n_epochs else 1.0


class Negative(Schedule):
    def __call__(self, epoch, n_epochs=None):
        return 1.0 - epoch


class NeedsLength(Schedule):
    def __call__(self, epoch, n_epochs):
        return epoch / n_epochs


class Counting(Schedule):
    calls = 0

    def __call__(self, epoch, n_epochs=None):
        self.calls += 1
        return float(self.calls)


class Remembering(Schedule):
    largest = 0

    def __call__(self, epoch, n_epochs=None):
        self.largest = max(self.largest, epoch)
        return float(self.largest)


@each(
    ("schedule", "match"),
    [
        (Ratio(), r"check_schedule_weights.*\n.*\n.*ZeroDivisionError"),
        (Negative(), r"check_schedule_weights.*\n.*\n.*-1.0 in epoch 2 of None"),
        (NeedsLength(), r"check_schedule_weights.*\n.*\n.*n_epochs"),
        (Counting(), r"check_schedule_"),
        (Remembering(), r"check_schedule_is_pure.*\n.*\n.*in the other"),
    ],
    ids=lambda case: type(case).__name__,
)
def test_broken_schedules(schedule, match):
    broken(schedule, match)


# Samplers


class TellsModes(MixtureSampler):
    def sample(self, n_samples=1):
        return self.mixture_.sample(n_samples)


class GlobalSampler(PriorSampler):
    def sample(self, n_samples=1):
        return np.random.normal(size=(n_samples, self.n_features_in_))  # noqa: NPY002


class Fixed(PriorSampler):
    def sample(self, n_samples=1):
        rng = np.random.default_rng(0)
        return rng.normal(size=(n_samples, self.n_features_in_))


class SortedModes(MixtureSampler):
    def sample(self, n_samples=1):
        Z = super().sample(n_samples)
        return Z[np.argsort(Z[:, 0])]


class NoPrior(GaussianSampler):
    needs_codes = False


class DividesByStd(PriorSampler):
    def fit(self, Z):
        self.scale_ = 1 / Z.std(axis=0)
        return super().fit(Z)

    def sample(self, n_samples=1):
        return super().sample(n_samples) * self.scale_


class ReturnsNothing(PriorSampler):
    def fit(self, Z):
        super().fit(Z)


@each(
    ("sampler", "match"),
    [
        (TellsModes(), r"check_sampler_shapes.*\n.*\n.*tuple for \(1, 3\)"),
        (DividesByStd(), r"check_sampler_shapes.*\n.*\n.*not finite"),
        (ReturnsNothing(), r"check_sampler_shapes.*\n.*\n.*fit does not return"),
        (GlobalSampler(), r"check_sampler_draws.*\n.*\n.*random state of \['numpy'\]"),
        (Fixed(), r"check_sampler_draws.*\n.*\n.*another random state changes"),
        (SortedModes(), r"check_sampler_order.*\n.*\n.*sorted"),
        (NoPrior(), r"check_sampler_needs_codes.*\n.*\n.*two sets of codes"),
    ],
    ids=lambda case: type(case).__name__,
)
@pytest.mark.usefixtures("numpy_state_restored")
@pytest.mark.filterwarnings("ignore:divide", "ignore:invalid")
def test_broken_samplers(sampler, match):
    broken(sampler, match)


# Strategies


class BeyondTheSpace(MuPlusLambda):
    def offspring(self, run, population):
        layers, _, *others = population[0].genome
        return [Proposal((layers, 99, *others))]


class Parameters(MuPlusLambda):
    def offspring(self, run, population):
        return [run.space.params(one.genome) for one in population]


class GeneratorOfItsOwn(MuPlusLambda):
    def offspring(self, run, population):
        run.rng = np.random.default_rng()
        return super().offspring(run, population)


class GlobalStrategy(MuPlusLambda):
    def offspring(self, run, population):
        np.random.uniform()  # noqa: NPY002
        return super().offspring(run, population)


class Seeded(MuPlusLambda):
    def initial(self, run, n, taken):
        run.rng = np.random.default_rng(0)
        return super().initial(run, n, taken)


class AllDie(MuPlusLambda):
    def survivors(self, run, population, offspring):
        return []


class Resurrects(MuPlusLambda):
    def survivors(self, run, population, offspring):
        first = run.space.spread(1, np.random.default_rng(0))[0]
        return [*super().survivors(run, population, offspring), Proposal(first)]


class TakesWhatIsTaken(MuPlusLambda):
    def initial(self, run, n, taken):
        return [Proposal(genome) for genome in taken] or super().initial(run, n, taken)


class ExpectsMore(MuPlusLambda):
    def offspring(self, run, population):
        found = []
        while len(found) < 8:
            new = run.fresh(lambda: run.space.spread(1, run.rng), found)
            found.append(new[0])
        return [Proposal(genome) for genome in found]


@each(
    ("strategy", "match"),
    [
        (BeyondTheSpace(), r"check_strategy_stays.*\n.*\n.*99 is not in Range"),
        (Parameters(), r"check_strategy_stays.*\n.*\n.*offspring returns \{"),
        (AllDie(), r"check_strategy_stays.*\n.*\n.*leaves nobody"),
        (Resurrects(), r"check_strategy_stays.*\n.*\n.*strangers"),
        (TakesWhatIsTaken(), r"check_strategy_stays.*\n.*\n.*which are taken"),
        (GeneratorOfItsOwn(), r"check_strategy_is_rep.*\n.*\n.*other candidates"),
        (GlobalStrategy(), r"check_strategy_is_rep.*\n.*\n.*state of \['numpy'\]"),
        (Seeded(), r"check_strategy_is_rep.*\n.*\n.*random state is no other"),
        (ExpectsMore(), r"check_strategy_in_small_spaces.*\n.*\n.*NoneType"),
    ],
    ids=lambda case: type(case).__name__,
)
@pytest.mark.usefixtures("numpy_state_restored")
def test_broken_strategies(strategy, match):
    broken(strategy, match)


# Selection rules


class Rule(SelectionRule):
    def criterion(self, curve):
        return curve.mean

    def why(self, curve, position):
        return "it is best"


class TooShort(Rule):
    def criterion(self, curve):
        return curve.mean[1:]


class Undefined(Rule):
    def criterion(self, curve):
        return np.full(len(curve.values), np.nan)


class Outside(Rule):
    def choose(self, curve):
        return len(curve.values)


class Speechless(Rule):
    def why(self, curve, position):
        return None


class OfTheFirstFold(Rule):
    def choose(self, curve):
        return int(np.argmax(curve.scores[:, 0]))


class Sorts(Rule):
    def choose(self, curve):
        curve.scores.sort(axis=1)
        return 0


class RandomRule(Rule):
    def choose(self, curve):
        return int(np.random.choice(len(curve.values)))  # noqa: NPY002


class Remembers(Rule):
    def choose(self, curve):
        self.last = getattr(self, "last", -1) + 1
        return min(self.last, len(curve.values) - 1)


class PositionForRow(Rule):
    def __call__(self, cv_results):
        return self.from_cv_results(cv_results).value - 1


class WithoutMetric(Rule):
    def __init__(self, param=None):
        self.param = param


@each(
    ("rule", "match"),
    [
        (TooShort(), r"check_rule_chooses.*\n.*\n.*shape \(5,\) for 6 values"),
        (Undefined(), r"check_rule_chooses.*\n.*\n.*the criterion \[nan"),
        (Outside(), r"check_rule_chooses.*\n.*\n.*the position 6 of 6"),
        (Speechless(), r"check_rule_chooses.*\n.*\n.*the reason None"),
        (OfTheFirstFold(), r"check_rule_is_pure.*\n.*\n.*in another order"),
        (Sorts(), r"check_rule_is_pure.*\n.*\n.*are changed"),
        (RandomRule(), r"check_rule_is_pure.*\n.*\n.*state of \['numpy'\]"),
        (Remembers(), r"check_rule_is_pure.*\n.*\n.*cloned, on a curve"),
        (PositionForRow(), r"check_rule_in_searches.*\n.*\n.*the row of the value"),
        (WithoutMetric(), r"check_rule_in_searches.*\n.*\n.*'metric'"),
    ],
    ids=lambda case: type(case).__name__,
)
@pytest.mark.usefixtures("numpy_state_restored")
def test_broken_rules(rule, match):
    broken(rule, match)


# Scorers


class NotANumber(Reconstruction):
    def __call__(self, estimator, X, y=None):
        return float("nan")


class Unlocated(Reconstruction):
    def __call__(self, estimator, X, y=None):
        if getattr(estimator, "diverged_", False):
            return self.worst
        return float(np.tanh(np.mean(X)))


class Random(Reconstruction):
    def _score(self, located, y):
        return np.random.default_rng().random()


class GlobalRandom(Reconstruction):
    def _score(self, located, y):
        return super()._score(located, y) + 0 * np.random.random()  # noqa: NPY002


class Optimist(Reconstruction):
    def __call__(self, estimator, X, y=None):
        return max(0.5, super().__call__(estimator, X, y))


class BelowWorst(Reconstruction):
    worst = 0.9

    def __call__(self, estimator, X, y=None):
        return min(0.5, super().__call__(estimator, X, y))


class Whole(Scorer):
    def __call__(self, estimator, X, y=None):
        return round(super().__call__(estimator, X, y))

    def _score(self, located, y):
        return 1.0


@each(
    ("scorer", "match"),
    [
        (NotANumber(), r"check_scorer_is_finite.*\n.*\n.*nan of 60 rows"),
        (Whole(), r"check_scorer_is_finite.*\n.*\n.*1 of 60 rows is no float"),
        (BelowWorst(), r"check_scorer_is_finite.*\n.*\n.*below 0.9"),
        (Unlocated(), r"check_scorer_in_pipelines.*\n.*\n.*in a pipeline"),
        (Optimist(), r"check_scorer_of_failures.*\n.*\n.*codes that are nan"),
        (Random(), r"check_scorer_(in_pipelines|is_deterministic)"),
        (GlobalRandom(), r"check_scorer_is_determin.*\n.*\n.*state of \['numpy'\]"),
    ],
    ids=lambda case: type(case).__name__,
)
@pytest.mark.usefixtures("numpy_state_restored")
def test_broken_scorers(scorer, match):
    broken(scorer, match)


# Autoencoders


class RandomCodes(DenseAutoencoder):
    def transform(self, X):
        Z = super().transform(X)
        noise = 1e-3 * np.random.default_rng().normal(size=Z.shape)
        return Z + noise.astype(Z.dtype)


class BatchCodes(DenseAutoencoder):
    def transform(self, X):
        Z = super().transform(X)
        return Z - Z.mean(axis=0)

    def reconstruct(self, X):
        return self.inverse_transform(self.transform(X))


class SeededGlobally(DenseAutoencoder):
    def fit(self, X, y=None, *, X_val=None):
        torch.manual_seed(0)
        return super().fit(X, y, X_val=X_val)


class Double(DenseAutoencoder):
    def transform(self, X):
        return super().transform(X).astype(float)


class Forgiving(DenseAutoencoder):
    def transform(self, X):
        return super().transform(X if hasattr(X, "columns") else np.nan_to_num(X))


class ZeroFilled(DenseAutoencoder):
    def _complete(self, x, *others):
        return super()._complete(x.nan_to_num(), *others)


class Unchecked(DenseAutoencoder):
    _parameter_constraints = {
        **DenseAutoencoder._parameter_constraints,
        "batch_size": [object],
    }


@each(
    ("autoencoder", "match"),
    [
        (Double, r"check_shapes_and_dtypes.*\n.*\n.*float64 for float32"),
        (RandomCodes, r"check_reconstruction_is_the_decoded_code.*\n.*\n.*differ by"),
        (SeededGlobally, r"check_global_random_state.*\n.*\n.*\['torch'\]"),
        (BatchCodes, r"check_rows_are_independent.*\n.*\n.*differ by"),
        (Forgiving, r"check_not_finite_is_refused.*\n.*\n.*nan in transform is accep"),
        (ZeroFilled, r"check_missing_values.*\n.*\n.*means differ"),
        (Unchecked, r"check_bad_parameter_is_named.*'batch_size'"),
    ],
)
def test_broken_autoencoders(autoencoder, match):
    with torch.random.fork_rng(devices=[]):
        broken(autoencoder(max_epochs=5), match)


def test_a_changed_autoencoder_is_checked_anew():
    autoencoder = DenseAutoencoder(max_epochs=5)
    check(autoencoder)
    autoencoder.set_params(n_components=3)
    check(autoencoder)


# One by one


@each(
    "instance",
    [
        (DenseNetwork((4,)), (3,)),
        PointBottleneck(noise=GaussianNoise()),
        GaussianNoise(),
        L1Activity(LinearWarmup()),
        SquaredError(),
        LinearWarmup(),
        Best(param="pca__n_components", metric="r2"),
        Reconstruction(),
    ],
    ids=repr,
)
def test_what_is_sound_passes(instance):
    check(instance)


def test_one_test_for_each_check():
    instances = [L1Activity(), (DenseNetwork(), (3,)), DenseAutoencoder()]
    mark = parametrize_with_checks(instances).mark
    names, pairs = mark.args
    ids = [f"{mark.kwargs['ids'](i)}-{mark.kwargs['ids'](c)}" for i, c in pairs]
    assert names == ("instance", "check")
    assert len(set(ids)) == len(ids) > 40
    assert "L1Activity()-check_penalty_dtypes(dtype=torch.float32)" in ids
    assert not any(" " in name for name in ids)
    assert {type(i) for i, _ in pairs} == {L1Activity, DenseNetwork, DenseAutoencoder}


@each("instance", [3, L1Activity, DenseNetwork(), (L1Activity(), (3,))], ids=repr)
def test_what_has_no_checks_is_refused(instance):
    given = re.escape(repr(instance))
    with pytest.raises(TypeError, match=rf"no checks of {given}: .*Penalty.*event_sh"):
        check(instance)


@each("kind", KINDS)
def test_every_kind_of_part_has_checks(kind):
    """The names of all that `check` takes are in what it says of anything else."""
    with pytest.raises(TypeError) as caught:
        check(None)
    assert re.search(rf"\b{KINDS[kind].base.__name__}\b", str(caught.value))


class NoPandas:
    def find_spec(self, name, path=None, target=None):
        if name == "pandas":
            raise ImportError("no pandas")


def test_without_pandas_data_frames_are_skipped(monkeypatch):
    monkeypatch.delitem(sys.modules, "pandas", raising=False)
    monkeypatch.setattr(sys, "meta_path", [NoPandas(), *sys.meta_path])
    autoencoder = DenseAutoencoder(max_epochs=5)
    [skipped] = [c for _, c in checks_of(autoencoder) if "data_frames" in str(c)]
    with pytest.raises(SkipTest, match="pandas is not installed"):
        skipped(autoencoder)
    with pytest.warns(SkipTestWarning, match="pandas is not installed"):
        check(autoencoder)
