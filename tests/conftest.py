"""Fixtures of several folders."""

import signal

import pytest


@pytest.fixture
def pythons_own_handler():
    """Be interrupted as a program in a terminal is, and worker processes too."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def no_growth(monkeypatch):
    """Leave out of account what the process grows by, with whatever else it does."""
    from skae.training._footprint import MemoryGauge

    monkeypatch.setattr(MemoryGauge, "growth", lambda *_: None)


@pytest.fixture
def few_steps(monkeypatch):
    """Train little where `max_epochs` has no say, for tests that judge no training.

    That is where the length of a fit is found, and in nested fits.
    """
    monkeypatch.setattr("skae.training._budget.N_STEPS", 100)
    monkeypatch.setattr("skae.search._nested_fits.N_STEPS", 40)


@pytest.fixture
def fewer_steps(monkeypatch):
    """Find the length of a fit among fewer epochs, where that is enough."""
    monkeypatch.setattr("skae.training._budget.N_STEPS", 500)


@pytest.fixture
def fits(monkeypatch):
    """The list of the fits that are made; Ctrl-C comes in those that are asked for."""
    from skae import DenseAutoencoder

    class Fits(list):
        interrupted = ()

    made, fit = Fits(), DenseAutoencoder.fit

    def counted(self, *args, **kwargs):
        made.append(self)
        if len(made) in made.interrupted:
            raise KeyboardInterrupt
        return fit(self, *args, **kwargs)

    monkeypatch.setattr(DenseAutoencoder, "fit", counted)
    return made


@pytest.fixture(scope="module")
def wine():
    """The wines, scaled."""
    from helpers import data

    return data.wine()
