"""Saving autoencoders, and taking them elsewhere as ONNX."""

from sklearn.utils.validation import check_is_fitted

from skae.persistence import save
from skae.persistence._onnx import export_onnx

__all__ = ["SavingMixin"]


class SavingMixin:
    """Files of autoencoders."""

    def save(self, path):
        """Save the estimator to one file, which `skae.load` opens.

        Everything comes back: parameters, weights, the optimiser's state, history and
        all other attributes. Predictions are the same to the last bit, and so is what
        `partial_fit` and `warm_start` go on to. An estimator that is not fitted is
        saved with its parameters.

        The file is in the safetensors format, for which other programs have readers,
        with a JSON text in its metadata. In contrast to a pickle it holds no code: it
        names classes that are registered with skae, and what would have to be pickled
        is refused. It takes the place of an older one at once, or not at all.

        Parameters
        ----------
        path : str or path-like
            Name of the file; ``.safetensors`` is the usual ending. Its folder is made
            if need be.

        Raises
        ------
        ValueError
            When a parameter or an attribute is not data and has no registered name (a
            function, a callback, a generator, an optimiser from elsewhere), or
            parameters were set after the fit that its net does not have. The message
            names the parameter. Nothing is written then.

        See Also
        --------
        skae.load : Open the file.
        skae.persistence.save : The same for pipelines.
        to_onnx : For predictions without Python.

        Examples
        --------
        >>> import tempfile
        >>> from pathlib import Path
        >>> import skae
        >>> from sklearn.datasets import load_iris
        >>> X = load_iris().data
        >>> model = skae.DenseAutoencoder(max_epochs=5, random_state=0).fit(X)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "iris.safetensors")
        ...     model.save(path)
        ...     same = skae.load(path)
        >>> bool((same.transform(X) == model.transform(X)).all())
        True
        """
        save(self, path)

    def to_onnx(self, path, *, method="transform", dtype=None):
        """Write what one method computes as an ONNX model, to run without Python.

        Its one input and one output have a free first axis, the rows: ``X`` of shape
        ``(rows, *input_shape_)``, and ``Z`` of shape ``(rows, n_components)``. The
        operators are those of opset 18. Needs the packages that
        ``pip install 'skae[onnx]'`` brings. The export takes seconds.

        Parameters
        ----------
        path : str or path-like
            Name of the file. Its folder is made if need be.
        method : {"transform", "inverse_transform", "reconstruct"}, default="transform"
            What the model computes: ``X -> Z`` (the encoder), ``Z -> X_hat`` (the
            decoder) or ``X -> X_hat``.
        dtype : {"float32", "float64"} or None, default=None
            Of weights, input and output; None for what the estimator was trained in.
            The usual runtimes have recurrent layers and convolutions in float32 only.

        Raises
        ------
        ImportError
            When those packages are not there.
        ValueError
            When there is no such method, the network has recurrent layers or
            convolutions and the dtype is float64, or it does what ONNX cannot express;
            or the estimator was fitted with a condition, a second input.

        Notes
        -----
        Sequences have the length of those in the fit, and no missing ends. Missing
        values, NaN, are given the means of the fit, as by the estimator.

        Examples
        --------
        The model runs wherever there is a runtime for ONNX, here in Python's:

        >>> import tempfile
        >>> from pathlib import Path
        >>> import onnxruntime
        >>> from sklearn.datasets import load_iris
        >>> from skae import DenseAutoencoder
        >>> X = load_iris().data.astype("float32")
        >>> model = DenseAutoencoder(max_epochs=5, random_state=0).fit(X)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "encoder.onnx")
        ...     model.to_onnx(path)
        ...     encoder = onnxruntime.InferenceSession(path)
        >>> (Z,) = encoder.run(None, {"X": X})
        >>> bool(abs(Z - model.transform(X)).max() < 1e-5)
        True
        """
        check_is_fitted(self)
        if self._n_conditions:
            raise ValueError(
                "to_onnx writes models with one input, and this one was fitted with a "
                "condition, a second: use save, or fit without condition."
            )
        export_onnx(self, path, method, dtype)
