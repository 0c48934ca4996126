"""What notebooks show: well-formed, without what it does not know, and escaped."""

import warnings
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from helpers.data import normal
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline

from skae import VAE, Autoencoder, DenseAutoencoder
from skae._html import card, curve, table
from skae.bottlenecks import PointBottleneck
from skae.search import (
    BayesSearchCV,
    Best,
    EvolutionarySearchCV,
    LatentDimensionSearchCV,
    ScoreCurve,
)

X = normal(60, 2) @ normal(2, 6, seed=1) + normal(60, 6, seed=2) / 10
FAST = {"max_epochs": 2, "random_state": 0}

# scikit-learn compares parameters with their defaults by what numpy mended then.
shows_parameters = pytest.mark.skipif(
    np.lib.NumpyVersion(np.__version__) < "2.2.0", reason="numpy is older than 2.2"
)


def parsed(html):
    return ElementTree.fromstring(f"<all>{html}</all>")


def texts(html):
    return " ".join("".join(parsed(html).itertext()).split())


@pytest.fixture(scope="module")
def search():
    cv = KFold(3, shuffle=True, random_state=0)
    return LatentDimensionSearchCV(
        DenseAutoencoder(**FAST), n_components=4, cv=cv, random_state=0
    ).fit(X)


def test_a_curve_passes_through_its_points():
    svg = parsed(curve([1, 2, 3], [0.0, 1.0, 0.5], label="a < b", marked=2))
    points = svg.find(".//polyline").get("points").split()
    x, y = np.array([point.split(",") for point in points], dtype=float).T
    assert (np.diff(x) > 0).all()
    assert y[1] < y[2] < y[0]  # high values stand high
    circle = svg.find(".//circle")
    assert (float(circle.get("cx")), float(circle.get("cy"))) == (x[1], y[1])
    assert svg.find(".//title").text == "a < b"


@pytest.mark.parametrize("y", [[1.0, 1.0], [np.nan, 2.0]])
def test_curves_of_one_level_are_finite(y):
    assert "nan" not in curve([1, 2], y, label="flat")


def test_nothing_to_draw_is_no_curve():
    assert curve([1], [np.nan], label="failed") == ""


def test_what_is_shown_is_escaped():
    html = card("<script>", "a & b", table([("<td>", "<b>")]))
    assert texts(html) == "<script>a & b<td><b>"


def test_a_selection_shows_verdict_curve_and_evidence(search):
    html = search.selection_._repr_html_()
    shown = texts(html)
    assert f"Latent dimension: {search.n_components_}" in shown
    assert search.selection_.verdict.text in shown
    assert "neighbours of codes" in shown
    assert parsed(html).find(".//circle") is not None
    assert "Selection(" not in shown


def test_a_selection_by_a_rule_shows_no_evidence():
    scores = np.array([[0.2, 0.4], [0.7, 0.8], [0.5, 0.7]])
    html = Best().select(ScoreCurve(np.array([1, 2, 3]), scores))._repr_html_()
    assert "Latent dimension: 2 (clear)" in texts(html)
    assert parsed(html).find(".//rect") is None


def test_a_selection_is_drawn(search):
    with matplotlib.rc_context():
        display = search.selection_.plot(name="variance explained")
    assert display.ax_.get_ylabel() == "variance explained"
    chosen = search.n_components_
    assert f"chosen: {chosen}" in {
        text.get_text() for text in display.figure_.axes[0].get_legend().get_texts()
    }
    figure = matplotlib.figure.Figure()
    ax = figure.subplots()
    assert search.selection_.plot(ax).ax_ is ax


@shows_parameters
def test_a_search_shows_its_selection_above_its_estimator(search):
    html = search._repr_html_()
    assert search.selection_._repr_html_() in html
    assert "sk-top-container" in html
    assert "svg role" not in LatentDimensionSearchCV(PCA())._repr_html_()


@pytest.mark.parametrize(
    "make",
    [
        lambda space: BayesSearchCV(PCA(), space, n_iter=2, cv=2, random_state=0),
        lambda space: EvolutionarySearchCV(
            PCA(), space, population_size=2, n_generations=1, cv=2, random_state=0
        ),
    ],
)
def test_other_searches_show_their_best_candidate(make):
    search = make({"n_components": (1, 4)}).fit(X)
    html = search._repr_html_()
    assert "candidates tried" in html
    assert f'<td style="text-align:left">{search.best_params_["n_components"]}' in html
    assert "candidates tried" not in make({"n_components": (1, 4)})._repr_html_()


@shows_parameters
def test_an_autoencoder_shows_how_it_was_fitted():
    model = DenseAutoencoder(3, **FAST)
    assert "epochs</th>" not in model._repr_html_()
    html = model.fit(X)._repr_html_()
    assert "DenseAutoencoder, fitted: 3 units" in html
    assert '<th style="text-align:left">epochs</th>' in html
    assert "<polyline" in html


# Parameters that cannot be


def test_a_parameter_that_does_not_exist_is_told_with_the_nearest():
    with pytest.raises(TypeError, match="no parameter 'n_component': did you mean 'n_"):
        DenseAutoencoder(n_component=3)
    with pytest.raises(TypeError, match="no parameter 'zzz': it takes n_components, "):
        DenseAutoencoder(zzz=3)


def test_a_class_that_takes_any_parameter_says_what_it_takes():
    class Mine(DenseAutoencoder):
        def __init__(self, **others):
            self.others = others

    assert Mine(n_component=3).others == {"n_component": 3}


def test_a_share_of_the_variance_is_refused_with_the_way_on():
    message = r"n_components=0.95 is a share .*select_dimension.*rule=Threshold\(0.95"
    with pytest.raises(ValueError, match=message):
        DenseAutoencoder(n_components=0.95).fit(X)


def test_more_units_than_features_warn_unless_something_keeps_them_apart():
    with pytest.warns(UserWarning, match="n_components=7 is above .* features, 6"):
        DenseAutoencoder(7, **FAST).fit(X)
    with warnings.catch_warnings(action="error"):
        DenseAutoencoder(6, **FAST).fit(X)
        Autoencoder(7, input_noise="gaussian", **FAST).fit(X)
        noisy = PointBottleneck(noise="gaussian")
        Autoencoder(7, bottleneck=noisy, **FAST).fit(X)
        VAE(7, **FAST).fit(X)


@pytest.mark.parametrize(
    ("wrong", "meant"), [("n_component", "n_components"), ("betta", "beta")]
)
def test_parameters_that_are_set_by_a_wrong_name_are_told_the_right_one(wrong, meant):
    said = f"VAE has no parameter '{wrong}': did you mean '{meant}'"
    with pytest.raises(ValueError, match=said):
        VAE().set_params(**{wrong: 1})
    pipeline = make_pipeline(VAE(max_epochs=1))
    search = GridSearchCV(pipeline, {f"vae__{wrong}": [1, 2]}, cv=2)
    with pytest.raises(ValueError, match=said):
        search.fit(np.zeros((8, 3)))
    with pytest.raises(TypeError, match=said):
        VAE(**{wrong: 1})
