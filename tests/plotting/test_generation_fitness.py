import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from tried import evolved

from skae.exceptions import UnknownNameError
from skae.plotting import GenerationFitnessDisplay
from skae.search import Architecture


def table(best, mean, depth=np.nan):
    columns = {"generation": range(len(best)), "best": best, "mean": mean}
    return pd.DataFrame(columns | {"depth": depth})


def bars(display):
    """Return where the bars of the best and of the mean end, and where all start."""
    best, mean = display.ax_.containers
    ends = [[bar.get_y() + bar.get_height() for bar in each] for each in (best, mean)]
    return *ends, best[0].get_y()


SPACE = {"layers": Architecture(0, 3, 2, 8), "rate": (0.1, 1.0)}


@pytest.fixture(scope="module")
def search():
    return evolved(SPACE)


def alive(search):
    """Return best, mean and depth of those that live on in each generation."""
    records = pd.DataFrame(search.generations_)
    records = records[records["survives"]]
    groups = records[np.isfinite(records["fitness"])].groupby("generation")
    best = records.loc[groups["fitness"].idxmax()]
    return best["fitness"], groups["fitness"].mean(), best["depth"]


def test_best_and_mean_of_those_that_live_on(search, drawn):
    display = drawn(GenerationFitnessDisplay.from_search(search))
    best, mean, _ = bars(display)
    np.testing.assert_allclose(best, alive(search)[0])
    np.testing.assert_allclose(mean, alive(search)[1])
    assert len(best) == 4
    assert display.ax_.get_ylabel().startswith("score")


def test_numbers_are_the_depth_of_the_best(search, drawn):
    display = drawn(GenerationFitnessDisplay.from_search(search))
    assert numbers(display) == [str(depth) for depth in alive(search)[2]]
    assert "hidden layers" in display.ax_.get_xlabel()


def numbers(display):
    return [text.get_text() for text in display.ax_.texts]


@pytest.mark.parametrize(
    ("space", "architecture", "drawn_numbers"),
    [
        ({"layers": [(4,), (4, 4)]}, None, True),
        ({"layers": ["4", "4-4"]}, None, True),
        ({"n_layers": [1, 2, 3], "rate": (0.1, 1.0)}, None, True),
        ({"rate": (0.1, 1.0)}, None, False),
        ({"rate": [1, 2, 3]}, "rate", True),
    ],
    ids=["tuples", "text", "number of layers", "nothing", "named"],
)
def test_architectures(space, architecture, drawn_numbers):
    search = evolved(space, n_generations=1, population_size=2)
    display = GenerationFitnessDisplay.from_search(search, architecture)
    assert bool(numbers(display)) == drawn_numbers
    assert ("hidden layers" in display.ax_.get_xlabel()) == drawn_numbers


def test_what_is_no_architecture(search):
    with pytest.raises(ValueError, match=r"architecture='rate': .* says nothing about"):
        GenerationFitnessDisplay.from_search(search, "rate")
    with pytest.raises(UnknownNameError, match="Did you mean 'layers'"):
        GenerationFitnessDisplay.from_search(search, "layer")


def test_what_has_no_generations(X):
    grid = GridSearchCV(PCA(), {"n_components": [1]}, cv=2)
    with pytest.raises(NotFittedError):
        GenerationFitnessDisplay.from_search(grid)
    with pytest.raises(TypeError, match="GridSearchCV has no generations"):
        GenerationFitnessDisplay.from_search(grid.fit(X))


def test_a_first_objective_that_is_a_cost():
    def width(estimator):
        return float(sum(estimator.layers))

    search = evolved({"layers": Architecture(1, 3, 2, 8)}, objectives=[width])
    display = GenerationFitnessDisplay.from_search(search)
    assert (display.name, display.negate) == ("width", True)
    best, mean, _ = bars(display)
    assert best[-1] == search.cv_results_["cost_width"].min()
    assert best[-1] < mean[0]


@pytest.mark.parametrize(
    ("best", "mean", "start"),
    [
        ([0.2, 0.6], [0.1, 0.5], 0),
        ([-0.2, -0.1], [-0.6, -0.5], 0),
        ([0.1, 0.2], [-0.1, 0.1], 0),
        ([0.5], [0.5], 0),
        ([0.91, 0.92], [0.90, 0.91], 0.895),
        ([-290, -289], [-293, -290], -294),
    ],
)
def test_where_bars_start(best, mean, start, drawn):
    display = drawn(GenerationFitnessDisplay(table(best, mean)).plot())
    ends = bars(display)
    np.testing.assert_allclose(ends[0], best)
    np.testing.assert_allclose(ends[1], mean)
    assert ends[2] == pytest.approx(start)
    assert (display.ax_.get_ylabel() == "fitness") == (start == 0)


def test_errors_and_generations_without_a_score(drawn):
    frame = table([np.nan, -2.0, -1.0], [np.nan, -4.0, -3.0], [np.nan, 3, 2])
    display = GenerationFitnessDisplay(frame, name="error", negate=True).plot()
    best, mean, _ = bars(drawn(display))
    np.testing.assert_allclose(best, [np.nan, 2, 1])
    np.testing.assert_allclose(mean, [np.nan, 4, 3])
    assert numbers(display) == ["3", "2"]


def test_many_generations_are_numbered_where_the_depth_changes(drawn):
    frame = table(np.linspace(0, 1, 60), np.zeros(60), np.repeat([5, 4, 5], 20))
    assert numbers(drawn(GenerationFitnessDisplay(frame).plot())) == ["5", "4", "5"]
