"""The MMD-VAE, or InfoVAE."""

from numbers import Integral, Real

from skae._sklearn import HasMethods, Interval, StrOptions
from skae.autoencoders._base import BaseAutoencoder, document
from skae.autoencoders._generative import GenerativeMixin, network_of
from skae.autoencoders._registry import ESTIMATORS
from skae.bottlenecks import GaussianBottleneck
from skae.networks import Network
from skae.objectives import MMD, KLDivergence, Objective, ReconstructionLoss
from skae.schedules import Schedule

__all__ = ["MMDVAE"]


@ESTIMATORS.register("MMDVAE")
@document
class MMDVAE(GenerativeMixin, BaseAutoencoder):
    """Variational autoencoder by maximum mean discrepancy.

    Not each row's distribution but that of all codes together is drawn to the prior:

    ``loss = -log p(x | z) + mmd_weight * MMD^2(codes, prior)
    + beta * KL(N(mean, var) || N(0, I))``,

    with a normal density p around the reconstruction as for `VAE`, in nats, and the
    unbiased estimate of MMD^2 over the batch. With ``beta=0`` nothing keeps
    the rows' variances from vanishing: the codes are then nearly points, as in a
    Wasserstein autoencoder, and reconstructions better than a VAE's.

    Parameters
    ----------
    n_components : int, default=2
        Size of the code, the latent dimension.
    network : str, Network or None, default=None
        Architecture of encoder and decoder: ``None`` is the dense one that the next
        parameters describe; ``"recurrent"`` and ``"convolutional"`` are for sequences
        and images, with `linear_path`; an instance is taken as it is.
    hidden_layer_sizes : tuple of int, str or int, default=(64, 64)
        Widths of the encoder's hidden layers, the decoder's in reverse: a tuple, a
        string such as ``"64-32"``, or a depth of up to 6 layers with geometrically
        tapering widths. One layer of 10 units is ``(10,)``; 10 is refused.
    activation : str, default="silu"
        Activation of the hidden layers.
    output_activation : str, default="auto"
        Activation of the reconstruction. ``"auto"`` is what `reconstruction` takes:
        ``"exp"`` for counts, ``"sigmoid"`` for values in [0, 1], else ``"identity"``.
    linear_path : {"pca"} or None, default="pca"
        ``"pca"``: linear maps beside the hidden layers of encoder and decoder, which
        start as those of whitened principal components. ``None``: hidden layers only.
    reconstruction : str or ReconstructionLoss, default="gaussian"
        The reconstruction term. Likelihoods are in nats, sums over features:
        ``"gaussian"``, ``"laplace"`` and ``"student_t"`` for heavier tails;
        ``"poisson"`` and ``"negative_binomial"`` for counts; ``"categorical"`` for
        one-hot columns; or an instance, such as ``GaussianLikelihood(per_feature=
        True)``. ``"squared_error"``, ``"absolute_error"``, ``"huber"`` and
        ``"bernoulli_cross_entropy"`` (for data in [0, 1]) are means over features:
        smaller weights of what stands beside them belong to these.
    mmd_weight : float or Schedule, default=100.0
        Weight of the discrepancy, in nats beside a likelihood, on any scale of the
        data. Beside ``"squared_error"``, a mean over features, 1 suits standardised
        data.
    kernel : {"gaussian", "imq"}, default="gaussian"
        Kernel of the discrepancy: Gaussian, or inverse multiquadratic, whose tails
        reach codes far from the prior.
    beta : float or Schedule, default=0.0
        Weight of the divergence of each row; see `VAE`.
    nested : bool, default=False
        Whether the units of the code are ordered: `skae.noise.NestedDropout` trains
        each row with its first units only, a random number of them, so that the first
        k units are themselves a code of size k; see `skae.scorers.prefix_scores`.
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
        Mean divergence of each unit from the prior, in nats.
    active_units_ : ndarray of bool of shape (n_components,)
        Units whose mean varies over the data by more than 0.01.
    %(attributes)s

    References
    ----------
    S. Zhao, J. Song, S. Ermon, "InfoVAE: balancing learning and inference in
    variational autoencoders", 2019, arXiv:1706.02262.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skae import MMDVAE
    >>> X = StandardScaler().fit_transform(load_wine().data)
    >>> autoencoder = MMDVAE(n_components=3, random_state=0).fit(X)
    >>> autoencoder.transform(X).shape
    (178, 3)
    """

    _parameter_constraints = {
        **BaseAutoencoder._parameter_constraints,
        "network": [str, Network, None],
        "hidden_layer_sizes": ["array-like", str, Integral],
        "activation": [str],
        "output_activation": [str],
        "linear_path": [StrOptions({"pca"}), None],
        "reconstruction": [str, ReconstructionLoss],
        "mmd_weight": [Interval(Real, 0, None, closed="left"), Schedule],
        "kernel": [StrOptions({"gaussian", "imq"})],
        "beta": [Interval(Real, 0, None, closed="left"), Schedule],
        "nested": ["boolean"],
        "sampler": [str, HasMethods(["fit", "sample"])],
    }

    def __init__(
        self,
        n_components=2,
        *,
        network=None,
        hidden_layer_sizes=(64, 64),
        activation="silu",
        output_activation="auto",
        linear_path="pca",
        reconstruction="gaussian",
        mmd_weight=100.0,
        kernel="gaussian",
        beta=0.0,
        nested=False,
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

    def _network(self):
        return network_of(self)

    def _bottleneck(self):
        return GaussianBottleneck("nested_dropout" if self.nested else None)

    def _objective(self):
        penalties = [("mmd", MMD(self.mmd_weight, kernel=self.kernel))]
        if self.beta != 0:
            penalties.append(("kl", KLDivergence(self.beta)))
        return Objective(self.reconstruction, penalties)
