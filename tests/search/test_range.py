import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skae import LSTMAutoencoder
from skae.datasets import make_linear_manifold
from skae.exceptions import DimensionWarning
from skae.search import Best, Saturation, ShortestDescription
from skae.search._order import are_overlapping
from skae.search._range import Choice, DimensionRange

# The range


def test_the_data_are_looked_at_as_the_reducing_step_sees_them():
    X = make_linear_manifold(300, 2, 20, noise=0.01, random_state=0).X
    pipeline = make_pipeline(StandardScaler(), PCA())
    found = DimensionRange.of(pipeline, X * 10.0 ** np.arange(20))
    assert (found.param, found.n_features) == ("pca__n_components", 20)
    alone = DimensionRange.of(PCA(), StandardScaler().fit_transform(X))
    assert found.intrinsic.median == pytest.approx(alone.intrinsic.median)
    assert found.values("auto") == list(range(1, found.intrinsic.upper_bound + 1))


def test_a_sequence_has_time_steps_times_channels():
    X = np.random.default_rng(0).normal(size=(30, 5, 2))
    found = DimensionRange.of(LSTMAutoencoder(), X)
    assert (found.param, found.n_features) == ("n_components", 10)
    with pytest.warns(DimensionWarning, match="Codes of 10, 11 units are left out"):
        assert found.values([2, 11, 10, 2]) == [2]


def test_the_range_of_sequences_that_end_early_or_have_holes():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 6, 1))
    X[::3, 2] = np.nan
    found = DimensionRange.of(LSTMAutoencoder(), X, n_blocks=4)
    assert (found.n_features, found.is_complete) == (6, False)
    lengths = [2, 3, 6] + [4] * 37
    listed = [x[:n] for x, n in zip(X, lengths, strict=True)]
    found = DimensionRange.of(LSTMAutoencoder(), listed, n_blocks=4)
    assert (found.n_features, found.n_rows, found.is_complete) == (6, 40, False)


def test_windows_with_holes_overlap_as_others_do():
    series = np.arange(30.0)
    series[7] = np.nan
    assert are_overlapping(sliding_window_view(series, 4))


def test_few_rows_have_no_estimates():
    found = DimensionRange.of(PCA(), np.eye(3))
    assert found.intrinsic is None
    assert found.values("auto") == [1, 2]
    assert found.disagreement(2) is None


def test_a_choice_near_the_estimates_is_in_order():
    X = make_linear_manifold(300, 3, 20, noise=0.01, random_state=0).X
    found = DimensionRange.of(PCA(), X)
    assert found.disagreement(3) is None
    assert found.disagreement(6).startswith("6 units are chosen, but")
    assert found.disagreement(1).startswith("1 unit is chosen, but")


# The choice


def results(*rows):
    """Return `cv_results_` of rows of a dimension, a width, and the score per fold."""
    dimensions, widths, scores = zip(*rows, strict=True)
    return {
        "param_n_components": list(dimensions),
        "params": [
            {"n_components": k, "hidden_size": width}
            for k, width in zip(dimensions, widths, strict=True)
        ],
        "split0_test_score": np.array([pair[0] for pair in scores]),
        "split1_test_score": np.array([pair[1] for pair in scores]),
    }


ROWS = results(
    (1, 8, (0.5, 0.5)),
    (2, 8, (0.1, 0.1)),
    (1, 16, (0.6, 0.6)),
    (2, 16, (0.9, 0.8)),
    (3, 8, (0.95, 0.9)),
    (2, 32, (0.8, 0.8)),
)


@pytest.mark.parametrize(
    ("rule", "row"), [(Saturation(0.6), 2), (Saturation(0.9), 3), (Best(), 4)]
)
def test_each_dimension_stands_for_its_best_candidate(rule, row):
    assert Choice(rule, "n_components", n_features=10)(ROWS) == row


@pytest.mark.parametrize(("n_features", "is_complete"), [(4, True), (5, False)])
def test_a_curve_is_complete_where_no_larger_code_compresses(n_features, is_complete):
    choice = Choice(Best(), "n_components", n_features)
    selection = choice.from_cv_results(ROWS)
    assert selection.value == 3
    assert selection.curve.is_complete is is_complete


@pytest.mark.parametrize(
    ("scores", "message"),
    [((np.nan, 0.5), "No candidate has a finite score"), ((1.5, 1.5), "shares of")],
)
def test_nothing_to_choose_from(scores, message):
    choice = Choice(ShortestDescription(10), "n_components", 10)
    with pytest.raises(ValueError, match=message):
        choice(results((1, 8, scores)))
