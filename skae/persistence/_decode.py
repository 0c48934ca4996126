"""Values from JSON and tensors."""

import inspect
from math import prod

import numpy as np
import torch
from sklearn.base import BaseEstimator

from skae.exceptions import FileFormatError
from skae.persistence._classes import class_named, is_autoencoder, optimizer_named
from skae.persistence._encode import BYTES, SCALARS
from skae.persistence._net import IN_THE_NET, restore_net
from skae.persistence._steps import STEPS, derived, first_misfit
from skae.training._devices import resolve_device

__all__ = ["Decoder", "DeviceError"]


class DeviceError(ValueError):
    """The device asked for is not there, or lacks the dtype."""


class Decoder:
    """Turns what an `Encoder` returned into values again.

    Sizes that are stated are compared with what is there before anything of that size
    is made: a small file takes little memory, whatever it says.

    Parameters
    ----------
    tensors : dict of str to torch.Tensor
        All that the file holds; each has to be asked for exactly once.
    device : str or None, default=None
        Where nets are to be, or None for the parameter `device` of each autoencoder.

    Attributes
    ----------
    autoencoders : list of BaseAutoencoder
        All that there are, in the order of the file.
    missing_devices : list of str
        What autoencoders were saved with, and cannot be used here.
    has_steps : bool
        Whether there are fitted estimators other than autoencoders.
    """

    def __init__(self, tensors, device=None):
        self.tensors = dict(tensors)
        self.device = device
        self.autoencoders = []
        self.missing_devices = []
        self.has_steps = False

    def decode_model(self, node):
        """Return an estimator, with its net where it has one."""
        estimator = self.decode(node["estimator"])
        if not hasattr(estimator, "fit"):
            raise FileFormatError("It holds no estimator.")
        if self.device is not None and is_autoencoder(type(estimator)):
            estimator.device = self.device
        if node["net"] is not None:
            restore_net(estimator, node["net"], self)
        if is_autoencoder(type(estimator)):
            self.autoencoders.append(estimator)
        return estimator

    def device_for(self, estimator, dtype):
        """Return the device that a net is going to be on."""
        try:
            device = resolve_device(estimator.device)
            torch.empty(0, device=device, dtype=dtype)
            return device
        except (ValueError, TypeError) as error:
            if self.device is not None:
                raise DeviceError(str(error)) from error
        self.missing_devices.append(estimator.device)
        return torch.device("cpu")

    def decode(self, node):
        """Return the value that a node of the JSON stands for."""
        if isinstance(node, list):
            return [self.decode(item) for item in node]
        if not isinstance(node, dict):
            return node
        decode = getattr(self, f"_decode_{node.get('#')}", None)
        if decode is None:
            raise FileFormatError(f"It holds an unknown kind of value, {node!r:.80}.")
        return decode(node)

    def check_that_all_were_used(self):
        """Refuse a file with tensors that nothing refers to."""
        if self.tensors:
            names = ", ".join(self.tensors)
            raise FileFormatError(f"It has tensors that belong nowhere: {names:.200}.")

    def _decode_model(self, node):
        return self.decode_model(node)

    def _decode_object(self, node):
        cls = _class(*node["class"])
        params = {name: self.decode(item) for name, item in node["params"].items()}
        known = cls._get_param_names()
        if unknown := params.keys() - set(known):
            raise FileFormatError(
                f"It sets {', '.join(sorted(unknown)):.200} of {cls.__name__}, which "
                "has no such parameters: it may come from another version."
            )
        value = cls(**params)
        for name, item in node["state"].items():
            _check_attribute(name, cls)
            vars(value)[name] = self._decode_state(item, value)
        if (name := first_misfit(value)) is not None:
            raise FileFormatError(
                f"Its {cls.__name__} lacks {name!r:.80} as a fit leaves it."
            )
        self.has_steps |= cls in STEPS.values() and hasattr(value, "n_features_in_")
        if hasattr(value, "n_features_in_"):
            vars(value).update({name: f() for name, f in derived(cls).items()})
        return value

    def _decode_state(self, node, owner):
        if isinstance(node, dict) and node.get("#") == "metadata_request":
            return self._requests(node, owner)
        return self.decode(node)

    def _requests(self, node, owner):
        requests = owner.get_metadata_routing()
        for method, of_method in self.decode(node["of"]).items():
            for name, alias in of_method.items():
                getattr(requests, method).add_request(param=name, alias=alias)
        return requests

    def _decode_tuple(self, node):
        return tuple(self.decode(node["items"]))

    def _decode_dict(self, node):
        return {self.decode(key): self.decode(item) for key, item in node["items"]}

    def _decode_float(self, node):
        return float(node["value"])

    def _decode_scalar(self, node):
        data = np.frombuffer(bytes.fromhex(node["bytes"]), _dtype(node))
        return data.reshape(())[()]

    def _decode_dtype(self, node):
        return _dtype(node)

    def _decode_optimizer(self, node):
        try:
            return optimizer_named(node["name"])
        except KeyError as error:
            raise FileFormatError(
                f"It needs torch.optim.{node['name']:.80}, which this version of torch "
                "does not have."
            ) from error

    def _decode_tensor(self, node):
        return self._tensor(node["name"])

    def _decode_array(self, node):
        shape, in_columns = _shape(node), node.get("in_columns", False)
        if "items" in node:
            array = _as_objects(self.decode(node["items"]))
        else:
            array = _as_array(self._tensor(node["name"]), _dtype(node))
        if array.size != prod(shape):
            raise FileFormatError(f"An array of {array.size} has the shape {shape}.")
        array = array.reshape(shape[::-1] if in_columns else shape)
        return array.T if in_columns else array

    def _tensor(self, name):
        try:
            return self.tensors.pop(name)
        except KeyError as error:
            raise FileFormatError(f"The tensor {name!r:.80} is missing.") from error


def _class(kind, name):
    try:
        cls = class_named(kind, name)
    except (KeyError, ValueError) as error:
        raise FileFormatError(
            f"It needs the {kind} {name!r:.80}, which is not registered here: install "
            "the package that it comes from."
        ) from error
    if not (isinstance(cls, type) and issubclass(cls, BaseEstimator)):
        raise FileFormatError(f"The {kind} {name!r:.80} here is no class of parts.")
    return cls


def _check_attribute(name, cls):
    """Refuse what would take the place of a method, a property or a parameter."""
    of_class = inspect.getattr_static(cls, name, None)
    of_net = IN_THE_NET if is_autoencoder(cls) else ()
    taken = {*cls._get_param_names(), *derived(cls), *of_net}
    is_free = not callable(of_class) and not hasattr(of_class, "__get__")
    if not name.isidentifier() or name.startswith("__") or name in taken or not is_free:
        raise FileFormatError(
            f"It has an attribute called {name!r:.80}, which stands for something else "
            f"in {cls.__name__}."
        )


def _shape(node):
    shape = node["shape"]
    if any(type(size) is not int or size < 0 for size in shape):
        raise FileFormatError(f"It has an array of shape {shape!r:.80}.")
    return shape


def _dtype(node):
    name = node["dtype"]
    dtype = np.dtype(name) if isinstance(name, str) else None
    if dtype is None or dtype.kind not in SCALARS:
        raise FileFormatError(f"It has an array of dtype {dtype or name!s:.80}.")
    return dtype


def _as_objects(items):
    array = np.empty(len(items), dtype=object)
    for i, item in enumerate(items):
        array[i] = item  # all at once, lists would be taken for rows
    return array


def _as_array(tensor, dtype):
    array = tensor.numpy()
    if dtype.kind in BYTES or dtype.itemsize > 8:
        return np.frombuffer(bytearray(array.tobytes()), dtype)
    if array.dtype != dtype.newbyteorder("="):
        raise FileFormatError(f"An array of {dtype} is stored as {array.dtype}.")
    return array.astype(dtype, copy=False).ravel()
