import sys

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skae import DenseAutoencoder, Reconstruction
from skae.plotting import (
    LatentScatterDisplay,
    LossCurveDisplay,
    ReconstructionDisplay,
    ScoreCurveDisplay,
)
from skae.search import ScoreCurve

X = np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32)


@pytest.fixture(scope="module")
def model():
    autoencoder = DenseAutoencoder(2, max_epochs=3, random_state=0)
    return make_pipeline(StandardScaler(), autoencoder).fit(X)


@pytest.fixture
def ax():
    from matplotlib.figure import Figure

    return Figure().subplots()


def drawn(display):
    """Return the display, once its figure has been rendered."""
    display.figure_.draw_without_rendering()
    assert display.ax_.figure is display.figure_
    return display


def test_score_curve_from_a_search():
    search = GridSearchCV(
        PCA(), {"n_components": [1, 2, 3]}, scoring=Reconstruction(), cv=3
    ).fit(X)
    display = ScoreCurveDisplay.from_cv_results(search.cv_results_, "n_components")
    curve, chosen = drawn(display).ax_.lines[0], display.ax_.lines[-1]
    np.testing.assert_allclose(curve.get_ydata(), search.cv_results_["mean_test_score"])
    assert chosen.get_xdata() == [3]
    assert display.ax_.get_ylabel() == "score"


def test_score_curve_of_errors():
    curve = ScoreCurve(np.array([1, 2]), -np.array([[3.0, 4.0], [1.0, 2.0]]))
    display = ScoreCurveDisplay(curve, chosen=1, negate=True).plot()
    np.testing.assert_allclose(drawn(display).ax_.lines[0].get_ydata(), [3.5, 1.5])
    assert display.ax_.get_legend().get_texts()[0].get_text() == "chosen: 1"


@pytest.mark.parametrize(("values", "scores"), [([3], [[0.5]]), ([1, 4], [[1], [2]])])
def test_score_curve_of_one_value_or_one_fold(values, scores):
    curve = ScoreCurve(np.array(values), np.array(scores, dtype=float))
    drawn(ScoreCurveDisplay(curve, chosen=9).plot())


def test_loss_curve(model):
    display = drawn(LossCurveDisplay.from_estimator(model))
    assert len(display.ax_.lines) == 1
    assert len(display.train_loss) == 3


def test_loss_curve_with_validation(ax):
    autoencoder = DenseAutoencoder(2, max_epochs=2, random_state=0)
    autoencoder.fit(X, X_val=X[:5])
    display = drawn(LossCurveDisplay.from_estimator(autoencoder, ax=ax))
    assert len(display.ax_.lines) == 2
    assert display.ax_ is ax


@pytest.mark.parametrize(("losses", "scale"), [([9, 0.1], "log"), ([1, 0], "linear")])
def test_loss_axis(losses, scale):
    assert drawn(LossCurveDisplay(losses).plot()).ax_.get_yscale() == scale


def test_loss_curve_of_what_has_none():
    with pytest.raises(TypeError, match="PCA has no fitted autoencoder"):
        LossCurveDisplay.from_estimator(PCA())


def test_latent_scatter(model, ax):
    display = drawn(LatentScatterDisplay.from_estimator(model, X, ax=ax))
    assert display.ax_ is ax
    assert display.Z.shape == (40, 2)
    assert display.ax_.get_xlabel() == "code unit 1"


def test_latent_classes_have_a_legend(model):
    labels = np.arange(40) % 3
    display = LatentScatterDisplay.from_estimator(model, X, labels=labels, name="kind")
    legend = drawn(display).ax_.get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["0", "1", "2"]
    assert legend.get_title().get_text() == "kind"


@pytest.mark.parametrize(
    "labels",
    [np.arange(40.0), np.arange(40).astype("datetime64[M]")],
    ids=["numbers", "dates"],
)
def test_latent_scale_has_a_colour_bar(model, labels):
    display = LatentScatterDisplay.from_estimator(model, X, labels=labels, name="time")
    bar = drawn(display).figure_.axes[1]
    assert bar.get_ylabel() == "time"
    if labels.dtype.kind == "M":
        assert bar.get_yticklabels()[0].get_text() == "1970-01"


@pytest.mark.parametrize("labels", [None, [0, 1] * 20, np.arange(40)])
def test_a_single_code_unit_is_a_histogram(labels):
    display = drawn(LatentScatterDisplay(X[:, :1], labels).plot())
    assert display.ax_.get_ylabel() == "rows"
    assert sum(patch.get_height() for patch in display.ax_.patches) == 40


def test_reconstructed_features(model):
    display = drawn(ReconstructionDisplay.from_estimator(model, X, name="length (cm)"))
    assert "% of the variance" in display.ax_.get_title()
    assert abs(display.X.mean()) < 1e-6  # as the autoencoder sees them


def test_reconstructed_images():
    settings = {"kind": "images", "image_shape": (2, 3)}
    display = drawn(ReconstructionDisplay(X[:4], X[:4], **settings).plot())
    image = display.ax_.images[0].get_array()
    assert image.shape == (2 + 1 + 2, 4 * 3 + 3)
    np.testing.assert_allclose(image[:2, 4:7], X[1].reshape(2, 3), rtol=1e-6)


@pytest.mark.parametrize("shape", [(40, 3, 2), (40, 6)])
def test_reconstructed_sequences(shape):
    windows = X.reshape(shape)[:5]
    settings = {"kind": "sequences", "n_channels": 2, "ticks": list("abcde")}
    display = drawn(ReconstructionDisplay(windows, windows, **settings).plot())
    second = display.ax_.lines[1]
    np.testing.assert_allclose(second.get_ydata(), X[1, ::2])
    assert second.get_xdata().tolist() == [3, 4, 5]
    assert [t.get_text() for t in display.ax_.get_xticklabels()] == list("abcde")


def test_unknown_kind():
    with pytest.raises(ValueError, match="kind='movie': use one of images"):
        ReconstructionDisplay(X, X, kind="movie").plot()


def test_without_matplotlib_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"pip install 'skae\[plot\]'"):
        LossCurveDisplay([1.0]).plot()


def test_pyplot_stays_out_of_it(model):
    import matplotlib.pyplot as plt

    LossCurveDisplay.from_estimator(model)
    assert plt.get_fignums() == []
