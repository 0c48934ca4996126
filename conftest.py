"""Shared pytest configuration: markers, and a guard on global state.

What runs tests in several processes reads this file before it starts them, and has no
use for torch, which takes seconds to import: hence the imports in functions.
"""

import os
import random
import sys
from pathlib import Path

import pytest

# Data sets beside the checkout, for those that do not ship with the package.
DATA = Path(__file__).parents[1] / "shared" / "data"


def pytest_configure(config):
    if DATA.is_dir():
        os.environ.setdefault("SKAE_DATA_HOME", str(DATA))
    config.addinivalue_line("markers", "slow: minutes rather than seconds (--slow)")
    config.addinivalue_line("markers", "gpu: needs a CUDA device")
    config.addinivalue_line("markers", "documents: runs what documents show")


def pytest_addoption(parser):
    parser.addoption("--slow", action="store_true", help="also run the slow tests")


def pytest_collection_modifyitems(config, items):
    import torch

    skip_slow = pytest.mark.skip(reason="slow: run with --slow")
    skip_gpu = pytest.mark.skip(reason="no CUDA device")
    for item in items:
        if "slow" in item.keywords and not config.getoption("--slow"):
            item.add_marker(skip_slow)
        if "gpu" in item.keywords and not torch.cuda.is_available():
            item.add_marker(skip_gpu)


def _global_state():
    import numpy as np
    import torch

    numpy_state = np.random.get_state()  # noqa: NPY002 (the state we must not touch)
    return {
        "torch's random state": torch.get_rng_state().numpy().tobytes(),
        "numpy's random state": (numpy_state[1].tobytes(), *numpy_state[2:]),
        "python's random state": random.getstate(),
        "torch's default dtype": torch.get_default_dtype(),
        "torch's thread count": torch.get_num_threads(),
        "torch's grad mode": torch.is_grad_enabled(),
    }


def _close_figures():
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")


@pytest.fixture(autouse=True)
def global_state_is_left_alone(request):
    """Fail a test that leaves a global random state or torch setting changed.

    Documentation may show torch layers at work, which draw their initial weights
    from torch's global generator.
    """
    if isinstance(request.node, pytest.DoctestItem):
        import torch

        with torch.random.fork_rng(devices=[]):
            yield
        _close_figures()
        return
    before = _global_state()
    yield
    _close_figures()
    after = _global_state()
    changed = [name for name in before if before[name] != after[name]]
    assert not changed, f"the test changed {', '.join(changed)}"


@pytest.fixture
def numpy_state_restored():
    """Undo the draws of scikit-learn's own checks, one of which shuffles globally."""
    import numpy as np

    state = np.random.get_state()  # noqa: NPY002
    yield
    np.random.set_state(state)  # noqa: NPY002
