import numpy as np
import pytest

from skae.datasets import dataset_names, load_dataset
from skae.exceptions import UnknownNameError

SHAPES = {
    "airline-passengers": (144, 1),
    "breast-cancer": (569, 30),
    "digits": (1797, 64),
    "iris": (150, 4),
    "wine": (178, 13),
}


def test_names():
    assert dataset_names() == sorted(SHAPES)


@pytest.mark.parametrize("name", dataset_names())
def test_every_name_loads(name):
    bunch = load_dataset(name)
    assert bunch.data.shape == SHAPES[name]
    assert np.isfinite(bunch.data).all()
    assert len(bunch.feature_names) == bunch.data.shape[1]
    assert bunch.target is None or len(bunch.target) == len(bunch.data)
    assert bunch.DESCR


def test_unknown_name():
    message = r"data set 'breast_cancer': use one of .*Did you mean 'breast-cancer'\?"
    with pytest.raises(UnknownNameError, match=message):
        load_dataset("breast_cancer")
