"""Draw the pictures of a guide: ``python docs/choosing_a_dimension_picture.py``.

The first shows what one unit makes of a circle, the second how six ways to read the
same fits go about a manifold of three dimensions. What is drawn is printed as well.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from skae import DenseAutoencoder, stacked
from skae.datasets import make_smooth_manifold, make_sphere
from skae.scorers import (
    DescriptionLength,
    KernelMutualInformation,
    Reconstruction,
    Silhouette,
)
from skae.search import Best, Saturation, ScoreCurve

IMAGES = Path(__file__).parent / "images"
BLUE, GREY, ORANGE = "#0072b2", "#8a8a8a", "#d55e00"
LITERAL = {"alpha": 2, "bandwidth": 1.0, "adjusted": False}
N_COMPONENTS = range(1, 13)

# Name of the score, scorer, rule, label, and whether noise has such a score too.
PANELS = [
    ("R2", Reconstruction(), Best(), "explained variance", False),
    (
        "literal",
        KernelMutualInformation("latent", **LITERAL),
        Best(),
        "information, fixed bandwidth (nats)",
        True,
    ),
    ("silhouette", Silhouette(5, adjusted=False), Best(), "plain silhouette", True),
    ("length", DescriptionLength(), Best(), "negative description length", False),
    ("R", KernelMutualInformation(), Saturation(), "share of information kept", False),
    (
        "AMI",
        KernelMutualInformation("latent"),
        Best(),
        "information of the code, adjusted",
        True,
    ),
]


class Noise:
    """What an encoder would be whose codes have nothing to do with the rows."""

    def __init__(self, n_components):
        self.n_components = n_components

    def fit(self, X, y=None):
        """Learn nothing."""
        return self

    def transform(self, X):
        """Return normal draws."""
        rng = np.random.default_rng(len(X))
        return rng.normal(size=(len(X), self.n_components))

    def inverse_transform(self, Z):
        """Return nothing of the data."""
        return np.zeros((len(Z), 1))


def draw_circle():
    """Draw what a code of one unit makes of a circle."""
    circle = make_sphere(600, 1, random_state=0).X
    angles = np.arange(8000) * 2 * np.pi / 8000
    ring = np.column_stack([np.cos(angles), np.sin(angles)])
    model = DenseAutoencoder(1, learning_rate=0.01, max_epochs=200, random_state=0).fit(
        circle
    )
    codes, found = model.transform(ring)[:, 0], model.reconstruct(ring)
    errors = np.linalg.norm(found - ring, axis=1)
    here = np.argmin(np.abs(codes - np.roll(codes, 4000)))
    pair = sorted([here, (here + 4000) % 8000])
    print(f"circle: R2 {model.score(ring):.2f}, largest error {errors.max():.2f}")
    print(f"opposite points with equal codes: {np.degrees(angles[pair]).round()}")
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot(*ring.T, color=GREY, linewidth=1, label="circle")
    left.plot(*found[::20].T, ".", color=BLUE, markersize=3, label="reconstruction")
    left.plot(*ring[pair].T, "o", color=ORANGE, label="opposite, equal codes")
    left.set_aspect("equal")
    left.legend(frameon=False, loc="center", fontsize=8)
    right.plot(np.degrees(angles), codes, color=BLUE)
    right.plot(np.degrees(angles[pair]), codes[pair], "o--", color=ORANGE)
    right.set(xlabel="angle (degrees)", ylabel="code", xticks=range(0, 361, 90))
    for ax in (left, right):
        ax.spines[["top", "right"]].set_visible(False)
    figure.savefig(IMAGES / "circle-in-one-unit.png", dpi=110)


def searched(X):
    """Return the scores of a whole curve of autoencoders."""
    pipeline = Pipeline(
        [("scale", StandardScaler()), ("reduce", DenseAutoencoder(random_state=0))]
    )
    search = GridSearchCV(
        pipeline,
        {"reduce__n_components": N_COMPONENTS},
        scoring={name: scorer for name, scorer, *_ in PANELS},
        cv=KFold(4, shuffle=True, random_state=0),
        refit=False,
    )
    with stacked():
        return search.fit(X).cv_results_


def of_noise(X, scorer):
    """Return the scores of codes that are noise, on rows of a fold's number."""
    return [scorer(Noise(k).fit(X), X[: len(X) // 4]) for k in N_COMPONENTS]


def draw_scores(manifold):
    """Draw six curves from the same fits, and what is chosen on each."""
    X = manifold.X.astype(np.float32)
    results = searched(X)
    figure = Figure(figsize=(10, 5.6), layout="constrained")
    axes = figure.subplots(2, 3).flat
    for ax, (name, scorer, rule, label, has_noise) in zip(axes, PANELS):
        curve = ScoreCurve.from_cv_results(results, "reduce__n_components", name)
        chosen = rule.select(curve).value
        print(f"{name}: {chosen}, {curve.mean.round(2).tolist()}")
        ax.axvline(manifold.intrinsic_dimension, color=GREY, linestyle=":")
        ax.plot(curve.values, curve.mean, "o-", color=BLUE, markersize=4)
        ax.plot(chosen, curve.mean[chosen - 1], "o", color=ORANGE, markersize=9)
        if has_noise:
            noise = of_noise(StandardScaler().fit_transform(X), scorer)
            print(f"{name} of noise: {np.round(noise, 2).tolist()}")
            ax.plot(curve.values, noise, "--", color=GREY, label="codes of noise")
            ax.legend(frameon=False, fontsize=8)
        ax.set(title=f"chosen: {chosen}", xlabel="latent dimension", ylabel=label)
        ax.set_xticks(N_COMPONENTS[::2])
        ax.spines[["top", "right"]].set_visible(False)
    figure.savefig(IMAGES / "choosing-a-dimension.png", dpi=110)


if __name__ == "__main__":
    draw_circle()
    draw_scores(make_smooth_manifold(800, 3, 20, noise=0.05, random_state=0))
