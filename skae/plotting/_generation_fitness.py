"""Fitness of the best and of the whole population, generation by generation."""

import numpy as np

from skae.plotting._figures import BLUE, DARK, GREY, GRID, Display
from skae.plotting._layers import depth_of, layers_of
from skae.plotting._scores import legend_above
from skae.plotting._trials import (
    check_param,
    finite_scores,
    named_score,
    results_of,
    searched,
    short_name,
)
from skae.search._results import candidates
from skae.search.evolution._objectives import objective_columns

__all__ = ["GenerationFitnessDisplay"]

_MAX_NUMBERS = 24
_ALIKE = 0.3


class GenerationFitnessDisplay(Display):
    """Fitness over the generations of an evolution, as bars: best and mean.

    Both are over the individuals that go on into the next generation; those that failed
    are left out of the mean. The number over a bar is the depth of the best individual,
    its number of hidden layers; for many generations it is written where it changes.

    If the best stands still while the mean catches up, the population has become alike:
    larger mutations or a larger population may help. Fitness is as it was known at the
    time: with `n_reevaluated`, later evaluations may have lowered it.

    Bars start at zero, unless their differences could then not be seen; the vertical
    axis says so.

    Parameters
    ----------
    generations : pandas.DataFrame
        A row for each generation, with the columns `generation`, `best`, `mean`, and
        `depth`, NaN where there is none.
    name : str, default="fitness"
        What the vertical axis shows, with its unit.
    negate : bool, default=False
        Whether to draw the negative fitness: errors, of which less is better.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where `plot` drew.
    figure_ : matplotlib Figure
        The figure of `ax_`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.decomposition import PCA
    >>> from skae.plotting import GenerationFitnessDisplay
    >>> from skae.search import EvolutionarySearchCV
    >>> X = np.random.default_rng(0).normal(size=(60, 8)) * [9, 8, 7, 6, 1, 1, 1, 1]
    >>> search = EvolutionarySearchCV(
    ...     PCA(),
    ...     {"n_components": (1, 7), "whiten": [False, True]},
    ...     population_size=3,
    ...     n_generations=2,
    ...     random_state=0,
    ... ).fit(X)
    >>> display = GenerationFitnessDisplay.from_search(search)
    >>> display.generations["generation"].tolist()
    [0, 1, 2]
    """

    def __init__(self, generations, *, name="fitness", negate=False):
        self.generations = generations
        self.name = name
        self.negate = negate

    @classmethod
    def from_search(cls, search, architecture=None, *, name=None, negate=None, ax=None):
        """Return the drawn display of a fitted evolution.

        Parameters
        ----------
        search : EvolutionarySearchCV
            Fitted.
        architecture : str, default=None
            The parameter whose layers are counted: tuples, text such as ``"64-32"``, or
            depths. None: the first one that is called ``n_layers``, or has tuples or
            such text as its values; if there is none, no depth is drawn.
        name : str, default=None
            What the vertical axis shows; the first objective if None.
        negate : bool, default=None
            Whether to draw errors. None: if the name of the first objective starts with
            ``"neg_"``, or it is a cost.
        ax : matplotlib Axes, default=None
            See `plot`.

        Returns
        -------
        display : GenerationFitnessDisplay

        Raises
        ------
        NotFittedError
            When the search is not fitted.
        UnknownNameError
            When there is no such parameter.
        TypeError
            When the search has no generations.
        ValueError
            When the parameter is no architecture.
        """
        import pandas as pd

        results = results_of(search)
        _check_evolution(search)
        depths = _depths(candidates(results), architecture)
        rows = _by_generation(search.generations_, depths)
        named = _named_objective(search, name, negate)
        return cls(pd.DataFrame(rows), name=named[0], negate=named[1]).plot(ax)

    def plot(self, ax=None):
        """Draw, in `ax` or in a new figure, and return the display itself."""
        ax = self._axes(ax)
        numbers = self.generations["generation"].to_numpy()
        sign = -1 if self.negate else 1
        best = sign * self.generations["best"].to_numpy(dtype=float)
        mean = sign * self.generations["mean"].to_numpy(dtype=float)
        start = _start(np.concatenate([best, mean]))
        self._draw(ax, numbers - 0.2, best, start, BLUE, "best")
        self._draw(ax, numbers + 0.2, mean, start, GREY, "mean of the population")
        self._write_depths(ax, numbers - 0.2, best, start)
        self._name_axes(ax, start)
        legend_above(ax)
        return self

    def _draw(self, ax, x, values, start, color, label):
        style = {"bottom": start, "width": 0.38, "color": color, "label": label}
        ax.bar(x, values - start, **style)

    def _write_depths(self, ax, x, best, start):
        for i in _numbered(self._depth, best):
            hangs = best[i] < start
            ax.annotate(
                f"{self._depth[i]:.0f}",
                (x[i], best[i]),
                xytext=(0, -2 if hangs else 2),
                textcoords="offset points",
                ha="center",
                va="top" if hangs else "bottom",
                color=DARK,
                fontsize=9,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.3},
                zorder=3,
            )

    @property
    def _depth(self):
        return self.generations["depth"].to_numpy(dtype=float)

    def _name_axes(self, ax, start):
        note = ""
        if np.isfinite(self._depth).any():
            note = " (numbers on bars: hidden layers of the best)"
        ax.set(xlabel=f"generation{note}", ylabel=self.name)
        ax.margins(y=0.1)
        if start != 0:
            ax.set_ylim(bottom=start)
            ax.set_ylabel(f"{self.name}, from {start:.3g}")
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.grid(axis="y", color=GRID)
        ax.set_axisbelow(True)


def _numbered(depth, best):
    """Return the rows whose depth is written: all, or those where it changes."""
    rows = np.flatnonzero(np.isfinite(depth) & np.isfinite(best))
    if len(rows) <= _MAX_NUMBERS:
        return rows
    changes = np.diff(depth[rows], prepend=np.nan) != 0
    return rows[changes]


def _start(values):
    """Return the base of the bars: zero, or below the least where all are alike."""
    values = values[np.isfinite(values)]
    span = np.ptp(values) if len(values) else 0.0
    one_sign = len(values) > 0 and values.min() * values.max() > 0
    if span == 0 or not one_sign or span > _ALIKE * np.abs(values).max():
        return 0.0
    return values.min() - span / 4


def _check_evolution(search):
    if not hasattr(search, "generations_"):
        raise TypeError(
            f"{type(search).__name__} has no generations: pass a fitted "
            "EvolutionarySearchCV, or draw the search by ConvergenceDisplay."
        )


def _depths(params, architecture):
    """Return the depth of each candidate, NaN where it is not known."""
    name = _architecture(params) if architecture is None else architecture
    if name is None:
        return [np.nan] * len(params)
    check_param(name, params)
    depths = [depth_of(candidate.get(name)) for candidate in params]
    if architecture is not None and None in depths:
        value = params[depths.index(None)].get(name)
        raise ValueError(
            f"architecture={name!r}: {value!r} says nothing about layers. Name a "
            "parameter whose values are tuples of widths, text such as '64-32', or "
            "depths."
        )
    return [np.nan if depth is None else depth for depth in depths]


def _architecture(params):
    """Return the first parameter whose values are layers, None if there is none."""
    for name in searched(params):
        values = [candidate.get(name) for candidate in params]
        if all(depth_of(value) is not None for value in values) and (
            short_name(name) == "n_layers"
            or any(layers_of(value) is not None for value in values)
        ):
            return name
    return None


def _by_generation(records, depths):
    """Yield best, mean and depth of those that survive in each generation."""
    generations = {}
    for record in records:
        if record["survives"]:
            generations.setdefault(record["generation"], []).append(record)
    for number, alive in generations.items():
        fitness = finite_scores([record["fitness"] for record in alive])
        row = {"generation": number, "best": np.nan, "mean": np.nan, "depth": np.nan}
        if np.isfinite(fitness).any():
            best = int(np.nanargmax(fitness))
            row |= {"best": fitness[best], "mean": np.nanmean(fitness)}
            row["depth"] = depths[alive[best]["index"]]
        yield row


def _named_objective(search, name, negate):
    """Return the name of the first objective, and whether less of it is better."""
    first = objective_columns(search.objectives, search.cv_results_, search.refit)[0]
    if first.sign < 0:
        return (first.name if name is None else name), negate is None or negate
    return named_score(search, first.name, name, negate)
