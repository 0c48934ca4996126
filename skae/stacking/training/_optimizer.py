"""Joint optimiser of torch for many members of different settings."""

from inspect import unwrap

import torch

__all__ = ["StackedOptimizer", "copy_of", "is_elementwise"]


class StackedOptimizer:
    """An optimiser whose members may differ in their rate and weight decay.

    torch's own optimisers work on slices of the stacked weights, one slice for all
    members in a row that have the same settings. They have to work entry by entry.

    Parameters
    ----------
    kind : type of torch.optim.Optimizer
    settings : dict
        Which all members share.
    runs : list of (int, dict)
        How many members in a row have which settings of their own.
    weights, grads : Weights
    """

    def __init__(self, kind, settings, runs, weights, grads):
        self.kind = kind
        self.settings = settings
        self.runs = runs
        self.weights = weights
        slices = [_slices(tensors, runs) for tensors in (weights, grads)]
        groups = []
        for params, param_grads, (_, own) in zip(*slices, runs, strict=True):
            for param, grad in zip(params, param_grads, strict=True):
                param.grad = grad
            groups.append({"params": params, **own})
        self.optimizer = kind(groups, **settings)
        # What torch wraps around a step, for hooks and profilers, costs as much as it.
        self._step = unwrap(kind.step)

    def step(self, rates):
        """Take a step with a learning rate for each run."""
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            group["lr"] = rate
        self._step(self.optimizer)

    def state(self):
        """Return the optimiser's state: `Weights` by name, and numbers by name."""
        groups = [group["params"] for group in self.optimizer.param_groups]
        first = self.optimizer.state[groups[0][0]]
        tensors, numbers = {}, {}
        for name, value in first.items():
            if is_elementwise(value, groups[0][0]):
                tensors[name] = self._gathered(name, groups)
            else:
                numbers[name] = value
        return tensors, numbers

    def load_state(self, tensors, numbers):
        """Go on from what `state` returned, perhaps of fewer members."""
        slices = {name: _slices(value, self.runs) for name, value in tensors.items()}
        for run, group in enumerate(self.optimizer.param_groups):
            for index, param in enumerate(group["params"]):
                state = self.optimizer.state[param]
                for name, of_runs in slices.items():
                    state[name] = of_runs[run][index].clone()
                for name, value in numbers.items():
                    state[name] = copy_of(value)

    def _gathered(self, name, groups):
        gathered = self.weights.zeros()
        for targets, params in zip(_slices(gathered, self.runs), groups, strict=True):
            for target, param in zip(targets, params, strict=True):
                target.copy_(self.optimizer.state[param][name])
        return gathered


def is_elementwise(value, param):
    """Return whether a state of an optimiser has an entry for each of a parameter."""
    return isinstance(value, torch.Tensor) and value.shape == param.shape


def copy_of(value):
    """Return a copy of a number, which may be a tensor."""
    return value.clone() if isinstance(value, torch.Tensor) else value


def _slices(weights, runs):
    """Return the tensors of every run; the flat one where there is one run."""
    if len(runs) == 1:
        return [[weights.flat.detach()]]
    slices, start = [], 0
    for length, _ in runs:
        slices.append([part[start : start + length] for part in weights.parts])
        start += length
    return slices
