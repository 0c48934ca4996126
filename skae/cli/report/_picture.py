"""A picture of a report, with the words that belong to it."""

import sys
from base64 import b64encode
from dataclasses import dataclass
from io import BytesIO

__all__ = ["Figure", "png_of"]


@dataclass(frozen=True)
class Figure:
    """A picture with its words.

    Attributes
    ----------
    name : str
        Name of its file, without an ending.
    title, caption : str
        What it shows, and how to read it.
    png : bytes
        The picture.
    wide : bool
        Whether it takes a row of the page for itself.
    for_experts : bool
        Whether it is folded away.
    """

    name: str
    title: str
    caption: str
    png: bytes
    wide: bool = False
    for_experts: bool = False

    @property
    def source(self):
        """The picture as a data URL, for the page."""
        return f"data:image/png;base64,{b64encode(self.png).decode()}"


def png_of(display):
    """Return the bytes of a drawn display as a picture."""
    buffer = BytesIO()
    style = {"dpi": 150, "bbox_inches": "tight", "pad_inches": 0.1}
    display.figure_.savefig(buffer, format="png", **style)
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close(display.figure_)  # it would keep the figure
    return buffer.getvalue()
