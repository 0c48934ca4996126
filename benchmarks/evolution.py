"""Evaluations that a search needs, on objectives whose optimum is known.

    python benchmarks/evolution.py [--seeds 20] [--budget 250] [--peer]

The objectives are functions of the parameters: nothing is trained. A search is done as
soon as it has met a candidate among the best 0.5 % of the space, as a random draw is
with that probability. The table has the median over the seeds of the number of
evaluations, with quartiles, and of the best score after 100 evaluations, as a share of
the way from the median of the space to the optimum. ``--peer`` adds
`sklearn-genetic-opt` with its default operators, where it is installed; it knows no
architectures. Its evaluations are those that are not in its cache.
"""

import argparse
import warnings

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.model_selection import ShuffleSplit

from skae.search import Architecture, EvolutionarySearchCV
from skae.search.evolution._space import Space

X = np.zeros((4, 1))
ONE_FOLD = ShuffleSplit(1, random_state=0)
SHARE = 0.005
CHECKPOINT = 100


# Objectives


def bowl(a, b, c, d):
    """Two parameters matter most."""
    point = np.array([a, b, c, d])
    weights = np.array([4.0, 2.0, 1.0, 0.5])
    return -float(weights @ (point - [0.2, 0.7, 0.5, 0.9]) ** 2)


def valley(a, b, c, d):
    """Two parameters count in proportion only, and two are integers."""
    ratio = np.log10(a) + 2 - 0.25 * (c - 6)
    return -float(ratio**2 + (np.log10(b) + 3) ** 2 + 0.1 * abs(c - 9) + 0.05 * (d - 3))


def network(learning_rate, n_components, activation, batch_size):
    """Ask for a learning rate that suits the batch size, a size and a category."""
    off = np.log10(learning_rate) + 2.5 - 0.5 * np.log2(batch_size / 32)
    gain = {"relu": 0.0, "tanh": -0.3, "silu": 0.2, "sigmoid": -1.0}[activation]
    return -float(off**2) - 0.02 * abs(n_components - 11) + gain - 0.2


def waves(a, b):
    """Many local optima (Rastrigin)."""
    point = np.array([a, b]) - [0.6, -1.3]
    return -float(np.sum(point**2 + 3 * (1 - np.cos(2 * np.pi * point))))


def layers(hidden_layer_sizes):
    """Highest at (128, 48, 12); widths count by their logarithm, layers by one."""
    goal = (128, 48, 12)
    n = max(len(goal), len(hidden_layer_sizes))
    pair = np.ones((2, n))
    pair[0, : len(goal)] = goal
    pair[1, : len(hidden_layer_sizes)] = hidden_layer_sizes
    return -float(np.abs(np.log2(pair[0] / pair[1])).sum())


def capacity(hidden_layer_sizes, n_components):
    """Count weights and layers: many architectures will do."""
    sizes = (30, *hidden_layer_sizes, n_components)
    weights = np.sum(np.multiply(sizes[1:], sizes[:-1]))
    depth = len(hidden_layer_sizes)
    return -float(abs(np.log2(weights / 9000))) - abs(depth - 3) - abs(n_components - 6)


def nothing(a, b):
    """No structure: only luck finds the best."""
    return float(np.random.default_rng([a, b]).uniform())


UNIT = (0.0, 1.0)
RATE = (1e-5, 1.0, "log-uniform")
OBJECTIVES = {
    bowl: (dict.fromkeys("abcd", UNIT), 0.0),
    valley: ({"a": RATE, "b": RATE, "c": (1, 32), "d": (3, 12)}, 0.0),
    network: (
        {
            "learning_rate": RATE,
            "n_components": (1, 32),
            "activation": ["relu", "tanh", "silu", "sigmoid"],
            "batch_size": [8, 16, 32, 64, 128, 256],
        },
        0.0,
    ),
    waves: (dict.fromkeys("ab", (-4.0, 4.0)), 0.0),
    layers: ({"hidden_layer_sizes": Architecture(1, 6, 4, 512)}, 0.0),
    capacity: (
        {"hidden_layer_sizes": Architecture(0, 5, 4, 256), "n_components": (1, 16)},
        0.0,
    ),
    nothing: (dict.fromkeys("ab", (1, 30)), 1.0),
}


class _Synthetic(RegressorMixin, BaseEstimator):
    """Scores what an objective says of its parameters."""

    def __init__(
        self,
        function=None,
        a=0,
        b=0,
        c=0,
        d=0,
        hidden_layer_sizes=(),
        learning_rate=0.1,
        n_components=1,
        activation="relu",
        batch_size=8,
    ):
        self.function = function
        self.a = a
        self.b = b
        self.c = c
        self.d = d
        self.hidden_layer_sizes = hidden_layer_sizes
        self.learning_rate = learning_rate
        self.n_components = n_components
        self.activation = activation
        self.batch_size = batch_size

    def fit(self, X, y=None):
        self.n_features_in_ = 1
        return self

    def predict(self, X):
        return np.zeros(len(X))

    def score(self, X, y=None):
        names = OBJECTIVES[self.function][0]
        return self.function(**{name: getattr(self, name) for name in names})


# Contenders: the scores of their evaluations in order


def random_search(function, budget, seed):
    space, rng = Space(OBJECTIVES[function][0]), np.random.default_rng(seed)
    draws = (space.params(space.spread(1, rng)[0]) for _ in range(budget))
    return np.array([function(**params) for params in draws])


def evolution(function, budget, seed, **parameters):
    search = EvolutionarySearchCV(
        _Synthetic(function),
        OBJECTIVES[function][0],
        n_generations=budget // 10 - 1,
        cv=ONE_FOLD,
        refit=False,
        random_state=seed,
        **parameters,
    )
    return search.fit(X).cv_results_["mean_test_score"]


def keep_if_better(function, budget, seed):
    return evolution(function, budget, seed, strategy="keep_if_better")


def peer(function, budget, seed):
    """Return scores of sklearn-genetic-opt, which draws from the global states."""
    import random

    from sklearn_genetic import GASearchCV
    from sklearn_genetic.space import Categorical, Continuous, Integer

    def dimension(spec):
        if isinstance(spec, list):
            return Categorical(spec)
        kind = Integer if isinstance(spec[0], int) else Continuous
        return kind(*spec[:2], distribution=spec[2] if len(spec) > 2 else "uniform")

    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    seen = []

    class Recording(_Synthetic):
        def score(self, X, y=None):
            seen.append(super().score(X, y))
            return seen[-1]

    space = {name: dimension(spec) for name, spec in OBJECTIVES[function][0].items()}
    GASearchCV(
        Recording(function),
        cv=ONE_FOLD,
        param_grid=space,
        refit=False,
        verbose=False,
        generations=budget // 10 - 1,
        population_size=10,
        n_jobs=1,
    ).fit(X, X[:, 0])
    return np.array(seen[:budget])


# Measurements


def target(function, n=20_000):
    """Return the score of the best 0.5 % of the space, and its median."""
    scores = random_search(function, n, seed=12345)
    return np.quantile(scores, 1 - SHARE), np.median(scores)


def measured(contender, function, budget, n_seeds):
    """Return evaluations to the target, and scores at the checkpoint, per seed."""
    enough, middle = target(function)
    optimum = OBJECTIVES[function][1]
    needed, reached = [], []
    for seed in range(n_seeds):
        scores = contender(function, budget, seed)
        hits = np.flatnonzero(scores >= enough)
        needed.append(hits[0] + 1 if len(hits) else np.inf)
        best = scores[:CHECKPOINT].max()
        reached.append((best - middle) / (optimum - middle))
    return np.array(needed), np.array(reached)


def cell(needed, reached, budget):
    low, middle, high = np.quantile(np.minimum(needed, budget + 1), (0.25, 0.5, 0.75))
    text = [f"{x:.0f}" if x <= budget else f"> {budget}" for x in (middle, low, high)]
    return f"{text[0]} ({text[1]} to {text[2]}), {np.median(reached):.2f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--budget", type=int, default=250)
    parser.add_argument("--peer", action="store_true")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    contenders = {
        "random search": random_search,
        "`EvolutionarySearchCV`": evolution,
        '`strategy="keep_if_better"`': keep_if_better,
    }
    if arguments.peer:
        contenders["sklearn-genetic-opt"] = peer
    print(f"| objective | {' | '.join(contenders)} |")
    print(f"|{'---|' * (len(contenders) + 1)}")
    for function in OBJECTIVES:
        cells = [
            cell(
                *measured(contender, function, arguments.budget, arguments.seeds),
                arguments.budget,
            )
            if contender is not peer or function not in (layers, capacity)
            else "-"
            for contender in contenders.values()
        ]
        print(f"| {function.__name__} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
