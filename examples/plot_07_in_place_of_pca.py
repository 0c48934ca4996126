"""
In place of PCA: an autoencoder as a step of a pipeline
=======================================================

An autoencoder is a transformer, so it can stand wherever PCA stands. Should it? That
is a question for a search: the reducing step is one more parameter, and PCA is one of
its values. Here a pipeline that scales, reduces and classifies is searched over both,
on handwritten digits and on measurements of tumours.
"""

# %%
# The pipeline, and the grid: five sizes of the code for each of three reducers.
# Whitened components all have the same variance, and so have the units of the
# autoencoder, roughly. A classifier that measures distances may mind.
import os

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold, train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from skae import DenseAutoencoder, stacked
from skae.scorers import Reconstruction

FAST = bool(os.environ.get("SKAE_FAST"))

autoencoder = DenseAutoencoder(
    max_epochs=2 if FAST else 50, learning_rate=5e-3, random_state=0
)
reducers = {
    "PCA": PCA(random_state=0),
    "PCA, whitened": PCA(whiten=True, random_state=0),
    "autoencoder": autoencoder,
}
sizes = [1, 2, 4, 8, 16]


def searched(scaler, classifier, X, y):
    """Return a fitted search over reducers and sizes."""
    pipeline = Pipeline(
        [("scale", scaler), ("reduce", PCA()), ("classify", classifier)]
    )
    search = GridSearchCV(
        pipeline,
        {"reduce": list(reducers.values()), "reduce__n_components": sizes},
        scoring={"accuracy": "accuracy", "R2": Reconstruction()},
        refit="accuracy",
        cv=StratifiedKFold(3, shuffle=True, random_state=0),
    )
    with stacked():  # the fits of autoencoders train together
        return search.fit(X, y)


# %%
# Two data sets and two classifiers, one that draws lines between the classes and one
# that asks the five nearest neighbours. A quarter of the rows has no part in a search.
data = {
    "digits": (load_digits(return_X_y=True), MinMaxScaler()),
    "tumours": (load_breast_cancer(return_X_y=True), StandardScaler()),
}
classifiers = {
    "lines": LogisticRegression(max_iter=2000),
    "neighbours": KNeighborsClassifier(),
}
searches, held_out = {}, {}
for name, ((X, y), scaler) in data.items():
    train, test, y_train, y_test = train_test_split(
        X.astype(np.float32), y, stratify=y, random_state=0
    )
    for kind, classifier in classifiers.items():
        search = searched(scaler, classifier, train, y_train)
        searches[name, kind] = search
        held_out[name, kind] = search.score(test, y_test)


# %%
# Mean scores over the folds, one row for each reducer. The scorer of the reconstruction
# looks into the pipeline for the reducing step, and takes PCA as well. The classifier
# behind it makes no difference to that score.
def curves(name, kind, metric):
    """Return means and standard deviations over folds, a row for each reducer."""
    found = searches[name, kind].cv_results_
    shape = len(reducers), len(sizes)
    return [found[f"{of}_test_{metric}"].reshape(shape) for of in ("mean", "std")]


kinds = ("lines", "lines", "neighbours")
metrics = ("R2", "accuracy", "accuracy")
panels = [
    (name, kind, metric)
    for name in data
    for kind, metric in [
        ("lines", "R2"),
        ("lines", "accuracy"),
        ("neighbours", "accuracy"),
    ]
]
for name, kind, metric in panels:
    title = f"{name}: {metric}" + (f", {kind}" if metric == "accuracy" else "")
    print(f"{title:30}", *(f"{size:5d}" for size in sizes))
    for reducer, means in zip(reducers, curves(name, kind, metric)[0], strict=True):
        print(f"    {reducer:26}", *(f"{mean:5.2f}" for mean in means))


# %%
# Who is ahead, the autoencoder or the better of both kinds of PCA? Differences that are
# smaller than the two standard deviations over folds together are not counted.
def ahead(means, spreads):
    rival = np.argmax(means[:2])
    if abs(means[2] - means[rival]) <= spreads[2] + spreads[rival]:
        return "-"
    return "autoencoder" if means[2] > means[rival] else "PCA"


print(f"{'':30}", *(f"{size:>12d}" for size in sizes))
for name, kind, metric in panels:
    found = [
        ahead(*pair)
        for pair in zip(*np.swapaxes(curves(name, kind, metric), 1, 2), strict=True)
    ]
    print(f"{name:9} {metric:9} {kind:10}", *(f"{word:>12}" for word in found))

# %%
# What the searches choose, and the accuracy on the rows that they have not seen.
for (name, kind), search in searches.items():
    reducer = list(reducers)[search.best_index_ // len(sizes)]
    size = search.best_params_["reduce__n_components"]
    accuracy = held_out[name, kind]
    print(f"{name:9} {kind:10}  {reducer} of size {size}: {accuracy:.3f} held out")

# %%
# Bars are standard deviations over folds. Digits lie on bent surfaces: in few numbers
# the autoencoder keeps more of them, and the classifiers use it. The tumours are nearly
# flat, and there PCA is as good at a fraction of the cost. Where a code has more units
# than the classes need, neighbours are misled by units of equal variance, of which
# some say little: compare the two kinds of PCA.
fig, axes = plt.subplots(2, 3, figsize=(11, 6), sharex=True, layout="constrained")
for ax, (name, kind, metric) in zip(axes.flat, panels, strict=True):
    for label, mean, spread in zip(reducers, *curves(name, kind, metric), strict=True):
        ax.errorbar(sizes, mean, spread, fmt="o-", ms=4, label=label)
    ax.set_title(name if metric == "R2" else f"{name}, {kind}", fontsize=10)
    ax.set_ylabel("explained variance" if metric == "R2" else "accuracy")
    ax.set_xscale("log", base=2)
    ax.set_xticks(sizes, sizes)
for ax in axes[1]:
    ax.set_xlabel("size of the code")
axes[0, 0].legend(frameon=False)
plt.show()
