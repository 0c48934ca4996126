import re
import shlex
import warnings
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from helpers.data import normal
from typer.testing import CliRunner

import skae
from skae.cli import app
from skae.datasets import load_airline_passengers, load_dataset
from skae.plugins import Plugin, list_plugins
from skae.preprocessing import SlidingWindow

FAST = ["--max-epochs", "2", "--folds", "2"]
FIGURES = ["criterion", "error", "latent", "loss", "reconstruction", "score"]


def invoke(*words):
    words = [str(word) for word in words]
    return CliRunner().invoke(app, words, env={"COLUMNS": "200", "TERM": "dumb"})


def select(*words):
    result = invoke("select", *words, *FAST)
    assert result.exit_code == 0, result.output
    return result.output


def rejected(*words):
    """Return the message of a run that has to be refused."""
    return refused("select", *words)


def refused(*words):
    result = invoke(*words)
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    return " ".join(re.sub("[│╭╮╰╯─]", " ", result.output).split())


def check_folder(folder, figures=FIGURES):
    files = {path.name for path in folder.iterdir()}
    written = {"model.joblib", "codes.csv", "scores.csv", "report.html", "store.sqlite"}
    assert files == {"figures", *written}
    drawn = list((folder / "figures").iterdir())
    assert {f"{name}.png" for name in figures} == {path.name for path in drawn}
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in drawn)


@pytest.fixture(scope="module")
def airline(tmp_path_factory):
    """The folder and the output of a small run on windows."""
    folder = tmp_path_factory.mktemp("cli") / "airline"
    words = "airline-passengers", "--components", "1:4", "--output", folder
    return folder, select(*words)


@pytest.fixture
def without_figures(monkeypatch):
    """Runs draw no figures, which takes longer than the rest of a small run."""
    from skae.cli.report import _folder as folder

    monkeypatch.setattr(folder, "draw_figures", lambda plan, outcome: [])


def test_help_and_version():
    assert "select" in invoke("--help").output
    assert "--components" in invoke("select", "--help").output
    assert invoke("--version").output.strip() == f"skae {skae.__version__}"
    assert "Usage" in invoke().output


def test_the_folder_is_complete(airline):
    check_folder(airline[0])


def test_the_output_says_what_was_found(airline):
    folder, output = airline
    kind = re.search(r"Verdict \((\S+)\): \w+", output)[1]
    is_settled = kind in {"edge", "ambiguous", "clear"}
    assert is_settled or kind in {"flat", "under-trained"}
    chosen = "[1-4]" if is_settled else r"not settled \([1-4] for now\)"
    assert re.search(rf"Latent dimension: {chosen}\n", output)
    assert re.search(r"Held-out error: [\d.]+ thousand passengers \(RMSE", output)
    assert re.search(r"Dimension of the data by distances .*: [\d.]+ \(TwoNN", output)
    assert "curve search over latent dimensions 1:4 by reconstruction" in output
    assert str(folder / "report.html") in output


def test_a_choice_without_evidence_does_not_look_like_one(tmp_path):
    path = tmp_path / "noise.csv"
    noise = normal(80, 5)
    np.savetxt(path, noise, delimiter=",", header="a,b,c,d,e", comments="")
    output = select(path, "--output", tmp_path / "out", "--components", "1:3")
    assert re.search(r"Latent dimension: not settled \([1-3] for now\)\n", output)
    assert "Verdict (flat): No value stands out: there is no low dimension" in output
    page = (tmp_path / "out/report.html").read_text()
    assert "Latent dimension of noise: not settled" in page


def test_the_scores(airline):
    table = pd.read_csv(airline[0] / "scores.csv")
    assert table["n_components"].tolist()[:4] == [1, 2, 3, 4]
    assert table["trained_in_full"].tolist() == [False] * 4 + [True]
    for metric in ["reconstruction", "rmse"]:
        folds = table[[f"fold_1_{metric}", f"fold_2_{metric}"]]
        np.testing.assert_allclose(table[f"mean_{metric}"], folds.mean(axis=1))
        assert (table[f"std_{metric}"] >= 0).all()
    assert (table["mean_rmse"] > 0).all()


def test_the_error_told_is_that_of_the_chosen_dimension(airline):
    folder, output = airline
    table = pd.read_csv(folder / "scores.csv")
    table = table[table["trained_in_full"]].set_index("n_components")
    chosen = int(re.search(r"Latent dimension: \D*(\d+)", output)[1])
    error = float(re.search(r"Held-out error: ([\d.]+)", output)[1])
    assert error == pytest.approx(table["mean_rmse"][chosen], rel=0.01)


def test_the_model_is_the_whole_path_from_the_series(airline):
    model = joblib.load(airline[0] / "model.joblib")
    assert list(model.named_steps) == ["table", "windows", "scale", "autoencoder"]
    series = load_airline_passengers().data.astype(np.float32)
    codes = model.transform(series)
    assert codes.shape == (135, model[-1].n_components)
    np.testing.assert_array_equal(model.transform("airline-passengers"), codes)
    windows = SlidingWindow(10).fit_transform(series)
    np.testing.assert_array_equal(model[2:].transform(windows), codes)


def test_the_report_stands_alone(airline):
    page = (airline[0] / "report.html").read_text()
    assert "http" not in page
    sources = re.findall(r'src="([^"]*)"', page)
    assert len(sources) == len(list((airline[0] / "figures").iterdir()))
    assert all(source.startswith("data:image/png;base64,") for source in sources)
    assert not re.search("<link|<script|@import|url\\(", page)


def test_the_report_says_it_all(airline):
    page = (airline[0] / "report.html").read_text()
    assert "thousand passengers" in page
    assert re.search("skae select airline-passengers .*--estimator lstm", page)
    assert f"skae {skae.__version__}" in page
    assert "skae transform" in page
    assert "Verdict: " in page
    assert "dimension of the data by neighbours: TwoNN" in page
    assert "PCA with" in page


def test_the_range_is_told_where_the_data_bound_it(tmp_path):
    output = select("iris", "--output", tmp_path)
    assert "latent dimensions 1:3 (bounded by the data)" in output
    page = (tmp_path / "report.html").read_text()
    assert "latent dimensions 1:3 (bounded by the data)" in page
    assert "<pre>skae select iris --output" in page


def test_a_folder_that_is_not_empty_is_kept(airline):
    folder, _ = airline
    before = (folder / "scores.csv").read_bytes()
    assert "--resume" in rejected("wine", "--output", folder)
    assert (folder / "scores.csv").read_bytes() == before


@pytest.mark.usefixtures("without_figures")
def test_force_replaces_the_results(tmp_path):
    (tmp_path / "report.html").write_text("old")
    (tmp_path / "mine.txt").write_text("kept")
    words = "iris", "--components", "1,2", "--output", tmp_path, "--force"
    select(*words)
    assert "old" not in (tmp_path / "report.html").read_text()[:3]
    assert (tmp_path / "mine.txt").read_text() == "kept"


@pytest.mark.usefixtures("without_figures")
def test_a_run_that_dies_leaves_no_report(tmp_path, monkeypatch):
    from skae.cli.report import _folder as folder

    (tmp_path / "report.html").write_text("of an older run")
    monkeypatch.setattr(folder, "render_page", lambda *args: 1 / 0)
    words = "iris", "--components", "1,2", "--output", tmp_path, "--force"
    assert invoke("select", *words, *FAST).exit_code == 1
    assert not (tmp_path / "report.html").exists()
    assert not list(tmp_path.rglob("*.partial"))


def test_a_table_at_some_dimensions(tmp_path):
    words = "--components", "1,3", "--scale", "minmax", "--restarts", "2"
    output = select("wine", "--output", tmp_path, "--hidden", "8", *words)
    check_folder(tmp_path)
    assert "latent dimensions 1,3, 2 fits of each by" in output
    assert "dense autoencoder" in output
    assert "PCA of that dimension" in output
    table = pd.read_csv(tmp_path / "scores.csv")
    assert table["n_components"].tolist() == [1, 1, 3, 3]
    assert table["random_state"].nunique() == 2
    model = joblib.load(tmp_path / "model.joblib")
    assert model.named_steps["autoencoder"].hidden_layer_sizes == "8"
    assert model.transform(load_dataset("wine").data).shape[0] == 178


def test_an_evolution_of_a_file(tmp_path):
    path = tmp_path / "flowers.csv"
    np.savetxt(path, load_dataset("iris").data[::3], delimiter=",")
    words = "--search", "evolution", "--components", "1:3", "--n-iter", "4"
    output = select(path, "--output", tmp_path / "out", *words)
    check_folder(
        tmp_path / "out",
        [*FIGURES, "convergence", "generations", "pareto", "parameters"],
    )
    assert "evolution search of 4 candidates" in output
    layers = re.search(r"with (hidden layers? of ([\d-]+)|no hidden layer)", output)
    model = joblib.load(tmp_path / "out/model.joblib")["autoencoder"]
    assert "-".join(map(str, model.hidden_layer_sizes)) == (layers[2] or "")
    table = pd.read_csv(tmp_path / "out/scores.csv")
    assert len(table) == 4
    chosen = f"Latent dimension: {model.n_components}, "
    assert chosen in output


def test_a_bayesian_search(tmp_path):
    words = "--search", "bayes", "--components", "1:3", "--n-iter", "3"
    output = select("iris", "--output", tmp_path, *words)
    figures = [name for name in FIGURES if name != "criterion"]  # that is the score
    check_folder(tmp_path, [*figures, "convergence", "parameters"])
    assert "3 candidates over latent dimensions 1:3 by description_length" in output
    model = joblib.load(tmp_path / "model.joblib")["autoencoder"]
    assert f", with learning rate {model.learning_rate:.2g}, weight decay" in output


def test_images_and_silhouette(tmp_path):
    words = "--scorer", "silhouette", "--clusters", "10", "--components", "1,2"
    select("digits", "--output", tmp_path, *words)
    check_folder(tmp_path, [name for name in FIGURES if name != "criterion"])
    assert "Silhouette(n_clusters=10)" in (tmp_path / "report.html").read_text()


def test_dense_windows_with_several_channels(tmp_path):
    series = normal(60, 2).cumsum(axis=0)
    path = tmp_path / "series.npy"
    np.save(path, series)
    words = "--window", "5", "--stride", "2", "--estimator", "dense"
    select(path, "--output", tmp_path / "out", "--components", "1:3", *words)
    model = joblib.load(tmp_path / "out/model.joblib")
    assert model.transform(series).shape[0] == 28


@pytest.mark.usefixtures("without_figures")
def test_lstm_on_rows_without_scaling(tmp_path):
    words = "--estimator", "lstm", "--scale", "none", "--components", "2"
    select("iris", "--output", tmp_path, *words)
    model = joblib.load(tmp_path / "model.joblib")
    assert list(model.named_steps) == ["table", "autoencoder"]


@pytest.mark.usefixtures("without_figures")
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_files(tmp_path, kind):
    frame = load_dataset("iris")
    frame = pd.DataFrame(frame.data, columns=frame.feature_names)
    path = tmp_path / f"flowers.{kind}"
    frame.to_csv(path, index=False) if kind == "csv" else frame.to_parquet(path)
    columns = "--column", frame.columns[0], "--column", frame.columns[2]
    output = select(path, "--output", tmp_path / "out", "--components", "1", *columns)
    assert "150 x 2 rows" in output


@pytest.mark.usefixtures("without_figures")
def test_the_default_folder_is_named_after_the_data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    select("iris", "--components", "1,2")
    assert Path("skae-iris/report.html").is_file()


@pytest.mark.usefixtures("without_figures")
def test_dimensions_that_do_not_compress_are_left_out_in_words(tmp_path):
    output = select("iris", "--output", tmp_path, "--components", "3:5")
    note = "Codes of 4, 5 units are left out: they do not compress 4 features."
    assert f"Note: {note}" in output
    assert note in (tmp_path / "report.html").read_text()
    assert pd.read_csv(tmp_path / "scores.csv")["n_components"].tolist() == [3]


@pytest.mark.usefixtures("without_figures")
def test_same_seed_same_scores(tmp_path):
    words = "iris", "--components", "1,2", "--output"
    tables = []
    for name in "ab":
        select(*words, tmp_path / name)
        table = pd.read_csv(tmp_path / name / "scores.csv")
        tables.append(table.drop(columns="fit_seconds"))
    pd.testing.assert_frame_equal(*tables)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere.csv"], "There is no file 'nowhere.csv'"),
        (["airline-pasengers"], "Did you mean 'airline-passengers'?"),
        (["wine", "--scorer", "kernel-mi"], "Did you mean 'kernel_mi'?"),
        (["wine", "--scorer", "mmd"], "DenseAutoencoder generates none"),
        (["wine", "--scorer", "ari"], "needs the class of every row"),
        (["wine", "--search", "evolution", "--n-iter", "1"], "at least two candidates"),
        (
            ["wine", "--search", "evolution", "--hidden", "8"],
            "An evolution searches for the hidden layers",
        ),
        (["wine", "--estimator", "cnn"], "Unknown estimator 'cnn': use one of 'Auto"),
        (["wine", "--estimator", "Dense"], "Did you mean 'dense'?"),
        (
            ["wine", "--estimator", "Autoencoder", "--search", "evolution"],
            "and Autoencoder has none. Use --search curve or bayes.",
        ),
        (["wine", "--search", "grid"], "--search"),
        (["wine", "--n-iter", "5"], "A curve tries each dimension once"),
        (["wine", "--search", "bayes", "--restarts", "2"], "--restarts"),
        (["iris", "--components", "4:6"], "leaves nothing to try"),
        (["wine", "--components", "0:4"], "a code has at least one dimension"),
        (["wine", "--components", "5:2"], "the range is empty"),
        (["wine", "--components", "few"], "does not read as dimensions"),
        (
            ["airline-passengers", "--window", "145"],
            "does not fit into a series of 144",
        ),
        (["airline-passengers", "--window", "140"], "--folds"),
        (["iris", "--folds", "100"], "150 rows are too few for 100 folds"),
        (["iris", "--folds", "1"], "--folds"),
        (["wine", "--clusters", "3"], "'reconstruction' has no clusters"),
        (["wine", "--column", "x"], "There is no column 'x'"),
        (["wine", "--hidden", "a-b"], "write the widths as '64-32'"),
        (["wine", "--hidden", "8", "--estimator", "lstm"], "--estimator dense"),
        (["wine", "--device", "quantum"], "quantum"),
    ],
)
def test_bad_input_is_told_in_plain_words(tmp_path, words, message):
    assert message in rejected(*words, "--output", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_help_names_usable_scorers_only():
    words = " ".join(re.sub("[│]", " ", invoke("select", "--help").output).split())
    always, generated = re.search("What is measured: ([^.]*)", words)[1].split(";")
    assert "kernel_mi" in always.split(", ")
    assert generated.endswith("also coverage, knn_kl, mmd")
    assert not {"ari", "nmi"} & set(re.findall(r"\w+", always + generated))


def test_help_names_estimators():
    words = " ".join(re.sub("[│]", " ", invoke("select", "--help").output).split())
    kinds = "dense, lstm, tabular, Autoencoder, MMDVAE, TabularVAE, VAE"
    assert f"Kind of autoencoder: {kinds}." in words
    assert "dense, lstm for windows, or tabular for columns that are no" in words


def test_an_estimator_by_its_name(tmp_path):
    words = "iris", "--components", "1:2", "--output", tmp_path
    vae = "--estimator", "VAE", "--scorer", "mmd", "--hidden", "4"
    output = select(*words, *vae)
    assert "VAE autoencoder" in output
    model = joblib.load(tmp_path / "model.joblib")[-1]
    assert isinstance(model, skae.VAE)
    assert model.hidden_layer_sizes == "4"
    assert "--estimator VAE" in (tmp_path / "report.html").read_text()
    assert "Of 4 fits, 4 were there already." in select(*words, *vae, "--resume")
    other = "--estimator", "MMDVAE", *vae[2:]
    assert "Of 4 fits, 0 were there already." in select(*words, *other, "--resume")


def test_an_evolution_of_another_estimator(tmp_path):
    words = "--estimator", "MMDVAE", "--search", "evolution", "--components", "1:2"
    words = *words, "--n-iter", "2"
    output = select("iris", "--output", tmp_path, *words)
    assert re.search(r"(hidden layers? of|no hidden layer)", output)


# Going on after an interrupt


@pytest.mark.usefixtures("without_figures")
def test_an_interrupted_run_tells_how_to_go_on(tmp_path, fits):
    folder = tmp_path / "my run"
    fits.interrupted = [5]  # the first one is a trial
    words = "iris", "--components", "1:3", "--search", "evolution", "--output", folder
    words = *words, "--n-iter", "3", "--n-jobs", "1"
    result = invoke("select", *words, *FAST)
    assert result.exit_code == 130
    assert "Traceback" not in result.output
    assert "3 fits are finished and kept; the search takes 6" in result.output
    assert [path.name for path in folder.iterdir()] == ["store.sqlite"]

    command = shlex.split(result.output.strip().splitlines()[-1])
    assert command[:2] == ["skae", "select"]
    fits.clear()
    fits.interrupted = ()
    result = invoke(*command[1:])
    assert result.exit_code == 0, result.output
    assert "Fits of earlier runs in" in result.output
    assert "Of 6 fits, 3 were there already." in result.output
    assert len(fits) == 1 + 3 + 1  # a trial, what was missing, and the refit
    assert (folder / "report.html").is_file()

    assert "--resume" in rejected(*words)
    fits.clear()
    assert "Of 6 fits, 6 were there" in select(*words, "--resume")
    assert len(fits) == 1 + 0 + 1


def test_an_interrupt_before_any_fit_leaves_nothing(tmp_path, fits):
    fits.interrupted = [2]
    words = "--n-jobs", "1", "--output", tmp_path / "out"
    result = invoke("select", "iris", *FAST, *words)
    assert result.exit_code == 130
    assert "Interrupted before any fit was finished" in result.output
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("without_figures")
def test_force_begins_anew(tmp_path, fits):
    words = "iris", "--components", "1,2", "--output", tmp_path
    words += "--rule", "description_length"  # of a fit for each size
    select(*words)
    fits.clear()
    select(*words, "--force")
    assert len(fits) == 1 + 4 + 1


def test_there_is_no_run_to_go_on_with(tmp_path):
    (tmp_path / "mine.txt").write_text("")
    words = "iris", "--output", tmp_path, "--resume"
    assert "no run to go on with" in rejected(*words)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


# What there is


def test_all_parts_are_listed():
    result = invoke("plugins")
    assert result.exit_code == 0
    for plugin in list_plugins():
        line = f"{plugin.kind} +{plugin.name} +{plugin.target} +{plugin.origin}"
        assert re.search(line, result.output), line


def test_parts_of_one_kind():
    output = invoke("plugins", "--kind", "rules").output
    assert "skae.search._rules:Knee" in output
    assert "DenseAutoencoder" not in output
    assert "Did you mean 'rules'?" in refused("plugins", "--kind", "rulez")


def test_a_broken_part_is_listed_with_the_reason(monkeypatch):
    from skae.cli import _app as cli

    def list_plugins(kind):
        warnings.warn("told by the table", RuntimeWarning, stacklevel=1)
        broken = Plugin("scorers", "fine", "mine:Fine", "mine 1.0", "ImportError: [no]")
        return [broken]

    monkeypatch.setattr(cli, "list_plugins", list_plugins)
    result = invoke("plugins")
    assert result.exit_code == 0
    assert "left out: ImportError: [no]" in result.output
    assert "mine 1.0" in result.output


def test_an_output_that_is_a_file(tmp_path):
    path = tmp_path / "file"
    path.write_text("")
    assert "is a file: name a folder" in rejected("wine", "--output", path)


def test_what_is_missing_is_named(monkeypatch):
    from skae.cli import _app as cli

    monkeypatch.setattr(cli, "find_spec", lambda name: None if name == "jinja2" else 1)
    result = invoke("select", "wine")
    assert result.exit_code == 1
    assert "needs jinja2: pip install 'skae[plot]'" in result.output
