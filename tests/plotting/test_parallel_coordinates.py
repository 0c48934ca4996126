from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from tried import tried

from skae.exceptions import UnknownNameError
from skae.plotting import ParallelCoordinatesDisplay
from skae.plotting._figures import CHOICE

PARAMS = {"k": [1, 2, 4], "kind": ["b", "a", "b"], "rate": [1e-4, 1e-2, 1.0]}


def heights(display, i=0):
    """Return the lines of one kind, one row each."""
    segments = display.ax_.collections[i].get_segments()
    return np.array([segment[:, 1] for segment in segments])


def names(display):
    return [text.get_text() for text in display.ax_.get_xticklabels()]


def labels(display, axis):
    """Return the labels beside an axis, from the bottom to the top."""
    near = [
        text for text in display.ax_.texts if abs(text.get_position()[0] - axis) < 0.2
    ]
    near = sorted(near, key=lambda text: text.get_position()[1])
    return [text.get_text() for text in near]


def test_lines_go_through_parameters_to_the_score(drawn):
    display = drawn(ParallelCoordinatesDisplay(PARAMS, [0.2, 0.6, 0.5]).plot())
    assert names(display) == ["k", "kind", "rate", "score"]
    expected = [  # sorted by score, the best on top
        [0, 1, 0, 0],
        [1, 1, 1, 0.75],
        [1 / 3, 0, 0.5, 1],
    ]
    np.testing.assert_allclose(heights(display), expected, atol=1e-9)
    assert labels(display, 0) == ["1", "2", "4"]
    assert labels(display, 1) == ["a", "b"]
    assert labels(display, 2) == ["0.0001", "0.01", "1"]


def test_dark_lines_are_good(drawn):
    display = drawn(ParallelCoordinatesDisplay(PARAMS, [0.2, 0.6, 0.5]).plot())
    colors = display.ax_.collections[0].get_colors()[:, :3]
    assert (np.diff(colors.sum(axis=1)) < 0).all()


def test_failed_candidates_are_dashed(drawn):
    display = ParallelCoordinatesDisplay(PARAMS, [0.2, np.nan, 0.5], chosen=2).plot()
    assert len(heights(drawn(display))) == 2
    failed = display.ax_.collections[1]
    assert failed.get_label() == "failed"
    assert failed.get_linestyle()[0][1] is not None
    np.testing.assert_allclose(heights(display, 1)[0, :3], [1 / 3, 0, 0.5])
    assert heights(display, 1)[0, 3] < 0
    assert labels(display, 3)[0] == "failed"
    np.testing.assert_allclose(display.ax_.lines[0].get_ydata(), [1, 1, 1, 1])
    assert to_rgba(display.ax_.lines[0].get_color()) == to_rgba(CHOICE)


def test_all_have_failed(drawn):
    display = drawn(ParallelCoordinatesDisplay(PARAMS, [np.nan] * 3).plot())
    assert len(heights(display, 1)) == 3


def test_parameters_that_some_candidates_do_not_have(drawn):
    search = tried([{"kind": "pca"}, {"kind": "net", "k": 3}], [0.2, 0.4])
    display = drawn(ParallelCoordinatesDisplay.from_search(search))
    assert names(display) == ["kind", "k", "score"]
    assert heights(display)[0, 1] < 0
    assert labels(display, 1) == ["not set", "3"]


def test_a_few_architectures_are_categories_of_growing_size(drawn):
    layers = [(8, 4), (64,), (), (8,)]
    search = tried([{"layers": each} for each in layers], [0.1, 0.2, 0.3, 0.4])
    display = drawn(ParallelCoordinatesDisplay.from_search(search))
    assert names(display) == ["layers", "score"]
    assert labels(display, 0) == ["()", "(8,)", "(64,)", "(8, 4)"]


def test_many_architectures_have_two_axes(drawn):
    layers = [(width,) * (1 + width % 3) for width in range(2, 18)]
    params = [{"layers": each} for each in layers]
    search = tried(params, np.linspace(0, 1, 16))
    display = drawn(ParallelCoordinatesDisplay.from_search(search))
    assert names(display) == ["layers: layers", "layers: units", "score"]
    assert labels(display, 0) == ["1", "2", "3"]
    depth = [(len(each) - 1) / 2 for each in layers]
    np.testing.assert_allclose(heights(display)[:, 0], depth)
    units = np.array([sum(each) for each in layers])
    expected = (units - units.min()) / np.ptp(units)
    np.testing.assert_allclose(heights(display)[:, 1], expected)


def test_seeds_are_left_out_and_the_order_can_be_chosen():
    params = [{"k": 1, "kind": "a", "random_state": seed} for seed in range(2)]
    search = tried(params, [0.1, 0.2])
    assert names(ParallelCoordinatesDisplay.from_search(search))[:-1] == ["k", "kind"]
    display = ParallelCoordinatesDisplay.from_search(search, ["kind", "random_state"])
    assert names(display)[:-1] == ["kind", "random_state"]


def test_errors_have_the_least_at_the_top(drawn):
    display = ParallelCoordinatesDisplay(PARAMS, [-3.0, -2.0, -1.0], negate=True)
    written = [float(label) for label in labels(drawn(display.plot()), 3)]
    assert written == sorted(written, reverse=True)
    assert (written[0], written[-1]) == (3, 1)
    np.testing.assert_allclose(heights(display)[:, 3], [0, 0.5, 1])


def test_a_catastrophe_does_not_squash_the_others(drawn):
    params = {"k": [1, 2, 3, 4, 5]}
    scores = [0.1, 0.3, -1000.0, 0.2, 0.5]
    display = drawn(ParallelCoordinatesDisplay(params, scores).plot())
    np.testing.assert_allclose(heights(display)[:, 1], [0, 0, 0.25, 0.5, 1])


def test_one_candidate_with_one_parameter(drawn):
    display = drawn(ParallelCoordinatesDisplay.from_search(tried([{"k": 3}], [0.5])))
    np.testing.assert_allclose(heights(display), [[0.5, 0.5]])
    low, high = display.ax_.get_ylim()
    assert low < 0
    assert high > 1


def test_many_candidates_and_long_names(drawn):
    kinds = [f"a category with a very long name, number {i}" for i in range(40)]
    params = [{"kind": kinds[i % 40], "k": i} for i in range(200)]
    display = ParallelCoordinatesDisplay.from_search(tried(params, range(200)))
    assert len(heights(drawn(display))) == 200
    shown = labels(display, 0)
    assert len(shown) <= 16
    assert all(len(label) <= 16 for label in shown)


def test_nested_names_are_short_where_they_differ(X):
    params = {"a__k": [1], "b__k": [2], "b__rate": [3]}
    display = ParallelCoordinatesDisplay(params, [0.5]).plot()
    assert names(display) == ["a__k", "b__k", "rate", "score"]


def test_errors():
    search = tried([{"kind": "a"}], [0.5])
    with pytest.raises(UnknownNameError, match=r"parameter 'kinds'.*mean 'kind'"):
        ParallelCoordinatesDisplay.from_search(search, ["kinds"])
    with pytest.raises(UnknownNameError, match="metric 'r2': use one of 'score'"):
        ParallelCoordinatesDisplay.from_search(search, metric="r2")
    with pytest.raises(NotFittedError):
        ParallelCoordinatesDisplay.from_search(GridSearchCV(PCA(), {}))


def test_of_many_parameters_those_that_go_with_the_score_are_drawn(drawn):
    rng = np.random.default_rng(0)
    n_tried = 40
    names_ = [f"p{i:02}" for i in range(30)]
    values = rng.random((n_tried, 30))
    kinds = np.array(["x", "y"])[(values[:, 7] > 0.5).astype(int)]
    scores = values[:, 3] + (kinds == "y") + rng.normal(size=n_tried) / 100
    params = [dict(zip(names_, row.tolist(), strict=True)) for row in values]
    for param, kind in zip(params, kinds, strict=True):
        param["p07"], param["p11"] = str(kind), 1  # a category, and a constant
    scores[0] = np.nan
    results = {f"param_{name}": [p[name] for p in params] for name in names_}
    results |= {"params": params, "mean_test_score": scores}
    found = {"best_index_": 1, "multimetric_": False, "refit": True, "scoring": None}
    search = SimpleNamespace(cv_results_=results, **found)
    display = drawn(ParallelCoordinatesDisplay.from_search(search))
    *shown, _ = names(display)
    assert len(shown) == 12
    assert shown == sorted(shown)
    assert {"p03", "p07"} <= set(shown)
    assert "p11" not in shown
    assert display.ax_.get_xlabel().startswith("12 of ")
    assert display.figure_.get_figwidth() < 24
    assert len(names(ParallelCoordinatesDisplay.from_search(search, names_))) == 31
