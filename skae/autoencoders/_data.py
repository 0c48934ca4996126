"""Data of autoencoders: tables, sequences, flattened windows, images."""

from math import prod

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data
from torch.utils.data import IterableDataset

from skae._arrays import SparseRows, array_like, eager, padded, stack_items, stored
from skae.autoencoders._missing import (
    Missing,
    check_not_empty,
    end_early,
    missing_in,
    refuse_empty,
)
from skae.autoencoders._rows import EvenSample, Target, parts_of, training_data
from skae.autoencoders._targets import (
    ABOUT_TARGETS,
    NUMBERS,
    check_dense,
    check_ends,
    check_indexed,
    check_names,
    check_validation_target,
    checked_target,
    is_same,
    lone_dataset,
    unpaired,
)
from skae.autoencoders._validation import warn_unlike
from skae.shapes import n_dims
from skae.training._devices import as_tensor
from skae.training._inference import filled, map_rows, rows_at_a_time, slices
from skae.training._sources import (
    ArraySource,
    ChunkedSource,
    is_chunked,
    is_dataset,
    source_of,
)

__all__ = ["SAMPLE_ROWS", "EventDataMixin"]

# Of a torch data set, what is read at once, and what is looked at as a whole.
READ_ROWS, READ_BYTES = 1024, 2**22
SAMPLE_ROWS = 20_000


class EventDataMixin:
    """Validation of rows, which the network's `as_events` turns into events.

    Tables are validated by scikit-learn. Sequences in three dimensions may differ in
    length between fit and prediction, not in channels, and either form may be
    predicted on after a fit on the other. So it is with images in three dimensions,
    or four, channels first, and their flattened pixels. Whole numbers stay as they are
    until their batch is trained on.
    """

    def _as_events(self, X):
        return self._network().as_events(X)

    def _network_of_fit(self):
        """Return the network for sequences as the fit was given them."""
        network = self._network()
        return network.for_unequal_lengths() if self._has_unequal_lengths else network

    def _note_lengths(self, *data):
        """Note whether sequences differ in length, given some `TrainingData` or None.

        The network is built accordingly, now and when it is opened from a file.
        """
        data = [part for part in data if part is not None]
        shapes = {self._as_events(part.X[:1]).shape for part in data}
        end_early = any(part.rows.source.end_early for part in data)
        self._has_unequal_lengths = end_early or len(shapes) > 1

    def _training_data(
        self,
        X,
        y=None,
        sample_weight=None,
        condition=None,
        *,
        reset,
        name="condition",
    ):
        """Return the `TrainingData` of what `fit` is given.

        `name` is what errors call the condition.
        """
        y = None if y is X else stored(y)
        X = stored(X)
        if is_dataset(X):
            data_of = self._data_of_chunks if is_chunked(X) else self._data_of_dataset
            X, source, seen, target = data_of(X, y, reset=reset)
        elif is_dataset(y):
            raise lone_dataset()
        else:
            X = self._check_X(X, reset=reset)
            source = ArraySource(self._as_events(X), *self._missing_in(X))
            seen, target = slice(None), self._target(y, X)
        condition = self._condition_of_fit(condition, len(source), name, reset=reset)
        return training_data(X, source, sample_weight, seen, target, condition)

    def _target(self, y, X):
        """Return the `Target` of validated rows, None where they are their own."""
        check_names(y, getattr(self, "feature_names_in_", None))
        check_dense(y, X.shape)
        y = checked_target(y, X.shape)
        if y is None or all(is_same(X[rows], y[rows]) for rows in parts_of(X)):
            return None
        for rows in parts_of(X):
            check_ends(X[rows], y[rows], self._holds_sequences(X))
        check_not_empty(y, 0, name="y")
        return Target(y, ArraySource(self._as_events(y), *self._missing_in(y)))

    def _validation_data(self, X_val, y_val, condition_val, data):
        """Return the `TrainingData` of validation rows, None without any."""
        check_validation_target(X_val, y_val, data)
        if X_val is None:
            if condition_val is not None:
                raise ValueError("condition_val is that of X_val: pass X_val, too.")
            return None
        data_val = self._training_data(
            X_val, y_val, None, condition_val, reset=False, name="condition_val"
        )
        events = (self._as_events(X) for X in (data.X, data_val.X))
        warn_unlike(*events)
        return data_val

    def _check_target(self, data):
        """Refuse targets beside noise in rows to learn, and warn of those unlike."""
        if data.y is not None:
            if getattr(self._input_noise(), "in_targets", False):
                raise ValueError(
                    f"y holds clean rows, and {self._input_noise()!r} makes rows that "
                    "are reconstructed as they are: pass no y, or use another noise."
                )
            events = (self._as_events(X) for X in (data.X, data.y))
            warn_unlike(
                *events,
                name="y",
                advice=ABOUT_TARGETS,
                may_vary_less=True,
            )

    def _data_of_dataset(self, dataset, y, *, reset):
        """Return some rows, the source of all, the numbers of the former, and targets.

        The rows are evenly spaced.
        """
        sample, missing = EvenSample(SAMPLE_ROWS), Missing()
        for X in self._checked_chunks(dataset, reset=reset):
            sample.add(X)
            missing = missing.also(self._missing_in(X))
        source = source_of(dataset, self._collate_events, sample.n_seen, *missing)
        X, seen = sample.rows(), slice(None, None, sample.step)
        return X, source, seen, self._target_of_dataset(y, source, X, seen)

    def _data_of_chunks(self, rows, y, *, reset):
        """Return the same of `ChunkedRows`, of which some are kept by themselves."""
        _check_dims(rows, self._network(), type(self).__name__)
        seen = rows.sample()
        source = self._source_of_chunks(rows)
        X = self._check_X(rows.read(seen), reset=reset)
        return X, source, seen, self._target_of_dataset(y, source, X, seen)

    def _source_of_chunks(self, rows, name="X"):
        looks, are_sequences = rows.look(), self._holds_sequences(rows)
        kind = "sequences" if are_sequences else "rows"
        refuse_empty(looks.empty, looks.n_empty, kind, name)
        end_early = looks.ends_early and are_sequences
        return ChunkedSource(rows, self._as_events, looks.has_missing, end_early)

    def _target_of_dataset(self, y, source, X, seen):
        """Return the `Target` of a data set's rows, given some by their numbers.

        `y` is an array, a data set, or in chunks. None where it is no target.
        """
        if is_chunked(y):
            check_indexed(source, y)
            if len(y) != len(source):
                raise unpaired(len(source), len(y))
            of_all = self._source_of_chunks(y, "y")
            y = y.read(np.arange(len(y))[seen])
        elif is_dataset(y):
            check_indexed(source, y)
            targets, missing = EvenSample(SAMPLE_ROWS), Missing()
            for part in self._checked_chunks(y, reset=False):
                targets.add(part)
                missing = missing.also(self._missing_in(part))
            if targets.n_seen != len(source):
                raise unpaired(len(source), targets.n_seen)
            of_all = source_of(y, self._collate_events, None, *missing)
            y = targets.rows()
        else:
            y = checked_target(y, (len(source), *X.shape[1:]))
            if y is None:
                return None
            check_indexed(source, y)
            of_all = ArraySource(self._as_events(y), *self._missing_in(y))
            y = y[seen]
        check_ends(X, y, self._holds_sequences(X))
        return Target(y, of_all)

    def _checked_chunks(self, dataset, *, reset):
        """Yield the rows of a torch data set, or chunks, validated, some at a time."""
        _check_length(dataset)
        n_seen = 0
        if is_chunked(dataset):
            size = max(1, READ_BYTES // dataset.row_bytes)
            windows = dataset.in_order()
            parts = (rows[part] for rows in windows for part in slices(len(rows), size))
        else:
            parts = source_of(dataset, self._collate).chunks(None, READ_ROWS)
        for X in parts:
            yield self._check_X(X, reset=reset and not n_seen, first=n_seen)
            n_seen += len(X)
        if not n_seen:
            raise _no_rows()

    def _collate(self, items):
        X = stack_items(items)
        return X if X.ndim in _dims_taken(self._network()) else X.reshape(len(X), -1)

    def _collate_events(self, items):
        return as_tensor(self._as_events(self._collate(items)))

    def _holds_sequences(self, X):
        return n_dims(X) == 3 and self._network().takes_sequences

    def _missing_in(self, X):
        """Return what is `Missing` in validated rows."""
        return missing_in(X, self._holds_sequences(X))

    # Predicting

    def _map(self, function, X, condition=None):
        """Return the results of a function of complete events for validated rows.

        It is given the vectors of their conditions, too, or None.
        """

        def mapped(x, condition):
            return function(self._given_events(x), condition)

        return map_rows(mapped, X, self.net_.module_, condition)

    def _given_events(self, x):
        """Return validated rows, a tensor, as events that the module takes."""
        return self._complete(x, self.net_.given)

    def _complete(self, x, fill=None):
        """Return validated rows, a tensor, as events with means where none is known.

        Only sequences in three dimensions may have ends, which stay.
        """
        events = self._as_events(x)
        if not events.sum().isnan():  # as is that of NaN, and of few others
            return events
        return (fill or self.net_.filled)(events, self._holds_sequences(x))

    def _mapped(self, function, X, condition, out=None):
        """Return the results of a function of validated rows, for rows of users.

        They are taken some megabytes at a time, with the vectors of their conditions;
        `out` is as in `filled`.
        """
        n_rows, parts = self._parts(X, condition)
        return filled((function(*part) for part in parts), n_rows, out)

    def _parts(self, X, condition):
        """Return the number of rows, if it is known, and an iterator over parts.

        A part is some rows, and the vectors of their conditions or None.
        """
        X = stored(X)
        if is_dataset(X):
            n_rows = len(X) if is_chunked(X) else None
            parts = self._checked_chunks(X, reset=False)
            vectors = self._given_condition(condition, _length_of(X))
        else:
            X = self._check_X(X, reset=False)
            size = rows_at_a_time(X, self.net_.module_)
            n_rows, parts = len(X), (X[rows] for rows in slices(len(X), size))
            vectors = self._given_condition(condition, n_rows)
        return n_rows, _beside(parts, vectors)

    def _check_X(self, X, *, reset, first=0):
        X = stored(X)
        if is_chunked(X):
            np.asarray(X)  # which says why not, and what to do
        if is_dataset(X):
            return np.concatenate([*self._checked_chunks(X, reset=reset)])
        if self._network().takes_sequences:
            X = padded(X, always=not reset and self.input_shape_[1:] == (1,))
        X = array_like(X, type(self).__name__)
        if issparse(X):
            return self._check_sparse(X, reset=reset, first=first)
        # To gather rows of an array in columns would be slow, again and again in a fit.
        order = "C" if reset else None
        X = self._check_array(
            X,
            reset=reset,
            dtype=NUMBERS,
            order=order,
            ensure_all_finite="allow-nan",
        )
        check_not_empty(X, first, "sequences" if self._holds_sequences(X) else "rows")
        if reset:
            self.input_shape_ = X.shape[1:]
        return X

    def _check_sparse(self, X, *, reset, first):
        """Return the rows of a sparse matrix, which become dense batch by batch."""
        name = type(self).__name__
        if not self._takes_sparse:
            raise TypeError(
                f"Sparse data was passed for X, but {name} has a network for sequences "
                "or images, which takes dense data: pass X.toarray(), or use an "
                "autoencoder with a DenseNetwork."
            )
        settings = {"dtype": NUMBERS, "accept_sparse": "csr"}
        X = validate_data(
            self, X, reset=reset, ensure_all_finite="allow-nan", **settings
        )
        X = eager(SparseRows(X))
        check_not_empty(X, first)
        if reset:
            self.input_shape_ = X.shape[1:]
        return X

    @property
    def _takes_sparse(self):
        return _dims_taken(self._network()) == {2}

    def _check_array(self, X, *, reset, **settings):
        network, dims = self._network(), n_dims(X)
        if dims > 2:
            _check_dims(X, network, type(self).__name__)
            if self._holds_sequences(X):
                return self._check_sequences(X, reset=reset, **settings)
            return self._check_images(X, reset=reset, **settings)
        if not reset and network.takes_sequences and len(self.input_shape_) > 1:
            return self._check_flattened(X, **settings)
        return validate_data(self, X, reset=reset, **settings)

    def _check_images(self, X, *, reset, **settings):
        X = check_array(X, allow_nd=True, **settings)
        shape = self._as_events(X[:1]).shape[1:]
        if reset:
            self.n_features_in_ = prod(X.shape[1:])
            vars(self).pop("feature_names_in_", None)
        elif shape != self._event_shape():
            raise ValueError(
                f"X holds images of shape {X.shape[1:]}, but {type(self).__name__} is "
                f"expecting {self._event_shape()}, as seen in fit."
            )
        return X

    def _check_sequences(self, X, *, reset, **settings):
        X = check_array(X, allow_nd=True, **settings)
        if reset:
            self.n_features_in_ = X.shape[2]
            vars(self).pop("feature_names_in_", None)
        n_channels = self._n_channels()
        if X.shape[2] != n_channels:
            raise ValueError(
                f"X has {X.shape[2]} channels, but {type(self).__name__} is expecting "
                f"{n_channels} channels as input."
            )
        if not reset and hasattr(self, "net_"):
            self._check_lengths(X)
        return X

    def _check_lengths(self, X):
        """Refuse other lengths where a linear map has one weight a time step."""
        network = self._network_of_fit()
        if not (network.takes_missing_ends and network.has_linear_path):
            return
        expected, given = self.net_.module_.event_shape[0], X.shape[1]
        if (ends_early := end_early(X)) or given != expected:
            raise ValueError(
                f"X holds sequences of {given} time steps"
                f"{', of which some end before the last one' * ends_early}, but "
                f"{type(self).__name__} was fitted to {expected} each, and its linear "
                "path takes no others: bring them to that length, or fit with "
                "linear_path=None, with which lengths may differ."
            )

    def _check_flattened(self, X, **settings):
        X = check_array(X, **settings)
        n_columns = prod(self.input_shape_)
        if X.shape[1] != n_columns:
            raise ValueError(
                f"X has {X.shape[1]} features, but {type(self).__name__} is expecting "
                f"{n_columns} features as input: flattened windows of shape "
                f"{self.input_shape_}, as seen in fit."
            )
        if self._as_events(X[:1]).shape[1:] != self._event_shape():
            raise ValueError(_how_to_tell_flat_rows(self.input_shape_))
        return X

    def _event_shape(self):
        """Return the shape of an event of the fit, from that of its rows."""
        return self._as_events(np.empty((1, *self.input_shape_))).shape[1:]

    def _n_channels(self):
        if hasattr(self, "net_") and len(self.input_shape_) == 1:
            return self.net_.module_.event_shape[-1]
        return self.n_features_in_


def _beside(parts, vectors):
    """Yield parts of rows, and those of the vectors that belong to them, or None."""
    end = 0
    for part in parts:
        start, end = end, end + len(part)
        yield part, None if vectors is None else vectors[start:end]


def _length_of(dataset):
    return len(dataset) if hasattr(dataset, "__len__") else None


def _check_length(dataset):
    if isinstance(dataset, IterableDataset):
        return
    if not hasattr(dataset, "__len__"):
        raise TypeError(
            f"The data set {type(dataset).__name__} has no __len__: define it beside "
            "__getitem__, or derive from torch.utils.data.IterableDataset."
        )
    if not len(dataset):
        raise _no_rows()


def _no_rows():
    return ValueError("Found a data set with 0 rows, while 1 is required.")


def _dims_taken(network):
    """Return the numbers of dimensions of the data that a network takes."""
    sequences = {3} if network.takes_sequences else set()
    images = {3, 4} if network.takes_images else set()
    return {2} | sequences | images


def _check_dims(X, network, name):
    """Refuse data in more dimensions than a network takes, or without any value."""
    dims, shape = n_dims(X), np.shape(X)
    if dims not in _dims_taken(network):
        raise ValueError(
            f"Found array with dim {dims}, of shape {shape}: {name} takes "
            f"{_forms(network)}."
        )
    if 0 in shape[1:]:
        raise ValueError(
            f"Found array of shape {shape}, whose rows are empty: {name} takes "
            f"{_forms(network)}, with at least one of each."
        )


def _forms(network):
    if network.takes_sequences and network.takes_images:
        return (
            "sequences (n_samples, n_timesteps, n_channels), or images (n_samples, "
            "n_channels, height, width)"
        )
    if network.takes_sequences:
        return (
            "sequences (n_samples, n_timesteps, n_channels), or flattened windows "
            "(n_samples, n_timesteps * n_channels)"
        )
    if network.takes_images:
        return (
            "images (n_samples, height, width) or (n_samples, n_channels, height, "
            "width), or their pixels (n_samples, n_channels * height * width)"
        )
    return (
        "tables (n_samples, n_features): flatten the rows, X.reshape(len(X), -1), or "
        "use LSTMAutoencoder for sequences, Autoencoder with a ConvolutionalNetwork "
        "for images"
    )


def _how_to_tell_flat_rows(shape):
    if len(shape) == 3:
        return (
            "Flattened images cannot be told apart from those of other shapes: set "
            f"image_shape={shape}, as seen in fit."
        )
    return (
        "Flattened windows cannot be told apart from those of other channels: "
        f"set n_channels={shape[-1]}, as seen in fit."
    )
