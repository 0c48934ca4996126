"""What a run of the command line is asked for, and the same as a command."""

import shlex
from dataclasses import dataclass

from skae.cli._errors import InputError

__all__ = ["N_ITER", "Settings", "format_components", "parse_components"]

#: Candidates that a search tries unless told otherwise; a grid tries each dimension.
N_ITER = {"bayes": 10, "evolution": 50}


@dataclass(frozen=True)
class Settings:
    """All choices of a run, made; see ``skae select --help`` for their meaning.

    An `n_iter` of None stands for the one of `N_ITER`.
    """

    data: str
    output: str
    estimator: str
    components: tuple
    scorer: str = "kernel_mi"
    rule: str | None = None
    search: str = "bayes"
    n_iter: int | None = None
    folds: int = 4
    window: int | None = None
    stride: int = 1
    scale: str = "standard"
    max_epochs: int | None = None
    hidden: str | None = None
    clusters: int | None = None
    columns: tuple = ()
    seed: int = 0
    n_jobs: int = 1
    device: str = "auto"

    @property
    def budget(self):
        """The candidates that the search may try; None for a grid, which tries all."""
        default = N_ITER.get(self.search)
        return default and (self.n_iter or default)

    @property
    def n_candidates(self):
        """How many candidates the search tries."""
        if self.search == "evolution":
            return self.budget
        n_dimensions = len(self.components)
        return min(self.budget or n_dimensions, n_dimensions)

    def command(self, resume=False):
        """Return the command line that repeats the run.

        Parameters
        ----------
        resume : bool, default=False
            Whether it goes on with what the run has left in its folder.
        """
        words = ["skae", "select", self.data]
        for option, value in self._options().items():
            if value is not None:
                words += [f"--{option}", str(value)]
        for column in self.columns:
            words += ["--column", column]
        words += ["--resume"] * resume
        return shlex.join(words)

    def _options(self):
        """Return the options by name; None for those that are not in use."""
        return {
            "estimator": self.estimator,
            "scorer": self.scorer,
            "rule": self.rule,
            "clusters": self.clusters,
            "search": self.search,
            "n-iter": self.budget,
            "components": format_components(self.components),
            "folds": self.folds,
            "window": self.window,
            "stride": self.stride if self.window else None,
            "scale": self.scale,
            "max-epochs": self.max_epochs,
            "hidden": self.hidden,
            "seed": self.seed,
            "n-jobs": self.n_jobs,
            "device": self.device,
            "output": self.output,
        }


def parse_components(text):
    """Return the latent dimensions that a text stands for, ascending.

    Parameters
    ----------
    text : str
        A range with both ends in it, or a list.

    Raises
    ------
    InputError
        When the text reads as neither, or a dimension is below 1.

    Examples
    --------
    >>> from skae.cli._settings import parse_components
    >>> parse_components("1:4")
    (1, 2, 3, 4)
    >>> parse_components("8,2,4")
    (2, 4, 8)
    """
    try:
        values = (
            _range(text) if ":" in text else [int(part) for part in text.split(",")]
        )
    except ValueError:
        raise _bad_components(text, "that does not read as dimensions") from None
    if not values:
        raise _bad_components(text, "the range is empty, as it starts above its end")
    if min(values) < 1:
        raise _bad_components(text, "a code has at least one dimension")
    return tuple(sorted(set(values)))


def _range(text):
    low, high = (int(part) for part in text.split(":"))
    return range(low, high + 1)


def _bad_components(text, reason):
    return InputError(
        f"{text!r}: {reason}. Write a range with both ends in it, as 1:16, or a list, "
        "as 1,2,4,8.",
        "--components",
    )


def format_components(values):
    """Return the text that `parse_components` turns into `values`."""
    if len(values) > 2 and values == tuple(range(values[0], values[-1] + 1)):
        return f"{values[0]}:{values[-1]}"
    return ",".join(map(str, values))
