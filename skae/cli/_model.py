"""A saved model at work: from a file to codes, reconstructions and errors."""

import warnings
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import joblib
import numpy as np
from sklearn.pipeline import Pipeline

from skae._finder import find
from skae.autoencoders._tabular import LEAST
from skae.cli._columns import check_known
from skae.cli._cut import window_starts
from skae.cli._errors import InputError
from skae.cli._inputs import read_source
from skae.cli._reader import TableReader
from skae.exceptions import FileFormatError
from skae.persistence import load
from skae.preprocessing import SlidingWindow
from skae.scorers import reconstruct_in_units

__all__ = ["MODEL_FILE", "Model", "Rows", "open_model", "whole_pipeline"]

#: Name of the model's file in the folder of a study.
MODEL_FILE = "model.joblib"

_PICKLES = ".joblib", ".pkl", ".pickle"


def whole_pipeline(plan, model, facts):
    """Return the whole path from a file of the user to the codes.

    Parameters
    ----------
    plan : Plan
    model : Pipeline
        Fitted to the rows of the plan.
    facts : dict
        What else is known of the study.
    """
    settings = plan.settings
    reader = TableReader.of(plan.data, settings.index, settings.reading)
    reader.facts_ = facts
    steps = [("table", reader)]
    if plan.window is not None:
        window = deepcopy(plan.window).set_params(missing="keep")
        steps.append(("windows", window))
    return Pipeline([*steps, *model.steps])


def open_model(path):
    """Return the `Model` in a file, or in the folder of a study.

    Raises
    ------
    InputError
        When there is none.
    """
    path = Path(path)
    if path.is_dir():
        if not (path / MODEL_FILE).is_file():
            raise InputError(
                f"The folder {str(path)!r} has no {MODEL_FILE}: name that of a study "
                "that skae select has finished, or a model's file.",
                "MODEL",
            )
        path = path / MODEL_FILE
    if not path.is_file():
        raise InputError(f"There is no file {str(path)!r}: check the path.", "MODEL")
    estimator = _loaded(path)
    steps = getattr(estimator, "steps", [("autoencoder", estimator)])
    if not isinstance(steps[0][1], TableReader):
        steps = [("table", _reader_for(estimator, path)), *steps]
    return Model(Pipeline(steps), path)


def _loaded(path):
    try:
        with warnings.catch_warnings(action="ignore"):  # `info` tells of versions
            is_safe = path.suffix == ".safetensors"
            estimator = load(path) if is_safe else joblib.load(path)
        find(estimator)
    except FileFormatError as error:
        raise InputError(str(error), "MODEL") from None
    except Exception as error:  # a pickle may raise anything
        # of what is no pickle the error tells nothing
        is_pickle = path.suffix in _PICKLES and b"\0" in path.read_bytes()[:1000]
        reason = f" ({error})" if is_pickle else ""
        raise InputError(
            f"{path.name!r} does not read as a model{reason}: name the folder of a "
            "study, or a file that skae select or `save` has written. The model comes "
            "first, the table after it.",
            "MODEL",
        ) from None
    return estimator


def _reader_for(estimator, path):
    """Return a reader for a model that was saved without one."""
    n_columns = getattr(estimator, "n_features_in_", None)
    if n_columns is None:
        raise InputError(f"The model in {path.name!r} is not fitted.", "MODEL")
    names = getattr(estimator, "feature_names_in_", None)
    columns = [f"x{i}" for i in range(n_columns)] if names is None else [*names]
    kinds = dict.fromkeys(columns, "number")
    reader = TableReader(columns, kinds, as_frame=names is not None)
    reader.facts_ = {}
    return reader


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of a file as the steps after the reading take them.

    Attributes
    ----------
    X : ndarray or pandas.DataFrame of shape (n_rows, ...)
        Rows of a table, or windows of a series.
    names : pandas.DataFrame
        What the rows are called, in the columns before those of results.
    of_series : pandas.DataFrame or None
        The same of the rows that windows are cut from, in their order.
    starts : ndarray of int or None
        First time steps of windows.
    notes : list of str
        What was left out.
    """

    X: object
    names: object
    of_series: object
    starts: np.ndarray | None
    notes: list

    def beside(self, results):
        """Return results, a data frame, beside what the rows are called.

        Names of rows that are in a column called as one of results make way.
        """
        import pandas as pd

        clashing = {name: f"{name} (row)" for name in self.names if name in results}
        return pd.concat([self.names.rename(columns=clashing), results], axis=1)


@dataclass(frozen=True, eq=False)
class Model:
    """A pipeline from a file to codes.

    Attributes
    ----------
    pipeline : Pipeline
        Its first step is a `TableReader`.
    path : Path
    """

    pipeline: Pipeline
    path: Path

    @property
    def reader(self):
        """The step that reads files."""
        return self.pipeline[0]

    @property
    def window(self):
        """The step that cuts windows; None for a table."""
        step = self.pipeline[1]
        return step if isinstance(step, SlidingWindow) else None

    def groups_of(self, rows):
        """Return what windows belong to, None where nothing tells."""
        group = self.reader.axis.groups
        return None if group is None else rows.names[group].to_numpy()

    @property
    def rest(self):
        """The steps after reading and cutting."""
        return self.pipeline[1:] if self.window is None else self.pipeline[2:]

    def columns_of(self, source):
        """Return the names of the columns of a source."""
        _, table = read_source(source, self.reader.reading)
        return [*table.columns]

    def rows(self, source, dropped=(), reading=None, *, may_lack=()):
        """Return the `Rows` of a source.

        Parameters
        ----------
        source : str
            What ``skae select`` reads.
        dropped : sequence of str, default=()
            Columns of it to leave out.
        reading : Reading or None, default=None
            Options of reading; those of the study if None.
        may_lack : sequence of str, default=()
            Columns to leave out that the source need not have.
        """
        reader = self.reader
        _, table = read_source(source, reading or reader.reading)
        for name in dropped:
            if name in may_lack:
                continue
            check_known(name, table.columns, "--drop")
        try:
            table = reader.axis.in_order(table)
        except InputError as error:
            raise InputError(str(error), "FILE") from None
        X = reader.series(table, dropped)
        names = _names(table, reader)
        if self.window is None:
            return _rows_with_values(X, names)
        groups = reader.axis.groups_of(table.columns)
        cut = window_starts(self.window, X, table.numbers, groups, "FILE")
        return self._windows(X, names, *cut)

    def _windows(self, X, names, starts, notes):
        with warnings.catch_warnings(action="ignore"):  # the notes say it
            try:
                windows = self.window.transform(X)
            except ValueError as error:
                raise InputError(str(error), "FILE") from None
        own = names.columns[-1]
        of_windows = names.iloc[starts].reset_index(drop=True)
        of_windows = of_windows.rename(columns={own: f"first_{own}"})
        ends = names[own].iloc[starts + self.window.length - 1]
        of_windows[f"last_{own}"] = ends.to_numpy()
        return Rows(windows, of_windows, names, starts, notes)

    def codes(self, rows):
        """Return the codes of `Rows`, a data frame."""
        import pandas as pd

        Z = np.asarray(self.rest.transform(rows.X))
        units = [f"unit_{i}" for i in range(1, Z.shape[1] + 1)]
        return rows.beside(pd.DataFrame(Z, columns=units))

    def reconstruction(self, rows):
        """Return the reconstruction of a table in its units, a data frame.

        Windows are laid over one another and averaged.
        """
        import pandas as pd

        if self.reader.is_mixed:
            X_hat = self.rest[-1].reconstruct(rows.X).reset_index(drop=True)
            return pd.concat([rows.names, X_hat], axis=1)
        X_hat = reconstruct_in_units(self.rest, rows.X)
        names = rows.names
        if self.window is not None:
            X_hat = self.window.inverse_transform(X_hat, starts=rows.starts)
            names = rows.of_series.iloc[: len(X_hat)]
        X_hat = pd.DataFrame(X_hat, columns=self.reader.columns)
        return pd.concat([names, X_hat], axis=1)

    def errors(self, rows):
        """Return the error of each row and the column to blame, a data frame.

        The error is a mean square over the values of a row, in squared standard
        deviations of the columns where the model standardises them.
        """
        import pandas as pd

        squares, columns = self._squares(rows, find(self.rest))
        errors = squares.mean(axis=1, skipna=True)
        worst = np.argmax(squares.fillna(-1).to_numpy(), axis=1)
        largest = np.array(columns, dtype=object)[worst]
        return rows.beside(pd.DataFrame({"error": errors, "largest_in": largest}))

    def _squares(self, rows, found):
        """Return the mean squared error by row and column of the table."""
        import pandas as pd

        X = rows.X if found.before is None else found.before.transform(rows.X)
        X_hat = np.asarray(found.step.reconstruct(X))
        squares = np.square(np.asarray(X, dtype=np.float64) - X_hat)
        columns = self.reader.columns
        if self.window is not None:
            by_channel = squares.reshape(len(squares), -1, len(columns))
            squares = np.nanmean(by_channel, axis=1)
        elif self.reader.is_mixed:
            squares = _by_column(squares, found.before[-1])
        return pd.DataFrame(squares), columns


def _names(table, reader):
    """Return what rows are called: by their group, if any, and by time or number."""
    import pandas as pd

    own = table.columns.get(reader.index or reader.axis.time, table.names)
    group = reader.axis.groups
    name, values = "row" if group != "row" else "number", table.numbers
    if own is not None and own.name != group:
        name, values = str(own.name), own.to_numpy()
    names = pd.DataFrame({name: values})
    if group is not None:
        names.insert(0, group, reader.axis.groups_of(table.columns).to_numpy())
    return names


def _rows_with_values(X, names):
    """Return the `Rows` of a table, without those that have no value at all."""
    has_value = X.notna() if hasattr(X, "notna") else ~np.isnan(X)
    kept = np.asarray(has_value).any(axis=1)
    notes = []
    if not kept.all():
        notes.append(f"Rows without any value are left out: {np.sum(~kept):,}.")
    if not kept.any():
        raise InputError("No row has a value in the columns of the model.", "FILE")
    X = X[kept].reset_index(drop=True) if hasattr(X, "notna") else X[kept]
    return Rows(X, names[kept].reset_index(drop=True), None, None, notes)


def _by_column(squares, encoder):
    """Return sums over the one-hot columns of each column, over its variance.

    Columns that do not vary have none, and count as missing.
    """
    pairs = zip(encoder.columns_, encoder.places, strict=True)
    return np.column_stack(
        [
            squares[:, place].sum(axis=1) / max(column.variance, LEAST)
            if column.width
            else np.full(len(squares), np.nan)
            for column, place in pairs
        ]
    )
