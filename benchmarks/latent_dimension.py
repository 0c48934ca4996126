"""Rules and scores compared on data whose dimension is known.

    python benchmarks/latent_dimension.py [--folds 4] [--seed 0] [--only 0 1 2]

For each manifold: the dimension d, the smallest Euclidean dimension e that it embeds
in, and what each way to choose a latent dimension says, all from one search over the
dimensions 1 to 16 (below the number of features) with the default `DenseAutoencoder`
behind a `StandardScaler`:

- default: the shortest description, up to the bound by the intrinsic dimension;
- R: information that the reconstruction keeps, at 95 % of its maximum;
- bend: the largest second difference of the logarithm of the unexplained variance;
- R2 max: the largest explained variance;
- literal: the largest kernel mutual information with a fixed bandwidth of 1;
- TwoNN, MLE, CorrInt: estimators from the distances of neighbours, rounded.
"""

import argparse
import sys
import time
import warnings

import numpy as np
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skae import DenseAutoencoder, stacked
from skae.datasets import manifold_suite
from skae.information import estimate_dimension
from skae.scorers import KernelMutualInformation, Reconstruction
from skae.search import Best, Saturation, ScoreCurve, SecondDifference, get_rule

PARAM = "denseautoencoder__n_components"
SCORING = {
    "r2": Reconstruction(),
    "R": KernelMutualInformation(max_samples=500),
    "literal": KernelMutualInformation(
        "latent", alpha=2, bandwidth=1.0, adjusted=False, max_samples=500
    ),
}
WAYS = ("default", "R", "bend", "R2 max", "literal", "TwoNN", "MLE", "CorrInt")


def search(X, most, arguments):
    estimator = make_pipeline(
        StandardScaler(), DenseAutoencoder(random_state=arguments.seed)
    )
    folds = list(KFold(4, shuffle=True, random_state=arguments.seed).split(X))
    grid = GridSearchCV(
        estimator,
        {PARAM: range(1, most + 1)},
        scoring=SCORING,
        refit=False,
        cv=folds[: arguments.folds],
    )
    with stacked():
        return grid.fit(X.astype(np.float32))


def curve(results, metric, most):
    return ScoreCurve.from_cv_results(results, PARAM, metric).at(slice(most))


def answers(manifold, arguments):
    """Return what each way says, and how much the default leaves unexplained."""
    X, D = manifold.X, manifold.n_features
    estimated = estimate_dimension(StandardScaler().fit_transform(X))
    most = min(16, D - 1)
    results = search(X, most, arguments).cv_results_
    bound = min(most, estimated.upper_bound)
    capped = curve(results, "r2", bound).compressing(D)
    chosen = get_rule("description_length", D).select(capped)
    said = {
        "default": chosen.value,
        "R": Saturation().select(curve(results, "R", most)).value,
        "bend": SecondDifference().select(curve(results, "r2", most)).value,
        "R2 max": Best().select(curve(results, "r2", most)).value,
        "literal": Best().select(curve(results, "literal", most)).value,
        "TwoNN": round(estimated.two_nn),
        "MLE": round(estimated.levina_bickel),
        "CorrInt": round(estimated.correlation),
    }
    return said, chosen.verdict.kind


def shares(rows, way):
    """Return the shares that are exact, within [d, e], and within one of that."""
    hits = [
        (said[way] == d, d <= said[way] <= e, d - 1 <= said[way] <= e + 1)
        for d, e, said in rows
    ]
    return " / ".join(f"{share:.0%}" for share in np.mean(hits, axis=0))


def summarize(title, rows):
    if rows:
        cells = " | ".join(shares(rows, way) for way in WAYS)
        print(f"| **{title} ({len(rows)})** | | | | {cells} | |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folds", type=int, default=4, choices=(1, 2, 3, 4))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, nargs="*", help="numbers of manifolds")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    print(f"| manifold | d | e | D | {' | '.join(WAYS)} | verdict |")
    print("|" + "---|" * (len(WAYS) + 5))
    every, noisy, wide = [], [], []
    for number, manifold in enumerate(manifold_suite(random_state=arguments.seed)):
        if arguments.only and number not in arguments.only:
            continue
        start = time.perf_counter()
        said, verdict = answers(manifold, arguments)
        d, e = manifold.intrinsic_dimension, manifold.embedding_dimension
        cells = " | ".join(str(said[way]) for way in WAYS)
        head = f"{manifold.name} | {d} | {e} | {manifold.n_features}"
        print(f"| {head} | {cells} | {verdict} |", flush=True)
        print(f"{time.perf_counter() - start:.0f} s", file=sys.stderr)
        row = (d, e, said)
        every.append(row)
        noisy += [row] * (manifold.noise > 0)
        wide += [row] * (manifold.n_features >= 11)
    print("\nExact / within [d, e] / within one of that:\n")
    summarize("all", every)
    summarize("with noise", noisy)
    summarize("11 features or more", wide)


if __name__ == "__main__":
    main()
