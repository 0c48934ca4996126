"""Grids of images, drawn as one image."""

import math

import numpy as np

__all__ = ["draw_images", "image_shape_in", "image_shape_of", "kind_of", "tile"]


def image_shape_of(reducer):
    """Return the shape of the images that a fitted step takes, None if it takes none.

    Parameters
    ----------
    reducer : estimator
        A fitted autoencoder, or another transformer.

    Returns
    -------
    image_shape : tuple of int or None
        ``(channels, height, width)``.
    """
    net = getattr(reducer, "net_", None)
    shape = () if net is None else net.module_.event_shape
    return tuple(shape) if len(shape) == 3 else None


def image_shape_in(X, image_shape):
    """Return the shape of images: what is stated, or that of the rows of `X`.

    Raises
    ------
    ValueError
        When nothing is stated and the images are flattened, or a row is no such image.
    """
    if image_shape is None and np.ndim(X) != 4:
        raise ValueError(
            "kind='images' needs image_shape, the (height, width) or (channels, "
            "height, width) of the flattened images."
        )
    shape = np.shape(X)[1:] if image_shape is None else tuple(image_shape)
    if math.prod(shape) != math.prod(np.shape(X)[1:]):
        raise ValueError(
            f"image_shape={image_shape!r} has {math.prod(shape)} values, and a row has "
            f"{math.prod(np.shape(X)[1:])}: give the (height, width) or (channels, "
            "height, width) of a row."
        )
    return shape


def kind_of(shape, image_shape, otherwise):
    """Return what rows are drawn as where nobody says so.

    Parameters
    ----------
    shape : tuple of int
        Of the rows: images have four dimensions, sequences have three.
    image_shape : tuple of int or None
        Of flattened images.
    otherwise : str
        For rows of two dimensions that are no images.

    Returns
    -------
    kind : {"images", "sequences"} or `otherwise`
    """
    if image_shape is not None or len(shape) == 4:
        return "images"
    return "sequences" if len(shape) == 3 else otherwise


def tile(images, image_shape, n_columns):
    """Return images in rows of `n_columns`, a pixel apart, as one.

    Parameters
    ----------
    images : array-like of shape (n_images, ...)
        Flattened or not.
    image_shape : tuple of int
        ``(height, width)`` or ``(channels, height, width)``.
    n_columns : int

    Returns
    -------
    image : ndarray of shape (height, width), or (height, width, channels)
        The latter for more than one channel. NaN where there is nothing.
    """
    channels, height, width = (1, *image_shape)[-3:]
    images = np.asarray(images, dtype=float).reshape(-1, channels, height, width)
    n_rows = -(-len(images) // n_columns)
    empty = n_rows * n_columns - len(images)
    pad = ((0, empty), (0, 0), (0, 1), (0, 1))
    images = np.pad(images, pad, constant_values=np.nan)
    grid = images.reshape(n_rows, n_columns, channels, height + 1, width + 1)
    grid = grid.transpose(0, 3, 1, 4, 2)  # rows, height, columns, width, channels
    grid = grid.reshape(n_rows * (height + 1), n_columns * (width + 1), channels)
    return grid[:-1, :-1].squeeze(2) if channels == 1 else grid[:-1, :-1]


def draw_images(ax, image, limits):
    """Draw an image from `tile`: one channel as ink on paper, three as colours.

    Parameters
    ----------
    ax : matplotlib Axes
    image : ndarray of shape (height, width), or (height, width, channels)
    limits : tuple of float
        The values of paper and ink, or of darkness and full colour.
    """
    low, high = limits
    if image.ndim == 2:
        ax.imshow(image, cmap="gray_r", vmin=low, vmax=high)
    else:
        ax.imshow(_as_colours(image, low, high))
    ax.set(xticks=[], yticks=[])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)


def _as_colours(image, low, high):
    if image.shape[2] not in (3, 4):
        raise ValueError(
            f"Images of {image.shape[2]} channels cannot be drawn: use those of one, "
            "of three (red, green, blue), or of four with opacity."
        )
    scaled = (image - low) / ((high - low) or 1)
    return np.nan_to_num(scaled, nan=1.0).clip(0, 1)
