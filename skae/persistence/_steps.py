"""Steps of pipelines that files may hold, with their fitted attributes.

scikit-learn checks an estimator's attributes when it is fitted, not when it predicts,
and some of what predicts is compiled code that reads past the end of an array that is
too small. So the attributes of each class are described here, and a file's compared.
"""

import numpy as np
import torch
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

from skae.preprocessing import SequenceScaler, SlidingWindow

__all__ = ["STEPS", "derived", "first_misfit"]

# Alternatives, each a kind and letters that stand for sizes: "float k n" is an array
# of float dtype with k rows and n columns. A letter is one number for all attributes
# of an estimator. What may be "none" may be missing.
_ALL = {"n_features_in_": "size n", "feature_names_in_": "none | text n"}
_BY_COVARIANCE = {
    "full": "float k n n",
    "tied": "float n n",
    "diag": "float k n",
    "spherical": "float k",
}
_MIXTURE = {
    "weights_": "float k",
    "means_": "float k n",
    "covariances_": _BY_COVARIANCE,
    "precisions_": _BY_COVARIANCE,
    "precisions_cholesky_": _BY_COVARIANCE,
    "converged_": "data",
    "n_iter_": "data",
    "lower_bound_": "data",
    "lower_bounds_": "data",
}
_ATTRIBUTES = {
    StandardScaler: {
        "mean_": "none | float n",
        "var_": "none | float n",
        "scale_": "none | float n",
        "n_samples_seen_": "number | float n | integer n",
    },
    MinMaxScaler: {
        "min_": "float n",
        "scale_": "float n",
        "data_min_": "float n",
        "data_max_": "float n",
        "data_range_": "float n",
        "n_samples_seen_": "number",
    },
    MaxAbsScaler: {
        "max_abs_": "float n",
        "scale_": "float n",
        "n_samples_seen_": "number",
    },
    RobustScaler: {"center_": "none | float n", "scale_": "none | float n"},
    Normalizer: {},
    QuantileTransformer: {
        "n_quantiles_": "size q",
        "references_": "float q",
        "quantiles_": "float q n",
    },
    PowerTransformer: {"lambdas_": "float n", "_scaler": "none | StandardScaler n"},
    SimpleImputer: {
        "statistics_": "float n | object n",
        "indicator_": "none | MissingIndicator n",
        "_fit_dtype": "dtype",
        "_fill_dtype": "dtype",
    },
    MissingIndicator: {
        "features_": "integer m",
        "_n_features": "size n",
        "_precomputed": "none | data",
    },
    PCA: {
        "components_": "float k n",
        "mean_": "float n",
        "explained_variance_": "float k",
        "explained_variance_ratio_": "float k",
        "singular_values_": "float k",
        "n_components_": "size k",
        "n_samples_": "number",
        "noise_variance_": "number",
        "_fit_svd_solver": "data",
    },
    KMeans: {
        "cluster_centers_": "float k n",
        "_n_features_out": "size k",
        "labels_": "integer rows",
        "inertia_": "number",
        "n_iter_": "number",
        "_algorithm": "data",
        "_n_init": "data",
        "_tol": "number",
    },
    GaussianMixture: _MIXTURE,
    BayesianGaussianMixture: {
        **_MIXTURE,
        "weight_concentration_": "float k | pair k",
        "weight_concentration_prior_": "number",
        "mean_precision_": "float k",
        "mean_precision_prior_": "number",
        "mean_prior_": "float n",
        "degrees_of_freedom_": "number | float k",
        "degrees_of_freedom_prior_": "number",
        "covariance_prior_": "number | float n | float n n",
    },
    SequenceScaler: {
        "n_channels_": "size c",
        "scaler_": "StandardScaler c | MinMaxScaler c",
        "_n_dims_in": "number",
    },
    SlidingWindow: {"needs_starts_": "none | number"},
    Pipeline: {},
}
# A cache is a folder of pickles.
_PARAMETERS = {Pipeline: {"memory": "none"}}
# What users set before the fit or after it.
_SETTINGS = {"_sklearn_output_config", "_metadata_request"}
STEPS = {cls.__name__: cls for cls in _ATTRIBUTES}

_ARRAYS = {"float": "f", "integer": "iu", "object": "O", "text": "O"}


def derived(cls):
    """Return the attributes that belong to the machine, and how they are found out."""
    return {"_n_threads": torch.get_num_threads} if cls is KMeans else {}


def first_misfit(estimator):
    """Return the first attribute that no fit of the estimator leaves, or None.

    Parameters
    ----------
    estimator : estimator
        Of any class; those that have no table fit.

    Returns
    -------
    name : str or None
        Of an attribute that is not in the table, missing, or of another kind or size
        than the others ask for.
    """
    cls, items = type(estimator), vars(estimator)
    if cls not in _ATTRIBUTES:
        return None
    state = items.keys() - cls._get_param_names() - derived(cls).keys() - _SETTINGS
    described = _PARAMETERS.get(cls, {})
    if state:
        described = {**described, **_ALL, **_ATTRIBUTES[cls]}
    sizes = {}
    misfits = (
        name
        for name, description in described.items()
        if not _is(description, items.get(name), estimator, sizes)
    )
    return next(iter(sorted(state - described.keys())), None) or next(misfits, None)


def _is(description, value, owner, sizes):
    if isinstance(description, dict):
        description = description.get(owner.covariance_type, "none")
    alternatives = (each.split() for each in description.split("|"))
    return any(_is_one(value, sizes, *each) for each in alternatives)


def _is_one(value, sizes, kind, *letters):
    if kind in _ARRAYS:
        return _is_array(value, sizes, kind, letters)
    if kind in STEPS:
        n = getattr(value, "n_features_in_", None)
        return type(value) is STEPS[kind] and _are_sizes([n], sizes, letters)
    match kind:
        case "none":
            return value is None
        case "data":
            return value is not None
        case "number":
            return isinstance(value, int | float | np.integer | np.floating)
        case "size":
            return _are_sizes([value], sizes, letters)
        case "dtype":
            return isinstance(value, np.dtype) and value.kind in "fiu"
        case "pair":
            return isinstance(value, tuple) and all(
                _is_array(item, sizes, "float", letters) for item in value
            )


def _is_array(value, sizes, kind, letters):
    return (
        isinstance(value, np.ndarray)
        and value.dtype.kind in _ARRAYS[kind]
        and (kind != "text" or all(isinstance(item, str) for item in value))
        and _are_sizes(value.shape, sizes, letters)
    )


def _are_sizes(values, sizes, letters):
    """Return whether numbers are what letters stand for; new letters take theirs."""
    return len(values) == len(letters) and all(
        isinstance(value, int | np.integer) and sizes.setdefault(letter, value) == value
        for value, letter in zip(values, letters, strict=True)
    )
