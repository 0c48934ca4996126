"""The scorers that the command line can use."""

from skae.exceptions import UnknownNameError
from skae.registry import unknown_name
from skae.scorers import SCORERS, get_scorer, get_scorer_names
from skae.scorers.generation import GenerationScorer
from skae.study.errors import InputError

__all__ = ["make_scorer", "usable_scorers"]


def usable_scorers():
    """Return the names of the scorers that need neither classes nor generated rows.

    Examples
    --------
    >>> from skae.study.scorers import usable_scorers
    >>> "kernel_mi" in usable_scorers(), "mmd" in usable_scorers()
    (True, False)
    """
    return [name for name in get_scorer_names() if _fault(SCORERS.get(name)) is None]


def make_scorer(settings):
    """Return the scorer that settings ask for.

    Parameters
    ----------
    settings : Settings

    Raises
    ------
    InputError
        When there is no such scorer, the command cannot use it, or it has no clusters
        where their number is given.
    """
    scorer = _known(settings.scorer)
    if fault := _fault(scorer):
        raise InputError(
            f"The scorer {settings.scorer!r} {fault}: use one of "
            f"{', '.join(map(repr, usable_scorers()))}.",
            "--scorer",
        )
    if settings.clusters is None:
        return scorer
    if "n_clusters" not in scorer.get_params():
        raise InputError(
            f"The scorer {settings.scorer!r} has no clusters: leave the option out, or "
            "use --scorer silhouette.",
            "--clusters",
        )
    return scorer.set_params(n_clusters=settings.clusters)


def _known(name):
    try:
        return get_scorer(name)
    except (UnknownNameError, TypeError) as error:
        raise InputError(str(_unknown(name) or error), "--scorer") from None


def _unknown(name):
    """Return the error for a name that no scorer has, not even one left out."""
    if name in {plugin.name for plugin in SCORERS.plugins()}:
        return None
    return unknown_name("scorer", name, usable_scorers())


def _fault(scorer):
    """Return why the command cannot use a scorer, None if it can; class or instance."""
    if getattr(scorer, "requires_y", False):
        return "needs the class of every row, which this command does not take"
    cls = scorer if isinstance(scorer, type) else type(scorer)
    if issubclass(cls, GenerationScorer):
        return (
            "compares generated rows with the data, and neither a dense nor an lstm "
            "autoencoder generates any"
        )
    return None
