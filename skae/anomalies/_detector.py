"""The detector: rows that a model reconstructs badly, with a stated error rate."""

from numbers import Integral, Real

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, MetaEstimatorMixin, OutlierMixin, clone
from sklearn.model_selection import KFold, ShuffleSplit, check_cv
from sklearn.utils import check_array, check_random_state, check_scalar, get_tags
from sklearn.utils.validation import check_is_fitted, validate_data

from skae._arrays import padded
from skae._finder import leaves
from skae._notices import once, warn
from skae._sklearn import (
    HasMethods,
    Interval,
    StrOptions,
    fit_context,
    num_samples,
    safe_indexing,
)
from skae.anomalies._conformal import (
    conformal_p_values,
    conformal_threshold,
    discoveries,
    rows_needed,
)
from skae.anomalies._default import default_estimator
from skae.anomalies._rows import Parts, RowReader, has_likelihood, spread_of
from skae.anomalies._scores import SCORES
from skae.autoencoders import DenseAutoencoder
from skae.persistence import save
from skae.persistence._classes import named_in_files
from skae.preprocessing import SlidingWindow
from skae.stacking import fit_stack

__all__ = ["ReconstructionDetector"]

# Rows are left out of training beyond this many interquartile ranges, and at most this
# share of them.
FAR_OUT, MOST_TRIMMED = 2.5, 0.1
N_ROUNDS = 2


@named_in_files
class ReconstructionDetector(OutlierMixin, MetaEstimatorMixin, BaseEstimator):
    """Anomaly detector with a stated share of false alarms, around an autoencoder.

    An autoencoder is trained on rows that are usual, and a row is abnormal where its
    reconstruction or its code is unlike theirs. How unlike is measured on rows that the
    model was not trained on: the share of them with a score at least as high is the
    row's p-value (conformal prediction), and an alarm is a p-value of at most `level`.
    Of rows that come from where the training rows do, a share of about `level` is
    alarmed falsely, whatever their distribution and however good the model; no guess of
    the share of anomalies is needed.

    Parameters
    ----------
    estimator : estimator or None, default=None
        What reconstructs: any autoencoder of skae, `sklearn.decomposition.PCA`, or a
        pipeline with one of them. It is cloned. By default a `DenseAutoencoder` of
        standardised rows, with as many units as principal components have 95 % of the
        variance; of sequences an `LSTMAutoencoder`, of images a convolutional one,
        which take longer (flattened windows are rows); for data frames with columns of
        text, a `TabularAutoencoder`.
    level : float, default=0.05
        Share of false alarms among usual rows. Raising it finds more anomalies, and
        alarms more usual rows.
    contamination : float or None, default=None
        For those who know it: the share of training rows to be alarmed, as in
        scikit-learn's detectors, in place of `level`. P-values stay what they are.
    measure : {"combined", "standardized", "squared", "code", "likelihood"}, \
default="combined"
        What is measured of a row, in the units that the autoencoder sees:

        - ``"squared"``: the mean squared error over features.
        - ``"standardized"``: the same, each feature in units of the spread of its
          held-out errors, so that a noisy feature does not drown others.
        - ``"code"``: the squared Mahalanobis distance of the code from those of the
          training rows, by unit. It finds what is reconstructed well, far away.
        - ``"likelihood"``: the negative log-likelihood of a generative model, in nats:
          the evidence lower bound of a variational autoencoder, the density of
          probabilistic PCA.
        - ``"combined"``: standardised error and code distance as one distance, its
          logarithm, and how far out in their tails single features are. Around a
          `TabularAutoencoder`, a category that no training row has is a sign by
          itself, the stronger, the seldomer new ones come up in its column; the other
          measures take it for a missing cell.
    calibration : {"cross", "split"}, default="cross"
        Where rows come from that the model was not trained on. ``"cross"``: a model is
        trained for each of the folds of `cv` on the other folds, so that every row
        calibrates; new rows have the mean of their scores under these models.
        ``"split"``: one model, and a share of `calibration_size` of the rows is set
        apart, which is faster, and exact: its rate is above `level` by chance only.
    cv : int, cross-validation splitter or iterable, default=5
        Folds of ``"cross"``, or pairs of the rows to train on and to measure. For
        windows that overlap, or rows that resemble their neighbours, a
        `~skae.model_selection.ContiguousKFold` with its `gap`.
    calibration_size : float, default=0.3
        Share of the rows that ``"split"`` sets apart.
    trim : float or "auto", default="auto"
        Largest share of the training rows that models are trained without, those of
        the highest held-out scores: anomalies among them shall not be learned.
        ``"auto"`` leaves out what is beyond the third quartile by more than two and a
        half interquartile ranges, at most a tenth. They still calibrate, so the rate
        holds. 0 trains on all rows, in half the time.
    random_state : int, RandomState instance or None, default=None
        Seed of the folds, and of models that have none of their own.

    Attributes
    ----------
    estimator_ : estimator
        Fitted to all rows that are not trimmed, for codes and reconstructions; with
        ``"split"`` the one that scores are made by.
    readers_ : list of RowReader
        The models that scores are made by, one for each fold.
    offset_ : float
        ``decision_function = score_samples - offset_``. Minus infinity where `level`
        cannot be reached.
    calibration_scores_ : ndarray of shape (n_calibration,)
        Held-out scores in order, the higher, the more abnormal.
    held_out_scores_ : ndarray of shape (n_samples,)
        Score of each training row under a model that was not trained on it; NaN where
        there is none.
    is_trimmed_ : ndarray of bool of shape (n_samples,)
        Training rows that models were trained without.
    spread_ : ndarray of shape (n_entries,)
        Spread of held-out errors, by the entry of a row as the autoencoder sees it.
    n_features_in_ : int
        Columns of the data in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, where the data are a frame with string columns.

    See Also
    --------
    find_episodes : Alarms of windows on the time axis.
    drift_test : Whether a whole batch of rows has changed.

    Notes
    -----
    A p-value is at least ``1 / (n + 1)`` for n calibrating rows, so a level of 0.01
    needs 99 of them; `fit` warns where there are fewer, and no row is then alarmed.
    Usual rows have to be like the training rows: if these have drifted, so has the
    rate. Anomalies among the training rows make alarms fewer, never more.

    With ``"split"``, ``P(p <= level) <= level`` holds in finite samples (Vovk et al.,
    2005). Scores of several models are no longer exchangeable in the strict sense, as
    in cross-conformal prediction and the jackknife+ (Barber et al., 2021); what is
    measured stays at the level, and rates spread less from fit to fit as all rows
    calibrate.

    References
    ----------
    Bates, Candes, Lei, Romano & Sesia (2023), "Testing for outliers with conformal
    p-values", arXiv:2104.08279. Barber, Candes, Ramdas & Tibshirani (2021), "Predictive
    inference with the jackknife+", arXiv:1905.02928. Li et al. (2022), "ECOD",
    arXiv:2201.00382, for tails of single features.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.decomposition import PCA
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skae import ReconstructionDetector
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> benign, malignant = X[y == 1], X[y == 0]
    >>> pipeline = make_pipeline(StandardScaler(), PCA(15))
    >>> detector = ReconstructionDetector(pipeline, level=0.05, random_state=0)
    >>> detector = detector.fit(benign[:250])
    >>> bool((detector.predict(benign[250:]) == -1).mean() < 0.1)
    True
    >>> bool((detector.predict(malignant) == -1).mean() > 0.7)
    True
    """

    _parameter_constraints = {
        "estimator": [HasMethods(["fit"]), None],
        "level": [Interval(Real, 0, 1, closed="neither")],
        "contamination": [Interval(Real, 0, 0.5, closed="right"), None],
        "measure": [StrOptions(set(SCORES))],
        "calibration": [StrOptions({"cross", "split"})],
        "cv": ["cv_object"],
        "calibration_size": [Interval(Real, 0, 1, closed="neither")],
        "trim": [Interval(Real, 0, 0.5, closed="left"), StrOptions({"auto"})],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator=None,
        *,
        level=0.05,
        contamination=None,
        measure="combined",
        calibration="cross",
        cv=5,
        calibration_size=0.3,
        trim="auto",
        random_state=None,
    ):
        self.estimator = estimator
        self.level = level
        self.contamination = contamination
        self.measure = measure
        self.calibration = calibration
        self.cv = cv
        self.calibration_size = calibration_size
        self.trim = trim
        self.random_state = random_state

    # Fitting

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None):
        """Train the models, and measure the scores of rows held out from them.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), or as the estimator takes it
            Training rows, most of them usual: arrays, sequences of shape
            ``(n_samples, n_timesteps, n_channels)``, data frames.
        y : None
            Ignored.

        Returns
        -------
        self : ReconstructionDetector

        Raises
        ------
        ValueError
            When there are too few rows for the folds; when the measure is a likelihood
            and the estimator is no generative model; when the estimator cuts windows.

        Warns
        -----
        UserWarning
            When there are too few rows for a p-value to reach `level`.
        """
        with once():
            return self._fit(self._checked(X, reset=True))

    def _fit(self, X):
        rng = check_random_state(self.random_state)
        template = self._template(X, rng)
        folds = self._folds(X, rng)
        kept = np.ones(num_samples(X), dtype=bool)
        for is_last in [False] * N_ROUNDS + [True]:
            self._fit_folds(template, X, folds, kept)
            before, kept = kept, self._usual()
            if is_last or (kept == before).all():
                break
        self.is_trimmed_ = ~before
        if self.calibration == "split":
            self.estimator_ = self.readers_[0].estimator
        else:
            (self.estimator_,) = self._fitted(template, X, [before])
        self._set_offset(X)
        return self

    def _template(self, X, rng):
        """Return the estimator to clone, with a seed wherever it has none."""
        template = default_estimator(X) if self.estimator is None else self.estimator
        template = clone(template)
        _check_template(template, self.measure)
        seed = int(rng.randint(np.iinfo(np.int32).max))
        unseeded = {
            name: seed
            for name, value in template.get_params(deep=True).items()
            if name.rpartition("__")[2] == "random_state" and value is None
        }
        return template.set_params(**unseeded)

    def _folds(self, X, rng):
        """Return the rows that each model is trained on and measured on."""
        n = num_samples(X)
        seed = int(rng.randint(np.iinfo(np.int32).max))
        if self.calibration == "split":
            cv = ShuffleSplit(1, test_size=self.calibration_size, random_state=seed)
        elif isinstance(self.cv, Integral):
            _check_rows(n, self.cv)
            cv = KFold(self.cv, shuffle=True, random_state=seed)
        else:
            cv = check_cv(self.cv)
        return list(cv.split(np.zeros((n, 1))))

    def _fit_folds(self, template, X, folds, kept):
        """Train a model for each fold, and measure the rows held out from it."""
        trained = [train[kept[train]] for train, _ in folds]
        models = self._fitted(template, X, trained)
        likelihood = self.measure == "likelihood"
        self.readers_ = [
            RowReader(model, likelihood).fit(safe_indexing(X, rows))
            for model, rows in zip(models, trained, strict=True)
        ]
        parts = [
            reader.read(safe_indexing(X, test))
            for reader, (_, test) in zip(self.readers_, folds, strict=True)
        ]
        tested = np.concatenate([test for _, test in folds])
        self.spread_ = spread_of(Parts.joined(parts).errors[kept[tested]])
        scores = map(self._scores, self.readers_, parts)
        self.held_out_scores_ = np.full(num_samples(X), np.nan)
        self.held_out_scores_[tested] = np.concatenate(list(scores))

    def _fitted(self, template, X, trained):
        models = [clone(template) for _ in trained]
        return fit_stack(models, [safe_indexing(X, rows) for rows in trained])

    def _usual(self):
        """Return which rows are to be trained on, by their held-out scores."""
        scores = self.held_out_scores_
        if self.trim == "auto":
            lower, upper, most = np.nanquantile(scores, [0.25, 0.75, 1 - MOST_TRIMMED])
            return ~(scores > max(upper + FAR_OUT * (upper - lower), most))
        return ~(scores > np.nanquantile(scores, 1 - self.trim))

    def _set_offset(self, X):
        scores = self.held_out_scores_
        self.calibration_scores_ = np.sort(scores[~np.isnan(scores)])
        if self.contamination is not None:
            of_rows = self._score_samples(X)
            self.offset_ = float(np.percentile(of_rows, 100 * self.contamination))
            return
        self.offset_ = -conformal_threshold(self.calibration_scores_, self.level)
        if np.isinf(self.offset_):
            n = len(self.calibration_scores_)
            warn(
                f"No row will be alarmed: with {n} calibrating rows a p-value is at "
                f"least {1 / (n + 1):.3g}, above level={self.level:g}, which needs "
                f"{rows_needed(self.level)} of them. Pass more rows, or raise level.",
            )

    # Predicting

    def score_samples(self, X):
        """Return the negative score of every row: the lower, the more abnormal.

        Parameters
        ----------
        X : array-like like in `fit`

        Returns
        -------
        scores : ndarray of shape (n_samples,)
            Means over the models, of what `measure` says.
        """
        check_is_fitted(self)
        return self._score_samples(self._checked(X, reset=False))

    def decision_function(self, X):
        """Return scores shifted so that alarms are negative, ``score - offset_``.

        Parameters
        ----------
        X : array-like like in `fit`

        Returns
        -------
        decision : ndarray of shape (n_samples,)
        """
        return self.score_samples(X) - self.offset_

    def predict(self, X):
        """Return -1 for alarms and 1 for usual rows.

        Parameters
        ----------
        X : array-like like in `fit`

        Returns
        -------
        labels : ndarray of int of shape (n_samples,)
        """
        return np.where(self.decision_function(X) < 0, -1, 1)

    def p_values(self, X):
        """Return the p-value of every row that it is a usual one.

        Parameters
        ----------
        X : array-like like in `fit`
            New rows: those of the fit have p-values that are too large.

        Returns
        -------
        p_values : ndarray of shape (n_samples,)
            ``(1 + number of calibrating rows at least as abnormal) / (n + 1)``. Without
            `contamination`, ``predict(X) == -1`` where it is at most `level`.
        """
        scores = -self.score_samples(X)
        return conformal_p_values(self.calibration_scores_, scores)

    def alarms(self, X, *, false_discovery_rate=0.1):
        """Return which rows of a batch are alarms, few of which are false.

        In contrast to `predict`, what is bounded is the share of false ones among the
        alarms of the batch, rather than among its usual rows.

        Parameters
        ----------
        X : array-like like in `fit`
            The batch, looked at as a whole.
        false_discovery_rate : float, default=0.1
            Largest expected share of usual rows among the alarms.

        Returns
        -------
        is_alarm : ndarray of bool of shape (n_samples,)

        Notes
        -----
        By Benjamini and Hochberg's procedure, see `discoveries`. An alarm needs a
        p-value of about the rate times the share of alarms: with few calibrating rows,
        rare anomalies cannot be told.
        """
        check_scalar(
            false_discovery_rate, "false_discovery_rate", Real, min_val=0, max_val=1
        )
        return discoveries(self.p_values(X), false_discovery_rate)

    def errors(self, X):
        """Return standardised squared errors, entry by entry.

        Parameters
        ----------
        X : array-like like in `fit`

        Returns
        -------
        errors : ndarray of shape (n_samples, ...)
            Squared errors over the squared spread of held-out ones, the mean over the
            models: about 1 for usual rows. In the shape of what the autoencoder sees;
            NaN where a value is missing.
        """
        check_is_fitted(self)
        X = self._checked(X, reset=False)
        squares = [np.square(reader.read(X).errors) for reader in self.readers_]
        errors = np.mean(squares, axis=0) / np.square(self.spread_)
        return errors.reshape(len(errors), *self.readers_[0].shape_)

    def save(self, path):
        """Save the detector to one file, which `skae.load` opens.

        Parameters
        ----------
        path : str or path-like
            See `skae.persistence.save`, also for errors.
        """
        save(self, path)

    def _score_samples(self, X):
        scores = [self._scores(reader, reader.read(X)) for reader in self.readers_]
        return -np.mean(scores, axis=0)

    def _scores(self, reader, parts):
        with np.errstate(over="ignore", invalid="ignore"):
            scores = SCORES[self.measure](parts, self.spread_, reader.n_components)
        return np.where(np.isnan(scores), np.inf, scores)  # squares beyond all numbers

    def _checked(self, X, *, reset):
        given, X = X, padded(X)
        if not hasattr(X, "shape"):
            X = np.asarray(X)
        if not reset and X is not given and X.ndim == 3:  # a list of sequences
            X = _with_steps(X, self.n_features_in_)
        if issparse(X) or X.ndim == 1:
            check_array(X, dtype=None)  # which says what to do
        if not num_samples(X):
            raise ValueError(
                f"Found array with 0 sample(s) (shape={np.shape(X)}) while a minimum "
                f"of 1 is required by {type(self).__name__}."
            )
        validate_data(self, X, reset=reset, skip_check_array=True)
        return X

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = DenseAutoencoder() if self.estimator is None else self.estimator
        tags.input_tags = get_tags(inner).input_tags
        tags.input_tags.sparse = False
        return tags


def _check_template(template, measure):
    """Refuse an estimator that the detector cannot be around."""
    if any(isinstance(step, SlidingWindow) for step in leaves(template)):
        raise ValueError(
            "The detector looks at windows, and does not cut them: put SlidingWindow "
            "before it, make_pipeline(SlidingWindow(...), ReconstructionDetector(...))."
        )
    if measure == "likelihood" and not has_likelihood(template):
        raise ValueError(
            "measure='likelihood' needs a generative model, as VAE, TabularVAE or PCA: "
            "pass one as estimator, or use measure='combined'."
        )


def _with_steps(X, n_steps):
    """Return sequences with at least so many time steps: shorter ones have ended."""
    n_lacking = max(0, n_steps - X.shape[1])
    if not n_lacking:
        return X
    widths = ((0, 0), (0, n_lacking), (0, 0))
    return np.pad(X.astype(float), widths, constant_values=np.nan)


def _check_rows(n_rows, n_folds):
    if n_rows < 2 * n_folds:
        raise ValueError(
            f"Found array with {n_rows} sample(s) while a minimum of {2 * n_folds} is "
            f"required: each of cv={n_folds} folds needs two rows."
        )
