"""What may change in a module that trains, besides the values of its parameters."""

from torch import nn
from torch.nn.modules.module import _has_any_global_hook

__all__ = ["Snapshot", "has_hooks", "is_untouched"]

_HOOKS = (
    "_forward_hooks",
    "_forward_pre_hooks",
    "_backward_hooks",
    "_backward_pre_hooks",
)


class Snapshot:
    """Parts, settings, methods and buffers of a module and its loss, as they are now.

    Parameters
    ----------
    module : AutoencoderModule
    loss : LossFunction
    """

    def __init__(self, module, loss):
        self._parts = list(module.modules())
        self._sizes = [(names, len(names)) for names in map(vars, self._parts)]
        own = [vars(loss), loss.penalties, vars(loss.reconstruction)]
        for part in self._parts:
            own += [vars(part), part._buffers, part._modules]
        self._values = [
            (names, name, value)
            for names in own
            for name, value in names.items()
            if name != "training" and not name.startswith("_")
        ]
        # Noise has estimates that change as it is drawn.
        constant = module.units, module.bottleneck, module.indicator
        self._buffers = [
            (buffer, buffer._version)
            for part in constant
            if part is not None
            for buffer in part.buffers(recurse=False)
        ]

    def is_valid(self):
        """Return whether all of it is as it was, and all parts are in training mode."""
        return (
            all(part.training for part in self._parts)
            and all(len(names) == size for names, size in self._sizes)
            and all(names.get(name) is value for names, name, value in self._values)
            and all(buffer._version == version for buffer, version in self._buffers)
        )


def is_untouched(module):
    """Return whether nothing follows or replaces what the parts of a module compute."""
    return not has_hooks(module) and all(
        (type(part) is nn.Linear or not isinstance(part, nn.Linear))
        and not any(callable(getattr(type(part), name, None)) for name in vars(part))
        for part in module.modules()
    )


def has_hooks(module):
    """Return whether anything follows what a module computes, or its gradients."""
    return bool(
        _has_any_global_hook()
        or any(getattr(part, name) for part in module.modules() for name in _HOOKS)
        or any(
            param._backward_hooks or param._post_accumulate_grad_hooks
            for param in module.parameters()
        )
    )
