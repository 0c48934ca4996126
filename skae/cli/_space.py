"""What an evolution searches over: the latent dimension, and layers around it."""

import numpy as np

from skae.autoencoders import LSTMAutoencoder
from skae.search import Architecture

__all__ = ["PARAM", "PREFIX", "first_points", "latent_dimension", "search_space"]

#: Before the names of the autoencoder's parameters in the pipeline.
PREFIX = "autoencoder__"

#: The parameter of the pipeline that every search is about.
PARAM = f"{PREFIX}n_components"

_MIN_WIDTH = 4
_MAX_DEPTH = 3
_WIDEST = 512
_HIDDEN_SIZES = 8, 128, "log-uniform"
_LSTM_LAYERS = 1, 2


def search_space(estimator, components, n_columns):
    """Return what each parameter of the pipeline may be, in an evolution.

    An autoencoder with hidden layers has up to three of them, none among them, of 4
    units up to twice the number of values in a row, at least 64 and at most 512. An
    `LSTMAutoencoder` has one or two layers of 8 to 128 units.

    Parameters
    ----------
    estimator : BaseAutoencoder
        What has the layers.
    components : tuple of int
        Latent dimensions to choose among, ascending.
    n_columns : int
        Number of values in a row, or in a window.

    Returns
    -------
    space : dict
        As `EvolutionarySearchCV` takes it.

    Raises
    ------
    TypeError
        When it is neither of these.

    Examples
    --------
    >>> from skae import DenseAutoencoder
    >>> from skae.cli._space import search_space
    >>> space = search_space(DenseAutoencoder(), (1, 2, 3), n_columns=4)
    >>> (64, 8) in space["autoencoder__hidden_layer_sizes"]
    True
    """
    space = {"n_components": list(components), **_layers(estimator, n_columns)}
    return {f"{PREFIX}{name}": values for name, values in space.items()}


def _layers(estimator, n_columns):
    if "hidden_layer_sizes" in estimator.get_params():
        return _dense(n_columns)
    if isinstance(estimator, LSTMAutoencoder):
        return _lstm()
    raise TypeError(
        "An evolution searches for layers as those of DenseAutoencoder and "
        f"LSTMAutoencoder, and {type(estimator).__name__} has none."
    )


def _dense(n_columns):
    widest = min(max(2 * n_columns, 64), _WIDEST)
    return {"hidden_layer_sizes": Architecture(0, _MAX_DEPTH, _MIN_WIDTH, widest)}


def _lstm():
    return {"hidden_size": _HIDDEN_SIZES, "n_layers": _LSTM_LAYERS}


def first_points(pipeline, space, n):
    """Return candidates to begin with: spread dimensions, the usual layers around them.

    Parameters
    ----------
    pipeline : Pipeline
        Whose layers are the usual ones.
    space : dict
        What is searched over.
    n : int
        How many candidates, at most.
    """
    components = space[PARAM]
    usual = {name: pipeline.get_params()[name] for name in space}
    places = np.linspace(0, len(components) - 1, min(n, len(components)))
    chosen = [components[place] for place in np.rint(places).astype(int)]
    return [{**usual, PARAM: value} for value in chosen]


def latent_dimension(pipeline):
    """Return the latent dimension of a fitted pipeline, a cost to an evolution."""
    return pipeline[-1].n_components
