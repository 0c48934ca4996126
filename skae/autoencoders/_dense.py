"""The dense autoencoder."""

from math import prod
from numbers import Integral, Real

from skae._sklearn import Interval, StrOptions
from skae.autoencoders._base import BaseAutoencoder, document
from skae.autoencoders._registry import ESTIMATORS
from skae.autoencoders._swapping import SwappingMixin
from skae.bottlenecks import PointBottleneck
from skae.networks import DenseNetwork
from skae.noise import SwapNoise

__all__ = ["DenseAutoencoder"]

# Of the entries, where rows would be learnt by heart: where other rows fare best before
# such a share of the steps.
SHARE_SWAPPED, SOON = 0.1, 2 / 3


@ESTIMATORS.register("DenseAutoencoder")
@document
class DenseAutoencoder(SwappingMixin, BaseAutoencoder):
    """Fully connected autoencoder: nonlinear dimensionality reduction.

    An encoder ``z = f(x)`` and a decoder ``x_hat = g(z)``, mirror images of each other,
    are trained to make the mean of ``(x - x_hat)**2`` over features and rows small.
    Code and output are linear by default: with ``hidden_layer_sizes=()`` the optimum
    spans the principal components.

    In a usual budget a plain network often reconstructs held-out rows worse than PCA.
    By default, linear maps run beside the hidden layers and start as PCA: training
    begins with its error. ``linear_path=None`` is the plain network.

    Scale the data first (`sklearn.preprocessing.StandardScaler`). The dtype of the data
    is kept: float32 trains faster than float64.

    Parameters
    ----------
    n_components : int, default=2
        Size of the code, the latent dimension.
    hidden_layer_sizes : tuple of int, str or int, default=(64, 64)
        Widths of the encoder's hidden layers, the decoder's in reverse. A string as
        ``"64-32"`` says the same, and an integer is a depth of up to 6 layers, with
        widths that taper geometrically from the number of features to `n_components`:
        searches that know scalars only can choose among those. One layer of 10 units is
        ``(10,)``; 10, its name in `sklearn.neural_network`, is refused.
    activation : str, default="silu"
        Activation of the hidden layers: ``"silu"``, ``"relu"``, ``"tanh"``,
        ``"logistic"``, ``"elu"``, ``"gelu"``, ``"leaky_relu"``, ``"softplus"``,
        ``"exp"`` or ``"identity"``.
    code_activation : str, default="identity"
        Activation of the code.
    output_activation : str, default="identity"
        Activation of the reconstruction. A bounded one warns when the data lie
        outside of its range.
    linear_path : {"pca"} or None, default="pca"
        ``"pca"``: linear maps beside the hidden layers of encoder and decoder, which
        start as those of whitened principal components. ``None``: hidden layers only.
    nested : bool, default=False
        Whether the units of the code are ordered: `skae.noise.NestedDropout` trains
        each row with its first units only, a random number of them, so that the first
        k units are themselves a code of size k; see `skae.scorers.prefix_scores`.
    swapping : float in [0, 1) or "auto", default=0.0
        Share of the entries that are taken from other rows while training, at random
        and in each step others; the rows that come about are what is reconstructed, see
        `skae.noise.SwapNoise`. There are then new rows in every step, so that few rows
        are not learnt by heart: reconstructions of many tables of some hundred rows
        gain, and a fit takes about three times as long, up to ten times where it would
        end soon. Rows on a curved surface of about as many dimensions as the code has
        units leave it by that, which harms. Rows whose entries do not go together are
        reconstructed better as well, which is not what the search for anomalies needs.
        ``"auto"``: 0.1, where rows that are held out fare better by it than without.
        That is tried where the fit finds the number of epochs, held-out rows fare best
        before two thirds of the steps, and there are at least two features for each
        unit of the code; unless units are `nested`, entries are missing, or rows have
        weights, a condition, or clean rows beside them. Elsewhere no entries are
        swapped. Where they are, and the number of epochs is found, the fit looks
        through the whole budget, and a `learning_rate` of ``"auto"`` is twice the usual
        one.
    %(missing_indicator)s
    %(training_parameters)s

    Attributes
    ----------
    %(attributes)s

    See Also
    --------
    LSTMAutoencoder : For sequences.
    sklearn.decomposition.PCA : The best linear reconstruction.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skae import DenseAutoencoder
    >>> X = StandardScaler().fit_transform(load_wine().data)
    >>> autoencoder = DenseAutoencoder(n_components=3, random_state=0)
    >>> Z = autoencoder.fit_transform(X)
    >>> Z.shape
    (178, 3)
    >>> autoencoder.score(X) > 0.6
    True
    """

    _parameter_constraints = {
        **BaseAutoencoder._parameter_constraints,
        "hidden_layer_sizes": ["array-like", str, Integral],
        "activation": [str],
        "code_activation": [str],
        "output_activation": [str],
        "linear_path": [StrOptions({"pca"}), None],
        "nested": ["boolean"],
        "swapping": [Interval(Real, 0, 1, closed="left"), StrOptions({"auto"})],
    }

    def __init__(
        self,
        n_components=2,
        *,
        hidden_layer_sizes=(64, 64),
        activation="silu",
        code_activation="identity",
        output_activation="identity",
        linear_path="pca",
        nested=False,
        swapping=0.0,
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
        return DenseNetwork(
            self.hidden_layer_sizes,
            activation=self.activation,
            output_activation=self.output_activation,
            linear_path=self.linear_path,
        )

    def _bottleneck(self):
        noise = "nested_dropout" if self.nested else None
        return PointBottleneck(self.code_activation, noise)

    @property
    def _usual_swapping(self):
        return SHARE_SWAPPED

    @property
    def _may_swap(self):
        if self._max_epochs != "auto" or self.nested:
            return False
        return 2 * self.n_components <= prod(self.input_shape_)

    def _may_augment(self, data, trial):
        is_whole = not data.rows.has_missing and self._as_events(data.X[:1]).ndim == 2
        is_soon = trial.length.last < SOON * trial.length.epochs
        is_tried = data.condition is None and is_whole and is_soon
        return is_tried and super()._may_augment(data, trial)

    @property
    def _usual_rates(self):
        rates = super()._usual_rates
        is_trial = self._swaps_for_long and self.swapping == "auto"
        return rates[:1] if is_trial else rates  # what else there is, a fit without has

    def _input_noise(self):
        return SwapNoise(self._swapping) if self._swapping else None
