"""Codes that tell nothing: whether they do, and why."""

import numpy as np
import torch
from sklearn.decomposition import PCA

from skae._notices import warn
from skae.exceptions import CollapseWarning
from skae.objectives import Likelihood, kl_to_standard_normal

__all__ = ["ACTIVE_VARIANCE", "CollapseMixin"]

# A unit whose mean varies less than this over the data carries nothing (Burda et al.,
# 2016, arXiv:1509.00519, appendix C).
ACTIVE_VARIANCE = 0.01


class CollapseMixin:
    """Warnings of codes that have collapsed, with the cause."""

    def _diagnose(self, mean, log_var, X):
        kl = kl_to_standard_normal(torch.from_numpy(mean), torch.from_numpy(log_var))
        self.kl_per_unit_ = kl.mean(0).numpy()
        self.active_units_ = mean.var(axis=0) > ACTIVE_VARIANCE
        if not np.ptp(X, axis=0).any():
            return
        if text := self._collapse(X):
            warn(text, CollapseWarning, "collapse", is_of_one=True)

    def _collapse(self, X):
        """Return what is to be said of codes that tell nothing, or None."""
        if not self.active_units_.any():
            return (
                f"The posterior has collapsed: none of the {self.n_components} code "
                "units varies with the data, and all rows are reconstructed alike. "
                f"{self._collapse_cause(X)}"
            )
        is_bound = isinstance(self.net_.criterion_.reconstruction, Likelihood)
        if not is_bound or self._gain is None or self._gain > 0:
            return None
        return (
            "The codes tell nothing of new rows: the evidence lower bound of rows that "
            f"were held out is {-self._gain:.2g} nats per row below the log-likelihood "
            "of independent features with the means of the others. Take fewer units "
            f"(n_components={self.n_components} now) or more rows, or take it that "
            "the data have no low-dimensional structure."
        )

    def _collapse_cause(self, X):
        """Compare the divergence's weight with what the data could bear."""
        weight = self.history_[-1].get("kl_weight", 0.0)
        term = self.net_.criterion_.reconstruction
        is_bound = isinstance(term, Likelihood)
        if is_bound and term.noise is None:
            return (
                f"Under {type(term).__name__}, no code was worth the KL divergence, "
                f"which weighs {weight:g} (beta): lower beta, raise free_bits, or take "
                "it that the data have no low-dimensional structure."
            )
        largest = (_largest_beta if is_bound else _largest_bearable_weight)(X)
        if weight > largest and is_bound:
            return (
                f"The KL divergence weighs {weight:g} (beta), and the largest variance "
                f"of a direction is {largest:.3g} times the mean of the others, the "
                "noise: no direction bears a larger weight. Lower beta, raise "
                "free_bits, or take it that the data have no low-dimensional structure."
            )
        if weight > largest:
            return (
                f"The KL divergence weighs {weight:g} (beta), and with a squared "
                "error, a mean over features, no direction of these data is worth more "
                f"than {largest:.2g}: lower beta well below that, or raise free_bits."
            )
        return (
            f"The weight of the KL divergence, {weight:g}, does not explain it: train "
            f"longer (max_epochs={self.n_iter_} now) or faster "
            f"(learning_rate={self.net_.lr:g})."
        )


def _largest_beta(X):
    """Return the largest variance of a direction over the mean of the others.

    With a normal likelihood a linear VAE keeps directions whose variance is above beta
    times that of the noise.
    """
    X = np.nan_to_num(X.reshape(len(X), -1).astype(np.float64))
    largest = PCA(1, random_state=0).fit(X).explained_variance_[0]
    rest = X.var(axis=0, ddof=1).sum() - largest
    return largest * max(1, X.shape[1] - 1) / max(rest, 1e-10 * largest)


def _largest_bearable_weight(X):
    """Return twice the share of the variance per feature that one direction has.

    A linear VAE whose decoder has the variance v keeps the directions of larger
    variance (Lucas et al., 2019, arXiv:1911.02469), and the mean over features makes
    v of a weight beta ``n_features * beta / 2``.
    """
    X = np.nan_to_num(X.reshape(len(X), -1))
    return 2 * PCA(1, random_state=0).fit(X).explained_variance_[0] / X.shape[1]
