"""Rows beside the network that they are given to, in double precision."""

from copy import deepcopy
from typing import Any, NamedTuple

import torch
from scipy.sparse import issparse

from skae._finder import fitted_autoencoder
from skae.interpretation._outputs import CodeUnit, RowError
from skae.registry import unknown_name
from skae.scorers import locate
from skae.training._devices import as_tensor

__all__ = ["ERROR", "Explained", "dense", "number_of"]

#: The target that is the error of each row.
ERROR = "error"


def dense(X):
    """Return rows, which are few, as an array where they are sparse."""
    return X.toarray() if issparse(X) else X


class Explained(NamedTuple):
    """A fitted autoencoder and rows, both in double precision.

    Differences of outputs would otherwise be lost in rounding.

    Attributes
    ----------
    autoencoder : estimator
    before : Pipeline or None
        The fitted steps that the data have passed.
    module : AutoencoderModule
        A copy.
    x : torch.Tensor of shape (n_rows, *event_shape)
        Events with the means of the fit's rows where entries are missing; NaN only
        where sequences have ended, for networks that take that.
    present : torch.Tensor of bool, like `x`
    weight : torch.Tensor, like `x`
        What a squared error counts in that of its row.
    condition : torch.Tensor of shape (n_rows, n_conditions) or None
    """

    autoencoder: Any
    before: Any
    module: Any
    x: torch.Tensor
    present: torch.Tensor
    weight: torch.Tensor
    condition: torch.Tensor | None

    @classmethod
    def of(cls, estimator, X, condition=None):
        """Return the autoencoder in an estimator, and rows as that takes them."""
        autoencoder, located = fitted_autoencoder(estimator), locate(estimator, X)
        X = autoencoder._check_X(located.X, reset=False)
        module = _in_double_precision(autoencoder.net_.module_)
        place = next(module.parameters())
        x, weight, condition = (
            None if part is None else as_tensor(part).to(place)
            for part in (
                X,
                autoencoder._error_weights(X),
                autoencoder._given_condition(condition, len(X)),
            )
        )
        present = ~autoencoder._as_events(x).isnan()
        weight = autoencoder._as_events(weight)
        x = autoencoder._complete(x)
        return cls(autoencoder, located.before, module, x, present, weight, condition)

    def means(self):
        """Return the means of the fit's rows, an event for each row."""
        return self.autoencoder.net_.means_.to(self.x).expand_as(self.x)

    def like(self, estimator, X):
        """Return other rows of users as events, one for all or one for each.

        Raises
        ------
        ValueError
            When there are other numbers of them, or events of another shape.
        """
        X = self.autoencoder._check_X(locate(estimator, X).X, reset=False)
        events = self.autoencoder._as_events(as_tensor(X).to(self.x))
        if len(events) not in (1, len(self.x)) or events.shape[1:] != self.x.shape[1:]:
            raise ValueError(
                f"baseline has events of shape {tuple(events.shape)}, and X those of "
                f"shape {tuple(self.x.shape)}: pass one row, or one for each in X."
            )
        return self.autoencoder._complete(as_tensor(X).to(self.x)).expand_as(self.x)

    def output(self, target):
        """Return the function of events that a target names, and its name."""
        if isinstance(target, str) and target == ERROR:
            return RowError(self.module, self), ERROR
        names = [*self.autoencoder.get_feature_names_out()]
        unit = number_of(target, names, "target", [ERROR])
        return CodeUnit(self.module, self, unit), names[unit]


def _in_double_precision(module):
    module = deepcopy(module)
    if next(module.parameters()).device.type == "mps":  # which has none
        module = module.cpu()
    return module.double().eval().requires_grad_(False)


def number_of(unit, names, parameter, others=()):
    """Return the number of a code unit that is given by its name or number.

    Parameters
    ----------
    unit : int or str
    names : list of str
        Of the units.
    parameter : str
        What errors call it.
    others : sequence of str
        What else may be given.

    Raises
    ------
    ValueError
        When there is no such unit.
    """
    if isinstance(unit, str):
        if unit not in names:
            raise unknown_name(parameter, unit, [*others, *names])
        return names.index(unit)
    try:
        return range(len(names))[unit]
    except (IndexError, TypeError) as error:
        raise ValueError(
            f"{parameter}={unit!r} is no code unit: use the number of one, 0 to "
            f"{len(names) - 1}, its name, as {names[0]!r}"
            f"{''.join(f', or {other!r}' for other in others)}."
        ) from error
