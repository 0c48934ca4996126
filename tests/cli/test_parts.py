import pytest

from skae import VAE, DenseAutoencoder, get_scorer_names
from skae.autoencoders._registry import ESTIMATORS
from skae.cli._errors import InputError
from skae.cli._parts import (
    described,
    make_estimator,
    make_scorer,
    usable_estimators,
    usable_scorers,
)
from skae.cli._settings import Settings


def estimator(name, **choices):
    return make_estimator(Settings("iris", estimator=name, **choices))


def scorer(name, estimator=None, **choices):
    settings = Settings("iris", scorer=name, **choices)
    return make_scorer(settings, estimator or DenseAutoencoder())


# Autoencoders


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
    kinds = {type(estimator(name)) for name in usable_estimators()}
    assert kinds == {ESTIMATORS.get(name) for name in ESTIMATORS.names()}


def test_parameters():
    model = estimator("VAE", max_epochs=3, hidden="8-4", seed=5, device="cpu")
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
        estimator(name)
    assert info.value.option == "--estimator"
    assert "'VAE'" in str(info.value)
    assert name not in usable_estimators()


def test_in_a_sentence():
    assert described("lstm") == "lstm autoencoder"
    assert described("TransformerAutoencoder") == "TransformerAutoencoder"


# Scorers


def test_every_usable_scorer_is_made():
    names = [type(scorer(name)).__name__ for name in usable_scorers()]
    assert len(set(names)) == len(names) > 3


@pytest.mark.parametrize(
    "name", sorted(set(get_scorer_names()) - set(usable_scorers()))
)
def test_a_scorer_that_is_not_usable_is_refused_with_those_that_are(name):
    with pytest.raises(InputError, match=r"use one of .*'kernel_mi'") as info:
        scorer(name)
    assert info.value.option == "--scorer"


@pytest.mark.parametrize("name", ["mmd", "knn_kl", "coverage"])
def test_generation_is_scored_where_there_is_some(name):
    with pytest.raises(InputError, match="DenseAutoencoder generates none"):
        scorer(name)
    assert type(scorer(name, VAE())).__name__.startswith("Generation")


@pytest.mark.parametrize("name", ["ari", "nmi"])
def test_classes_are_not_taken(name):
    with pytest.raises(InputError, match="needs the class of every row"):
        scorer(name)


def test_an_unknown_name_is_answered_with_usable_ones():
    with pytest.raises(InputError, match="Did you mean 'silhouette'") as info:
        scorer("silhuette")
    assert "'mmd'" not in str(info.value)


def test_clusters():
    assert scorer("silhouette", clusters=3).n_clusters == 3
    with pytest.raises(InputError, match="has no clusters") as info:
        scorer("kernel_mi", clusters=3)
    assert info.value.option == "--clusters"
