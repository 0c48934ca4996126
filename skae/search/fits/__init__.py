"""Finished fits of searches, kept in a file: a killed search goes on from there."""

from skae.search.fits._database import ScoreStore
from skae.search.fits._recall import remember, remembering

__all__ = ["ScoreStore", "remember", "remembering"]
