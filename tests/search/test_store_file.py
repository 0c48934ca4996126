"""The file: bounded, shared between processes, safe from kills and from damage."""

import multiprocessing
import os
import shutil
import sqlite3
import time
import warnings
from contextlib import ExitStack, closing, contextmanager

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV

from skae.search.bayes._search import BayesSearchCV
from skae.search.fits import ScoreStore, remember

X = np.random.default_rng(0).normal(size=(60, 3))
Y = X.sum(axis=1)
N_FOLDS = 3


class Slow(Ridge):
    """Writes a line at the begin of each fit, and takes its time."""

    def __init__(self, alpha=1.0, log=None):
        super().__init__(alpha)
        self.log = log

    def fit(self, X, y):
        with open(self.log, "a") as file:
            file.write(f"{os.getpid()} {self.alpha} {len(X)} {X[0, 0]}\n")
        time.sleep(0.02)
        return super().fit(X, y)


def bayes(folder, store="scores.db"):
    return BayesSearchCV(
        Slow(log=str(folder / "log")),
        {"alpha": (0.01, 10.0, "log-uniform")},
        n_iter=6,
        cv=N_FOLDS,
        random_state=3,
        optimizer_kwargs={"n_initial_points": 5, "acq_optimizer": "sampling"},
        store=store and folder / store,
    )


def run(folder, began=None):
    search = bayes(folder)
    if began is not None:
        began.wait()
    search.fit(X, Y)


def lines(folder):
    path = folder / "log"
    return path.read_text().splitlines() if path.exists() else []


def rows(path):
    """Return the number of fits that an undamaged file has, without touching it."""
    if not path.exists():
        return 0
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    return len(ScoreStore(path)) if tables else 0


@pytest.fixture(scope="module")
def processes():
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pytest", "skae.search.bayes._search"])
    return context


def scores(search):
    results = search.cv_results_
    return [dict(p) for p in results["params"]], results["mean_test_score"].tolist()


def test_a_search_that_is_killed_goes_on_where_it_was(processes, tmp_path):
    rng = np.random.default_rng()
    n_finished, n_killed = 0, 0
    for _ in range(10):
        n_before = len(lines(tmp_path))
        process = processes.Process(target=run, args=(tmp_path,))
        process.start()
        deadline = time.monotonic() + 20
        while len(lines(tmp_path)) == n_before and process.is_alive():
            assert time.monotonic() < deadline
            time.sleep(0.002)
        time.sleep(rng.uniform(0, 0.08))
        process.kill()
        process.join()
        n_killed += process.exitcode == -9
        n_begun = len(lines(tmp_path)) - n_before
        n_kept = rows(tmp_path / "scores.db") - n_finished
        assert n_begun - 1 <= n_kept <= n_begun  # all but the one under way
        n_finished += n_kept
    assert n_killed > 0
    n_before = len(lines(tmp_path))
    search = bayes(tmp_path).fit(X, Y)
    n_search = len(lines(tmp_path)) - n_before - 1  # and the refit
    assert n_search + n_finished == 6 * N_FOLDS
    (tmp_path / "undisturbed").mkdir()
    undisturbed = bayes(tmp_path / "undisturbed", None).fit(X, Y)
    assert scores(search) == scores(undisturbed)
    assert search.best_params_ == undisturbed.best_params_


def test_processes_may_share_a_file_that_none_has_begun(processes, tmp_path):
    barrier = processes.Barrier(3)
    both = [processes.Process(target=run, args=(tmp_path, barrier)) for _ in range(2)]
    for process in both:
        process.start()
    barrier.wait()
    for process in both:
        process.join()
    assert [process.exitcode for process in both] == [0, 0]
    assert rows(tmp_path / "scores.db") == 6 * N_FOLDS
    n_before = len(lines(tmp_path))
    bayes(tmp_path).fit(X, Y)
    assert len(lines(tmp_path)) == n_before + 1  # the refit


def write(path, name, n, barrier):
    store = ScoreStore(path)
    barrier.wait()
    for i in range(n):
        store.put(f"{name} {i}", {"test_scores": i})
        assert store.get(f"{name} {i}") == {"test_scores": i}


def test_many_writers(processes, tmp_path):
    barrier = processes.Barrier(4)
    writers = [
        processes.Process(target=write, args=(tmp_path / "a.db", name, 25, barrier))
        for name in "abcd"
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0] * 4
    assert rows(tmp_path / "a.db") == 100


# Damage.


def grid(path):
    with remember(GridSearchCV(Ridge(), {"alpha": [0.1, 1.0]}, cv=3), path) as search:
        return search.fit(X, Y)


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    path = tmp_path_factory.mktemp("sound") / "scores.db"
    return scores(grid(path)), path.read_bytes()


def cut(data, rng):
    return data[: rng.integers(1, len(data))]


def flip_any(data, rng):
    flipped = bytearray(data)
    for at in rng.integers(len(data), size=10):
        flipped[at] ^= int(rng.integers(1, 256))
    return bytes(flipped)


def flip_head(data, rng):
    return flip_any(data[:100], rng) + data[100:]


def overwrite(data, rng):
    return rng.bytes(len(data))


@pytest.mark.filterwarnings("ignore:The store")
@pytest.mark.parametrize("damage", [cut, flip_any, flip_head, overwrite])
def test_no_damage_ends_a_search_or_changes_it(damage, sound, tmp_path):
    expected, data = sound
    rng = np.random.default_rng()
    for i in range(12):
        path = tmp_path / f"{i}.db"
        path.write_bytes(damage(data, rng))
        if i % 3 == 0:
            path.with_name(path.name + "-wal").write_bytes(rng.bytes(5000))
        assert scores(grid(path)) == expected


def test_a_damaged_file_is_moved_aside(sound, tmp_path):
    path = tmp_path / "scores.db"
    path.write_bytes(sound[1][:5000])
    with pytest.warns(UserWarning, match="is damaged .* moved to scores.db.damaged-"):
        grid(path)
    aside = [file for file in tmp_path.iterdir() if "damaged" in file.name]
    assert [file.read_bytes() for file in aside] == [sound[1][:5000]]
    assert rows(path) == 6
    grid(path)  # without a warning


def test_a_file_that_is_damaged_during_a_search(sound, tmp_path):
    path = tmp_path / "scores.db"
    store = ScoreStore(path)
    store.put("a", {"test_scores": 1})
    path.write_bytes(b"nonsense" * 1000)
    with pytest.warns(UserWarning, match="is damaged"):
        assert store.get("a") is None
    store.put("a", {"test_scores": 2})
    assert store.get("a") == {"test_scores": 2}


def test_a_file_that_is_removed_during_a_search(tmp_path):
    store = ScoreStore(tmp_path / "scores.db")
    store.put("a", {"test_scores": 1})
    for file in tmp_path.iterdir():
        file.unlink()
    assert store.get("a") is None
    store.put("a", {"test_scores": 2})
    assert store.get("a") == {"test_scores": 2}


@pytest.mark.parametrize("column", ["value", "mark"])
def test_a_row_that_was_changed_is_not_believed(column, tmp_path):
    store = ScoreStore(tmp_path / "scores.db")
    store.put("a", {"test_scores": 1})
    store.put("b", {"test_scores": 2})
    with closing(sqlite3.connect(store.path)) as connection, connection:
        changed = f"replace({column}, substr({column}, -2), '0}}')"
        connection.execute(f"UPDATE scores SET {column} = {changed} WHERE key = 'a'")
    assert store.get("a") is None
    assert store.get("b") == {"test_scores": 2}


def test_a_database_of_another_program_is_left_alone(tmp_path):
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE scores (mine)")
    data = path.read_bytes()
    with pytest.raises(ValueError, match="another program"):
        grid(path)
    assert path.read_bytes() == data


NEWER = {
    "the same columns": "PRAGMA user_version = 2",
    "other columns": "ALTER TABLE scores ADD COLUMN more; PRAGMA user_version = 3",
    "other tables": "DROP TABLE scores; CREATE TABLE fits (a); PRAGMA user_version = 9",
}


@pytest.fixture(params=NEWER)
def newer(request, sound, tmp_path):
    path = tmp_path / "scores.db"
    path.write_bytes(sound[1])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(NEWER[request.param])
    return path


def test_a_store_of_a_later_version_is_refused_and_left_alone(newer):
    data = newer.read_bytes()
    with pytest.raises(ValueError, match=r"scores.db is a store of a later version"):
        grid(newer)
    for access in (len, ScoreStore.clear):
        with pytest.raises(ValueError, match="later version"):
            access(ScoreStore(newer))
    assert newer.read_bytes() == data
    assert [file.name for file in newer.parent.iterdir()] == ["scores.db"]


def test_a_store_that_becomes_one_of_a_later_version_does_not_end_a_search(newer):
    data = newer.read_bytes()
    for access in (lambda s: s.get("a"), lambda s: s.put("a", {})):
        with pytest.warns(UserWarning, match="cannot be used now.*later version"):
            assert access(ScoreStore(newer)) is None
    assert newer.read_bytes() == data


def test_a_relative_path_counts_from_where_the_store_is_made(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = ScoreStore("scores.db")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    store.put("a", {"b": 1})
    assert store.path == tmp_path / "scores.db"
    assert ScoreStore(tmp_path / "scores.db").get("a") == {"b": 1}


# What others do to a store meanwhile.


class Meddling(Ridge):
    """Calls something before the first fit, and counts the fits."""

    meddle = None
    n_fits = 0

    def fit(self, X, y):
        if type(self).n_fits == 0:
            type(self).meddle()
        type(self).n_fits += 1
        return super().fit(X, y)


@pytest.fixture
def meddling(monkeypatch):
    def search(meddle, path):
        monkeypatch.setattr(Meddling, "meddle", staticmethod(meddle))
        monkeypatch.setattr(Meddling, "n_fits", 0)
        search = GridSearchCV(Meddling(), {"alpha": [0.1, 1.0, 2.0]}, cv=2, refit=False)
        with remember(search, path):
            return search.fit(X, Y)

    return search


@pytest.fixture
def patience(monkeypatch):
    """Return the seconds that each connection is willing to wait for a lock."""
    asked, connect = [], sqlite3.connect

    def recording(path, timeout=None, **settings):
        asked.append(timeout)
        return connect(path, timeout=timeout or 0, **settings)

    monkeypatch.setattr("skae.search.fits._database._PATIENCE", 0.01)
    monkeypatch.setattr("skae.search.fits._database.sqlite3.connect", recording)
    return asked


@contextmanager
def locked(path):
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield


def texts(told):
    return [str(each.message) for each in told]


def test_a_lock_costs_its_patience_once(meddling, patience, tmp_path):
    path = tmp_path / "scores.db"
    with ExitStack() as stack, pytest.warns(UserWarning, match="is locked") as told:
        meddling(lambda: stack.enter_context(locked(path)), path)
    assert len(told) == 1
    n_patient = len(patience) - patience[::-1].index(0.01)
    assert patience[n_patient:] == [0] * 10  # all fits but the first look, and write
    store = ScoreStore(path)
    assert len(store) == 0
    store.put("a", {})
    patience.clear()
    store.put("b", {})
    assert patience == [0.01]


def test_a_store_that_is_locked_at_the_start_is_an_error(patience, tmp_path):
    path = tmp_path / "scores.db"
    ScoreStore(path).put("a", {})
    with locked(path), pytest.raises(ValueError, match=r"is locked\. Wait until"):
        grid(path)


def test_a_store_that_is_deleted_is_said(meddling, tmp_path):
    path = tmp_path / "scores.db"
    with pytest.warns(UserWarning, match="was deleted or moved away") as told:
        meddling(path.unlink, path)
    assert len(told) == 1
    assert len(ScoreStore(path)) == 6


def test_a_store_that_is_damaged_meanwhile_is_not_called_deleted(meddling, tmp_path):
    path = tmp_path / "scores.db"
    with pytest.warns(UserWarning, match="is damaged") as told:
        meddling(lambda: path.write_bytes(b"nonsense" * 1000), path)
    assert len(told) == 1
    assert len(ScoreStore(path)) == 6 - 1  # the first found the damage


def test_a_folder_that_is_deleted_is_said_and_does_not_end_a_search(meddling, tmp_path):
    folder = tmp_path / "folder"
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        search = meddling(lambda: shutil.rmtree(folder), folder / "scores.db")
    for text in ("was deleted", "cannot be used now"):
        assert any(text in each for each in texts(told))
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_a_folder_that_cannot_be_written_is_an_error_at_the_start(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="cannot be opened"):
        grid(tmp_path / "file" / "scores.db")


# Size.


def test_the_least_used_go_first(tmp_path):
    store = ScoreStore(tmp_path / "scores.db", max_bytes=2**16)
    record = {"test_scores": {f"metric {i}": 0.1 * i for i in range(20)}}
    with store.in_use():
        for i in range(400):
            store.put(f"fit {i}", record)
            assert store.get("fit 0") == record
    assert 50 < len(store) < 400
    assert store.path.stat().st_size <= 2**16
    assert store.get("fit 399") == record
    assert store.get("fit 1") is None


def test_a_bound_may_be_lowered(tmp_path):
    path = tmp_path / "scores.db"
    with ScoreStore(path).in_use():
        for i in range(300):
            ScoreStore(path).put(f"fit {i}", {"text": "x" * 500})
    assert path.stat().st_size > 2**17
    ScoreStore(path, max_bytes=2**16).put("last", {})
    assert path.stat().st_size <= 2**16
    assert ScoreStore(path).get("last") == {}


def test_a_bound_without_room_for_anything_is_refused(tmp_path):
    with pytest.raises(ValueError, match="at least 65536"):
        ScoreStore(tmp_path / "a.db", max_bytes=1000)


def test_clear(tmp_path):
    store = ScoreStore(str(tmp_path / "a.db"))
    store.put("a", {})
    store.put("a", {"b": 1})
    assert len(store) == 1
    assert store.get("a") == {"b": 1}
    store.clear()
    assert len(store) == 0
    assert store.get("a") is None
    assert store
