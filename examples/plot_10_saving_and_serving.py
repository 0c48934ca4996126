"""
Saving and serving: one file for skae, one for everyone else
============================================================

A model that has been trained is to be used elsewhere: in another process, on another
machine, in a program without Python. There is a file for each. This lesson writes them,
opens them again, and compares the codes and the times.
"""

# %%
# The model: 64 pixels, 8 numbers. Data in single precision make a network in single
# precision, which is what most runtimes have.
import os
import pickle
import tempfile
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

import skae
from skae.persistence import save

FAST = bool(os.environ.get("SKAE_FAST"))

X = (load_digits().data / 16).astype(np.float32)
train, test = X[::2], X[1::2]
model = skae.DenseAutoencoder(
    n_components=8, learning_rate=5e-3, max_epochs=3 if FAST else 60, random_state=0
)
model.fit(train)
print(f"explains {model.score(test):.2f} of the variance of images it has not seen")

# %%
# ``save`` writes the parameters, the weights, the history and the optimiser. The file
# has no code in it, so it is safe to open, whoever it comes from. What comes back is
# the same model, to the last bit, and goes on training from where it was.
scratch = tempfile.TemporaryDirectory()
folder = Path(scratch.name)
model.save(folder / "digits.safetensors")
same = skae.load(folder / "digits.safetensors")
print(same)
print("equal codes:", np.array_equal(same.transform(test), model.transform(test)))
print("epochs in its history:", len(same.history_))
for each in (model, same):
    each.partial_fit(train)
print(
    "and after one epoch more:", np.array_equal(same.transform(X), model.transform(X))
)

# %%
# A pipeline goes into such a file too, if each of its steps is one that skae knows:
# scikit-learn's scalers, principal components, clusters. Others are refused by name.
groups = KMeans(10, random_state=0)
clusters = make_pipeline(MinMaxScaler(), clone(model), groups).fit(train)
save(clusters, folder / "clusters.safetensors")
same = skae.load(folder / "clusters.safetensors")
print("equal clusters:", np.array_equal(same.predict(test), clusters.predict(test)))

# %%
# ``pickle`` and ``joblib`` take anything. They run code when they are opened, and want
# the versions that they were written with: they are for yourself.
(folder / "digits.pickle").write_bytes(pickle.dumps(model))
unpickled = pickle.loads((folder / "digits.pickle").read_bytes())
print("equal codes:", np.array_equal(unpickled.transform(test), model.transform(test)))

# %%
# ``to_onnx`` writes what one method computes, in a format that has runtimes for many
# languages. The steps before it in a pipeline are not part of it. The export and the
# runtime are packages of their own: without them, the rest of this lesson has nothing
# to compare.
try:
    import onnxruntime
    import onnxscript  # noqa: F401
except ImportError:
    onnxruntime = None
    print("Not installed: pip install 'skae[onnx]' onnxruntime")


def serve(path):
    """Return a function of rows that computes what an ONNX file says."""
    session = onnxruntime.InferenceSession(path)
    (argument,) = (each.name for each in session.get_inputs())
    return lambda rows: session.run(None, {argument: rows})[0]


encode, decode = model.transform, model.inverse_transform
ways = {"transform": encode}
if onnxruntime:
    model.to_onnx(folder / "encoder.onnx")
    model.to_onnx(folder / "decoder.onnx", method="inverse_transform")
    encode, decode = (serve(folder / f"{half}.onnx") for half in ("encoder", "decoder"))
    ways["ONNX runtime"] = encode
    codes = model.transform(test)
    print(f"codes differ by {np.abs(encode(test) - codes).max():.1g} at most,")
    print(f"which are up to {np.abs(codes).max():.1g} in size, and images by")
    print(f"{np.abs(decode(codes) - model.inverse_transform(codes)).max():.1g}")
for path in sorted(folder.iterdir()):
    print(f"{path.name:20} {path.stat().st_size / 1024:6.0f} KiB")


# %%
# What does a call cost? The estimator validates its input, as scikit-learn's do, and
# goes through torch. For a row at a time, that is most of the time; the more rows, the
# less it matters. These are times of the machine that ran this page: the median of many
# calls.
def median_time(function, rows, n_calls):
    """Return the median duration of a call in milliseconds."""
    times = []
    for _ in range(n_calls):
        start = time.perf_counter()
        function(rows)
        times.append(1000 * (time.perf_counter() - start))
    return np.median(times)


batches = [1, 10, 100, 1000, 10_000]
rows = np.resize(X, (batches[-1], X.shape[1]))
times = {
    name: [median_time(way, rows[:n], 5 if FAST else 50) for n in batches]
    for name, way in ways.items()
}
print(f"{'rows in a call':20}", *(f"{n:8d}" for n in batches))
for name, values in times.items():
    print(f"{name:15} (ms) ", *(f"{value:8.3f}" for value in values))
if onnxruntime:
    ratios = np.divide(times["transform"], times["ONNX runtime"])
    print(f"{'ratio':20}", *(f"{ratio:8.1f}" for ratio in ratios))

# %%
# Images, and what the decoder has made of their codes: by the runtime, where there is
# one.
fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
for name, values in times.items():
    left.loglog(batches, values, "o-", ms=4, label=name)
left.set(xlabel="rows in a call", ylabel="median time of a call (ms)")
left.legend(frameon=False)
pairs = test[:8], decode(encode(test[:8]))
strips = [np.hstack([row.reshape(8, 8) for row in images]) for images in pairs]
right.imshow(np.vstack(strips), cmap="gray_r", vmin=0, vmax=1)
right.set(xlabel="eight images (pixels)", xticks=range(0, 65, 8))
right.set_yticks([3.5, 11.5], ["image", "from its code"])
plt.show()
scratch.cleanup()
