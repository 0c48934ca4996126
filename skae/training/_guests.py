"""skorch callbacks of the user's, and what they count on."""

from contextlib import suppress
from copy import copy, deepcopy
from inspect import signature

from skorch.callbacks import (
    Callback,
    EarlyStopping,
    EpochTimer,
    LRScheduler,
    PrintLog,
    WandbLogger,
)

from skae.registry import declares

__all__ = [
    "check_callbacks",
    "copies_of",
    "follows_batches",
    "follows_epochs",
    "is_scheduler",
    "wants_held_out",
    "without_name",
]

_HOOKS_OF_EPOCHS = ("on_train_begin", "on_epoch_begin", "on_epoch_end", "on_train_end")
_HOOKS_OF_BATCHES = ("on_batch_begin", "on_batch_end", "on_grad_computed")
# Which of skorch's do not look at batches, of which there are many to keep.
_OF_EPOCHS = {EarlyStopping, EpochTimer, LRScheduler, PrintLog}


def check_callbacks(callbacks):
    """Raise a TypeError unless each is what skorch takes for a callback.

    Parameters
    ----------
    callbacks : list
        Of callbacks, their classes, None, or pairs of a name and one of these.
    """
    for given in callbacks:
        callback = without_name(given)
        kind = callback if isinstance(callback, type) else type(callback)
        if callback is not None and not issubclass(kind, Callback):
            raise TypeError(
                f"callbacks={callbacks!r} holds {given!r}, which is no callback: pass "
                "instances of skorch's, as skorch.callbacks.EarlyStopping(), or of "
                "classes of your own derived from skorch.callbacks.Callback. Those of "
                "scikit-learn go to set_callbacks."
            )


def without_name(item):
    """Return the callback of an item in a list of callbacks."""
    return item[-1] if isinstance(item, tuple | list) and len(item) == 2 else item


def copies_of(callbacks):
    """Return copies of callbacks, to change in a fit; those that are None are left out.

    They share what their constructors were given, as writers of logs, which cannot be
    copied. Callbacks that know one another, as one that loads what another has saved,
    know one another's copies.
    """
    callbacks = [item for item in callbacks if without_name(item) is not None]
    copied = {id(c): _copy_of(c) for c in map(without_name, callbacks)}
    for callback in copied.values():
        if not isinstance(callback, type):
            for name, value in list(vars(callback).items()):
                if id(value) in copied:
                    setattr(callback, name, copied[id(value)])
    return [_with_name_of(item, copied) for item in callbacks]


def _copy_of(callback):
    other = copy(callback)
    if isinstance(callback, type):
        return other
    given = signature(type(callback)).parameters
    for name in vars(other).keys() - given.keys():
        with suppress(Exception):  # whatever says that it cannot be copied
            setattr(other, name, deepcopy(getattr(callback, name)))
    return other


def _with_name_of(item, copied):
    callback = without_name(item)
    return copied[id(callback)] if callback is item else (item[0], copied[id(callback)])


def follows_batches(callback):
    """Return whether a callback may look for the history of batches, as skorch has it.

    Those of skae do not.
    """
    is_own = type(callback).__module__.startswith("skae.")
    return not (is_own or type(callback) in _OF_EPOCHS or follows_epochs(callback))


def follows_epochs(callback):
    """Return whether a callback looks at epochs and the module, and changes nothing.

    skorch's `PrintLog` does; others say so by ``follows_epochs = True``.
    """
    says_so = declares(callback, "follows_epochs", *_HOOKS_OF_EPOCHS)
    has_others = any(
        getattr(type(callback), hook, None) is not getattr(Callback, hook)
        for hook in _HOOKS_OF_BATCHES
    )
    return type(callback) is PrintLog or (says_so and not has_others)


def is_scheduler(item):
    """Return whether a callback sets the learning rate."""
    callback = without_name(item)
    if isinstance(callback, type):
        return issubclass(callback, LRScheduler)
    return isinstance(callback, LRScheduler)


def wants_held_out(item):
    """Return whether a callback, as it is, cannot do without held-out rows."""
    callback = without_name(item)
    if isinstance(callback, type):
        callback = callback()
    monitor = getattr(callback, "monitor", None)
    logs_best = isinstance(callback, WandbLogger) and callback.save_model
    return logs_best or (isinstance(monitor, str) and monitor.startswith("valid_"))
