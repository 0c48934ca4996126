"""Estimators to and from the documents that files hold."""

import platform
import warnings
from importlib.metadata import version

import numpy as np
import sklearn
import torch

from skae.exceptions import FileFormatError
from skae.persistence._alike import first_difference, first_unequal
from skae.persistence._classes import ClassNames
from skae.persistence._decode import Decoder, as_dtype
from skae.persistence._encode import Encoder
from skae.persistence._file import pack, read, unpack, write
from skae.training._devices import resolve_device

__all__ = ["load_estimator", "save_estimator"]

# What training sets of a net, besides weights, optimiser and history.
SETTINGS = (
    "batch_size",
    "lr",
    "learning_rate_schedule",
    "max_grad_norm",
    "verbose",
    "epochs_",
    "first_epoch_",
    "n_epochs_",
    "has_missing_",
    "diverged_",
)
IN_THE_NET = ("net_", "history_")


def save_estimator(estimator, path, estimators):
    """Write an estimator to a file, after reading it back from what is written.

    Parameters
    ----------
    estimator : BaseAutoencoder
    path : path-like
    estimators : Registry
        Of the classes of estimators.

    Raises
    ------
    ValueError
        When it has values that would have to be pickled, or could not be built again
        from its parameters. Nothing is written then.
    """
    names = ClassNames(estimators)
    document, tensors = _encoded(estimator, names)
    data = pack(document, tensors)
    _check(estimator, data, names)
    write(path, data)


def load_estimator(path, estimators, device=None):
    """Return the estimator that a file holds.

    Parameters
    ----------
    path : path-like
    estimators : Registry
        Of the classes of estimators.
    device : str or None, default=None
        Where its net is to be, or None for the estimator's own parameter `device`.

    Raises
    ------
    FileFormatError
        When the file was not saved by skae, is damaged, or needs what is not there.
    """
    try:
        document, tensors = unpack(read(path))
        return _decoded(document, tensors, ClassNames(estimators), device)
    except FileFormatError as error:
        raise FileFormatError(f"{path} can't be loaded. {error}") from error


def _encoded(estimator, names):
    """Return the document and the tensors of an estimator."""
    encoder = Encoder(names)
    document = {
        "versions": _versions(),
        "estimator": encoder.encode_object(estimator, "", without=IN_THE_NET),
        "net": None,
    }
    if hasattr(estimator, "net_"):
        document["net"] = _encoded_net(estimator, encoder)
    return document, encoder.tensors


def _versions():
    return {
        "skae": version("skae"),
        "scikit-learn": sklearn.__version__,
        "torch": torch.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


def _encoded_net(estimator, encoder):
    net = estimator.net_
    settings = {name: vars(net)[name] for name in SETTINGS if name in vars(net)}
    return {
        "event_shape": [int(size) for size in net.module_.event_shape],
        "dtype": str(net.dtype).removeprefix("torch."),
        "module": encoder.encode(dict(net.module_.state_dict()), "module"),
        "optimizer": encoder.encode(net.optimizer_.state_dict(), "optimizer"),
        "history": encoder.encode(list(net.history), "history_"),
        "settings": encoder.encode(settings, "net_"),
        "has_history": hasattr(estimator, "history_"),
    }


def _decoded(document, tensors, names, device):
    decoder = Decoder(names, tensors)
    try:
        estimator = decoder.decode(document["estimator"])
        if device is not None:
            estimator.device = device
        net = document["net"]
        if net is not None:
            _restore_net(estimator, net, decoder, device)
        decoder.check_that_all_were_used()
    except (FileFormatError, _DeviceError):
        raise
    except Exception as error:  # whatever a forged document leads to
        raise FileFormatError(
            f"What it holds does not fit together ({type(error).__name__}: "
            f"{str(error)[:200]})."
        ) from error
    return estimator


def _restore_net(estimator, document, decoder, device):
    dtype = as_dtype(document["dtype"])
    device = _device(estimator.device, dtype, required=device is not None)
    estimator._build_net(tuple(document["event_shape"]), dtype, device)
    net = estimator.net_
    _load_weights(net.module_, decoder.decode(document["module"]))
    _load_optimizer(net.optimizer_, decoder.decode(document["optimizer"]))
    net.history.extend(decoder.decode(document["history"]))
    for name, value in decoder.decode(document["settings"]).items():
        if name not in SETTINGS:
            raise FileFormatError(f"It sets {name!r:.80} of the net.")
        setattr(net, name, value)
    if document["has_history"]:
        estimator.history_ = net.history


def _load_weights(module, state):
    expected = module.state_dict()
    if missing := [name for name in expected if name not in state]:
        raise FileFormatError(f"The network's {', '.join(missing)} are missing.")
    if unknown := [name for name in state if name not in expected]:
        raise FileFormatError(f"The network has no {', '.join(unknown)}.")
    for name, tensor in expected.items():
        if _kind(tensor) != _kind(state[name]):
            raise FileFormatError(
                f"The network's {name} is {_kind(state[name])}, and should be "
                f"{_kind(tensor)}."
            )
    module.load_state_dict(state)


def _load_optimizer(optimizer, state):
    """Load a state with the dtypes it has: torch gives it those of the weights."""
    optimizer.load_state_dict(state)
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    for i, values in state["state"].items():
        of_weight = optimizer.state[weights[i]]
        for name, value in values.items():
            if isinstance(value, torch.Tensor):
                of_weight[name] = value.to(of_weight[name].device)


def _kind(tensor):
    if not isinstance(tensor, torch.Tensor):
        return type(tensor).__name__
    return f"{str(tensor.dtype).removeprefix('torch.')} of shape {tuple(tensor.shape)}"


class _DeviceError(ValueError):
    """The device asked for is not there, or lacks the dtype."""


def _device(device, dtype, *, required):
    try:
        resolved = resolve_device(device)
        torch.empty(0, device=resolved, dtype=dtype)
        return resolved
    except (ValueError, TypeError) as error:
        if required:
            raise _DeviceError(str(error)) from error
    warnings.warn(
        f"The model was saved with device={device!r}, which cannot be used here: it is "
        "opened on the CPU. Load it with device='cpu' to have its parameter say so.",
        RuntimeWarning,
        stacklevel=6,
    )
    return torch.device("cpu")


def _check(estimator, data, names):
    """Refuse an estimator that would not come back as it is."""
    try:
        twin = _decoded(*unpack(data), names, "cpu")
    except FileFormatError as error:
        raise _not_restored(str(error)) from error
    twin.device = estimator.device
    if place := _first_difference(estimator, twin, names):
        raise _not_restored(f"Its {place} would be another.")


def _first_difference(estimator, twin, names):
    (document, tensors), (other, others) = (
        _encoded(model, names) for model in (estimator, twin)
    )
    if place := first_unequal(tensors, others) or first_unequal(document, other):
        return place
    if hasattr(estimator, "net_"):
        return first_difference(estimator.net_, twin.net_)
    return None


def _not_restored(what):
    return ValueError(
        f"The estimator can't be saved, as it would not come back the same. {what} "
        "A net is built from the estimator's parameters: if those were set after the "
        "fit, set them back or fit again. State that training changes has to be in "
        "parameters and buffers of the module."
    )
