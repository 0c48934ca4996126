import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from tried import evolved, tried

from skae.exceptions import UnknownNameError
from skae.plotting import ParetoFrontDisplay
from skae.scorers import Reconstruction
from skae.search import Architecture

POINTS = np.array([[3, 0.9], [1, 0.5], [2, 0.4], [2, 0.8], [4, 0.9]])


def line(display, label):
    lines = [line for line in display.ax_.lines if line.get_label() == label]
    return np.transpose(lines[0].get_data()) if lines else None


@pytest.mark.parametrize(
    ("directions", "front", "steps"),
    [
        (("less", "more"), [1, 3, 0], "steps-post"),
        (("more", "more"), [4], "steps-pre"),
        (("less", "less"), [1, 2], "steps-post"),
        (("more", "less"), [2, 4], "steps-pre"),
    ],
)
def test_front(directions, front, steps, drawn):
    display = ParetoFrontDisplay(POINTS, directions=directions, chosen=0).plot()
    assert drawn(display).front_.tolist() == front
    np.testing.assert_allclose(line(display, "front"), POINTS[front])
    assert display.ax_.lines[0].get_drawstyle() == steps
    np.testing.assert_allclose(line(display, "chosen"), POINTS[[0]])
    assert display.ax_.get_xlabel() == f"x ({directions[0]} is better)"
    dots = np.asarray(display.ax_.collections[0].get_offsets())
    np.testing.assert_allclose(dots, POINTS)


def test_of_equal_candidates_all_are_on_the_front(drawn):
    points = np.array([[1, 0.5], [1, 0.5], [2, 0.4]])
    display = drawn(ParetoFrontDisplay(points).plot())
    assert sorted(display.front_) == [0, 1]


def test_failed_candidates(drawn):
    points = np.array([[1, 0.5], [2, np.nan], [np.nan, np.nan]])
    display = drawn(ParetoFrontDisplay(points, chosen=1).plot())
    assert display.front_.tolist() == [0]
    failed = line(display, "failed")
    assert failed[:, 0].tolist() == [2]
    assert failed[0, 1] < 0.1
    assert line(display, "chosen") is None


def test_all_have_failed(drawn):
    display = drawn(ParetoFrontDisplay(np.full((3, 2), np.nan)).plot())
    assert len(display.front_) == 0


def test_what_would_squash_the_others_is_left_off(drawn):
    points = np.concatenate([POINTS, [[5, -1000.0]]])
    display = drawn(ParetoFrontDisplay(points).plot())
    assert display.ax_.get_ylim()[0] > 0
    assert line(display, "off the axis")[:, 0].tolist() == [5]
    cheapest = np.concatenate([POINTS, [[0.5, -1000.0]]])
    display = drawn(ParetoFrontDisplay(cheapest).plot())
    assert 5 in display.front_
    assert display.ax_.get_ylim()[0] < -1000


def test_wide_ranges_are_logarithmic(drawn):
    points = np.column_stack([[10, 100, 1000, 1e4, 1e5], POINTS[:, 1]])
    display = drawn(ParetoFrontDisplay(points).plot())
    assert display.ax_.get_xscale() == "log"
    assert display.ax_.get_yscale() == "linear"


def width(estimator):
    return float(sum(estimator.layers))


def test_objectives_of_an_evolution(drawn):
    search = evolved(
        {"layers": Architecture(0, 3, 2, 8)}, objectives=["score", width], patience=2
    )
    display = drawn(ParetoFrontDisplay.from_search(search))
    assert sorted(display.front_) == sorted(search.pareto_front_)
    np.testing.assert_allclose(display.points[:, 0], search.cv_results_["cost_width"])
    np.testing.assert_allclose(
        display.points[:, 1], search.cv_results_["mean_test_score"]
    )
    assert display.ax_.get_xlabel() == "width (less is better)"
    assert display.ax_.get_ylabel() == "score (more is better)"
    best = search.best_index_
    np.testing.assert_allclose(line(display, "chosen")[0], display.points[best])
    swapped = ParetoFrontDisplay.from_search(search, x="score", y=width)
    np.testing.assert_allclose(swapped.points, display.points[:, ::-1])
    assert sorted(swapped.front_) == sorted(display.front_)


@pytest.fixture(scope="module")
def multimetric(X):
    scoring = {
        "r2": Reconstruction(),
        "neg_size": lambda e, X, y=None: -float(e.n_components),
    }
    search = GridSearchCV(PCA(), {"n_components": [1, 2, 4]}, scoring=scoring, cv=2)
    return search.set_params(refit="r2").fit(X)


def test_metrics_of_another_search(multimetric, drawn):
    display = drawn(ParetoFrontDisplay.from_search(multimetric))
    assert display.names == ("size", "r2")
    assert display.directions == ("less", "more")
    np.testing.assert_allclose(display.points[:, 0], [1, 2, 4])
    assert display.chosen == multimetric.best_index_


def test_times_and_names(multimetric):
    display = ParetoFrontDisplay.from_search(multimetric, x="fit_time")
    assert display.names == ("fit time in seconds", "r2")
    times = multimetric.cv_results_["mean_fit_time"]
    np.testing.assert_allclose(display.points[:, 0], times)
    display = ParetoFrontDisplay.from_search(multimetric, y="neg_size")
    assert display.names == ("r2", "size")
    display = ParetoFrontDisplay.from_search(multimetric, names=("a", "b"))
    assert display.ax_.get_ylabel() == "b (more is better)"


def test_errors(multimetric):
    with pytest.raises(UnknownNameError, match="Did you mean 'neg_size'"):
        ParetoFrontDisplay.from_search(multimetric, "neg_sizes")
    with pytest.raises(ValueError, match=r"one objective only.*x='fit_time'"):
        ParetoFrontDisplay.from_search(tried([{"k": 1}], [0.5]))
    with pytest.raises(NotFittedError):
        ParetoFrontDisplay.from_search(GridSearchCV(PCA(), {}))
