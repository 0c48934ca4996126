"""A recipe: the transformer and the penalty under one name."""

from numbers import Integral, Real

from skae.autoencoders import BaseAutoencoder
from skae.objectives import Objective
from skae.schedules import Schedule

from skae_transformer.network import TransformerNetwork
from skae_transformer.penalty import SlicedWasserstein

__all__ = ["TransformerAutoencoder"]


class TransformerAutoencoder(BaseAutoencoder):
    """Autoencoder of sequences by self-attention.

    Rows are sequences ``(n_timesteps, n_channels)`` in a 3-D array, or flattened
    windows in a 2-D one.

    Parameters
    ----------
    n_components : int, default=2
        Size of the code, the latent dimension.
    width, n_layers, n_heads, n_channels, output_activation
        See `TransformerNetwork`.
    prior_weight : float or Schedule, default=0.0
        Weight of `SlicedWasserstein`, which brings the codes to N(0, I).
    max_epochs, batch_size, learning_rate, learning_rate_schedule, optimizer, \
weight_decay, max_grad_norm, early_stopping, validation_fraction, n_iter_no_change, \
tol, warm_start, verbose, random_state, device, mixed_precision, compile, callbacks
        See `skae.LSTMAutoencoder`.

    Examples
    --------
    >>> import numpy as np
    >>> from skae_transformer import TransformerAutoencoder
    >>> X = np.sin(np.arange(12) / 3 + np.linspace(0, 6, 60)[:, None])
    >>> model = TransformerAutoencoder(2, max_epochs=10, random_state=0)
    >>> model.fit_transform(X).shape
    (60, 2)
    """

    # types only: which numbers will do is up to the parts that take them
    _parameter_constraints = {
        **BaseAutoencoder._parameter_constraints,
        "width": [Integral],
        "n_layers": [Integral],
        "n_heads": [Integral],
        "n_channels": [Integral],
        "output_activation": [str],
        "prior_weight": [Real, Schedule],
    }

    def __init__(
        self,
        n_components=2,
        *,
        width=32,
        n_layers=1,
        n_heads=4,
        n_channels=1,
        output_activation="identity",
        prior_weight=0.0,
        max_epochs=200,
        batch_size=32,
        learning_rate=3e-3,
        learning_rate_schedule="one_cycle",
        optimizer="adamw",
        weight_decay=0.0,
        max_grad_norm=1.0,
        early_stopping=False,
        validation_fraction=0.1,
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
        return TransformerNetwork(
            self.width,
            self.n_layers,
            n_heads=self.n_heads,
            n_channels=self.n_channels,
            output_activation=self.output_activation,
        )

    def _objective(self):
        if self.prior_weight == 0:
            return Objective()
        penalty = SlicedWasserstein(self.prior_weight)
        return Objective(penalties=[("sliced_wasserstein", penalty)])
