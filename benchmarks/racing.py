"""What an evolution finds, and from how many epochs, when hopeless candidates end.

    python benchmarks/racing.py [--seeds 2] [--sets 8] [--settled]
    python benchmarks/racing.py --functions [--seeds 20]

Searches of 90 candidates (population of ten, eight generations) over the size of the
code, hidden layers, learning rate and activation of dense autoencoders of 20 epochs,
scored by description length on five folds, in stacks: all candidates on all folds, and
with `racing_folds` of 1 and 2. On sets of families that nothing of the race was settled
on, or with `--settled` on the others. A score is lower by a number of standard errors
of the mean over folds of what all folds find best. Since one survivor more or less
makes another search of an evolution, as another seed does, single differences say
little: ``--functions`` has many, of the objectives of `evolution.py`, beside noise that
each fold adds to each candidate, a tenth of the way from the space's median to its
optimum. There the share of that way is told that what is found best has come, without
the noise.
"""

import argparse
import warnings

import evolution
import numpy as np
from _families import settled_on
from _independent import independent
from sklearn.model_selection import KFold

from skae import DenseAutoencoder, stacked
from skae.scorers import get_scorer
from skae.search import Architecture, EvolutionarySearchCV

SPACE = {
    "n_components": (1, 8),
    "hidden_layer_sizes": Architecture(1, 3, 4, 64),
    "learning_rate": (1e-4, 1e-1, "log-uniform"),
    "activation": ["relu", "tanh", "silu"],
}
WAYS = (None, 1, 2)


def sets(families, n_sets):
    """Return a set of each of some families, of few rows and columns."""
    small = [s for s in families if len(s.X) <= 1000 and s.X.shape[1] <= 200]
    first = {s.name.partition("-d")[0]: s for s in reversed(small)}
    return [*first.values()][::-1][:n_sets]


def found(X, seed, racing_folds):
    """Return the best score, its standard error, and the number of fits."""
    search = EvolutionarySearchCV(
        DenseAutoencoder(max_epochs=20, random_state=0),
        SPACE,
        n_generations=8,
        cv=5,
        scoring=get_scorer("description_length"),
        refit=False,
        racing_folds=racing_folds,
        random_state=seed,
    )
    with stacked():
        results = search.fit(X).cv_results_
    best = np.nanargmax(results["mean_test_score"])
    error = results["std_test_score"][best] / np.sqrt(5)
    n_fits = results.get("n_folds", np.full(len(results["params"]), 5)).sum()
    return results["mean_test_score"][best], error, n_fits


class Noisy(evolution._Synthetic):
    """Scores what an objective says of its parameters, beside noise of each fold."""

    def score(self, X, y=None):
        """Return the score on a fold, the same one every time."""
        value = super().score(X)
        seed = abs(hash((int(X[0, 0]), value)))
        noise = np.random.default_rng(seed).normal()
        return value + NOISE * SCALES[self.function] * noise


NOISE = 0.1
SCALES = {}


def share_found(function, seed, racing_folds):
    """Return how far a search of an objective has come, and its number of fits."""
    space, optimum = evolution.OBJECTIVES[function]
    _, middle = evolution.target(function, 2000)
    SCALES[function] = optimum - middle
    search = EvolutionarySearchCV(
        Noisy(function),
        space,
        n_generations=8,
        cv=KFold(5),
        refit=False,
        racing_folds=racing_folds,
        random_state=seed,
    ).fit(np.arange(10.0)[:, None])
    results = search.cv_results_
    n_fits = results.get("n_folds", np.full(len(results["params"]), 5)).sum()
    return (function(**search.best_params_) - middle) / (optimum - middle), n_fits


def on_functions(n_seeds):
    """Print how far searches of all objectives come, and for what share of fits."""
    print("| objective | all folds | 1 fold first | 2 folds first |\n|---|---|---|---|")
    for function in evolution.OBJECTIVES:
        found = np.array(
            [[share_found(function, s, way) for way in WAYS] for s in range(n_seeds)]
        )
        shares, fits = found[:, :, 0], found[:, :, 1] / found[:, :1, 1]
        errors = shares.std(0) / np.sqrt(n_seeds)
        cells = (
            f"{share:.3f} ± {error:.3f}, {of_fits:.2f}"
            for share, error, of_fits in zip(
                shares.mean(0), errors, fits.mean(0), strict=True
            )
        )
        print(f"| {function.__name__} | {' | '.join(cells)} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--sets", type=int, default=8)
    parser.add_argument("--settled", action="store_true")
    parser.add_argument("--functions", action="store_true")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    if given.functions:
        on_functions(given.seeds)
        return
    families = settled_on(0) if given.settled else independent(0)
    lower, fits = {way: [] for way in WAYS}, {way: [] for way in WAYS}
    print(
        "set, seed: lower by (in standard errors), share of the epochs; 1 and 2 folds"
    )
    for known in sets(families, given.sets):
        X = ((known.X - known.X.mean(0)) / known.X.std()).astype(np.float32)
        X = X[np.random.default_rng(0).permutation(len(X))]
        for seed in range(given.seeds):
            results = {way: found(X, seed, way) for way in WAYS}
            best, error, n_fits = results[None]
            for way, (score, _, n) in results.items():
                lower[way].append((best - score) / error)
                fits[way].append(n / n_fits)
            cells = (f"{lower[w][-1]:.2f}, {fits[w][-1]:.2f}" for w in WAYS[1:])
            print(f"{known.name}, {seed}: {'; '.join(cells)}", flush=True)
    print("| folds | epochs | the same score | lower by, mean | at most | higher by |")
    print("|---|---|---|---|---|---|")
    for way in WAYS[1:]:
        by = np.array(lower[way])
        same = f"{np.sum(np.abs(by) < 1e-3)} of {len(by)}"
        cells = np.mean(fits[way]), by.mean(), by.max(), -by.min()
        share, *others = (f"{cell:.2f}" for cell in cells)
        print(f"| {way} | {share} | {same} | {' | '.join(others)} |")


if __name__ == "__main__":
    main()
