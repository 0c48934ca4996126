"""
Your own part: a noise that sorts the code, a penalty that makes bits of it
===========================================================================

Networks, bottlenecks, noises and penalties are small classes, and one of your own
takes a dozen lines. This lesson writes two, has their promises checked, and uses them
by name, on handwritten digits. The noise lets every unit of the code add to the ones
before it, as principal components do. The penalty draws each unit to -1 or 1, so that
a digit can be kept in a few bits.
"""

# %%
# The data: images of 8 by 8 pixels, of which every fourth is held out.
import os

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from torch import nn

from skae import Autoencoder
from skae.bottlenecks import PointBottleneck
from skae.noise import NOISES, GaussianNoise, Noise
from skae.objectives import PENALTIES, Objective, Penalty, mean_over_rows
from skae.testing import check

FAST = bool(os.environ.get("SKAE_FAST"))

X = (load_digits().data / 16).astype(np.float32)
is_test = np.arange(len(X)) % 4 == 0
train, test = X[~is_test], X[is_test]
print(f"{len(train)} images to train on, {len(test)} held out")


# %%
# A noise describes a module by its parameters, of which this one has none. The module
# keeps a random number of units in every row, counted from the first, and sets those
# after them to zero. The first unit is thus needed most often, and the last one seldom
# (Rippel, Gelbart and Adams, 2014, who call it nested dropout). skae has such a noise,
# as ``"nested_dropout"``; here it is written anew, under another name.
#
# Two rules: draws come from the generator that is passed, and without one nothing is
# drawn. So training has noise, and ``transform`` has none.
@NOISES.register("first_units")
class NestedDropout(Noise):
    """Keep a random number of the first units of each row, at least one."""

    def build(self, shape):
        """Return the module for rows of one shape."""
        return _NestedDropout()


class _NestedDropout(nn.Module):
    def forward(self, x, generator=None):
        if generator is None:
            return x
        n_units = x.shape[-1]
        rows = {"dtype": x.dtype, "device": x.device}
        last = torch.rand(x.shape[:-1], generator=generator, **rows) * n_units
        return x * (torch.arange(n_units, **rows) <= last[..., None])


# %%
# A penalty is a function of the code that training should make small. It returns its
# raw value: only the objective multiplies by ``weight``. This one is zero where all
# units are -1 or 1, and each of them -1 as often as 1. The argument ``weight`` has the
# weights of rows, if there are any.
@PENALTIES.register("two_levels")
class TwoLevels(Penalty):
    """``(z**2 - 1)**2``, a mean over rows, and ``mean(z)**2``; a mean over units."""

    requires = frozenset({"mean"})

    def __init__(self, weight=0.01):
        self.weight = weight

    def __call__(self, latent, generator=None, weight=None):
        """Return the raw value."""
        weight = None if weight is None else weight.unsqueeze(-2)
        units = latent.mean.mT  # (..., k, batch)
        distance = mean_over_rows((units.square() - 1).square(), weight)
        return (distance + mean_over_rows(units, weight).square()).mean(-1)


# %%
# What parts promise is checked by a function that the library has for this: shapes over
# leading axes, gradients, dtypes, draws, copies. A check that fails says what to mend.
check(NestedDropout())
check(TwoLevels())


# %%
# Here is a noise that is drawn while predicting, too, and what the check says of it.
class Forgetful(NestedDropout):
    """Noise that has forgotten what it is to be drawn from."""

    def build(self, shape):
        """Return a module of torch's, which has a generator of its own."""
        return nn.Dropout()


try:
    with torch.random.fork_rng(devices=[]):
        check(Forgetful())
except AssertionError as error:
    print(error)


# %%
# Four models of eight units, which differ in their parts only. The registered parts go
# by their names, and the last model has one of the library's own beside.
def model(noise=None, penalties=()):
    return Autoencoder(
        n_components=8,
        bottleneck=PointBottleneck(noise=noise),
        objective=Objective(penalties=penalties),
        learning_rate=1e-2,
        max_epochs=3 if FAST else 60,
        random_state=0,
    )


two_levels = [("levels", "two_levels")]
models = {
    "plain": model(),
    "nested dropout": model(noise="first_units"),
    "two levels": model(penalties=two_levels),
    "two levels and noise": model(GaussianNoise(0.5), two_levels),
}
for name, each in models.items():
    print(f"{name:20} explains {each.fit(train).score(test):.2f} of the variance")


# %%
# What does nested dropout do? Keep the first units of the code, set the others to zero,
# and decode.
def explained(X_hat):
    return 1 - np.sum((test - X_hat) ** 2) / np.sum((test - test.mean(0)) ** 2)


def from_first_units(model, X, k):
    codes = model.transform(X)
    return model.inverse_transform(codes * (np.arange(codes.shape[1]) < k))


sizes = range(1, 9)
pca = PCA(8, random_state=0).fit(train)
sorted_or_not = {"PCA": pca} | {name: models[name] for name in list(models)[:2]}
shares = {
    name: [explained(from_first_units(each, test, k)) for k in sizes]
    for name, each in sorted_or_not.items()
}
print("explained by the first", *(f"{k:5d}" for k in sizes))
for name, values in shares.items():
    print(f"{name:22}", *(f"{value:5.2f}" for value in values))


# %%
# What does the penalty do? Keep the signs of the units, eight bits, and decode those.
# The penalty alone is met to the letter: the units are near -1 and 1, and the images
# are in the small distances that are left. Noise on the code hides those, but without
# the penalty the codes just outgrow it. It takes both. A byte may also be the number
# of one of 256 cluster centres, which is what any such code has to be compared with.
def from_signs(model):
    codes = model.transform(test)
    return model.inverse_transform(np.sign(codes) * np.abs(codes).mean(0))


models["noise"] = model(GaussianNoise(0.5)).fit(train)
print("explained by one byte")
for name in ("plain", "noise", "two levels", "two levels and noise"):
    print(f"{name:20} {explained(from_signs(models[name])):5.2f}")
print(f"{'PCA':20} {explained(from_signs(pca)):5.2f}")
centres = KMeans(256, random_state=0).fit(train)
nearest = centres.cluster_centers_[centres.predict(test)]
print(f"{'256 cluster centres':20} {explained(nearest):5.2f}")

# %%
# Digits, decoded from their first units. Sorted codes begin with a blurred digit.
kinds = load_digits().target[is_test]
digits = [np.flatnonzero(kinds == kind)[0] for kind in (0, 3, 4)]
shown = (1, 2, 4, 8)
fig, axes = plt.subplots(6, 5, figsize=(5.6, 6.6), layout="constrained")
for lines, name in zip(np.split(axes, 2), ("plain", "nested dropout"), strict=True):
    images = [from_first_units(models[name], test[digits], k) for k in shown]
    columns = np.array([test[digits], *images]).reshape(5, 3, 8, 8)
    for ax, image in zip(lines.T.flat, columns.reshape(15, 8, 8), strict=True):
        ax.imshow(image, cmap="gray_r", vmin=0, vmax=1)
        ax.set(xticks=[], yticks=[])
    lines[1, 0].set_ylabel(name)
titles = ["image", *(f"{k} of 8" for k in shown)]
for ax, title in zip(axes[0], titles, strict=True):
    ax.set_title(title, fontsize=9)
fig.supxlabel("units of the code that are kept")

# %%
# The same in numbers, and the values that units take.
fig, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.6), layout="constrained")
for name, values in shares.items():
    left.plot(sizes, values, "o-", ms=4, label=name)
left.axhline(0, color="0.8", lw=0.8, zorder=0)
left.set(xlabel="units kept, from the first", ylabel="explained variance, held out")
left.legend(frameon=False)
bins = np.linspace(-3, 3, 61)
for name in ("two levels and noise", "plain", "two levels"):
    values = models[name].transform(test).ravel()
    right.hist(values, bins, histtype="step", density=True, label=name)
right.set(xlabel="value of a unit", ylabel="density, all units and images")
right.set_ylim(top=1)
right.legend(frameon=False, loc="upper right")
plt.show()
