"""Estimators to files and back."""

import platform
from importlib.metadata import version

import numpy as np
import sklearn
import torch
from sklearn.exceptions import InconsistentVersionWarning

from skae._notices import warn
from skae.exceptions import FileFormatError
from skae.persistence._alike import first_difference, first_unequal
from skae.persistence._decode import Decoder, DeviceError
from skae.persistence._encode import Encoder
from skae.persistence._file import pack, read, unpack, write

__all__ = ["load", "save"]


def save(estimator, path):
    """Save an estimator to one file, which `load` opens.

    It may be an autoencoder, a `sklearn.pipeline.Pipeline`, or a step of one: what
    comes before an autoencoder, or groups its codes. Everything comes back: parameters,
    fitted attributes, names of features, and of autoencoders the optimiser's state and
    history. Predictions are the same to the last bit, and so is what `partial_fit` and
    `warm_start` go on to. An estimator that is not fitted is saved with its parameters.

    The file is in the safetensors format, for which other programs have readers, with
    a JSON text in its metadata. In contrast to a pickle it holds no code: it names
    classes that skae knows, and what would have to be pickled is refused. It takes the
    place of an older one at once, or not at all.

    Parameters
    ----------
    estimator : estimator
        An autoencoder, `~skae.preprocessing.SequenceScaler`,
        `~skae.preprocessing.SlidingWindow`, of scikit-learn ``StandardScaler``,
        ``MinMaxScaler``, ``MaxAbsScaler``, ``RobustScaler``, ``Normalizer``,
        ``QuantileTransformer``, ``PowerTransformer``, ``SimpleImputer`` of numbers,
        ``PCA``, ``KMeans``, ``GaussianMixture`` or ``BayesianGaussianMixture``, or a
        pipeline of these, of ``"passthrough"`` and of other such pipelines, or a
        `~skae.ReconstructionDetector` around any of them.
    path : str or path-like
        Name of the file; ``.safetensors`` is the usual ending. Its folder is made if
        need be.

    Raises
    ------
    ValueError
        When a step, a parameter or an attribute is not data and has no registered name
        (another estimator, a function, a callback, a generator, an optimiser from
        elsewhere), or parameters were set after the fit that its net does not have.
        The message names it. Nothing is written then. For pipelines of other steps
        there is `skops <https://skops.readthedocs.io>`_.

    See Also
    --------
    load : Open the file.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import skae
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> X = load_iris().data
    >>> autoencoder = skae.DenseAutoencoder(max_epochs=5, random_state=0)
    >>> pipeline = make_pipeline(StandardScaler(), autoencoder).fit(X)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "iris.safetensors")
    ...     skae.persistence.save(pipeline, path)
    ...     same = skae.load(path)
    >>> bool((same.transform(X) == pipeline.transform(X)).all())
    True
    """
    document, tensors, _ = _encoded(estimator)
    data = pack(document, tensors)
    _check(estimator, data)
    write(path, data)


def load(path, device=None):
    """Open an estimator that `save` or an autoencoder's method `save` wrote.

    Nothing in the file is executed. Classes are looked up by their registered names,
    those of installed packages included, and values are numbers and texts. Sizes that
    the file states are compared with what it holds before anything is made of them.

    Parameters
    ----------
    path : str or path-like
        The file.
    device : str or None, default=None
        Where autoencoders are to be, and their parameter `device` from now on. None:
        where that parameter says as it was saved, or on the CPU where there is no such
        device.

    Returns
    -------
    estimator : estimator
        As it was saved.

    Raises
    ------
    FileFormatError
        When skae did not save the file, a newer version did in a newer format, the
        file is damaged, what it states does not fit together, or a class that it names
        is not there.
    ValueError
        When `device` cannot be used.

    Warns
    -----
    RuntimeWarning
        When the device that a model was saved with cannot be used here.
    sklearn.exceptions.InconsistentVersionWarning
        When it has fitted estimators of another version of scikit-learn.

    Notes
    -----
    The file has a checksum over all of its bytes, which guards against damage. It is no
    signature: who can write the file can write a model of his own, with a checksum
    that fits. Such a model predicts what its author likes, but runs no code.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import skae
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "model.safetensors")
    ...     skae.VAE(n_components=3, beta=0.1).save(path)
    ...     skae.load(path)
    VAE(beta=0.1, n_components=3)
    """
    try:
        document, tensors = unpack(read(path))
        estimator, decoder = _decoded(document, tensors, device)
    except FileFormatError as error:
        raise FileFormatError(f"{path} can't be loaded. {error!s:.500}") from error
    for missing in decoder.missing_devices:
        warn(
            f"The model was saved with device={missing!r}, which cannot be used here: "
            "it is opened on the CPU. Load it with device='cpu' to have its parameter "
            "say so.",
            RuntimeWarning,
        )
    if decoder.has_steps and (version := _other_version(document)):
        warn(_OtherVersion(estimator, version), InconsistentVersionWarning)
    return estimator


class _OtherVersion(InconsistentVersionWarning):
    """The warning that scikit-learn's own users know, for what is no pickle."""

    def __init__(self, estimator, version):
        super().__init__(
            estimator_name=type(estimator).__name__,
            current_sklearn_version=sklearn.__version__,
            original_sklearn_version=version,
        )

    def __str__(self):
        return (
            f"The {self.estimator_name} was saved with scikit-learn "
            f"{self.original_sklearn_version}, and this is "
            f"{self.current_sklearn_version}: where an estimator of its has changed "
            "since, it may predict otherwise. Fit and save it again."
        )


def _other_version(document):
    """Return the version of scikit-learn in a file where it is not the one here."""
    versions = document.get("versions")
    version = versions.get("scikit-learn") if isinstance(versions, dict) else None
    return None if version == sklearn.__version__ else f"{version!s:.20}"


def _encoded(estimator):
    """Return the document and the tensors of an estimator, and its autoencoders."""
    encoder = Encoder()
    document = {"versions": _versions(), **encoder.encode_model(estimator)}
    return document, encoder.tensors, encoder.autoencoders


def _versions():
    return {
        "skae": version("skae"),
        "scikit-learn": sklearn.__version__,
        "torch": torch.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


def _decoded(document, tensors, device):
    """Return the estimator of a document, and the decoder that has made it."""
    decoder = Decoder(tensors, device)
    try:
        estimator = decoder.decode_model(document)
        decoder.check_that_all_were_used()
    except (DeviceError, MemoryError):
        raise
    except Exception as error:  # whatever a forged document leads to
        what = str(error)
        if not isinstance(error, FileFormatError):
            kind = type(error).__name__
            what = f"What it holds does not fit together ({kind}: {what:.200})."
        if version := _other_version(document):
            what += f" It was saved with scikit-learn {version}."
        raise FileFormatError(what) from error
    return estimator, decoder


def _check(estimator, data):
    """Refuse an estimator that would not come back as it is."""
    try:
        twin, decoder = _decoded(*unpack(data), "cpu")
    except FileFormatError as error:
        raise _not_restored(str(error)) from error
    if place := _first_difference(estimator, twin, decoder.autoencoders):
        raise _not_restored(f"Its {place} would be another.")


def _first_difference(estimator, twin, copies):
    document, tensors, originals = _encoded(estimator)
    for original, copy in zip(originals, copies, strict=True):
        copy.device = original.device
    other, others, _ = _encoded(twin)
    if place := first_unequal(tensors, others) or first_unequal(document, other):
        return place
    for original, copy in zip(originals, copies, strict=True):
        has_net = hasattr(original, "net_")
        if has_net and (place := first_difference(original.net_, copy.net_)):
            return place
    return None


def _not_restored(what):
    return ValueError(
        f"The estimator can't be saved, as it would not come back the same. {what} "
        "A net is built from the estimator's parameters: if those were set after the "
        "fit, set them back or fit again. State that training changes has to be in "
        "parameters and buffers of the module."
    )
