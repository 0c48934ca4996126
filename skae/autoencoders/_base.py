"""The estimator contract: one skorch net behind scikit-learn's transformer API."""

from abc import ABC, abstractmethod
from copy import copy
from functools import partial
from inspect import signature
from numbers import Integral, Real

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.utils import check_array, check_random_state
from sklearn.utils.metadata_routing import UNUSED
from sklearn.utils.validation import check_is_fitted

from skae._arrays import FLOATS, array_like, as_target, stored
from skae._sklearn import Interval, StrOptions, fit_context, get_output_config
from skae.autoencoders._building import BuildingMixin
from skae.autoencoders._changes import parameters_of_parts, refuse_other_network
from skae.autoencoders._conditions import ConditionMixin
from skae.autoencoders._data import SAMPLE_ROWS, EventDataMixin
from skae.autoencoders._docs import document
from skae.autoencoders._ends import EndMixin
from skae.autoencoders._impute import ImputeMixin
from skae.autoencoders._length import Length, LengthMixin
from skae.autoencoders._notebook import NotebookMixin
from skae.autoencoders._parameters import ParameterMixin
from skae.autoencoders._rows import evenly_spaced, float_dtype
from skae.autoencoders._running import RunningMixin
from skae.autoencoders._saving import SavingMixin
from skae.autoencoders._suitability import SuitabilityMixin
from skae.bottlenecks import PointBottleneck
from skae.metrics import ErrorSums, row_errors
from skae.objectives import RECONSTRUCTIONS, Objective
from skae.shapes import has_ended
from skae.training._callbacks import TaskPerEpoch
from skae.training._devices import resolve_device, torch_dtype
from skae.training._guests import check_callbacks
from skae.training._inference import map_rows
from skae.training._learning_rate import LEARNING_RATE_SCHEDULES
from skae.training._limits import check_size
from skae.training._missing import feature_means
from skae.training._optimizers import get_optimizer

__all__ = ["BaseAutoencoder", "document"]


class BaseAutoencoder(
    ParameterMixin,
    NotebookMixin,
    BuildingMixin,
    LengthMixin,
    SuitabilityMixin,
    RunningMixin,
    EndMixin,
    ConditionMixin,
    ImputeMixin,
    EventDataMixin,
    SavingMixin,
    CallbackSupportMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    BaseEstimator,
    ABC,
):
    """Base class of autoencoders: validation, training, prediction.

    A subclass has parameters and says which parts they describe (`_network`,
    `_bottleneck`, `_objective`).

    Examples
    --------
    The least that a class of one's own defines:

    >>> from sklearn.datasets import load_iris
    >>> from skae.autoencoders import BaseAutoencoder
    >>> from skae.networks import DenseNetwork
    >>> class LinearAutoencoder(BaseAutoencoder):
    ...     def __init__(
    ...         self,
    ...         n_components=2,
    ...         *,
    ...         max_epochs="auto",
    ...         batch_size=64,
    ...         learning_rate=1e-2,
    ...         learning_rate_schedule="one_cycle",
    ...         optimizer="adam",
    ...         weight_decay=0.0,
    ...         max_grad_norm=None,
    ...         early_stopping="auto",
    ...         validation_fraction=0.15,
    ...         n_iter_no_change=10,
    ...         tol=1e-4,
    ...         warm_start=False,
    ...         verbose=False,
    ...         random_state=None,
    ...         device="auto",
    ...         mixed_precision=False,
    ...         compile=False,
    ...         callbacks=None,
    ...     ):
    ...         self._store(locals())
    ...
    ...     def _network(self):
    ...         return DenseNetwork(())
    >>> LinearAutoencoder(random_state=0).fit_transform(load_iris().data).shape
    (150, 2)
    """

    _parameter_constraints = {
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "missing_indicator": ["boolean"],
        "max_epochs": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
        ],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "learning_rate": [
            Interval(Real, 0, None, closed="neither"),
            StrOptions({"auto"}),
        ],
        "learning_rate_schedule": [
            StrOptions({"constant", "plateau", *LEARNING_RATE_SCHEDULES})
        ],
        "optimizer": [str, type],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "max_grad_norm": [Interval(Real, 0, None, closed="neither"), None],
        "early_stopping": ["boolean", StrOptions({"auto", "refit"})],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "warm_start": ["boolean"],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
        "device": [str],
        "mixed_precision": ["boolean"],
        "compile": ["boolean"],
        "callbacks": [list, tuple, None],
    }

    #: Whether the encoder is told which entries are missing, by default.
    missing_indicator = False

    def __init_subclass__(cls, **kwargs):
        """Keep the signature of ``__init__``, which each clone asks for three times."""
        super().__init_subclass__(**kwargs)
        if "__init__" in vars(cls):
            cls.__init__.__signature__ = signature(cls.__init__)

    def _store(self, parameters):
        """Store the arguments of ``__init__``, given its `locals`."""
        del parameters["self"]
        vars(self).update(parameters)

    def set_params(self, **params):
        """Set parameters, those of parts as ``part__parameter``.

        Parameters
        ----------
        **params : dict
            By name.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            When there is no such parameter, or its part is given by a name.
        """
        for key in params:
            name, nested, _ = key.partition("__")
            part = params.get(name, getattr(self, name, None))
            if nested and isinstance(part, str):
                raise ValueError(
                    f"{key} sets a parameter of {name}={part!r}, a name that stands "
                    f"for the part with its defaults: pass an instance as {name}."
                )
        return super().set_params(**params)

    def __sklearn_clone__(self):
        """Return a clone with the same callbacks, which a fit makes its own copies of.

        Many hold what cannot be copied, as writers of logs.
        """
        if not self.callbacks:
            return super().__sklearn_clone__()
        bare = copy(self)
        bare.callbacks = None
        cloned = BaseEstimator.__sklearn_clone__(bare)
        cloned.callbacks = copy(self.callbacks)
        return cloned

    # What a subclass describes

    @abstractmethod
    def _network(self):
        """Return the `Network` that the parameters describe."""

    def _bottleneck(self):
        """Return the `Bottleneck` that the parameters describe."""
        return PointBottleneck()

    def _objective(self):
        """Return the `Objective` that the parameters describe."""
        return Objective()

    def _input_noise(self):
        """Return the `Noise` on the input, if any."""
        return None

    @property
    def _tells_gaps(self):
        """Whether the encoder is told which entries are missing."""
        return self.missing_indicator

    @property
    def _term(self):
        """The reconstruction term of the objective."""
        return RECONSTRUCTIONS.resolve(self._objective().reconstruction)

    # Fitting

    # scikit-learn passes weights on to those that ask for them. They are no argument of
    # `fit` by name, which would claim that a weight of two is a row given twice: that
    # holds for the loss, but batches and draws differ.
    __metadata_request__fit = {"sample_weight": None}
    __metadata_request__partial_fit = {"sample_weight": None}
    __metadata_request__inverse_transform = {"Z": UNUSED}

    @with_callbacks
    @fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X,
        y=None,
        *,
        X_val=None,
        y_val=None,
        condition=None,
        condition_val=None,
        **metadata,
    ):
        """Train the autoencoder.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), or torch Dataset
            Training data; for sequence estimators also
            ``(n_samples, n_timesteps, n_channels)``, or a list of arrays of shape
            ``(n_timesteps, n_channels)`` and of different lengths. A `numpy.memmap` and
            a `torch.utils.data.Dataset`, whose items are rows or tuples that begin with
            one, are read batch by batch and need not fit into memory. Whole numbers
            are trained on in float32, in float64 if they exceed 16,777,216. Sparse
            matrices become dense batch by batch, where rows are tables. NaN are
            missing values: they count nowhere, and the encoder is given the means that
            their features have in these rows.
        y : array-like like `X`, or torch Dataset, default=None
            Clean rows of noisy ones, for denoising: in the very shape of `X`, they are
            what reconstructions are compared with in place of `X`. Sequences have to
            end where those in `X` do. A pipeline transforms `X` and leaves `y` as it
            is, so scale clean rows beforehand as the pipeline scales noisy ones. Of any
            other shape, as labels, it is ignored.
        X_val : like `X`, default=None
            Validation data, whose loss is recorded every epoch and which early
            stopping uses in place of a split of `X`. In a pipeline, the steps before do
            not transform them unless metadata routing is enabled, with
            ``set_fit_request(X_val=True)`` and
            ``Pipeline(..., transform_input=["X_val"])``.
        y_val : like `y`, default=None
            Clean rows of `X_val`, needed where `y` has those of `X`.
        condition : array-like of shape (n_samples,) or (n_samples, n_conditions), \
default=None
            Covariates, as batch or age, that codes are to be freed of: encoder and
            decoder are told, so that a code need not. In one dimension, strings,
            whole numbers or objects are labels; in two, numbers. A model that is
            fitted with a condition asks for it in all of its methods. In a pipeline,
            enable metadata routing and call ``set_fit_request(condition=True)``,
            ``set_transform_request(condition=True)`` and
            ``set_score_request(condition=True)``.
        condition_val : like `condition`, default=None
            That of the rows of `X_val`.
        **metadata : dict
            ``sample_weight``, array-like of shape (n_samples,): weights of the rows in
            the loss. In a pipeline, pass it as ``<step>__sample_weight``, or enable
            metadata routing and call ``set_fit_request(sample_weight=True)``.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            When `warm_start` is set and parameters describe another network than the
            one to go on with. When a row has no value at all. When `y` holds clean rows
            and `y_val` does not. When a condition is missing in some rows, or is not
            one value for each.

        Warns
        -----
        ConvergenceWarning
            When training has diverged (see `diverged_`): the last good weights are
            kept and nothing is raised, so that a search goes on. Or when the fit ends
            with a worse reconstruction than the mean of the rows.
        DimensionWarning
            When codes have more units than rows have features, and neither noise nor a
            penalty keeps them from copying the rows.
        OutOfRangeWarning
            When a bounded output activation cannot reach the data.
        ScaleWarning
            When variances of features differ by more than a factor of 1000, or nearly
            constant ones carry more than a tenth of the variance. Of the fits that a
            search compares, one says so, as it does of a reconstruction worse than the
            mean; in worker processes, one of each process.
        UserWarning
            When `X_val`, or a `y` of clean rows, is on another scale than `X`. When a
            feature has no value at all: it is taken for zeros, which count nowhere.

        Examples
        --------
        Rows of two batches, and what those of the first were in the second:

        >>> import numpy as np
        >>> from sklearn.datasets import load_iris
        >>> from skae import VAE
        >>> batch = np.array(["A", "B"])[np.arange(150) % 2]
        >>> X = load_iris().data + 5 * (batch == "B")[:, None]
        >>> model = VAE(2, max_epochs=20, random_state=0).fit(X, condition=batch)
        >>> Z = model.transform(X, condition=batch)
        >>> moved = model.inverse_transform(Z, condition="B")[batch == "A"]
        >>> (moved - X[batch == "A"]).mean(axis=0).round(1)
        array([5., 5., 5., 5.])
        """
        check_callbacks(self.callbacks or ())
        goes_on = self.warm_start and hasattr(self, "net_")
        if goes_on:
            self._go_on()
        else:
            self._begin_anew()
        weight = _weight_in(metadata)
        data = self._training_data(X, y, weight, condition, reset=not goes_on)
        self._note_empty(data)
        self._check_target(data)
        data_val = self._validation_data(X_val, y_val, condition_val, data)
        self._check_objective(data, data_val)
        if not goes_on:
            self._note_lengths(data, data_val)
            self._draw_seed()
        rows, rows_val = self._split(data.rows, data_val, goes_on)
        length = self._length(data, rows_val, goes_on)
        if not goes_on:
            self._start(data, rows)
            length = self._slowed(length, rows_val)
        context = self._init_callback_context(max_subtasks=length.last)
        context.call_on_fit_task_begin(estimator=self, X=data.X, y=data.target)
        self._train(data, rows, rows_val, length, context)
        self._mend(data, length)
        if self.early_stopping == "refit" and data_val is None and not goes_on:
            self._refit(data, length)
        self._finish(data.X, data.weight, data.condition)
        context.call_on_fit_task_end(
            estimator=self, X=data.X, y=data.target, reconstruction_attributes={}
        )
        return self

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y=None, *, condition=None, **metadata):
        """Train for one epoch more on some rows.

        The first call builds the network, later ones go on from its weights, with the
        objective and the optimiser that parameters describe by then. Early stopping and
        learning-rate schedules have no part in it.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), or torch Dataset
            Training data, as for `fit`.
        y : array-like like `X`, or torch Dataset, default=None
            Clean rows, or labels that are ignored, as for `fit`.
        condition : array-like, default=None
            As for `fit`. Labels are known from the first call, and numbers
            standardised as in it.
        **metadata : dict
            ``sample_weight``, as for `fit`.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            When parameters describe another network than that of the first call.
        """
        first = not hasattr(self, "net_")
        if first:
            self._begin_anew()
        else:
            self._go_on()
        data = self._training_data(X, y, _weight_in(metadata), condition, reset=first)
        self._check_objective(data)
        if first:
            self._note_lengths(data)
            self._draw_seed()
            self._start(data, data.rows)
        length = Length(self._rate, 1, 1)
        return self._run(data.rows, None, length, scheduled=False)

    def _begin_anew(self):
        """Forget what an earlier fit has found."""
        for name in ("net_", "_augments"):
            vars(self).pop(name, None)

    def _go_on(self):
        """Let the net follow what was set since, or refuse what it cannot follow."""
        refuse_other_network(self, self._built_with)
        self.net_.follow(
            self._objective().build(self._bottleneck()),
            *get_optimizer(self.optimizer, self.weight_decay),
            resolve_device(self.device),
        )

    def _draw_seed(self):
        """Draw the seed of a fit; the only place where `random_state` is consumed."""
        self._seed = int(
            check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
        )

    def _start(self, data, rows):
        """Build the net with its initial weights, those that some of the rows give.

        Rows that are held out have no part in them, or they would be known from the
        start.
        """
        device = resolve_device(self.device)
        events, targets, conditions = self._sample(data, rows)
        event_shape, dtype = events.shape[1:], torch_dtype(events.dtype, device)
        self._warn_overcomplete(event_shape)
        check_size(partial(self._build_module, event_shape, self._bottleneck()), dtype)
        self._build_net(event_shape, dtype, device)
        self._built_with = parameters_of_parts(self, TRAINING_PARAMETERS)
        self.net_.means_ = feature_means(events)
        self._fit_indicator(events, data.rows.end_early)
        given = events if targets is None else targets
        if data.rows.has_missing:
            events, targets = (
                None if part is None else self._completed(part, data.rows.end_early)
                for part in (events, targets)
            )
        self._initialize(events, targets, conditions)
        self._start_dispersion(given)

    def _sample(self, data, rows):
        """Return events, targets and conditions of up to `SAMPLE_ROWS` rows.

        All but the events may be None.
        """
        size = min(SAMPLE_ROWS, rows.source.sample_rows)
        if rows is data.rows:
            X, y, condition = (
                None if part is None else evenly_spaced(part, size)
                for part in (data.X, data.y, data.condition)
            )
            X, y = (None if part is None else self._as_events(part) for part in (X, y))
        else:
            X, _, y, condition = (
                None if part is None else part.numpy() for part in rows.sample(size)
            )
        return X.astype(float_dtype(data.X), copy=False), y, condition

    def _train(self, data, rows, rows_val, length, context):
        self._warn_out_of_range(data.target)
        self._warn_scales(data.target)
        observers = []
        if getattr(self, "_skl_callbacks", None):
            observers.append(TaskPerEpoch(context, self, data.X, data.target))
        self._run(rows, rows_val, length, observers)

    def _finish(self, X, weight=None, condition=None):
        """Do what a fitted model needs besides its weights; by default nothing.

        Parameters
        ----------
        X : ndarray
            Validated rows of the fit.
        weight : ndarray of shape (n_samples,) or None
            Their weights.
        condition : ndarray of shape (n_samples, n_conditions) or None
            The vectors of their conditions.
        """

    # Predicting

    __metadata_request__transform = {"out": UNUSED}

    def fit_transform(self, X, y=None, *, condition=None, **fit_params):
        """Fit to the rows of `X` and return their codes.

        Parameters
        ----------
        X, y, condition
            As for `fit`.
        **fit_params : dict
            What else `fit` takes.

        Returns
        -------
        Z : ndarray of shape (n_samples, n_components)
        """
        # subclasses may have a `transform` of their own that takes none
        given = {} if condition is None else {"condition": condition}
        return self.fit(X, y, **given, **fit_params).transform(X, **given)

    def transform(self, X, *, out=None, condition=None):
        """Return the codes of `X`: deterministic, without noise.

        Parameters
        ----------
        X : array-like like in `fit`
        out : ndarray of shape (n_samples, n_components) or None, default=None
            What to write the codes into, of a floating dtype: with a writable memory
            map, neither rows nor codes need fit into memory. By default a new array.
        condition : array-like or scalar, default=None
            The rows' condition, one value for each or for all, where the model was
            fitted with one.

        Returns
        -------
        Z : ndarray of shape (n_samples, n_components)
            In the floating dtype of `X`; that of the network for whole numbers. `out`,
            where it is given.

        Raises
        ------
        ValueError
            When `out` has another shape, is read-only, or a data frame is asked for
            (`set_output`). When the model was fitted with a condition and none is
            given, or the reverse, or a label was not in the fit.
        TypeError
            When `out` is no array of a floating dtype.
        """
        check_is_fitted(self)
        container = get_output_config("transform", self)["dense"]
        if out is not None and container != "default":
            raise ValueError(
                f"out= is written into and set_output(transform={container!r}) asks "
                "for a new data frame: go without one of them."
            )
        return self._mapped(self._codes, X, condition, out)

    def inverse_transform(self, Z, *, condition=None):
        """Return the rows that codes stand for.

        Parameters
        ----------
        Z : array-like of shape (n_samples, n_components)
            Codes.
        condition : array-like or scalar, default=None
            What the rows are to be like, one value for each or for all, where the
            model was fitted with a condition: codes of rows of one batch, decoded as
            those of another, are what the rows would have been there.

        Returns
        -------
        X_hat : ndarray of shape (n_samples, ...)
            With the dimensions of the data seen in `fit`.
        """
        check_is_fitted(self)
        return self._given_form(self._decoded(Z, condition))

    def _decoded(self, Z, condition):
        """Return the rows that codes stand for, an array."""
        Z = check_array(array_like(Z, "inverse_transform"), dtype=FLOATS)
        if Z.shape[1] != self._n_features_out:
            raise ValueError(
                f"Z has {Z.shape[1]} columns, but {type(self).__name__} was fitted "
                f"with n_components={self._n_features_out}."
            )
        module, condition = self.net_.module_, self._given_condition(condition, len(Z))

        def decode(z, condition):
            return module.decode(z, condition=condition)

        X_hat = map_rows(decode, Z, module, condition)
        return X_hat.reshape(len(Z), *self.input_shape_)

    def reconstruct(self, X, *, condition=None):
        """Return the reconstructions of `X`, ``inverse_transform(transform(X))``.

        Parameters
        ----------
        X : array-like like in `fit`
        condition : array-like or scalar, default=None
            The rows' condition, one value for each or for all, where the model was
            fitted with one.

        Returns
        -------
        X_hat : ndarray like `X`
            With NaN where sequences in `X` have ended, and with values where entries
            are missing; `impute` keeps those that are observed.
        """
        check_is_fitted(self)
        return self._given_form(self._mapped(self._reconstruct, X, condition))

    def _given_form(self, X):
        """Return reconstructed rows in the form that users have given; by default so.

        Parameters
        ----------
        X : ndarray of shape (n_samples, ...)
        """
        return X

    def score(self, X, y=None, sample_weight=None, *, condition=None):
        """Return the share of the variance of `X` that its reconstruction explains.

        Parameters
        ----------
        X : array-like like in `fit`
        y : array-like like `X`, default=None
            Clean rows of noisy ones: in the very shape of `X`, it is their variance
            that is to be explained. Of any other shape, as labels, it is ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.
        condition : array-like or scalar, default=None
            The rows' condition, one value for each or for all, where the model was
            fitted with one.

        Returns
        -------
        score : float
            R2 over all features together, without a unit: 1 is perfect, 0 is as good
            as the mean of `X`. See `skae.metrics.variance_explained`.
        """
        check_is_fitted(self)
        sums, n_seen = ErrorSums(), 0
        n_rows, parts = self._parts(X, condition)
        y = None if y is X else stored(y)
        for rows, condition in parts:
            if not n_seen and y is not None:
                n_rows = len(X) if n_rows is None and hasattr(X, "__len__") else n_rows
                y = as_target(y, (n_rows, *rows.shape[1:]))
            of_part = slice(n_seen, n_seen + len(rows))
            target = rows if y is None else y[of_part]
            weight = None if sample_weight is None else sample_weight[of_part]
            sums.update(target, self._reconstruct(rows, condition), weight)
            n_seen += len(rows)
        return sums.variance_explained()

    def score_samples(self, X, *, condition=None):
        """Return the negative mean squared reconstruction error of every row.

        Parameters
        ----------
        X : array-like like in `fit`
        condition : array-like or scalar, default=None
            The rows' condition, one value for each or for all, where the model was
            fitted with one.

        Returns
        -------
        scores : ndarray of shape (n_samples,)
            In squared units of `X`; the lower, the more abnormal, as everywhere in
            scikit-learn.
        """
        check_is_fitted(self)

        def scores(X, condition):
            return -row_errors(X, self._reconstruct(X, condition))

        return self._mapped(scores, X, condition)

    def _error_weights(self, X):
        """Return what squared errors of entries count in those of `score_samples`.

        Parameters
        ----------
        X : ndarray of shape (n_samples, ...)
            Validated rows; a missing entry counts nothing.
        """
        present = ~np.isnan(X)
        n_present = present.sum(axis=tuple(range(1, X.ndim)), keepdims=True)
        return present / n_present

    def _codes(self, X, condition=None):
        module = self.net_.module_
        return self._map(lambda x, c: module.encode(x, None, c).mean, X, condition)

    def _reconstruct(self, X, condition=None):
        module = self.net_.module_
        X_hat = self._map(lambda x, c: module(x, None, c)[0], X, condition)
        X_hat = X_hat.reshape(X.shape)
        if self._holds_sequences(X) and np.isnan(X).any():
            X_hat[has_ended(self._as_events(X)).reshape(X.shape)] = np.nan
        return X_hat

    @property
    def _n_features_out(self):
        return self.net_.module_.bottleneck.mean.out_features

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        tags.input_tags.three_d_array = self._network().takes_sequences
        tags.input_tags.sparse = self._takes_sparse
        tags.input_tags.allow_nan = True
        tags.non_deterministic = False
        return tags


PARAMETERS_OF_PARTS = {"n_components", "missing_indicator"}
TRAINING_PARAMETERS = BaseAutoencoder._parameter_constraints.keys() - (
    PARAMETERS_OF_PARTS
)


def _weight_in(metadata):
    """Return the weights of the rows among what `fit` is given besides."""
    unknown = metadata.keys() - {"sample_weight"}
    if unknown:
        raise TypeError(
            f"fit takes no {', '.join(map(repr, sorted(unknown)))}: of metadata it "
            "takes 'sample_weight'."
        )
    return metadata.get("sample_weight")
