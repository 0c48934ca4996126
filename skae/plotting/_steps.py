"""Finding the autoencoder whose fit is drawn."""

from sklearn.pipeline import Pipeline

__all__ = ["fitted_autoencoder"]


def fitted_autoencoder(estimator):
    """Return the step with a history of a fitted estimator, pipeline or search."""
    estimator = getattr(estimator, "best_estimator_", estimator)
    is_pipeline = isinstance(estimator, Pipeline)
    steps = [step for _, step in estimator.steps] if is_pipeline else [estimator]
    for step in reversed(steps):
        if hasattr(step, "history_"):
            return step
    raise TypeError(
        f"{type(estimator).__name__} has no fitted autoencoder to draw from: call fit "
        "first."
    )
