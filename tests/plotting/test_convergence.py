import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from tried import labels, tried

from skae.exceptions import UnknownNameError
from skae.plotting import ConvergenceDisplay
from skae.scorers import Reconstruction


def points(display, i=0):
    return np.asarray(display.ax_.collections[i].get_offsets())


def test_points_in_order_and_the_best_so_far(drawn):
    search = tried([{"k": k} for k in range(4)], [0.2, 0.5, 0.1, 0.7])
    display = drawn(ConvergenceDisplay.from_search(search))
    line = display.ax_.lines[0]
    np.testing.assert_allclose(line.get_xdata(), [1, 2, 3, 4])
    np.testing.assert_allclose(line.get_ydata(), [0.2, 0.5, 0.5, 0.7])
    assert line.get_drawstyle() == "steps-post"
    np.testing.assert_allclose(points(display)[:, 1], [0.2, 0.5, 0.1, 0.7])
    assert display.ax_.get_ylabel() == "score"
    assert labels(display) == ["candidates", "best so far"]


def test_failures_are_marked_at_the_lower_edge(drawn):
    search = tried([{"k": k} for k in range(4)], [np.nan, 0.5, (0.4, np.nan), 0.6])
    display = drawn(ConvergenceDisplay.from_search(search))
    best, failed = display.ax_.lines
    np.testing.assert_allclose(best.get_ydata(), [np.nan, 0.5, 0.5, 0.6])
    assert failed.get_label() == "failed"
    np.testing.assert_allclose(failed.get_xdata(), [1, 3])
    assert max(failed.get_ydata()) < 0.1
    assert failed.get_transform() == display.ax_.get_xaxis_transform()
    assert len(points(display)) == 2


def test_all_have_failed(drawn):
    display = drawn(ConvergenceDisplay({"random": [np.nan, np.nan]}).plot())
    np.testing.assert_allclose(display.ax_.lines[1].get_xdata(), [1, 2])


def test_what_would_squash_the_others_is_left_off(drawn):
    scores = [0.2, 0.5, 0.4, 0.6, -3.4e38, -80.0, 0.7, 0.3]
    display = drawn(ConvergenceDisplay({"random": scores}).plot())
    assert display.ax_.get_ylim()[0] > 0
    off, failed = display.ax_.lines[1:]
    assert (off.get_label(), failed.get_label()) == ("off the axis", "failed")
    np.testing.assert_allclose(off.get_xdata(), [6])
    np.testing.assert_allclose(failed.get_xdata(), [5])


@pytest.mark.parametrize(
    "scores", [[0.1, 0.6, 0.8, 0.9], [-100.0, -10.0, -1.0], [0.5] * 9 + [0.1]]
)
def test_scores_of_one_size_are_all_shown(scores, drawn):
    display = drawn(ConvergenceDisplay({"random": scores}).plot())
    np.testing.assert_allclose(points(display)[:, 1], scores)


def test_errors_fall(drawn):
    search = tried([{"k": k} for k in range(3)], [-3.0, np.nan, -1.0])
    search.scoring = "neg_mean_squared_error"
    display = drawn(ConvergenceDisplay.from_search(search))
    np.testing.assert_allclose(display.ax_.lines[0].get_ydata(), [3.0, 3.0, 1.0])
    assert display.ax_.get_ylabel() == "mean_squared_error"
    assert min(display.ax_.lines[1].get_ydata()) > 0.9  # the worse edge


def test_several_searches(drawn, ax):
    searches = {
        "grid": tried([{"k": 1}, {"k": 2}], [0.2, 0.4]),
        "random": tried([{"k": 1}, {"k": 2}, {"k": 3}], [0.3, np.nan, 0.5]),
    }
    display = drawn(ConvergenceDisplay.from_searches(searches, ax=ax))
    assert display.ax_ is ax
    grid, random, failed = display.ax_.lines
    np.testing.assert_allclose(grid.get_ydata(), [0.2, 0.4])
    np.testing.assert_allclose(random.get_ydata(), [0.3, 0.3, 0.5])
    assert failed.get_color() == random.get_color() != grid.get_color()
    assert labels(display) == ["grid", "random", "failed"]


def test_one_candidate(drawn):
    display = drawn(ConvergenceDisplay.from_search(tried([{"k": 1}], [0.5])))
    np.testing.assert_allclose(points(display), [[1, 0.5]])


@pytest.fixture(scope="module")
def multimetric(X):
    scoring = {"r2": Reconstruction(), "neg_mse": lambda e, X, y=None: -1.0}
    search = GridSearchCV(PCA(), {"n_components": [1, 2]}, scoring=scoring, cv=2)
    return search.set_params(refit="neg_mse").fit(X)


def test_the_metric_is_that_of_the_choice(multimetric):
    display = ConvergenceDisplay.from_search(multimetric)
    assert (display.name, display.negate) == ("mse", True)
    display = ConvergenceDisplay.from_search(multimetric, "r2", name="R²")
    assert (display.name, display.negate) == ("R²", False)
    expected = multimetric.cv_results_["mean_test_r2"]
    np.testing.assert_allclose(display.scores["GridSearchCV"], expected)


def test_unknown_metric(multimetric):
    with pytest.raises(UnknownNameError, match="Did you mean 'neg_mse'"):
        ConvergenceDisplay.from_search(multimetric, "neg_mae")


def test_different_metrics_share_no_axis(multimetric):
    searches = {"a": multimetric, "b": tried([{"k": 1}], [0.5])}
    with pytest.raises(ValueError, match="different metrics, 'mse', 'score'"):
        ConvergenceDisplay.from_searches(searches)
    ConvergenceDisplay.from_searches(searches, name="error", negate=True)
    with pytest.raises(ValueError, match="no search to draw"):
        ConvergenceDisplay.from_searches({})


def test_what_is_not_fitted_or_no_search():
    with pytest.raises(NotFittedError, match="GridSearchCV has nothing to draw yet"):
        ConvergenceDisplay.from_search(GridSearchCV(PCA(), {"n_components": [1]}))
    with pytest.raises(TypeError, match="PCA is no search"):
        ConvergenceDisplay.from_search(PCA())
