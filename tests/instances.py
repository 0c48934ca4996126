"""The one list of everything: conformance tests run over all of it."""

from skae import DenseAutoencoder, LSTMAutoencoder
from skae.bottlenecks import PointBottleneck
from skae.networks import DenseNetwork, RecurrentNetwork
from skae.objectives import L1Activity, SquaredError

AUTOENCODERS = [
    DenseAutoencoder(max_epochs=10),
    DenseAutoencoder(
        3,
        hidden_layer_sizes=1,
        linear_path=None,
        activation="tanh",
        early_stopping=True,
        optimizer="sgd",
        learning_rate_schedule="plateau",
        max_epochs=10,
    ),
    DenseAutoencoder(1, hidden_layer_sizes="", linear_path=None, max_epochs=10),
    LSTMAutoencoder(hidden_size=8, max_epochs=5),
    LSTMAutoencoder(
        3,
        hidden_size=8,
        n_layers=2,
        decoder="repeat",
        optimizer="rmsprop",
        max_epochs=5,
    ),
]

# (network, shape of one event)
NETWORKS = [
    (DenseNetwork(), (7,)),
    (DenseNetwork((), output_activation="sigmoid"), (7,)),
    (DenseNetwork("6-5", activation="relu", linear_path="pca"), (4,)),
    (RecurrentNetwork(8), (6, 2)),
    (RecurrentNetwork(8, 2, decoder="stateful"), (6, 2)),
]

BOTTLENECKS = [PointBottleneck(), PointBottleneck("tanh")]

RECONSTRUCTIONS = [SquaredError()]

PENALTIES = [L1Activity()]


def name_of(instance):
    """Return a readable test id."""
    return repr(instance).replace("\n", "").replace(" ", "")
