"""
Choosing a dimension: scores that mislead, and rules that do not
================================================================

How many numbers does a row of data need? Most scores answer "as many as you allow", or
"one". This lesson puts six of them beside the truth, on data whose dimension is known,
and has a rule choose in place of the largest score. Then one call tells the dimension
from a single fit per fold, with an interval, the evidence, and a verdict that says so
when there is no good answer. It ends with data of which nobody knows the dimension.
"""

# %%
# A manifold of three dimensions, bent into fifteen features, with a little noise.
import os
import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_wine
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from skae import DenseAutoencoder, select_dimension, stacked
from skae.datasets import make_smooth_manifold
from skae.exceptions import DimensionWarning
from skae.scorers import (
    DescriptionLength,
    KernelMutualInformation,
    Reconstruction,
    Silhouette,
)
from skae.search import Best, Saturation, ScoreCurve, get_rule

FAST = bool(os.environ.get("SKAE_FAST"))

manifold = make_smooth_manifold(500, 3, 15, noise=0.05, random_state=0)
X = manifold.X.astype(np.float32)
autoencoder = DenseAutoencoder(
    hidden_layer_sizes=(32,),
    learning_rate=0.02,
    batch_size=128,
    max_epochs=10 if FAST else 80,
    random_state=0,
)
pipeline = Pipeline([("scale", StandardScaler()), ("reduce", autoencoder)])
print(f"{X.shape}, {manifold.intrinsic_dimension} dimensions")

# %%
# Six scores of the very same fits, cross-validated. Within ``stacked()`` all of them
# train together.
literal = {"alpha": 2, "bandwidth": 1.0, "adjusted": False}
scoring = {
    "explained variance": Reconstruction(),
    "information, fixed bandwidth": KernelMutualInformation("latent", **literal),
    "plain silhouette": Silhouette(5, adjusted=False),
    "description length": DescriptionLength(),
    "information kept": KernelMutualInformation(),
    "information, adjusted": KernelMutualInformation("latent"),
}
search = GridSearchCV(
    pipeline,
    {"reduce__n_components": range(1, 9)},
    scoring=scoring,
    refit=False,
    cv=KFold(3, shuffle=True, random_state=0),
)
with stacked():
    results = search.fit(X).cv_results_
curves = {
    name: ScoreCurve.from_cv_results(results, "reduce__n_components", name)
    for name in scoring
}
for name, curve in curves.items():
    scores = " ".join(f"{score:5.2f}" for score in curve.mean)
    print(f"{name:28} {scores}   highest at {curve.best}")

# %%
# The held-out variance has no maximum: each unit keeps a little more, and be it noise.
# With a fixed bandwidth, the information grows with the number of units, whatever they
# say. The plain silhouette likes a single unit, in which clusters are intervals. The
# others either have their maximum where the dimension is, or level off there.
fig, axes = plt.subplots(2, 3, figsize=(11, 5.6), sharex=True, layout="constrained")
for ax, (name, curve) in zip(axes.flat, curves.items(), strict=True):
    rule = Saturation() if name == "information kept" else Best()
    chosen = rule.select(curve).value
    ax.errorbar(curve.values, curve.mean, curve.standard_error, fmt="o-", ms=4)
    ax.plot(
        chosen, curve.mean[list(curve.values).index(chosen)], "C1o", ms=10, mfc="none"
    )
    ax.axvline(manifold.intrinsic_dimension, color="0.5", ls=":")
    ax.set(ylabel=name, title=f"{type(rule).__name__}: {chosen}")
for ax in axes[1]:
    ax.set_xlabel("latent dimension")

# %%
# Rules choose on a curve instead of taking its maximum. On the explained variance, the
# description length asks whether a unit pays for itself, others where the curve bends,
# levels off or is good enough. One standard error is too little where folds agree.
for name in (
    "description_length",
    "second_difference",
    "knee",
    "saturation",
    "one_standard_error",
    "best",
):
    rule = get_rule(name, n_features=X.shape[1])
    print(f"{name:20} {rule.select(curves['explained variance']).value}")


# %%
# ``select_dimension`` needs no rule, and one fit in each fold instead of eight: the
# units of its codes are ordered, so that the first k are a code of size k. Where the
# logarithm of the held-out error bends, and what distances between neighbours say of
# codes and rows, is the evidence. The verdict says how much the choice is worth. Four
# cases: little noise, too few sizes tried, much noise, and nothing but noise.
def chosen(X, n_components, pipeline=pipeline, **settings):
    """Return the selection among so many sizes; its verdict is printed below."""
    cv = KFold(3, shuffle=True, random_state=0)
    with stacked(), warnings.catch_warnings():
        for category in (ConvergenceWarning, DimensionWarning):
            warnings.simplefilter("ignore", category)
        return select_dimension(
            X, pipeline, n_components=n_components, cv=cv, random_state=0, **settings
        )


rng = np.random.default_rng(0)
noisy = make_smooth_manifold(500, 3, 15, noise=0.5, random_state=0).X
cases = {
    "little noise": chosen(X, 6),
    "up to three tried": chosen(X, 3),
    "much noise": chosen(noisy.astype(np.float32), 6),
    "noise alone": chosen(rng.normal(size=X.shape).astype(np.float32), 6),
}
for name, selection in cases.items():
    print(f"{name}: {selection.verdict.kind}, interval {selection.interval}")
    print(f"    {selection}")
for item in cases["little noise"].evidence:
    print(f"{item.name}: {item.says:.1f}, {item.text}")

# %%
# Wines: 13 measurements of each, and no dimension that anyone knows. Rules read the
# scores of a fit for each size, ``curve="separate"``. Its flat verdict says that many
# sizes do as well. Where rules differ, the curve has no plain bend. Then the size of
# the code is a trade, and the curve shows what is to be had for it, beside PCA's. (The
# wines are sorted by kind, so their folds have to be shuffled.)
wines = load_wine().data.astype(np.float32)
selection = chosen(wines, 8, curve="separate")
flat = Pipeline([("scale", StandardScaler()), ("reduce", PCA())])
selection_of_pca = chosen(wines, 8, flat)
print(f"{selection.verdict.kind}\n    {selection}")
for name in ("description_length", "second_difference", "knee", "saturation"):
    rule = get_rule(name, n_features=wines.shape[1])
    print(f"{name:20} {rule.select(selection.curve).value}")

# sphinx_gallery_thumbnail_number = 2
fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
for name, case in cases.items():
    curve = case.curve
    label = f"{name}: {case.verdict.kind}"
    (line,) = left.plot(curve.values, curve.mean, "o-", ms=4, label=label)
    position = list(curve.values).index(case.value)
    left.plot(
        case.value, curve.mean[position], "o", ms=10, mfc="none", color=line.get_color()
    )
left.legend(frameon=False, fontsize=8)
for label, found in (("autoencoder", selection), ("PCA", selection_of_pca)):
    curve = found.curve
    right.errorbar(
        curve.values, curve.mean, curve.standard_error, fmt="o-", ms=4, label=label
    )
right.legend(frameon=False)
left.set_title("rings: chosen by nested fits", fontsize=10)
right.set_title("wines", fontsize=10)
for ax in (left, right):
    ax.set(xlabel="latent dimension", ylabel="explained variance, held out")
plt.show()
