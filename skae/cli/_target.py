"""Prediction of a target from codes, to see what these have kept of it."""

from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import KFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skae.model_selection import ContiguousKFold

__all__ = ["Prediction", "are_classes", "as_classes", "as_colours", "predict_target"]

#: Different numbers up to which they are taken for classes.
MOST_CLASSES = 10

_N_NEIGHBOURS, _FEWEST, _MOST = 10, 20, 5000


@dataclass(frozen=True)
class Prediction:
    """How well codes predict a target, by their nearest neighbours.

    Attributes
    ----------
    target : str
        Name of the target.
    score : float
        Mean over folds of rows: the accuracy for classes, R2 for numbers.
    chance : float or None
        Share of the most frequent class; None for numbers, whose mean has R2 = 0.

    Examples
    --------
    >>> from skae.cli._target import Prediction
    >>> print(Prediction("kind", 0.9, 0.4))
    Codes predict 'kind' with an accuracy of 90% (most frequent value: 40%).
    >>> print(Prediction("price", 0.5, None))
    Codes predict 'price' with R2 = 0.50 (its mean: 0).
    """

    target: str
    score: float
    chance: float | None

    def __str__(self):
        if self.chance is None:
            said = f"R2 = {self.score:.2f} (its mean: 0)"
            return f"Codes predict {self.target!r} with {said}."
        return (
            f"Codes predict {self.target!r} with an accuracy of {self.score:.0%} (most "
            f"frequent value: {self.chance:.0%})."
        )


def are_classes(values):
    """Return whether values are classes: no numbers or dates, or few whole numbers.

    Parameters
    ----------
    values : pandas.Series
    """
    present = values.dropna().unique()
    if values.dtype.kind not in "iuf":
        return values.dtype.kind not in "mM"
    is_whole = bool((present == np.rint(present)).all())
    return is_whole and len(present) <= MOST_CLASSES


def as_classes(values):
    """Return values of a target as text, missing ones missing; None if not classes.

    Parameters
    ----------
    values : array-like
    """
    import pandas as pd

    values = pd.Series(values).reset_index(drop=True)
    if not are_classes(values):
        return None
    return values.astype(object).map(str, na_action="ignore")


def as_colours(values):
    """Return values of a target as labels of dots: dates, numbers, or text for classes.

    Parameters
    ----------
    values : array-like
        Of more than ten classes, those beyond the nine most frequent ones are one.
    """
    import pandas as pd

    values = pd.Series(values).reset_index(drop=True)
    text = as_classes(values)
    if text is None:
        is_date = values.dtype.kind in "mM"
        return values.to_numpy(dtype=None if is_date else float)
    counts = text.value_counts()
    if len(counts) > MOST_CLASSES:
        text = text.where(
            text.isin(counts.index[: MOST_CLASSES - 1]) | text.isna(), "other"
        )
    return text.fillna("(missing)").to_numpy(dtype=str)


def predict_target(plan, model):
    """Return the `Prediction` of a plan's target from codes, None where there is none.

    Codes are those of a model that was fitted to all rows, without the target. Rows
    without a target do not count.

    Parameters
    ----------
    plan : Plan
    model : Pipeline
        Fitted.
    """
    import pandas as pd

    if plan.data.target is None:
        return None
    y = pd.Series(plan.labels).reset_index(drop=True)
    rows = np.flatnonzero(y.notna())
    rows = rows[:: max(1, len(rows) // _MOST)]
    if len(rows) < _FEWEST:
        return None
    y = y.iloc[rows]
    Z = model.transform(plan.X)[rows]
    cv = KFold(5, shuffle=True, random_state=plan.settings.seed)
    if plan.window is not None:
        cv = _blocks(plan, rows)
    if not cv:
        return None
    if not are_classes(y):
        y = y.astype(np.int64 if y.dtype.kind in "mM" else float).to_numpy(dtype=float)
        return Prediction(plan.data.target, _score(KNeighborsRegressor, Z, y, cv), None)
    chance = float(y.value_counts(normalize=True).max())
    score = _score(KNeighborsClassifier, Z, y.astype(str).to_numpy(), cv)
    return Prediction(plan.data.target, score, chance)


def _blocks(plan, rows):
    """Return folds of some of the windows, none where they leave nothing to learn."""
    groups = plan.metadata.get("groups")
    groups = None if groups is None else groups[rows]
    try:
        return [*ContiguousKFold(5, gap=plan.window.gap).split(rows, groups=groups)]
    except ValueError:
        return []


def _score(kind, Z, y, cv):
    model = make_pipeline(StandardScaler(), kind(_N_NEIGHBOURS))
    return float(cross_val_score(model, Z, y, cv=cv).mean())
