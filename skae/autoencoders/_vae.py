"""The variational autoencoder."""

from numbers import Integral, Real

from skae._sklearn import HasMethods, Interval, StrOptions
from skae.autoencoders._base import BaseAutoencoder, document
from skae.autoencoders._generative import GenerativeMixin, network_of
from skae.autoencoders._registry import ESTIMATORS
from skae.bottlenecks import GaussianBottleneck
from skae.networks import Network
from skae.objectives import KLDivergence, Objective, ReconstructionLoss
from skae.schedules import Schedule

__all__ = ["VAE"]


@ESTIMATORS.register("VAE")
@document
class VAE(GenerativeMixin, BaseAutoencoder):
    """Variational autoencoder: codes with a distribution, and rows from codes.

    The encoder gives a normal distribution per row, from which the code is drawn; its
    divergence from the standard normal is penalised:

    ``loss = -log p(x | z) + beta * KL(N(mean, var) || N(0, I))``,

    in nats, with a normal density around the reconstruction whose variance is the mean
    squared error. With ``beta=1`` that is the negative evidence lower bound, on any
    scale of the data: a model of ``c * X + b`` has the same codes. Training starts as
    probabilistic PCA, whose log-likelihood the bound then equals, and ends where the
    bound of rows that were held out is best: part of what training has changed in
    output layers is taken back, or all, where these rows do as well without it.
    `transform` returns means.

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
    beta : float or Schedule, default=1.0
        Weight of the divergence: 1 is the evidence lower bound, more makes codes
        coarser and more independent (a beta-VAE). Beside ``"squared_error"``, a mean
        over features, the bound for a decoder of variance v is at ``beta = 2 * v /
        n_features``, and a direction survives if its share of the variance exceeds
        ``beta / 2``: there, take 0.01 for standardised data. Where codes tell less than
        half a nat per unit at the start, a fit of a given `max_epochs` that holds no
        rows out lets the weight rise from zero over the first half: units that first
        had to tell less would not come to tell more.
    free_bits : float, default=0.0
        Nats per unit that cost nothing.
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
    decoder_variance_ : float or ndarray of shape (n_features,)
        Variance of the decoder, in squared units of the data. Where `fit` has found
        its number of epochs, it is that of the start (with a linear path, the variance
        of probabilistic PCA), as much smaller as training has made the errors of
        held-out rows, or less so where few of them are far from all others; else that
        of the rows of the fit.
    decoder_dispersion_ : ndarray of shape (n_features,)
        With ``"negative_binomial"``: the dispersions that were learned.
    %(attributes)s

    References
    ----------
    D. P. Kingma, M. Welling, "Auto-encoding variational Bayes", 2014, arXiv:1312.6114.
    O. Rybkin, K. Daniilidis, S. Levine, "Simple and effective VAE training with
    calibrated decoders", 2021, arXiv:2006.13202. M. E. Tipping, C. M. Bishop,
    "Probabilistic principal component analysis", 1999.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skae import VAE
    >>> X = StandardScaler().fit_transform(load_wine().data)
    >>> vae = VAE(n_components=3, random_state=0).fit(X)
    >>> vae.active_units_
    array([ True,  True,  True])
    >>> vae.sample(5, random_state=0).shape
    (5, 13)

    The bound beside the log-likelihood of probabilistic PCA, in nats per row:

    >>> from sklearn.decomposition import PCA
    >>> bool(vae.elbo(X).mean() > PCA(3).fit(X).score(X))
    True
    """

    _parameter_constraints = {
        **BaseAutoencoder._parameter_constraints,
        "network": [str, Network, None],
        "hidden_layer_sizes": ["array-like", str, Integral],
        "activation": [str],
        "output_activation": [str],
        "linear_path": [StrOptions({"pca"}), None],
        "reconstruction": [str, ReconstructionLoss],
        "beta": [Interval(Real, 0, None, closed="left"), Schedule],
        "free_bits": [Interval(Real, 0, None, closed="left")],
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
        beta=1.0,
        free_bits=0.0,
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
        kl = KLDivergence(self.beta, free_bits=self.free_bits)
        return Objective(self.reconstruction, [("kl", kl)])
