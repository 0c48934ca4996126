"""A choice without evidence does not look like a choice."""

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_wine
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skae import DenseAutoencoder, select_dimension, stacked
from skae.datasets import make_linear_manifold
from skae.exceptions import DimensionWarning
from skae.scorers._description_length import description_length
from skae.search import ScoreCurve, ShortestDescription

# Held-out R2 of 1 to 12 units on wine: PCA, and networks trained for longer and longer.
WINE = {
    "pca": [0.32, 0.519, 0.631, 0.685, 0.754, 0.81, 0.872, 0.9, 0.92, 0.942, 0.972],
    "trained": [0.466, 0.554, 0.654, 0.701, 0.773, 0.832, 0.874, 0.902, 0.922, 0.945],
}


def curve(means, **settings):
    spread = 1e-4 * np.array([1, -1, 1, -1])
    values = np.arange(1, len(means) + 1)
    return ScoreCurve(values, np.array(means)[:, None] + spread, **settings)


def chosen(data, estimator=None, *, random_state=0, **settings):
    with warnings.catch_warnings(), stacked():
        warnings.simplefilter("ignore")
        settings |= {"random_state": random_state}
        return select_dimension(data, estimator, **settings)


@pytest.mark.parametrize("model", WINE)
def test_a_curve_on_which_all_sizes_do_about_as_well_is_flat(model):
    given = curve(WINE[model], is_trained=model != "pca")
    selection = ShortestDescription(13).select(given)
    assert selection.verdict.kind == "flat"
    assert not selection.verdict.is_settled
    assert str(selection).startswith("No value stands out: 1, 2, 3,") or model == "pca"
    assert not str(selection).startswith(str(selection.value))
    assert {3, 7} <= {selection.value, *selection.alternatives}


@pytest.mark.parametrize("max_epochs", [5, 30])
@pytest.mark.parametrize("seed", [0, 1])
def test_wine_has_no_dimension_however_it_is_trained(max_epochs, seed):
    network = DenseAutoencoder(max_epochs=max_epochs)
    pipeline = make_pipeline(StandardScaler(), network)
    settings = {"random_state": seed, "n_components": 9, "curve": "separate"}
    selection = chosen(load_wine().data, pipeline, **settings)
    assert selection.verdict.kind == "flat"
    assert {3, 7} <= {selection.value, *selection.alternatives}
    assert "is taken for now" in str(selection)


@pytest.mark.parametrize("seed", range(3))
def test_wine_has_no_dimension_by_nested_fits(seed):
    selection = chosen(load_wine().data, random_state=seed)
    assert selection.verdict.kind == "flat"
    assert selection.value == 8  # nine tenths of the variance
    assert selection.interval is None
    assert not selection.alternatives
    assert "there is no low dimension" in str(selection)


def test_a_warning_does_not_call_it_a_choice():
    X = np.random.default_rng(0).normal(size=(200, 10))
    with pytest.warns(DimensionWarning, match="taken for now, but the distances"):
        select_dimension(X, PCA(), n_components=3, random_state=0)


@pytest.mark.parametrize("noise", ["white", "few rows"])
def test_where_no_code_is_worth_its_units_none_is_chosen(noise):
    n_samples, n_features = (300, 10) if noise == "white" else (20, 4)
    X = np.random.default_rng(0).normal(size=(n_samples, n_features))
    selection = chosen(X, PCA())
    assert selection.verdict.kind == "flat"
    assert str(selection).startswith("No value stands out: no code is worth its units")
    assert 0 not in selection.alternatives


def test_rivals_are_by_the_formula():
    means = np.array([0.5, 0.9, 0.93, 0.935, 0.936])
    rule, fvu = ShortestDescription(10), 1 - means
    place = rule.choose(curve(means))
    worst = description_length(1.1 * fvu[place], int(place) + 1, 10)
    expected = [
        k
        for k in range(1, 6)
        if k != place + 1 and description_length(0.9 * fvu[k - 1], k, 10) <= worst
    ]
    assert [*rule.rivals(curve(means), place)] == expected == [3]
    assert ShortestDescription(10).select(curve(means)).alternatives == (3,)


def test_a_rival_makes_the_choice_ambiguous():
    verdict = ShortestDescription(10).select(curve([0.5, 0.9, 0.93, 0.935])).verdict
    assert verdict.kind == "ambiguous"
    assert verdict.is_settled
    assert "3 is about as good, to within a tenth of the variance" in verdict.text


@pytest.mark.parametrize("d", [1, 2, 3, 5])
def test_what_is_plain_stays_clear(d):
    X = make_linear_manifold(300, d, 14, noise=0.1, random_state=d).X
    selection = chosen(X, PCA())
    assert selection.value == d
    assert selection.verdict.kind == "clear"


def test_what_cannot_be_trained_is_not_told_to_train():
    X = make_linear_manifold(300, 3, 12, noise=0.6, random_state=0).X
    selection = chosen(X, make_pipeline(StandardScaler(), PCA()))
    assert selection.verdict.kind != "under-trained"
    assert "rain longer" not in str(selection)
    assert "network" not in str(selection)
    assert "is left unexplained, which is noise or what it cannot" in str(selection)
    network = make_pipeline(StandardScaler(), DenseAutoencoder((), max_epochs=1))
    trained = chosen(X, network, n_components=4, curve="separate")
    assert trained.verdict.kind == "under-trained"
    assert str(trained).startswith("No value is certain yet: ")
