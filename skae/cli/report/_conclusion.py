"""The findings in a sentence or two, with advice."""

from math import sqrt

__all__ = ["conclusion", "verdict_on_pca"]

# Errors that differ by a smaller share are taken for the same.
_SAME = 0.02


def conclusion(plan, outcome):
    """Return what was found, and what to use, in two sentences at most.

    Parameters
    ----------
    plan : Plan
    outcome : Outcome
    """
    n, kept = outcome.chosen, outcome.score("reconstruction")
    numbers = f"{n} number{'s' * (n > 1)}"
    what = "window" if plan.window else "row"
    if outcome.verdict.is_settled:
        found = f"{numbers} for each {what} keep{'s' * (n == 1)} {max(kept, 0):.0%} of "
        found += "what varies in the data."
    else:
        found = (
            f"No latent dimension stands out: {numbers} for each {what} are a guess "
        )
        found += f"that keeps {max(kept, 0):.0%} of what varies in the data."
    beside = verdict_on_pca(*_errors(plan, outcome))
    if not outcome.verdict.is_settled:  # what is no more than a guess is not advised
        beside = beside.replace(": use the autoencoder", "")
    return f"{found} {beside}".strip()


def _errors(plan, outcome):
    """Return the errors of the autoencoder and of PCA, None where that has none."""
    if outcome.linear is None:
        return 0.0, None
    if not plan.data.is_mixed:
        return outcome.rmse, -outcome.linear
    left = (1 - outcome.score("reconstruction"), 1 - outcome.linear)
    return tuple(sqrt(max(share, 0)) for share in left)


def verdict_on_pca(error, of_pca):
    """Return what to use, given held-out errors of the autoencoder and of PCA.

    Parameters
    ----------
    error : float
    of_pca : float or None
        Of as many components; None where there are not so many.

    Examples
    --------
    >>> from skae.cli.report._conclusion import verdict_on_pca
    >>> verdict_on_pca(10, 20)
    'The error is 50% smaller than that of PCA with as many: use the autoencoder.'
    >>> verdict_on_pca(10, 10.1)
    'PCA with as many does as well: use PCA, which is simpler.'
    >>> verdict_on_pca(10, 5)
    'PCA with as many errs less: use PCA.'
    """
    if of_pca is None:
        return ""
    if of_pca < (1 - _SAME) * error:
        return "PCA with as many errs less: use PCA."
    if of_pca * (1 - _SAME) <= error:
        return "PCA with as many does as well: use PCA, which is simpler."
    share = f"{1 - error / of_pca:.0%}"
    return f"The error is {share} smaller than that of PCA with as many: use the " + (
        "autoencoder."
    )
