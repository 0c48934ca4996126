"""Fashion-MNIST: 70,000 small pictures of clothes in ten classes."""

import gzip
import os
import struct
import zlib
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from math import prod
from numbers import Integral, Real

import numpy as np
from sklearn.utils import Bunch

from skae._sklearn import Interval, StrOptions, validate_params
from skae.datasets._remote import Remote

_REMOTE = Remote(
    "fashion-mnist",
    (
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/"
        "data/fashion/",
    ),
)

_CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)

_DESCR = """\
Fashion-MNIST
-------------

Grey pictures of 28 x 28 pixels that show articles of clothing, from the catalogue of
a shop.

:Number of pictures: 60,000 to train on, 10,000 to test with
:Number of features: 784, the pixels of the first row first
:Range: 0 (background) to 1
:Missing values: none
:Target: ten classes of equal size

Source: H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST: a novel image dataset for
benchmarking machine learning algorithms", 2017, arXiv:1708.07747. Copyright 2017
Zalando SE, MIT licence.
"""


@dataclass(frozen=True)
class _File:
    """A compressed IDX file, with the digest of its uncompressed content."""

    name: str
    shape: tuple[int, ...]
    digest: str | None


# Compressed files differ by program and level: some mirrors hold other bytes.
_FILES = {
    "train": (
        _File(
            "train-images-idx3-ubyte.gz",
            (60_000, 28, 28),
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        ),
        _File(
            "train-labels-idx1-ubyte.gz",
            (60_000,),
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        ),
    ),
    "test": (
        _File(
            "t10k-images-idx3-ubyte.gz",
            (10_000, 28, 28),
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        ),
        _File("t10k-labels-idx1-ubyte.gz", (10_000,), None),
    ),
}


@validate_params(
    {
        "subset": [StrOptions({"train", "test", "all"})],
        "n_samples": [Interval(Integral, 1, None, closed="left"), None],
        "data_home": [str, os.PathLike, None],
        "download_if_missing": ["boolean"],
        "return_X_y": ["boolean"],
        "n_retries": [Interval(Integral, 0, None, closed="left")],
        "delay": [Interval(Real, 0, None, closed="left")],
    },
    prefer_skip_nested_validation=True,
)
def fetch_fashion_mnist(
    *,
    subset="train",
    n_samples=None,
    data_home=None,
    download_if_missing=True,
    return_X_y=False,
    n_retries=3,
    delay=1.0,
):
    """Load Fashion-MNIST, pictures of clothes in ten classes; download it if need be.

    70,000 grey pictures of 28 x 28 pixels, made to take the place of handwritten digits
    where those are too easy. The four original files, 31 MB, are read from the folder
    ``fashion-mnist`` of the data home, or from the data home itself; those that are
    missing are downloaded into the former. What they contain is checked each time.

    Parameters
    ----------
    subset : {"train", "test", "all"}, default="train"
        The 60,000 pictures to train on, the 10,000 to test with, or both, in this
        order. Files of the other subset are not touched.
    n_samples : int, default=None
        Only the first rows, as many as that; None for all of them. The files are in
        random order: the first rows hold all classes.
    data_home : str or path-like, default=None
        Folder of data sets. None for that in the environment variable
        ``SKAE_DATA_HOME``, or else ``~/skae_data``.
    download_if_missing : bool, default=True
        If False, raise an error where a file is missing instead of downloading it.
    return_X_y : bool, default=False
        Return ``(data, target)`` instead of a `Bunch`.
    n_retries : int, default=3
        How often to try again when a server does not answer as it should.
    delay : float, default=1.0
        Seconds between these attempts.

    Returns
    -------
    bunch : sklearn.utils.Bunch
        With the attributes

        data : ndarray of shape (n_samples, 784), float32
            Pixels from 0, the background, to 1.
        images : ndarray of shape (n_samples, 28, 28), float32
            The same memory, as pictures.
        target : ndarray of shape (n_samples,), int64
            Classes, 0 to 9.
        target_names : list of str
            Their names.
        feature_names : list of str
            ``pixel_0_0``, row and column, to ``pixel_27_27``.
        DESCR : str
            Description, source and licence.

    Raises
    ------
    OSError
        When a file is missing and cannot be downloaded or must not be, or when it is
        not the original: the SHA-256 of the uncompressed bytes is compared, and for the
        labels of the test pictures, their number in each class.
    ValueError
        When `n_samples` is more than there is.

    Notes
    -----
    ``X, y = fetch_fashion_mnist(return_X_y=True)`` takes 190 MB of memory for `X`.

    References
    ----------
    H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST: a novel image dataset for
    benchmarking machine learning algorithms", 2017, arXiv:1708.07747.

    Examples
    --------
    Where there is neither the data nor a network, this is what to expect:

    >>> from tempfile import TemporaryDirectory
    >>> from skae.datasets import fetch_fashion_mnist
    >>> with TemporaryDirectory() as empty:
    ...     fetch_fashion_mnist(data_home=empty, download_if_missing=False)
    Traceback (most recent call last):
    FileNotFoundError: There is no train-images-idx3-ubyte.gz in ...
    """
    subsets = ("train", "test") if subset == "all" else (subset,)
    _check_n_samples(n_samples, subset, subsets)
    source = (data_home, download_if_missing, n_retries, delay)
    pixels, labels = (
        np.concatenate(
            [_REMOTE.read(file.name, partial(_parse, file), *source) for file in files]
        )
        for files in zip(*(_FILES[name] for name in subsets), strict=True)
    )
    data = pixels[:n_samples].reshape(-1, 28 * 28) / np.float32(255)
    target = labels[:n_samples].astype(np.int64)
    return (data, target) if return_X_y else _bunch(data, target)


def _check_n_samples(n_samples, subset, subsets):
    n_rows = sum(_FILES[name][0].shape[0] for name in subsets)
    if n_samples is not None and n_samples > n_rows:
        raise ValueError(
            f"n_samples={n_samples}: subset={subset!r} has {n_rows} pictures. Lower "
            "n_samples, or use subset='all'."
        )


def _bunch(data, target):
    return Bunch(
        data=data,
        images=data.reshape(-1, 28, 28),
        target=target,
        target_names=list(_CLASSES),
        feature_names=[f"pixel_{i}_{j}" for i in range(28) for j in range(28)],
        DESCR=_DESCR,
    )


def _parse(file, content):
    """Return the array in an IDX file; raise a ValueError if it is not the original."""
    payload = _uncompressed(content)
    _check_layout(file, payload)
    if file.digest and (digest := sha256(payload).hexdigest()) != file.digest:
        raise ValueError(
            f"its uncompressed bytes have the SHA-256 {digest} instead of {file.digest}"
        )
    values = np.frombuffer(payload, np.uint8, offset=len(_header(file.shape)))
    if len(file.shape) == 1:
        _check_classes(values)
    return values.reshape(file.shape)


def _uncompressed(content):
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"it is no whole gzip file ({error})") from error


def _header(shape):
    """Return the first bytes of an IDX file of unsigned bytes."""
    return struct.pack(f">HBB{len(shape)}I", 0, 8, len(shape), *shape)


def _check_layout(file, payload):
    header = _header(file.shape)
    if not payload.startswith(header):
        given = payload[: len(header)].hex()
        raise ValueError(
            f"uncompressed, it starts with the bytes {given} instead of the IDX header "
            f"{header.hex()} of an array of shape {file.shape}"
        )
    n_bytes = len(header) + prod(file.shape)
    if len(payload) != n_bytes:
        raise ValueError(
            f"it holds {len(payload)} bytes, uncompressed, instead of {n_bytes}"
        )


def _check_classes(labels):
    counts = np.bincount(labels)
    expected = [len(labels) // len(_CLASSES)] * len(_CLASSES)
    if counts.tolist() != expected:
        raise ValueError(
            f"its classes have {counts.tolist()} members instead of {expected[0]} in "
            f"each of {len(_CLASSES)}"
        )
