import sys

import pytest

from skae.plotting import LossCurveDisplay


def test_without_matplotlib_the_extra_is_named(monkeypatch):
    monkeypatch.delitem(sys.modules, "matplotlib.pyplot", raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"pip install 'skae\[plot\]'"):
        LossCurveDisplay([1.0]).plot()


def test_pyplot_knows_the_figure_where_it_is_in_use(model):
    import matplotlib.pyplot as plt

    display = LossCurveDisplay.from_estimator(model)
    assert [plt.figure(number) for number in plt.get_fignums()] == [display.figure_]


def test_pyplot_stays_out_of_it_otherwise(model, monkeypatch):
    monkeypatch.delitem(sys.modules, "matplotlib.pyplot", raising=False)
    LossCurveDisplay.from_estimator(model)
    assert "matplotlib.pyplot" not in sys.modules
