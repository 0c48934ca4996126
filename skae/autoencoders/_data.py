"""What data an autoencoder takes: tables, sequences, flattened windows."""

import numpy as np
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from skae.shapes import n_dims

__all__ = ["FLOATS", "EventDataMixin"]

FLOATS = (np.float64, np.float32)


class EventDataMixin:
    """Validation of rows, which the network's `as_events` turns into events.

    Tables are validated by scikit-learn. Sequences in three dimensions may differ in
    length between fit and prediction, not in channels, and either form may be
    predicted on after a fit on the other.
    """

    def _as_events(self, X):
        return self._network().as_events(X)

    def _check_X(self, X, *, reset):
        X = self._check_array(X, reset=reset)
        if reset:
            self.input_shape_ = X.shape[1:]
        return X

    def _check_array(self, X, *, reset):
        if self._network().takes_sequences and n_dims(X) == 3:
            return self._check_sequences(X, reset=reset)
        if not reset and len(self.input_shape_) == 2:
            return self._check_flattened(X)
        return validate_data(self, X, dtype=FLOATS, order="C", reset=reset)

    def _check_sequences(self, X, *, reset):
        with_ends = "allow-nan" if self._network().takes_missing_ends else True
        X = check_array(
            X, dtype=FLOATS, order="C", allow_nd=True, ensure_all_finite=with_ends
        )
        _check_missing(X)
        if reset:
            self.n_features_in_ = X.shape[2]
            vars(self).pop("feature_names_in_", None)
        n_channels = self._n_channels()
        if X.shape[2] != n_channels:
            raise ValueError(
                f"X has {X.shape[2]} channels, but {type(self).__name__} is expecting "
                f"{n_channels} channels as input."
            )
        return X

    def _check_flattened(self, X):
        X = check_array(X, dtype=FLOATS, order="C")
        n_columns = int(np.prod(self.input_shape_))
        if X.shape[1] != n_columns:
            raise ValueError(
                f"X has {X.shape[1]} features, but {type(self).__name__} is expecting "
                f"{n_columns} features as input: flattened windows of shape "
                f"{self.input_shape_}, as seen in fit."
            )
        if self._as_events(X[:1]).shape[1:] != self.input_shape_:
            raise ValueError(
                f"Flattened windows cannot be told apart from those of other channels: "
                f"set n_channels={self.input_shape_[-1]}, as seen in fit."
            )
        return X

    def _n_channels(self):
        if hasattr(self, "net_") and len(self.input_shape_) == 1:
            return self.net_.module_.event_shape[-1]
        return self.n_features_in_


def _check_missing(X):
    """Refuse NaN anywhere but at the ends of sequences, as whole time steps."""
    missing = np.isnan(X)
    ended = missing.all(axis=2)
    resumes = (ended[:, :-1] & ~ended[:, 1:]).any()
    if missing[:, 0].any() or resumes or (missing.any(axis=2) != ended).any():
        raise ValueError(
            "Input X contains NaN within sequences. NaN may only fill up the ends of "
            "shorter sequences, all channels of a time step at once, after at least "
            "one that is there: impute the others."
        )
