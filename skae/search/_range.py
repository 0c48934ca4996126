"""Range of latent dimensions for some data, and the choice among them."""

from dataclasses import dataclass, replace
from numbers import Integral

import numpy as np
from scipy.sparse import issparse
from sklearn.base import clone
from sklearn.utils import get_tags

from skae._arrays import ChunkedRows, SparseRows, as_numbers
from skae._finder import find
from skae._notices import warn
from skae._sklearn import num_samples, safe_indexing
from skae.autoencoders._conditions import ConditionMixin
from skae.autoencoders._missing import end_early
from skae.autoencoders._rows import evenly_spaced
from skae.exceptions import DimensionWarning
from skae.information import IntrinsicDimension, estimate_dimension
from skae.scorers._locate import feature_names
from skae.search._curve import ScoreCurve
from skae.search._order import RowOrder, are_overlapping, row_order
from skae.search._rules import SelectionRule
from skae.training._missing import feature_means

__all__ = ["Choice", "DimensionRange"]

_MANY = 8
# Rows without a gap that distances between neighbours are taken of.
FEWEST_COMPLETE = 100
# Rows of chunks that tell of all.
N_OF_CHUNKS = 10_000


@dataclass(frozen=True)
class DimensionRange:
    """Range of latent dimensions for data, as the reducing step of a model sees them.

    Parameters
    ----------
    param : str
        The parameter of the estimator that is the latent dimension.
    n_features : int
        Number of features; those of a sequence are time steps times channels.
    intrinsic : IntrinsicDimension or None
        Estimates from the distances of neighbours, none above the number of features;
        None for fewer than four different rows. Of a table with missing values, those
        of its complete rows, where there are a hundred.
    is_trained : bool
        Whether it is a network, which may have learnt too little.
    row_order : RowOrder or None
        Order of the rows, where that shows in the errors of unshuffled folds.
    n_rows : int
        Number of rows.
    is_complete : bool
        Whether no sequence ends before others do, and nothing is missing.
    ends_early : bool
        Whether a sequence ends before others do.
    names : array-like of str, or None
        Of the features, where the data have some.

    Examples
    --------
    >>> from sklearn.decomposition import PCA
    >>> from skae.datasets import make_linear_manifold
    >>> from skae.search._range import DimensionRange
    >>> X = make_linear_manifold(300, 2, 20, noise=0.01, random_state=0).X
    >>> DimensionRange.of(PCA(), X).values("auto")
    [1, 2, 3, 4, 5, 6, 7, 8]
    """

    param: str
    n_features: int
    intrinsic: IntrinsicDimension | None
    is_trained: bool = True
    row_order: RowOrder | None = None
    n_rows: int = 0
    is_complete: bool = True
    ends_early: bool = False
    names: object = None

    @classmethod
    def of(cls, estimator, X, y=None, n_blocks=0, condition=None):
        """Return the range for an estimator, not fitted, and its data.

        Where folds are a number of blocks, an order of the rows is looked for as well.
        Of a condition, neighbours see what a regression on it leaves.
        """
        found, params = find(estimator), estimator.get_params()
        param = f"{found.prefix}n_components"
        if param not in params:
            raise TypeError(
                f"{type(estimator).__name__} has no parameter {param!r}: pass an "
                "autoencoder, PCA, or a pipeline with one."
            )
        takes_sequences = get_tags(found.step).input_tags.three_d_array
        before = None if found.before is None else clone(found.before)
        n_given = num_samples(X)
        X, y, condition = _some_of_chunks(X, y, condition)
        seen = _seen(before, X, y)
        n_rows = num_samples(seen) if num_samples(X) == n_given else n_given
        if issparse(seen):
            seen = evenly_spaced(SparseRows(seen.tocsr()), n_rows)
        seen = as_numbers(seen, type(estimator).__name__, pads=takes_sequences)
        if not seen.size:
            raise ValueError(f"X of shape {seen.shape} holds no values to encode.")
        missing = np.isnan(seen)
        is_complete, intrinsic = not missing.any(), None
        ends_early = seen.ndim == 3 and not is_complete and end_early(seen)
        if seen.ndim == 2 or is_complete:  # ends are no accident, unlike a table's gaps
            is_whole = ~missing.reshape(len(seen), -1).any(axis=1)
            whole = _freed(seen, condition, is_whole)
            is_enough = is_complete or len(whole) >= FEWEST_COMPLETE
            intrinsic = _estimated(whole.reshape(len(whole), -1)) if is_enough else None
        if not is_complete:
            seen = np.where(missing, feature_means(seen).numpy(), seen)
        seen = seen.reshape(len(seen), -1)
        is_trained = f"{found.prefix}max_epochs" in params
        order = _row_order(X, seen, n_blocks) if n_blocks else None
        return cls(
            param,
            seen.shape[1],
            intrinsic,
            is_trained,
            order,
            n_rows,
            is_complete,
            ends_early,
            feature_names(before, X),
        )

    def values(self, n_components):
        """Return the latent dimensions to try, ascending: those that compress.

        Parameters
        ----------
        n_components : "auto", int or sequence of int
            See `LatentDimensionSearchCV`.

        Warns
        -----
        DimensionWarning
            When something that was asked for is left out.

        Raises
        ------
        ValueError
            When nothing is left, or what was asked for are no dimensions.
        """
        if self.n_features < 2:
            raise ValueError(
                f"n_components={n_components!r} leaves nothing to try: the autoencoder "
                "sees one feature, which no smaller code can stand for; pass data of "
                "two features or more."
            )
        asked = self._asked(n_components)
        kept = [k for k in asked if k < self.n_features]
        if not kept:
            raise ValueError(
                f"n_components={n_components!r} leaves nothing to try: a code of "
                f"{self.n_features} features compresses with 1 to "
                f"{self.n_features - 1} units."
            )
        if dropped := asked[len(kept) :]:
            warn(
                f"Codes of {_listed(dropped)} units are left out: they do not "
                f"compress {self.n_features} features.",
                DimensionWarning,
            )
        return kept

    def _asked(self, n_components):
        if isinstance(n_components, str):
            return list(range(1, self._bound() + 1))
        if isinstance(n_components, Integral):
            return list(range(1, n_components + 1))
        asked = list(n_components)
        if not all(isinstance(k, Integral) and k > 0 for k in asked):
            raise ValueError(
                f"n_components={n_components!r}: latent dimensions are whole numbers, "
                "1 at least."
            )
        return sorted({int(k) for k in asked})

    def _bound(self):
        most = self.n_features - 1
        return most if self.intrinsic is None else min(most, self.intrinsic.upper_bound)

    def disagreement(self, value, is_settled=True):
        """Return a warning text where a choice is far from the estimates, else None.

        Parameters
        ----------
        value : int
            The latent dimension that was chosen.
        is_settled : bool, default=True
            Whether there is evidence for it; see `Verdict`.
        """
        found = self.intrinsic
        if found is None or abs(found.median - value) <= 1.5:
            return None
        training = (
            "; and a network that is trained too little finds fewer" * self.is_trained
        )
        units = "1 unit is" if value == 1 else f"{value} units are"
        chosen = "chosen" if is_settled else "taken for now"
        return (
            f"{units} {chosen}, but the distances between neighbours speak for "
            f"about {found.median:.1f} dimensions (TwoNN {found.two_nn:.1f}, "
            f"Levina-Bickel {found.levina_bickel:.1f}, correlation "
            f"{found.correlation:.1f}). A code may need more units than the data have "
            f"dimensions, where they curve; noise makes neighbours see more{training}. "
            "Look at the curve."
        )


def _some_of_chunks(X, y, condition):
    """Return rows that tell of those in chunks, and what is beside; others as given."""
    if not isinstance(X, ChunkedRows):
        return X, y, condition
    numbers = X.sample(N_OF_CHUNKS)
    y, condition = (
        safe_indexing(part, numbers) if np.ndim(part) else part
        for part in (y, condition)
    )
    return X.read(numbers), y, condition


def _seen(before, X, y):
    """Return the data after the steps before the reducing step, which it fits."""
    if before is None:
        return X
    try:
        return before.fit_transform(X, y)
    except (TypeError, ValueError):
        as_numbers(
            X, pads=False
        )  # says in a sentence what the steps could not make numbers of
        raise


def _freed(X, condition, rows):
    """Return rows, or what a linear regression on their condition leaves of them."""
    if condition is None or len(condition) != len(X):
        return X[rows]
    vectors = ConditionMixin()._condition_of_fit(
        condition, len(X), "condition", reset=True
    )
    design = np.column_stack([np.ones(len(X)), vectors])[rows]
    flat = X[rows].reshape(len(design), -1)
    return flat - design @ np.linalg.lstsq(design, flat)[0]


def _row_order(X, seen, n_blocks):
    """Return the order of rows, None for windows that overlap: never to be shuffled."""
    are_windows = len(seen) != num_samples(X) or are_overlapping(X)
    if are_windows or are_overlapping(seen):
        return None
    return row_order(seen, n_blocks)


def _estimated(X):
    """Return the estimates, none above the number of features; None for few rows."""
    try:
        found = estimate_dimension(X)
    except ValueError:  # fewer than four different rows
        return None
    names = "two_nn", "levina_bickel", "correlation"
    most = {name: min(getattr(found, name), found.n_features) for name in names}
    return replace(found, **most)


def _listed(values):
    if len(values) > _MANY:
        return f"{values[0]} to {values[-1]}"
    return ", ".join(map(str, values))


@dataclass(frozen=True)
class Choice:
    """Choice of a latent dimension by a rule, as the `refit` of a search.

    Where candidates differ in other parameters too, each dimension stands for the best
    of its candidates, and with a dimension that candidate is chosen.

    Parameters
    ----------
    rule : SelectionRule
        What chooses.
    param : str
        The parameter of the estimator that is the latent dimension.
    n_features : int
        Number of features that a code stands for.
    metric : str, default="score"
        The scores to choose by.
    is_trained, row_order
        See `ScoreCurve`.
    """

    rule: SelectionRule
    param: str
    n_features: int
    metric: str = "score"
    is_trained: bool = True
    row_order: RowOrder | None = None

    def __call__(self, cv_results):
        """Return the row of `cv_results_` that is chosen."""
        return self.from_cv_results(cv_results).index

    def from_cv_results(self, cv_results):
        """Return the `Selection` among the candidates of a search."""
        curve = ScoreCurve.from_cv_results(cv_results, self.param, self.metric)
        curve = curve.compressing(self.n_features)
        known = {"is_trained": self.is_trained, "row_order": self.row_order}
        return self.rule.select(replace(curve, **known))
