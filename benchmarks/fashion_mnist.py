"""Evolve a variational autoencoder on pictures of clothes, and cluster its codes.

    python benchmarks/fashion_mnist.py --first 20000 --budget 0 [--candidates 24]
    python benchmarks/fashion_mnist.py --candidates 0 [--budget 42] [--searches 0 1]
        [--latent 2 8] [--n-jobs 2] [--store skae-fashion-mnist/scores.db] [--quick]

The data are training pictures of Fashion-MNIST (`skae.datasets.fetch_fashion_mnist`).
The first line settles the criterion, with the classes, on pictures 20,000 to 30,000:
rank correlations of criteria that need no classes with the agreement of clusters and
classes (the adjusted Rand index, ARI), over random candidates.

The second makes the table, of the first 10,000. Searches train on 5,000 of them for 10
epochs and judge by the codes of 2,000 others; no search is told the classes. What a
search has chosen is trained anew on all 10,000 for 20 epochs, with three seeds, as is
all that it is compared with. K-means (10 clusters, 10 starts) of the codes of these
pictures is then compared with their classes. "Other pictures" is the same for the next
10,000, which nothing was trained on.

The search begins with a fixed recipe, which is also in the table, and evaluates the
best of each generation once more, lest luck decide. The article's rule evolves layers
alone, by the plain silhouette, in the article's recipe, for as many fits. Its layers
have at most 256 units here rather than 782, for the time they take.

Set ``OMP_NUM_THREADS=1``. A run that was interrupted goes on where it was: what is
finished is in the store.
"""

import argparse
import warnings
from functools import partial
from itertools import count
from math import ceil

import numpy as np
from joblib import Parallel, delayed
from scipy.stats import spearmanr
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score
from sklearn.model_selection import ShuffleSplit
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from skae import VAE
from skae.datasets import fetch_fashion_mnist
from skae.metrics import variance_explained
from skae.scorers import AdjustedRand, Reconstruction, Silhouette, Trustworthiness
from skae.scorers._clustering import k_means_labels
from skae.search import Architecture, EvolutionarySearchCV
from skae.search.fits import ScoreStore

N_PICTURES = 10_000
N_CLASSES = 10
SEEDS = (0, 1, 2)
BARS = {2: 0.30, 8: 0.36}
POPULATION = 6


# The space


def standardised(X):
    """Give each picture mean 0 and variance 1: its shape, without its brightness."""
    return (X - X.mean(axis=1, keepdims=True)) / X.std(axis=1, keepdims=True)


def roots_standardised(X):
    return standardised(np.sqrt(X))


SCALES = {
    "pixels as they are": "passthrough",
    "square roots of pixels": FunctionTransformer(np.sqrt),
    "pictures standardised": FunctionTransformer(standardised),
    "square roots standardised": FunctionTransformer(roots_standardised),
}

SPACE = {
    "vae__hidden_layer_sizes": Architecture(1, 3, 32, 256),
    "scale": list(SCALES.values()),
    "vae__activation": ["relu", "silu", "tanh"],
    "vae__linear_path": [None, "pca"],
    "vae__beta": (1e-5, 1e-1, "log-uniform"),
    "vae__learning_rate": (1e-3, 1e-2, "log-uniform"),
    "vae__batch_size": [64, 128, 256],
}

FIXED = {"hidden_layer_sizes": (256, 64), "scale": SCALES["pictures standardised"]}

ARTICLE_LAYERS = {"vae__hidden_layer_sizes": Architecture(3, 9, 16, 256)}

# The bound is had at this weight, as cross-entropy is a mean over the 784 pixels.
ARTICLE = {
    "hidden_layer_sizes": (256, 64),
    "activation": "relu",
    "linear_path": None,
    "reconstruction": "bernoulli_cross_entropy",
    "output_activation": "sigmoid",
    "beta": 1 / 784,
    "learning_rate_schedule": "constant",
    "optimizer": "adam",
    "weight_decay": 0.0,
}


def pipeline(k, epochs, seed=0, scale="passthrough", **parameters):
    parameters = {"batch_size": 128, "reconstruction": "squared_error"} | parameters
    vae = VAE(k, max_epochs=epochs, random_state=seed, **parameters)
    return Pipeline([("scale", scale), ("vae", vae)])


# Criteria


def ahead_of_pca(model, X, y=None):
    """Return how much more of the variance is explained than by PCA of these rows."""
    X = np.asarray(model[:-1].transform(X))
    if model[-1].diverged_:
        return -1.0
    pca = PCA(model[-1].n_components, svd_solver="randomized", random_state=0)
    linear = variance_explained(X, pca.inverse_transform(pca.fit_transform(X)))
    ahead = variance_explained(X, model[-1].reconstruct(X)) - linear
    return max(float(ahead), -1.0)


def clusters_ahead_of_pca(model, X, y=None):
    """Return how much more variance the clusters of codes explain than PCA's clusters.

    It is that of the pictures, each standardised, whatever the model is given: what
    lies between the clusters. All candidates are compared in one space.
    """
    if model[-1].diverged_:
        return -1.0
    shapes = standardised(np.asarray(X))
    pca = PCA(model[-1].n_components, svd_solver="randomized", random_state=0)
    linear = between(shapes, pca.fit_transform(shapes))
    return between(shapes, model.transform(X)) - linear


def between(X, codes):
    """Return the share of the variance of rows that lies between clusters of codes."""
    labels = k_means_labels(codes, N_CLASSES, random_state=0)
    means = np.array([X[labels == label].mean(axis=0) for label in range(N_CLASSES)])
    return float(variance_explained(X, means[labels]))


def bound(model, X, y=None):
    """Return the mean evidence lower bound, in nats."""
    bounds = model[-1].elbo(model[:-1].transform(X), n_draws=1)
    return float(np.nan_to_num(bounds.mean(), nan=-1e9, neginf=-1e9))


SILHOUETTE = Silhouette(N_CLASSES, adjusted=False)
ADJUSTED = Silhouette(N_CLASSES)

CRITERIA = {
    "silhouette": SILHOUETTE,
    "silhouette, adjusted": ADJUSTED,
    "silhouette, adjusted, of what is decoded": Silhouette(N_CLASSES, space="decoded"),
    "evidence lower bound": bound,
    "trustworthiness": Trustworthiness(),
    "variance explained": Reconstruction(),
    "variance explained beyond PCA": ahead_of_pca,
    "explained by clusters of codes beyond PCA's": clusters_ahead_of_pca,
}


def gain(model, X, y=None):
    """Return what codes and their clusters explain beyond PCA's, summed.

    The reconstruction tells whether codes know the pictures, the clusters whether
    k-means can use what they know. Both terms are 0 for principal components.
    """
    return ahead_of_pca(model, X) + clusters_ahead_of_pca(model, X)


def geometric(a, b):
    """Return the geometric mean, or the lesser one where it is not positive."""
    least = np.minimum(a, b)
    return np.where(least > 0, np.sqrt(np.maximum(a * b, 0)), least)


# Searches


def search(k, X, options, seed, space, template=None, **parameters):
    """Return a fitted search without labels, unless `scoring` is given them."""
    y = parameters.pop("labels", None)
    return EvolutionarySearchCV(
        pipeline(k, options.epochs // 2, **(template or {})),
        space,
        refit=False,
        cv=ShuffleSplit(
            1, train_size=len(X) // 2, test_size=len(X) // 5, random_state=seed
        ),
        n_jobs=options.n_jobs,
        random_state=seed,
        store=options.store,
        verbose=1,
        **parameters,
    ).fit(X, y)


def random_candidates(k, X, y, options):
    """Measure random candidates by all criteria, and by the classes to compare with."""
    return search(
        k,
        X,
        options,
        0,
        SPACE,
        scoring=CRITERIA | {"ARI": AdjustedRand(N_CLASSES)},
        labels=y,
        population_size=options.candidates,
        n_generations=0,
    )


def evolved(k, X, options, seed):
    """Search from the fixed recipe on; a generation costs one fit more, see above."""
    n_generations = ceil((options.budget - 1 - POPULATION) / (POPULATION + 1))
    vae = {"vae__hidden_layer_sizes": FIXED["hidden_layer_sizes"]}
    default = VAE().get_params() | {"beta": 0.01, "learning_rate": 1e-3}
    names = ("activation", "linear_path", "beta", "learning_rate")
    vae |= {f"vae__{name}": default[name] for name in names}
    return search(
        k,
        X,
        options,
        seed,
        SPACE,
        scoring=gain,
        population_size=POPULATION,
        n_generations=n_generations,
        n_reevaluated=1,
        initial_points=[vae | {"vae__batch_size": 128, "scale": FIXED["scale"]}],
    )


def by_the_articles_rule(k, X, options, seed):
    """Search over layers alone, by the plain silhouette, for as many fits at least.

    Chance decides how many candidates a generation has. A search that was too short is
    done again with one generation more; the store knows all but the new candidates.
    """
    for n_generations in count(ceil(options.budget / POPULATION) - 1):
        found = search(
            k,
            X,
            options,
            seed,
            ARTICLE_LAYERS,
            template=ARTICLE,
            scoring=SILHOUETTE,
            strategy="keep_if_better",
            population_size=POPULATION,
            n_generations=n_generations,
        )
        if len(found.cv_results_["params"]) >= options.budget:
            return found


SEARCHES = {"article's rule": by_the_articles_rule, "evolved": evolved}


def best(search):
    scores = search.cv_results_["mean_test_score"]
    return search.cv_results_["params"][int(np.nanargmax(scores))]


# What it leads to


def agreement(codes, y, seed):
    k_means = KMeans(N_CLASSES, n_init=10, random_state=seed)
    return adjusted_rand_score(y, k_means.fit_predict(codes))


def measured(store, key, make, params, seed, near, far):
    """Return the ARI on the pictures trained on, and on others."""
    warnings.simplefilter("ignore")
    key = f"{key}, seed {seed}"
    found = store.get(key)
    if found is None:
        model = make(seed).set_params(**params).fit(near[0])
        values = [agreement(model.transform(X), y, seed) for X, y in (near, far)]
        found = {"test_scores": values}
        store.put(key, found)
    print(f"{key}: {found['test_scores'][0]:.3f}", flush=True)
    return found["test_scores"]


def linear(k, scale, seed):
    return Pipeline([("scale", scale), ("pca", PCA(k, random_state=seed))])


def contenders(k, epochs, chosen):
    """Return what is compared: how to make it, and what the searches say."""
    vae = partial(pipeline, k, epochs)
    article = partial(vae, **ARTICLE)
    rows = {
        "PCA": (partial(linear, k, "passthrough"), {}),
        "PCA, pictures standardised": (partial(linear, k, FIXED["scale"]), {}),
        "784-256-64, the article's recipe": (article, {}),
        "784-256-64, skae's defaults, pictures standardised": (
            partial(vae, **FIXED),
            {},
        ),
    }
    for name, params in chosen.items():
        rows[name] = (vae if name.startswith("evolved") else article, params)
    return rows


def compare(k, options, chosen, near, far):
    """Print the table of one latent size; return the median ARIs."""
    rows = contenders(k, options.epochs, chosen)
    store = ScoreStore(options.store)
    tasks = []
    for name, row in rows.items():
        key = f"{name}, latent {k}, {options.epochs} epochs, {described(row[1])}"
        key += f", {len(near[0])} pictures from {options.first}"
        tasks += [(store, key, *row, seed, near, far) for seed in SEEDS]
    with store.in_use():
        values = Parallel(options.n_jobs)(delayed(measured)(*task) for task in tasks)
    values = np.reshape(values, (len(rows), len(SEEDS), 2))
    print("\n| latent | codes | ARI | other pictures |\n|---|---|---|---|")
    for name, row in zip(rows, values, strict=True):
        print(f"| {k} | {name} | {spread(row[:, 0])} | {spread(row[:, 1])} |")
    return dict(zip(rows, np.median(values[..., 0], axis=1), strict=True))


def spread(values):
    return f"{np.median(values):.3f} ({min(values):.3f} to {max(values):.3f})"


def verdict(k, median):
    """Say of each bar whether each of the evolved reaches it."""
    bars = {f"{BARS.get(k, 0):.2f}": BARS.get(k, 0)} | {
        name: value for name, value in median.items() if not name.startswith("evolved")
    }
    for evolved in median.keys() - bars.keys():
        print(f"\nlatent {k}: {evolved} {median[evolved]:.3f}", end="")
        for name, value in bars.items():
            above = "above" if median[evolved] > value else "NOT above"
            print(f"; {above} {name}", end="")
    print(flush=True)


# Reports


def correlations(values, truth):
    """Print how well each criterion orders the candidates, and which it would take."""
    print("\n| criterion | rank correlation with the ARI | ARI of its best |")
    print("|---|---|---|")
    for name, column in values.items():
        best = truth[int(np.argmax(column))]
        print(f"| {name} | {spearmanr(column, truth)[0]:.2f} | {best:.3f} |")
    print(f"\nARI of the candidates: {spread(truth)}", flush=True)


def criteria(search):
    """Return what each criterion says of the candidates, combined ones last."""
    results = search.cv_results_
    values = {name: results[f"mean_test_{name}"] for name in CRITERIA}
    *_, beyond, clusters = values.values()
    both = geometric(values["silhouette, adjusted"], beyond)
    return values | {
        'geometric mean of "adjusted" and "beyond PCA"': both,
        "sum of the two beyond PCA, the one used": beyond + clusters,
    }


def described(params):
    texts = []
    for name, value in params.items():
        if name == "scale":
            texts += [text for text, scale in SCALES.items() if scale is value]
        else:
            value = f"{value:.2g}" if isinstance(value, float) else value
            texts.append(f"{name.removeprefix('vae__')} {value}")
    return ", ".join(texts)


def judge_criteria(k, options, X, y):
    random = random_candidates(k, X, y, options)
    correlations(criteria(random), random.cv_results_["mean_test_ARI"])


def run_searches(k, options, near, far):
    chosen = {}
    for name, find in SEARCHES.items():
        for seed in options.searches:
            print(f"\n{name}, search {seed}", flush=True)
            found = report(find(k, near[0], options, seed))
            chosen[f"{name}, search {seed}"] = best(found)
    print()
    for name, params in chosen.items():
        print(f"- {name}: {described(params)}")
    verdict(k, compare(k, options, chosen, near, far))


def report(search):
    """Print how many fits there were, and the best score."""
    results = search.cv_results_
    n_fits = np.sum(results.get("n_repeats", np.ones(len(results["params"]))))
    score = np.nanmax(results["mean_test_score"])
    print(f"{n_fits:.0f} fits, the best score {score:.3f}", flush=True)
    return search


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--latent", type=int, nargs="+", default=[2, 8])
    parser.add_argument("--first", type=int, default=0, help="the first picture")
    parser.add_argument("--budget", type=int, default=42, help="fits of each search")
    parser.add_argument("--candidates", type=int, default=24, help="random ones")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--searches", type=int, nargs="+", default=[0, 1], help="seeds")
    parser.add_argument("--store", default="skae-fashion-mnist/scores.db")
    parser.add_argument("--n-jobs", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="a smoke run, no result")
    options = parser.parse_args()
    n = N_PICTURES
    if options.quick:
        n, options.epochs = 1000, 2
        options.budget = min(options.budget, 13)
        options.candidates = min(options.candidates, 6)
    X, y = fetch_fashion_mnist(n_samples=options.first + 2 * n, return_X_y=True)
    X, y = X[options.first :], y[options.first :]
    warnings.simplefilter("ignore")
    for k in options.latent:
        print(f"\n## latent {k}, from picture {options.first} on", flush=True)
        if options.candidates:
            judge_criteria(k, options, X[:n], y[:n])
        if options.budget:
            run_searches(k, options, (X[:n], y[:n]), (X[n:], y[n:]))


if __name__ == "__main__":
    main()
