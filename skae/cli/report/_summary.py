"""The findings in a few lines, for a terminal."""

from skae.cli.report._conclusion import conclusion
from skae.cli.report._scores import (
    comparison_text,
    error_text,
    estimates_text,
    explained_text,
    fold_range_text,
)

__all__ = ["summary"]


def summary(plan, outcome):
    """Return the findings of a search, as sentences.

    Parameters
    ----------
    plan : Plan
        What was searched.
    outcome : Outcome
        What was found.

    Returns
    -------
    lines : list of str
    """
    verdict = outcome.verdict
    others = f", with {outcome.others}" if outcome.others else ""
    lines = [f"Latent dimension: {outcome.headline}{others}"]
    lines += explained_text(outcome) if plan.data.is_mixed else _errors(plan, outcome)
    if outcome.prediction is not None:
        lines.append(str(outcome.prediction))
    if intrinsic := plan.range.intrinsic:
        lines.append(
            f"Dimension of the data by distances of neighbours: "
            f"{intrinsic.median:.1f} ({estimates_text(intrinsic)})"
        )
    lines.append(f"Verdict ({verdict.kind}): {verdict.text}")
    lines += outcome.remarks(plan)
    return [*lines, f"In short: {conclusion(plan, outcome)}"]


def _errors(plan, outcome):
    unit, folds = plan.data.unit, fold_range_text(outcome.fold_rmse)
    lines = [f"Held-out error: {error_text(outcome.rmse, unit)} (RMSE, {folds})"]
    if outcome.linear is not None:
        lines.append(comparison_text(outcome.rmse, -outcome.linear, unit))
    return lines
