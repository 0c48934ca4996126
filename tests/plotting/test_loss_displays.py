import numpy as np
import pytest
from sklearn.decomposition import PCA

from skae import VAE, Autoencoder, DenseAutoencoder
from skae.networks import DenseNetwork
from skae.objectives import KLDivergence, L1Activity, Objective
from skae.plotting import LossCurveDisplay, LossTermsDisplay
from skae.schedules import LinearWarmup


def test_loss_curve(model, drawn):
    display = drawn(LossCurveDisplay.from_estimator(model))
    assert len(display.ax_.lines) == 1
    assert len(display.train_loss) == 3


def test_loss_curve_with_validation(ax, drawn, X):
    autoencoder = DenseAutoencoder(2, max_epochs=2, random_state=0)
    autoencoder.fit(X, X_val=X[:5])
    display = drawn(LossCurveDisplay.from_estimator(autoencoder, ax=ax))
    assert len(display.ax_.lines) == 2
    assert display.ax_ is ax


@pytest.mark.parametrize(("losses", "scale"), [([9, 0.1], "log"), ([1, 0], "linear")])
def test_loss_axis(losses, scale, drawn):
    assert drawn(LossCurveDisplay(losses).plot()).ax_.get_yscale() == scale


def test_loss_curve_of_what_has_none():
    with pytest.raises(TypeError, match="PCA has no fitted autoencoder"):
        LossCurveDisplay.from_estimator(PCA())


def test_loss_of_a_validation_that_began_later(X, drawn):
    autoencoder = DenseAutoencoder(2, max_epochs=2, warm_start=True, random_state=0)
    autoencoder.fit(X).fit(X, X_val=X[:5])
    display = drawn(LossCurveDisplay.from_estimator(autoencoder))
    valid = display.ax_.lines[1].get_ydata()
    assert np.isnan(valid).tolist() == [True, True, False, False]


def test_loss_that_is_never_finite(drawn):
    drawn(LossCurveDisplay([np.nan, np.nan]).plot())


def titles(display):
    return [ax.get_title() for ax in display.axes_]


@pytest.fixture(scope="module")
def two_penalties(X):
    kl = KLDivergence(LinearWarmup(2, final=0.01))
    return Autoencoder(
        2,
        network=DenseNetwork(linear_path="pca"),
        bottleneck="gaussian",
        objective=Objective(penalties=[("kl", kl), ("sparse", L1Activity(0.02))]),
        max_epochs=4,
        random_state=0,
    ).fit(X, X_val=X[:10])


def test_terms_are_those_of_the_history(two_penalties, drawn):
    display = drawn(LossTermsDisplay.from_estimator(two_penalties))
    terms = ["loss", "reconstruction", "kl", "sparse"]
    assert titles(display) == [*terms, "weights"]
    for ax, term in zip(display.axes_, terms, strict=False):
        train, valid = ax.lines
        history = two_penalties.history_
        np.testing.assert_array_equal(train.get_ydata(), history[:, f"train_{term}"])
        np.testing.assert_array_equal(valid.get_ydata(), history[:, f"valid_{term}"])
        assert (train.get_linestyle(), valid.get_linestyle()) == ("-", "--")


def test_weights_have_a_panel_for_themselves(two_penalties, drawn):
    ax = drawn(LossTermsDisplay.from_estimator(two_penalties)).axes_[-1]
    kl, sparse = ax.lines
    np.testing.assert_allclose(kl.get_ydata(), [0, 0.005, 0.01, 0.01])
    np.testing.assert_allclose(sparse.get_ydata(), [0.02] * 4)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["kl", "sparse"]
    assert ax.get_ylim()[0] <= 0


def test_weights_of_different_orders_are_drawn_on_a_logarithmic_axis(drawn):
    weights = {"kl": [0.0, 1e-3], "mmd": [1.0, 1.0]}
    ax = drawn(LossTermsDisplay({"loss": [1, 1]}, weights=weights).plot()).axes_[-1]
    assert ax.get_yscale() == "log"
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [np.nan, 1e-3])


def test_terms_of_one_epoch_are_points(X, drawn):
    model = VAE(max_epochs=1, random_state=0).fit(X)
    display = drawn(LossTermsDisplay.from_estimator(model))
    assert all(ax.lines[0].get_marker() == "o" for ax in display.axes_)


def test_without_penalties_the_loss_is_the_only_term(model, drawn):
    display = drawn(LossTermsDisplay.from_estimator(model))
    assert titles(display) == ["loss"]
    assert len(display.figure_.axes) == 1


@pytest.mark.parametrize("n_terms", [1, 3, 4, 5, 7])
def test_there_are_as_many_panels_as_terms(n_terms, drawn):
    train = {f"term{i}": [2.0, 1.0] for i in range(n_terms)}
    display = drawn(LossTermsDisplay(train).plot())
    assert titles(display) == list(train)
    assert len(display.figure_.axes) == n_terms


def test_terms_take_the_place_of_axes(two_penalties, ax, drawn):
    display = drawn(LossTermsDisplay.from_estimator(two_penalties, ax=ax))
    assert display.figure_ is ax.figure
    assert not ax.axison


def test_terms_need_a_place_in_a_grid(two_penalties):
    from matplotlib.figure import Figure

    ax = Figure().add_axes((0, 0, 1, 1))
    with pytest.raises(ValueError, match="no place in a grid"):
        LossTermsDisplay.from_estimator(two_penalties, ax=ax)
