"""Networks: the architectures of encoder and decoder."""

from skae.networks._base import NETWORKS, Network
from skae.networks.autoencoder import AutoencoderModule
from skae.networks.convolutional import ConvolutionalNetwork
from skae.networks.dense import DenseNetwork
from skae.networks.recurrent import RecurrentNetwork

__all__ = [
    "NETWORKS",
    "AutoencoderModule",
    "ConvolutionalNetwork",
    "DenseNetwork",
    "Network",
    "RecurrentNetwork",
]
