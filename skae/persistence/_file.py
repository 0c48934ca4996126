"""The file: safetensors, with a JSON document and a checksum in its metadata."""

import hashlib
import json
import re
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load, save

from skae.exceptions import FileFormatError
from skae.files import replacing

__all__ = ["FORMAT_VERSION", "pack", "read", "unpack", "write"]

FORMAT = "skae"
FORMAT_VERSION = 1
# The checksum stands in the document that it covers: it is taken with zeros in its
# place. The document is the only metadata, and the checksum its first entry.
BLANK = "0" * 64
CHECKSUM = re.compile(rb'\{\\"sha256\\":\\"([0-9a-f]{64})\\"')


def pack(document, tensors):
    """Return the bytes of a file that holds a JSON document and tensors."""
    document = {
        "sha256": BLANK,
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        **document,
    }
    text = json.dumps(document, allow_nan=False, separators=(",", ":"))
    data = bytearray(save(tensors, metadata={FORMAT: text}))
    start, stop = CHECKSUM.search(data).span(1)
    data[start:stop] = hashlib.sha256(data).hexdigest().encode()
    return bytes(data)


def unpack(data):
    """Return the JSON document and the tensors of a file's bytes.

    Raises
    ------
    FileFormatError
        When they are not those of a file of this format, or were changed.
    """
    document = _document(data)
    version = document.get("format_version")
    if type(version) is not int or version > FORMAT_VERSION:
        raise FileFormatError(
            f"It has version {version!r:.20} of the format, and this skae reads up to "
            f"{FORMAT_VERSION}: upgrade skae"
            f"{_at_least(document.get('versions'))}."
        )
    _check_sum(data)
    try:
        return document, load(bytes(data))
    except (SafetensorError, ValueError, KeyError, RuntimeError) as error:
        raise FileFormatError(f"Its tensors can't be read: {error}.") from error


def write(path, data):
    """Write a file that appears whole or not at all."""
    with replacing(path) as partial:
        partial.write_bytes(data)


def read(path):
    """Return the bytes of a file."""
    return Path(path).read_bytes()


def _document(data):
    size = int.from_bytes(data[:8], "little")
    try:
        text = json.loads(data[8 : 8 + size])["__metadata__"][FORMAT]
        document = json.loads(text)
        if document["format"] == FORMAT:
            return document
    except (KeyError, TypeError, ValueError, IndexError, RecursionError):
        pass
    raise FileFormatError(
        "It is not a file that skae saved (save an autoencoder by its method save), or "
        "its beginning is damaged."
    )


def _at_least(versions):
    version = versions.get("skae") if isinstance(versions, dict) else None
    return f" to {version} at least" if isinstance(version, str) else ""


def _check_sum(data):
    found = CHECKSUM.search(data)
    if found is None:
        raise FileFormatError("It has no checksum: it is damaged.")
    blank = bytearray(data)
    blank[slice(*found.span(1))] = BLANK.encode()
    if hashlib.sha256(blank).hexdigest().encode() != found[1]:
        raise FileFormatError(
            "Its checksum does not match: it is damaged, cut off or was changed. Take "
            "another copy, or save the model again."
        )
