"""What successive halving chooses, and for how many epochs, beside all candidates.

    python benchmarks/halving.py [--seeds 1] [--sets 10] [--epochs 96] [--first 4]

Candidates are latent dimensions of 1 to 8 by learning rates of 0.001 and 0.01, scored
by description length on three folds, in stacks: all of them for all epochs; and halved
from a quarter of the epochs on (`--first 8`: an eighth), where those that remain go on
(`skae.search.continued`) or begin anew. On sets of known dimension that choices of the
library were settled on, of up to 1,000 rows and 5 dimensions, the first of each family.
"""

import argparse
import warnings
from contextlib import nullcontext
from time import process_time

import numpy as np
from _families import settled_on
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, KFold

from skae import DenseAutoencoder, stacked
from skae.scorers import get_scorer
from skae.search import continued

GRID = {"n_components": [*range(1, 9)], "learning_rate": [1e-3, 1e-2]}
N_CANDIDATES = 16


def sets(seed, n_sets):
    """Return the first set of each family, of few rows and dimensions."""
    first = {}
    for known in settled_on(seed):
        if len(known.X) <= 1000 and known.d and known.d <= 5:
            first.setdefault(known.name.partition("-d")[0], known)
    return [*first.values()][:n_sets]


def settings():
    return {
        "cv": KFold(3, shuffle=True, random_state=0),
        "scoring": get_scorer("description_length"),
        "refit": False,
    }


def model(epochs):
    return DenseAutoencoder(
        max_epochs=epochs, learning_rate_schedule="constant", random_state=0
    )


def of_all(X, epochs):
    search = GridSearchCV(model(epochs), GRID, **settings()).fit(X)
    return search, N_CANDIDATES * epochs


def of_halving(X, epochs, first, goes_on):
    search = HalvingGridSearchCV(
        model(epochs),
        GRID,
        resource="max_epochs",
        min_resources=epochs // first,
        max_resources=epochs,
        factor=2,
        random_state=0,
        **settings(),
    )
    with continued(search) if goes_on else nullcontext():
        search.fit(X)
    epochs = search.n_resources_
    lacking = np.diff(epochs, prepend=0) if goes_on else epochs
    return search, int(np.dot(search.n_candidates_, lacking))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--sets", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=96)
    parser.add_argument("--first", type=int, default=4)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    ways = {
        "all": lambda X: of_all(X, given.epochs),
        "halving": lambda X: of_halving(X, given.epochs, given.first, False),
        "continued": lambda X: of_halving(X, given.epochs, given.first, True),
    }
    totals = {way: np.zeros(3) for way in ways}
    print("set, dimension: units and rate chosen by " + ", ".join(ways))
    n_sets = 0
    for seed in range(given.seeds):
        for known in sets(seed, given.sets):
            X, chosen = (known.X - known.X.mean(0)) / known.X.std(), []
            for way, run in ways.items():
                start = process_time()
                with stacked():
                    search, n_epochs = run(X.astype(np.float32))
                chosen.append(search.best_params_)
                is_same = chosen[-1]["n_components"] == chosen[0]["n_components"]
                totals[way] += is_same, n_epochs, process_time() - start
            cells = (f"{c['n_components']}, {c['learning_rate']:g}" for c in chosen)
            print(f"{known.name}, {known.d}: {'; '.join(cells)}", flush=True)
            n_sets += 1
    print("| way | the same dimension | epochs | CPU |\n|---|---|---|---|")
    for way, (same, n_epochs, seconds) in totals.items():
        ratios = [
            value / of_all
            for value, of_all in zip(
                (n_epochs, seconds), totals["all"][1:], strict=True
            )
        ]
        print(f"| {way} | {same:.0f} of {n_sets} | {ratios[0]:.2f} | {ratios[1]:.2f} |")


if __name__ == "__main__":
    main()
