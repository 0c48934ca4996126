"""Fits that go on where they were killed."""

import hashlib
import io
import time
from pathlib import Path

import joblib
import torch
from skorch.callbacks import Callback

from skae.files import replacing

__all__ = ["Checkpoint", "goes_on"]

# How many rows, evenly spaced, tell whether data are the same.
COMPARED_ROWS = 10_000
CHECKSUM_BYTES = hashlib.sha256().digest_size


class Checkpoint(Callback):
    """Keep the state of a fit in a file, and go on from it after a crash.

    Given in an estimator's `callbacks`, it writes the state of the fit at the end of an
    epoch: weights, optimiser, history, early stopping. When the same fit is started
    again, it goes on after that epoch and ends with the very weights of an
    undisturbed fit, to the last bit on the same machine. The file is removed
    when the fit ends. In a search that is `stacked`, fits are written down from the
    stack that they train in; those that go on do so alone, and end with the weights
    of an undisturbed fit up to rounding.

    A fit is the same when the estimator's parameters and seed, its initial weights and
    the data are: files are named by all of these, so many fits, as those of a search,
    can share a folder. It takes a `random_state`, best an integer.

    Parameters
    ----------
    folder : path-like
        Where files are written; made if need be.
    interval : float, default=30.0
        Seconds between two files at least; 0 writes one every epoch.

    Notes
    -----
    Files are replaced at once, so that a crash while one is written leaves the one
    before. A file that was damaged or changed since ends the fit with a `ValueError`.
    Callbacks of your own start afresh in the epoch that the fit goes on from, unless
    all that they have found out is in attributes ending in an underscore that are
    numbers, strings or tensors.

    Of more than 10,000 rows, evenly spaced ones are compared, and of streams the first.

    Examples
    --------
    >>> import tempfile
    >>> from sklearn.datasets import load_iris
    >>> from skae import Checkpoint, DenseAutoencoder
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     autoencoder = DenseAutoencoder(
    ...         callbacks=[Checkpoint(folder)], random_state=0
    ...     ).fit(load_iris().data)
    """

    follows_epochs = True

    def __init__(self, folder, interval=30.0):
        self.folder = folder
        self.interval = interval

    def observe(self, estimator):
        """Note the parameters of the estimator whose fit this is.

        Raises
        ------
        ValueError
            When it has no `random_state`, so that no fit is ever the same again.
        """
        parameters = estimator.get_params()
        if parameters.pop("random_state", None) is None:
            raise ValueError(
                "Checkpoint goes on with a fit that is started again, and with "
                "random_state=None each fit is a new one: set it to an integer."
            )
        without_bearing = ("callbacks", "verbose", "warm_start")
        for name in without_bearing:
            parameters.pop(name, None)
        self.parameters_ = joblib.hash([type(estimator).__qualname__, parameters])

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        """Go on from the file of this fit, if there is one."""
        self.path_ = self.path_of(net, X, y)
        self.written_ = time.monotonic()
        if self.path_.exists():
            _restore(net, self.path_)

    def path_of(self, net, rows, rows_val):
        """Return where the state of a fit is, given a net that is about to train."""
        data = [_key_of_rows(own) for own in (rows, rows_val)]
        key = joblib.hash([self.parameters_, _key_of_net(net), data])
        return Path(self.folder, f"{key}.checkpoint")

    def on_epoch_end(self, net, **kwargs):
        """Write the file, if the last one is old enough."""
        if time.monotonic() - self.written_ >= self.interval:
            net.take_over()
            _write(_state(net), self.path_)
            self.written_ = time.monotonic()

    def on_train_end(self, net, **kwargs):
        """Remove the file: there is nothing left to go on with."""
        self.path_.unlink(missing_ok=True)
        del self.path_, self.written_, self.parameters_


def goes_on(net, rows, rows_val, epochs, last):
    """Return whether the fit of a net has been written down before; see its `train`."""
    given = [c for _, c in net.callbacks_ if isinstance(c, Checkpoint)]
    if given:
        net.begin(rows, epochs, last)
    return any(one.path_of(net, rows, rows_val).exists() for one in given)


def _key_of_net(net):
    """Return a key of a net before its fit, which tells it from others."""
    weights = [value.numpy(force=True) for value in net.module_.state_dict().values()]
    return [net.seed, net.first_epoch_, net.epochs_, *weights]


def _key_of_rows(rows):
    if rows is None:
        return None
    sample = rows.sample(COMPARED_ROWS)
    return [len(rows), *(None if part is None else part.numpy() for part in sample)]


def _write(state, path):
    """Write a state, and a checksum after it, which torch's own reader passes over."""
    with replacing(path) as partial:
        torch.save(state, partial)
        with open(partial, "rb+") as file:
            file.write(hashlib.file_digest(file, "sha256").digest())


def _read(path):
    """Return the bytes of a file, unless they were changed."""
    content = path.read_bytes()
    state, checksum = content[:-CHECKSUM_BYTES], content[-CHECKSUM_BYTES:]
    if checksum != hashlib.sha256(state).digest():
        raise _unusable(path, "it is damaged, cut off or was changed")
    return state


def _unusable(path, why):
    return ValueError(
        f"{path} is not a checkpoint that can be used ({why}): remove it to start the "
        "fit again."
    )


def _state(net):
    return {
        "module": net.module_.state_dict(),
        "optimizer": net.optimizer_.state_dict(),
        "history": net.history.to_list(),
        "callbacks": {name: _fitted(other) for name, other in _others(net).items()},
        "average": net.average_.state(),
    }


def _restore(net, path):
    content = _read(path)
    try:
        # weights_only: which executes no code
        state = torch.load(io.BytesIO(content), weights_only=True)
        net.module_.load_state_dict(state["module"])
        net.optimizer_.load_state_dict(state["optimizer"])
        net.average_.load_state(state["average"])
        net.n_done_ = len(state["history"]) - len(net.history)
        net.history[:] = state["history"]
        for name, other in _others(net).items():
            for attribute, value in state["callbacks"].get(name, {}).items():
                _set(other, attribute, value)
    except Exception as error:  # whatever a state of another kind makes torch raise
        what = " ".join(str(error).split())
        raise _unusable(path, f"{type(error).__name__}: {what:.200}") from error


def _others(net):
    """Return the other callbacks by skorch's names for them."""
    return {
        name: callback
        for name, callback in net.callbacks_
        if not isinstance(callback, Checkpoint)
    }


def _fitted(callback):
    """Return the findings of a callback, as far as they can be read back safely."""
    fitted = {}
    for name, value in vars(callback).items():
        if not name.endswith("_") or isinstance(value, type):
            continue
        if hasattr(value, "state_dict"):
            fitted[name] = {"state_dict": value.state_dict()}
        elif _is_plain(value):
            fitted[name] = value
    return fitted


def _set(callback, name, value):
    if isinstance(value, dict) and value.keys() == {"state_dict"}:
        getattr(callback, name).load_state_dict(value["state_dict"])
    else:
        setattr(callback, name, value)


def _is_plain(value):
    if isinstance(value, dict):
        return all(_is_plain(item) for item in value.values())
    return value is None or isinstance(value, bool | int | float | str | torch.Tensor)
