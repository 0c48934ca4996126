import pytest
from sklearn.model_selection import GridSearchCV

from skae import VAE, Autoencoder
from skae.networks import DenseNetwork
from skae.samplers import MixtureSampler


@pytest.mark.parametrize(
    ("model", "params", "said"),
    [
        (Autoencoder(), {"network__hidden_layer_sizes": (3,)}, "network='dense'"),
        (
            Autoencoder(DenseNetwork()),
            {"network": "dense", "network__activation": "relu"},
            "network__activation sets a parameter of network='dense'",
        ),
        (VAE(), {"sampler__max_modes": 2}, "pass an instance as sampler"),
    ],
)
def test_a_part_that_is_given_by_name_has_no_parameters(model, params, said):
    with pytest.raises(ValueError, match=said):
        model.set_params(**params)


def test_instances_have_parameters():
    model = VAE(sampler="gmm").set_params(
        sampler=MixtureSampler(), sampler__max_modes=2
    )
    assert model.sampler.max_modes == 2


def test_a_parameter_that_is_none_is_told_with_the_one_that_was_meant():
    with pytest.raises(ValueError, match="no parameter 'networks': did you mean"):
        Autoencoder().set_params(networks__activation="relu")


def test_a_search_says_it():
    X = [[0.0], [1.0], [2.0], [3.0]]
    search = GridSearchCV(Autoencoder(), {"network__activation": ["relu"]}, cv=2)
    with pytest.raises(ValueError, match="pass an instance as network"):
        search.fit(X)
