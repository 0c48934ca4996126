import pytest

from skae import VAE, DenseAutoencoder
from skae.autoencoders._registry import ESTIMATORS
from skae.cli._errors import InputError
from skae.cli._estimators import described, make_estimator, usable_estimators
from skae.cli._settings import Settings


def made(name, **choices):
    return make_estimator(Settings("iris", "out", name, (1,), **choices))


class Sizes(DenseAutoencoder):
    def __init__(self, sizes, n_components=2, max_epochs=1, random_state=0, device="c"):
        raise AssertionError


class Endless(DenseAutoencoder):
    def __init__(self, n_components=2, random_state=0, device="cpu"):
        raise AssertionError


@pytest.fixture
def others(monkeypatch):
    registered = {**ESTIMATORS._classes, "Sizes": Sizes, "Endless": Endless}
    monkeypatch.setattr(ESTIMATORS, "_classes", registered)


def test_every_usable_estimator_is_made():
    kinds = {type(made(name)) for name in usable_estimators()}
    assert kinds == {ESTIMATORS.get(name) for name in ESTIMATORS.names()}


def test_parameters():
    model = made("VAE", max_epochs=3, hidden="8-4", seed=5, device="cpu")
    expected = VAE(max_epochs=3, hidden_layer_sizes="8-4", random_state=5, device="cpu")
    assert model.get_params() == expected.get_params()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Sizes", r"cannot be made without parameters \(.*'sizes'"),
        ("Endless", "has no parameter max_epochs, which this command sets"),
        ("Dens", r"Unknown estimator 'Dens': use one of .*'dense'.*mean 'dense'\?"),
    ],
)
@pytest.mark.usefixtures("others")
def test_what_is_not_usable_is_refused_with_what_is(name, message):
    with pytest.raises(InputError, match=message) as info:
        made(name)
    assert info.value.option == "--estimator"
    assert "'VAE'" in str(info.value)
    assert name not in usable_estimators()


def test_in_a_sentence():
    assert described("lstm") == "lstm autoencoder"
    assert described("TransformerAutoencoder") == "TransformerAutoencoder"
