"""Methods of estimators as ONNX models."""

import logging
import warnings
from contextlib import contextmanager
from copy import deepcopy

import torch
from torch import nn

from skae.files import replacing
from skae.persistence._recurrent import with_onnx_layers
from skae.registry import unknown_name
from skae.training._missing import filled

__all__ = ["METHODS", "OPSET", "export_onnx"]

OPSET = 18
DTYPES = {"float32": torch.float32, "float64": torch.float64}
# The operators that onnxruntime has in float32 only, and networks use.
SINGLE_PRECISION_ONLY = {"Conv", "ConvTranspose", "Erf", "GRU", "LSTM"}
# Any number of rows but 0 and 1, which the exporter would take for constants.
N_ROWS = 2


class _Method(nn.Module):
    """A method of an estimator as a module, from rows to rows."""

    def __init__(self, estimator, dtype):
        super().__init__()
        module = deepcopy(estimator.net_.module_).cpu().to(dtype)
        self.module = with_onnx_layers(module)
        self.network = estimator._network()
        self.input_shape = tuple(int(size) for size in estimator.input_shape_)
        self.register_buffer("means", estimator.net_.means_.to(dtype))

    def encode(self, X):
        events = self.network.as_events(X)
        x = filled(events, self.means, keeps_ends=False)
        if self.module.indicator is not None:
            x = self.module.indicator.beside(x, events)
        return self.module.encode(x).mean

    def decode(self, Z):
        return self.module.decode(Z).reshape(-1, *self.input_shape)


class _Transform(_Method):
    input, output = "X", "Z"

    def forward(self, X):
        return self.encode(X)

    def shape(self):
        return self.input_shape


class _InverseTransform(_Method):
    input, output = "Z", "X_hat"

    def forward(self, Z):
        return self.decode(Z)

    def shape(self):
        return (self.module.bottleneck.mean.out_features,)


class _Reconstruct(_Method):
    input, output = "X", "X_hat"

    def forward(self, X):
        return self.decode(self.encode(X))

    def shape(self):
        return self.input_shape


METHODS = {
    "transform": _Transform,
    "inverse_transform": _InverseTransform,
    "reconstruct": _Reconstruct,
}


def export_onnx(estimator, path, method="transform", dtype=None):
    """Write one method of a fitted estimator as an ONNX model.

    Parameters
    ----------
    estimator : BaseAutoencoder
    path : path-like
    method : str
        A name in `METHODS`.
    dtype : {"float32", "float64"} or None, default=None

    Raises
    ------
    ImportError
        When ONNX's packages are not there.
    ValueError
        When the method or the dtype is not known, or cannot be exported.
    """
    if method not in METHODS:
        raise unknown_name("method", method, METHODS)
    onnx = _import_onnx()
    dtype = _dtype(estimator.net_.dtype if dtype is None else dtype)
    module = METHODS[method](estimator, dtype).eval()
    model = _exported(module, dtype, type(module.network).__name__)
    _check_dtype(model, dtype)
    onnx.helper.set_model_props(
        model, {"estimator": type(estimator).__name__, "method": method}
    )
    with replacing(path) as partial:
        partial.write_bytes(model.SerializeToString())


def _import_onnx():
    try:
        import onnx
        import onnxscript  # noqa: F401 (torch's exporter needs it)
        from torch.onnx.ops import symbolic_multi_out  # noqa: F401
    except ImportError as error:
        raise ImportError(
            f"to_onnx needs packages that are not here ({error}): "
            "pip install 'skae[onnx]'."
        ) from error
    return onnx


def _dtype(dtype):
    if isinstance(dtype, torch.dtype):
        return dtype
    if dtype not in DTYPES:
        raise unknown_name("dtype", dtype, DTYPES)
    return DTYPES[dtype]


def _exported(module, dtype, network):
    """Return the ONNX model of a module with one input and one output."""
    example = torch.zeros(N_ROWS, *module.shape(), dtype=dtype)
    try:
        with _quiet(), torch.no_grad():
            program = torch.onnx.export(
                module,
                (example,),
                dynamo=True,
                input_names=[module.input],
                output_names=[module.output],
                dynamic_shapes=({0: "rows"},),
                opset_version=OPSET,
                verbose=False,
            )
    except Exception as error:  # of many kinds, all of the exporter's own
        raise ValueError(
            f"{network} can't be exported to ONNX: torch.onnx.export does not follow "
            f"what it does ({_first_cause(error)})."
        ) from error
    return program.model_proto


def _first_cause(error):
    while error.__cause__ is not None:
        error = error.__cause__
    return f"{type(error).__name__}: {str(error)[:200]}"


@contextmanager
def _quiet():
    """Keep the exporter's notes to itself: they are about torch, not the model."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _check_dtype(model, dtype):
    operators = {node.op_type for node in model.graph.node} & SINGLE_PRECISION_ONLY
    if dtype == torch.float64 and operators:
        raise ValueError(
            f"ONNX runtimes have {', '.join(sorted(operators))} in float32 only, and "
            "the model was trained in float64: use dtype='float32'."
        )
