"""HTML page of a report: findings, figures, numbers and settings."""

import shlex
from typing import NamedTuple

import numpy as np

from skae.cli._facts import versions
from skae.cli._plan import scale_of
from skae.cli.report._columns import columns_rows, missing_text
from skae.cli.report._conclusion import conclusion
from skae.cli.report._scores import (
    IN_FULL,
    MEANINGS,
    digits,
    estimates_text,
    explains_more,
    fold_range_text,
    metric_title,
    pca_is_better,
    scores_table,
)
from skae.plotting._scale import text_of

__all__ = ["render_page"]


def render_page(plan, outcome, figures):
    """Return the report as a page of HTML that needs no other file.

    Parameters
    ----------
    plan : Plan
        What was searched.
    outcome : Outcome
        What was found.
    figures : list of Figure
        What to show.
    """
    return _template().render(
        data=plan.data,
        outcome=outcome,
        facts=_facts(plan, outcome),
        notes=plan.notes + outcome.remarks(plan),
        figures=[figure for figure in figures if not figure.for_experts],
        more_figures=[figure for figure in figures if figure.for_experts],
        conclusion=conclusion(plan, outcome),
        header=_header(plan),
        meanings=_meanings(plan),
        columns=columns_rows(plan),
        missing=missing_text(plan.data),
        rows=_rows(plan, outcome),
        choices=_choices(plan),
        usage=_usage(plan),
        command=plan.settings.command(),
        versions=versions(),
    )


def _template():
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("skae.cli.report"),
        autoescape=True,
        undefined=StrictUndefined,
    )
    return environment.get_template("report.html")


# What was found


class Fact(NamedTuple):
    """A key figure.

    Attributes
    ----------
    value, unit, name : str
    meaning : str
        Half a sentence on what it says.
    """

    value: str
    unit: str
    name: str
    meaning: str


def _facts(plan, outcome):
    """Return the key figures, each a `Fact`."""
    scorer = plan.settings.scorer
    explained = f"{outcome.score('reconstruction'):.1%}"
    meaning = "how many numbers stand for a row"
    facts = [Fact(outcome.headline, "", "latent dimension", meaning)]
    if outcome.others:
        meaning = "what was searched beside the dimension"
        facts.append(Fact(outcome.others, "", "chosen with it", meaning))
    facts += [] if plan.data.is_mixed else [_error(plan, outcome)]
    facts.append(Fact(explained, "", "held-out variance explained", _EXPLAINED))
    if scorer != "reconstruction":
        value = f"{outcome.score(scorer):.3f}"
        facts.append(Fact(value, "", metric_title(scorer), _meaning_of(scorer)))
    if outcome.linear is not None:
        facts.append(_comparison(plan, outcome))
    if outcome.prediction is not None:
        facts.append(_prediction(outcome.prediction))
    if intrinsic := plan.range.intrinsic:
        name = f"dimension of the data by neighbours: {estimates_text(intrinsic)}"
        meaning = "what distances between nearest rows suggest, without any network"
        facts.append(Fact(f"{intrinsic.median:.1f}", "", name, meaning))
    return facts


_EXPLAINED = (
    "how much of what varies reconstructions keep, on rows that were not "
    "trained on: 100% is all, 0% no more than the means"
)


def _meaning_of(scorer):
    """Return half a sentence on a scorer."""
    return MEANINGS.get(scorer, "higher is better")


def _unit(plan):
    return plan.data.unit or "in the units of the data"


def _error(plan, outcome):
    errors = fold_range_text(outcome.fold_rmse)
    return Fact(
        digits(outcome.rmse),
        _unit(plan),
        f"held-out error (RMSE), {errors}",
        "how far reconstructions are off, on rows that were not trained on",
    )


def _comparison(plan, outcome):
    if plan.data.is_mixed:
        value, unit = f"{outcome.linear:.1%}", ""
        is_better = explains_more(outcome, outcome.score("reconstruction"))
        name = "variance explained by PCA"
    else:
        value, unit = digits(-outcome.linear), _unit(plan)
        is_better = pca_is_better(outcome.rmse, -outcome.linear)
        name = "RMSE of PCA"
    name = f"for comparison: held-out {name} with {outcome.chosen}"
    name += ", better than the autoencoder here" * is_better
    meaning = "what as many weighted sums of the columns do, without any network"
    return Fact(value, unit, name, meaning)


def _prediction(found):
    """Return how well codes predict the target, beside what chance does."""
    meaning = "from the ten nearest codes of other rows"
    if found.chance is None:
        name = f"of {found.target} by the codes (its mean: 0)"
        return Fact(f"{found.score:.2f}", "R²", name, meaning)
    name = f"of {found.target} by the codes (most frequent value: {found.chance:.0%})"
    return Fact(f"{found.score:.0%}", "accuracy", name, meaning)


def _header(plan):
    names = [name.removeprefix("neg_") for name in plan.scoring]
    return ["RMSE" if name == "rmse" else metric_title(name) for name in names]


def _meanings(plan):
    """Return names of measures, as in the header, and what they say."""
    names = [name.removeprefix("neg_") for name in plan.scoring]
    return zip(_header(plan), map(_meaning_of, names), strict=True)


def _rows(plan, outcome):
    """Return dimension, mean and deviation of each metric, and remark, row by row."""
    table = scores_table(outcome.cv_results, plan.scoring, outcome.in_full)
    if plan.settings.restarts == 1:
        table = table.drop(columns="random_state", errors="ignore")
    names = [name.removeprefix("neg_") for name in plan.scoring]
    is_failed = ~np.isfinite(table[f"mean_{names[0]}"])
    remarks = dict.fromkeys(table.index[is_failed], "failed") | _remarks(outcome)
    return [
        {
            "n_components": _candidate_text(row),
            "scores": [_score_text(row, name) for name in names],
            "remark": remarks.get(index, ""),
        }
        for index, row in zip(table.index, table.to_dict("records"), strict=True)
    ]


def _candidate_text(row):
    """Return the latent dimension, with other parameters of the candidate."""
    end = list(row).index(next(name for name in row if name.startswith("mean_")))
    (_, dimension), *others = list(row.items())[:end]
    if row.get("trained_in_full"):
        return f"{dimension}, trained in full"
    others = (v if isinstance(v, tuple) else f"{name} {v}" for name, v in others)
    return ", ".join([str(dimension), *map(text_of, others)])


def _score_text(row, name):
    """Return mean and deviation of a metric; only errors can be large."""
    write = digits if name == "rmse" else "{:.3f}".format
    return write(row[f"mean_{name}"]), write(row[f"std_{name}"])


def _remarks(outcome):
    """Return remarks on rows of the table: what is chosen, kept, and next."""
    curve, runner_up = outcome.curve, outcome.selection.runner_up
    rows = zip(curve.values.tolist(), curve.rows.tolist(), strict=True)
    remarks = {row: "runner-up" for value, row in rows if value == runner_up}
    return remarks | {outcome.selection.index: "chosen", IN_FULL: "kept"}


# How it was found


def _choices(plan):
    settings = plan.settings
    return {
        **_data_choices(plan),
        "Scaling": _scaling_text(plan),
        "Autoencoder": repr(plan.pipeline.named_steps["autoencoder"]),
        "Search": plan.search_text,
        "Scorer": repr(plan.scorer),
        "Rule": repr(plan.rule),
        "Folds": repr(plan.cv),
        "Seed": settings.seed,
    }


def _scaling_text(plan):
    if plan.data.is_mixed:
        return "numbers and dates standard, categories one-hot, inside of each fold"
    return f"{scale_of(plan.data, plan.settings)}, fitted inside of each fold"


def _data_choices(plan):
    n_rows, n_columns = plan.data.X.shape
    if plan.window is None:
        text = f"{n_rows:,} rows, columns: {n_columns:,}"
        target = {"Target": plan.data.target} if plan.data.target else {}
        return {"Data": text} | target
    window = plan.window
    cut = f"{len(plan.X):,} of {window.length} time steps, {window.stride} apart"
    if plan.metadata:
        cut += f", of {plan.data.groups.nunique():,} groups ({plan.settings.groups})"
    return {"Data": f"{n_rows:,} time steps, channels: {n_columns}", "Windows": cut}


def _usage(plan):
    """Return what to do with the model, as commands, and in Python."""
    folder = shlex.quote(str(plan.settings.output))
    commands = {
        f"skae transform {folder} new.csv -o codes.csv": "codes of new rows",
        f"skae reconstruct {folder} new.csv -o back.csv": "what codes make of them",
        f"skae score {folder} new.csv -o errors.csv": "how unusual each row is",
        f"skae info {folder}": "what the model is",
    }
    width = max(map(len, commands)) + 2
    return "\n".join(
        [
            *(f"{command:{width}}# {what}" for command, what in commands.items()),
            "",
            "# or in Python, from a file, a data frame or an array",
            "import joblib",
            'model = joblib.load("model.joblib")',
            'Z = model.transform("new.csv")',
        ]
    )
