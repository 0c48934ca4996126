"""Files with something else in them than was saved."""

from skae.persistence._file import pack, unpack


def forged(data, change):
    """Return a file with a checksum that fits and something else in its document."""
    document, tensors = unpack(data)
    del document["sha256"]
    change(document, tensors)
    return pack(document, tensors)
