"""Attributions: what each column of a row adds to a code unit, or to its error."""

from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_scalar

from skae._notices import warn
from skae.interpretation._columns import columns_of
from skae.interpretation._explained import ERROR, Explained, dense
from skae.interpretation._names import in_form
from skae.interpretation._normal import normal_rows
from skae.interpretation._paths import METHODS, outputs_of
from skae.registry import unknown_name

__all__ = ["Attributions", "attributions"]

BASELINES = ("mean", "normal")


@dataclass(frozen=True, eq=False)
class Attributions:
    """What each column of rows adds to an output, compared with a baseline.

    Attributes
    ----------
    values : pandas.DataFrame of shape (n_rows, n_columns), or ndarray
        In units of the output. Of sequences ``(n_rows, n_timesteps, n_channels)``, of
        images ``(n_rows, n_channels, height, width)``.
    outputs, baseline_outputs : ndarray of shape (n_rows,)
        Of the rows, and of what they are compared with.
    target : str
        Name of the code unit, or ``"error"``.
    names : list of str
        Of the columns; of sequences those of the channels, of images none.
    method : str
    observed : array-like
        The rows as they were given.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skae import DenseAutoencoder
    >>> from skae.interpretation import attributions
    >>> X = load_iris(as_frame=True).data
    >>> model = DenseAutoencoder(2, random_state=0).fit(X)
    >>> found = attributions(model, X.iloc[:3], target=0)
    >>> change = found.outputs - found.baseline_outputs
    >>> bool(abs(found.values.sum(axis=1) - change).max() < 1e-4)
    True
    """

    values: Any
    outputs: np.ndarray
    baseline_outputs: np.ndarray
    target: str
    names: list
    method: str = "integrated_gradients"
    observed: Any = None

    @property
    def completeness_gap(self):
        """What the sum of a row's values is off the change of its output by."""
        sums = np.asarray(self.values).reshape(len(self.outputs), -1).sum(axis=1)
        return sums - (self.outputs - self.baseline_outputs)

    def top(self, n=1):
        """Return the columns that add most to each row's output, the first one first.

        Of errors they are those of the largest values, of code units those of the
        largest absolute ones.

        Parameters
        ----------
        n : int, default=1

        Returns
        -------
        names : ndarray of shape (n_rows, n)
            Of columns. Of sequences those of single values, ``<channel>_t<time>``, and
            of images the numbers of pixels in the flattened image.
        """
        values = np.asarray(self.values).reshape(len(self.outputs), -1)
        sizes = values if self.target == ERROR else np.abs(values)
        order = np.argsort(-sizes, axis=1, kind="stable")[:, :n]
        names = self._flat_names()
        return order if names is None else np.array(names, dtype=object)[order]

    def _flat_names(self):
        shape = np.shape(self.values)[1:]
        if len(shape) == 1:
            return self.names
        if len(shape) > 2:
            return None
        return [f"{name}_t{time}" for time in range(shape[0]) for name in self.names]


def attributions(
    estimator,
    X,
    *,
    target=ERROR,
    method="integrated_gradients",
    baseline=None,
    tol=1e-4,
    condition=None,
):
    """Return what each column of `X` adds to a code unit, or to the rows' errors.

    Integrated gradients lead from a baseline b to the row x along a straight line:

    ``values_i = (x_i - b_i) * integral_0^1 d output / d x_i (b + t (x - b)) dt``

    They sum to ``output(x) - output(b)``, whatever the network (M. Sundararajan,
    A. Taly, Q. Yan, "Axiomatic attribution for deep networks", ICML 2017). Steps before
    the autoencoder that treat each column by itself, as a `StandardScaler`, leave them
    as they are, and those of one-hot columns are summed.

    Parameters
    ----------
    estimator : estimator
        Fitted autoencoder with any network, a pipeline or a search with one.
    X : array-like
        Data as `estimator` takes them.
    target : "error", int or str, default="error"
        The error of each row, as `score_samples` returns its negative; or a unit of the
        code that `transform` returns, by its number or its name.
    method : {"integrated_gradients", "gradient_x_input", "occlusion"}, \
default="integrated_gradients"
        Gradients along the line, the gradient at the row times its distance from the
        baseline, or what the output changes by when a column takes the baseline's
        value. The last two are quicker checks, which do not sum to the change.
    baseline : {"mean", "normal"}, array-like or None, default=None
        What rows are compared with: the means of the fit's rows, which are also put
        in the place of missing entries; or what the row would have been if it were
        normal, the reconstruction of it without the few columns that do not fit the
        others. Or rows like those of `X`, one for all or one for each. None is
        "normal" for the error and "mean" for a code unit.
    tol : float, default=1e-4
        What the sum of a row's attributions may be off by, in units of the output, and
        as a share of the sum of their absolute values.
    condition : array-like or scalar, default=None
        The rows' condition, where the autoencoder was fitted with one. It stays what it
        is, and nothing is attributed to it.

    Returns
    -------
    attributions : Attributions
        Missing entries, and time steps after the end of a sequence, have zero.

    Raises
    ------
    TypeError
        When there is no fitted autoencoder, or a step before it makes columns of
        several, as `PCA` does.
    ValueError
        When there is no such target, method or baseline.

    Warns
    -----
    ConvergenceWarning
        When a row's sum is off by more than `tol`.

    Notes
    -----
    Everything is in double precision. Where the sum over a part of the line is not the
    change of the output there, that part is halved, so that networks with kinks are as
    exact as smooth ones.

    Of which columns "do not fit the others", those are tried in turn that the error is
    largest of; up to three take the values that the others imply, if that removes a
    quarter of the row's error. On rows with one entry moved by three standard
    deviations, the column named first was then the right one more often than with the
    mean as the baseline, and of entries moved farther about as often; and more often
    than with the row's own reconstruction, however far.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skae import DenseAutoencoder
    >>> from skae.interpretation import attributions
    >>> X = load_wine(as_frame=True).data
    >>> model = make_pipeline(StandardScaler(), DenseAutoencoder(3, random_state=0))
    >>> strange = X.iloc[:2].copy()
    >>> strange.iloc[0, 2], strange.iloc[1, 9] = 9.0, 20.0
    >>> found = attributions(model.fit(X), strange)
    >>> found.top().ravel().tolist()
    ['ash', 'color_intensity']
    """
    check_scalar(tol, "tol", Real, min_val=0, include_boundaries="neither")
    if method not in METHODS:
        raise unknown_name("method", method, METHODS)
    X = dense(X)
    rows = Explained.of(estimator, X, condition)
    output, name = rows.output(target)
    columns = columns_of(estimator, X, rows.x.shape[1:], len(rows.x))
    base = _baseline(estimator, rows, columns, _or_default(baseline, name))
    values = METHODS[method](output, rows.x, base, columns, tol)
    found = Attributions(
        in_form(values.numpy(force=True), columns.shape, columns.names, X),
        *(outputs_of(output, part).numpy(force=True) for part in (rows.x, base)),
        name,
        columns.names,
        method,
        X,
    )
    if method == "integrated_gradients":
        _warn_of_gaps(found, tol)
    return found


def _or_default(baseline, target):
    if baseline is None:
        return "normal" if target == ERROR else "mean"
    return baseline


def _baseline(estimator, rows, columns, baseline):
    """Return events that rows are compared with; the same where these have none."""
    if isinstance(baseline, str):
        if baseline not in BASELINES:
            raise unknown_name("baseline", baseline, BASELINES)
        events = rows.means()
        if baseline == "normal":
            events = normal_rows(rows, columns)
    else:
        events = rows.like(estimator, baseline)
    return torch.where(rows.present, events, rows.x)


def _warn_of_gaps(found, tol):
    gaps = np.abs(found.completeness_gap)
    if n_off := np.sum(~(gaps <= tol)):
        warn(
            f"Attributions of {n_off} of {len(gaps)} rows are off the change of the "
            f"output by up to {np.max(gaps):.2g}, more than tol={tol:g}: take a "
            "baseline nearer to the rows, or a larger tol.",
            ConvergenceWarning,
        )
