import pytest

from skae import VAE, DenseAutoencoder, get_scorer_names
from skae.cli._errors import InputError
from skae.cli._scorers import make_scorer, usable_scorers
from skae.cli._settings import Settings


def made(scorer, estimator=None, **choices):
    settings = Settings("iris", "out", "any", (1,), scorer=scorer, **choices)
    return make_scorer(settings, estimator or DenseAutoencoder())


def test_every_usable_scorer_is_made():
    names = [type(made(name)).__name__ for name in usable_scorers()]
    assert len(set(names)) == len(names) > 3


@pytest.mark.parametrize(
    "name", sorted(set(get_scorer_names()) - set(usable_scorers()))
)
def test_what_is_not_usable_is_refused_with_what_is(name):
    with pytest.raises(InputError, match=r"use one of .*'kernel_mi'") as info:
        made(name)
    assert info.value.option == "--scorer"


@pytest.mark.parametrize("name", ["mmd", "knn_kl", "coverage"])
def test_generation_is_scored_where_there_is_some(name):
    with pytest.raises(InputError, match="DenseAutoencoder generates none"):
        made(name)
    assert type(made(name, VAE())).__name__.startswith("Generation")


@pytest.mark.parametrize("name", ["ari", "nmi"])
def test_classes_are_not_taken(name):
    with pytest.raises(InputError, match="needs the class of every row"):
        made(name)


def test_an_unknown_name_is_answered_with_usable_ones():
    with pytest.raises(InputError, match="Did you mean 'silhouette'") as info:
        made("silhuette")
    assert "'mmd'" not in str(info.value)


def test_clusters():
    assert made("silhouette", clusters=3).n_clusters == 3
    with pytest.raises(InputError, match="has no clusters") as info:
        made("kernel_mi", clusters=3)
    assert info.value.option == "--clusters"
