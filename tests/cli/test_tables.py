"""Runs of the command on tables with text, dates and gaps."""

import re

import joblib
import numpy as np
import pandas as pd
import pytest
from helpers.data import normal
from helpers.plans import planned
from sklearn.decomposition import PCA
from typer.testing import CliRunner

from skae import DenseAutoencoder, TabularAutoencoder
from skae.cli import app
from skae.cli._errors import InputError
from skae.cli._inputs import DataSet, read_data
from skae.cli._linear import PCAOfGaps
from skae.cli._search import make_search
from skae.cli.report import columns_text
from skae.cli.report._columns import columns_rows
from skae.search._range import DimensionRange

FAST = ["--max-epochs", "2", "--folds", "2", "--components", "1:2"]


def people(n_rows=60):
    """Return a table of people, as text with gaps."""
    size = normal(n_rows).round(2)
    table = pd.DataFrame(
        {
            "size": size,
            "weight": (2 * size + normal(n_rows, seed=1) / 5).round(2),
            "born": pd.date_range("1990-01-01", periods=n_rows).strftime("%d.%m.%Y"),
            "city": np.where(size > 0, "Bern", "Rom"),
            "name": [f"person {i}" for i in range(n_rows)],
        }
    ).astype(object)
    table.iloc[3, 0], table.iloc[5, 2], table.iloc[7, 3] = "?", "", "NA"
    return table


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("tables") / "people.csv"
    people().to_csv(path, index=False)
    return path


def select(*words):
    words = ["select", *map(str, words), *FAST]
    env = {"COLUMNS": "200", "TERM": "dumb"}
    return CliRunner().invoke(app, words, env=env)


@pytest.fixture(scope="module")
def mixed(table):
    """The folder and the output of a run on text, dates and gaps."""
    folder = table.parent / "out"
    result = select(table, "--target", "weight", "--output", folder)
    assert result.exit_code == 0, result.output
    return folder, result.output


def test_the_output_tells_kinds_and_gaps(mixed):
    _, output = mixed
    assert "people: 60 x 3 rows, tabular autoencoder, curve search" in output
    line = "Columns: 1 numeric, 1 date, 1 categorical; 3 of 180 values missing (1.7%)"
    assert line in output
    assert "Note: Left out (text that names the rows): 'name'." in output
    assert re.search(r"Held-out variance explained: -?[\d.]+% \(", output)
    assert re.search(r"PCA of that dimension: -?[\d.]+%", output)
    assert re.search(
        r"Codes predict 'weight' with R2 = -?\d\.\d\d \(its mean: 0", output
    )


def test_the_report_lists_the_columns(mixed):
    page = (mixed[0] / "report.html").read_text()
    for cells in (
        "born</td><td>date</td><td></td><td>1 (1.7%)",
        "categorical</td><td>2: ",
    ):
        assert cells in page
    assert "of weight by the codes" in page
    assert "RMSE" not in re.sub('base64,[^"]*', "", page)
    figures = {path.stem for path in (mixed[0] / "figures").iterdir()}
    assert figures == {"score", "criterion", "reconstruction", "latent", "loss"}


def test_the_model_takes_the_table(mixed, table):
    model = joblib.load(mixed[0] / "model.joblib")
    assert isinstance(model[-1], TabularAutoencoder)
    X = read_data(str(table), target="weight").X
    assert model.transform(X).shape == (60, model[-1].n_components)


def test_gaps_alone_are_for_the_estimator_of_numbers(table):
    folder = table.parent / "numbers"
    words = "--column", "size", "--column", "weight", "--column", "city"
    result = select(
        table, *words, "--target", "city", "--output", folder, "--folds", "2"
    )
    assert result.exit_code == 0, result.output
    assert "people: 60 x 2 rows, dense autoencoder" in result.output
    assert "Columns: 2 numeric; 1 of 120 values missing (0.8%)" in result.output
    assert "Codes predict 'city' with an accuracy of" in result.output
    assert isinstance(joblib.load(folder / "model.joblib")[-1], DenseAutoencoder)
    page = (folder / "report.html").read_text()
    assert "1 of 120 values missing" in page
    assert "held-out error (RMSE)" in page


@pytest.mark.usefixtures("few_steps")
@pytest.mark.parametrize("estimator", ["lstm", "dense"])
def test_windows_of_a_series_with_gaps(tmp_path, estimator):
    series = normal(60, 2).cumsum(axis=0).round(2)
    series[20, 0], series[30] = np.nan, np.nan
    frame = pd.DataFrame(series, columns=["a", "b"])
    frame.insert(0, "when", pd.date_range("2024-01-01", periods=60).astype(str))
    frame.to_csv(tmp_path / "series.csv", index=False)
    words = tmp_path / "series.csv", "--window", "5", "--estimator", estimator
    words = *words, "--output", tmp_path / "out"
    assert "--exclude 'when'" in " ".join(select(*words).output.split())
    result = select(*words, "--exclude", "when")
    assert result.exit_code == 0, result.output
    assert "Columns: 2 numeric; 3 of 120 values missing (2.5%)" in result.output
    shape = "55 x 10" if estimator == "dense" else "55 x 5 x 2"
    assert f"{shape} windows" in result.output
    assert "Note: Left out 1 of 56 windows" in result.output


def test_numbers_alone_have_no_such_line():
    data = DataSet("x", normal(30, 2, dtype=np.float32), ["a", "b"])
    assert planned(data, components="1").columns == ()


def plan(**choices):
    frame = pd.DataFrame({"a": normal(30), "b": ["x", None, "y"] * 10})
    return planned(DataSet("x", frame, ["a", "b"]), components="1", **choices)


def test_columns_in_words():
    made = plan()
    line = "Columns: 1 numeric, 1 categorical; 10 of 60 values missing (16.7%)"
    assert columns_text(made) == line
    assert columns_rows(made) == [
        ("a", "numeric", "", ""),
        ("b", "categorical", "2: x, y", "10 (33.3%)"),
    ]


@pytest.mark.parametrize(
    ("choices", "message", "option"),
    [
        ({"estimator": "dense"}, "'b' holds text, such as 'x', and the est", "DATA"),
        ({"window": 3}, "'lstm' takes numbers: leave it out by --exclude 'b'", "DATA"),
        ({"estimator": "tabular", "window": 3}, "rows of a table", "--window"),
        ({"scale": "minmax"}, "standardises numbers itself", "--scale"),
    ],
)
def test_what_does_not_suit_a_table(choices, message, option):
    with pytest.raises(InputError, match=re.escape(message)) as info:
        plan(**choices)
    assert info.value.option == option


@pytest.mark.parametrize(
    ("choices", "obstacle"),
    [
        ({"components": "auto"}, None),
        ({"components": "1:2"}, None),
        ({"components": "2"}, "single dimensions"),
        ({"components": "1:2", "scorer": "mse"}, "not the explained variance"),
        ({"components": "1:2", "rule": "best"}, "single dimensions"),
        ({"components": "1:2", "folds": 11}, "too small"),
    ],
)
def test_one_fit_tells_all_sizes_of_a_table(choices, obstacle):
    frame = pd.DataFrame({"a": normal(30), "b": ["x", None, "y"] * 10})
    made = planned(DataSet("x", frame, ["a", "b"]), **choices)
    search = make_search(made)
    search._range = DimensionRange.of(search.estimator, made.X)
    found = search._obstacle_to_nested()
    assert (found is None) if obstacle is None else (obstacle in found)


def test_a_column_that_cannot_be_learnt_is_named():
    frame = pd.DataFrame({"a": normal(30), "b": [[1], {2}] * 15})
    with pytest.raises(InputError, match="Column 'b' holds"):
        planned(DataSet("x", frame, ["a", "b"]), components="1")


def test_pca_of_gaps_is_pca_of_means():
    X = normal(50, 4)
    np.testing.assert_allclose(
        PCAOfGaps(2, svd_solver="full").fit(X).transform(X),
        PCA(2, svd_solver="full").fit_transform(X),
    )
    gaps = X.copy()
    gaps[::5, 0] = np.nan
    filled = np.where(np.isnan(gaps), np.nanmean(gaps, axis=0), gaps)
    np.testing.assert_allclose(
        PCAOfGaps(2, svd_solver="full").fit(gaps).transform(gaps),
        PCA(2, svd_solver="full").fit_transform(filled),
    )
