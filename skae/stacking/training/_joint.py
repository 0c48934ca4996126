"""Steps of an optimiser on all parameters of a net as one."""

from inspect import unwrap

import torch

from skae.stacking.training._optimizer import copy_of, is_elementwise

__all__ = ["JointOptimizer", "can_join", "is_followed"]


class JointOptimizer:
    """An optimiser that takes a net's parameters for a single one, until it is closed.

    What torch does for every parameter takes longer than the step of small ones. Until
    then the parameters, their gradients, and the state that the net's own optimiser
    has of them are parts of joint tensors.

    Parameters
    ----------
    optimizer : torch.optim.Optimizer
        The net's own, of one group; it has to work entry by entry.
    """

    def __init__(self, optimizer):
        self.own = optimizer
        (self.group,) = optimizer.param_groups
        self.params = list(self.group["params"])
        self.joint = _joined([param.data for param in self.params])
        self.joint.grad = torch.zeros_like(self.joint)
        self.grads = _parts(self.joint.grad, self.params)
        for param, part in zip(self.params, self._parts_of(self.joint), strict=True):
            param.data = part
        self._joint = type(optimizer)([{**self.group, "params": [self.joint]}])
        # What torch wraps around a step, for hooks and profilers, costs as much as it.
        self._step = unwrap(type(optimizer).step)
        self._told = [{} for _ in self.params]
        if any(optimizer.state.values()):
            self._join_states()
        self._hook = optimizer.register_state_dict_pre_hook(lambda _: self.tell())
        self.places = [param.data_ptr() for param in self.params]

    def is_untouched(self):
        """Return whether parameters and their state are where they have been put."""
        return (
            [param.data_ptr() for param in self.params] == self.places
            and len(self.own.param_groups) == 1
            and self.own.param_groups[0] is self.group
            and [*map(id, self.group["params"])] == [*map(id, self.params)]
            and all(map(self._has_told, self.params, self._told))
        )

    def _has_told(self, param, told):
        """Return whether the net's own optimiser has the state that it was told."""
        own = self.own.state.get(param, {})
        return own.keys() == told.keys() and all(
            _is_as_told(own, told, name) for name in told
        )

    def _parts_of(self, joint):
        return _parts(joint, self.params)

    def _join_states(self):
        """Take up the state that the net's own optimiser has."""
        state, states = self._joint.state[self.joint], self.own.state
        for name, value in states[self.params[0]].items():
            values = [states[param][name] for param in self.params]
            is_joined = is_elementwise(value, self.params[0])
            state[name] = _joined(values) if is_joined else copy_of(value)
        for param in self.params:
            states[param] = {}
        self.tell()

    def zero_grad(self):
        """Set all gradients to zero, for others to be added."""
        self.joint.grad.zero_()
        self.show_gradients()

    def take_gradients(self):
        """Take up the gradients that parameters have."""
        torch._foreach_copy_(self.grads, [param.grad for param in self.params])
        self.show_gradients()

    def show_gradients(self):
        """Let parameters have their gradients."""
        for param, grad in zip(self.params, self.grads, strict=True):
            param.grad = grad

    def step(self):
        """Take a step, given the gradients."""
        settings = {name: self.group[name] for name in self.group if name != "params"}
        self._joint.param_groups[0].update(settings)
        is_first = not self._joint.state.get(self.joint)
        self._step(self._joint)
        if is_first:
            self.tell()

    def tell(self):
        """Let the net's own optimiser have the state of now, where none changed it.

        Parts of joint tensors stay so; numbers are as they are now.
        """
        state = self._joint.state.get(self.joint, {})
        parts = {
            name: self._parts_of(value)
            for name, value in state.items()
            if is_elementwise(value, self.joint)
        }
        for i, (param, told) in enumerate(zip(self.params, self._told, strict=True)):
            for name, value in state.items():
                if name not in told or _is_as_told(self.own.state[param], told, name):
                    own = parts[name][i] if name in parts else copy_of(value)
                    self.own.state[param][name] = own
                    told[name] = own, None if name in parts else _version_of(own)

    def close(self):
        """Give each parameter its own memory, and the optimiser its own state."""
        self._hook.remove()
        self.tell()
        for param in self.params:
            param.data, param.grad = param.data.clone(), copy_of(param.grad)
            state = self.own.state.get(param, {})
            state |= {name: copy_of(value) for name, value in state.items()}


def _is_as_told(own, told, name):
    """Return whether something of a state is what an optimiser was told.

    What has an entry for each of a parameter may have been changed in place.
    """
    value, version = told[name]
    return own.get(name) is value and version in {None, _version_of(value)}


def _version_of(value):
    """Return how many times a tensor has been changed, None for what is none."""
    return getattr(value, "_version", None)


def is_followed(optimizer):
    """Return whether something else acts on steps: hooks, or a scheduler's count."""
    return "step" in vars(optimizer) or any(getattr(optimizer, n) for n in _HOOKS)


_HOOKS = "_optimizer_step_pre_hooks", "_optimizer_step_post_hooks"


def can_join(optimizer):
    """Return whether parameters have taken the same steps, so that one stands for all.

    Those that were frozen for some time have not.
    """
    (group,) = optimizer.param_groups
    numbers = [_numbers(optimizer.state.get(p, {}), p) for p in group["params"]]
    return all(of_param == numbers[0] for of_param in numbers)


def _numbers(state, param):
    """Return a parameter's state; None for what has a value for each of its entries."""
    return {
        name: None if is_elementwise(value, param) else float(value)
        for name, value in state.items()
        if value is not None
    }


def _joined(tensors):
    return torch.cat([tensor.flatten() for tensor in tensors])


def _parts(joint, like):
    sizes = [tensor.numel() for tensor in like]
    parts = zip(joint.split(sizes), like, strict=True)
    return [part.view(tensor.shape) for part, tensor in parts]
