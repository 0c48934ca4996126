"""The figures of a report, each with the words that belong to it."""

import numpy as np

from skae._sklearn import safe_indexing
from skae.cli._plan import PARAM
from skae.cli._run import held_out
from skae.cli._target import as_colours
from skae.cli.report._picture import Figure, png_of
from skae.cli.report._scores import metric_title
from skae.cli.report._search_figures import search_figures
from skae.plotting import (
    LatentScatterDisplay,
    LossCurveDisplay,
    ReconstructionDisplay,
    ScoreCurveDisplay,
)
from skae.plotting._curves import scatter_of
from skae.scorers import reconstruct_in_units
from skae.search import Saturation, ScoreCurve, ShortestDescription

__all__ = ["draw_figures"]

#: What the criteria of rules are called, where they have a meaning of their own.
_CRITERIA = {
    Saturation: "share of the highest score",
    ShortestDescription: "saved by the code (nats per feature)",
}

_MAX_WINDOWS = 14
_MAX_IMAGES = 12
_MAX_POINTS = 2000


def draw_figures(plan, outcome):
    """Return each `Figure` of the outcome of a plan."""
    return [
        _score(plan, outcome),
        *_criterion(plan, outcome),
        *([] if plan.data.is_mixed else [_error(plan, outcome)]),
        *search_figures(plan, outcome),
        _reconstruction(plan, outcome),
        _latent(plan, outcome),
        _loss(outcome),
    ]


def _score(plan, outcome):
    metric = plan.settings.scorer
    candidates = None
    if plan.settings.search != "curve":
        candidates = scatter_of(outcome.cv_results, PARAM, metric)
    display = ScoreCurveDisplay(
        outcome.curve,
        chosen=outcome.chosen,
        name=metric_title(metric),
        candidates=candidates,
        beside=_beside(outcome, metric),
    ).plot()
    caption = (
        f"Verdict on {outcome.chosen}: {outcome.verdict.kind}. Means over the held-out "
        "folds. Bars: one standard error, after what all dimensions share in a fold is "
        "taken away."
    )
    if candidates is not None:
        caption += " Each dimension stands for the best of its candidates."
    caption += _of_nested_fits(outcome)
    return Figure(
        name="score",
        title="Score over the latent dimension",
        caption=caption,
        png=png_of(display),
    )


def _beside(outcome, metric):
    """Return the curves to compare with, by their names, and the model that is kept."""
    curves = {"PCA": outcome.linear_curves.get(metric)}
    if outcome.in_full is not None:
        scores = outcome.in_full.scores[metric]
        curves["trained in full"] = ScoreCurve(np.array([outcome.chosen]), scores[None])
    return {name: curve for name, curve in curves.items() if curve is not None}


def _of_nested_fits(outcome):
    if outcome.in_full is None:
        return ""
    return (
        " The curve is that of a code for all dimensions at once, trained in few "
        f"steps; beside it is the model for {outcome.chosen} that is kept."
    )


def _criterion(plan, outcome):
    """Return the figure of the rule's criterion, if that is not the score."""
    curve, criterion = outcome.curve, outcome.selection.criterion
    if np.array_equal(criterion, curve.mean):
        return []
    shown = np.isfinite(criterion)
    name, why = _reason(plan, outcome)
    display = ScoreCurveDisplay(
        ScoreCurve(curve.values[shown], criterion[shown, None]),
        chosen=outcome.chosen,
        name=name,
    ).plot()
    figure = Figure(
        name="criterion",
        title="What the choice looks at",
        caption=f"{outcome.chosen} is taken: {why}.",
        png=png_of(display),
        for_experts=True,
    )
    return [figure]


def _reason(plan, outcome):
    """Return the name of the criterion, and why it speaks for the choice."""
    if evidence := outcome.selection.evidence:
        return "log of variance over held-out error", evidence[0].text
    position = outcome.curve.values.tolist().index(outcome.chosen)
    name = _CRITERIA.get(type(plan.rule), "criterion")
    return name, plan.rule.why(outcome.curve, position)


def _error(plan, outcome):
    unit = plan.data.unit or "units of the data"
    display = ScoreCurveDisplay(
        _errors(outcome),
        chosen=outcome.chosen,
        name=f"held-out RMSE ({unit})",
        negate=True,
        beside=_beside(outcome, "neg_rmse"),
    ).plot()
    caption = (
        "Root mean squared error on the held-out folds; lower is better. Bars as above."
    )
    if outcome.n_candidates > len(outcome.curve.values):
        caption += " Of the candidate with the best score for each dimension."
    caption += _of_nested_fits(outcome)
    return Figure(
        name="error",
        title="Reconstruction error over the latent dimension",
        caption=caption,
        png=png_of(display),
    )


def _errors(outcome):
    """Return the errors of the candidates that the score curve consists of."""
    curve = outcome.curve
    scores = np.array([outcome.fold_scores("neg_rmse", row) for row in curve.rows])
    kept = np.isfinite(scores).all(axis=1)
    return ScoreCurve(curve.values[kept], scores[kept], failed=curve.failed)


def _loss(outcome):
    return Figure(
        name="loss",
        title="Loss of the refit",
        caption=f"Training on all data with the latent dimension {outcome.chosen}.",
        png=png_of(LossCurveDisplay.from_estimator(outcome.model)),
        for_experts=True,
    )


# Originals and reconstructions


def _reconstruction(plan, outcome):
    draw = _draw_rows
    if plan.window is not None:
        draw = _draw_windows
    elif plan.data.n_channels:
        draw = _draw_sequences
    elif plan.data.image_shape is not None:
        draw = _draw_images
    model, rows = held_out(plan, outcome)
    return Figure(
        name="reconstruction",
        title="Originals and reconstructions",
        caption="Of rows that the network has not seen: those of the last fold, by a "
        "network with these settings that was trained on the others.",
        png=png_of(draw(plan, model, rows)),
        wide=draw is not _draw_rows,
    )


def _draw_windows(plan, model, rows):
    rows = _some(rows[:: plan.window.gap + 1], _MAX_WINDOWS)
    X, data = plan.X[rows], plan.data
    return ReconstructionDisplay(
        X,
        reconstruct_in_units(model, X),
        kind="sequences",
        n_channels=data.X.shape[1],
        ticks=_ticks(plan, rows),
        name=f"{data.columns[0]} ({data.unit})" if data.unit else data.columns[0],
    ).plot()


def _ticks(plan, rows):
    """Return what windows begin with, their groups first."""
    starts = [*map(_as_text, _window_starts(plan)[rows])]
    if not plan.metadata:
        return starts
    groups = plan.metadata["groups"][rows]
    return [f"{group}, {start}" for group, start in zip(groups, starts, strict=True)]


def _as_text(start):
    """Return the start of a window, a date without a time of day where that is 0."""
    if not isinstance(start, np.datetime64):
        return str(start)
    text = str(start).split(".")[0].replace("T", " ")
    return text.removesuffix(":00").removesuffix(" 00:00")


def _window_starts(plan):
    """Return the start of each window: its date, or a number of time steps."""
    dates = plan.data.dates
    return plan.starts if dates is None else dates[plan.starts]


def _draw_sequences(plan, model, rows):
    rows = _some(rows, _MAX_WINDOWS)
    return ReconstructionDisplay(
        plan.X[rows],
        reconstruct_in_units(model, plan.X[rows]),
        kind="sequences",
        n_channels=plan.data.n_channels,
        ticks=[str(row + 1) for row in rows],
        name="first channel",
    ).plot()


def _draw_images(plan, model, rows):
    X = plan.X[_some(rows, _MAX_IMAGES)]
    return ReconstructionDisplay(
        X,
        reconstruct_in_units(model, X),
        kind="images",
        image_shape=plan.data.image_shape,
    ).plot()


def _draw_rows(plan, model, rows):
    # A scatter of thousands of values more would be a blot.
    n_columns = plan.X.shape[1]
    rows = _some(rows, max(_FEWEST_ROWS, 10 * _MAX_POINTS // n_columns))
    name = "feature as the autoencoder sees it"
    X = safe_indexing(plan.X, rows)
    return ReconstructionDisplay.from_estimator(model, X, name=name)


_FEWEST_ROWS = 20


def _some(rows, n_rows):
    """Return some of the rows, evenly spaced."""
    if len(rows) <= n_rows:
        return rows
    return rows[np.linspace(0, len(rows) - 1, n_rows).astype(int)]


# Codes


def _latent(plan, outcome):
    rows = slice(None, None, max(1, len(plan.X) // _MAX_POINTS))
    labels, name = plan.labels, "class"
    if plan.data.target:
        labels, name = as_colours(labels), plan.data.target
    elif plan.metadata:
        labels, name = as_colours(plan.metadata["groups"]), plan.settings.groups
    elif plan.window is not None:
        labels, name = _window_starts(plan), "start of the window"
    display = LatentScatterDisplay.from_estimator(
        outcome.model,
        plan.X[rows],
        labels=None if labels is None else labels[rows],
        name=name,
    )
    n_units = outcome.chosen
    caption = f"The first two of {n_units} code units."
    if n_units == 1:
        caption = "The only code unit."
    return Figure(name="latent", title="Codes", caption=caption, png=png_of(display))
