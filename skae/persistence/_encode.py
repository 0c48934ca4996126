"""Values as JSON and tensors."""

import math

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.utils.metadata_routing import MetadataRequest

from skae.persistence._classes import is_autoencoder, name_of, optimizer_name
from skae.persistence._net import IN_THE_NET, encoded_net
from skae.persistence._refusals import cannot_save, left_by_no_fit
from skae.persistence._steps import derived, first_misfit

__all__ = ["BYTES", "Encoder"]

ARRAYS = (np.ndarray, np.memmap)
SCALARS = "biufcmMSU"
# Kinds of arrays that are stored as their bytes: the format has no such tensors.
BYTES = "cmMSU"


class Encoder:
    """Turns values into what JSON can say, and collects their arrays as tensors.

    Anything but a plain value is a JSON object whose key ``"#"`` tells what it is. No
    value is pickled: what is neither data nor an instance of a class with a name is
    refused.

    Attributes
    ----------
    tensors : dict of str to torch.Tensor
        On the CPU, contiguous, none sharing memory.
    autoencoders : list of BaseAutoencoder
        All that there were, in their order.
    """

    def __init__(self):
        self.tensors = {}
        self.autoencoders = []

    def encode_model(self, estimator, path=""):
        """Return an estimator, and its net where it is an autoencoder that has one."""
        if not is_autoencoder(type(estimator)):
            return {"estimator": self._encode_object(estimator, path), "net": None}
        model = {
            "estimator": self._encode_object(estimator, path, without=IN_THE_NET),
            "net": encoded_net(estimator, self),
        }
        self.autoencoders.append(estimator)
        return model

    def encode(self, value, path):
        """Return a value as JSON; `path` is its name in messages, and of tensors.

        Raises
        ------
        ValueError
            When it would have to be pickled; the message names the path.
        """
        if value is None or type(value) in (bool, int, str):
            return value
        if type(value) is float:
            return _encode_float(value)
        if isinstance(value, BaseEstimator):
            if is_autoencoder(type(value)):
                return {"#": "model", **self.encode_model(value, path)}
            return self._encode_object(value, path)
        if encode := self._table().get(type(value)):
            return encode(value, path)
        if isinstance(value, np.generic) and value.dtype.kind in SCALARS:
            return _encode_scalar(value)
        if isinstance(value, np.dtype) and value.kind in SCALARS:
            return {"#": "dtype", "dtype": value.str}
        if isinstance(value, type) and optimizer_name(value):
            return {"#": "optimizer", "name": optimizer_name(value)}
        raise cannot_save(value, path)

    def _encode_object(self, value, path, without=()):
        """Return an estimator or a part: its class's name, parameters and state."""
        cls = type(value)
        if (name := name_of(cls)) is None:
            raise cannot_save(value, path)
        params = value.get_params(deep=False)
        left_out = {*params, *without, *derived(cls)}
        state = {key: item for key, item in vars(value).items() if key not in left_out}
        members = {
            "params": self._members(params, _prefix(path, "__")),
            "state": self._members(state, _prefix(path, ".")),
        }
        misfit = first_misfit(value)
        if misfit in params:
            raise cannot_save(params[misfit], _prefix(path, "__") + misfit)
        if misfit is not None:
            raise left_by_no_fit(value, _prefix(path, ".") + misfit)
        return {"#": "object", "class": name, **members}

    def _members(self, items, prefix):
        return {name: self.encode(item, prefix + name) for name, item in items.items()}

    def _table(self):
        return {
            list: self._encode_list,
            tuple: self._encode_tuple,
            dict: self._encode_dict,
            torch.Tensor: self._encode_tensor,
            MetadataRequest: self._encode_requests,
            **dict.fromkeys(ARRAYS, self._encode_array),
        }

    def _encode_list(self, value, path):
        return [
            self.encode(item, _path_of_item(item, path, i))
            for i, item in enumerate(value)
        ]

    def _encode_tuple(self, value, path):
        if _is_named_part(value):
            items = [value[0], self.encode(value[1], path)]
        else:
            items = self._encode_list(value, path)
        return {"#": "tuple", "items": items}

    def _encode_dict(self, value, path):
        pairs = [
            [self.encode(key, path), self.encode(item, f"{path}.{key}")]
            for key, item in value.items()
        ]
        return {"#": "dict", "items": pairs}

    def _encode_requests(self, value, path):
        requests = {
            method: dict(request.requests)
            for method, request in vars(value).items()
            if getattr(request, "requests", None)
        }
        return {"#": "metadata_request", "of": self.encode(requests, path)}

    def _encode_tensor(self, value, path):
        return {"#": "tensor", "name": self._keep(value.detach(), path)}

    def _encode_array(self, value, path):
        node = {"#": "array", "dtype": value.dtype.str, "shape": list(value.shape)}
        if value.dtype.kind == "O":
            return {**node, "items": self._encode_list(value.ravel().tolist(), path)}
        if value.dtype.kind == "V":
            raise cannot_save(value, path)
        in_columns = value.flags.f_contiguous and not value.flags.c_contiguous
        tensor = _as_tensor(value.T if in_columns else value)
        return {**node, "in_columns": in_columns, "name": self._keep(tensor, path)}

    def _keep(self, tensor, name):
        while name in self.tensors:
            name += "'"
        self.tensors[name] = tensor.cpu().clone(memory_format=torch.contiguous_format)
        return name


def _prefix(path, separator):
    """Return the prefix of members' names; fitted attributes end in ``_``."""
    if not path:
        return ""
    return path + ("." if path.endswith("_") else separator)


def _path_of_item(item, path, i):
    """Return the path of an item; a named part's is that of its parameters."""
    if not _is_named_part(item):
        return f"{path}[{i}]"
    owner = path.rpartition("__")[0]
    return f"{owner}__{item[0]}" if owner else item[0]


def _is_named_part(value):
    return (
        type(value) is tuple
        and len(value) == 2
        and type(value[0]) is str
        and hasattr(value[1], "get_params")
    )


def _encode_float(value):
    if math.isfinite(value):
        return value
    return {"#": "float", "value": str(value)}


def _encode_scalar(value):
    return {"#": "scalar", "dtype": value.dtype.str, "bytes": value.tobytes().hex()}


def _as_tensor(array):
    if array.dtype.kind in BYTES or array.dtype.itemsize > 8:
        return torch.frombuffer(bytearray(array.tobytes()), dtype=torch.uint8)
    native = np.array(array, dtype=array.dtype.newbyteorder("="), order="C")
    return torch.from_numpy(native)
