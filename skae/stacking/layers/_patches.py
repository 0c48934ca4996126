"""Patches of maps under the windows of a convolution, and sums of patches in maps."""

from math import ceil, prod

from skae.stacking.layers._linear import Memory

__all__ = ["Patches"]

# Patches of so many members at a time as stay in a core's cache: from memory they take
# several times as long, and torch's own convolutions, a member at a time, take less.
BYTES_AT_A_TIME = 2**20


class Patches:
    """What the windows of a convolution see, for the maps of many members.

    Maps are ``(n_members, n_channels, n_pixels * n_rows)``, sequences those of a height
    of one; patches ``(n_members, n_channels * kernel, n_windows * n_rows)``. With rows
    behind pixels, whatever is moved has as many numbers in a row as a batch has rows,
    also where there is one channel. Sums of patches where windows overlap are the
    adjoint of patches of maps. Patches are many times as large as maps, so that there
    are only those of some members at a time.

    Windows tile padded maps once for every `stride` of their pixels, which is how they
    are summed: with a kernel of 3 and a stride of 2, pixels 0 and 1 of all windows are
    beside each other, and so is pixel 2 with gaps between.

    Parameters
    ----------
    size, windows : tuple of int
        ``(height, width)`` of maps, and numbers of windows in each direction.
    kernel, stride, padding : tuple of int
    n_channels : int
        Of the maps, padded.
    """

    def __init__(self, size, windows, kernel, stride, padding, n_channels):
        self.size, self.windows, self.kernel = size, windows, kernel
        self.stride, self.padding = stride, padding
        self.n_channels = n_channels
        self.padded_size = [
            s * max(n + ceil(k / s) - 1, ceil((p + pixels) / s))
            for n, k, s, p, pixels in zip(
                windows, kernel, stride, padding, size, strict=True
            )
        ]

    @classmethod
    def between(cls, large, small, kernel_size, stride):
        """Return those of maps of two shapes, ``(channels, height, width)``.

        Maps of sequences are ``(channels, length)``.
        """
        n_dims = len(large) - 1

        def of_two(fill, values):
            return (fill,) * (2 - n_dims) + tuple(values)

        return cls(
            of_two(1, large[1:]),
            of_two(1, small[1:]),
            of_two(1, (kernel_size,) * n_dims),
            of_two(1, (stride,) * n_dims),
            of_two(0, (kernel_size // 2,) * n_dims),
            large[0],
        )

    @property
    def width(self):
        """Number of values of a patch."""
        return self.n_channels * prod(self.kernel)

    @property
    def numbers_of_row(self):
        """How many numbers the patches of a row and its padded maps take in memory."""
        padded = self.n_channels * prod(self.padded_size)
        return padded + self.width * prod(self.windows)

    def bind(self, like):
        """Work in the dtype of a tensor, on its device."""
        n_pixels = prod(self.padded_size)
        self._padded = Memory(1, n_pixels * self.n_channels, like)
        self._patches = Memory(1, self.width, like)
        self._itemsize = like.element_size()
        self._has_cache = like.device.type == "cpu"

    def slices(self, n_members, n_rows):
        """Return slices of as many members as have their patches at a time."""
        if not self._has_cache:
            return [slice(None)]
        n_bytes = self._itemsize * prod(self.windows) * n_rows * self.width
        step = max(1, BYTES_AT_A_TIME // n_bytes)
        return [slice(start, start + step) for start in range(0, n_members, step)]

    def memory(self, n_members, n_rows):
        """Return memory for patches, the same each time."""
        n_columns = prod(self.windows) * n_rows
        patches = self._patches.rows(n_members * n_columns)
        return patches.view(n_members, self.width, n_columns)

    def of(self, maps):
        """Return the patches of maps, in that memory."""
        n_rows = maps.shape[2] // prod(self.size)
        padded, inner = self._zeros(len(maps), n_rows)
        inner.copy_(maps.view(inner.shape))
        windows = padded
        for axis, (k, s) in enumerate(zip(self.kernel, self.stride, strict=True), 1):
            windows = windows.unfold(axis, k, s).narrow(axis, 0, self.windows[axis - 1])
        windows = windows.permute(0, 4, 5, 1, 2, 3)  # pixels of a window come first
        patches = self.memory(len(maps), n_rows)
        patches.view(windows.shape).copy_(windows)
        return patches

    def add_up(self, patches, out):
        """Write the sums of patches where windows overlap into maps."""
        n_rows = patches.shape[2] // prod(self.windows)
        padded, inner = self._zeros(len(patches), n_rows)
        (n_down, n_right), (high, wide) = self.windows, self.stride
        blocks = padded.unflatten(2, (-1, wide)).unflatten(1, (-1, high))
        patches = patches.view(-1, *self.kernel, *self.windows, n_rows)
        patches = patches.permute(0, 3, 1, 4, 2, 5)
        for down, of_rows in enumerate(patches.split(high, 2)):
            places = blocks[:, down : down + n_down, : of_rows.shape[2]]
            for right, part in enumerate(of_rows.split(wide, 4)):
                places[:, :, :, right : right + n_right, : part.shape[4]].add_(part)
        out.view(inner.shape).copy_(inner)

    def _zeros(self, n_members, n_rows):
        """Return padded maps of zeros, and the maps within them."""
        padded = self._padded.rows(n_members * n_rows)
        padded = padded.view(-1, *self.padded_size, n_rows)
        inner = padded
        for axis, (p, n) in enumerate(zip(self.padding, self.size, strict=True), 1):
            inner = inner.narrow(axis, p, n)
        return padded.zero_(), inner
