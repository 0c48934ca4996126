"""Grouping of fits into stacks, by their kind and their size."""

from itertools import pairwise
from math import ceil

import numpy as np
import torch
from sklearn.base import BaseEstimator
from skorch.callbacks import EarlyStopping, EpochTimer

from skae.objectives import LossFunction
from skae.registry import declares
from skae.stacking.layers._kinds import network_of
from skae.stacking.layers._linear import StackedActivation
from skae.stacking.training._joint import can_join, is_followed
from skae.stacking.training._snapshot import is_untouched
from skae.training._callbacks import (
    BudgetStopping,
    DivergenceGuard,
    LastEpoch,
    PatientStopping,
)
from skae.training._guests import follows_epochs
from skae.training._learning_rate import LEARNING_RATE_SCHEDULES
from skae.training._net import AutoencoderNet
from skae.training._sources import ArraySource

__all__ = ["is_by_hand", "is_joint", "kind_of", "stacks_of"]

_DEVICES = {"cpu", "cuda"}
_CALLBACKS = {
    BudgetStopping,
    DivergenceGuard,
    EarlyStopping,
    EpochTimer,
    LastEpoch,
    PatientStopping,
}
_OPTIMIZERS = {
    torch.optim.Adam,
    torch.optim.AdamW,
    torch.optim.RMSprop,
    torch.optim.SGD,
}

# Weights of a lone network from which on it gains nothing by gradients by hand.
MOST_WEIGHTS = 1_000_000
# Networks of more than so many times the weights would be mostly padding, which costs
# little where there are few: a step's operations cost as much as some weights, too.
_LARGEST_RATIO = 2.5
_WEIGHTS_OF_STEP = 2000
# Smaller stacks than that are not made to keep all cores busy: narrow ones wait for
# the lock of Python more than they gain.
_SMALLEST_SPLIT = 16
# Tensors of the size of the weights that a stack holds: the weights, their gradients,
# two copies to go back to, the optimiser's state, and room to move members.
_COPIES = 9


def kind_of(net, rows, rows_val, last):
    """Return the kind of a fit, which those of one stack share; None for a lone fit.

    Parameters
    ----------
    net : AutoencoderNet
    rows, rows_val : Rows
        To train on, and to validate on or None.
    last : bool
        Whether the number of epochs in all is known.

    Returns
    -------
    kind : tuple or None
        Hashable. Members of a stack may differ in what is not in it: sizes of the
        code and of hidden layers, seeds, rows, epochs, learning rates and schedules,
        weight decay, largest norms of gradients, weights of penalties.
    """
    module, loss = net.module_, net.criterion_
    network = network_of(module)
    if not (last and network and _is_plain_net(net) and _has_known(loss)):
        return None
    architecture = network.architecture_of(module)
    if not _is_known(module, architecture.activations):
        return None
    all_rows = [rows] if rows_val is None else [rows, rows_val]
    if not all(_are_plain(rows, module) for rows in all_rows):
        return None
    if len({rows.has_missing for rows in all_rows}) > 1:
        return None
    n_batches = None if rows_val is None else ceil(len(rows) / net.batch_size)
    return (
        net.dtype,
        str(net.device),
        net.batch_size,
        net.is_averaged,
        n_batches,
        rows.has_missing,
        rows.end_early,
        *(rows.weights is None for rows in all_rows),
        architecture,
        module.indicator is not None,
        None if module.bins is None else module.bins.starts.shape,
        _frozen_noise(module.input_noise),
        _frozen_bottleneck(module.bottleneck),
        _frozen_term(loss.reconstruction),
        tuple((name, _frozen(part, "weight")) for name, part in loss.penalties.items()),
        _frozen_optimizer(net),
    )


def is_joint(net):
    """Return whether a lone net's steps take less time with all parameters as one.

    Calls of torch are what takes the time of small networks.
    """
    return (
        type(net) is AutoencoderNet
        and torch.device(net.device).type == "cpu"
        and not (net.mixed_precision or net.is_compiled)
        and not torch.is_inference_mode_enabled()
        and network_of(net.module_) is not None
        and _has_all_weights(net)
    )


def is_by_hand(net):
    """Return whether the gradients of a net that `is_joint` are those of a stack.

    What parts of others declare of themselves is relied upon among many fits only.
    """
    module = net.module_
    network = network_of(module)
    return (
        network.is_quick_alone(module, min(net.batch_size, net.n_rows_))
        and not torch.is_autocast_enabled("cpu")
        and is_untouched(module)
        and _is_known(module, network.architecture_of(module).activations)
        and _has_known(net.criterion_)
        and _has_own_parts(net)
        and _is_same(network.parameters_of(module), module.parameters())
    )


def _has_all_weights(net):
    """Return whether the optimiser steps all weights, and knows the same of each."""
    if not _has_known_optimizer(net) or is_followed(net.optimizer_):
        return False
    params = net.optimizer_.param_groups[0]["params"]
    n_weights = sum(param.numel() for param in params)
    return (
        _is_same(params, net.module_.parameters())
        and all(param.requires_grad for param in params)
        and n_weights <= MOST_WEIGHTS
        and can_join(net.optimizer_)
    )


def _is_same(tensors, others):
    return sorted(map(id, tensors)) == sorted(map(id, others))


def _has_own_parts(net):
    """Return whether the parts of a net that may be a user's are skae's own."""
    loss, bottleneck = net.criterion_, net.module_.bottleneck
    noises = net.module_.input_noise, getattr(bottleneck, "noise", None)
    parts = [
        loss.reconstruction,
        *loss.penalties.values(),
        *(getattr(noise, "part", noise) for noise in noises if noise is not None),
    ]
    return all(type(part).__module__.startswith("skae.") for part in parts)


def _is_plain_net(net):
    return (
        type(net) is AutoencoderNet
        and torch.device(net.device).type in _DEVICES
        and not net.history
        and not (net.mixed_precision or net.is_compiled or net.verbose)
        and net.learning_rate_schedule in {"constant", *LEARNING_RATE_SCHEDULES}
        and all(_is_known_callback(callback) for _, callback in net.callbacks_)
        and _has_known_optimizer(net)
    )


def _has_known_optimizer(net):
    """Return whether an optimiser works entry by entry, with the same settings."""
    optimizer = net.optimizer_
    return type(optimizer) in _OPTIMIZERS and len(optimizer.param_groups) == 1


def _is_known_callback(callback):
    return type(callback) in _CALLBACKS or follows_epochs(callback)


def _are_plain(rows, module):
    source = rows.source
    return (
        type(source) is ArraySource
        and rows.beside[1:] == (None, None)
        and (rows.weights is None or type(rows.weights) is ArraySource)
        and tuple(source.X.shape[1:]) == module.event_shape
        and isinstance(source.X, np.ndarray | torch.Tensor)
        and not isinstance(source.X, np.memmap)
    )


def _is_known(module, activations):
    code = getattr(module.bottleneck, "activation", None)
    own = set() if code is None else {type(code)}
    return (
        module.raw_dispersion is None
        and not (module.link and module.link.state_dict())  # which each would have
        and _is_known_noise(module.input_noise)
        and _is_known_noise(getattr(module.bottleneck, "noise", None))
        and activations | own <= StackedActivation.kinds
        and all(parameter.requires_grad for parameter in module.parameters())
    )


def _is_known_noise(module):
    return module is None or declares(module, "stacks", "forward", "noisy")


def _has_known(loss):
    return (
        type(loss) is LossFunction
        and declares(loss.reconstruction, "is_elementwise", "elementwise", "__call__")
        and all(declares(p, "takes_units", "__call__") for p in loss.penalties.values())
    )


def _frozen_noise(module):
    return None if module is None else (type(module), _frozen(module.part))


def _frozen_bottleneck(bottleneck):
    activation = getattr(bottleneck, "activation", None)
    noise = _frozen_noise(getattr(bottleneck, "noise", None))
    return type(bottleneck), type(activation), noise


def _frozen_term(term):
    own = (name for name in term.differs_in if getattr(term, name) is not None)
    return _frozen(term, *own)


def _frozen_optimizer(net):
    settings = net.get_params_for("optimizer")
    settings.pop("weight_decay")
    return type(net.optimizer_), tuple(sorted(settings.items()))


def _frozen(value, *but):
    """Return something hashable that is equal for equal parts, and only for these."""
    if isinstance(value, BaseEstimator):
        params = value.get_params(deep=False)
        names = sorted(params.keys() - set(but))
        return type(value), *((name, _frozen(params[name])) for name in names)
    if isinstance(value, list | tuple | np.ndarray):
        return tuple(map(_frozen, value))
    try:
        hash(value)
    except TypeError:
        return id(value)
    return value


def stacks_of(members, *, max_members, memory, n_workers):
    """Return lists of members that train in one stack each.

    Parameters
    ----------
    members : list of Member
        Of one kind.
    max_members : int
        Most members of a stack.
    memory : int
        Most bytes of a stack.
    n_workers : int
        How many stacks are trained at a time.
    """
    stacks = []
    for alike in _of_like_size(sorted(members, key=_size_of)):
        largest = max(1, min(max_members, memory // bytes_of(alike[-1])))
        n_stacks = ceil(len(alike) / largest)
        n_busy = n_workers * ceil(n_stacks / n_workers)
        if len(alike) >= _SMALLEST_SPLIT * n_busy:
            n_stacks = n_busy
        stacks += _evenly(alike, n_stacks)
    return [sorted(stack, key=lambda member: repr(member.settings)) for stack in stacks]


def _size_of(member):
    return sum(parameter.numel() for parameter in member.net.module_.parameters())


def _cost_of(member):
    return _size_of(member) + _WEIGHTS_OF_STEP


def _of_like_size(members):
    """Split members, sorted by size, where padding would be most of a stack."""
    groups = [[]]
    for member in members:
        group = groups[-1]
        if group and _cost_of(member) > _LARGEST_RATIO * _cost_of(group[0]):
            groups.append([])
        groups[-1].append(member)
    return groups


def _evenly(members, n_parts):
    edges = np.linspace(0, len(members), n_parts + 1).round().astype(int)
    return [members[a:b] for a, b in pairwise(edges)]


def bytes_of(member):
    """Return about how many bytes a member takes in a stack."""
    itemsize = torch.empty(0, dtype=member.net.dtype).element_size()
    module = member.net.module_
    activations = member.batch_size * network_of(module).numbers_of_row(module)
    n_rows = member.n_batches * member.batch_size
    index = (8 + itemsize * member.has_weights) * n_rows
    return itemsize * (_COPIES * _size_of(member) + activations) + index
