"""A fit that is killed ends as one that is not."""

import os
import signal
import subprocess
import sys
from functools import partial

import numpy as np
import pytest
import torch
from helpers.data import low_rank
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Callback

from skae import Autoencoder, Checkpoint, DenseAutoencoder
from skae.bottlenecks import PointBottleneck
from skae.noise import SNRNoise
from skae.training._checkpoint import _write

data = partial(low_rank, n_features=5, noise=1)


class Crash(Exception):
    pass


class CrashAt(Callback):
    """Stop the process' work, once, where a power cut might."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_epoch_begin(self, net, **kwargs):
        if len(net.history) == self.epoch:
            raise Crash


MODELS = {
    "one cycle": DenseAutoencoder(max_epochs=12),
    "early stopping": DenseAutoencoder(
        max_epochs=40, early_stopping=True, n_iter_no_change=3, learning_rate=0.05
    ),
    "plateau": DenseAutoencoder(
        max_epochs=12, learning_rate_schedule="plateau", n_iter_no_change=2, tol=0.5
    ),
    "noisy codes": Autoencoder(
        bottleneck=PointBottleneck(noise=SNRNoise(5)), max_epochs=12, optimizer="sgd"
    ),
    "gaussian codes": Autoencoder(bottleneck="gaussian", max_epochs=12),
}


def configured(name, folder=None, crash_at=None):
    callbacks = [] if folder is None else [Checkpoint(folder, interval=0)]
    if crash_at is not None:
        callbacks.append(CrashAt(crash_at))
    return clone(MODELS[name]).set_params(random_state=0, callbacks=callbacks)


def assert_same_fit(first, second):
    weights = [model.net_.module_.state_dict().values() for model in (first, second)]
    for a, b in zip(*weights, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0)
    assert first.n_iter_ == second.n_iter_
    for key in ("train_loss", "learning_rate", "epoch"):
        assert first.history_[:, key] == second.history_[:, key]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.filterwarnings("ignore::skae.exceptions.CollapseWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_fit_goes_on_where_it_was_interrupted(name, tmp_path):
    X = data()
    undisturbed = configured(name).fit(X)
    n_trained = []
    for crash_at in (4, 8):
        if crash_at < undisturbed.n_iter_:
            with pytest.raises(Crash):
                configured(name, tmp_path, crash_at).fit(X)
            [path] = tmp_path.iterdir()
            n_trained.append(len(torch.load(path, weights_only=True)["history"]))
    assert n_trained == sorted(set(n_trained))
    assert_same_fit(configured(name, tmp_path).fit(X), undisturbed)
    assert not list(tmp_path.iterdir())


def test_epochs_before_the_crash_are_not_trained_again(tmp_path):
    with pytest.raises(Crash):
        configured("one cycle", tmp_path, crash_at=9).fit(data())
    trained = []

    class Count(Callback):
        def __deepcopy__(self, memo):
            return self

        def on_epoch_end(self, net, **kwargs):
            trained.append(len(net.history))

    model = configured("one cycle", tmp_path)
    model.set_params(callbacks=[Count(), *model.callbacks]).fit(data())
    assert trained == [9, 10, 11, 12]


@pytest.mark.parametrize(
    "change",
    [
        {"X": data(seed=1)},
        {"n_components": 3},
        {"learning_rate": 1e-4},
        {"random_state": 1},
        {"max_epochs": 13},
    ],
    ids=str,
)
def test_another_fit_starts_afresh(change, tmp_path):
    X = data()
    with pytest.raises(Crash):
        configured("one cycle", tmp_path, crash_at=4).fit(X)
    X = change.pop("X", X)
    other = configured("one cycle", tmp_path).set_params(**change).fit(X)
    plain = configured("one cycle").set_params(**change).fit(X)
    assert_same_fit(other, plain)
    assert len(list(tmp_path.iterdir())) == 1  # that of the first is still there


def test_the_fits_of_a_search_share_a_folder(tmp_path):
    model = configured("one cycle", tmp_path).set_params(max_epochs=2)
    search = GridSearchCV(model, {"n_components": [1, 2]}, cv=2).fit(data())
    assert search.best_score_ > 0
    assert not list(tmp_path.iterdir())


def test_a_seed_is_needed(tmp_path):
    model = DenseAutoencoder(callbacks=[Checkpoint(tmp_path)])
    with pytest.raises(ValueError, match="random_state=None"):
        Checkpoint(tmp_path).observe(model)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Return the file of a fit that was killed."""
    folder = tmp_path_factory.mktemp("killed")
    with pytest.raises(Crash):
        configured("one cycle", folder, crash_at=4).fit(data())
    [path] = folder.iterdir()
    return path


@pytest.mark.parametrize("n_mutations", [12, pytest.param(300, marks=pytest.mark.slow)])
def test_any_damage_is_noticed_and_nothing_of_it_used(n_mutations, written, tmp_path):
    rng = np.random.default_rng(0)
    content = written.read_bytes()
    path = tmp_path / written.name
    model = configured("one cycle", tmp_path)
    for i in range(n_mutations):
        path.write_bytes(mutated(content, i, rng))
        with pytest.raises(ValueError, match=r"damaged.*remove it to start"):
            model.fit(data())
        assert not hasattr(model, "history_")
        path.unlink()
    assert_same_fit(
        model.fit(data()),
        configured("one cycle").fit(data()),
    )


def mutated(content, i, rng):
    """Return content with a bit flipped, cut off, extended or overwritten."""
    position = rng.integers(len(content))
    if i % 4 == 0:
        changed = bytearray(content)
        changed[position] ^= 1 << rng.integers(8)
        return changed
    if i % 4 == 1:
        return content[:position]
    if i % 4 == 2:
        return content + rng.bytes(1 + position % 40)
    noise = rng.bytes(10)
    return content[:position] + noise + content[position + len(noise) :]


def test_a_state_of_another_kind_is_refused(written, tmp_path):
    """One that was written well, which another version may do under the same name."""
    path = tmp_path / written.name
    for state in ({"module": {}}, [1], {"module": {"bias": torch.zeros(2)}}):
        _write(state, path)
        with pytest.raises(ValueError, match=r"can be used.*remove it to start"):
            configured("one cycle", tmp_path).fit(data())


SCRIPT = """
import sys
import numpy as np
from skorch.callbacks import Callback
from skae import Checkpoint, DenseAutoencoder

class Say(Callback):
    def on_epoch_end(self, net, **kwargs):
        print(len(net.history), flush=True)

X = np.random.default_rng(0).normal(size=(300, 20))
model = DenseAutoencoder(
    max_epochs=60, random_state=0, early_stopping=True, n_iter_no_change=60,
    callbacks=[Checkpoint(sys.argv[1], interval=0), Say()] if sys.argv[1] else None,
)
model.fit(X)
np.save(sys.argv[2], model.transform(X))
"""


def start(folder, result):
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(folder), str(result)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def kill_after(process, n_epochs):
    """Kill a fit some time after so many epochs; return its epochs."""
    epochs = []
    with process:
        for line in process.stdout:
            epochs.append(int(line))
            if len(epochs) == n_epochs:
                process.send_signal(signal.SIGKILL)
    return epochs


@pytest.mark.slow
def test_kill_9_in_the_middle_of_a_fit(tmp_path):
    undisturbed, resumed = tmp_path / "undisturbed.npy", tmp_path / "resumed.npy"
    with start("", undisturbed) as process:
        process.communicate()
    assert process.returncode == 0
    folder, first = tmp_path / "checkpoints", []
    for n_epochs in (7, 11, 5):
        epochs = kill_after(start(folder, resumed), n_epochs)
        assert not resumed.exists()
        first.append(epochs[0])
    assert first[0] == 1
    assert first == sorted(set(first))
    with start(folder, resumed) as process:
        assert int(process.stdout.readline()) > 20
        process.stdout.read()
    assert process.returncode == 0
    np.testing.assert_array_equal(np.load(resumed), np.load(undisturbed))
    assert not list(folder.glob("*.checkpoint"))
