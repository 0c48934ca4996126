"""The LSTM autoencoder."""

from numbers import Integral, Real

from skae._sklearn import Interval, StrOptions
from skae.autoencoders._base import BaseAutoencoder, document
from skae.autoencoders._registry import ESTIMATORS
from skae.bottlenecks import PointBottleneck
from skae.networks import RecurrentNetwork
from skae.noise import MixNoise

__all__ = ["LSTMAutoencoder"]

# Of sequences that are mixed, where held-out ones fare better by it.
ANGLE = 0.3


@ESTIMATORS.register("LSTMAutoencoder")
@document
class LSTMAutoencoder(BaseAutoencoder):
    """Autoencoder of sequences by long short-term memory networks.

    The last hidden state of an LSTM that reads the sequence is mapped linearly to the
    code; the code, repeated over time, is the input of a second LSTM, whose hidden
    states are mapped linearly to the reconstruction. By default, linear maps run beside
    both, from the flattened sequence to the code and back, and dense hidden layers
    beside these. The linear maps start as PCA, and what the others add starts at zero:
    training begins with the error of PCA, where the LSTMs alone often end above it.

    Rows are sequences ``(n_timesteps, n_channels)`` in a 3-D array, or flattened
    windows in a 2-D one, which come back 2-D. `skae.preprocessing.SlidingWindow` cuts
    them from a series. Sequences of different lengths are passed as a list of arrays of
    shape ``(n_timesteps, n_channels)``, or in a 3-D array that is filled up with NaN at
    their ends, as reconstructions are; neither the encoder nor the loss sees the fill.
    NaN before the last time step that has a value, and any in flattened windows, is a
    missing entry: it has no part in the loss or in scores, the encoder is given the
    channel's mean over the rows of the fit, and reconstructions have a value there.

    A linear map has a weight for each time step. Where lengths differ among the
    sequences that `fit` is given, those of `X_val` included, there is thus no linear
    path, and any length can be predicted on; where they do not, later sequences have to
    be as long, unless ``linear_path=None``.

    From PCA on, the more steps the better at first; then the LSTMs learn the noise of
    the training windows. How many do best on others depends on the series, and
    ``max_epochs="auto"`` finds it out on blocks of sequences that follow each other, as
    windows that overlap tell nothing of each other. LSTMs without the linear path start
    at random and need many steps.

    Parameters
    ----------
    n_components : int, default=2
        Size of the code, the latent dimension.
    hidden_size : int, default=64
        Width of the LSTM layers.
    n_layers : int, default=1
        Number of LSTM layers in the encoder, and in the decoder.
    decoder : {"repeat", "stateful"}, default="stateful"
        ``"repeat"``: the code is all that the decoder is given, so that it has to
        count the time steps by itself. ``"stateful"``: the code also sets the
        decoder's initial state, and every step is given a code of its time; this
        takes fewer epochs.
    bidirectional : bool, default=False
        Whether the encoder also reads every sequence backwards.
    n_channels : int, default=1
        Number of channels of the flattened windows in a 2-D input.
    code_activation : str, default="identity"
        Activation of the code.
    output_activation : str, default="identity"
        Activation of the reconstruction. A bounded one warns when the data lie
        outside of its range.
    linear_path : {"pca"} or None, default="pca"
        ``"pca"``: linear maps beside the LSTMs, which start as those of whitened
        principal components, where all sequences of the fit are equally long. ``None``:
        LSTMs only, which take sequences of any length.
    dense_path : tuple of int, str or int, default=(64, 64)
        Widths of hidden layers between the flattened sequence and the code, and in
        reverse behind the code, as `DenseAutoencoder` has them; with a linear path
        only. States of LSTMs are bounded: where a series grows, or swings wider, than
        in the fit, hidden layers follow it further. ``()``: none.
    patch_length : int or "auto", default="auto"
        How many time steps the LSTMs read, and write, at once; with a linear path only.
        ``"auto"``: 1 for sequences of up to 16 steps, and for longer ones as many as
        make 16 patches of them at most, as time to fit is in proportion to these.
    mixing : float in [0, 1] or "auto", default="auto"
        How far sequences are mixed with others while training, at random and in each
        step others; the mixed ones are what is reconstructed, see
        `skae.noise.MixNoise`, whose largest angle this is. Few windows of a series are
        then not learnt by heart: patterns are told in other amounts than they have in
        these, as in years to come. ``"auto"``: 0.3 where sequences that are held out
        fare better by it than without. That is tried where the fit finds the number of
        epochs, has a linear path, and gains on held-out sequences without, units are
        not `nested`, and sequences have no missing values, weights or conditions;
        elsewhere 0, none is mixed. Where it is tried, a fit takes up to about twice as
        long; mixed sequences are learnt for a quarter of the epochs that it may take.
    nested : bool, default=False
        Whether the units of the code are ordered: `skae.noise.NestedDropout` trains
        each row with its first units only, a random number of them, so that the first
        k units are themselves a code of size k; see `skae.scorers.prefix_scores`.
    %(missing_indicator)s
    %(training_parameters)s

    Attributes
    ----------
    %(attributes)s

    See Also
    --------
    DenseAutoencoder : For tables, and a strong baseline for short windows.
    skae.preprocessing.SlidingWindow : Windows of a series.

    References
    ----------
    N. Srivastava, E. Mansimov, R. Salakhutdinov, "Unsupervised learning of video
    representations using LSTMs", 2015, arXiv:1502.04681.

    Examples
    --------
    >>> from sklearn.preprocessing import MinMaxScaler
    >>> from skae import LSTMAutoencoder
    >>> from skae.datasets import load_airline_passengers
    >>> from skae.preprocessing import SlidingWindow
    >>> series = MinMaxScaler().fit_transform(load_airline_passengers().data)
    >>> windows = SlidingWindow(length=10).fit_transform(series)
    >>> autoencoder = LSTMAutoencoder(n_components=4, max_epochs=20, random_state=0)
    >>> autoencoder.fit_transform(windows).shape
    (135, 4)
    >>> autoencoder.reconstruct(windows).shape
    (135, 10, 1)
    """

    _parameter_constraints = {
        **BaseAutoencoder._parameter_constraints,
        "hidden_size": [Interval(Integral, 1, None, closed="left")],
        "n_layers": [Interval(Integral, 1, None, closed="left")],
        "decoder": [StrOptions({"repeat", "stateful"})],
        "bidirectional": ["boolean"],
        "n_channels": [Interval(Integral, 1, None, closed="left")],
        "code_activation": [str],
        "output_activation": [str],
        "linear_path": [StrOptions({"pca"}), None],
        "dense_path": ["array-like", str, Integral],
        "patch_length": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
        ],
        "mixing": [Interval(Real, 0, 1, closed="both"), StrOptions({"auto"})],
        "nested": ["boolean"],
    }

    _USUAL_RATE = 3e-3

    def __init__(
        self,
        n_components=2,
        *,
        hidden_size=64,
        n_layers=1,
        decoder="stateful",
        bidirectional=False,
        n_channels=1,
        code_activation="identity",
        output_activation="identity",
        linear_path="pca",
        dense_path=(64, 64),
        patch_length="auto",
        mixing="auto",
        nested=False,
        missing_indicator=False,
        max_epochs="auto",
        batch_size=32,
        learning_rate="auto",
        learning_rate_schedule="one_cycle",
        optimizer="adamw",
        weight_decay=0.01,
        max_grad_norm=1.0,
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
        return RecurrentNetwork(
            self.hidden_size,
            self.n_layers,
            decoder=self.decoder,
            bidirectional=self.bidirectional,
            n_channels=self.n_channels,
            output_activation=self.output_activation,
            linear_path=self.linear_path,
            dense_path=self.dense_path,
            patch_length=self.patch_length,
        )

    def _input_noise(self):
        angle = self.mixing
        if angle == "auto":
            angle = ANGLE if self._augments else 0
        return MixNoise(angle) if angle else None

    def _may_augment(self, data, trial):
        has_gaps = data.rows.source.has_missing
        is_plain = not (self.nested or has_gaps or self._n_conditions)
        has_path = self._network_of_fit().has_linear_path
        has_gained = trial.gains.mean() > 0
        return self.mixing == "auto" and is_plain and has_path and has_gained

    def _most_epochs(self, n_rows):
        usual = super()._most_epochs(n_rows)
        return -(-usual // 4) if self._augments else usual

    def _last_of(self, losses, length):
        """Return the epoch to end after: of mixtures, which are new ones, the last."""
        return losses.shape[1] if self._augments else super()._last_of(losses, length)

    def _bottleneck(self):
        noise = "nested_dropout" if self.nested else None
        return PointBottleneck(self.code_activation, noise)
