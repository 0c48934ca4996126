"""What an autoencoder makes of each feature, of all rows or of one.

Attributions say what each column of a row adds to a code unit or to the row's error,
`nearest_normal` what the row would have been, and `traversal` what changes with a unit.

Weights are literal and belong to the first layer only; sensitivities are derivatives of
the code, so they describe networks of any depth and kind. Both are in units of the data
as the autoencoder sees them: after a `StandardScaler`, features compare.
"""

from skae.interpretation._attributions import Attributions, attributions
from skae.interpretation._names import feature_names
from skae.interpretation._normal import NearestNormal, nearest_normal
from skae.interpretation._sensitivities import code_sensitivities
from skae.interpretation._traversal import Traversal, traversal
from skae.interpretation._weights import first_layer_weights

__all__ = [
    "Attributions",
    "NearestNormal",
    "Traversal",
    "attributions",
    "code_sensitivities",
    "feature_names",
    "first_layer_weights",
    "nearest_normal",
    "traversal",
]
