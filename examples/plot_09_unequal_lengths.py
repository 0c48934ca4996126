"""
Sequences of unequal length: outlines of digits
===============================================

The outline of a handwritten digit is a walk around its ink, and some walks are longer
than others. An LSTM autoencoder reads each to its own end and makes a code of fixed
size from it. All that it takes is an array in which the shorter ones are filled up with
NaN. The usual ways around unequal lengths, a fill with zeros and equal numbers of
points, stand beside it.
"""

# %%
# The data: the outline of each image, at half of the darkest grey, as points that are
# two pixels apart along the way. It starts at its top. Inner outlines are left out.
import os

import matplotlib.pyplot as plt
import numpy as np
from contourpy import contour_generator
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.neighbors import KNeighborsClassifier

from skae import LSTMAutoencoder

FAST = bool(os.environ.get("SKAE_FAST"))


def distances(line):
    """Return how far along a line each of its points is."""
    steps = np.linalg.norm(np.diff(line, axis=0), axis=1)
    return np.concatenate([[0], np.cumsum(steps)])


def outline(image):
    """Return the longest outline of the ink, closed, from its highest point on."""
    lines = contour_generator(z=np.pad(image.reshape(8, 8), 1)).lines(7.5)
    line = max(lines, key=lambda line: distances(line)[-1])[:-1]
    line = np.roll(line, -np.argmin(line[:, 1]), axis=0)
    return np.concatenate([line, line[:1]])


def walk(line, at):
    """Return the points of a line at distances from its start, given its length."""
    way = distances(line)
    return np.column_stack([np.interp(at(way[-1]), way, axis) for axis in line.T])


def every_two_pixels(length):
    return np.arange(0, length, 2)


images, digit = load_digits(return_X_y=True)
images, digit = images[:1000], digit[:1000]
outlines = [outline(image) for image in images]
CENTRE, PIXEL = 4.5, 1 / 3  # a pixel in units of the data
walks = [(walk(line, every_two_pixels) - CENTRE) * PIXEL for line in outlines]
lengths = np.array([len(one) for one in walks])
print(f"{len(walks)} outlines of {lengths.min()} to {lengths.max()} points")

# %%
# One array for all: time steps after the end are NaN in all channels, here x and y.
X = np.full((len(walks), lengths.max(), 2), np.nan, dtype=np.float32)
for row, one in zip(X, walks, strict=True):
    row[: len(one)] = one
is_test = np.arange(len(X)) % 4 == 0
train, test = X[~is_test], X[is_test]
print(f"{X.shape}, of which {np.isnan(X).mean():.0%} is fill")


# %%
# The autoencoder is given that array as it is. Its encoder reads each outline forwards,
# and backwards from its own end.
def lstm():
    return LSTMAutoencoder(
        n_components=8,
        bidirectional=True,
        max_epochs=1 if FAST else 25,
        learning_rate=1e-2,
        random_state=0,
    )


model = lstm().fit(train)
X_hat = model.reconstruct(test)
print(f"explained variance of held-out outlines: {model.score(test):.2f}")

# %%
# Neither the encoder nor the loss sees the fill. More of it does not change a code, and
# the reconstruction ends where the outline does.
longer = np.pad(test, [(0, 0), (0, 10), (0, 0)], constant_values=np.nan)
change = np.abs(model.transform(longer) - model.transform(test)).max()
print(f"codes with ten more steps of fill differ by {change:.1g} at most")
print("NaN in the same places:", np.array_equal(np.isnan(X_hat), np.isnan(test)))


# %%
# The ways around. With zeros as fill, the data are of equal length, for an LSTM as for
# PCA, and both spend a part of their code on telling where the zeros begin. With
# equally many points on each outline there is no fill, and no length either: that the
# outlines can be stretched at all is knowledge of these data, which a pulse or a
# sentence would not bear.
def error(X, X_hat):
    """Return the root mean square distance of points, in pixels; fill left out."""
    return np.sqrt(np.nanmean(np.sum((X_hat - X) ** 2, axis=-1))) / PIXEL


zeros = np.nan_to_num(X)
flat = zeros.reshape(len(X), -1)
equal = [walk(line, lambda way: np.linspace(0, way, 13)[:-1]) for line in outlines]
equal = (np.array(equal) - CENTRE) * PIXEL
pca = PCA(8, random_state=0).fit(flat[~is_test])
pca_equal = PCA(8, random_state=0).fit(equal.reshape(len(X), -1)[~is_test])
filled = lstm().fit(zeros[~is_test])


def from_pca(pca, X):
    X_hat = pca.inverse_transform(pca.transform(X.reshape(len(X), -1)))
    return X_hat.reshape(X.shape)


errors = {
    "mean of all points": error(test, np.nanmean(train, axis=(0, 1))),
    "LSTM, ends as NaN": error(test, X_hat),
    "LSTM, zeros": error(test, filled.reconstruct(zeros[is_test])),
    "PCA, zeros": error(test, from_pca(pca, zeros[is_test])),
    "PCA, 12 points each": error(equal[is_test], from_pca(pca_equal, equal[is_test])),
}
codes = {
    "LSTM, ends as NaN": model.transform(X),
    "LSTM, zeros": filled.transform(zeros),
    "PCA, zeros": pca.transform(flat),
    "PCA, 12 points each": pca_equal.transform(equal.reshape(len(X), -1)),
}
for name, pixels in errors.items():
    line = f"{name:22} {pixels:.2f} pixels"
    if name in codes:
        Z = codes[name]
        neighbours = KNeighborsClassifier().fit(Z[~is_test], digit[~is_test])
        accuracy = neighbours.score(Z[is_test], digit[is_test])
        line += f", digits told from the code: {accuracy:.0%}"
    print(line)

# %%
# Where stretching is allowed, PCA is hard to beat with so few outlines. Where it is
# not, compare the other three.
#
# Outlines that no model has seen, drawn from eight numbers, and the error at each step
# of the way. Where few outlines get to, there was little to learn from.
fig = plt.figure(figsize=(10, 5.4), layout="constrained")
above, below = fig.subfigures(2, 1, height_ratios=(1, 1.1))
rows = [np.flatnonzero(digit[is_test] == kind)[0] for kind in range(10)]
axes = above.subplots(1, 10, sharex=True, sharey=True)
for ax, row in zip(axes, rows, strict=True):
    for points, style, label in ((test, "0.7", "outline"), (X_hat, "C0", "decoded")):
        ax.plot(*(points[row] / PIXEL + CENTRE - 1).T, color=style, label=label)
    ax.set_aspect("equal")
    ax.set_title(f"{lengths[is_test][row]} points", fontsize=8)
axes[0].invert_yaxis()
axes[0].set(ylabel="y (pixels)")
above.supxlabel("x (pixels)", fontsize=10)
above.legend(*axes[0].get_legend_handles_labels(), frameon=False, loc="lower right")
left, right = below.subplots(1, 2)
left.hist(lengths, np.arange(lengths.min(), lengths.max() + 2) - 0.5, color="C0")
left.set(xlabel="points of an outline", ylabel="outlines of that length")
reached = np.flatnonzero((~np.isnan(test[..., 0])).sum(0) > 4)
for name, found, color in (
    ("LSTM, ends as NaN", X_hat, "C0"),
    ("LSTM, zeros", filled.reconstruct(zeros[is_test]), "C2"),
    ("PCA, zeros", from_pca(pca, zeros[is_test]), "C1"),
):
    pixels = [error(test[:, [i]], found[:, [i]]) for i in reached]
    right.plot(reached, pixels, color=color, label=name)
right.set(xlabel="step along the outline, of two pixels", ylabel="error (pixels)")
right.legend(frameon=False)
plt.show()
