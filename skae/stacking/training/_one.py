"""Steps of a single net: all parameters as one, and gradients by hand."""

from types import SimpleNamespace

import torch
from torch import nn

from skae.stacking.training._draws import Batch
from skae.stacking.training._joint import JointOptimizer, is_followed
from skae.stacking.training._model import StackedModel

__all__ = ["JointSteps", "StackOfOne", "is_untouched"]


class JointSteps:
    """Steps of one net, whose parameters its optimiser takes for a single one.

    Parameters
    ----------
    net : AutoencoderNet
        About to train.
    """

    def __init__(self, net):
        self.net, self.module = net, net.module_
        self.optimizer = JointOptimizer(net.optimizer_)
        self._is_first = True

    def takes(self, x, row_weight, target, condition):
        """Return whether it can take a step on a batch.

        Callbacks of users may have changed anything since the last one.
        """
        return not self.net.has_guests_ or self._is_untouched()

    def has_own_gradients(self):
        """Return whether gradients are where they have been put."""
        pairs = zip(self.optimizer.params, self.optimizer.grads, strict=True)
        return all(param.grad is grad for param, grad in pairs)

    def _is_untouched(self):
        own = self.optimizer.params
        return (
            self.net.optimizer_ is self.optimizer.own
            and self.net.module_ is self.module
            and list(map(id, self.module.parameters())) == list(map(id, own))
            and all(param.requires_grad for param in own)
            and self.optimizer.is_untouched()
            and not is_followed(self.optimizer.own)
        )

    def step(self, x, row_weight, weights, generator, target, condition):
        """Set the gradients of the loss of a batch; return the terms and the output.

        Parameters
        ----------
        x, row_weight, target, condition : torch.Tensor of shape (batch, ...) or None
        weights : dict of str to float
            Of the penalties.
        generator : torch.Generator
            What noise and codes are drawn from.
        """
        batch = x, row_weight, weights, generator, target, condition
        if self._is_first:
            return self._first_step(batch)
        self.optimizer.zero_grad()
        return self.net.backward(*batch)

    def _first_step(self, batch):
        """Go on by torch's own way where a parameter has no gradient."""
        self._is_first = False
        self.net.optimizer_.zero_grad()
        result = self.net.backward(*batch)
        if all(param.grad is not None for param in self.optimizer.params):
            self.optimizer.take_gradients()
        else:
            self.net.go_on_by_autograd()
        return result


class StackOfOne(JointSteps):
    """Steps of one net, whose gradients are written by hand as those of stacks.

    Where networks are small, to call an operation of torch takes longer than what it
    computes, and torch's own way back takes twice as many of them. The rest of a
    training stays as it is: parameters are the module's own, and gradients are in
    their ``grad``.
    """

    @torch.no_grad()
    def __init__(self, net):
        super().__init__(net)
        rows = SimpleNamespace(has_missing=net.has_missing_, end_early=net.end_early_)
        member = SimpleNamespace(net=net, rows=rows, has_weights=False)
        self.event_shape = net.module_.event_shape
        self.model = StackedModel([member], net.dtype, torch.device(net.device))
        self._buffers = self._state_of_buffers()
        self._terms = self._terms_of_loss()
        self._share(net.module_)

    def _state_of_buffers(self):
        units = self.module.units
        return [] if units is None else [own._version for own in units.buffers()]

    def _terms_of_loss(self):
        loss = self.net.criterion_
        return [loss, loss.reconstruction, *loss.penalties.values()]

    def _share(self, module):
        """Work on the module's own tensors, where they are whole parts of a stack's."""
        tensors, network = self.model.tensors, self.model.network
        params = network.parameters_of(module)
        grads = dict(zip(self.optimizer.params, self.optimizer.grads, strict=True))
        self._weights = _share(network, tensors.weights, [p.detach() for p in params])
        self._grads = _share(network, self.model.grads, [grads[p] for p in params])
        network.bind(tensors.weights, self.model.grads)
        pairs = [*self.model.pairs_of_state(0, module, tensors)]
        self._own_state = [own for own, _ in pairs]
        self._state = [stacked for _, stacked in pairs]

    def takes(self, x, row_weight, target, condition):
        """Return whether it knows a batch: events of the fit's shape, and no more.

        Weights of one each are as none.
        """
        return (
            tuple(x.shape[1:]) == self.event_shape
            and target is None
            and condition is None
            and (row_weight is None or bool((row_weight == 1).all()))
            and super().takes(x, row_weight, target, condition)
        )

    def _is_untouched(self):
        return (
            super()._is_untouched()
            and self.module.training
            and self._buffers == self._state_of_buffers()
            and [*map(id, self._terms)] == [*map(id, self._terms_of_loss())]
            and is_untouched(self.module)
        )

    @torch.no_grad()
    def step(self, x, row_weight, weights, generator, target, condition):
        """Set the gradients of the loss of a batch; return the terms and the output."""
        _copy(self._own_state, self._state)
        _copy(*self._weights)
        weights = {name: x.new_tensor([weight]) for name, weight in weights.items()}
        batch = Batch([len(x)], None, None, [generator])
        terms = self.model.forward(x.flatten(1)[None], batch, weights)
        x_hat = self.model.x_hat[0].view(x.shape)
        if self.net.observes_batches_:
            x_hat = x_hat.clone()  # the next step writes into the same memory
        self.model.backward()
        _copy(*reversed(self._grads))
        _copy(self._state, self._own_state)
        self.optimizer.show_gradients()
        return dict(zip(self.model.terms, terms[:, 0], strict=True)), x_hat


def is_untouched(module):
    """Return whether nothing follows or replaces what the parts of a module compute."""
    return all(
        not any(getattr(part, name) for name in _HOOKS)
        and not _METHODS & vars(part).keys()
        and (type(part) is nn.Linear or not isinstance(part, nn.Linear))
        for part in module.modules()
    ) and not any(
        param._backward_hooks or param._post_accumulate_grad_hooks
        for param in module.parameters()
    )


# That instances have of their classes.
_METHODS = {"forward", "latent"}

_HOOKS = (
    "_forward_hooks",
    "_forward_pre_hooks",
    "_backward_hooks",
    "_backward_pre_hooks",
)


def _copy(tensors, places):
    """Write tensors into others, if there are any."""
    if tensors:
        torch._foreach_copy_(places, tensors)


def _share(network, weights, own):
    """Let a module's own tensors be parts of a stack's, where each is one as a whole.

    Return the others, which are to be copied, and where they stand in the stack's:
    cells have several of their tensors in one.
    """
    whole, copied = {}, ([], [])
    of_parts = {_place(part) for part in weights.parts}
    for tensor, stacked in network.pairs(0, weights, own):
        if _place(stacked) in of_parts:
            whole[_place(stacked)] = tensor
        else:
            copied[0].append(tensor)
            copied[1].append(stacked)
    weights.parts = [
        whole[_place(part)].view(part.shape) if _place(part) in whole else part
        for part in weights.parts
    ]
    return copied


def _place(tensor):
    return tensor.data_ptr(), tensor.numel()
