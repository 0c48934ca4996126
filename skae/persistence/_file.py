"""The file: safetensors, with a JSON document and a checksum in its metadata."""

import hashlib
import json
import re

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
# The format's own limit: what states more at its beginning is another kind of file.
MAX_HEADER_BYTES = 100_000_000


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
    data[start:stop] = _checksum(data, start, stop)
    return bytes(data)


def unpack(data):
    """Return the JSON document and the tensors of a file's bytes.

    Raises
    ------
    FileFormatError
        When they are not those of a file of this format, or were changed.
    """
    document = _document(data)
    _check_version(document)
    _check_sum(data)
    try:
        return document, load(data)
    except Exception as error:  # whatever a header of no sense makes readers raise
        raise FileFormatError(f"Its tensors can't be read: {error}.") from error


def write(path, data):
    """Write a file that appears whole or not at all."""
    with replacing(path) as partial:
        partial.write_bytes(data)


def read(path):
    """Return the bytes of a file, of which those of another kind are read in part.

    Raises
    ------
    FileFormatError
        When its beginning is not that of a file of this format.
    """
    with open(path, "rb") as file:
        start = file.read(8)
        _document(start + file.read(min(_header_bytes(start), MAX_HEADER_BYTES)))
        file.seek(0)
        return file.read()


def _header_bytes(data):
    return int.from_bytes(data[:8], "little")


def _document(data):
    header = bytes(data[8 : 8 + _header_bytes(data)])
    try:
        document = _parsed(_parsed(header)["__metadata__"][FORMAT])
        if document["format"] == FORMAT:
            return document
    except (KeyError, TypeError, ValueError, IndexError, RecursionError):
        pass
    raise FileFormatError(
        "It is not a file that skae saved (save an estimator by skae.persistence.save, "
        "or an autoencoder by its method save), or its beginning is damaged."
    )


def _parsed(text):
    return json.loads(text, object_pairs_hook=_members, parse_constant=_refuse)


def _members(pairs):
    members = dict(pairs)
    if len(members) < len(pairs):  # of which readers choose different ones
        raise ValueError("A name stands there twice.")
    return members


def _refuse(constant):
    raise ValueError(f"{constant} is no JSON.")


def _check_version(document):
    version = document.get("format_version")
    if type(version) is not int or version < 1:
        raise FileFormatError(
            f"Its version of the format is {version!r:.20}, which there never was."
        )
    if version > FORMAT_VERSION:
        versions = document.get("versions")
        writer = versions.get("skae") if isinstance(versions, dict) else None
        at_least = f" to {writer:.20} at least" if isinstance(writer, str) else ""
        raise FileFormatError(
            f"It has version {version!r:.20} of the format, and this skae reads up to "
            f"{FORMAT_VERSION}: upgrade skae{at_least}."
        )


def _check_sum(data):
    found = CHECKSUM.search(data)
    if found is None:
        raise FileFormatError("It has no checksum: it is damaged.")
    if _checksum(data, *found.span(1)) != found[1]:
        raise FileFormatError(
            "Its checksum does not match: it is damaged, cut off or was changed. Take "
            "another copy, or save the model again."
        )


def _checksum(data, start, stop):
    """Return the checksum of a file, as bytes, with zeros where it stands."""
    view = memoryview(data)
    checksum = hashlib.sha256(view[:start])
    checksum.update(BLANK.encode())
    checksum.update(view[stop:])
    return checksum.hexdigest().encode()
