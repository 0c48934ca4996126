"""A process that was forked from one that has used a model, as servers do."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks")

PROGRAM = """
import multiprocessing, os, sys, tempfile, time
import joblib
import numpy as np
import torch
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV
from skae import VAE, DenseAutoencoder, LSTMAutoencoder, fit_stack, get_scorer, load
from skae.information import estimate_dimension

torch.set_num_threads(2)
X = np.random.default_rng(0).normal(size=(8000, 64)).astype(np.float32)


def new():
    return DenseAutoencoder(3, max_epochs=1, batch_size=1024, random_state=0)


model = new().fit(X)
vae = VAE(3, max_epochs=1, batch_size=1024, random_state=0).fit(X)
vae.sample(8000)
pca = PCA(3).fit(X)
expected = model.transform(X[:20])
path = os.path.join(tempfile.mkdtemp(), "model")
model.save(path)
scorer = get_scorer("kernel_mi")
scorer(pca, X[:500])


def lstm():
    return LSTMAutoencoder(2, hidden_size=64, max_epochs=1, random_state=0)


WORK = {
    "transform": lambda: np.testing.assert_allclose(
        model.transform(X)[:20], expected, rtol=1e-4, atol=1e-5
    ),
    "fit": lambda: new().fit(X),
    "partial_fit": lambda: model.partial_fit(X),
    "reconstruct": lambda: model.reconstruct(X),
    "inverse_transform": lambda: model.inverse_transform(model.transform(X)),
    "score": lambda: model.score(X),
    "load": lambda: load(path).transform(X),
    "sequences": lambda: lstm().fit(X[:500]).transform(X[:500]),
    "stack": lambda: fit_stack([new(), new()], [X, X]),
    "scorer": lambda: scorer(pca, X[:500]),
    "sample": lambda: vae.sample(8000),
    "elbo": lambda: vae.elbo(X),
    "dimension": lambda: estimate_dimension(X[:1000]),
    "plain torch": lambda: torch.as_tensor(X).exp().sum(),
}


def wait(is_done, what):
    end = time.monotonic() + 60
    while not is_done():
        if time.monotonic() > end:
            sys.exit(f"{what} hangs")
        time.sleep(0.02)


def forked(what):
    pid = os.fork()
    if not pid:
        code = 1
        try:
            WORK[what]()
            code = 0
        finally:
            os._exit(code)
    status = []

    def is_done():
        found, code = os.waitpid(pid, os.WNOHANG)
        status.append(code)
        return found

    try:
        wait(is_done, f"{what} in a fork")
    except SystemExit:
        os.kill(pid, 9)
        raise
    assert status[-1] == 0, f"{what} fails in a fork: {status[-1]}"


def n_threads(_):
    model.transform(X)
    return torch.get_num_threads()


def main():
    for what in WORK:
        forked(what)
    context = multiprocessing.get_context("fork")
    with context.Pool(2) as pool:
        result = pool.map_async(n_threads, range(4))
        wait(result.ready, "a pool")
        assert set(result.get()) == {1}
    with joblib.parallel_config("multiprocessing", n_jobs=2):
        codes = joblib.Parallel(timeout=60)(
            joblib.delayed(model.transform)(part) for part in (X[:5000], X[5000:])
        )
        search = GridSearchCV(new(), {"n_components": [1, 2]}, cv=2).fit(X)
    assert [len(part) for part in codes] == [5000, 3000]
    assert search.cv_results_["mean_test_score"].argmax() == 1
    assert torch.get_num_threads() == 2  # here


main()
"""


def test_forked_processes_use_models():
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "2"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
