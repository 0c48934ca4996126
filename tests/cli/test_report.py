import os

import numpy as np
import pytest

from skae.cli._plan import PARAM
from skae.cli.report import comparison_text, error_text, fold_range_text, scores_table
from skae.cli.report._folder import _write


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
