"""
Airline passengers: an LSTM autoencoder that learns more than the level
=======================================================================

Twelve years of monthly airline passengers, cut into windows of ten months, are a
popular first data set for LSTM autoencoders. They are also a trap. Trained as in most
articles (Adam, a constant learning rate of 1e-3, some hundred steps) the network
learns the *level* of each window and stops: its error is that of a network which
predicts ten times the window's mean. This lesson shows the trap, gets past it, and
puts principal components beside the result.
"""

# %%
# The data: 144 months, scaled to [0, 1], 135 overlapping windows.
import os

import numpy as np
from sklearn.decomposition import PCA
from sklearn.preprocessing import MinMaxScaler

from skae import LSTMAutoencoder
from skae.datasets import load_airline_passengers
from skae.preprocessing import SlidingWindow

FAST = bool(os.environ.get("SKAE_FAST"))

scaler = MinMaxScaler()
series = scaler.fit_transform(load_airline_passengers().data).astype(np.float32)
window = SlidingWindow(length=10)
windows = window.fit_transform(series)
print(f"{len(series)} months, {windows.shape[0]} windows of {window.length} months")


def error(X_hat):
    """Return the mean squared error over all windows, and its root in passengers."""
    mse = np.mean((windows - X_hat.reshape(windows.shape)) ** 2)
    return mse, np.sqrt(mse) / scaler.scale_[0]


# %%
# What any model has to beat: each window's own mean, which is one number per window,
# and principal components.
flat = windows.reshape(len(windows), -1)
results = {
    "each window's own mean": error(np.broadcast_to(flat.mean(1)[:, None], flat.shape))
}
for n_components in (1, 3, 8):
    pca = PCA(n_components).fit(flat)
    X_hat = pca.inverse_transform(pca.transform(flat))
    results[f"PCA, {n_components} components"] = error(X_hat)

# %%
# The network of the articles: the last hidden state is mapped to the code, and the
# code, repeated over time, is all that the decoder is given. A hundred epochs at
# a constant rate, each a single step on all the windows, do not even reach the mean.
as_in_articles = LSTMAutoencoder(
    n_components=8,
    decoder="repeat",
    max_epochs=10 if FAST else 100,
    batch_size=len(windows),
    learning_rate=1e-3,
    learning_rate_schedule="constant",
    max_grad_norm=None,
    random_state=0,
)
results["LSTM as in the articles, 8"] = error(
    as_in_articles.fit(windows).reconstruct(windows)
)

# %%
# The same network, trained with small batches, a one-cycle schedule up to 1e-2 and
# clipped gradients (the library's defaults but for the number of steps).
steps = {"max_epochs": 20 if FAST else 600, "batch_size": 16}
patient = LSTMAutoencoder(n_components=8, decoder="repeat", random_state=0, **steps)
results["the same network, one-cycle, 8"] = error(
    patient.fit(windows).reconstruct(windows)
)

# %%
# The default decoder is also given the time of every step, and starts from a state
# that the code sets. It gets further in fewer epochs.
steps["max_epochs"] = 20 if FAST else 400
stateful = LSTMAutoencoder(n_components=8, random_state=0, **steps)
X_hat = stateful.fit(windows).reconstruct(windows)
results["LSTM with state and time, 8"] = error(X_hat)

for name, (mse, passengers) in results.items():
    print(f"{name:32} MSE {mse:.5f}   RMSE {passengers:5.1f} thousand passengers")

# %%
# The reconstructed series, from overlapping windows, and the learning curves.
import matplotlib.pyplot as plt

months = load_airline_passengers().dates
fig, (left, right) = plt.subplots(1, 2, figsize=(11, 3.6), layout="constrained")
original = scaler.inverse_transform(series)
left.plot(months, original, color="0.2", lw=1.2, label="passengers")
for model, color in [(as_in_articles, "C1"), (stateful, "C0")]:
    back = window.inverse_transform(model.reconstruct(windows))
    label = "as in the articles" if model is as_in_articles else "state and time"
    left.plot(months, scaler.inverse_transform(back), color=color, lw=1, label=label)
left.set(ylabel="thousand passengers", title="Reconstructed from 8 numbers per window")
left.legend(frameon=False)
for model, label in [
    (as_in_articles, "as in the articles"),
    (patient, "one-cycle, small batches"),
    (stateful, "state and time"),
]:
    right.semilogy(model.history_[:, "train_loss"], label=label)
level = results["each window's own mean"][0]
right.axhline(level, color="0.5", ls=":", lw=1)
right.text(
    steps["max_epochs"], level, "each window's own mean", va="bottom", fontsize=8
)
right.set(xlabel="epoch", ylabel="mean squared error", title="Learning curves")
right.legend(frameon=False)
plt.show()
