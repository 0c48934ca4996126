import sys

import pytest

from skae.plotting import LossCurveDisplay


def test_without_matplotlib_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"pip install 'skae\[plot\]'"):
        LossCurveDisplay([1.0]).plot()


def test_pyplot_stays_out_of_it(model):
    import matplotlib.pyplot as plt

    LossCurveDisplay.from_estimator(model)
    assert plt.get_fignums() == []
