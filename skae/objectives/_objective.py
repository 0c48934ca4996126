"""The objective: a named sum of one reconstruction term and weighted penalties."""

from collections import Counter
from numbers import Real

from sklearn.base import clone

from skae._sklearn import BaseComposition
from skae.exceptions import IncompatiblePartsError
from skae.objectives._penalty import PENALTIES
from skae.objectives._reconstruction import RECONSTRUCTIONS
from skae.schedules import Schedule, weight_at

__all__ = ["LossFunction", "Objective"]

# What the history records under these names is there for any objective.
TAKEN = ("loss", "reconstruction", "batch_count")


class Objective(BaseComposition):
    """Objective of training: a sum of terms, each under its name.

    ``loss(epoch) = reconstruction(x, x_hat) + sum_k weight_k(epoch) * penalty_k``

    Only the objective weighs: terms return raw values, and the history of a fit holds
    raw values and weights apart.

    Parameters
    ----------
    reconstruction : str or ReconstructionLoss, default="squared_error"
        The reconstruction term, a mean over features and batch.
    penalties : sequence of (str, Penalty), default=()
        Named penalties on the codes. A penalty may also be given by its registered
        name. Nested parameters are reached as ``<name>__<parameter>``, for example
        ``objective__sparsity__weight`` in a search.

    Examples
    --------
    >>> from skae.objectives import L1Activity, Objective
    >>> objective = Objective(penalties=[("sparsity", L1Activity(weight=1e-3))])
    >>> objective.get_params()["sparsity__weight"]
    0.001
    """

    def __init__(self, reconstruction="squared_error", penalties=()):
        self.reconstruction = reconstruction
        self.penalties = penalties

    def get_params(self, deep=True):
        """Return the parameters, those of the penalties under their names."""
        return self._get_params("penalties", deep=deep)

    def set_params(self, **params):
        """Set parameters, those of the penalties under their names."""
        self._set_params("penalties", **params)
        return self

    def build(self, bottleneck):
        """Return the `LossFunction`, after checking it against the bottleneck.

        Raises
        ------
        IncompatiblePartsError
            When a penalty requires what `bottleneck` does not provide.
        ValueError
            When the penalties are no pairs of a name and a penalty, or names are taken.
        """
        _check_names(self.penalties)
        penalties = {
            name: clone(PENALTIES.resolve(part)) for name, part in self.penalties
        }
        for name, penalty in penalties.items():
            _check_compatible(name, penalty, bottleneck)
        return LossFunction(
            clone(RECONSTRUCTIONS.resolve(self.reconstruction)), penalties
        )


def _check_names(penalties):
    pairs = [pair for pair in penalties if isinstance(pair, tuple | list)]
    if isinstance(penalties, dict) or len(pairs) < len(penalties):
        raise ValueError(
            f"penalties={penalties!r}: give pairs of a name and a penalty, as in "
            "[('sparsity', L1Activity(1e-3))]."
        )
    counts = Counter([*TAKEN, *(name for name, _ in pairs)])
    if repeated := [name for name, count in counts.items() if count > 1]:
        raise ValueError(
            f"The penalty name {repeated[0]!r} is taken: each term needs a name of its "
            f"own in the history, other than {' and '.join(map(repr, TAKEN))}."
        )


def _check_compatible(name, penalty, bottleneck):
    if not isinstance(penalty.weight, Real | Schedule):
        raise TypeError(
            f"The penalty {name!r} has weight={penalty.weight!r}: use a number, or a "
            "Schedule such as LinearWarmup."
        )
    if missing := penalty.requires - bottleneck.provides:
        raise IncompatiblePartsError(
            f"The penalty {name!r} ({type(penalty).__name__}) requires "
            f"{', '.join(sorted(missing))} of the code, which "
            f"{type(bottleneck).__name__} does not provide (it provides "
            f"{', '.join(sorted(bottleneck.provides))}): choose another bottleneck "
            "or drop the penalty."
        )


class LossFunction:
    """The objective at work: raw terms and their weighted sum.

    Examples
    --------
    >>> import torch
    >>> from skae.bottlenecks import Latent, PointBottleneck
    >>> from skae.objectives import L1Activity, Objective
    >>> objective = Objective(penalties=[("sparsity", L1Activity(weight=0.1))])
    >>> loss_function = objective.build(PointBottleneck())
    >>> code = torch.ones(4, 2)
    >>> loss, terms = loss_function(
    ...     torch.zeros(4, 3),
    ...     torch.ones(4, 3),
    ...     Latent(mean=code, sample=code),
    ...     loss_function.weights(epoch=0),
    ... )
    >>> loss, terms["reconstruction"], terms["sparsity"]
    (tensor(1.2000), tensor(1.), tensor(2.))
    """

    def __init__(self, reconstruction, penalties):
        self.reconstruction = reconstruction
        self.penalties = penalties
        #: Epochs over which all weights rise from zero to what they are.
        self.warm_up = 0

    def state_dict(self):
        """Return the learnt state of the loss, none, for skorch's callbacks."""
        return {}

    def load_state_dict(self, state):
        """Take what `state_dict` has returned."""

    def weights(self, epoch, n_epochs=None):
        """Return the penalties' weights in `epoch`, by name."""
        share = min(1.0, epoch / self.warm_up) if self.warm_up else 1.0
        return {
            name: share * weight_at(penalty.weight, epoch, n_epochs)
            for name, penalty in self.penalties.items()
        }

    def __call__(
        self,
        x,
        x_hat,
        latent,
        weights,
        generator=None,
        row_weight=None,
        entry_weight=None,
        variance=None,
    ):
        """Return the loss and its raw terms by name, all of shape ``(...)``.

        Parameters
        ----------
        x, x_hat : torch.Tensor of shape (..., batch, n_features)
        latent : Latent
        weights : dict of str to float
            As `weights` returns them.
        generator : torch.Generator or None
            Source of the penalties' draws.
        row_weight : torch.Tensor of shape (..., batch) or None
            Weights of the rows in penalties.
        entry_weight : torch.Tensor of shape (..., batch, n_features) or None
            Weights of the entries in the reconstruction term.
        variance : torch.Tensor of shape (..., 1, n_features) or None
            What a `Likelihood` has the optimiser learn.
        """
        learned = () if variance is None else (variance,)
        loss = self.reconstruction(x, x_hat, entry_weight, *learned)
        terms = {"reconstruction": loss}
        for name, penalty in self.penalties.items():
            terms[name] = penalty(latent, generator, row_weight)
            loss = loss + weights[name] * terms[name]
        return loss, terms
