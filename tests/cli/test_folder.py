import sqlite3

import pytest

from skae.cli._errors import InputError
from skae.cli._folder import claim_folder, discard_folder, open_store


@pytest.fixture
def earlier(tmp_path):
    """The folder of a run with one finished fit."""
    store, _ = open_store(claim_folder(tmp_path / "run"))
    store.put("a fit", {"test_scores": 0.5})
    return tmp_path / "run"


def test_a_new_folder_is_made_with_those_above_it(tmp_path):
    folder = claim_folder(tmp_path / "a/b", resume=True)
    assert folder.is_dir()
    assert open_store(folder, resume=True)[1] == 0


def test_the_folder_of_an_earlier_run_is_asked_about(earlier):
    with pytest.raises(InputError, match=r"--resume to go on .* --force"):
        claim_folder(earlier)
    assert claim_folder(earlier, resume=True) == earlier
    assert claim_folder(earlier, force=True) == earlier


@pytest.mark.parametrize("resume", [False, True])
def test_a_folder_of_something_else_is_kept(tmp_path, resume):
    (tmp_path / "mine.txt").write_text("")
    with pytest.raises(InputError, match="--force") as info:
        claim_folder(tmp_path, resume=resume)
    assert ("no run to go on with" in str(info.value)) == resume
    assert claim_folder(tmp_path, force=True, resume=resume) == tmp_path


def test_finished_fits_are_kept_to_resume_only(earlier):
    store, n_kept = open_store(earlier, resume=True)
    assert n_kept == len(store) == 1
    assert open_store(earlier)[1] == 0
    assert store.get("a fit") is None


def test_the_store_is_found_from_other_folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store, _ = open_store(claim_folder("run"))
    assert store.path == tmp_path / "run/store.sqlite"


def test_what_is_no_store_stays_as_it_is(tmp_path):
    path = tmp_path / "store.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE mine (number INTEGER)")
    connection.commit()
    connection.close()
    before = path.read_bytes()
    with pytest.raises(InputError, match="another program") as info:
        open_store(tmp_path)
    assert info.value.option == "--output"
    discard_folder(tmp_path)
    assert path.read_bytes() == before


def test_a_run_that_has_finished_nothing_leaves_nothing(tmp_path):
    open_store(claim_folder(tmp_path / "run"))
    discard_folder(tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_finished_fits_and_other_files_are_not_discarded(earlier, tmp_path):
    discard_folder(earlier)
    assert (earlier / "store.sqlite").exists()
    other = claim_folder(tmp_path / "other")
    open_store(other)
    (other / "mine.txt").write_text("")
    discard_folder(other)
    assert [path.name for path in other.iterdir()] == ["mine.txt"]
