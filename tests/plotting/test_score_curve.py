import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV

from skae import Reconstruction
from skae.plotting import ScoreCurveDisplay
from skae.search import ScoreCurve


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
