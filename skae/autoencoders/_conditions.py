"""Conditions: covariates that codes are freed of, as numbers beside the rows."""

import numpy as np
from sklearn.utils import check_array

__all__ = ["ConditionMixin"]

# How many known labels an error lists.
N_LISTED = 10


class ConditionMixin:
    """Labels or numbers, one or some for each row, as vectors that networks are given.

    Labels become one number for each label of the fit, one or zero. Numbers are
    standardised.
    """

    @property
    def _n_conditions(self):
        """Length of the vector of a row; zero without a condition."""
        if hasattr(self, "condition_categories_"):
            return len(self.condition_categories_)
        return np.shape(getattr(self, "condition_scaling_", ()))[-1]

    def _condition_of_fit(self, condition, n_rows, name, *, reset):
        """Return the vectors of the rows of a fit, which `reset` says to begin."""
        if not reset:
            return self._given_condition(condition, n_rows, name)
        for attribute in ("condition_categories_", "condition_scaling_"):
            vars(self).pop(attribute, None)
        if condition is None:
            return None
        values = _as_array(condition, name)
        if values.ndim == 0 or len(values) != n_rows:
            raise _other_number(name, len(values) if values.ndim else 1, n_rows)
        if _are_labels(values):
            self.condition_categories_ = _categories(_labels(values, name))
        else:
            values = _checked_numbers(values, name)
            scale = values.std(axis=0)
            scale[scale == 0] = 1
            self.condition_scaling_ = np.stack([values.mean(axis=0), scale])
        return self._given_condition(values, n_rows, name)

    def _given_condition(self, condition, n_rows, name="condition"):
        """Return the vectors of given rows, or None where there is no condition.

        Parameters
        ----------
        condition : array-like, scalar or None
            For each row, or one for all.
        n_rows : int or None
            None for rows that are read as a stream, which no condition goes with.
        name : str, default="condition"
            What errors call it.
        """
        if not self._n_conditions:
            if condition is not None:
                raise _not_fitted_with(self, name)
            return None
        if condition is None:
            raise _missing(self, name)
        if n_rows is None:
            raise TypeError(
                f"{name} has a value for each row, and a data set without a length "
                "does not tell how many there are: define its __len__."
            )
        values = _as_array(condition, name)
        if hasattr(self, "condition_categories_"):
            vectors = _one_hot(_labels(values, name), self.condition_categories_, name)
        else:
            vectors = _standardised(values, self.condition_scaling_, name)
        if vectors.ndim == 1:
            return np.broadcast_to(vectors, (n_rows, len(vectors)))
        if len(vectors) != n_rows:
            raise _other_number(name, len(vectors), n_rows)
        return vectors


def _as_array(values, name):
    """Return values as an array; labels of the same type for the same labels."""
    if hasattr(values, "detach"):
        values = values.detach().cpu()
    values = np.asarray(values)
    if values.dtype.kind in "cmMV":
        raise TypeError(
            f"{name} is of dtype {values.dtype}: pass labels, as strings or whole "
            "numbers, or numbers of shape (n_samples, n_conditions)."
        )
    return values


def _are_labels(values):
    """Return whether values are labels: of one dimension, or a column of text."""
    if values.ndim < 2 and values.dtype.kind == "f":
        raise ValueError(
            "condition holds fractional numbers in one dimension, which may be meant "
            "as numbers or as labels: pass numbers as a column, condition.reshape(-1, "
            "1), and labels as whole numbers or strings, condition.astype(str)."
        )
    return values.ndim < 2 or (values.ndim == 2 and not _is_numeric(values))


def _is_numeric(values):
    if values.dtype.kind in "biuf":
        return True
    try:
        values.astype(np.float64)
    except (TypeError, ValueError):
        return False
    return values.dtype.kind == "O"  # of a data frame; text stays what it is


def _labels(values, name):
    """Return labels as a list, or a single one of all rows as it is."""
    if values.ndim > 2 or (values.ndim == 2 and values.shape[1] != 1):
        raise ValueError(
            f"{name} holds labels in {values.ndim} dimensions, of shape "
            f"{values.shape}: pass one label for each row, of shape (n_samples,). "
            "Several covariates are numbers: encode labels first (OneHotEncoder), and "
            "put columns side by side."
        )
    if values.ndim == 2:
        values = values[:, 0]
    labels = values.tolist()
    listed = labels if values.ndim else [labels]
    if missing := [row for row, label in enumerate(listed) if _is_missing(label)]:
        raise ValueError(
            f"{name} is missing (NaN or None) in {len(missing)} of {len(listed)} "
            f"rows, the first of them row {missing[0]}: fill it, as with a label of "
            "its own, or leave those rows out."
        )
    return labels


def _is_missing(label):
    # pandas' NA is not even equal to itself, nor unequal
    return (
        label is None
        or type(label).__name__ in {"NAType", "NaTType"}
        or (isinstance(label, float) and label != label)
    )


def _categories(labels):
    """Return the labels that occur, sorted where they can be."""
    try:
        known = sorted(set(labels))
    except TypeError:  # of different types
        known = sorted(
            set(labels), key=lambda label: (type(label).__name__, str(label))
        )
    kinds = set(map(type, known))
    if kinds <= {str} or kinds <= {int} or kinds <= {bool}:
        return np.array(known)
    categories = np.empty(len(known), dtype=object)
    categories[:] = known
    return categories


def _one_hot(labels, categories, name):
    """Return one and zeros for each label, or for a single one."""
    places = {label: place for place, label in enumerate(categories.tolist())}
    listed = labels if isinstance(labels, list) else [labels]
    if unknown := [label for label in dict.fromkeys(listed) if label not in places]:
        known = ", ".join(map(repr, categories[:N_LISTED].tolist()))
        raise ValueError(
            f"{name} has {unknown[0]!r}, which was not in fit: known are {known}"
            f"{', ...' * (len(categories) > N_LISTED)}. Fit with rows of it, or name "
            "one of those."
        )
    vectors = np.zeros((len(listed), len(categories)), dtype=np.float32)
    vectors[np.arange(len(listed)), [places[label] for label in listed]] = 1
    return vectors if isinstance(labels, list) else vectors[0]


def _checked_numbers(values, name):
    """Return finite numbers in one or two dimensions."""
    if values.dtype.kind in "SUT" or not _is_numeric(values):
        raise ValueError(
            f"{name} holds text, as {values.ravel().tolist()[0]!r}, and in fit it had "
            "numbers: pass those."
        )
    values = np.atleast_1d(values)
    return check_array(
        values, dtype=np.float64, ensure_2d=values.ndim > 1, input_name=name
    )


def _standardised(values, scaling, name):
    """Return standardised numbers of rows, or of one for all."""
    numbers, (mean, scale) = _checked_numbers(values, name), scaling
    if numbers.ndim == 1 and len(mean) == 1 < len(numbers):
        numbers = numbers[:, None]
    if numbers.shape[-1] != len(mean):
        raise ValueError(
            f"{name} has the shape {values.shape}, and in fit it had {len(mean)} "
            f"columns: pass (n_samples, {len(mean)}), or ({len(mean)},) for all rows."
        )
    return (numbers - mean) / scale


def _other_number(name, n_values, n_rows):
    return ValueError(
        f"{name} has {n_values} values, and there are {n_rows} rows: pass one value "
        "for each row (or, other than to fit, a single one for all)."
    )


def _missing(estimator, name):
    return ValueError(
        f"{type(estimator).__name__} was fitted with a condition and needs one here: "
        f"pass {name}=, one value for each row. Pipelines and searches pass it on with "
        "metadata routing enabled (sklearn.set_config), to steps that ask for it, as "
        "by set_fit_request(condition=True), set_transform_request(condition=True) and "
        "set_score_request(condition=True)."
    )


def _not_fitted_with(estimator, name):
    return ValueError(
        f"{type(estimator).__name__} was fitted without a condition and can take none: "
        f"leave {name} out, or fit with condition=."
    )
