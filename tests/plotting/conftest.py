import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skae import DenseAutoencoder


@pytest.fixture(scope="session")
def X():
    return np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32)


@pytest.fixture(scope="session")
def model(X):
    autoencoder = DenseAutoencoder(2, max_epochs=3, random_state=0)
    return make_pipeline(StandardScaler(), autoencoder).fit(X)


@pytest.fixture
def ax():
    from matplotlib.figure import Figure

    return Figure().subplots()


@pytest.fixture
def drawn():
    """Return a display, once its figure has been rendered."""

    def render(display):
        display.figure_.draw_without_rendering()
        assert display.ax_.figure is display.figure_
        assert display.axes_[0] is display.ax_
        return display

    return render
