"""Settings of a run, declared once: options of the command, the run, its repetition."""

import shlex
import warnings
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from skae.autoencoders import VAE
from skae.cli._axis import TimeAxis
from skae.cli._errors import InputError
from skae.cli._files import READ, Reading
from skae.cli._parts import usable_estimators, usable_scorers
from skae.datasets import dataset_names
from skae.search import RULES

__all__ = [
    "N_ITER",
    "Decimal",
    "Encoding",
    "Settings",
    "Sheet",
    "Size",
    "format_components",
    "parse_components",
]

#: Candidates that a search tries unless told otherwise; a curve tries each dimension.
N_ITER = {"bayes": 32, "evolution": 50}

#: Steps that are longer than so many usual ones are gaps; months differ by less.
MAX_GAP = 1.5

#: Rows that tell a dimension as well as more do.
MAX_ROWS = 50_000


class Search(StrEnum):
    """Values of ``--search``."""

    curve = "curve"
    bayes = "bayes"
    evolution = "evolution"


class Scale(StrEnum):
    """Values of ``--scale``; images have one scale, and other data standard ones."""

    auto = "auto"
    standard = "standard"
    minmax = "minmax"
    none = "none"


with warnings.catch_warnings():  # of what is left out: `skae plugins` tells why
    warnings.simplefilter("ignore", RuntimeWarning)
    _ESTIMATORS = ", ".join(usable_estimators())
    _SCORERS = ", ".join(usable_scorers())
    _OF_GENERATED = ", ".join(sorted({*usable_scorers(VAE())} - {*usable_scorers()}))
    _OF_CLASSES = " and ".join(
        sorted({*usable_scorers(has_classes=True)} - {*usable_scorers()})
    )
    _RULES = ", ".join(RULES.names())


Decimal = Annotated[
    str | None,
    Option(
        help="What stands before decimals in a file of text, as ,.",
        show_default="what the file looks like",
    ),
]
Encoding = Annotated[
    str | None,
    Option(
        help="Encoding of a file of text, as cp1252.",
        show_default="utf-8, utf-16 or latin-1, by its bytes",
    ),
]
Sheet = Annotated[
    str | None,
    Option(
        help="Name of a sheet of a spreadsheet, or of an array in an .npz file.",
        show_default="the first",
    ),
]
Size = Annotated[
    str | None,
    Option(
        help="Width and height to give the images of a folder, as 28x28.",
        show_default="their own",
    ),
]


@dataclass(frozen=True)
class Settings:
    """Choices of a run: each field is an option of ``skae select``, with its help.

    None stands for what depends on the data or on other choices; see `completed`.
    """

    data: Annotated[
        str,
        Argument(
            metavar="DATA",
            show_default=False,
            help=f"A table with numbers, text, dates and gaps ({', '.join(READ)}; or "
            "sqlite:///file.db::table), a folder of images, or a bundled data set: "
            f"{', '.join(dataset_names())}.",
        ),
    ]
    output: Annotated[
        Path | None,
        Option(
            "--output",
            "-o",
            help="Folder to write.",
            show_default="skae-<name of the data>",
        ),
    ] = None
    components: Annotated[
        str,
        Option(
            help="Latent dimensions to try: a range as 1:16, a list as 1,2,4,8, or "
            "auto, from 1 up to a bound that the distances of neighbours suggest."
        ),
    ] = "auto"
    estimator: Annotated[
        str | None,
        Option(
            help=f"Kind of autoencoder: {_ESTIMATORS}.",
            show_default="dense, lstm for windows, or tabular for columns that are no "
            "numbers",
        ),
    ] = None
    scorer: Annotated[
        str | None,
        Option(
            help=f"What is measured: {_SCORERS}; where the estimator generates rows, "
            f"also {_OF_GENERATED}.",
            show_default="reconstruction, or description_length for bayes",
        ),
    ] = None
    rule: Annotated[
        str | None,
        Option(
            help=f"What chooses by the scores: {_RULES}.",
            show_default="what suits the scorer",
        ),
    ] = None
    search: Annotated[
        Search,
        Option(
            help="curve tries each dimension, with the estimator's own settings; bayes "
            "tries dimensions together with learning rate and weight decay; evolution "
            "together with layers: how many, and how wide."
        ),
    ] = Search.curve
    n_iter: Annotated[
        int | None,
        Option(
            min=1,
            help="Candidates to try in a bayes search or an evolution, where three for "
            "each dimension are a start. Each is fitted once per fold.",
            show_default=", ".join(f"{n} for {name}" for name, n in N_ITER.items()),
        ),
    ] = None
    restarts: Annotated[
        int,
        Option(
            min=1,
            help="Fits per fold and dimension of a curve, from different seeds. Their "
            "spread tells differences from chance.",
        ),
    ] = 1
    folds: Annotated[int, Option(min=2, help="Folds of cross-validation.")] = 4
    window: Annotated[
        int | None,
        Option(
            min=1,
            help="Take the rows for a time series and cut windows of this many time "
            "steps.",
            show_default="10 for airline-passengers",
        ),
    ] = None
    stride: Annotated[int, Option(min=1, help="Time steps between windows.")] = 1
    groups: Annotated[
        str | None,
        Option(
            help="A column that is no feature, but what each row of a series belongs "
            "to, as a machine or a patient: no window mixes two.",
            show_default="all rows are one series",
        ),
    ] = None
    time: Annotated[
        str | None,
        Option(
            help="A column that is no feature, but when each row of a series was "
            "measured: it orders the rows, and windows that span a gap are left out.",
            show_default="rows follow one another as they stand",
        ),
    ] = None
    max_gap: Annotated[
        float,
        Option(
            min=1,
            help="Longest step in time within a window, in units of the usual one of "
            "its group.",
        ),
    ] = MAX_GAP
    scale: Annotated[Scale, Option(help="Scaling, fitted inside of each fold.")] = (
        Scale.auto
    )
    column: Annotated[
        list[str] | None,
        Option(help="A column to use; repeat for more.", show_default="all"),
    ] = None
    exclude: Annotated[
        list[str] | None,
        Option(
            "--exclude",
            "--drop",
            help="A column to leave out; repeat for more.",
            show_default="none",
        ),
    ] = None
    target: Annotated[
        str | None,
        Option(
            help="A column that is no feature: it colours the codes, and how well they "
            "predict it is told. With one of classes there are the scorers "
            f"{_OF_CLASSES}, too.",
            show_default="none",
        ),
    ] = None
    index: Annotated[
        str | None,
        Option(
            help="A column that is no feature, but names the rows of codes.csv.",
            show_default="none",
        ),
    ] = None
    decimal: Decimal = None
    encoding: Encoding = None
    sheet: Sheet = None
    size: Size = None
    max_rows: Annotated[
        int,
        Option(
            min=1,
            help="Most rows of a table to search and train with; of more, these are "
            "drawn at random.",
        ),
    ] = MAX_ROWS
    max_epochs: Annotated[
        int | None,
        Option(min=1, help="Epochs of each fit.", show_default="the estimator's"),
    ] = None
    hidden: Annotated[
        str | None,
        Option(
            help="Hidden layers, as 64-32, of estimators that have them so, such as "
            "dense, where they are not searched for.",
            show_default="the estimator's",
        ),
    ] = None
    clusters: Annotated[
        int | None, Option(min=2, help="Clusters of k-means, for silhouette.")
    ] = None
    seed: Annotated[
        int,
        Option("--seed", "--random-state", min=0, help="Of all that is random."),
    ] = 0
    n_jobs: Annotated[
        int | None,
        Option(
            min=-1,
            help="Fits at a time, -1 for as many as there are cores, which train "
            "together where they can. Those that are finished are kept: fewer at a "
            "time lose less if the run is interrupted.",
            show_default="enough to keep all cores busy",
        ),
    ] = None
    processes: Annotated[
        int | None,
        Option(
            min=-1,
            help="Processes that fits are shared out among, -1 for one for each core; "
            "for searches of more than half a minute.",
            show_default="one for each core where 64 fits for each are made at a time, "
            "else one",
        ),
    ] = None
    cluster: Annotated[
        str | None,
        Option(
            help="Address of a Dask scheduler whose workers make the fits, as "
            "tcp://host:8786.",
            show_default="this machine",
        ),
    ] = None
    device: Annotated[str, Option(help="auto, cpu, cuda, cuda:1, ...")] = "auto"
    resume: Annotated[
        bool,
        Option(
            "--resume",
            help="Go on in the folder of an earlier run: fits that it has finished are "
            "not made again. Options may differ; what they change is fitted.",
        ),
    ] = False
    force: Annotated[
        bool,
        Option(
            "--force",
            help="Write into a folder that is not empty, and begin anew in that of an "
            "earlier run.",
        ),
    ] = False

    quiet: Annotated[
        bool,
        Option("--quiet", "-q", help="Print the dimension and the verdict, only."),
    ] = False
    json: Annotated[
        bool,
        Option(
            "--json",
            help="Print the result as JSON on standard output, and all else on "
            "standard error.",
        ),
    ] = False

    @property
    def reading(self):
        """The options of reading."""
        return Reading(self.decimal, self.encoding, self.sheet, self.size)

    @property
    def axis(self):
        """The columns that order the rows of a series."""
        return TimeAxis(self.groups, self.time)

    def completed(self, data):
        """Return the settings with their open fields filled in for a `DataSet`."""
        window = self.window or data.window
        by_search = {"bayes": "description_length"}
        usual = "tabular" if data.is_mixed else "dense"
        usual = "lstm" if window or data.n_channels else usual
        return replace(
            self,
            output=self.output or Path(f"skae-{data.name}"),
            window=window,
            estimator=self.estimator or usual,
            scorer=self.scorer or by_search.get(self.search, "reconstruction"),
            n_iter=self.n_iter or N_ITER.get(self.search),
        )

    def command(self, resume=False):
        """Return the command line that repeats the run.

        Parameters
        ----------
        resume : bool, default=False
            Whether it goes on with what the run has left in its folder.
        """
        words = ["skae", "select", self.data]
        silent = {"force": False, "quiet": False, "json": False}
        settings = replace(self, resume=resume, **silent)
        for field in fields(self)[1:]:
            value = getattr(settings, field.name)
            if value not in (field.default, []):
                words += _words(f"--{field.name.replace('_', '-')}", value)
        return shlex.join(words)


def _words(option, value):
    if value is True:
        return [option]
    values = value if isinstance(value, list) else [value]
    return [word for one in values for word in (option, str(one))]


def parse_components(text):
    """Return the latent dimensions that a text stands for, ascending, or ``"auto"``.

    Parameters
    ----------
    text : str
        A range with both ends in it, a list, or auto.

    Raises
    ------
    InputError
        When the text reads as neither, or a dimension is below 1.

    Examples
    --------
    >>> from skae.cli._settings import parse_components
    >>> parse_components("1:4")
    [1, 2, 3, 4]
    >>> parse_components("8,2,4")
    [2, 4, 8]
    """
    if text == "auto":
        return text
    try:
        if ":" in text:
            low, high = map(int, text.split(":"))
            values = range(low, high + 1)
        else:
            values = [int(part) for part in text.split(",")]
    except ValueError:
        raise _bad_components(text, "that does not read as dimensions") from None
    if not values:
        raise _bad_components(text, "the range is empty, as it starts above its end")
    if min(values) < 1:
        raise _bad_components(text, "a code has at least one dimension")
    return sorted(set(values))


def _bad_components(text, reason):
    return InputError(
        f"{text!r}: {reason}. Write a range with both ends in it, as 1:16, a list, as "
        "1,2,4,8, or auto.",
        "--components",
    )


def format_components(values):
    """Return latent dimensions as text, the inverse of `parse_components`."""
    if len(values) > 2 and values == list(range(values[0], values[-1] + 1)):
        return f"{values[0]}:{values[-1]}"
    return ",".join(map(str, values))
