"""Values from JSON and tensors."""

from math import prod

import numpy as np
import torch
from sklearn.base import BaseEstimator

from skae.exceptions import FileFormatError
from skae.persistence._classes import optimizer_named
from skae.persistence._encode import BYTES, SCALARS

__all__ = ["Decoder", "as_dtype"]


class Decoder:
    """Turns what an `Encoder` returned into values again.

    Parameters
    ----------
    names : ClassNames
    tensors : dict of str to torch.Tensor
        All that the file holds; each has to be asked for exactly once.
    """

    def __init__(self, names, tensors):
        self.names = names
        self.tensors = dict(tensors)

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
            raise FileFormatError(
                f"It has tensors that belong nowhere: {', '.join(self.tensors)}."
            )

    def _decode_object(self, node):
        cls = self._class(*node["class"])
        params = {name: self.decode(item) for name, item in node["params"].items()}
        unknown = params.keys() - set(cls._get_param_names())
        if unknown:
            raise FileFormatError(
                f"It sets {', '.join(sorted(unknown))} of {cls.__name__}, which has no "
                "such parameters: it may come from another version."
            )
        value = cls(**params)
        for name, item in node["state"].items():
            vars(value)[_checked_attribute(name)] = self._decode_state(item, value)
        return value

    def _class(self, kind, name):
        try:
            cls = self.names.get(kind, name)
        except (KeyError, ValueError) as error:
            raise FileFormatError(
                f"It needs the {kind} {name!r}, which is not registered here: install "
                "the package that it comes from."
            ) from error
        if not (isinstance(cls, type) and issubclass(cls, BaseEstimator)):
            raise FileFormatError(f"The {kind} {name!r} here is no class of parts.")
        return cls

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

    def _decode_optimizer(self, node):
        try:
            return optimizer_named(node["name"])
        except KeyError as error:
            raise FileFormatError(
                f"It needs torch.optim.{node['name']}, which this version of torch "
                "does not have."
            ) from error

    def _decode_tensor(self, node):
        return self._tensor(node["name"])

    def _decode_array(self, node):
        shape = node["shape"]
        if "items" in node:
            array = np.empty(prod(shape), dtype=object)
            array[:] = self.decode(node["items"])
            return array.reshape(shape)
        in_columns = node["in_columns"]
        array = _as_array(self._tensor(node["name"]), _dtype(node))
        array = array.reshape(shape[::-1] if in_columns else shape)
        return array.T if in_columns else array

    def _tensor(self, name):
        try:
            return self.tensors.pop(name)
        except KeyError as error:
            raise FileFormatError(f"The tensor {name!r} is missing.") from error


def _dtype(node):
    dtype = np.dtype(node["dtype"])
    if dtype.kind not in SCALARS:
        raise FileFormatError(f"It has an array of dtype {dtype}.")
    return dtype


def _as_array(tensor, dtype):
    array = tensor.numpy()
    if dtype.kind in BYTES or dtype.itemsize > 8:
        return np.frombuffer(bytearray(array.tobytes()), dtype)
    if array.dtype != dtype.newbyteorder("="):
        raise FileFormatError(f"An array of {dtype} is stored as {array.dtype}.")
    return array.astype(dtype, copy=False)


def _checked_attribute(name):
    if not name.isidentifier() or name.startswith("__"):
        raise FileFormatError(f"It has an attribute called {name!r:.80}.")
    return name


def as_dtype(name):
    """Return the floating-point dtype of torch called `name`."""
    dtype = {"float32": torch.float32, "float64": torch.float64}.get(name)
    if dtype is None:
        raise FileFormatError(f"It was trained in {name!r}, which is not known.")
    return dtype
