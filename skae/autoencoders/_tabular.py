"""Autoencoders of tables: numbers, categories and dates side by side."""

from copy import copy
from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted, validate_data

from skae._arrays import eager
from skae._sklearn import HasMethods, Interval, StrOptions
from skae._tables import (
    HANDLE_UNKNOWN,
    CategoryColumn,
    Columns,
    NumberColumn,
    TableEncoder,
    with_gaps_filled,
)
from skae.autoencoders._base import BaseAutoencoder
from skae.autoencoders._docs import document_table
from skae.autoencoders._ensemble import EnsembleMixin
from skae.autoencoders._generative import GenerativeMixin
from skae.autoencoders._missing import check_not_empty
from skae.autoencoders._registry import ESTIMATORS
from skae.autoencoders._swapping import SwappingMixin
from skae.bottlenecks import GaussianBottleneck, PointBottleneck
from skae.metrics import ErrorSums
from skae.networks import DenseNetwork
from skae.networks._bins import NumberBins
from skae.noise import MaskingNoise, SwapNoise
from skae.objectives import (
    CategoricalLikelihood,
    ColumnError,
    ColumnLikelihood,
    GaussianLikelihood,
    KLDivergence,
    Objective,
    SquaredError,
)
from skae.schedules import Schedule
from skae.training._budget import FEW_ROWS

__all__ = ["TabularAutoencoder", "TabularVAE"]


class TabularMixin:
    """Tables in, tables out: an encoder of tables around an autoencoder of matrices."""

    # What is around the matrices of the autoencoder

    _reads_matrices = False

    def _encoder(self):
        """Return the `TableEncoder` that the parameters describe."""
        return TableEncoder(
            self.categorical_features,
            self.column_types,
            self.max_categories,
            self.handle_unknown,
            self.robust,
        )

    def _check_X(self, X, *, reset, first=0):
        if self._reads_matrices:
            return super()._check_X(X, reset=reset, first=first)
        if getattr(X, "ndim", 2) == 1:
            check_array(X, dtype=None)  # which says how to reshape
        validate_data(self, X, reset=reset, skip_check_array=True)
        if reset:
            self.encoder_ = self._encoder().fit(X)
        rows = eager(self.encoder_.encoded(X))
        check_not_empty(rows, first, "rows")
        if reset:
            self.input_shape_ = rows.shape[1:]
        return rows

    def _checked_chunks(self, dataset, *, reset):
        raise TypeError(
            f"{type(self).__name__} takes data frames and arrays, not a torch data "
            "set or chunks: pass the table as a whole."
        )

    def _data_of_chunks(self, rows, y, *, reset):
        return self._checked_chunks(rows, reset=reset)

    def _target(self, y, X):
        return None  # tables are their own targets, and any y is labels

    def _given_form(self, X):
        return X if self._reads_matrices else self.encoder_.inverse_transform(X)

    def _imputed(self, X, condition, max_iter, tol):
        if self._reads_matrices:
            return super()._imputed(X, condition, max_iter, tol)
        filled = (
            self._filled_gaps(rows, np.isnan(rows), of_rows, max_iter, tol)
            for rows, of_rows in self._parts(X, condition)[1]
        )
        return with_gaps_filled(X, self.encoder_.decoded(filled))

    def _filled_form(self, X, filled, gaps):
        if self._reads_matrices:
            return super()._filled_form(X, filled, gaps)
        return with_gaps_filled(X, self.encoder_.inverse_transform(filled))

    def _drawn_form(self, X, draws, gaps):
        return [self._filled_form(X, draw, gaps) for draw in draws]

    def _as_steps(self):
        """Return the encoder of tables, and the autoencoder of its matrices.

        Those who look at codes and errors as numbers see the two as steps of a
        pipeline; see `skae._finder.find`.
        """
        if self._reads_matrices:
            return None
        step = copy(self)
        step._reads_matrices = True
        if not hasattr(self, "encoder_"):
            return self._encoder(), step
        step.n_features_in_ = sum(self._sizes)
        vars(step).pop("feature_names_in_", None)
        return self.encoder_, step

    def _network(self):
        return DenseNetwork(
            self.hidden_layer_sizes,
            activation=self.activation,
            linear_path=self.linear_path,
        )

    @property
    def _sizes(self):
        """Widths of the columns with a place in the matrix, those of numbers first."""
        if not hasattr(self, "encoder_"):
            return (1,)
        return tuple(width for width in self.encoder_.sizes if width)

    @property
    def _categories(self):
        """Widths of the columns that are categories."""
        return tuple(width for width in self._sizes if width > 1)

    # What users see

    @property
    def columns_(self):
        """Columns of the table, with their kinds; printed, a table of them."""
        check_is_fitted(self)
        return Columns(self.encoder_.columns_)

    def reconstruct(self, X, *, condition=None):
        """Return the reconstruction of a table, in its form.

        Parameters
        ----------
        X : data frame or array-like like in `fit`
        condition : array-like or scalar, default=None
            The rows' condition, one value for each or for all, where the model was
            fitted with one.

        Returns
        -------
        X_hat : data frame or array, as in `fit`
            Of categories the most probable ones, and no cell is missing, but in columns
            that had no value in the fit. The rows of pandas frames keep their labels.
        """
        if self._reads_matrices:
            return super().reconstruct(X, condition=condition)
        check_is_fitted(self)
        parts = self._parts(X, condition)[1]
        table = self.encoder_.decoded(self._reconstruct(*part) for part in parts)
        return _labelled(table, X)

    def category_probabilities(self, X, *, condition=None):
        """Return the probabilities of categories in the reconstruction of a table.

        Parameters
        ----------
        X : data frame or array-like like in `fit`
        condition : array-like or scalar, default=None
            As for `reconstruct`.

        Returns
        -------
        probabilities : dict of pandas.DataFrame
            By the name of each column of categories; a column for each level that was
            in the fit. Rare levels beyond `max_categories` share the probability of
            their group as they were seen. In cells that are missing they are those that
            `impute` goes by.
        """
        import pandas as pd

        check_is_fitted(self)
        X_hat = self._mapped(self._told, X, condition)
        found = {}
        for column, place in zip(
            self.encoder_.columns_, self.encoder_.places, strict=True
        ):
            if isinstance(column, CategoryColumn) and column.n_slots:
                levels, p = column.probabilities(X_hat[:, place])
                frame = pd.DataFrame(p, columns=pd.Index(levels))
                found[column.name] = _labelled(frame, X)
        return found

    def _told(self, X, condition=None):
        """Return reconstructions of validated rows, and in gaps what fills these."""
        X_hat, gaps = self._reconstruct(X, condition), np.isnan(X)
        if not gaps.any():
            return X_hat
        return np.where(gaps, self._filling(X, condition), X_hat)

    def score(self, X, y=None, sample_weight=None, *, condition=None):
        """Return the share of the variance that reconstructions explain, by column.

        Parameters
        ----------
        X : data frame or array-like like in `fit`
        y : object, default=None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.
        condition : array-like or scalar, default=None
            As for `reconstruct`.

        Returns
        -------
        score : float
            The mean over columns of ``1 - error / variance``, that of a category over
            its one-hot columns, with probabilities as their reconstruction: 1 is
            perfect, 0 as good as means and shares.
        """
        check_is_fitted(self)
        sums, n_seen = ErrorSums(), 0
        for rows, of_rows in self._parts(X, condition)[1]:
            own = slice(n_seen, n_seen := n_seen + len(rows))
            weight = None if sample_weight is None else sample_weight[own]
            sums.update(rows, self._reconstruct(rows, of_rows), weight)
        error, variance = (
            np.add.reduceat(part, self._starts) for part in (sums.error, sums.scatter)
        )
        varies = variance > 0
        shares = np.where(varies, 1 - error / np.where(varies, variance, 1), error == 0)
        return float(shares.mean())

    def score_samples(self, X, *, condition=None):
        """Return the negative error of every row, the mean over its columns.

        Parameters
        ----------
        X : data frame or array-like like in `fit`
        condition : array-like or scalar, default=None
            As for `reconstruct`.

        Returns
        -------
        scores : ndarray of shape (n_samples,)
            Of a number the squared error over its variance, of a category the squared
            error of its one-hot columns over theirs in the fit: -1 is about what means
            and shares have. The lower, the more abnormal.
        """
        check_is_fitted(self)

        def scores(X, condition):
            squares = np.square(X - self._reconstruct(X, condition), dtype=np.float64)
            weights = self._error_weights(X)
            return -np.sum(squares * weights, axis=1, where=~np.isnan(X))

        return self._mapped(scores, X, condition)

    def _error_weights(self, X):
        variances = [max(column.variance, LEAST) for column in self._varying]
        present = ~np.isnan(X)
        n_columns = present[:, self._starts].sum(axis=1, keepdims=True)
        return present / np.repeat(variances, self._sizes) / n_columns

    def to_onnx(self, path, *, method="transform", dtype=None):
        """Refuse: ONNX has no tables. See `save`.

        Parameters
        ----------
        path, method, dtype : object

        Raises
        ------
        TypeError
            Always.
        """
        raise TypeError(
            f"{type(self).__name__} encodes tables by what ONNX has no operators for: "
            "use save, which skae.load opens."
        )

    @property
    def _starts(self):
        return np.cumsum([0, *self._sizes[:-1]])

    @property
    def _varying(self):
        """The columns that have a place in the matrix, in its order."""
        pairs = zip(self.encoder_.columns_, self.encoder_.places, strict=True)
        placed = [(place.start, column) for column, place in pairs if column.width]
        return [column for _, column in sorted(placed, key=lambda pair: pair[0])]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags


# Of the cells, where a fit is to learn what to make of missing ones.
SHARE_HIDDEN = 0.3
# Of the cells, where rows would be learnt by heart, and where they are few.
SHARE_SWAPPED, SHARE_SWAPPED_OF_FEW = 0.2, 0.3
# Rows of a step, and those of one where no two steps have the same rows.
BATCH, BATCH_OF_NEW = 64, 256
# Of their errors, there: a category is told long before its probability is 1, while an
# error of a number is never too small to matter.
WEIGHT_OF_NUMBERS = 1.5
# In the loss, of cells that are seen beside those that are hidden, where so large a
# share of the cells or more is missing in the fit.
KEPT_WEIGHT, MANY_MISSING = 0.1, 0.05
# Of probabilities in gaps, what is given to the shares of levels: networks are surer of
# what is missing than they are right.
SHARE_OF_USUAL = 0.2
# Columns that vary less weigh less, lest few rows decide.
LEAST = 0.1

SHARE, AUTO = Interval(Real, 0, 1, closed="left"), StrOptions({"auto"})
TABLE_CONSTRAINTS = {
    "hidden_layer_sizes": ["array-like", str, Integral],
    "activation": [str],
    "linear_path": [StrOptions({"pca"}), None],
    "nested": ["boolean"],
    "categorical_features": ["array-like", StrOptions({"from_dtype"}), None],
    "column_types": [dict, None],
    "max_categories": [Interval(Integral, 2, None, closed="left"), None],
    "handle_unknown": [StrOptions(HANDLE_UNKNOWN)],
    "robust": ["boolean"],
}


def _labelled(table, X):
    """Return a frame of pandas with the labels of the rows of another."""
    if hasattr(X, "iloc") and hasattr(table, "iloc"):
        table.index = X.index
    return table


@ESTIMATORS.register("TabularAutoencoder")
@document_table
class TabularAutoencoder(EnsembleMixin, SwappingMixin, TabularMixin, BaseAutoencoder):
    """Autoencoder of tables with numbers, categories and dates, and with gaps.

    A data frame goes in as it is, and reconstructions are such frames: of the same
    columns, dtypes and categories. Numbers are standardised inside and categories are
    one-hot; the network minimises the mean over columns of

    - the squared error of a number over its variance,
    - the cross-entropy of a category over the entropy of its shares,

    so that each column weighs the same, however many levels it has, or numbers half as
    much again where cells are swapped (`swapping`). Missing cells have no part in it.
    Linear maps beside the hidden layers start as principal components.

    Parameters
    ----------
    n_components : int, default=2
        Size of the code, the latent dimension.
    masking : float in [0, 1) or "auto", default="auto"
        Share of the cells that are hidden while training, at random and in each epoch
        others, and yet count in the loss: what lets `impute` tell a cell by the others
        of its row. The encoder is then told which cells are hidden or missing, whatever
        `missing_indicator` says, and cells of held-out rows are hidden, too. Where
        cells are missing in the fit, hidden ones weigh more than those that are seen:
        ten times as much where 5 percent are missing or more, and less so where fewer
        are. ``"auto"``: 0.3 where cells are missing in the fit, nothing in tables that
        are complete. There, 0.15 makes codes that suit a linear classifier better, at
        the price of worse reconstructions; where cells are missing, 0 makes better
        reconstructions of those that are not. A fit that hides cells, and finds the
        number of epochs, keeps the networks that it finds it with: `impute` fills gaps
        with the mean of all, of numbers and of the probabilities of categories, which
        are drawn by a fifth towards the shares of the levels. Where cells are missing
        in the fit, and it has no condition, the encoder is also given how far numbers
        are through each of eight bins with about as many values, so that what depends
        on a threshold is learnt.
    swapping : float in [0, 1) or "auto", default="auto"
        Share of the cells that are taken from other rows while training, at random and
        in each step others; the rows that come about are what is reconstructed, see
        `skae.noise.SwapNoise`. There are then new rows in every step, so that few rows
        are not learnt by heart: reconstructions of most tables gain, and a fit takes
        longer. Where columns depend on one another so much that a small code nearly
        suffices, such rows are none of the table's, and harm. Rows whose cells do not
        go together are reconstructed better as well, which is not what the search for
        anomalies needs. ``"auto"``: 0.3, or 0.2 from 1,000 rows on, where rows that are
        held out fare better by it than without. That is tried where the fit finds the
        number of epochs, a table has numbers and categories, and at least two columns
        that vary for each unit of the code, no cells are hidden (`masking`), units are
        not `nested`, and rows have no weights; elsewhere no cells are swapped. Cells
        are either swapped or hidden, not both. Where swapped cells are asked for or
        tried and the number of epochs is found, numbers weigh 1.5 times as much; a fit
        that swaps looks through the whole budget then, a `learning_rate` of ``"auto"``
        is twice the usual one, and a `batch_size` of ``"auto"`` is 256; elsewhere it is
        64.
    %(table_parameters)s
    %(missing_indicator)s
    %(training_parameters)s

    Attributes
    ----------
    %(table_attributes)s
    %(attributes)s

    See Also
    --------
    TabularVAE : With likelihoods, and rows drawn from the model.
    DenseAutoencoder : For matrices of numbers.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.datasets import load_wine
    >>> from skae import TabularAutoencoder
    >>> wine = load_wine(as_frame=True)
    >>> X = wine.data.iloc[:, :4].assign(cultivar=wine.target_names[wine.target])
    >>> model = TabularAutoencoder(2, max_epochs=100, random_state=0).fit(X)
    >>> model.columns_
    column             kind         dtype    levels  missing
    alcohol            numeric      float64
    malic_acid         numeric      float64
    ash                numeric      float64
    alcalinity_of_ash  numeric      float64
    cultivar           categorical  str      3
    >>> X_hat = model.reconstruct(X)
    >>> bool((X_hat.dtypes == X.dtypes).all())
    True
    >>> bool((X_hat.cultivar == X.cultivar).mean() > 0.8)
    True
    """

    _parameter_constraints = {
        **BaseAutoencoder._parameter_constraints,
        **TABLE_CONSTRAINTS,
        "masking": [SHARE, AUTO],
        "swapping": [SHARE, AUTO],
        "batch_size": [*BaseAutoencoder._parameter_constraints["batch_size"], AUTO],
    }

    def __init__(
        self,
        n_components=2,
        *,
        hidden_layer_sizes=(64, 64),
        activation="silu",
        linear_path="pca",
        nested=False,
        masking="auto",
        swapping="auto",
        categorical_features="from_dtype",
        column_types=None,
        max_categories=100,
        handle_unknown="missing",
        robust=False,
        missing_indicator=False,
        max_epochs="auto",
        batch_size="auto",
        learning_rate="auto",
        learning_rate_schedule="one_cycle",
        optimizer="adamw",
        weight_decay=0.01,
        max_grad_norm=None,
        early_stopping="auto",
        validation_fraction=0.15,
        n_iter_no_change=10,
        tol=1e-4,
        warm_start=False,
        verbose=False,
        random_state=None,
        device="auto",
        mixed_precision=False,
        compile=False,
        callbacks=None,
    ):
        self._store(locals())

    def _bottleneck(self):
        return PointBottleneck(noise="nested_dropout" if self.nested else None)

    @property
    def _masking(self):
        """Share of the cells that are hidden while training."""
        if self.masking != "auto":
            return self.masking
        swaps = self.swapping not in {"auto", 0}
        return SHARE_HIDDEN if self._share_missing and not swaps else 0

    def _bins(self):
        n_numbers = len(self._sizes) - len(self._categories)
        fills = self._masking and self._share_missing and not self._n_conditions
        return NumberBins(n_numbers) if fills and n_numbers else None

    @property
    def _fills_by_parts(self):
        return self._masking > 0

    def _filling(self, X, condition=None):
        told = super()._filling(X, condition)
        if self._masking:
            usual = self._shares
            told += np.where(np.isnan(usual), 0, SHARE_OF_USUAL * (usual - told))
        return told

    @property
    def _shares(self):
        """Shares of the levels of categories in the fit, NaN for numbers."""
        number = np.array([np.nan])
        return np.concatenate(
            [
                number if isinstance(column, NumberColumn) else column.shares
                for column in self._varying
            ]
        )

    @property
    def _share_missing(self):
        """Share of the cells that are missing in the fit."""
        return self.encoder_.share_missing if hasattr(self, "encoder_") else 0

    @property
    def _tells_gaps(self):
        return self.missing_indicator or self._masking > 0

    @property
    def _usual_swapping(self):
        is_small = self.encoder_.n_rows_ < FEW_ROWS
        return SHARE_SWAPPED_OF_FEW if is_small else SHARE_SWAPPED

    @property
    def _may_swap(self):
        if self._max_epochs != "auto" or self.nested or not hasattr(self, "encoder_"):
            return False
        n_columns = len(self._sizes)
        is_mixed = 0 < len(self._categories) < n_columns
        return is_mixed and not self._masking and 2 * self.n_components <= n_columns

    @property
    def _batch_size(self):
        if self.batch_size != "auto":
            return self.batch_size
        return BATCH_OF_NEW if self._swaps_for_long else BATCH

    def _input_noise(self):
        if self._swapping and self._masking:
            raise ValueError(
                f"masking={self.masking!r} and swapping={self.swapping!r}: cells are "
                "either hidden or swapped, so that one of the two has to be 0."
            )
        if self._swapping:
            return SwapNoise(self._swapping, self._sizes)
        if not self._masking:
            return None
        many = min(1, self._share_missing / MANY_MISSING)
        # Rounded, so that folds with about as many gaps train in one stack.
        kept_weight = round(1 - many * (1 - KEPT_WEIGHT), 1)
        return MaskingNoise(self._masking, self._sizes, kept_weight)

    def _objective(self):
        if not self._categories:
            return Objective(SquaredError())
        may_swap = self._swaps_for_long or (self.swapping == "auto" and self._may_swap)
        of_number = 1 / WEIGHT_OF_NUMBERS if may_swap else 1.0
        spreads = [
            of_number
            if isinstance(column, NumberColumn)
            else max(column.entropy, LEAST)
            for column in self._varying
        ]
        return Objective(ColumnError(self._sizes, spreads))


@ESTIMATORS.register("TabularVAE")
@document_table
class TabularVAE(TabularMixin, GenerativeMixin, BaseAutoencoder):
    """Variational autoencoder of tables: likelihoods, and rows drawn from the model.

    As `TabularAutoencoder`, it takes data frames with numbers, categories, dates and
    missing cells. The objective is the negative evidence lower bound, in nats,

    ``-log p(x | z) + beta * KL(N(mean, var) || N(0, I))``,

    with a normal density for each number, whose variance is its own and the most likely
    one, and the probability of each category. `sample` draws whole rows, with valid
    categories.

    Parameters
    ----------
    n_components : int, default=2
        Size of the code, the latent dimension.
    beta : float or Schedule, default=1.0
        Weight of the divergence: 1 is the evidence lower bound.
    free_bits : float, default=0.0
        Nats per unit that cost nothing.
    sampler : str, Sampler or object, default="prior"
        Where `sample` takes codes from: ``"prior"``, the standard normal,
        ``"gaussian"`` or ``"gmm"``, one normal or a mixture of normals fitted to the
        codes of the training data, or an instance.
    %(table_parameters)s
    %(missing_indicator)s
    %(training_parameters)s

    Attributes
    ----------
    sampler_ : object
        The fitted sampler.
    kl_per_unit_ : ndarray of shape (n_components,)
        Mean divergence of each unit from the prior, in nats.
    active_units_ : ndarray of bool of shape (n_components,)
        Units whose mean varies over the data by more than 0.01.
    decoder_variance_ : ndarray
        Variances of the decoder, by the column of the encoded matrix, 1 for categories.
    %(table_attributes)s
    %(attributes)s

    See Also
    --------
    TabularAutoencoder : Without a distribution of codes.
    VAE : For matrices of numbers, and with other likelihoods.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from skae import TabularVAE
    >>> wine = load_wine(as_frame=True)
    >>> X = wine.data.iloc[:, :4].assign(cultivar=wine.target_names[wine.target])
    >>> model = TabularVAE(2, max_epochs=50, random_state=0).fit(X)
    >>> drawn = model.sample(100, random_state=0)
    >>> list(drawn.columns) == list(X.columns)
    True
    >>> set(drawn.cultivar) <= set(X.cultivar)
    True
    """

    _parameter_constraints = {
        **BaseAutoencoder._parameter_constraints,
        **TABLE_CONSTRAINTS,
        "beta": [Interval(Real, 0, None, closed="left"), Schedule],
        "free_bits": [Interval(Real, 0, None, closed="left")],
        "sampler": [str, HasMethods(["fit", "sample"])],
    }

    def __init__(
        self,
        n_components=2,
        *,
        hidden_layer_sizes=(64, 64),
        activation="silu",
        linear_path="pca",
        beta=1.0,
        free_bits=0.0,
        nested=False,
        sampler="prior",
        categorical_features="from_dtype",
        column_types=None,
        max_categories=100,
        handle_unknown="missing",
        robust=False,
        missing_indicator=False,
        max_epochs="auto",
        batch_size=64,
        learning_rate="auto",
        learning_rate_schedule="one_cycle",
        optimizer="adamw",
        weight_decay=0.01,
        max_grad_norm=None,
        early_stopping="auto",
        validation_fraction=0.15,
        n_iter_no_change=10,
        tol=1e-4,
        warm_start=False,
        verbose=False,
        random_state=None,
        device="auto",
        mixed_precision=False,
        compile=False,
        callbacks=None,
    ):
        self._store(locals())

    def sample(self, n_samples=1, random_state=None, *, noise=True, condition=None):
        """Generate rows of a table: codes from the sampler, decoded.

        Parameters
        ----------
        n_samples : int, default=1
            How many.
        random_state : int, RandomState instance or None, default=None
            Source of the draws.
        noise : bool, default=True
            Whether to draw cells from the decoder's densities, rather than to return
            means and the most probable categories.
        condition : array-like or scalar, default=None
            What the rows are to be like, one value for each or for all, where the
            model was fitted with a condition.

        Returns
        -------
        X : data frame or array, as in `fit`
            With categories that were in the fit. With `noise` numbers have as many
            digits behind the point as those in the fit.
        """
        return super().sample(n_samples, random_state, noise=noise, condition=condition)

    def _drawn_rows(self, X):
        if self._reads_matrices:
            return super()._drawn_rows(X)
        return self.encoder_.decoded([X], as_seen=True)

    def _bottleneck(self):
        return GaussianBottleneck("nested_dropout" if self.nested else None)

    def _objective(self):
        kl = KLDivergence(self.beta, free_bits=self.free_bits)
        return Objective(self._likelihood(), [("kl", kl)])

    def _likelihood(self):
        normal, categories = GaussianLikelihood(per_feature=True), self._categories
        if not categories:
            return normal
        n_numbers = len(self._sizes) - len(categories)
        parts = [(sum(categories), CategoricalLikelihood(categories))]
        return ColumnLikelihood([(n_numbers, normal), *parts] if n_numbers else parts)
