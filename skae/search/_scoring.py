"""Scorers by their names in searches."""

from copy import copy

from skae.scorers import get_scorer

__all__ = ["SCORING", "NamedScoring"]

#: What `scoring` may be, of a search that derives from `NamedScoring`.
SCORING = [str, callable, list, tuple, dict, None]


class NamedScoring:
    """A search whose `scoring` takes the names that `get_scorer` knows.

    To be derived from before `BaseSearchCV`, which knows scikit-learn's names only.
    """

    def _get_scorers(self):
        named = copy(self)
        named.scoring = _scorers(self.scoring)
        return super(NamedScoring, named)._get_scorers()


def _scorers(scoring):
    """Return `scoring` with scorers in place of their names."""
    if isinstance(scoring, dict):
        return {key: get_scorer(scorer) for key, scorer in scoring.items()}
    if isinstance(scoring, list | tuple):
        names = {name for name in scoring if isinstance(name, str)}
        # Lists of anything else, and names given twice, are refused by scikit-learn.
        whole = len(names) == len(scoring)
        return {name: get_scorer(name) for name in scoring} if whole else scoring
    return get_scorer(scoring)
