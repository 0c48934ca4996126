"""Three studies in one table: the article, its recipe here, skae, a simple baseline.

    python benchmarks/studies.py

Runs the lessons on airline passengers, wine and the cube's surface, which takes some
minutes, and prints what they find as rows of docs/studies.md. What the lesson on the
cube lacks is computed here: principal components, and draws from normal distributions
that are fitted to the points themselves, without a network.
"""

import contextlib
import io
import runpy
from pathlib import Path

import matplotlib
import numpy as np
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture

from skae.information import knn_kl
from skae.metrics import mean_squared_error

EXAMPLES = Path(__file__).parents[1] / "examples"
N_MODES = 60  # as many as in skae's sampler="gmm"
SAMPLERS = ("prior", "mixture")


def lesson(name):
    """Return the variables of a lesson after it has run."""
    with contextlib.redirect_stdout(io.StringIO()):
        return runpy.run_path(str(EXAMPLES / f"plot_{name}.py"))


def airline():
    return lesson("01_airline_passengers")["closing"].T.to_dict("list")


def wine():
    """Return rows: the article has curves only; warm is after training on all rows."""
    variables = lesson("03_wine")
    errors, ari = variables["results"], variables["ari"]
    warm = "article, trained on all rows first"

    def row(value, warm=None):
        ours = [value("DenseAutoencoder(3)"), value("denoising")]
        recipe = value("article") + (f", warm {value(warm)}" if warm else "")
        return ["-", recipe, ", denoising ".join(ours), value("PCA")]

    def error(column):
        return lambda name: f"{np.median(errors[name][:, column]):.3f}"

    def agreement(of):
        return lambda name: f"{ari.loc[name, f'k-means, {of}']:.3f}"

    return {
        "MSE, training": row(error(0), warm),
        "MSE, validation": row(error(1), warm),
        "ARI, k-means of codes": row(agreement("codes")),
        "ARI, k-means of decoded rows": row(agreement("decoded")),
    }


def principal_error(train, test, n_components):
    pca = PCA(n_components).fit(train)
    return mean_squared_error(test, pca.inverse_transform(pca.transform(test)))


def drawn(variables, n_modes):
    """Return KL and distance of draws from a mixture fitted to the points."""
    mixture = GaussianMixture(n_modes, random_state=0).fit(variables["train"])
    n_generated = variables["n_generated"]
    points = mixture.sample(n_generated)[0].astype(np.float32)
    distance = variables["surface_distance"](points)
    return knn_kl(variables["test"][:n_generated], points), distance


def cube():
    variables = lesson("04_cube_surface")
    report, table = variables["closing"]["ours"], variables["table"]
    pca = principal_error(variables["train"], variables["test"], 3)
    kl, distance = zip(*(drawn(variables, n) for n in (1, N_MODES)), strict=True)

    def generated(name, quantity, digits=2):
        prior, mixture = table.loc[name, [f"{quantity}, {s}" for s in SAMPLERS]]
        return f"{prior:.{digits}f}", f"{mixture:.{digits}f}"

    def fitted(values, digits=2):
        return f"normal {values[0]:.{digits}f}, mixture {values[1]:.{digits}f}"

    mse = f"{table.loc['f4', 'MSE']:.4f}"
    f4_kl, f4_distance = generated("f4", "kNN-KL"), generated("f4", "distance", 3)
    f5_kl = (
        generated("f5, beta to 1", "kNN-KL")[0],
        generated("f5, beta to 0.01", "kNN-KL")[1],
    )
    return {
        "f2, 15 dB, 6 units: loss": ("0.0052", report.iloc[0], "the same", "-"),
        "f2, 15 dB, 6 units: bits": ("2.2 to 3.5", report.iloc[2], "the same", "-"),
        "f4, 3 units: MSE": ("0.0042", mse, "the same", f"{pca:.4f}"),
        "f4: KL of draws": ("2.983", *f4_kl, fitted(kl)),
        "f4: distance of draws": ("-", *f4_distance, fitted(distance, 3)),
        "f5: KL of draws": ("above f4's", *f5_kl, fitted(kl)),
    }


def main():
    matplotlib.use("agg")
    print("| study | quantity | article | its recipe here | skae | baseline |")
    print("|---|---|---|---|---|---|")
    for study in (airline, wine, cube):
        for quantity, row in study().items():
            print(f"| {' | '.join([study.__name__, quantity, *map(str, row)])} |")


if __name__ == "__main__":
    main()
