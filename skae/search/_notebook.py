"""What notebooks show of a choice, and of a search that has made one."""

from skae._html import card, curve, table
from skae.search._results import candidates

__all__ = ["NotebookMixin", "html_of_selection"]


def html_of_selection(selection):
    """Return a card of a `Selection`: the verdict, the curve and the evidence."""
    verdict, scores = selection.verdict, selection.curve
    drawn = curve(
        scores.values,
        scores.mean,
        label=f"mean score over {scores.values.min()} to {scores.values.max()}",
        marked=selection.value,
        band=selection.interval,
    )
    title = f"Latent dimension: {selection.value} ({verdict.kind})"
    if not verdict.is_settled:
        title = f"Latent dimension: not settled, {selection.value} for now"
    return card(title, verdict.text, drawn, table(_facts(selection)))


def _facts(selection):
    found = []
    if selection.interval is not None:
        low, high = selection.interval
        found.append(("interval", f"{low}" if low == high else f"{low} to {high}"))
    if selection.probability is not None:
        found.append(("such verdicts are right in", f"{selection.probability:.0%}"))
    if selection.alternatives:
        found.append(("or", ", ".join(map(str, selection.alternatives))))
    found += [(e.name, f"{e.says:.3g}: {e.text}") for e in selection.evidence]
    return found


class NotebookMixin:
    """Card of a fitted search, above scikit-learn's picture of its estimator."""

    def _html_repr(self):
        picture = super()._html_repr()
        if not hasattr(self, "cv_results_"):
            return picture
        if (selection := getattr(self, "selection_", None)) is not None:
            return html_of_selection(selection) + picture
        return _html_of_best(self) + picture


def _html_of_best(search):
    n_tried = len(candidates(search.cv_results_))
    title = f"{type(search).__name__}: {n_tried} candidates tried"
    params = getattr(search, "best_params_", {})
    score = getattr(search, "best_score_", None)
    text = "" if score is None else f"Best mean score: {score:.4g}"
    return card(title, text, table(params.items()))
