"""The autoencoder for composers: any network, bottleneck, objective and noise."""

from skae._sklearn import HasMethods
from skae.autoencoders._base import BaseAutoencoder, document
from skae.autoencoders._generative import GenerativeMixin
from skae.autoencoders._registry import ESTIMATORS
from skae.bottlenecks import BOTTLENECKS, Bottleneck
from skae.networks import NETWORKS, Network
from skae.noise import NOISES, Noise
from skae.objectives import Objective

__all__ = ["Autoencoder"]

# How long a composition trains that cannot find out.
EPOCHS_BESIDE_PENALTIES = 100


@ESTIMATORS.register("Autoencoder")
@document
class Autoencoder(GenerativeMixin, BaseAutoencoder):
    """Autoencoder composed of parts.

    ``x -> [input noise] -> encoder -> bottleneck -> code z -> decoder -> x_hat``,
    trained on ``reconstruction(x, x_hat) + sum_k weight_k(epoch) * penalty_k(latent)``.
    The named estimators are recipes over the same parts.

    By default a fit finds out how long to train, as that of `DenseAutoencoder` does.
    Where the objective has penalties, of which held-out reconstructions know nothing,
    ``max_epochs="auto"`` is 100 epochs, at a `learning_rate` of 0.001 by default, as in
    `VAE` and `MMDVAE`.

    Parameters
    ----------
    n_components : int, default=2
        Size of the code, the latent dimension.
    network : str or Network, default="dense"
        Architecture of encoder and decoder: ``"dense"``, ``"recurrent"``, ... or an
        instance, whose parameters a search reaches as ``network__...``.
    bottleneck : str or Bottleneck, default="point"
        How a code arises: ``"point"``, ``"gaussian"`` or an instance.
    objective : str or Objective, default="squared_error"
        What is minimised: the name of a reconstruction term, or an `Objective`.
    input_noise : str, Noise or None, default=None
        What corrupts the rows before they are encoded, while training.
    sampler : str, Sampler or object, default="prior"
        Where `sample` takes codes from: ``"prior"``, the standard normal,
        ``"gaussian"`` or ``"gmm"``, one normal or a mixture of normals fitted to the
        codes of the training data, or an instance, also of scikit-learn's mixtures and
        of what else has `fit` and `sample`.
    %(missing_indicator)s
    %(training_parameters)s

    Attributes
    ----------
    sampler_ : object
        The fitted sampler.
    kl_per_unit_ : ndarray of shape (n_components,)
        For Gaussian bottlenecks: mean divergence of each unit from the prior, in nats.
    active_units_ : ndarray of bool of shape (n_components,)
        For Gaussian bottlenecks: units whose mean varies over the data by more than
        0.01.
    information_rate_ : float
        For codes with added noise: bits per row that get through it, all units
        together; see `skae.information.information_rate`.
    information_rate_per_unit_ : ndarray of shape (n_components,)
        For codes with added noise: bits of each unit by itself.
    %(attributes)s

    Examples
    --------
    A denoising autoencoder with noisy codes of unit scale:

    >>> from sklearn.datasets import load_iris
    >>> from skae import Autoencoder
    >>> from skae.bottlenecks import PointBottleneck
    >>> from skae.noise import SNRNoise
    >>> from skae.objectives import MomentMatching, Objective
    >>> autoencoder = Autoencoder(
    ...     n_components=2,
    ...     input_noise="masking",
    ...     bottleneck=PointBottleneck(noise=SNRNoise(15)),
    ...     objective=Objective(penalties=[("moments", MomentMatching(weight=0.1))]),
    ...     random_state=0,
    ... )
    >>> autoencoder.fit_transform(load_iris().data).shape
    (150, 2)
    """

    _parameter_constraints = {
        **BaseAutoencoder._parameter_constraints,
        "network": [str, Network],
        "bottleneck": [str, Bottleneck],
        "objective": [str, Objective],
        "input_noise": [str, Noise, None],
        "sampler": [str, HasMethods(["fit", "sample"])],
    }

    def __init__(
        self,
        n_components=2,
        *,
        network="dense",
        bottleneck="point",
        objective="squared_error",
        input_noise=None,
        sampler="prior",
        missing_indicator=False,
        max_epochs="auto",
        batch_size=64,
        learning_rate="auto",
        learning_rate_schedule="one_cycle",
        optimizer="adamw",
        weight_decay=0.01,
        max_grad_norm=None,
        early_stopping="auto",
        validation_fraction=0.15,
        n_iter_no_change=10,
        tol=1e-4,
        warm_start=False,
        verbose=False,
        random_state=None,
        device="auto",
        mixed_precision=False,
        compile=False,
        callbacks=None,
    ):
        self._store(locals())

    @property
    def _max_epochs(self):
        if self.max_epochs == "auto" and self._objective().penalties:
            return EPOCHS_BESIDE_PENALTIES
        return self.max_epochs

    def _network(self):
        return NETWORKS.resolve(self.network)

    def _bottleneck(self):
        return BOTTLENECKS.resolve(self.bottleneck)

    def _objective(self):
        if isinstance(self.objective, str):
            return Objective(self.objective)
        return self.objective

    def _input_noise(self):
        return NOISES.resolve(self.input_noise)
