"""Finding the autoencoder whose fit is drawn."""

from skae.scorers._locate import flattened

__all__ = ["fitted_autoencoder"]


def fitted_autoencoder(estimator):
    """Return the step with a history of a fitted estimator, pipeline or search."""
    estimator = getattr(estimator, "best_estimator_", estimator)
    for _, step in reversed(flattened(estimator).steps):
        if hasattr(step, "history_"):
            return step
    raise TypeError(
        f"{type(estimator).__name__} has no fitted autoencoder to draw from: call fit "
        "first."
    )
