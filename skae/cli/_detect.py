"""Unusual rows of new files, with p-values, by a model and rows that are usual."""

import warnings

import joblib
import numpy as np
from sklearn.base import clone

from skae.anomalies import ReconstructionDetector
from skae.cli._cut import too_few
from skae.cli._errors import InputError
from skae.files import replacing
from skae.model_selection import ContiguousKFold

__all__ = ["DETECTOR_FILE", "detected", "detector_of"]

#: Name of the file that keeps the detector of a study in its folder.
DETECTOR_FILE = "detector.joblib"

# Usual rows that are looked at, of more every so many.
_MOST = 20_000
_FOLDS = 5


def detector_of(model, reference=None, dropped=()):
    """Return a fitted `ReconstructionDetector` around a model, and whether it is new.

    Models like it are trained on parts of the usual rows, and tell how unlike them the
    others are. That of a study's own table is kept beside the model.

    Parameters
    ----------
    model : Model
    reference : str or None, default=None
        File of usual rows; the table of the study if None.
    dropped : sequence of str, default=()
        Columns of that file to leave out.

    Raises
    ------
    InputError
        When the table of the study is not known, or no longer there, or the file of
        usual rows cannot be read as the model's.
    """
    kept = model.path.parent / DETECTOR_FILE
    if reference is None and _is_up_to_date(kept, model.path):
        return joblib.load(kept)
    rows = _usual_rows(model, reference, dropped)
    step, groups = -(-len(rows.X) // _MOST), model.groups_of(rows)
    X, cv = rows.X[::step], _FOLDS
    if model.window is not None:
        cv = _folds(X, model.window.gap, None if groups is None else groups[::step])
    detector = ReconstructionDetector(clone(model.rest), cv=cv, random_state=0)
    try:
        with warnings.catch_warnings(action="ignore"):  # the command says what matters
            detector.fit(X)
    except ValueError as error:
        raise InputError(str(error), "--reference") from None
    if reference is None:
        with replacing(kept) as partial:
            joblib.dump(detector, partial)
    return detector


def _folds(windows, gap, groups):
    try:
        return list(ContiguousKFold(_FOLDS, gap=gap).split(windows, groups=groups))
    except ValueError:
        raise InputError(
            f"{too_few(windows, _FOLDS, gap)}: name a file of more usual rows.",
            "--reference",
        ) from None


def _usual_rows(model, reference, dropped):
    if reference is None:
        return model.rows(_source_of(model))
    try:
        return model.rows(reference, dropped, may_lack=dropped)
    except InputError as error:
        raise InputError(f"{reference!r}: {error}", "--reference") from None


def _is_up_to_date(kept, model):
    return kept.is_file() and kept.stat().st_mtime >= model.stat().st_mtime


def _source_of(model):
    source = model.reader.facts_.get("source")
    if source is None:
        raise InputError(
            "What rows are usual is not known, as the model comes from no study: name "
            "a file of them.",
            "--reference",
        )
    return source


def detected(model, detector, rows, level):
    """Return p-values, alarms and reasons of `Rows`, a data frame, and notes on them.

    Parameters
    ----------
    model : Model
    detector : ReconstructionDetector
        Fitted.
    rows : Rows
    level : float
        Share of false alarms among usual rows.
    """
    import pandas as pd

    p_values = detector.p_values(rows.X)
    table = {
        "score": -detector.score_samples(rows.X),
        "p_value": p_values,
        "alarm": p_values <= level,
        "largest_in": model.errors(rows)["largest_in"],
    }
    table = rows.beside(pd.DataFrame(table))
    return table, _notes(len(detector.calibration_scores_), p_values, level)


def _notes(n_usual, p_values, level):
    least = 1 / (n_usual + 1)
    if least > level:
        return [
            f"No row can be alarmed: with {n_usual} usual rows a p-value is at least "
            f"{least:.3g}. Raise --level, or name more usual rows by --reference."
        ]
    n_alarms = int(np.sum(p_values <= level))
    expected = level * len(p_values)
    return [
        f"{n_alarms} of {len(p_values)} rows are alarmed; of usual rows alone it would "
        f"be about {expected:.3g}."
    ]
