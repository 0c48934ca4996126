"""SHAP explains what autoencoders compute, as any function of rows."""

import numpy as np
import pytest
from helpers.models import dense

from skae.interpretation import attributions

shap = pytest.importorskip("shap")
X = np.random.default_rng(0).normal(size=(30, 4))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_its_values_of_a_linear_code_are_ours():
    model = dense(2, hidden_layer_sizes=(), linear_path=None).fit(X)
    explainer = shap.KernelExplainer(model.transform, X.mean(axis=0, keepdims=True))
    values = explainer.shap_values(X[:3], silent=True)
    for unit in (0, 1):
        found = attributions(model, X[:3], target=unit).values
        np.testing.assert_allclose(values[:, :, unit], found, atol=1e-6)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_its_values_of_scores_sum_to_their_change():
    model = dense().fit(X)
    explainer = shap.Explainer(model.score_samples, X)
    values = explainer(X[:3])
    sums = values.values.sum(axis=1) + values.base_values
    np.testing.assert_allclose(sums, model.score_samples(X[:3]), atol=1e-6)
