"""What the displays share: colours, and where they draw."""

__all__ = ["BLUE", "CHOICE", "DARK", "GREY", "Display"]

# Colours that remain distinct to colour-blind eyes: the original is always dark, what
# a model makes of it blue, and the choice vermilion (M. Okabe, K. Ito, 2008).
DARK, BLUE, CHOICE, GREY = "#333333", "#0072B2", "#D55E00", "#9a9a9a"


class Display:
    """What the displays share: where they draw."""

    _size = (5.6, 3.6)

    def _axes(self, ax):
        """Keep `ax`, or a new one, as `ax_` and its figure as `figure_`."""
        self.ax_ = _new_axes(self._size) if ax is None else ax
        self.figure_ = self.ax_.figure
        self.ax_.spines[["top", "right"]].set_visible(False)
        return self.ax_


def _new_axes(size):
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            "Figures need matplotlib: install it by pip install 'skae[plot]'."
        ) from error
    return Figure(figsize=size, layout="constrained").subplots()
