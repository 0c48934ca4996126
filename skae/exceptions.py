"""Errors and warnings of skae."""

__all__ = [
    "CollapseWarning",
    "DimensionWarning",
    "FileFormatError",
    "FitLimitError",
    "IncompatiblePartsError",
    "OutOfRangeWarning",
    "ScaleWarning",
    "UnknownNameError",
]


class UnknownNameError(ValueError):
    """A name that no registered part, scorer or data set carries.

    Examples
    --------
    >>> from skae import get_scorer
    >>> from skae.exceptions import UnknownNameError
    >>> try:
    ...     get_scorer("kernel")
    ... except UnknownNameError as error:
    ...     print("Did you mean 'kernel_mi'?" in str(error))
    True
    """


class IncompatiblePartsError(ValueError):
    """A part requires what the parts it is combined with do not provide.

    Examples
    --------
    >>> from skae.bottlenecks import PointBottleneck
    >>> from skae.exceptions import IncompatiblePartsError
    >>> from skae.objectives import KLDivergence, Objective
    >>> try:
    ...     Objective(penalties=[("kl", KLDivergence())]).build(PointBottleneck())
    ... except IncompatiblePartsError as error:
    ...     print(str(error).split(", ")[0])
    The penalty 'kl' (KLDivergence) requires log_var of the code
    """


class OutOfRangeWarning(UserWarning):
    """The data lie where a bounded output activation cannot reach them.

    Examples
    --------
    >>> import warnings
    >>> import numpy as np
    >>> from skae import DenseAutoencoder
    >>> from skae.exceptions import OutOfRangeWarning
    >>> model = DenseAutoencoder(1, output_activation="sigmoid", max_epochs=1)
    >>> X = np.linspace(0, 5, 20)[:, None] + [0, 1]
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     model = model.fit(X)
    >>> caught[0].category is OutOfRangeWarning
    True
    """


class ScaleWarning(UserWarning):
    """Features are on scales that make the loss see some at the expense of others.

    Some vary so much more than others that it sees next to nothing of these; or some
    that are nearly constant, as pixels at the edge, have been given unit variance.

    Examples
    --------
    >>> import warnings
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skae import DenseAutoencoder
    >>> from skae.exceptions import ScaleWarning
    >>> X, model = load_wine().data, DenseAutoencoder(max_epochs=1)
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     model = model.fit(X)
    >>> caught[0].category is ScaleWarning
    True

    Scaled features are all of the same importance:

    >>> scaled = make_pipeline(StandardScaler(), model).fit(X)
    """


class CollapseWarning(UserWarning):
    """The codes of a fitted autoencoder say nothing about the data.

    Examples
    --------
    >>> import warnings
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skae import VAE
    >>> from skae.exceptions import CollapseWarning
    >>> X = StandardScaler().fit_transform(load_wine().data)
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     vae = VAE(beta=100.0, max_epochs=200, random_state=0).fit(X)
    >>> caught[0].category is CollapseWarning
    True
    >>> vae.active_units_
    array([False, False])
    """


class DimensionWarning(UserWarning):
    """Estimates of a dimension by different means disagree.

    Examples
    --------
    Whoever has weighed the estimates leaves it out:

    >>> import warnings
    >>> from skae.exceptions import DimensionWarning
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", DimensionWarning)
    """


class FitLimitError(RuntimeError):
    """A fit that takes more time or memory than a search allows each of its fits.

    Examples
    --------
    >>> import warnings
    >>> import numpy as np
    >>> from skae import DenseAutoencoder, EvolutionarySearchCV
    >>> search = EvolutionarySearchCV(
    ...     DenseAutoencoder(max_epochs=1, random_state=0),
    ...     {"hidden_layer_sizes": [(), (4000, 4000)]},
    ...     population_size=2,
    ...     n_generations=0,
    ...     max_fit_memory=10e6,
    ...     cv=2,
    ...     random_state=0,
    ... )
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     search = search.fit(np.random.default_rng(0).normal(size=(20, 4)))
    >>> search.best_params_, "FitLimitError" in str(caught[0].message)
    ({'hidden_layer_sizes': ()}, True)
    """


class FileFormatError(ValueError):
    """A file that was not saved by skae, is damaged, or needs another version of it.

    Examples
    --------
    >>> import tempfile
    >>> from skae import load
    >>> from skae.exceptions import FileFormatError
    >>> with tempfile.NamedTemporaryFile() as file:
    ...     try:
    ...         load(file.name)
    ...     except FileFormatError as error:
    ...         print("can't be loaded" in str(error))
    True
    """
