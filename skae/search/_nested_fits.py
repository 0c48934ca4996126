"""Nested fits in place of a fit for every latent dimension."""

from math import ceil, inf

from sklearn.base import clone

from skae.bottlenecks import BOTTLENECKS
from skae.networks import NETWORKS
from skae.noise import NOISES, NestedDropout
from skae.scorers import Reconstruction, RootMeanSquaredError, get_scorer
from skae.scorers._nested import NestedReadings
from skae.search._nested import NestedCurve
from skae.search._nested_verdict import select
from skae.search._results import unfold

__all__ = ["FEWEST", "NestedFits", "ordered", "readings_of", "starts_as_pca"]

# Longer fits learn the noise of few rows, and found fewer dimensions right.
N_STEPS, BATCH_SIZE, LEARNING_RATE = 400, 128, 5e-3
MOST = 19
# Held-out rows of a fold that tell an error, beside that of their own mean.
FEWEST = 3


class NestedFits:
    """Fits of nested codes, and the latent dimension that they speak for.

    Parameters
    ----------
    found : DimensionRange
        Of the data.
    n_components : "auto" or int
        See `LatentDimensionSearchCV`.
    metrics : dict of str to str
        What each of the search's metrics is called among the readings.
    order : dict
        Parameters of the autoencoder that order the units of its codes; see `ordered`.
    """

    def __init__(self, found, n_components, metrics, order):
        self.metrics, self.order = metrics, order
        self.param, self.prefix = found.param, found.param.removesuffix("n_components")
        largest = MOST if n_components == "auto" else int(n_components)
        self.most = min(largest, found.n_features - 1)
        # enough units to see where the fall of the error ends, whatever is allowed
        self.n_components = min(found.n_features, max(MOST, self.most) + 1)
        self.known = {
            "two_nn": inf if found.intrinsic is None else found.intrinsic.two_nn,
            "n_features": found.n_features,
            "n_rows": found.n_rows,
            "most": self.most,
            "names": None if found.names is None else [*dict.fromkeys(found.names)],
        }

    @property
    def scorer(self):
        """The scorer of the fits."""
        names = self.known["names"]
        return NestedReadings(
            in_units="neg_rmse" in self.metrics.values(),
            columns=range(self.known["n_features"]) if names is None else names,
        )

    def grid(self, n_splits):
        """Return the parameters of the fits: many units, and few steps."""
        n_train = max(1, self.known["n_rows"] * (n_splits - 1) // max(1, n_splits))
        settings = {
            "n_components": self.n_components,
            **self.order,
            "batch_size": BATCH_SIZE,
            "max_epochs": ceil(N_STEPS / ceil(n_train / BATCH_SIZE)),
            "learning_rate": LEARNING_RATE,
            "early_stopping": False,
        }
        return {f"{self.prefix}{name}": [value] for name, value in settings.items()}

    def unfold(self, results):
        """Return `cv_results_` with a row for each size, and keep the readings."""
        self.nested = NestedCurve.from_cv_results(
            results, self.n_components, **self.known
        )
        sizes = range(1, self.most + 1)
        return unfold(results, self.param, sizes, self.metrics)

    def finish(self, search):
        """Let a fitted search score as one of separate fits does."""
        search.multimetric_ = isinstance(search.scoring, dict)
        scorers = search.scoring if search.multimetric_ else {"score": search.scoring}
        scorers = {name: get_scorer(scorer) for name, scorer in scorers.items()}
        search.scorer_ = scorers if search.multimetric_ else scorers["score"]

    def select(self, curve):
        """Return the `Selection` on the curve of the unfolded results."""
        return select(self.nested, curve)


def readings_of(scoring):
    """Return what the metrics of a search are called among readings, None if unknown.

    Parameters
    ----------
    scoring : str, scorer or dict
        See `LatentDimensionSearchCV`.
    """
    scorers = scoring if isinstance(scoring, dict) else {"score": scoring}
    called = {Reconstruction: "r2", RootMeanSquaredError: "neg_rmse"}
    found = {name: called.get(type(get_scorer(s))) for name, s in scorers.items()}
    return None if None in found.values() else found


def ordered(step):
    """Return the parameters of an autoencoder that order the units of its codes.

    It is its parameter `nested`, or a bottleneck whose noise is nested dropout. None
    where it has neither, or a bottleneck with noise of another kind.

    Parameters
    ----------
    step : estimator
        The reducing step, not fitted.
    """
    params = step.get_params(deep=False)
    if "nested" in params:
        return {"nested": True}
    if "bottleneck" not in params:
        return None
    bottleneck = clone(BOTTLENECKS.resolve(params["bottleneck"]))
    if "noise" not in bottleneck.get_params():
        return None
    noise = NOISES.resolve(bottleneck.noise)
    if not (noise is None or isinstance(noise, NestedDropout)):
        return None
    return {"bottleneck": bottleneck.set_params(noise="nested_dropout")}


def starts_as_pca(step):
    """Return whether training begins with principal components, so that few steps do.

    Where sequences differ in length it does not, whatever is set.

    Parameters
    ----------
    step : estimator
        The reducing step, not fitted.
    """
    params = step.get_params(deep=False)
    network = params.get("network")
    describes = "linear_path" in params and (
        network is None or isinstance(network, str)
    )
    if network is not None and not describes:
        return NETWORKS.resolve(network).has_linear_path
    return params.get("linear_path") == "pca"
