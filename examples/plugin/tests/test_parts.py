"""The promises that skae asks for, each a test of its own."""

from skae.testing import parametrize_with_checks
from sklearn.utils import estimator_checks

from skae_transformer import (
    Continuity,
    LogCosh,
    SlicedWasserstein,
    SmoothedCodes,
    StepMasking,
    TransformerAutoencoder,
    TransformerNetwork,
)

AUTOENCODERS = [
    TransformerAutoencoder(width=8, max_epochs=5),
    TransformerAutoencoder(3, width=8, n_heads=2, prior_weight=0.1, max_epochs=5),
]
PARTS = [
    (TransformerNetwork(8), (6, 2)),
    (TransformerNetwork(8, 2, n_heads=2, output_activation="sigmoid"), (6, 2)),
    SlicedWasserstein(),
    SlicedWasserstein(n_directions=3),
    LogCosh(),
    LogCosh(0.1),
    StepMasking(),
    SmoothedCodes(),
    SmoothedCodes(0.5),
    Continuity(),
]


@parametrize_with_checks([*PARTS, *AUTOENCODERS])
def test_promises(instance, check):
    check(instance)


@estimator_checks.parametrize_with_checks(AUTOENCODERS)
def test_scikit_learn_contract(estimator, check):
    check(estimator)
