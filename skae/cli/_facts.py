"""Findings of a study as plain data: for machines, and kept with the model."""

import platform
from importlib.metadata import version
from pathlib import Path

__all__ = ["PACKAGES", "facts_of", "versions"]

#: Packages whose versions are kept with a model.
PACKAGES = ("skae", "numpy", "scikit-learn", "scikit-optimize", "skorch", "torch")


def versions():
    """Return the versions of packages and of Python, by their names."""
    return {name: version(name) for name in PACKAGES} | {
        "Python": platform.python_version()
    }


def facts_of(plan, outcome):
    """Return what was found, as data that JSON can hold.

    Parameters
    ----------
    plan : Plan
    outcome : Outcome
    """
    selection, verdict, data = outcome.selection, outcome.verdict, plan.data
    facts = {
        "data": data.name,
        "source": _whole(plan.settings.data),
        "n_rows": len(data.X),
        "n_columns": len(data.columns),
        "unit": data.unit,
        "latent_dimension": outcome.chosen,
        "is_settled": verdict.is_settled,
        "verdict": verdict.kind,
        "verdict_text": verdict.text,
        "interval": _plain(selection.interval),
        "probability": selection.probability,
        "variance_explained": outcome.score("reconstruction"),
    }
    pca = outcome.linear
    if data.is_mixed:
        facts["variance_explained_by_pca"] = pca
    else:
        facts["rmse"] = outcome.rmse
        facts["rmse_of_pca"] = None if pca is None else -pca
    if outcome.prediction is not None:
        facts["target"] = data.target
        facts["target_score"] = outcome.prediction.score
    return facts | {
        "scorer": plan.settings.scorer,
        "estimator": type(outcome.model[-1]).__name__,
        "seconds": outcome.seconds,
        "command": plan.settings.command(),
        "versions": versions(),
    }


def _whole(source):
    """Return a path from the root, which is found from other folders too."""
    path = Path(source)
    return str(path.absolute()) if path.exists() else source


def _plain(interval):
    return None if interval is None else [int(end) for end in interval]
