"""Searches over the latent dimension, and what their scores say."""

from skae.search.selection import ScoreCurve, Verdict

__all__ = ["ScoreCurve", "Verdict"]
