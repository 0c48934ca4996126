from dataclasses import replace

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from tried import labels, tried

from skae import DenseAutoencoder
from skae.datasets import make_linear_manifold
from skae.exceptions import UnknownNameError
from skae.plotting import ScoreCurveDisplay
from skae.scorers import Reconstruction
from skae.search import LatentDimensionSearchCV, ScoreCurve, ShortestDescription


def test_score_curve_from_a_search(drawn, X):
    search = GridSearchCV(
        PCA(), {"n_components": [1, 2, 3]}, scoring=Reconstruction(), cv=3
    ).fit(X)
    display = ScoreCurveDisplay.from_cv_results(search.cv_results_, "n_components")
    curve, chosen = drawn(display).ax_.lines[0], display.ax_.lines[-1]
    np.testing.assert_allclose(curve.get_ydata(), search.cv_results_["mean_test_score"])
    assert chosen.get_xdata() == [3]
    assert display.ax_.get_ylabel() == "score"


def test_score_curve_of_errors(drawn):
    curve = ScoreCurve(np.array([1, 2]), -np.array([[3.0, 4.0], [1.0, 2.0]]))
    display = ScoreCurveDisplay(curve, chosen=1, negate=True).plot()
    np.testing.assert_allclose(drawn(display).ax_.lines[0].get_ydata(), [3.5, 1.5])
    assert display.ax_.get_legend().get_texts()[0].get_text() == "chosen: 1"


@pytest.mark.parametrize(("values", "scores"), [([3], [[0.5]]), ([1, 4], [[1], [2]])])
def test_score_curve_of_one_value_or_one_fold(values, scores, drawn):
    curve = ScoreCurve(np.array(values), np.array(scores, dtype=float))
    drawn(ScoreCurveDisplay(curve, chosen=9).plot())


def ticks(display):
    return [text.get_text() for text in display.ax_.get_xticklabels()]


def curve_of(display):
    """Return the line through the best of each value, and its error bars' ends."""
    line, _, (bars,) = display.ax_.containers[0]
    return line, np.array([segment[:, 1] for segment in bars.get_segments()])


def marked(display, label):
    lines = [line for line in display.ax_.lines if line.get_label() == label]
    return lines[0].get_xdata().tolist() if lines else []


def test_the_choice_is_that_of_the_search(drawn, X):
    search = GridSearchCV(
        PCA(), {"n_components": [1, 2, 3]}, scoring=Reconstruction(), cv=3
    )
    search.set_params(refit=lambda results: 1).fit(X)
    display = drawn(ScoreCurveDisplay.from_search(search))
    assert marked(display, "chosen: 2") == [2]
    assert display.ax_.get_xlabel() == "latent dimension"


def test_a_selection_says_what_is_chosen(drawn):
    curve = ScoreCurve(np.array([1, 2, 3]), np.array([[0.1], [0.9], [0.91]]))
    selection = ShortestDescription(n_features=20).select(curve)
    display = drawn(ScoreCurveDisplay(curve, chosen=selection).plot())
    assert marked(display, f"chosen: {selection.value}") == [selection.value]


@pytest.mark.filterwarnings("ignore::skae.exceptions.DimensionWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_search_over_latent_dimensions(drawn, X):
    search = LatentDimensionSearchCV(PCA(), n_components=3, cv=3, random_state=0).fit(X)
    display = drawn(ScoreCurveDisplay.from_search(search))
    np.testing.assert_allclose(
        curve_of(display)[0].get_ydata(), search.selection_.curve.mean
    )
    assert marked(display, f"chosen: {search.n_components_}") == [search.n_components_]


def band(display):
    """Return label and ends of the band of an interval, None where there is none."""
    bands = [patch for patch in display.ax_.patches if "interval" in patch.get_label()]
    if not bands:
        return None
    ends = bands[0].get_extents().transformed(display.ax_.transData.inverted())
    return bands[0].get_label(), ends.x0, ends.x1


@pytest.mark.parametrize(
    ("interval", "label"), [((2, 3), "interval: 2 to 3"), ((2, 2), "interval: 2")]
)
def test_the_interval_of_a_selection_is_a_band(interval, label, drawn):
    curve = ScoreCurve(np.array([1, 2, 3, 4]), np.array([[0.1], [0.9], [0.91], [0.9]]))
    selection = replace(ShortestDescription(20).select(curve), interval=interval)
    display = drawn(ScoreCurveDisplay(curve, chosen=selection).plot())
    found, low, high = band(display)
    assert found == label
    assert label in labels(display)
    inside = [k for k in curve.values if low < k < high]
    assert inside == list(range(interval[0], interval[1] + 1))


def test_nested_fits_are_drawn_with_their_interval(drawn):
    X = make_linear_manifold(80, 2, 6, noise=0.1, random_state=0).X
    search = LatentDimensionSearchCV(
        DenseAutoencoder(), n_components=3, cv=2, refit=False, random_state=0
    ).fit(X)
    selection = search.selection_
    for display in (
        ScoreCurveDisplay.from_search(search),
        ScoreCurveDisplay.from_cv_results(
            search.cv_results_, "n_components", chosen=selection
        ),
        ScoreCurveDisplay(selection.curve, chosen=selection).plot(),
    ):
        assert marked(drawn(display), f"chosen: {selection.value}") == [selection.value]
        low, high = selection.interval
        assert band(display)[1:] == pytest.approx((low - 0.4, high + 0.4))
        np.testing.assert_allclose(
            curve_of(display)[0].get_ydata(), selection.curve.mean
        )


def test_choices_without_an_interval_have_no_band(drawn, X):
    search = GridSearchCV(
        PCA(), {"n_components": [1, 2, 3]}, scoring=Reconstruction(), cv=3
    ).fit(X)
    assert band(drawn(ScoreCurveDisplay.from_search(search))) is None


def test_error_bars_are_standard_errors(drawn):
    scores = [(0.1, 0.2), (0.5, 0.4), (0.6, 0.9)]
    search = tried([{"k": k} for k in (1, 2, 3)], scores)
    line, ends = curve_of(drawn(ScoreCurveDisplay.from_search(search)))
    error = ScoreCurve(np.arange(3), np.array(scores)).standard_error
    np.testing.assert_allclose(ends[:, 1] - line.get_ydata(), error, atol=1e-9)
    np.testing.assert_allclose(line.get_ydata() - ends[:, 0], error, atol=1e-9)


def test_other_parameters_are_faint_points_behind_the_best(drawn):
    params = [{"k": k, "kind": kind} for k in (1, 2) for kind in "ab"]
    search = tried(params, [0.1, 0.4, 0.8, np.nan])
    display = drawn(ScoreCurveDisplay.from_search(search, "k"))
    dots = np.asarray(display.ax_.collections[0].get_offsets())
    np.testing.assert_allclose(dots, [[1, 0.1], [1, 0.4], [2, 0.8]])
    line, _ = curve_of(display)
    np.testing.assert_allclose(line.get_ydata(), [0.4, 0.8])
    assert line.get_linestyle() == "-"
    assert labels(display) == ["candidates", "chosen: 2", "best of each value"]


def test_candidates_that_differ_in_their_seed_are_one(drawn):
    params = [{"k": k, "random_state": seed} for k in (1, 2) for seed in (0, 1)]
    display = ScoreCurveDisplay.from_search(tried(params, [0.1, 0.3, 0.5, 0.9]))
    np.testing.assert_allclose(curve_of(drawn(display))[0].get_ydata(), [0.2, 0.7])


def test_numbers_that_were_tried_once_have_no_line(drawn):
    rates = np.geomspace(1e-4, 1, 200)
    params = [{"k": float(rate), "kind": "ab"[i % 2]} for i, rate in enumerate(rates)]
    scores = np.random.default_rng(0).uniform(size=200)
    scores[::50] = np.nan
    display = drawn(ScoreCurveDisplay.from_search(tried(params, scores), "k"))
    assert curve_of(display)[0].get_linestyle() == "None"
    assert display.ax_.get_xscale() == "log"
    np.testing.assert_allclose(marked(display, "failed"), rates[::50])


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("kind", ["tanh", "relu", None], ["None", "relu", "tanh"]),
        ("kind", [True, False], ["False", "True"]),
        ("layers", [(8, 4), (64,), ()], ["()", "(64,)", "(8, 4)"]),
        ("layers", ["8-4", "64", "16"], ["16", "64", "8-4"]),
        ("kind", [1, "auto"], ["1", "auto"]),
    ],
)
def test_categories(name, values, expected, drawn):
    search = tried(
        [{name: value} for value in values], np.linspace(0.1, 0.3, len(values))
    )
    display = drawn(ScoreCurveDisplay.from_search(search))
    assert ticks(display) == expected
    line, _ = curve_of(display)
    assert line.get_linestyle() == "None"
    assert display.ax_.get_xlabel() == name
    text = expected[line.get_ydata().argmax()]
    assert labels(display) == [f"chosen: {text}"]


def test_none_can_be_the_choice(drawn):
    search = tried([{"kind": None}, {"kind": "a"}], [0.1, 0.3])
    search.best_index_ = 0
    assert marked(drawn(ScoreCurveDisplay.from_search(search)), "chosen: None") == [0]


def test_many_architectures_are_grouped_by_depth(drawn):
    layers = [(width,) * (1 + width % 3) for width in range(2, 18)]
    scores = np.linspace(0, 1, 16)
    search = tried([{"layers": each} for each in layers], scores)
    search.best_index_ = 15
    display = drawn(ScoreCurveDisplay.from_search(search))
    assert display.ax_.get_xlabel() == "layers: number of layers"
    line, _ = curve_of(display)
    depths = np.array([len(each) for each in layers])
    assert line.get_xdata().tolist() == [1, 2, 3]
    best = [scores[depths == depth].max() for depth in (1, 2, 3)]
    np.testing.assert_allclose(line.get_ydata(), best)
    assert marked(display, f"chosen: {depths[15]}") == [depths[15]]


def test_failed_values_are_marked_at_the_edge(drawn):
    search = tried([{"k": k} for k in range(4)], [0.1, np.nan, 0.3, -3.4e38])
    display = drawn(ScoreCurveDisplay.from_search(search))
    np.testing.assert_allclose(curve_of(display)[0].get_xdata(), [0, 2])
    assert marked(display, "failed") == [1, 3]
    errors = ScoreCurveDisplay(display.curve, negate=True).plot()
    assert min(drawn(errors).ax_.lines[-1].get_ydata()) <= 1


def test_all_have_failed():
    search = tried([{"k": 1}, {"k": 2}], [np.nan, (np.nan, 0.5)])
    with pytest.raises(ValueError, match="all candidates with 'k' failed"):
        ScoreCurveDisplay.from_search(search)
    curve = ScoreCurve(np.array([1]), np.array([[-3.4e38]]))
    assert marked(ScoreCurveDisplay(curve).plot(), "failed") == [1]


def test_a_catastrophe_does_not_squash_the_others(drawn):
    params = [{"k": k, "kind": kind} for k in (1, 2, 3) for kind in "ab"]
    scores = [0.1, 0.2, 0.3, -1000.0, 0.4, 0.5]
    display = drawn(ScoreCurveDisplay.from_search(tried(params, scores), "k"))
    assert display.ax_.get_ylim()[0] > 0
    assert marked(display, "off the axis") == [2]
    line = ScoreCurveDisplay.from_search(tried(params[::2], [-1000.0, 0.3, 0.5]), "k")
    assert line.ax_.get_ylim()[0] < -1000  # the curve itself is always shown


def test_parameters_that_some_candidates_do_not_have(drawn):
    params = [{"kind": "pca"}, {"kind": "net", "k": 2}, {"kind": "net", "k": 3}]
    search = tried(params, [0.9, 0.2, 0.4])
    search.best_index_ = 0
    display = drawn(ScoreCurveDisplay.from_search(search, "k"))
    np.testing.assert_allclose(curve_of(display)[0].get_xdata(), [2, 3])
    assert display.curve.rows.tolist() == [1, 2]
    assert not any("chosen" in label for label in labels(display))


def test_long_names_are_shortened(drawn):
    kinds = [f"a category with a very long name, number {i}" for i in range(30)]
    search = tried([{"kind": kind} for kind in kinds], range(30))
    display = drawn(ScoreCurveDisplay.from_search(search))
    assert len(ticks(display)) <= 16
    assert all(len(label) <= 22 for label in ticks(display))
    width, _ = display.figure_.get_size_inches()
    box = display.ax_.get_tightbbox().transformed(
        display.figure_.dpi_scale_trans.inverted()
    )
    assert box.x0 >= 0
    assert box.x1 <= width


def test_errors(X):
    search = tried([{"k": 1, "kind": "a"}], [0.5])
    with pytest.raises(ValueError, match="2 parameters were searched: name"):
        ScoreCurveDisplay.from_search(search)
    with pytest.raises(UnknownNameError, match="Did you mean 'kind'"):
        ScoreCurveDisplay.from_search(search, "knd")
    with pytest.raises(UnknownNameError, match="metric 'r2'"):
        ScoreCurveDisplay.from_search(search, "k", "r2")
    with pytest.raises(UnknownNameError, match="Did you mean 'kind'"):
        ScoreCurveDisplay.from_cv_results(search.cv_results_, "knd")
    with pytest.raises(NotFittedError):
        ScoreCurveDisplay.from_search(GridSearchCV(PCA(), {}))
