"""Scores of rows, from what a model says of them; the higher, the more abnormal."""

import numpy as np

__all__ = ["SCORES", "standardized"]

# Of the surprise of single features beside errors and codes.
WEIGHT_OF_TAILS = 0.5
TINY = 1e-12


def standardized(errors, spread):
    """Return squared errors over the squared spreads of their entries."""
    return np.square(errors / spread)


def squared_error(parts, spread, n_components):
    """Return the mean squared error, in squared units of what the model sees."""
    return np.nanmean(np.square(parts.errors), axis=1)


def standardized_error(parts, spread, n_components):
    """Return the mean squared error in units of held-out errors, entry by entry."""
    return np.nanmean(standardized(parts.errors, spread), axis=1)


def code_distance(parts, spread, n_components):
    """Return the squared Mahalanobis distance of the code, by unit."""
    return parts.distances / n_components


def negative_log_likelihood(parts, spread, n_components):
    """Return the negative log-likelihood of a generative model, in nats."""
    return -parts.log_likelihoods


def combined(parts, spread, n_components):
    """Return error and code as a heavy-tailed density has them, and single features.

    ``log(((d - k) e + k c) / d) + t / 2``, of standardised error ``e``, code distance
    ``c`` by unit, and surprise ``t`` of features and of unknown categories. Of a linear
    model of ``k`` components for ``d`` entries the sum is the Mahalanobis distance of
    the row, and its logarithm, as Student's t has it, keeps a few wild rows from being
    all that counts.
    """
    d = parts.errors.shape[1]
    of_error = max(1, d - n_components) / d
    error = standardized_error(parts, spread, n_components)
    distance = of_error * error + parts.distances / d
    return np.log(distance + TINY) + WEIGHT_OF_TAILS * parts.tails


SCORES = {
    "combined": combined,
    "standardized": standardized_error,
    "squared": squared_error,
    "code": code_distance,
    "likelihood": negative_log_likelihood,
}
