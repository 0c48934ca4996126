"""What PCA, t-SNE, UMAP and the default `DenseAutoencoder` offer, on digits.

    python benchmarks/reducers.py [--units 2]

Two thirds of the rows are fitted and one third is held out. Prints which reducer has
rows from codes and codes of new rows, the explained variance of held-out rows where it
has both, the trustworthiness of the codes of fitted rows, and the CPU seconds of a fit.
UMAP takes part where ``umap-learn`` is installed; it compiles in a first fit, which
does not count. t-SNE has two units only.
"""

import argparse
import time
import warnings

from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE, trustworthiness
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split

from skae import DenseAutoencoder


def contenders(k):
    """Yield names and unfitted reducers to k units."""
    yield "PCA", PCA(k)
    if k == 2:
        yield "t-SNE", TSNE(k, random_state=0)
    try:
        from umap import UMAP
    except ImportError:
        print("umap-learn is not installed: UMAP is left out.")
    else:
        yield "UMAP", UMAP(n_components=k, random_state=0, n_jobs=1)
    quick = DenseAutoencoder(k, max_epochs=30, random_state=0)
    yield "`DenseAutoencoder`, 30 epochs", quick
    yield "`DenseAutoencoder`", DenseAutoencoder(k, random_state=0)


def held_out_r2(model, test):
    """Return the explained variance of held-out rows, or a dash."""
    if not (hasattr(model, "transform") and hasattr(model, "inverse_transform")):
        return "-"
    X_hat = model.inverse_transform(model.transform(test))
    return f"{r2_score(test, X_hat, multioutput='variance_weighted'):.2f}"


def row(name, model, train, test):
    start = time.process_time()
    Z = model.fit_transform(train)
    seconds = time.process_time() - start
    has = ["yes" if hasattr(model, m) else "no" for m in METHODS]
    near = trustworthiness(train, Z)
    return [name, *has, held_out_r2(model, test), f"{near:.2f}", f"{seconds:.1f}"]


METHODS = ["inverse_transform", "transform"]
HEAD = [
    *("units", "reducer", "rows from codes", "codes of new rows"),
    *("held-out explained variance", "trustworthiness", "CPU seconds"),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--units", type=int, nargs="+", default=[2])
    units = parser.parse_args().units
    warnings.filterwarnings("ignore", category=UserWarning, module="umap")
    X = (load_digits().data / 16).astype("float32")
    train, test = train_test_split(X, test_size=1 / 3, random_state=0)
    for _, model in contenders(2):
        model.fit(train[:200])  # what is compiled or imported at first
    print("| " + " | ".join(HEAD) + " |\n" + "|---" * len(HEAD) + "|")
    for k in units:
        for name, model in contenders(k):
            cells = [str(k), *row(name, model, train, test)]
            print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
