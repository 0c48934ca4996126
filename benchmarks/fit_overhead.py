"""What the estimator costs over a training loop written by hand.

    python benchmarks/fit_overhead.py [--repeats 15] [--lstm | --vae]

The same network, data, batches and optimiser: a plain torch loop with batches sliced
from memory and fused Adam (the reference), `DenseAutoencoder`, raw skorch, and
scikit-learn's `MLPRegressor`. Fashion-MNIST is used where the images lie in
``SKAE_DATA_HOME``; random images of the same shape cost the same. ``--lstm`` compares
autoencoders of windows of the airline passengers instead, of LSTMs and of GRUs,
``--vae`` variational ones of the images, with their held-out error and bound beside
PCA's.
"""

import argparse
import warnings
from itertools import pairwise

import numpy as np
import torch
from _timing import interleaved, print_table
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.neural_network import MLPRegressor
from sklearn.preprocessing import MinMaxScaler
from skorch import NeuralNetRegressor
from torch import nn
from torch.nn import functional

from skae import VAE, Autoencoder, DenseAutoencoder, LSTMAutoencoder
from skae.datasets import fetch_fashion_mnist, load_airline_passengers
from skae.networks import RecurrentNetwork
from skae.preprocessing import SlidingWindow


def network(sizes):
    layers = []
    for n_in, n_out in pairwise(sizes):
        layers += [nn.Linear(n_in, n_out), nn.ReLU()]
    encoder, decoder = layers[: len(layers) // 2 - 1], layers[len(layers) // 2 : -1]
    return nn.Sequential(*encoder), nn.Sequential(*decoder)


def by_hand(X, sizes, batch_size, epochs):
    torch.manual_seed(0)
    model = nn.Sequential(*network(sizes))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    data = torch.from_numpy(X)
    for _ in range(epochs):
        total = 0.0
        for rows in torch.randperm(len(data)).split(batch_size):
            x = data[rows]
            optimizer.zero_grad()
            loss = functional.mse_loss(model(x), x)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(x)


def with_skae(X, sizes, batch_size, epochs):
    middle = len(sizes) // 2
    DenseAutoencoder(
        sizes[middle],
        hidden_layer_sizes=sizes[1:middle],
        activation="relu",
        linear_path=None,
        batch_size=batch_size,
        max_epochs=epochs,
        random_state=0,
        device="cpu",
    ).fit(X)


def with_defaults(X, sizes, batch_size, epochs):
    middle = len(sizes) // 2
    DenseAutoencoder(
        sizes[middle],
        hidden_layer_sizes=sizes[1:middle],
        batch_size=batch_size,
        max_epochs=epochs,
        random_state=0,
        device="cpu",
    ).fit(X)


def with_skorch(X, sizes, batch_size, epochs):
    torch.manual_seed(0)
    NeuralNetRegressor(
        nn.Sequential(*network(sizes)),
        optimizer=torch.optim.Adam,
        optimizer__fused=True,
        lr=1e-3,
        batch_size=batch_size,
        max_epochs=epochs,
        iterator_train__shuffle=True,
        train_split=None,
        verbose=0,
    ).fit(X, X)


def with_mlp_regressor(X, sizes, batch_size, epochs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        MLPRegressor(
            hidden_layer_sizes=sizes[1:-1],
            batch_size=batch_size,
            max_iter=epochs,
            random_state=0,
        ).fit(X, X)


class Repeating(nn.Module):
    """Cells that read and cells that write, the code repeated over time."""

    def __init__(self, n_components, cells=nn.LSTM, hidden_size=64):
        super().__init__()
        self.reader = cells(1, hidden_size, batch_first=True)
        self.code = nn.Linear(hidden_size, n_components)
        self.writer = cells(n_components, hidden_size, batch_first=True)
        self.output = nn.Linear(hidden_size, 1)

    def forward(self, x):
        """Return reconstructions."""
        _, states = self.reader(x)
        hidden = states[0] if isinstance(states, tuple) else states
        z = self.code(hidden[-1])[:, None].expand(-1, x.shape[1], -1)
        return self.output(self.writer(z)[0])


def cells_by_hand(windows, n_components, batch_size, epochs, cells=nn.LSTM):
    torch.manual_seed(0)
    model = Repeating(n_components, cells)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    data = torch.from_numpy(windows)
    for _ in range(epochs):
        for rows in torch.randperm(len(data)).split(batch_size):
            x = data[rows]
            optimizer.zero_grad()
            functional.mse_loss(model(x), x).backward()
            optimizer.step()


PLAINLY = {
    "optimizer": "adam",
    "weight_decay": 0.0,
    "max_grad_norm": None,
    "random_state": 0,
    "device": "cpu",
}


def lstm_with_skae(windows, n_components, batch_size, epochs, **changes):
    LSTMAutoencoder(
        n_components,
        decoder="repeat",
        batch_size=batch_size,
        max_epochs=epochs,
        **PLAINLY,
        **changes,
    ).fit(windows)


def gru_with_skae(windows, n_components, batch_size, epochs):
    network = RecurrentNetwork(64, cell="gru", decoder="repeat")
    Autoencoder(
        n_components,
        network=network,
        batch_size=batch_size,
        max_epochs=epochs,
        **PLAINLY,
    ).fit(windows)


def compare_cells(repeats):
    series = MinMaxScaler().fit_transform(load_airline_passengers().data)
    windows = SlidingWindow(10).fit_transform(series).astype(np.float32)
    given = windows, 8, 32, 100
    contenders = {
        "loop by hand": lambda: cells_by_hand(*given),
        "skae": lambda: lstm_with_skae(*given, linear_path=None),
        "skae with a linear path": lambda: lstm_with_skae(*given),
    }
    grus = {
        "loop by hand": lambda: cells_by_hand(*given, nn.GRU),
        "skae": lambda: gru_with_skae(*given),
    }
    size = "64, 8 units, batches of 32, 100 epochs"
    for name, runs in ("LSTMs", contenders), ("GRUs", grus):
        title = f"{len(windows)} windows of 10, {name} of {size}"
        print_table(title, interleaved(runs, repeats))


class GaussianVAE(nn.Module):
    """A variational autoencoder with ReLU layers, and its loss in nats per row."""

    def __init__(self, sizes):
        super().__init__()
        n_features, width, k = sizes[:3]
        self.features = nn.Sequential(nn.Linear(n_features, width), nn.ReLU())
        self.mean, self.log_var = nn.Linear(width, k), nn.Linear(width, k)
        self.decoder = nn.Sequential(
            nn.Linear(k, width), nn.ReLU(), nn.Linear(width, n_features)
        )

    def loss(self, x):
        """Return the negative bound, whose decoder has the most likely variance."""
        features = self.features(x)
        mean, log_var = self.mean(features), self.log_var(features)
        z = mean + (0.5 * log_var).exp() * torch.randn_like(mean)
        variance = functional.mse_loss(self.decoder(z), x)
        kl = 0.5 * (mean.square() + log_var.exp() - 1 - log_var).sum(1).mean()
        return 0.5 * x.shape[1] * variance.log() + kl


def vae_by_hand(X, sizes, batch_size, epochs):
    torch.manual_seed(0)
    model = GaussianVAE(sizes)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    data = torch.from_numpy(X)
    for _ in range(epochs):
        for rows in torch.randperm(len(data)).split(batch_size):
            optimizer.zero_grad()
            model.loss(data[rows]).backward()
            optimizer.step()


def vae(X, sizes, batch_size, epochs, **changes):
    return VAE(
        sizes[2],
        hidden_layer_sizes=sizes[1:2],
        batch_size=batch_size,
        max_epochs=epochs,
        random_state=0,
        device="cpu",
        **changes,
    ).fit(X)


def compare_vaes(repeats):
    X, sizes = images(12_000), (784, 256, 32)
    train, test = X[:10_000], X[10_000:]
    given = train, sizes, 128, 5
    plain = {"activation": "relu", "linear_path": None}
    contenders = {
        "loop by hand": lambda: vae_by_hand(*given),
        "VAE, the same network": lambda: vae(*given, **plain),
        "VAE, its defaults: linear path, SiLU, one-cycle": lambda: vae(*given),
    }
    title = "Images 10,000 x 784, variational, 784-256-32, batches of 128"
    print_table(f"{title}, 5 epochs", interleaved(contenders, repeats))
    pca, model = PCA(32).fit(train), vae(*given)
    of_pca = pca.inverse_transform(pca.transform(test))
    errors = [
        ((x_hat - test) ** 2).mean() for x_hat in (model.reconstruct(test), of_pca)
    ]
    bounds = model.elbo(test).mean(), pca.score(test)
    print("held out: squared error {:.4f}, PCA {:.4f}".format(*errors))
    print("held out: bound {:.0f} nats, PCA {:.0f}".format(*bounds))


def images(n_samples=10_000):
    try:
        X, _ = fetch_fashion_mnist(
            n_samples=n_samples, download_if_missing=False, return_X_y=True
        )
    except OSError:
        print("No Fashion-MNIST in SKAE_DATA_HOME: random images of its shape.")
        X = np.random.default_rng(0).random((n_samples, 784), dtype=np.float32)
    return X


def compare(title, X, sizes, batch_size, epochs, repeats):
    runs = {
        "loop by hand": by_hand,
        "skae": with_skae,
        "skae, its defaults: linear path, SiLU, one-cycle": with_defaults,
        "raw skorch": with_skorch,
        "MLPRegressor": with_mlp_regressor,
    }
    contenders = {
        name: lambda run=run: run(X, sizes, batch_size, epochs)
        for name, run in runs.items()
    }
    print_table(title, interleaved(contenders, repeats))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--lstm", action="store_true")
    parser.add_argument("--vae", action="store_true")
    arguments = parser.parse_args()
    repeats = arguments.repeats
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads")
    if arguments.lstm:
        compare_cells(repeats)
        return
    if arguments.vae:
        compare_vaes(repeats)
        return
    digits = (load_digits().data / 16).astype(np.float32)
    compare(
        "Digits, 64-32-8-32-64, batches of 64, 30 epochs",
        *(digits, (64, 32, 8, 32, 64), 64, 30, repeats),
    )
    compare(
        "Images 10,000 x 784, 784-256-32-256-784, batches of 128, 3 epochs",
        *(images(), (784, 256, 32, 256, 784), 128, 3, max(3, repeats // 3)),
    )


if __name__ == "__main__":
    main()
