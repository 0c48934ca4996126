"""The scorers that the command line can use."""

from skae.cli._errors import InputError
from skae.exceptions import UnknownNameError
from skae.registry import unknown_name
from skae.scorers import SCORERS, get_scorer_names
from skae.scorers._generation import GenerationScorer

__all__ = ["make_scorer", "usable_scorers"]


def usable_scorers(estimator=None):
    """Return the names of the scorers that do not need the classes of rows.

    Parameters
    ----------
    estimator : BaseAutoencoder or None, default=None
        What is scored, or None for any. Scorers of generated rows are left out, unless
        it generates rows.

    Examples
    --------
    >>> from skae import VAE
    >>> from skae.cli._scorers import usable_scorers
    >>> "kernel_mi" in usable_scorers(), "mmd" in usable_scorers()
    (True, False)
    >>> "mmd" in usable_scorers(VAE())
    True
    """
    return [
        name
        for name in get_scorer_names()
        if _fault(SCORERS.get(name), estimator) is None
    ]


def make_scorer(settings, estimator):
    """Return the scorer that settings ask for.

    Parameters
    ----------
    settings : Settings
    estimator : BaseAutoencoder
        What is scored.

    Raises
    ------
    InputError
        When there is no such scorer, the command cannot use it, or it has no clusters
        where their number is given.
    """
    scorer = _known(settings.scorer, estimator)
    if fault := _fault(type(scorer), estimator):
        raise InputError(
            f"The scorer {settings.scorer!r} {fault}: use one of "
            f"{', '.join(map(repr, usable_scorers(estimator)))}.",
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


def _known(name, estimator):
    try:
        return SCORERS.resolve(name)
    except (UnknownNameError, TypeError) as error:
        raise InputError(str(_unknown(name, estimator) or error), "--scorer") from None


def _unknown(name, estimator):
    """Return the error for a name that no scorer has, not even one left out."""
    if name in {plugin.name for plugin in SCORERS.plugins()}:
        return None
    return unknown_name("scorer", name, usable_scorers(estimator))


def _fault(cls, estimator):
    """Return why the command cannot use a class of scorers, None if it can."""
    if getattr(cls, "requires_y", False):
        return "needs the class of every row, which this command does not take"
    if issubclass(cls, GenerationScorer) and not hasattr(estimator, "sample"):
        return (
            f"compares generated rows with the data, and {type(estimator).__name__} "
            "generates none, as --estimator VAE does"
        )
    return None
