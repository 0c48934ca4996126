"""What is no callback."""

import pytest
from helpers.data import normal
from skorch.callbacks import Callback

from skae import DenseAutoencoder

X = normal(20, 4)


class Silent(Callback):
    pass


def fit(callbacks):
    model = DenseAutoencoder(2, max_epochs=1, callbacks=callbacks, random_state=0)
    return model.fit(X)


@pytest.mark.parametrize(
    "given", ["early", 3, lambda net: None, object, {"a": 1}, ("name", "early"), ()]
)
def test_what_is_no_callback_is_named(given):
    with pytest.raises(TypeError, match=r"callbacks=.* holds .*, which is no callback"):
        fit([Silent(), given])


@pytest.mark.parametrize("given", [Silent(), Silent, None, ("name", Silent())])
def test_what_skorch_takes(given):
    assert fit([given]).n_iter_ == 1
