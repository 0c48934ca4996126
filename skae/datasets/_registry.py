"""Data sets by name, as the command line knows them."""

from skae.datasets._airline import load_airline_passengers
from skae.registry import unknown_name


def _bundled(function):
    """Return a loader that imports scikit-learn's data sets only when it is called."""

    def load():
        import sklearn.datasets

        return getattr(sklearn.datasets, function)()

    return load


_LOADERS = {
    "airline-passengers": load_airline_passengers,
    "breast-cancer": _bundled("load_breast_cancer"),
    "digits": _bundled("load_digits"),
    "iris": _bundled("load_iris"),
    "wine": _bundled("load_wine"),
}


def dataset_names():
    """Return the sorted names that `load_dataset` knows.

    Returns
    -------
    names : list of str
        The names.

    Examples
    --------
    >>> from skae.datasets import dataset_names
    >>> dataset_names()
    ['airline-passengers', 'breast-cancer', 'digits', 'iris', 'wine']
    """
    return sorted(_LOADERS)


def load_dataset(name):
    """Load a data set by its name; none of them is downloaded.

    Parameters
    ----------
    name : str
        One of `dataset_names`.

    Returns
    -------
    bunch : sklearn.utils.Bunch
        With `data`, `target` (None where there is none), `feature_names` and `DESCR`.

    Raises
    ------
    UnknownNameError
        If there is no such data set; the message lists the names and the closest one.

    Examples
    --------
    >>> from skae.datasets import load_dataset
    >>> load_dataset("wine").data.shape
    (178, 13)
    """
    if name not in _LOADERS:
        raise unknown_name("data set", name, _LOADERS)
    return _LOADERS[name]()
