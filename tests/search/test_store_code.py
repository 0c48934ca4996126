"""Code as a part of what a fit is known by, with all that it reads."""

import pickle
import sys
import textwrap
import types

import numpy as np
import pytest
from joblib.externals.loky.backend.reduction import dumps
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV

from skae.search import ScoreStore, remember
from skae.search.fits._identity import fingerprint

BEGIN = """
    import functools, threading, types
    import numpy as np
    import pandas as pd
    from sklearn.base import BaseEstimator
    from sklearn.linear_model import Ridge
"""

# What defines `it`, and what changes what it reads.
CHANGES = {
    "a number": ("K = 1\ndef it(): return K", "K = 2"),
    "a list that is changed": ("K = [1]\ndef it(): return K", "K.append(2)"),
    "a dict": ("K = {'a': 1}\ndef it(): return K['a']", "K['a'] = 2"),
    "an array": ("K = np.zeros(3)\ndef it(): return K", "K[1] = 1"),
    "a frame": (
        "K = pd.DataFrame({'a': [1]})\ndef it(): return K",
        "K.loc[0, 'a'] = 2",
    ),
    "an estimator": ("K = Ridge(1.0)\ndef it(): return K", "K.set_params(alpha=2.0)"),
    "an object": (
        "class Settings:\n    k = 1\nK = Settings()\ndef it(): return K.k",
        "K.k = 2",
    ),
    "a constant of its class": (
        "class Settings:\n    k = 1\nK = Settings()\ndef it(): return K.k",
        "Settings.k = 2",
    ),
    "in a comprehension": ("K = 1\ndef it(): return [K for _ in '']", "K = 2"),
    "in a function inside": (
        "K = 1\ndef it():\n    def inner(): return lambda: K\n    return inner",
        "K = 2",
    ),
    "code of a helper": (
        "def help(): return 1\ndef it(): return help()",
        "def help(): return 2",
    ),
    "a global of a helper": (
        "K = 1\ndef help(): return K\ndef it(): return help()",
        "K = 2",
    ),
    "of functions in a circle": (
        "K = 1\ndef a(): return b()\ndef b(): return a() * K\ndef it(): return a()",
        "K = 2",
    ),
    "of a partial": (
        "K = 1\ndef help(n): return K\nhelp = functools.partial(help, 1)\n"
        "def it(): return help()",
        "K = 2",
    ),
    "of a bound method": (
        "class A:\n    def f(self): return K\nK = 1\nf = A().f\ndef it(): return f()",
        "K = 2",
    ),
    "of a wrapped function": (
        "K = 1\ndef wrap(f):\n    @functools.wraps(f)\n    def g(): return f()\n"
        "    return g\n@wrap\ndef it(): return K",
        "K = 2",
    ),
    "of what wraps it": (
        "K = 1\ndef wrap(f):\n    @functools.wraps(f)\n    def g(): return f() + K\n"
        "    return g\n@wrap\ndef it(): return 1",
        "K = 2",
    ),
    "of a cached function": (
        "K = 1\n@functools.lru_cache\ndef help(): return K\ndef it(): return help()",
        "K = 2",
    ),
    "of a module": (
        "settings = types.ModuleType('settings')\nsettings.K = 1\n"
        "def it(): return settings.K",
        "settings.K = 2",
    ),
    "of a module in a module": (
        "a, b = types.ModuleType('a'), types.ModuleType('b')\na.b, b.a, b.K = b, a, 1\n"
        "def it(): return a.b.K",
        "b.K = 2",
    ),
    "of a method": (
        "K = 1\nclass it(BaseEstimator):\n    def fit(self, X): return K",
        "K = 2",
    ),
    "of a base": (
        "K = 1\nclass Base(BaseEstimator):\n    def fit(self, X): return K\n"
        "class it(Base):\n    pass",
        "K = 2",
    ),
    "of a property": (
        "K = 1\nclass it:\n    @property\n    def k(self): return K",
        "K = 2",
    ),
    "of a cached property": (
        "K = 1\nclass it:\n    @functools.cached_property\n    def k(self): return K",
        "K = 2",
    ),
    "of a class method": (
        "K = 1\nclass it:\n    @classmethod\n    def k(cls): return K",
        "K = 2",
    ),
    "a constant of a class": ("class it:\n    K = {'a': [1]}", "it.K['a'].append(2)"),
    "an array of a class": ("class it:\n    K = np.zeros(2)", "it.K[0] = 1"),
    "a method put into a class": (
        "class it:\n    def k(self): return 1",
        "it.k = lambda self: 2",
    ),
}
every_change = pytest.mark.parametrize(
    ("source", "change"), CHANGES.values(), ids=CHANGES
)


def defined(source):
    """Return the names that source defines, as a script does."""
    names = {"__name__": "__main__"}
    exec(textwrap.dedent(BEGIN) + source, names)
    return names


@every_change
def test_what_code_reads_is_a_part_of_it(source, change):
    names = defined(source)
    before = fingerprint(names["it"])
    assert before == fingerprint(defined(source)["it"])
    exec(change, names)
    after = fingerprint(names["it"])
    assert after != before
    assert after == fingerprint(names["it"])


# What cloudpickle, and so a worker, does not take.
UNSENDABLE = {"of a cached function", "of a cached property", "of a module in a module"}


@pytest.mark.parametrize("case", sorted(CHANGES.keys() - UNSENDABLE))
def test_code_is_the_same_in_another_process(case):
    it = defined(CHANGES[case][0])["it"]
    here = fingerprint(it)
    assert fingerprint(pickle.loads(dumps(it))) == here


def test_what_an_instance_reads_is_a_part_of_it():
    names = defined("K = 1\nclass it(BaseEstimator):\n    def fit(self, X): return K")
    before = fingerprint(names["it"]())
    names["K"] = 2
    assert fingerprint(names["it"]()) != before


def test_what_is_imported_inside_is_a_part_of_it(monkeypatch):
    settings = types.ModuleType("settings")
    settings.K = 1
    monkeypatch.setitem(sys.modules, "settings", settings)
    for line in ("from settings import K", "import settings as s; s.K"):
        it = defined(f"def it():\n    {line}")["it"]
        before = fingerprint(it)
        settings.K += 1
        assert fingerprint(it) != before


@pytest.mark.parametrize(
    ("source", "change"),
    [
        ("K, L = 1, 2\ndef it(): return K", "L = 3"),
        ("settings = types.ModuleType('settings')\ndef it(): return settings.K", ""),
        ("L = threading.Lock()\ndef it():\n    with L: return 1", ""),
        ("class it:\n    L = threading.Lock()\n    M = open", ""),
        ("def it(): return np.linalg.norm(pd.DataFrame())", "np.mine = 1; del np.mine"),
    ],
    ids=["not read", "not there", "a lock", "a lock of a class", "libraries"],
)
def test_what_code_does_not_read_is_none_of_it(source, change):
    names = defined(source)
    before = fingerprint(names["it"])
    exec(change, names)
    assert fingerprint(names["it"]) == before
    assert fingerprint(defined(source)["it"]) == before


def test_installed_packages_count_by_version(monkeypatch):
    it = defined("def it(): return pd.concat([])")["it"]
    before = fingerprint(it)
    fingerprint.__globals__["origin"].cache_clear()
    monkeypatch.setattr("pandas.__version__", "0.1")
    assert fingerprint(it) != before
    fingerprint.__globals__["origin"].cache_clear()


# In a search

X = np.random.default_rng(0).normal(size=(24, 2))
WEIGHT = 1.0
LOG = []


def weighted(estimator, X, y):
    LOG.append(estimator.alpha)
    return WEIGHT * estimator.alpha


def best(store):
    search = GridSearchCV(Ridge(), {"alpha": [1.0, 2.0]}, scoring=weighted, cv=2)
    with remember(search, store):
        return search.fit(X, X[:, 0]).best_score_


def test_a_constant_that_was_changed_is_counted(monkeypatch, tmp_path):
    store = ScoreStore(tmp_path / "scores.db")
    assert best(store) == 2.0
    monkeypatch.setitem(globals(), "WEIGHT", -1.0)
    LOG.clear()
    assert best(store) == -1.0
    assert len(store) == 8


def test_a_log_that_grows_does_not_make_each_fit_another(tmp_path):
    store = ScoreStore(tmp_path / "scores.db")
    LOG.clear()
    best(store)
    assert LOG == [1.0, 1.0, 2.0, 2.0]
    LOG.clear()
    best(store)
    assert LOG == []
