"""The net of an autoencoder in a document, compared with its tensors, then built."""

import torch
from torch.overrides import TorchFunctionMode

from skae.exceptions import FileFormatError

__all__ = ["IN_THE_NET", "encoded_net", "restore_net"]

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
    "end_early_",
    "means_",
    "diverged_",
)
# Attributes of an estimator that come back with its net.
IN_THE_NET = ("net_", "history_")
DTYPES = {"float32": torch.float32, "float64": torch.float64}


def encoded_net(estimator, encoder):
    """Return the net of an estimator as JSON, or None where it has none."""
    if not hasattr(estimator, "net_"):
        return None
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


def restore_net(estimator, document, decoder):
    """Give an estimator the net that JSON describes.

    Raises
    ------
    FileFormatError
        When the estimator's parameters describe another net than the tensors are of.
    """
    event_shape = _event_shape(document, estimator)
    dtype = DTYPES.get(document["dtype"])
    if dtype is None:
        raise FileFormatError(f"It was trained in {document['dtype']!r:.80}.")
    weights, optimizer, history, settings = (
        decoder.decode(document[name])
        for name in ("module", "optimizer", "history", "settings")
    )
    if not all(isinstance(epoch, dict) for epoch in history):
        raise FileFormatError("Its history is not one of epochs.")
    if unknown := settings.keys() - set(SETTINGS):
        raise FileFormatError(f"It sets {min(unknown)!r:.80} of the net.")
    _check_before_it_is_built(estimator, event_shape, dtype, weights, optimizer)
    device = decoder.device_for(estimator, dtype)
    estimator._build_net(event_shape, dtype, device)
    net = estimator.net_
    _check(net.module_, weights, optimizer)
    _check_sampler(estimator)
    net.module_.load_state_dict(weights)
    _load_optimizer(net.optimizer_, optimizer)
    net.history.extend(history)
    vars(net).update(settings)
    if document["has_history"]:
        estimator.history_ = net.history


def _event_shape(document, estimator):
    """Return the shape of events, which is that of rows as the network sees them."""
    shape = tuple(document["event_shape"])
    if any(type(size) is not int or size < 1 for size in shape):
        raise FileFormatError(f"Its events have the shape {shape!r:.80}.")
    row = torch.empty((1, *estimator.input_shape_), device="meta")
    try:
        event = estimator._as_events(row)[0]
    except (TypeError, RuntimeError):  # a network that needs values
        return shape
    if event.shape != shape:
        raise FileFormatError(
            f"Its rows have the shape {estimator.input_shape_!r:.80}, and its events "
            f"{shape!r:.80}."
        )
    return shape


def _check_before_it_is_built(estimator, event_shape, dtype, weights, optimizer):
    """Refuse sizes that are not those of the tensors, while there is no memory in it.

    On the device "meta", tensors have a shape and take no memory.
    """
    try:
        with torch.device("meta"), _Bounds(weights):
            module = estimator._build_module(event_shape, estimator._bottleneck())
    except FileFormatError:
        raise
    except Exception:  # parts that need values; those before them are within bounds
        return
    _check(module.to(dtype), weights, optimizer)


class _Bounds(TorchFunctionMode):
    """Ends what makes more tensors, or larger ones, than a file can be of.

    What has been built is compared afterwards. The bounds are wide, and there to end
    what would go on for long.
    """

    def __init__(self, weights):
        super().__init__()
        self.n_tensors = 1000 + 4 * len(weights)
        self.n_values = 10**7 + 16 * sum(
            value.numel() for value in weights.values() if torch.is_tensor(value)
        )

    def __torch_function__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        if torch.is_tensor(result) and not any(result is arg for arg in args):
            self.n_tensors -= 1
            self.n_values -= result.numel()
        if min(self.n_tensors, self.n_values) < 0:
            raise FileFormatError(
                "Its parameters describe a larger network than it has tensors of."
            )
        return result


def _check(module, weights, optimizer):
    """Refuse a state that is not of a module's kind.

    torch compares weights when it loads them. It does not compare an optimiser's
    state with the weights that it belongs to, and its fused kernels write past the
    end of what is too small.
    """
    expected = module.state_dict()
    if missing := [name for name in expected if name not in weights]:
        raise FileFormatError(f"The network's {_listed(missing)} are missing.")
    if unknown := [name for name in weights if name not in expected]:
        raise FileFormatError(f"The network has no {_listed(unknown)}.")
    for name, tensor in expected.items():
        if _kind(tensor) != _kind(weights[name]):
            raise FileFormatError(
                f"The network's {name} is {_kind(weights[name])}, and should be "
                f"{_kind(tensor)}."
            )
    if any("fused" in group for group in optimizer["param_groups"]):
        _check_moments([*module.parameters()], optimizer["state"])


def _check_moments(parameters, state):
    for i, values in state.items():
        expected = _kind(parameters[i])
        for name, value in values.items():
            if torch.is_tensor(value) and name != "step" and _kind(value) != expected:
                raise FileFormatError(
                    f"The optimiser's {name} of weight {i} is {_kind(value)}, and "
                    f"should be {expected}."
                )


def _check_sampler(estimator):
    """Refuse a sampler of other codes, which might be as long as it says."""
    n_units = estimator._n_features_out
    sampler = getattr(estimator, "sampler_", None)
    if getattr(sampler, "n_features_in_", n_units) != n_units:
        raise FileFormatError("Its sampler is one of codes of another size.")


def _listed(names):
    return ", ".join(f"{name:.80}" for name in names[:5]) + ", ..." * (len(names) > 5)


def _load_optimizer(optimizer, state):
    """Load a state with the dtypes it has: torch gives it those of the weights."""
    _check_switches(optimizer.state_dict()["param_groups"], state["param_groups"])
    optimizer.load_state_dict(state)
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    for i, values in state["state"].items():
        of_weight = optimizer.state[weights[i]]
        for name, value in values.items():
            if isinstance(value, torch.Tensor):
                of_weight[name] = value.to(of_weight[name].device)


def _check_switches(groups, others):
    """Refuse other switches than the estimator's optimiser has, as that of kernels."""
    for group, other in zip(groups, others, strict=True):
        for name, value in group.items():
            if isinstance(value, bool) and other.get(name) is not value:
                raise FileFormatError(f"It sets {name} of the optimiser.")


def _kind(tensor):
    if not isinstance(tensor, torch.Tensor):
        return type(tensor).__name__
    return f"{str(tensor.dtype).removeprefix('torch.')} of shape {tuple(tensor.shape)}"
