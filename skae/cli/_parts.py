"""Autoencoders and scorers that the command line can use, by their names."""

from sklearn.utils import get_tags

from skae.autoencoders._registry import ESTIMATORS
from skae.cli._errors import InputError
from skae.exceptions import UnknownNameError
from skae.networks._architecture import layer_sizes
from skae.registry import unknown_name
from skae.scorers import SCORERS
from skae.scorers._generation import GenerationScorer
from skae.training._devices import resolve_device

__all__ = [
    "described",
    "make_estimator",
    "make_scorer",
    "takes_sequences",
    "takes_text",
    "usable_estimators",
    "usable_scorers",
]

#: What the most common autoencoders are called for short.
SHORT = {
    "dense": "DenseAutoencoder",
    "lstm": "LSTMAutoencoder",
    "tabular": "TabularAutoencoder",
}

#: Parameters of an autoencoder that the command sets.
NEEDED = ("n_components", "max_epochs", "random_state", "device")


def usable_estimators():
    """Return the names of the autoencoders that the command can use.

    Those that have a short name are listed by that.

    Examples
    --------
    >>> from skae.cli._parts import usable_estimators
    >>> usable_estimators()[:4]
    ['dense', 'lstm', 'tabular', 'Autoencoder']
    """
    others = [name for name in ESTIMATORS.names() if name not in SHORT.values()]
    return [*SHORT, *(n for n in others if _fault_of_estimator(n) is None)]


def make_estimator(settings, n_channels=None):
    """Return the autoencoder that settings ask for, not fitted.

    Parameters
    ----------
    settings : Settings
    n_channels : int or None, default=None
        Channels of rows that are flattened sequences.

    Raises
    ------
    InputError
        When there is no such estimator, the command cannot use it, or it does not take
        the hidden layers or the device.
    """
    name, usable = settings.estimator, usable_estimators()
    estimator = _resolved(ESTIMATORS, name, usable, "--estimator", _fault_of_estimator)
    _check(lambda: resolve_device(settings.device), "--device")
    params = {"random_state": settings.seed, "device": settings.device}
    if settings.max_epochs is not None:
        params["max_epochs"] = settings.max_epochs
    if settings.hidden is not None:
        _check_hidden(settings, estimator)
        params["hidden_layer_sizes"] = settings.hidden
    if n_channels and "n_channels" in estimator.get_params():
        params["n_channels"] = n_channels
    if "masking" in estimator.get_params():
        params["masking"] = 0  # what it is for is imputation, and reconstructions pay
    return estimator.set_params(**params)


def takes_sequences(estimator):
    """Return whether rows may be sequences, in arrays of three dimensions."""
    return get_tags(estimator).input_tags.three_d_array


def takes_text(estimator):
    """Return whether columns may be text, as those of data frames are."""
    return get_tags(estimator).input_tags.string


def described(name):
    """Return an estimator's name as a kind of autoencoder, in a sentence."""
    return name if name.endswith("utoencoder") else f"{name} autoencoder"


def usable_scorers(estimator=None, has_classes=False):
    """Return the names of the scorers that the command can use.

    Parameters
    ----------
    estimator : BaseAutoencoder or None, default=None
        What is scored, or None for any. Scorers of generated rows are left out, unless
        it generates rows.
    has_classes : bool, default=False
        Whether the class of every row is known, which some scorers need.

    Examples
    --------
    >>> from skae import VAE
    >>> from skae.cli._parts import usable_scorers
    >>> "kernel_mi" in usable_scorers(), "mmd" in usable_scorers()
    (True, False)
    >>> "mmd" in usable_scorers(VAE())
    True
    """
    names = SCORERS.names()
    return [
        name
        for name in names
        if _fault_of_scorer(SCORERS.get(name), estimator, has_classes) is None
    ]


def make_scorer(settings, estimator):
    """Return the scorer that settings ask for.

    Parameters
    ----------
    settings : Settings
    estimator : BaseAutoencoder
        What is scored.

    Raises
    ------
    InputError
        When there is no such scorer, the command cannot use it, or it has no clusters
        where their number is given.
    """
    has_classes = settings.target is not None
    name, usable = settings.scorer, usable_scorers(estimator, has_classes)

    def fault(name):
        return _fault_of_scorer(SCORERS.get(name), estimator, has_classes)

    scorer = _resolved(SCORERS, name, usable, "--scorer", fault)
    if settings.clusters is None:
        return scorer
    if "n_clusters" not in scorer.get_params():
        raise InputError(
            f"The scorer {name!r} has no clusters: leave the option out, or use "
            "--scorer silhouette.",
            "--clusters",
        )
    return scorer.set_params(n_clusters=settings.clusters)


def _resolved(registry, name, usable, option, fault):
    """Return the registered part of a name that the command can use."""
    full = SHORT.get(name, name)
    try:
        if reason := fault(full):
            raise InputError(
                f"The {registry.kind} {name!r} {reason}: use one of "
                f"{', '.join(map(repr, usable))}.",
                option,
            )
        return registry.resolve(full)
    except (UnknownNameError, TypeError):
        if full not in {plugin.name for plugin in registry.plugins()}:
            error = unknown_name(registry.kind, name, usable)
        raise InputError(str(error), option) from None


def _fault_of_estimator(name):
    """Return the reason why the command cannot use an estimator, None if it can."""
    cls = ESTIMATORS.get(name)
    missing = [param for param in NEEDED if param not in cls._get_param_names()]
    if missing:
        return f"has no parameter {', '.join(missing)}, which this command sets"
    try:
        cls()
    except TypeError as error:
        return f"cannot be made without parameters ({error})"
    return None


def _fault_of_scorer(cls, estimator, has_classes):
    """Return the reason why the command cannot use a scorer, None if it can."""
    if getattr(cls, "requires_y", False) and not has_classes:
        return "needs the class of every row, a column given by --target"
    if issubclass(cls, GenerationScorer) and not hasattr(estimator, "sample"):
        return (
            f"compares generated rows with the data, and {type(estimator).__name__} "
            "generates none, as --estimator VAE does"
        )
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
            "--search curve or bayes.",
            "--hidden",
        )
    _check(lambda: layer_sizes(settings.hidden, 1, 1), "--hidden")


def _check(function, option):
    try:
        function()
    except ValueError as error:
        raise InputError(str(error), option) from None
