"""Bayesian search by scikit-optimize."""

from skae.search.bayes._search import BayesSearchCV

__all__ = ["BayesSearchCV"]
