"""What a search leaves behind: a folder with model, scores, figures and a report."""

import os
import platform
from base64 import b64encode
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import joblib
import numpy as np

from skae.plotting import (
    LatentScatterDisplay,
    LossCurveDisplay,
    ReconstructionDisplay,
    ScoreCurveDisplay,
)
from skae.search._error import reconstruct_in_units
from skae.search._study import PARAM

__all__ = ["error_text", "fold_range_text", "scores_table", "write_report"]

_METRICS = {
    "kernel_mi": "kernel mutual information (nats)",
    "reconstruction": "variance explained (R²)",
    "silhouette": "silhouette",
}
_PACKAGES = ("skae", "numpy", "scikit-learn", "scikit-optimize", "skorch", "torch")
_MAX_WINDOWS = 14
_MAX_IMAGES = 12
_MAX_POINTS = 2000


def write_report(study, outcome, folder):
    """Write model, scores, figures and report of a finished search.

    Every file appears whole or not at all, and ``report.html`` comes last: a folder
    that has it is complete.

    Parameters
    ----------
    study : Study
        What was searched.
    outcome : Outcome
        What was found.
    folder : path-like
        Where to write; made if need be. Files of these names are replaced.

    Returns
    -------
    path : Path
        The report, ``report.html``.
    """
    folder = Path(folder)
    (folder / "figures").mkdir(parents=True, exist_ok=True)
    report = folder / "report.html"
    report.unlink(missing_ok=True)
    _write(folder / "model.joblib", lambda path: joblib.dump(outcome.model, path))
    table = scores_table(outcome.cv_results, study.scoring)
    _write(folder / "scores.csv", lambda path: table.to_csv(path, index=False))
    figures = _figures(study, outcome)
    for figure in figures:
        _write(folder / "figures" / f"{figure['name']}.png", _png_writer(figure))
    page = _render(study, outcome, figures, folder)
    _write(report, lambda path: path.write_text(page, encoding="utf-8"))
    return report


def _write(path, write):
    """Let `write` make a file beside `path`, which then takes its place at once."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        write(partial)
        os.replace(partial, path)
    finally:
        with suppress(FileNotFoundError):
            partial.unlink()


# Scores


def scores_table(cv_results, metrics):
    """Return the scores of a search as a table, a row for each candidate.

    Parameters
    ----------
    cv_results : dict
        The `cv_results_` of the search.
    metrics : iterable of str
        Its metrics. A name that starts with ``neg_`` loses it, and its scores the
        sign.

    Returns
    -------
    table : pandas.DataFrame
        Sorted by ``n_components``; for each metric ``mean_<metric>``,
        ``std_<metric>`` and ``fold_<i>_<metric>``, counting from 1.
    """
    import pandas as pd

    columns = {"n_components": np.asarray(list(cv_results[f"param_{PARAM}"]), int)}
    for metric in metrics:
        columns.update(_metric_columns(cv_results, metric))
    columns["fit_seconds"] = cv_results["mean_fit_time"]
    return pd.DataFrame(columns).sort_values("n_components", kind="stable")


def _metric_columns(cv_results, metric):
    name = metric.removeprefix("neg_")
    sign = 1 if name == metric else -1
    columns = {
        f"mean_{name}": sign * cv_results[f"mean_test_{metric}"],
        f"std_{name}": cv_results[f"std_test_{metric}"],
    }
    fold = 0
    while (key := f"split{fold}_test_{metric}") in cv_results:
        fold += 1
        columns[f"fold_{fold}_{name}"] = sign * cv_results[key]
    return columns


def error_text(error, unit):
    """Return an error with its unit, in three digits or more.

    Examples
    --------
    >>> from skae.report import error_text
    >>> error_text(21.345, "thousand passengers")
    '21.3 thousand passengers'
    >>> error_text(1234.5, None)
    '1,234 in the units of the data'
    """
    return f"{_digits(error)} {unit or 'in the units of the data'}"


def fold_range_text(errors):
    """Return between which errors the folds lie.

    Examples
    --------
    >>> from skae.report import fold_range_text
    >>> fold_range_text([18.04, 62.9, 31.0])
    '18.0 to 62.9 over the folds'
    """
    return f"{_digits(min(errors))} to {_digits(max(errors))} over the folds"


def _digits(number):
    """Return a number in three digits, and no fewer than stand before the point."""
    if abs(number) >= 100:
        return f"{number:,.0f}"
    return f"{number:#.3g}".removesuffix(".")


# Figures


def _figures(study, outcome):
    """Return the figures, as dicts of name, title, caption and display."""
    return [
        _score_figure(study, outcome),
        _error_figure(study, outcome),
        _reconstruction_figure(study, outcome),
        _latent_figure(study, outcome),
        _loss_figure(outcome),
    ]


def _score_figure(study, outcome):
    metric = study.settings.scorer
    name = _METRICS.get(metric, metric)
    return {
        "name": "score",
        "title": "Score over the latent dimension",
        "caption": "Means over the held-out folds. Bars: one standard error, after "
        "what all dimensions share in a fold is taken away.",
        "display": ScoreCurveDisplay(outcome.curve, name=name).plot(),
    }


def _error_figure(study, outcome):
    unit = study.data.unit or "units of the data"
    display = ScoreCurveDisplay.from_cv_results(
        outcome.cv_results,
        PARAM,
        "neg_rmse",
        chosen=outcome.chosen,
        name=f"held-out RMSE ({unit})",
        negate=True,
    )
    return {
        "name": "error",
        "title": "Reconstruction error over the latent dimension",
        "caption": "Root mean squared error on the held-out folds; lower is better. "
        "Bars as above.",
        "display": display,
    }


def _reconstruction_figure(study, outcome):
    draw = _draw_rows
    if study.window is not None:
        draw = _draw_windows
    elif study.data.image_shape is not None:
        draw = _draw_images
    return {
        "name": "reconstruction",
        "wide": draw is not _draw_rows,
        "title": "Originals and reconstructions",
        "caption": "By the model that was refitted on all data, these ones included: "
        "errors on new data are larger, see above.",
        "display": draw(study, outcome),
    }


def _draw_windows(study, outcome):
    starts = np.arange(0, len(study.X), study.window.gap + 1)
    if len(starts) > _MAX_WINDOWS:
        starts = starts[np.linspace(0, len(starts) - 1, _MAX_WINDOWS).astype(int)]
    X = study.X[starts]
    names = _window_starts(study)
    return ReconstructionDisplay(
        X,
        reconstruct_in_units(outcome.model, X),
        kind="sequences",
        n_channels=study.data.X.shape[1],
        ticks=[str(names[start]) for start in starts],
        name=_value_name(study.data),
    ).plot()


def _window_starts(study):
    dates = study.data.dates
    times = np.arange(len(study.data.X)) if dates is None else dates
    return times[:: study.window.stride][: len(study.X)]


def _value_name(data):
    return f"{data.columns[0]} ({data.unit})" if data.unit else data.columns[0]


def _draw_images(study, outcome):
    X = study.X[:_MAX_IMAGES]
    return ReconstructionDisplay(
        X,
        reconstruct_in_units(outcome.model, X),
        kind="images",
        image_shape=study.data.image_shape,
    ).plot()


def _draw_rows(study, outcome):
    # A scatter of thousands of values more would be a blot.
    X = study.X[:: max(1, study.X.size // (10 * _MAX_POINTS))]
    return ReconstructionDisplay.from_estimator(
        outcome.model, X, name="feature as the autoencoder sees it"
    )


def _latent_figure(study, outcome):
    rows = slice(None, None, max(1, len(study.X) // _MAX_POINTS))
    labels, name = _latent_labels(study)
    display = LatentScatterDisplay.from_estimator(
        outcome.model,
        study.X[rows],
        labels=None if labels is None else labels[rows],
        name=name,
    )
    return {
        "name": "latent",
        "title": "Codes",
        "caption": f"The first two of {outcome.chosen} code units."
        if outcome.chosen > 1
        else "The only code unit.",
        "display": display,
    }


def _latent_labels(study):
    if study.window is not None:
        return _window_starts(study), "start of the window"
    return study.data.labels, "class"


def _loss_figure(outcome):
    return {
        "name": "loss",
        "title": "Loss of the refit",
        "caption": f"Training on all data with the latent dimension {outcome.chosen}.",
        "display": LossCurveDisplay.from_estimator(outcome.model),
    }


def _png_writer(figure):
    canvas = figure["display"].figure_
    style = {"dpi": 150, "bbox_inches": "tight", "pad_inches": 0.1}
    return lambda path: canvas.savefig(path, format="png", **style)


# The page


def _render(study, outcome, figures, folder):
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("skae"), autoescape=True, undefined=StrictUndefined
    )
    return environment.get_template("report.html").render(
        data=study.data,
        study=study,
        outcome=outcome,
        facts=_facts(study, outcome),
        notes=study.remarks(outcome) or study.notes(),
        figures=[_embedded(figure, folder) for figure in figures],
        header=_header(study),
        rows=_rows(study, outcome),
        choices=_choices(study),
        usage=_usage(study),
        versions={name: version(name) for name in _PACKAGES}
        | {"Python": platform.python_version()},
    )


def _facts(study, outcome):
    """Return the numbers that matter, each with its unit and name."""
    metric = study.settings.scorer
    unit = study.data.unit or "in the units of the data"
    errors = fold_range_text(outcome.fold_rmse)
    facts = [
        (f"{outcome.chosen}", "", "latent dimension"),
        (_digits(outcome.rmse), unit, f"held-out error (RMSE), {errors}"),
        (f"{outcome.r2:.1%}", "", "held-out variance explained"),
        (f"{outcome.curve.mean.max():.3f}", "", _METRICS.get(metric, metric)),
    ]
    if outcome.linear_rmse is not None:
        name = f"for comparison: held-out RMSE of PCA with {outcome.chosen}"
        facts.append((_digits(outcome.linear_rmse), unit, name))
    return facts


def _embedded(figure, folder):
    png = (folder / "figures" / f"{figure['name']}.png").read_bytes()
    return {**figure, "source": f"data:image/png;base64,{b64encode(png).decode()}"}


def _header(study):
    names = [name.removeprefix("neg_") for name in study.scoring]
    return [_METRICS.get(name, name.upper()) for name in names]


def _rows(study, outcome):
    """Return dimension, mean and deviation of each metric, and remark, row by row."""
    table = scores_table(outcome.cv_results, study.scoring)
    names = [name.removeprefix("neg_") for name in study.scoring]
    return [
        {
            "n_components": row["n_components"],
            "scores": [_score_text(row, name) for name in names],
            "remark": _remark(row["n_components"], outcome),
        }
        for row in table.to_dict("records")
    ]


def _score_text(row, name):
    """Return mean and deviation of a metric; only errors can be large."""
    write = _digits if name == "rmse" else "{:.3f}".format
    return write(row[f"mean_{name}"]), write(row[f"std_{name}"])


def _remark(n_components, outcome):
    if n_components == outcome.chosen:
        return "chosen"
    if n_components in outcome.curve.failed:
        return "failed"
    return "as good" if n_components in outcome.verdict.tied else ""


def _choices(study):
    autoencoder = study.pipeline.named_steps["autoencoder"]
    settings = study.settings
    return {
        **_data_choices(study),
        "Scaling": f"{settings.scale}, fitted inside of each fold",
        "Autoencoder": repr(autoencoder),
        "Search": f"{settings.search}, {len(study.settings.components)} latent "
        f"dimensions from {settings.components[0]} to {settings.components[-1]}",
        "Scorer": repr(study.scorer),
        "Folds": repr(study.cv),
        "Seed": settings.seed,
    }


def _data_choices(study):
    n_rows, n_columns = study.data.X.shape
    if study.window is None:
        return {"Data": f"{n_rows:,} rows, columns: {n_columns:,}"}
    window = study.window
    cut = f"{len(study.X):,} of {window.length} time steps, {window.stride} apart"
    return {"Data": f"{n_rows:,} time steps, channels: {n_columns}", "Windows": cut}


def _usage(study):
    lines = ["import joblib", 'model = joblib.load("model.joblib")']
    if study.window is None:
        return "\n".join([*lines, "Z = model.transform(X)"])
    flatten = ", flatten=True" if study.window.flatten else ""
    cut = f"SlidingWindow({study.window.length}, stride={study.window.stride}{flatten})"
    lines.insert(1, "from skae.preprocessing import SlidingWindow")
    lines.append(f"windows = {cut}.fit_transform(series)")
    return "\n".join([*lines, "Z = model.transform(windows)"])
