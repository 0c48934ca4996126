"""Readers of arrays and of folders of images, as tables."""

import re

import numpy as np

from skae.cli._errors import InputError
from skae.cli._table import Table

__all__ = ["read_images", "read_npy", "read_npz", "table_of_array"]

_IMAGES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp")


def read_npy(path):
    """Return the `Table` of an array in a file of NumPy."""
    try:
        X = np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise InputError(f"{path.name!r} does not read as an array: {error}") from None
    if not isinstance(X, np.ndarray):
        raise InputError(f"{path.name!r} holds several arrays: call it .npz.")
    return table_of_array(X, path.name)


def read_npz(path, name=None):
    """Return the `Table` of an array among those in a file of NumPy.

    Parameters
    ----------
    path : Path
    name : str or None, default=None
        Of the array; the only one, or the one called ``X``, if None.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            name = _named(arrays.files, name, path)
            return table_of_array(arrays[name], path.name)
    except InputError:
        raise
    except Exception as error:  # of a zip, of its members, or of the arrays
        raise InputError(f"{path.name!r} does not read as arrays: {error}") from None


def _named(names, name, path):
    if name in names:
        return name
    usual = [each for each in names if len(names) == 1 or each in ("X", "x", "data")]
    if name is None and usual:
        return usual[0]
    raise InputError(
        f"{path.name!r} holds the arrays {', '.join(map(repr, names))}: name one by "
        f"--sheet {names[0] if names else 'NAME'}.",
        "--sheet" if name else "DATA",
    )


def table_of_array(X, name):
    """Return the `Table` of rows of numbers, or of sequences, one below the other.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_columns) or (n_rows, n_timesteps, n_channels)
    name : str
        Of the file, for messages.
    """
    import pandas as pd

    if X.ndim not in (2, 3):
        hint = (
            " Turn a series into a column by x.reshape(-1, 1)." if X.ndim == 1 else ""
        )
        raise InputError(
            f"{name!r} holds an array of shape {X.shape}: pass one of two dimensions, "
            f"(n_samples, n_features), or of sequences, (n_samples, n_timesteps, "
            f"n_channels).{hint}"
        )
    if X.ndim == 2:
        return Table.of(pd.DataFrame(X, columns=[f"x{i}" for i in range(X.shape[1])]))
    _, n_timesteps, n_channels = X.shape
    names = [f"x{c}_t{t}" for t in range(n_timesteps) for c in range(n_channels)]
    note = (
        f"The array is taken for {len(X):,} sequences of {n_timesteps} time steps and "
        f"{n_channels} channel{'s' * (n_channels > 1)}."
    )
    frame = pd.DataFrame(X.reshape(len(X), -1), columns=names)
    return Table.of(frame, n_channels=n_channels, notes=(note,))


def read_images(folder, size=None):
    """Return the `Table` of the grey levels of the images in a folder.

    Parameters
    ----------
    folder : Path
    size : str or None, default=None
        Width and height to give them, as ``28x28``; their own if None.

    Raises
    ------
    InputError
        When there are none, they differ in size, or one does not read as an image.
    """
    import pandas as pd

    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in _IMAGES)
    if not paths:
        raise InputError(
            f"There are no images in the folder {str(folder)!r}: it reads "
            f"{', '.join(_IMAGES)}."
        )
    size = _width_and_height(size)
    images = [_grey(path, size) for path in paths]
    shapes = sorted({image.shape for image in images})
    if len(shapes) > 1:
        (height, width), (_, other) = shapes[0], shapes[-1]
        raise InputError(
            f"The {len(paths)} images are of {len(shapes)} sizes, {width} to {other} "
            f"pixels wide: give them one by --size {width}x{height}."
        )
    height, width = shapes[0]
    names = [f"y{y}_x{x}" for y in range(height) for x in range(width)]
    frame = pd.DataFrame(np.reshape(images, (len(images), -1)), columns=names)
    return Table.of(
        frame,
        names=pd.Series([str(p.relative_to(folder)) for p in paths], name="image"),
        image_shape=(height, width),
        notes=(f"Images are read as {width} x {height} grey levels.",),
    )


def _width_and_height(size):
    if size is None:
        return None
    if not (found := re.fullmatch(r"([1-9]\d*)(?:x([1-9]\d*))?", size)):
        raise InputError(f"{size!r} is no size: write it as 28x28.", "--size")
    width, height = found.groups()
    return int(width), int(height or width)


def _grey(path, size):
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            image = image.convert("L")
            return np.asarray(image if size is None else image.resize(size), np.float32)
    except (OSError, UnidentifiedImageError) as error:
        raise InputError(f"{path.name!r} does not read as an image: {error}") from None
