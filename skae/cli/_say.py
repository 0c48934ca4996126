"""What the command prints: findings on standard output, all else beside them."""

from rich.console import Console

__all__ = ["Voice"]


class Voice:
    """Printer of a run.

    Parameters
    ----------
    is_quiet : bool
        Whether only findings are printed.
    is_json : bool
        Whether standard output is left to a result in JSON.
    """

    def __init__(self, is_quiet=False, is_json=False):
        self.is_quiet = is_quiet
        self.is_json = is_json

    def find(self, line):
        """Print a line of the findings."""
        self._print(line, stderr=self.is_json)

    def tell(self, line):
        """Print a line on what is going on."""
        if not self.is_quiet:
            self._print(line, stderr=self.is_json)

    def note(self, line):
        """Print a line that the user should know of, on standard error."""
        if not self.is_quiet:
            self._print(f"Note: {line}", stderr=True, style="yellow")

    @staticmethod
    def _print(line, *, stderr, style=None):
        options = {"highlight": False, "markup": False, "soft_wrap": True}
        Console(stderr=stderr).print(line, style=style, **options)
