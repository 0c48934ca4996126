"""Tables stored in chunks, as by zarr, HDF5 or Parquet: read some chunks at a time."""

from bisect import bisect_left
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from functools import cached_property, partial
from hashlib import blake2b
from itertools import pairwise
from math import prod
from mmap import mmap
from threading import Lock

import numpy as np

from skae._arrays._lazy import FEWEST, LazyRows
from skae._arrays._refusals import complex_numbers, times

__all__ = ["ChunkedRows", "slices", "stored"]

# Chunks are read at least so many bytes at a time.
PIECE_BYTES = 2**20
# They are gone through so many bytes at a time, which stay in the processor's cache.
CACHED_BYTES = 2**20
# Rows that are not shuffled are read so many at a time.
IN_ORDER_BYTES = 2**22
# At most how many rows tell of a table before training.
SAMPLE_ROWS = 20_000
# One pass over a store at a time, lest fits that run as threads all make it.
_LOOKING = Lock()


class ChunkedRows(LazyRows):
    """Rows of an array in chunks, larger than the memory, that are read when needed.

    `fit`, `partial_fit`, `transform`, `reconstruct`, `score` and `score_samples` of
    autoencoders read them some chunks at a time. So do folds: rows by their numbers are
    again rows that are read when needed, so that a search over these keeps no copy of a
    fold. Rows by a slice are an array.

    Training draws the order of chunks anew in each epoch, reads as many of them as fill
    a window of `window_bytes`, and draws the order of the rows among these. Before the
    first fit all rows are read once, to see what is missing, and a sample of them is
    kept for all fits, up to 20,000 rows or 32 megabytes.

    Parameters
    ----------
    X : array-like of shape (n_samples, ...)
        Anything with `shape`, `dtype` and slices: a zarr array, an HDF5 data set, a
        Dask array, a memory map. Its attribute `chunks` tells the chunks, where it has
        one.
    window_bytes : int, default=2**26
        Bytes of the rows that are shuffled together, 64 megabytes by default. Where
        rows are sorted, larger windows mix them better; where memory is short, smaller
        ones take less of it: two to three windows at a time. Of chunks larger than a
        window, parts are shuffled. Rows that fit into one window are read as a whole,
        and trained on as an array.

    Raises
    ------
    TypeError
        When `X` lacks a shape, a dtype or slices.
    ValueError
        When it holds no numbers, no rows, or has one dimension only.

    Examples
    --------
    A zarr array or an HDF5 data set takes the place of this one:

    >>> import numpy as np
    >>> from skae import DenseAutoencoder
    >>> from skae.datasets import ChunkedRows, make_linear_manifold
    >>> X = make_linear_manifold(500, 2, 8, random_state=0).X
    >>> rows = ChunkedRows(X, window_bytes=2**13)
    >>> model = DenseAutoencoder(2, max_epochs=5, random_state=0).fit(rows)
    >>> model.transform(rows).shape, rows[np.arange(0, 500, 2)].shape
    ((500, 2), (250, 8))
    """

    #: Whether to read on within a chunk does not unpack it anew.
    resumes = False

    def __init__(self, X, *, window_bytes=2**26):
        if not all(hasattr(X, name) for name in _OF_ARRAYS):
            raise TypeError(
                f"ChunkedRows take what has {', '.join(_OF_ARRAYS)}, as zarr and Dask "
                f"arrays and HDF5 data sets have, not a {type(X).__name__}."
            )
        super().__init__(X.shape, _checked_dtype(X))
        _check_shape(self.shape, type(X).__name__)
        self.X = X
        self.window_bytes = window_bytes
        #: Number of the first row of each piece, of one chunk or more, and the end.
        self.bounds = _bounds(X, self.row_bytes)
        self.whole, self.numbers, self.is_sorted = self, None, True
        self._ahead = 0, None

    def __getstate__(self):
        return {**vars(self), "X": _by_path(self.X), "_ahead": (0, None)}

    def __setstate__(self, state):
        vars(self).update(state)
        if isinstance(self.X, partial):
            self.X = self.X()

    def __repr__(self):
        return f"{type(self).__name__}({self.X!r}) of shape {self.shape}"

    @property
    def row_bytes(self):
        """Bytes of a row."""
        return max(1, prod(self.shape[1:]) * self.dtype.itemsize)

    @property
    def window_rows(self):
        """Number of rows that are shuffled together."""
        return max(1, self.window_bytes // self.row_bytes)

    @property
    def chunk_sizes(self):
        """Numbers of consecutive rows that are best read together, a tuple."""
        cuts = self.bounds
        if not self.is_sorted:
            cuts = np.append(np.arange(0, len(self), self.window_rows), len(self))
        elif self.numbers is not None:
            cuts = np.unique(np.searchsorted(self.numbers, cuts))
        return tuple(np.diff(cuts).tolist())

    @property
    def is_small(self):
        """Whether the rows fit into one window."""
        return self.nbytes <= self.window_bytes

    # Rows

    def __getitem__(self, rows):
        """Return an array of the rows of a slice, or `ChunkedRows` by their numbers.

        Parameters
        ----------
        rows : slice, int, or ndarray of int or of bool
        """
        if isinstance(rows, tuple):  # as scikit-learn asks for the rows of a fold
            rows, *others = rows
            if any(part not in (Ellipsis, slice(None)) for part in others):
                raise IndexError("ChunkedRows are taken by rows, not by columns.")
        if isinstance(rows, slice):
            start, stop, step = rows.indices(len(self))
            if step != 1:
                return self.read(np.arange(start, stop, step))
            return self._run(start, max(start, stop))
        numbers = np.asarray(rows)
        if numbers.ndim == 0:
            return self.read(self._checked_numbers(numbers[None]))[0]
        return self._view(self._checked_numbers(numbers))

    def __array__(self, dtype=None, copy=None):
        if not self.is_small:
            raise ValueError(
                f"Rows of {self.nbytes / 1e6:,.0f} MB are stored in chunks, and "
                "something asks for all of them at once: use what reads them chunk by "
                "chunk (fit, partial_fit, transform, reconstruct, score and "
                "score_samples of autoencoders, and skae.preprocessing.ByChunks), "
                "pass a sample, X[numbers], or X[:] to read all, or raise window_bytes "
                f"({self.window_bytes})."
            )
        return super().__array__(dtype, copy)

    def _checked_numbers(self, numbers):
        if numbers.dtype == bool:
            if len(numbers) != len(self):
                raise IndexError(
                    f"A mask of {len(numbers)} values was given for {len(self)} rows."
                )
            return np.flatnonzero(numbers)
        numbers = numbers.astype(np.intp, copy=False)
        if len(numbers) and not -len(self) <= numbers.min() <= numbers.max() < len(
            self
        ):
            raise IndexError(f"There are {len(self)} rows, 0 to {len(self) - 1}.")
        return numbers % len(self) if len(numbers) and numbers.min() < 0 else numbers

    def _view(self, numbers):
        view = copy(self)
        view.numbers = self.of_store(numbers)
        view.is_sorted = bool((view.numbers[1:] > view.numbers[:-1]).all())
        view.shape = len(numbers), *self.shape[1:]
        view._ahead = 0, None
        return view

    def of_store(self, numbers):
        """Return the numbers in the store of rows by their numbers among these."""
        return numbers if self.numbers is None else self.numbers[numbers]

    def read(self, numbers):
        """Return rows by their numbers as an array.

        Parameters
        ----------
        numbers : ndarray of int
        """
        return self._gathered(self.of_store(numbers))

    def in_order(self, numbers=None):
        """Return an iterator over arrays of rows in a given order, a window at a time.

        The next window is read, in a thread, while one is worked with.

        Parameters
        ----------
        numbers : ndarray of int or None, default=None
            Of the rows; all of them as they are without it.
        """
        return _read_ahead(self._windows(numbers))

    def _windows(self, numbers):
        """Yield windows of rows; pieces that two of them share are read once."""
        if numbers is None and self.numbers is None:
            yield from self._consecutive()
            return
        n_rows = len(self) if numbers is None else len(numbers)
        held, begun = {}, set()
        starts = range(0, n_rows, self.window_rows)
        for start, following in pairwise([*starts, n_rows]):
            now, later = (
                self._numbers_of(numbers, first, min(n_rows, first + self.window_rows))
                for first in (start, following)
            )
            wanted = set(np.unique(self._pieces(later)).tolist())
            yield self._gathered(now, held, begun, wanted)
            held = {piece: held[piece] for piece in held.keys() & wanted}
            begun = wanted

    def _consecutive(self):
        """Yield all rows of the store, a few megabytes at a time.

        No piece is read twice, unless it is larger than a window.
        """
        start = 0
        while start < len(self):
            stop = self._stop_after(start)
            rows = self._stored(start, stop)
            yield rows if rows.flags.owndata else rows.copy()
            start = stop

    def _stop_after(self, start):
        """Return the row before which to stop reading consecutive ones."""
        enough = start + max(1, IN_ORDER_BYTES // self.row_bytes)
        most = start + self.window_rows
        if self.resumes:
            return min(len(self), enough, most)
        piece = self._pieces(start)
        ends = self.bounds[piece + 1 :]
        end = ends[max(0, np.searchsorted(ends, enough, side="right") - 1)]
        return min(int(end), most)

    def _numbers_of(self, numbers, start, stop):
        return self.of_store(
            np.arange(start, stop) if numbers is None else numbers[start:stop]
        )

    def _run(self, start, stop):
        """Return consecutive rows, read up to the end of a piece and kept for the next.

        Whoever goes through rows by slices smaller than a chunk would unpack the chunk
        for each of them otherwise.
        """
        first, held = self._ahead
        if held is None or not first <= start <= first + len(held):
            first, held = start, np.empty((0, *self.shape[1:]), self.dtype)
        held = held[start - first :]
        if start + len(held) < stop:
            more = self._numbers_of(None, start + len(held), self._end(start, stop))
            more = self._gathered(more)
            held = np.concatenate([held, more]) if len(held) else more
        rows, rest = held[: stop - start], held[stop - start :]
        self._ahead = stop, rest if len(rest) else None
        return rows

    def _end(self, start, stop):
        """Return the row before which to stop reading, given those that are needed."""
        if not self.is_sorted:
            end = start + self.window_rows
        else:
            last = int(self.of_store(stop - 1))
            bound = self.bounds[self._pieces(last) + 1]
            end = (
                bound if self.numbers is None else np.searchsorted(self.numbers, bound)
            )
            end = min(int(end), start + self.window_rows)
        return min(len(self), max(stop, end))

    # The store

    def _pieces(self, numbers):
        """Return the pieces that rows of the store are in."""
        return np.searchsorted(self.bounds, numbers, side="right") - 1

    def _gathered(self, numbers, held=None, begun=(), wanted=()):
        """Return rows of the store by their numbers, piece by piece.

        Parameters
        ----------
        numbers : ndarray of int
        held : dict of int to ndarray or None, default=None
            Pieces that are there already, by number; those wanted later are put there.
        begun, wanted : set of int, default=()
            Pieces that the rows before and after these are in, to be read first and
            last: a reader may go on where it was.
        """
        if (known := self._known(numbers)) is not None:
            return known
        held = {} if held is None else held
        out = np.empty((len(numbers), *self.shape[1:]), self.dtype)
        by_piece = self._by_piece(numbers)
        for piece in sorted(by_piece, key=lambda p: (p not in begun, p in wanted, p)):
            places = by_piece[piece]
            rows = numbers[places]
            first, stop = self.bounds[piece : piece + 2]
            if piece in wanted and stop - first <= self.window_rows:
                held.setdefault(piece, self._stored(first, stop))
            if piece not in held:
                first, stop = rows.min(), rows.max() + 1
            chunk = held[piece] if piece in held else self._stored(first, stop)
            for part in slices(len(places), max(1, CACHED_BYTES // self.row_bytes)):
                out[places[part]] = chunk[rows[part] - first]
        return out

    def _by_piece(self, numbers):
        """Return the places of row numbers, by the piece that they are in."""
        pieces = self._pieces(numbers)
        order = np.argsort(pieces, kind="stable")
        cuts = np.flatnonzero(np.diff(pieces[order])) + 1
        parts = np.split(order, cuts) if len(numbers) else ()
        return {int(pieces[places[0]]): places for places in parts}

    def _known(self, numbers):
        """Return rows of the store that are in the sample, or None."""
        known = vars(self.whole).get("looks")
        if known is None or not 0 < len(numbers) <= len(known.numbers):
            return None
        places = np.searchsorted(known.numbers, numbers)
        places = np.minimum(places, len(known.numbers) - 1)
        is_known = (known.numbers[places] == numbers).all()
        return known.rows[places] if is_known else None

    def _stored(self, start, stop):
        """Return consecutive rows of the store."""
        start, stop, n_rows = int(start), int(stop), len(self.whole)
        if self.X.shape[0] != n_rows:
            raise _changed(self.X.shape[0], n_rows)
        rows = np.asarray(self.X[start:stop], self.dtype)
        if len(rows) != stop - start:
            raise _changed(start + len(rows), n_rows)
        return rows

    # What is looked at before training

    @cached_property
    def looks(self):
        """What is missing, and rows that tell of the others, of the whole store."""
        return Looks(self.whole)

    def look(self):
        """Return the `Looks` of the whole store, found once."""
        with _LOOKING:
            return self.whole.looks

    @cached_property
    def digest(self):
        """Hexadecimal digits that stand for the values of the whole store."""
        digest = blake2b(digest_size=20)
        for rows in self.whole.in_order():
            digest.update(rows)
        return digest.hexdigest()

    @property
    def has_missing(self):
        """Whether some values of the whole store are NaN."""
        return self.look().has_missing

    @property
    def sample_rows(self):
        """Number of rows that are looked at together before training."""
        return min(SAMPLE_ROWS, super().sample_rows)

    def sample(self, size=None):
        """Return the numbers of rows that tell of the others, ascending.

        Of a fold they are those in the sample of the store, where there are enough.

        Parameters
        ----------
        size : int or None, default=None
            At most so many.
        """
        found = self.look().numbers
        if self.numbers is not None:
            found = self._places_of(found)
            if len(found) < min(FEWEST, len(self)):
                found = _spread(len(self), self.sample_rows)
        size = len(found) if size is None else size
        return found[:: -(-len(found) // max(1, size))]

    def _places_of(self, numbers):
        """Return the places among these rows of some of the store, by number."""
        if not self.is_sorted:
            return np.flatnonzero(np.isin(self.numbers, numbers))
        places = np.searchsorted(self.numbers, numbers)
        places, numbers = places[places < len(self)], numbers[places < len(self)]
        return places[self.numbers[places] == numbers]


def _read_ahead(parts):
    """Yield what an iterator has, the next of which is made meanwhile in a thread."""
    pool = ThreadPoolExecutor(1)
    try:
        coming = pool.submit(next, parts, None)
        while (part := coming.result()) is not None:
            coming = pool.submit(next, parts, None)
            yield part
    finally:  # which does not wait for a store that is read for nobody
        pool.shutdown(wait=False)


class Looks:
    """What one pass over a store finds.

    Parameters
    ----------
    X : ChunkedRows
        All rows.

    Attributes
    ----------
    numbers : ndarray of int
        Of rows drawn all over the store, ascending, and the first.
    rows : ndarray
        These rows.
    has_missing : bool
        Whether some values are NaN.
    ends_early : bool
        Whether in some rows the last entries are all NaN.
    n_empty : int
        Number of rows without any value.
    empty : list of int
        The first of these.

    Raises
    ------
    ValueError
        When a value is infinite.
    """

    def __init__(self, X):
        self.numbers = _spread(len(X), X.sample_rows)
        self.has_missing = self.ends_early = False
        self.n_empty, self.empty = 0, []
        kept, start = [], 0
        for rows in X.in_order():
            for part in slices(len(rows), max(1, CACHED_BYTES // X.row_bytes)):
                self._see(rows[part], start + part.start)
            first, stop = np.searchsorted(self.numbers, [start, start + len(rows)])
            kept.append(rows[self.numbers[first:stop] - start])
            start += len(rows)
        self.rows = np.concatenate(kept)

    def _see(self, rows, start):
        """Note what is missing in some rows, and refuse infinite values."""
        if rows.dtype.kind != "f" or np.isfinite(rows.sum(dtype=rows.dtype)):
            return
        flat = rows.reshape(len(rows), -1)
        if (is_infinite := np.isinf(flat).any(axis=1)).any():
            number = start + int(is_infinite.argmax())
            raise ValueError(
                "Input X contains infinity or a value too large for "
                f"{rows.dtype!r}, in row {number}: clip such values, make them NaN "
                "where they are missing, or leave out their rows."
            )
        missing = np.isnan(flat)
        self.has_missing |= bool(missing.any())
        self.ends_early |= bool(
            np.isnan(rows[:, -1]).reshape(len(rows), -1).all(1).any()
        )
        empty = start + np.flatnonzero(missing.all(axis=1))
        self.n_empty += len(empty)
        self.empty = [*self.empty, *empty[:5].tolist()][:5]


def slices(n_rows, size):
    """Yield slices of so many rows, the last of which may have fewer.

    scikit-learn's `gen_batches` takes longer to validate its arguments than to divide.
    """
    return (slice(start, start + size) for start in range(0, n_rows, size))


def stored(X):
    """Return an array in chunks as `ChunkedRows`, or read it if that is little.

    Anything else is returned as it is.

    Examples
    --------
    >>> import numpy as np
    >>> from skae._arrays import ChunkedRows, stored
    >>> stored(ChunkedRows(np.eye(2)))
    array([[1., 0.],
           [0., 1.]])
    """
    if not isinstance(X, ChunkedRows) and _is_stored(X):
        X = ChunkedRows(X)
    return X[:] if isinstance(X, ChunkedRows) and X.is_small else X


_OF_ARRAYS = "shape", "dtype", "__getitem__"
_IN_MEMORY = "__array_interface__", "__cuda_array_interface__", "__dlpack__", "iloc"


def _is_stored(X):
    """Return whether something is like an array, and no memory of any library."""
    is_array = all(hasattr(X, name) for name in _OF_ARRAYS)
    if not is_array or any(hasattr(X, name) for name in _IN_MEMORY):
        return False
    if isinstance(X, LazyRows) or hasattr(X, "tocsr"):
        return False
    return len(X.shape) > 1


def _by_path(X):
    """Return what opens a memory map or an HDF5 data set elsewhere; others as given.

    A pickle would hold all values of the former, and there is none of the latter.
    """
    if isinstance(X, np.memmap) and isinstance(X.base, mmap):  # no part of one
        order = "C" if X.flags.c_contiguous else "F"
        path = str(X.filename)
        return partial(np.memmap, path, X.dtype, "r", X.offset, X.shape, order)
    if type(X).__module__.partition(".")[0] == "h5py":
        return partial(_opened_hdf5, X.file.filename, X.name)
    return X


def _opened_hdf5(path, name):
    import h5py

    return h5py.File(path, "r")[name]


def _checked_dtype(X):
    """Return the dtype of the rows of a store, or raise an error if they are none."""
    try:
        dtype = np.dtype(X.dtype)
    except TypeError:
        dtype = np.dtype(object)
    if dtype.kind == "c":
        raise complex_numbers()
    if dtype.kind in "mM":
        raise times("X", dtype)
    if dtype.names:
        raise ValueError(
            f"X has the fields {dtype.names}: ChunkedRows take one table of numbers."
        )
    if dtype.kind not in "biuf":
        raise ValueError(
            f"X has the dtype {X.dtype}, and ChunkedRows take numbers: encode text and "
            "categories before they are stored, or leave out those columns."
        )
    return np.dtype(np.float64) if dtype.itemsize > 8 else dtype.newbyteorder("=")


def _check_shape(shape, name):
    if not all(isinstance(n, int | np.integer) for n in shape):
        raise ValueError(
            f"{name} does not know its shape, {shape}: of a Dask array, call "
            "compute_chunk_sizes() first."
        )
    if len(shape) < 2:
        raise ValueError(
            f"{name} has the shape {shape}: rows have at least two dimensions, "
            "(n_samples, n_features)."
        )
    if 0 in shape:
        raise ValueError(
            f"Found array of shape {shape} with 0 sample(s) or feature(s), while a "
            "minimum of 1 is required."
        )


def _bounds(X, row_bytes):
    """Return the first row of each piece, which has one chunk or more, and the end."""
    n_rows, fewest = X.shape[0], max(1, PIECE_BYTES // row_bytes)
    chunks = getattr(X, "chunks", None)
    own = fewest if chunks is None else chunks[0]
    if isinstance(own, tuple):  # of unequal size, as Dask tells them
        ends = np.cumsum(own).tolist()
    else:
        ends = [
            *range(own * -(-fewest // own), n_rows, own * -(-fewest // own)),
            n_rows,
        ]
    bounds = [0]
    while bounds[-1] < n_rows:
        enough = bisect_left(ends, bounds[-1] + fewest)
        bounds.append(ends[min(enough, len(ends) - 1)])
    return np.array(bounds)


def _spread(n_rows, size):
    """Return the numbers of rows drawn all over a table, ascending, and the first.

    One is drawn in each of as many parts: rows at equal distances would all be in one
    of two folds that alternate.
    """
    edges = np.linspace(0, n_rows, min(size, n_rows) + 1).astype(np.intp)
    drawn = np.random.default_rng(0).integers(edges[:-1], edges[1:])
    drawn[0] = 0
    return drawn


def _changed(now, before):
    return ValueError(
        f"X had {before} rows when it was passed, and has {now} now: a store must not "
        "change while it is read. Pass it anew, or a copy that nobody writes to."
    )
