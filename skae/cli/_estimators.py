"""The autoencoders that the command line can search with."""

from sklearn.utils import get_tags

from skae.autoencoders._registry import ESTIMATORS
from skae.cli._errors import InputError
from skae.exceptions import UnknownNameError
from skae.networks._architecture import layer_sizes
from skae.registry import unknown_name
from skae.training._devices import resolve_device

__all__ = ["described", "make_estimator", "takes_sequences", "usable_estimators"]

#: What the two most common ones are called for short.
SHORT = {"dense": "DenseAutoencoder", "lstm": "LSTMAutoencoder"}

#: Parameters that the command sets.
NEEDED = ("n_components", "max_epochs", "random_state", "device")


def usable_estimators():
    """Return the names of the autoencoders that the command can use.

    Those that have a short name are listed by that.

    Examples
    --------
    >>> from skae.cli._estimators import usable_estimators
    >>> usable_estimators()[:3]
    ['dense', 'lstm', 'Autoencoder']
    """
    others = [name for name in ESTIMATORS.names() if name not in SHORT.values()]
    return [*SHORT, *(name for name in others if _fault(name) is None)]


def make_estimator(settings):
    """Return the autoencoder that settings ask for, not fitted.

    Parameters
    ----------
    settings : Settings

    Raises
    ------
    InputError
        When there is no such estimator, the command cannot use it, or it does not take
        the hidden layers or the device.
    """
    estimator = _known(settings.estimator)
    _check(lambda: resolve_device(settings.device), "--device")
    params = {"random_state": settings.seed, "device": settings.device}
    if settings.max_epochs is not None:
        params["max_epochs"] = settings.max_epochs
    if settings.hidden is not None:
        _check_hidden(settings, estimator)
        params["hidden_layer_sizes"] = settings.hidden
    return estimator.set_params(**params)


def takes_sequences(estimator):
    """Return whether rows may be sequences, in arrays of three dimensions."""
    return get_tags(estimator).input_tags.three_d_array


def described(name):
    """Return an estimator's name as a kind of autoencoder, in a sentence."""
    return name if name.endswith("utoencoder") else f"{name} autoencoder"


def _known(name):
    full = SHORT.get(name, name)
    try:
        if fault := _fault(full):
            raise InputError(
                f"The estimator {name!r} {fault}: use one of "
                f"{', '.join(map(repr, usable_estimators()))}.",
                "--estimator",
            )
        return ESTIMATORS.resolve(full)
    except UnknownNameError as error:
        raise InputError(str(_unknown(name) or error), "--estimator") from None


def _unknown(name):
    """Return the error for a name that no estimator has, not even one left out."""
    if name in {plugin.name for plugin in ESTIMATORS.plugins()}:
        return None
    return unknown_name("estimator", name, usable_estimators())


def _fault(name):
    """Return why the command cannot use an estimator, None if it can."""
    cls = ESTIMATORS.get(name)
    missing = [param for param in NEEDED if param not in cls._get_param_names()]
    if missing:
        return f"has no parameter {', '.join(missing)}, which this command sets"
    try:
        cls()
    except TypeError as error:
        return f"cannot be made without parameters ({error})"
    return None


def _check_hidden(settings, estimator):
    if "hidden_layer_sizes" not in estimator.get_params():
        raise InputError(
            f"The estimator {settings.estimator!r} has no hidden layers that are "
            "written as 64-32: leave the option out, or use --estimator dense.",
            "--hidden",
        )
    if settings.search == "evolution":
        raise InputError(
            "An evolution searches for the hidden layers: leave the option out, or use "
            "--search bayes or grid.",
            "--hidden",
        )
    _check(lambda: layer_sizes(settings.hidden, 1, 1), "--hidden")


def _check(function, option):
    try:
        function()
    except ValueError as error:
        raise InputError(str(error), option) from None
