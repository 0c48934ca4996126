import os

import numpy as np
import pytest
from helpers.data import normal
from helpers.plans import planned
from sklearn.decomposition import PCA
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skae.cli._inputs import DataSet
from skae.cli._plan import PARAM
from skae.cli._run import held_out, run
from skae.cli.report import (
    _figures,
    comparison_text,
    conclusion,
    error_text,
    fold_range_text,
    scores_table,
)
from skae.cli.report._conclusion import verdict_on_pca
from skae.cli.report._folder import _write
from skae.cli.report._page import render_page
from skae.cli.report._picture import Figure


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")

    def write_half(partial):
        partial.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        _write(path, write_half)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]
    _write(path, lambda partial: partial.write_text("new"))
    assert path.read_text() == "new"


def test_scores_table_turns_negative_metrics_around():
    results = {
        f"param_{PARAM}": np.ma.array([3, 1], dtype=object),
        "mean_test_neg_rmse": np.array([-1.5, -3.0]),
        "std_test_neg_rmse": np.array([0.5, 0.0]),
        "split0_test_neg_rmse": np.array([-1.0, -3.0]),
        "split1_test_neg_rmse": np.array([-2.0, -3.0]),
        "mean_fit_time": np.array([0.1, 0.2]),
    }
    table = scores_table(results, ["neg_rmse"])
    assert list(table.columns) == [
        "n_components",
        "mean_rmse",
        "std_rmse",
        "fold_1_rmse",
        "fold_2_rmse",
        "fit_seconds",
    ]
    assert table["n_components"].tolist() == [1, 3]
    assert table["mean_rmse"].tolist() == [3.0, 1.5]
    assert table["std_rmse"].tolist() == [0.0, 0.5]


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (0.0, "0.00 cm"),
        (0.01234, "0.0123 cm"),
        (21.349, "21.3 cm"),
        (99.96, "100 cm"),
        (1234.4, "1,234 cm"),
    ],
)
def test_errors_in_three_digits(error, text):
    assert error_text(error, "cm") == text


def test_range_of_folds():
    assert fold_range_text(np.array([3.0, 1.0])) == "1.00 to 3.00 over the folds"


@pytest.mark.parametrize(
    ("linear_rmse", "end"),
    [
        (6.7, "6.70 cm - better than the autoencoder here."),
        (9.9999, "10.0 cm."),
        (12.3, "12.3 cm."),
    ],
    ids=["better", "too close to read", "worse"],
)
def test_pca_is_called_better_where_three_digits_show_it(linear_rmse, end):
    text = comparison_text(10.0, linear_rmse, "cm")
    assert text == f"For comparison, PCA of that dimension: {end}"


@pytest.mark.parametrize(
    ("error", "of_pca", "advice"),
    [
        (10.0, 20.0, "50% smaller than that of PCA with as many: use the autoencoder"),
        (10.0, 10.1, "does as well: use PCA, which is simpler"),
        (10.0, 9.9, "does as well: use PCA, which is simpler"),
        (10.0, 9.0, "errs less: use PCA"),
        (0.0, 0.0, "does as well"),
    ],
)
def test_advice_is_what_the_errors_say(error, of_pca, advice):
    assert advice in verdict_on_pca(error, of_pca)


def test_no_advice_without_a_comparison():
    assert verdict_on_pca(1.0, None) == ""


def linear_data(n_rows=60):
    """Rows of which principal components keep all there is."""
    Z = normal(n_rows, 2)
    X = Z @ normal(2, 6, seed=1) + normal(n_rows, 6, seed=2) / 50
    return DataSet("line", X.astype(np.float32), list("abcdef"))


@pytest.fixture(scope="module")
def linear():
    plan = planned(linear_data(), components="1:3", max_epochs=2, folds=2)
    return plan, run(plan)


def test_the_curve_of_pca_is_that_of_separate_fits(linear):
    plan, outcome = linear
    curve = outcome.linear_curves["neg_rmse"]
    assert curve.values.tolist() == [1, 2, 3]
    for size, scores in zip(curve.values, curve.scores, strict=True):
        pipeline = make_pipeline(StandardScaler(), PCA(size, svd_solver="full"))
        expected = cross_val_score(pipeline, plan.X, scoring=plan.error, cv=plan.cv)
        np.testing.assert_allclose(scores, expected, rtol=1e-3)


def test_pca_is_in_the_figures_of_the_scores(linear, monkeypatch):
    drawn = {}
    monkeypatch.setattr(_figures, "png_of", lambda display: display)
    for draw in (_figures._score, _figures._error):
        figure = draw(*linear)
        legend = figure.png.ax_.get_legend() or figure.png.figure_.legends[0]
        drawn[figure.name] = {text.get_text() for text in legend.get_texts()}
    assert all({"PCA", "autoencoder"} <= names for names in drawn.values())


def test_the_report_recommends_pca_where_that_does_as_well(linear):
    assert linear[1].chosen == 2
    text = conclusion(*linear)
    assert text.startswith("2 numbers for each row keep 100% of what varies")
    assert "use PCA" in text


def test_no_dimension_is_advised_where_none_stands_out():
    data = DataSet("noise", normal(80, 5, dtype=np.float32), list("abcde"))
    plan = planned(data, components="1:3", max_epochs=2, folds=2)
    outcome = run(plan)
    text = conclusion(plan, outcome)
    assert not outcome.verdict.is_settled
    assert text.startswith("No latent dimension stands out: ")
    assert "use the autoencoder" not in text


def test_rows_that_are_shown_were_not_trained_on(linear):
    plan, outcome = linear
    model, rows = held_out(plan, outcome)
    train, test = list(plan.cv.split(plan.X))[-1]
    np.testing.assert_array_equal(rows, test)
    mean = plan.X[train].mean(axis=0, dtype=float)
    np.testing.assert_allclose(model["scale"].mean_, mean, rtol=1e-5)


def test_what_is_for_experts_is_folded_away(linear):
    plan, outcome = linear
    plain = Figure("score", "Scores", "All.", b"", for_experts=False)
    others = Figure("loss", "Losses", "All.", b"", for_experts=True)
    page = render_page(plan, outcome, [plain, others])
    before, after = page.split("<summary>More figures")
    assert "Scores</h3>" in before
    assert "Losses</h3>" not in before
    assert "Losses</h3>" in after
    assert conclusion(plan, outcome) in before
    page = render_page(plan, outcome, [plain])
    assert "More figures" not in page
