"""Damaged, foreign and forged files."""

import json

import numpy as np
import pytest
import torch
from forging import forged
from helpers.data import normal
from safetensors.torch import save_file

import skae
from skae.exceptions import FileFormatError
from skae.networks import NETWORKS, DenseNetwork
from skae.persistence import FORMAT_VERSION, load
from skae.persistence._file import pack, unpack

X = normal(30, 4)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "model"
    model = skae.VAE(hidden_layer_sizes=(4,), max_epochs=2, random_state=0)
    model.set_params(sampler="gaussian").fit(X).save(path)
    return path.read_bytes()


def load_bytes(data, folder):
    path = folder / "model"
    path.write_bytes(data)
    return load(path)


def regions(data):
    """Return slices: the length, the header, its checksum, the tensors."""
    start = 8 + int.from_bytes(data[:8], "little")
    checksum = data.index(b"sha256")
    return {
        "length": (0, 8),
        "header": (8, start),
        "checksum": (checksum, checksum + 90),
        "tensors": (start, len(data)),
    }


@pytest.mark.parametrize("region", ["length", "header", "checksum", "tensors"])
def test_any_flipped_bit_is_noticed(region, data, tmp_path):
    rng = np.random.default_rng(0)
    start, stop = regions(data)[region]
    for position in rng.integers(start, stop, size=150):
        damaged = bytearray(data)
        damaged[position] ^= 1 << rng.integers(8)
        with pytest.raises(FileFormatError):
            load_bytes(damaged, tmp_path)


@pytest.mark.parametrize("region", ["length", "header", "checksum", "tensors"])
def test_any_bytes_in_the_place_of_others_are_noticed(region, data, tmp_path):
    rng = np.random.default_rng(1)
    start, stop = regions(data)[region]
    for position in rng.integers(start, stop, size=50):
        damaged = bytearray(data)
        noise = rng.bytes(rng.integers(1, 20))
        damaged[position : position + len(noise)] = noise
        if damaged != data:
            with pytest.raises(FileFormatError):
                load_bytes(damaged, tmp_path)


def test_any_cut_is_noticed(data, tmp_path):
    rng = np.random.default_rng(2)
    lengths = {0, 1, 7, 8, 9, len(data) - 1, *rng.integers(0, len(data), size=100)}
    for length in lengths:
        with pytest.raises(FileFormatError):
            load_bytes(data[:length], tmp_path)


def test_anything_added_is_noticed(data, tmp_path):
    for extra in (b"\0", b" ", data):
        with pytest.raises(FileFormatError):
            load_bytes(data + extra, tmp_path)


def test_foreign_files(tmp_path):
    rng = np.random.default_rng(3)
    for size in (0, 5, 100, 5000):
        with pytest.raises(FileFormatError, match=r"model can't be loaded.*not a file"):
            load_bytes(rng.bytes(size), tmp_path)
    save_file({"weight": torch.zeros(3)}, tmp_path / "other", metadata={"format": "pt"})
    with pytest.raises(FileFormatError, match="not a file that skae saved"):
        load(tmp_path / "other")
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "nowhere")


def test_newer_versions_of_the_format(data, tmp_path):
    def change(document, tensors):
        document["format_version"] = FORMAT_VERSION + 1
        document["versions"]["skae"] = "9.8"

    with pytest.raises(FileFormatError, match=r"version 2 .*upgrade skae to 9\.8"):
        load_bytes(forged(data, change), tmp_path)


def remove_tensor(document, tensors):
    del tensors["module.decoder.output.bias"]


def add_tensor(document, tensors):
    tensors["more"] = torch.zeros(2)


def reshape_tensor(document, tensors):
    tensors["module.decoder.output.bias"] = torch.zeros(9, dtype=torch.float64)


def change_dtype(document, tensors):
    tensors["module.decoder.output.bias"] = torch.zeros(4, dtype=torch.float32)


def name_unknown_class(document, tensors):
    document["estimator"]["class"] = ["estimator", "Hacker"]


def name_unknown_kind(document, tensors):
    document["estimator"]["class"] = ["os", "system"]


def name_no_optimizer(document, tensors):
    document["estimator"]["params"]["optimizer"] = {"#": "optimizer", "name": "swa"}


def set_unknown_parameter(document, tensors):
    document["estimator"]["params"]["power"] = 3


def set_special_attribute(document, tensors):
    document["estimator"]["state"]["__class__"] = 3


def set_method_of_net(document, tensors):
    document["net"]["settings"]["items"].append(["notify", 3])


def use_unknown_kind(document, tensors):
    document["estimator"]["params"]["tol"] = {"#": "pickle", "data": "gASV"}


def use_objects(document, tensors):
    document["estimator"]["params"]["tol"] = {
        "#": "scalar",
        "dtype": "|O",
        "bytes": "00" * 8,
    }


def drop_epochs(document, tensors):
    document["net"]["history"] = 5


def shrink_network(document, tensors):
    document["estimator"]["params"]["n_components"] = 1


def nest_deeply(document, tensors):
    value = []
    for _ in range(800):
        value = [value]
    document["estimator"]["params"]["tol"] = value


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (remove_tensor, "'module.decoder.output.bias' is missing"),
        (add_tensor, "belong nowhere: more"),
        (reshape_tensor, r"decoder.output.bias is float64 of shape \(9,\)"),
        (change_dtype, r"is float32 of shape \(4,\), and should be float64"),
        (name_unknown_class, "needs the estimator 'Hacker'"),
        (name_unknown_kind, "needs the os 'system'"),
        (name_no_optimizer, "needs torch.optim.swa"),
        (set_unknown_parameter, "sets power of VAE"),
        (set_special_attribute, "attribute called '__class__'"),
        (set_method_of_net, "sets 'notify' of the net"),
        (use_unknown_kind, "unknown kind of value"),
        (use_objects, "dtype object"),
        (drop_epochs, "does not fit together"),
        (shrink_network, "should be"),
        (nest_deeply, "does not fit together"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_forged_files(change, message, data, tmp_path):
    with pytest.raises(FileFormatError, match=message):
        load_bytes(forged(data, change), tmp_path)


def test_random_changes_of_the_document_with_a_checksum_that_fits(data, tmp_path):
    """No content whatever leads to another error, or runs anything."""
    rng = np.random.default_rng(4)
    document, tensors = unpack(data)
    text = json.dumps({key: document[key] for key in ("versions", "estimator", "net")})
    for _ in range(120):
        changed = bytearray(text.encode())
        changed[rng.integers(len(text))] = rng.choice(list(b'0129aez_{}[]",:-#'))
        try:
            changed = pack(json.loads(changed), tensors)
        except ValueError:  # no JSON, or a number with too large an exponent
            continue
        try:
            model = load_bytes(changed, tmp_path)
        except FileFormatError:
            continue
        assert type(model).__module__.startswith("skae.")


def test_plugins_come_from_their_registry(tmp_path):
    class Plugin(DenseNetwork):
        pass

    model = skae.Autoencoder(network=Plugin((3,)), max_epochs=1, random_state=0)
    NETWORKS.register("plugin")(Plugin)
    try:
        model.fit(X).save(tmp_path / "model")
        copy = load(tmp_path / "model")
        assert type(copy.network) is Plugin
        np.testing.assert_array_equal(copy.transform(X), model.transform(X))
    finally:
        del NETWORKS._classes["plugin"]
    with pytest.raises(FileFormatError, match=r"needs the network 'plugin'.*install"):
        load(tmp_path / "model")
