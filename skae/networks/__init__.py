"""Networks: the architectures of encoder and decoder."""

from skae.networks._activations import get_activation
from skae.networks._autoencoder import AutoencoderModule
from skae.networks._base import NETWORKS, Network
from skae.networks._convolutional import ConvolutionalNetwork
from skae.networks._dense import DenseNetwork
from skae.networks._recurrent import RecurrentNetwork

__all__ = [
    "NETWORKS",
    "AutoencoderModule",
    "ConvolutionalNetwork",
    "DenseNetwork",
    "Network",
    "RecurrentNetwork",
    "get_activation",
]
