"""Draw the picture of the README: ``python docs/latent_dimension_picture.py``.

The latent dimension of windows of the airline series, by the shape of two curves: the
share of the kernel mutual information that reconstructions keep, and their error, over
contiguous folds that do not overlap.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline

from skae import DenseAutoencoder
from skae.datasets import load_airline_passengers
from skae.model_selection import ContiguousKFold
from skae.preprocessing import SequenceScaler, SlidingWindow
from skae.scorers import KernelMutualInformation, RootMeanSquaredError
from skae.search import Saturation, ScoreCurve

window = SlidingWindow(length=10, flatten=True)
series = load_airline_passengers().data.astype(np.float32)
windows = window.fit_transform(series)
pipeline = Pipeline([("scale", SequenceScaler()), ("reduce", DenseAutoencoder())])
candidates = {
    "dense autoencoder": DenseAutoencoder(max_epochs=200, random_state=0),
    "PCA": PCA(),
}


def searched(reducer):
    """Return the scores of a reducer over all latent dimensions below 10."""
    search = GridSearchCV(
        pipeline.set_params(reduce=reducer),
        {"reduce__n_components": range(1, 10)},
        scoring={"mi": KernelMutualInformation(), "neg_rmse": RootMeanSquaredError()},
        cv=ContiguousKFold(5, gap=window.gap),
        refit=False,
        n_jobs=2,
    )
    return search.fit(windows).cv_results_


panels = [
    ("mi", 1, "share of information kept"),
    ("neg_rmse", -1, "held-out RMSE (thousand passengers)"),
]
figure = Figure(figsize=(9.5, 3.4), layout="constrained")
axes = figure.subplots(1, 2)
for (name, reducer), color in zip(candidates.items(), ["#0072b2", "#8a8a8a"]):
    results = searched(reducer)
    for ax, (metric, sign, label) in zip(axes, panels):
        curve = ScoreCurve.from_cv_results(results, "reduce__n_components", metric)
        print(f"{name}, {label}: {np.round(sign * curve.mean, 3).tolist()}")
        if metric == "mi":
            print(Saturation().select(curve))
        ax.errorbar(
            curve.values,
            sign * curve.mean,
            yerr=curve.standard_error,
            color=color,
            marker="o",
            markersize=4,
            capsize=3,
            label=name,
        )
        ax.set(xlabel="latent dimension", ylabel=label)
        ax.spines[["top", "right"]].set_visible(False)
axes[1].set_ylim(bottom=0)
axes[1].legend(frameon=False)
figure.savefig(Path(__file__).parent / "images" / "latent-dimension.png", dpi=130)
