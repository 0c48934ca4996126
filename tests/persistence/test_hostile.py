"""Files made to do harm: refused in little memory, or harmless in use."""

import contextlib
import copy
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from forging import forged
from helpers.data import normal
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    MinMaxScaler,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

import skae
from skae.bottlenecks import PointBottleneck
from skae.networks import ConvolutionalNetwork, RecurrentNetwork
from skae.noise import SNRNoise
from skae.persistence import save
from skae.persistence._file import CHECKSUM, _checksum, pack, unpack
from skae.preprocessing import SequenceScaler, SlidingWindow

pytestmark = pytest.mark.filterwarnings("ignore::skae.exceptions.CollapseWarning")

X = normal(40, 6)
MEGABYTES = 200  # beyond what an honest file takes
MODELS = {
    "dense": skae.VAE(hidden_layer_sizes=(4,), sampler="gmm", max_epochs=2),
    "recurrent": skae.Autoencoder(
        network=RecurrentNetwork(3, 2, decoder="stateful", bidirectional=True),
        bottleneck=PointBottleneck(noise=SNRNoise(5)),
        max_epochs=1,
    ),
    "convolutional": skae.Autoencoder(
        network=ConvolutionalNetwork((2, 3)), max_epochs=1
    ),
    "pipeline": make_pipeline(
        QuantileTransformer(n_quantiles=5, output_distribution="normal"),
        PowerTransformer(),
        RobustScaler(),
        SequenceScaler("minmax", n_channels=2),
        PCA(5),
        StandardScaler().set_output(transform="pandas"),
        skae.DenseAutoencoder(hidden_layer_sizes=(4,), max_epochs=1),
        KMeans(3, n_init=1),
    ),
    "windows": make_pipeline(
        MinMaxScaler(),
        SlidingWindow(4),
        skae.LSTMAutoencoder(hidden_size=3, max_epochs=1),
    ),
}


@pytest.fixture(scope="module")
def honest(tmp_path_factory):
    """Return the bytes of one file of each kind."""
    folder = tmp_path_factory.mktemp("honest")
    for name, model in MODELS.items():
        save(model.fit(X), folder / name)
    return {name: (folder / name).read_bytes() for name in MODELS}


def outcomes(files, folder, honest):
    """Return what comes of files, given by name, in a process with little memory."""
    (folder / "0").write_bytes(honest["dense"])
    for name, data in files.items():
        (folder / name).write_bytes(data)
    script = Path(__file__).with_name("hostile.py")
    run = subprocess.run(
        [sys.executable, script, folder, str(MEGABYTES)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        timeout=120 + len(files),
    )
    found = [json.loads(line) for line in run.stdout.splitlines()]
    end = f"{found[-1:]}, {run.stderr[-1000:]}"
    assert run.returncode == 0, f"the process ended after {end}"
    assert found[0]["errors"].keys() == {"predict"}  # which the first does not have
    return {each["name"]: each for each in found[1:]}


# Each of them is a small file that asks for much, or for something else than data.


def params(document):
    return document["estimator"]["params"]


def steps(document):
    """Return the steps of a pipeline's document by their position."""
    items = params(document)["steps"]
    return [step["items"][1] for step in items]


def a_code_of_a_billion(document, tensors):
    params(document)["n_components"] = 10**9


def a_layer_of_a_billion(document, tensors):
    params(document)["hidden_layer_sizes"]["items"] = [10**9]


def many_layers(document, tensors):
    params(document)["hidden_layer_sizes"] = "-".join(["1"] * 200_000)


def many_recurrent_layers(document, tensors):
    params(document)["network"]["params"]["n_layers"] = 200_000


def wide_recurrent_layers(document, tensors):
    params(document)["network"]["params"]["hidden_size"] = 10**7


def a_kernel_of_a_billion(document, tensors):
    params(document)["network"]["params"]["kernel_size"] = 10**9


def events_of_a_billion(document, tensors):
    document["net"]["event_shape"] = [10**9]


def rows_and_events_of_a_billion(document, tensors):
    document["net"]["event_shape"] = [10**9]
    document["estimator"]["state"]["input_shape_"]["items"] = [10**9]


def a_large_network_before_what_fails(document, tensors):
    params(document)["network"]["params"]["hidden_size"] = 10**5
    params(document)["bottleneck"]["params"]["activation"] = "x"


def drawn_codes_of_a_billion(document, tensors):
    document["estimator"]["state"]["sampler_"]["state"]["n_features_in_"] = 10**9


def names_of_400_million(document, tensors):
    document["estimator"]["state"]["feature_names_in_"] = {
        "#": "array",
        "dtype": "|O",
        "shape": [4 * 10**8],
        "items": ["a"],
    }


def an_array_of_a_billion(document, tensors):
    node = document["estimator"]["state"]["kl_per_unit_"]
    node["shape"] = [10**9]


def a_scalar_of_a_billion(document, tensors):
    params(document)["tol"] = {"#": "scalar", "dtype": "S1000000000", "bytes": "00"}


def pipelines_in_pipelines(document, tensors):
    for _ in range(150):
        step = {"#": "tuple", "items": ["a", document["estimator"]]}
        outer = {**params(document), "steps": [step]}
        document["estimator"] = {**document["estimator"], "params": outer}


def a_class_with_a_long_name(document, tensors):
    document["estimator"]["class"][1] = "VAE" * 10**5


def tensors_of_no_size(document, tensors):
    for name in [*tensors][:20]:
        tensors[name] = torch.empty((0, 2**40))


def moments_that_are_too_small(document, tensors):
    for name in [*tensors]:
        if name.endswith("exp_avg"):
            tensors[name] = torch.zeros(1, dtype=torch.float64)


def centres_with_too_few_columns(document, tensors):
    state = steps(document)[-1]["state"]
    tensors[state["cluster_centers_"]["name"]] = torch.zeros((3, 1)).double()
    state["cluster_centers_"]["shape"] = [3, 1]


def centres_and_no_number_of_features(document, tensors):
    del steps(document)[-1]["state"]["n_features_in_"]
    centres_with_too_few_columns(document, tensors)


def many_threads(document, tensors):
    steps(document)[-1]["state"]["_n_threads"] = 10**9


def a_cache_of_pickles(document, tensors):
    params(document)["memory"] = "/tmp"


def an_attribute_over_a_method(document, tensors):
    document["estimator"]["state"]["transform"] = 3


def an_attribute_over_a_property(document, tensors):
    document["estimator"]["state"]["_n_features_out"] = 3


def an_attribute_over_a_method_of_a_step(document, tensors):
    steps(document)[1]["state"]["transform"] = 3


def an_attribute_over_the_class(document, tensors):
    document["estimator"]["state"]["__class__"] = "VAE"


def an_attribute_over_a_parameter(document, tensors):
    document["estimator"]["state"]["n_components"] = 10**9


def an_attribute_over_the_net(document, tensors):
    document["estimator"]["state"]["net_"] = 3


def no_estimator(document, tensors):
    document["estimator"], document["net"] = 5, None
    tensors.clear()


def history_of_another_kind(document, tensors):
    document["net"]["history"] = [1, 2, 3]


def versions_of_the_format(version):
    def change(document, tensors):
        document["format_version"] = version

    change.__name__ = f"version {version!r}"
    return change


BOMBS = [
    ("dense", a_code_of_a_billion),
    ("dense", a_layer_of_a_billion),
    ("dense", many_layers),
    ("recurrent", many_recurrent_layers),
    ("recurrent", wide_recurrent_layers),
    ("convolutional", a_kernel_of_a_billion),
    ("dense", events_of_a_billion),
    ("dense", rows_and_events_of_a_billion),
    ("recurrent", a_large_network_before_what_fails),
    ("recurrent", drawn_codes_of_a_billion),
    ("dense", names_of_400_million),
    ("dense", an_array_of_a_billion),
    ("dense", a_scalar_of_a_billion),
    ("windows", pipelines_in_pipelines),
    ("dense", a_class_with_a_long_name),
    ("dense", tensors_of_no_size),
    ("dense", moments_that_are_too_small),
    ("pipeline", centres_with_too_few_columns),
    ("pipeline", centres_and_no_number_of_features),
    ("pipeline", many_threads),
    ("pipeline", a_cache_of_pickles),
    ("dense", an_attribute_over_a_method),
    ("dense", an_attribute_over_a_property),
    ("pipeline", an_attribute_over_a_method_of_a_step),
    ("dense", an_attribute_over_the_class),
    ("dense", an_attribute_over_a_parameter),
    ("dense", an_attribute_over_the_net),
    ("dense", no_estimator),
    ("dense", history_of_another_kind),
    *(("dense", versions_of_the_format(v)) for v in (0, -5, True, 1.5, "1", None, 2)),
]


def nested(depth):
    """Return a file whose header is a list in a list in a list."""
    header = b'{"__metadata__":' + b"[" * depth + b"]" * depth + b"}"
    return len(header).to_bytes(8, "little") + header


def repeated(data):
    """Return a file in which a name stands twice, with a checksum that fits."""
    document, tensors = unpack(data)
    del document["sha256"]
    twice = pack({"NET": None, **document}, tensors)
    twice = bytearray(twice.replace(rb"\"NET\"", rb"\"net\""))
    start, stop = CHECKSUM.search(twice).span(1)
    twice[start:stop] = _checksum(twice, start, stop)
    return twice


def assert_is_a_refusal(outcome):
    """Memory that is not there is no reason to refuse a file: it was asked for."""
    assert outcome["error"] == "FileFormatError", outcome
    assert "alloc" not in outcome["message"], outcome
    assert len(outcome["message"]) < 1000, outcome


# What any value in a document may become.
NASTY = [
    *(10**9, -1, 0, 2**63, 1e308, True, None, "", "transform", "1" * 1000),
    *([], {}, [10**9], [[[[[]]]]], {"#": "tuple", "items": []}, "1000000000"),
    *({"#": "dict", "items": []}, {"#": "float", "value": "nan"}),
]


def places(node):
    """Yield all pairs of a container within a document and a key of it."""
    for key in node if isinstance(node, dict) else range(len(node)):
        yield node, key
        if isinstance(node[key], dict | list):
            yield from places(node[key])


def mutate(document, tensors, rng):
    """Change a few things in a document and its tensors."""
    parts = [document["estimator"], document["net"]]
    for _ in range(rng.integers(1, 4)):
        everywhere = [*places(parts)]
        leaves = [at for at in everywhere if not isinstance(at[0][at[1]], dict | list)]
        container, key = everywhere[rng.integers(len(everywhere))]
        leaf, name = leaves[rng.integers(len(leaves))]
        choice = rng.integers(8)
        if choice == 0 and container is not parts:
            del container[key]
        elif choice == 1 and tensors:
            mutate_tensor(tensors, rng)
        elif choice == 2:
            container[key] = copy.deepcopy(leaf[name])
        elif choice == 3:
            container[key] = copy.deepcopy(NASTY[rng.integers(len(NASTY))])
        elif type(leaf[name]) is int:
            factor, more = (int(n) for n in rng.integers((0, -1), (12, 2)))
            leaf[name] = leaf[name] * 10**factor + more
        else:
            leaf[name] = copy.deepcopy(NASTY[rng.integers(len(NASTY))])
    document["estimator"], document["net"] = parts


def mutate_tensor(tensors, rng):
    name = [*tensors][rng.integers(len(tensors))]
    tensor = tensors.pop(name)
    changed = [
        tensor.flatten()[: tensor.numel() // 2].clone(),
        torch.zeros((*tensor.shape, 2), dtype=tensor.dtype),
        torch.full_like(tensor, 127),
        tensor.to(torch.float32),
        torch.zeros(0, dtype=tensor.dtype),
        tensor.flatten(),
    ]
    if choice := rng.integers(len(changed) + 1):
        tensors[name] = changed[choice - 1]


def mutations(honest, n):
    """Return mutations of files by name, all with a checksum that fits."""
    rng = np.random.default_rng(0)
    files = {}
    for kind, data in honest.items():
        for i in range(n):
            # no JSON, or a tensor in two places
            with contextlib.suppress(ValueError):
                files[f"{kind} {i}"] = forged(data, lambda *of: mutate(*of, rng))
    return files


@pytest.fixture(scope="module")
def found(honest, tmp_path_factory):
    """Return what comes of bombs and of mutations, in one process."""
    bombs = {change.__name__: forged(honest[kind], change) for kind, change in BOMBS}
    bombs["nested"] = nested(10**6)
    bombs["repeated"] = repeated(honest["dense"])
    bombs["a long header"] = (2**63 - 1).to_bytes(8, "little") + honest["dense"][8:]
    files = mutations(honest, 15)
    found = outcomes(bombs | files, tmp_path_factory.mktemp("hostile"), honest)
    return [found[name] for name in bombs], [found[name] for name in files]


def test_files_that_ask_for_much_are_refused(found):
    for bomb in found[0]:
        assert "error" in bomb, bomb
        assert_is_a_refusal(bomb)


def test_mutations_are_refused_or_harmless(found):
    assert_refused_or_harmless(found[1])


@pytest.mark.slow
def test_many_mutations_are_refused_or_harmless(honest, tmp_path):
    found = outcomes(mutations(honest, 300), tmp_path, honest)
    assert_refused_or_harmless(found.values())


def assert_refused_or_harmless(outcomes):
    """That the process goes on says that no method of what was opened ends it."""
    refused = [each for each in outcomes if "error" in each]
    for each in refused:
        assert_is_a_refusal(each)
    assert 0.5 * len(outcomes) < len(refused) < len(outcomes)


@pytest.mark.slow
@pytest.mark.parametrize("kind", MODELS)
def test_any_change_of_the_bytes_is_refused(kind, honest, tmp_path):
    rng = np.random.default_rng(0)
    data, files = honest[kind], {}
    for i in range(300):
        changed = bytearray(data)
        start, stop = np.sort(rng.integers(len(data), size=2))
        match i % 5:
            case 0:
                changed[start] ^= 1 << rng.integers(8)
            case 1:
                del changed[start:]
            case 2:
                changed += rng.bytes(1 + i)
            case 3:
                changed[start : start + 20] = rng.bytes(20)
            case 4:
                changed[start:stop] = data[stop : 2 * stop - start]
        if changed != data:
            files[f"change {i}"] = changed
    for each in outcomes(files, tmp_path, honest).values():
        assert_is_a_refusal(each)
