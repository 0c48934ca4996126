"""
Anomalies: what does not come back
==================================

An autoencoder that has seen normal rows only has learnt to bring those back. What is
unlike them comes back badly, so the error of the reconstruction says how unusual a row
is. Ten times, this lesson leaves one digit out of the training data and looks for it
among the others, beside PCA, which has such an error as well, and an isolation forest.
"""

# %%
# Half of the images train, a quarter sets the threshold, and a quarter tests.
import os

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

from skae import DenseAutoencoder, fit_stack

FAST = bool(os.environ.get("SKAE_FAST"))

X, digit = load_digits(return_X_y=True)
X = (X / 16).astype(np.float32)
rows = np.arange(len(X))
train, rest = train_test_split(rows, test_size=0.5, stratify=digit, random_state=0)
calibrate, test = train_test_split(
    rest, test_size=0.5, stratify=digit[rest], random_state=0
)
print(f"{len(train)} images train, {len(calibrate)} calibrate, {len(test)} test")


def normal(rows, left_out):
    """Return the images of all digits but one."""
    return X[rows[digit[rows] != left_out]]


# %%
# One model for each digit that is left out. The ten autoencoders train in one stack.
# PCA has a code of the same size, and a larger one in another row.
parameters = {"learning_rate": 5e-3, "max_epochs": 3 if FAST else 60, "random_state": 0}
autoencoders = fit_stack(
    [DenseAutoencoder(8, **parameters) for _ in range(10)],
    [normal(train, left_out) for left_out in range(10)],
)


class PCAError(PCA):
    """PCA that scores rows by their error, as autoencoders do."""

    def score_samples(self, X):
        """Return the negative mean squared error of every row."""
        return -np.mean((X - self.inverse_transform(self.transform(X))) ** 2, axis=1)


models = {
    "autoencoder": autoencoders,
    "PCA": [PCAError(8).fit(normal(train, k)) for k in range(10)],
    "PCA, 20 units": [PCAError(20).fit(normal(train, k)) for k in range(10)],
    "isolation forest": [
        IsolationForest(random_state=0).fit(normal(train, k)) for k in range(10)
    ],
}

# %%
# All of them have ``score_samples``, higher for what is more normal. The area under the
# ROC curve is the share of pairs, one image of the digit left out and one of the
# others, of which the unknown one has the lower score. 0.5 is guessing.
areas = {
    name: [
        roc_auc_score(digit[test] != k, each[k].score_samples(X[test]))
        for k in range(10)
    ]
    for name, each in models.items()
}
print(f"{'left out':18}", *(f"{k:5d}" for k in range(10)), "  mean")
for name, values in areas.items():
    print(
        f"{name:18}", *(f"{value:5.2f}" for value in values), f"{np.mean(values):6.2f}"
    )
best = [max(values[k] for values in areas.values()) for k in range(10)]
for name, values in areas.items():
    print(f"{name:18} has the largest area for {np.sum(np.equal(values, best))} digits")


# %%
# To raise an alarm takes a threshold. Errors on the rows of the training are no guide,
# since those come back best. Rows of the calibration are, and they have to be normal
# only: the threshold that 5 % of them exceed will give about 5 %
# false alarms.
def alarms(model, k, threshold_rows):
    """Return the shares of false alarms, and of unknown digits found."""
    threshold = np.quantile(model.score_samples(normal(threshold_rows, k)), 0.05)
    alarm = model.score_samples(X[test]) < threshold
    return alarm[digit[test] != k].mean(), alarm[digit[test] == k].mean()


for name, each in models.items():
    for label, threshold_rows in (("training", train), ("calibration", calibrate)):
        false, found = np.mean(
            [alarms(each[k], k, threshold_rows) for k in range(10)], axis=0
        )
        print(
            f"{name:18} threshold from {label:11}: {false:4.0%} false alarms, "
            f"{found:4.0%} of the unknown digits found"
        )

# %%
# The errors when the digit is left out that the autoencoder tells best, and the one
# that it tells worst, with their thresholds. What can be drawn with the strokes of
# other digits comes back well enough, and an error cannot tell it.
fig, (left, middle, right) = plt.subplots(1, 3, figsize=(12, 3.6), layout="constrained")
order = np.argsort(areas["autoencoder"])
for ax, k in ((left, order[-1]), (middle, order[0])):
    errors = -autoencoders[k].score_samples(X[test])
    bins = np.linspace(0, errors.max(), 41)
    is_normal = digit[test] != k
    for chosen, label in (
        (is_normal, "other digits"),
        (~is_normal, f"{k}, never seen"),
    ):
        ax.hist(errors[chosen], bins, density=True, alpha=0.6, label=label)
    held_out = -autoencoders[k].score_samples(normal(calibrate, k))
    ax.axvline(np.quantile(held_out, 0.95), color="0.2", ls=":", label="threshold")
    ax.set(xlabel="mean squared error of an image", ylabel="density of test images")
    ax.legend(frameon=False)
for i, (name, values) in enumerate(areas.items()):
    right.bar(np.arange(10) + 0.2 * (i - 1.5), values, 0.2, label=name)
right.axhline(0.5, color="0.2", ls=":", lw=1)
right.set(xlabel="digit left out", ylabel="area under the ROC curve", ylim=(0.3, 1.2))
right.set_xticks(range(10))
right.legend(frameon=False, fontsize=8, ncols=2)

# %%
# The image of each unknown digit with the highest error, and what comes back: something
# made of what is known.
fig, axes = plt.subplots(2, 10, figsize=(10, 2.3), layout="constrained")
for k, column in enumerate(axes.T):
    unknown = X[test[digit[test] == k]]
    oddest = unknown[[np.argmin(autoencoders[k].score_samples(unknown))]]
    pair = (oddest, autoencoders[k].reconstruct(oddest))
    for ax, image in zip(column, pair, strict=True):
        ax.imshow(image.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
        ax.set(xticks=[], yticks=[])
axes[0, 0].set_ylabel("image")
axes[1, 0].set_ylabel("comes back")
plt.show()
