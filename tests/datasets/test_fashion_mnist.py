import gzip
import struct
import threading
from functools import partial
from hashlib import sha256
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from skae.datasets import _fashion_mnist as module
from skae.datasets import _remote, fetch_fashion_mnist

N_ROWS = {"train": 40, "test": 20}
NAMES = {
    "train": ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"),
    "test": ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"),
}


def idx(values):
    shape = values.shape
    return struct.pack(f">HBB{len(shape)}I", 0, 8, len(shape), *shape) + bytes(values)


def small_arrays(subset):
    rng = np.random.default_rng(N_ROWS[subset])
    images = rng.integers(256, size=(N_ROWS[subset], 28, 28), dtype=np.uint8)
    labels = rng.permutation(np.resize(np.arange(10, dtype=np.uint8), len(images)))
    return images, labels


def small_file(name, values):
    return module._File(name, values.shape, sha256(idx(values)).hexdigest())


@pytest.fixture
def small(monkeypatch):
    """Expect small files, of random pixels, in the place of the original ones."""
    arrays = {subset: small_arrays(subset) for subset in NAMES}
    files = {
        subset: tuple(map(small_file, NAMES[subset], arrays[subset]))
        for subset in NAMES
    }
    monkeypatch.setattr(module, "_FILES", files)
    monkeypatch.delenv("SKAE_DATA_HOME", raising=False)
    return arrays


def write(folder, arrays):
    folder.mkdir(parents=True, exist_ok=True)
    for subset, pair in arrays.items():
        for name, values in zip(NAMES[subset], pair, strict=True):
            (folder / name).write_bytes(gzip.compress(idx(values)))


@pytest.fixture
def home(small, tmp_path):
    write(tmp_path / "home" / "fashion-mnist", small)
    return tmp_path / "home"


@pytest.fixture
def mirrors(monkeypatch):
    """Return a function that replaces the addresses to download from."""

    def replace(*addresses):
        remote = module.Remote("fashion-mnist", addresses)
        monkeypatch.setattr(module, "_REMOTE", remote)

    return replace


@pytest.fixture
def unreachable(mirrors, tmp_path):
    mirrors((tmp_path / "nowhere").as_uri() + "/")


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(small, tmp_path):
    """Serve the small files, and count what is asked for."""
    write(tmp_path / "served", small)
    handler = partial(Quiet, directory=tmp_path / "served")
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
        thread.join()


# What is returned


@pytest.mark.parametrize("subset", ["train", "test", "all"])
def test_rows(small, home, subset):
    parts = ["train", "test"] if subset == "all" else [subset]
    pixels = np.concatenate([small[part][0] for part in parts])
    bunch = fetch_fashion_mnist(subset=subset, data_home=home)
    assert bunch.data.dtype == np.float32
    np.testing.assert_allclose(bunch.images * 255, pixels, rtol=1e-6)
    np.testing.assert_array_equal(bunch.data, bunch.images.reshape(len(pixels), 784))
    target = np.concatenate([small[part][1] for part in parts])
    np.testing.assert_array_equal(bunch.target, target)


def test_bunch(home):
    bunch = fetch_fashion_mnist(data_home=home)
    assert bunch.target.dtype == np.int64
    assert np.shares_memory(bunch.data, bunch.images)
    assert len(bunch.target_names) == 10
    assert bunch.target_names[9] == "Ankle boot"
    assert len(bunch.feature_names) == bunch.data.shape[1]
    assert bunch.feature_names[28] == "pixel_1_0"
    assert "MIT licence" in bunch.DESCR


def test_data_and_target(home):
    X, y = fetch_fashion_mnist(data_home=home, return_X_y=True)
    bunch = fetch_fashion_mnist(data_home=home)
    np.testing.assert_array_equal(X, bunch.data)
    np.testing.assert_array_equal(y, bunch.target)


def test_first_rows(home):
    X, y = fetch_fashion_mnist(data_home=home, n_samples=7, return_X_y=True)
    everything = fetch_fashion_mnist(data_home=home)
    np.testing.assert_array_equal(X, everything.data[:7])
    np.testing.assert_array_equal(y, everything.target[:7])


def test_more_rows_than_there_are(home):
    with pytest.raises(ValueError, match=r"n_samples=41: subset='train' has 40.*'all'"):
        fetch_fashion_mnist(data_home=home, n_samples=41)
    assert len(fetch_fashion_mnist(data_home=home, subset="all", n_samples=41).data)


@pytest.mark.parametrize(
    "wrong", [{"subset": "valid"}, {"n_samples": 0}, {"n_retries": -1}, {"delay": -1}]
)
def test_parameters_are_checked(wrong):
    with pytest.raises(ValueError, match=f"'{next(iter(wrong))}' parameter"):
        fetch_fashion_mnist(**wrong)


# Where the files are


def test_home_from_the_environment(home, unreachable, monkeypatch):
    monkeypatch.setenv("SKAE_DATA_HOME", str(home))
    assert len(fetch_fashion_mnist().data) == 40
    monkeypatch.setenv("SKAE_DATA_HOME", str(home / "fashion-mnist"))
    assert len(fetch_fashion_mnist().data) == 40


def test_argument_comes_before_the_environment(home, tmp_path, monkeypatch):
    monkeypatch.setenv("SKAE_DATA_HOME", str(tmp_path / "empty"))
    assert len(fetch_fashion_mnist(data_home=str(home)).data) == 40


def test_home_without_the_environment(small, tmp_path, unreachable, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("SKAE_DATA_HOME", "")
    write(tmp_path / "skae_data" / "fashion-mnist", small)
    assert len(fetch_fashion_mnist().data) == 40


def test_other_subset_is_not_read(home):
    for name in NAMES["test"]:
        (home / "fashion-mnist" / name).write_bytes(b"")
    assert len(fetch_fashion_mnist(data_home=home).data) == 40
    with pytest.raises(OSError, match="t10k-images"):
        fetch_fashion_mnist(data_home=home, subset="test")


# Downloads


def test_download_happens_once(small, tmp_path, server, mirrors):
    mirrors(server)
    bunch = fetch_fashion_mnist(data_home=tmp_path / "new")
    np.testing.assert_array_equal(bunch.target, small["train"][1])
    folder = tmp_path / "new" / "fashion-mnist"
    assert {path.name for path in folder.iterdir()} == set(NAMES["train"])
    mirrors("http://127.0.0.1:9/")
    again = fetch_fashion_mnist(data_home=tmp_path / "new", n_retries=0)
    np.testing.assert_array_equal(again.data, bunch.data)


def test_second_mirror(tmp_path, server, mirrors):
    mirrors(server + "not-here/", server)
    bunch = fetch_fashion_mnist(data_home=tmp_path / "new", n_retries=0)
    assert len(bunch.data) == 40


def test_mirror_with_something_else(tmp_path, server, mirrors):
    name = NAMES["train"][0]
    (tmp_path / "served" / "bad").mkdir()
    (tmp_path / "served" / "bad" / name).write_bytes(b"<html>Please log in</html>")
    mirrors(server + "bad/")
    message = rf"{name} could not be downloaded.*bad/{name}.*no whole gzip file"
    with pytest.raises(OSError, match=message):
        fetch_fashion_mnist(data_home=tmp_path / "new", n_retries=0)
    assert not (tmp_path / "new").exists()


def test_retries(tmp_path, server, mirrors, monkeypatch):
    mirrors(server)
    fail, waits = iter([True, True, False, False]), []

    def urlopen(url, timeout):
        if next(fail):
            raise TimeoutError("too slow")
        return original(url, timeout=timeout)

    original = _remote.urlopen
    monkeypatch.setattr(_remote, "urlopen", urlopen)
    monkeypatch.setattr(_remote.time, "sleep", waits.append)
    fetch_fashion_mnist(data_home=tmp_path / "new", n_retries=2, delay=0.25)
    assert waits == [0.25, 0.25]


def test_no_network(small, tmp_path, unreachable):
    message = r"nowhere/train-images.*Without a network, put the file.*SKAE_DATA_HOME"
    with pytest.raises(OSError, match=message):
        fetch_fashion_mnist(data_home=tmp_path, n_retries=0)


def test_no_download(small, tmp_path, server, mirrors):
    mirrors(server)
    message = r"no train-images.*`data_home`.*SKAE_DATA_HOME.*download_if_missing=True"
    with pytest.raises(FileNotFoundError, match=message):
        fetch_fashion_mnist(data_home=tmp_path / "new", download_if_missing=False)
    assert not (tmp_path / "new").exists()


# Files that are not the original ones


def corrupt(home, name, content):
    path = home / "fashion-mnist" / name
    path.write_bytes(content)
    return path


IMAGES, LABELS = NAMES["train"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda content: content[: len(content) // 2], "no whole gzip file"),
        (lambda content: b"", "starts with the bytes"),
        (lambda content: gzip.compress(b"PNG"), "IDX header .* shape \\(40, 28, 28\\)"),
        (
            lambda content: gzip.compress(gzip.decompress(content)[:-1]),
            "holds 31375 bytes, uncompressed, instead of 31376",
        ),
        (
            lambda content: gzip.compress(gzip.decompress(content)[:-1] + b"\0"),
            "SHA-256 [0-9a-f]{64} instead of [0-9a-f]{64}",
        ),
    ],
)
def test_corrupt_images(home, unreachable, change, reason):
    content = (home / "fashion-mnist" / IMAGES).read_bytes()
    path = corrupt(home, IMAGES, change(content))
    message = rf"{IMAGES} is not what it should be: .*{reason}.*Delete it.*data_home"
    with pytest.raises(OSError, match=message):
        fetch_fashion_mnist(data_home=home)
    assert path.exists()


def test_labels_without_a_digest_are_counted(small, home, monkeypatch):
    labels = small["train"][1]
    images = small_file(IMAGES, small["train"][0])
    files = {"train": (images, module._File(LABELS, labels.shape, None))}
    monkeypatch.setattr(module, "_FILES", files)
    assert len(fetch_fashion_mnist(data_home=home).target) == 40
    labels[labels == 3] = 4
    corrupt(home, LABELS, gzip.compress(idx(labels)))
    with pytest.raises(OSError, match=r"4, 4, 4, 0, 8, .* instead of 4 in each of 10"):
        fetch_fashion_mnist(data_home=home)


# The original files


@pytest.fixture(scope="module")
def real():
    try:
        return fetch_fashion_mnist(download_if_missing=False)
    except FileNotFoundError as error:
        pytest.skip(str(error))


def test_original_sizes(real):
    assert real.data.shape == (60_000, 784)
    assert real.images.shape == (60_000, 28, 28)
    assert np.bincount(real.target).tolist() == [6000] * 10


def test_original_values(real):
    assert (real.data.min(), real.data.max()) == (0, 1)
    assert real.data.mean() == pytest.approx(0.2860, abs=1e-4)
    assert real.data.std() == pytest.approx(0.3530, abs=1e-4)
    names = [real.target_names[label] for label in real.target[:3]]
    assert names == ["Ankle boot", "T-shirt/top", "T-shirt/top"]


def test_original_classes_look_as_they_should(real):
    """Sum the ink: trousers cover little, pullovers and coats a lot."""
    ink = [real.data[real.target == label].mean() for label in range(10)]
    by_name = dict(zip(real.target_names, ink, strict=True))
    assert by_name["Trouser"] < by_name["Pullover"]
    assert by_name["Sandal"] == min(ink)
