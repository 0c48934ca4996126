import os
import stat

import pytest

from skae.files import replacing


def write(path, text="new"):
    with replacing(path) as partial:
        partial.write_text(text)


def mode_of(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def test_a_file_appears_whole(tmp_path):
    path = tmp_path / "new" / "folder" / "file.txt"
    with replacing(path) as partial:
        partial.write_text("half")
        assert not path.exists()
    assert path.read_text() == "half"
    assert list(path.parent.iterdir()) == [path]


def test_a_failure_leaves_what_was_there(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("old")
    path.chmod(0o640)
    with pytest.raises(UnicodeEncodeError), replacing(path) as partial:
        partial.write_text("half \ud800")
    assert path.read_text() == "old"
    assert mode_of(path) == 0o640
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o664, 0o444, 0o400])
def test_a_file_keeps_its_permissions(mode, tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("old")
    path.chmod(mode)
    write(path)
    assert mode_of(path) == mode
    assert path.read_text() == "new"


def test_a_private_file_is_private_while_it_is_written(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("old")
    path.chmod(0o600)
    with replacing(path) as partial:
        partial.write_text("new")
        assert mode_of(partial) == 0o600


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_a_new_file_has_the_permissions_of_any_other(umask, tmp_path):
    before = os.umask(umask)
    try:
        write(tmp_path / "file.txt")
    finally:
        os.umask(before)
    assert mode_of(tmp_path / "file.txt") == 0o666 & ~umask


def test_the_owner_stays_where_the_system_allows_it(tmp_path, monkeypatch):
    path = tmp_path / "file.txt"
    path.write_text("old")
    status, changed = os.stat(path), {}

    def chown(path, uid, gid):
        if gid != -1:
            raise PermissionError
        changed["uid"] = uid

    monkeypatch.setattr(os, "chown", chown)
    write(path)
    assert changed == {"uid": status.st_uid}
    assert path.read_text() == "new"


def test_a_link_stays_and_its_target_is_replaced(tmp_path):
    target, link, other = (tmp_path / name for name in ("file.txt", "link", "other"))
    (tmp_path / "folder").mkdir()
    target.write_text("old")
    target.chmod(0o640)
    link.symlink_to("folder/../file.txt")
    other.symlink_to(link)
    write(other)
    assert other.readlink() == link
    assert target.read_text() == "new"
    assert mode_of(target) == 0o640
    assert {path.name for path in tmp_path.iterdir()} == {
        "file.txt",
        "folder",
        "link",
        "other",
    }


def test_a_link_to_nothing_yet(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "new" / "file.txt")
    write(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "new" / "file.txt").read_text() == "new"


def test_links_in_a_circle(tmp_path):
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(OSError, match="symbolic links"):
        write(tmp_path / "a")
    assert (tmp_path / "a").is_symlink()


def test_what_is_no_file_stays(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path):
        with pytest.raises(OSError, match="no file that can be replaced"):
            write(path)
    assert stat.S_ISFIFO(os.stat(tmp_path / "pipe").st_mode)
