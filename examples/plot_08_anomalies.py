"""
Anomalies with a guarantee
==========================

An autoencoder that has seen usual rows brings those back, and what is unlike them comes
back badly. How badly is too badly? This lesson lets a detector measure it on rows that
its models were not trained on, so that the share of false alarms is what was asked for.
It goes on with batches, of whose alarms few are to be false, with episodes of a series,
and with drift.
"""

# %%
# Benign tumours are the usual rows, of which two thirds train; the malignant ones are
# never seen in training.
import os

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skae import DenseAutoencoder, ReconstructionDetector
from skae.anomalies import drift_test, find_episodes
from skae.model_selection import ContiguousKFold
from skae.preprocessing import SlidingWindow

FAST = bool(os.environ.get("SKAE_FAST"))

X, y = load_breast_cancer(return_X_y=True)
names = load_breast_cancer().feature_names
usual, malignant = X[y == 1], X[y == 0]
train, test = train_test_split(usual, test_size=1 / 3, random_state=0)
print(f"{len(train)} rows train, {len(test)} usual and {len(malignant)} others test")

# %%
# The detector goes around a pipeline with an autoencoder. In five folds it trains
# models on four fifths of the rows and scores the others; the share of those that are
# at least as abnormal as a new row is the p-value of the new row. ``level`` is the
# share of false alarms, and no share of anomalies has to be guessed.
autoencoder = DenseAutoencoder(
    10, max_epochs=3 if FAST else 100, learning_rate=1e-3, random_state=0
)
pipeline = make_pipeline(StandardScaler(), autoencoder)
detector = ReconstructionDetector(pipeline, level=0.05, random_state=0).fit(train)
alarmed = {"usual": detector.predict(test), "malignant": detector.predict(malignant)}
for name, labels in alarmed.items():
    print(f"alarms among {name} rows: {np.mean(labels == -1):.0%}")

# %%
# P-values of usual rows are spread evenly, so that any level has its share of false
# alarms; those of anomalies are small.
p_usual, p_malignant = detector.p_values(test), detector.p_values(malignant)
for level in (0.01, 0.05, 0.1, 0.2):
    print(
        f"at most {level:4.0%}: {np.mean(p_usual <= level):4.0%} of usual rows, "
        f"{np.mean(p_malignant <= level):4.0%} of malignant ones"
    )

# %%
# What is measured of a row is a choice: the error alone, or in units of held-out errors
# feature by feature, or how far out its code is, or all of it, the default.
both = np.vstack([test, malignant])
is_malignant = np.arange(len(both)) >= len(test)
for measure in ("squared", "standardized", "code", "combined"):
    other = ReconstructionDetector(
        pipeline, measure=measure, trim=0, random_state=0
    ).fit(train)
    area = roc_auc_score(is_malignant, -other.score_samples(both))
    print(f"{measure:13} area under the ROC curve {area:.3f}")

# %%
# A batch of patients: of the alarms, at most a tenth is to be false.
rng = np.random.default_rng(0)
batch = np.vstack([test, rng.permutation(malignant)[:40]])
is_alarm = detector.alarms(batch, false_discovery_rate=0.1)
n_false = is_alarm[: len(test)].sum()
print(f"{is_alarm.sum()} alarms in the batch, {n_false} of them false")

# %%
# Whether rows as a whole have changed is another question, for a test. Its reference
# are usual rows that were not trained on. A scale that reads 15 % too much:
reference, new = test[:60], test[60:].copy()
print(drift_test(detector, reference, new))
new[:, 0] *= 1.15
result = drift_test(detector, reference, new)
print(f"after the change: p = {result.p_value:.3g}; the surest feature is", end=" ")
print(names[int(next(iter(result.moved())))])

# %%
# In a series, a detector looks at windows. Those that overlap share values, so folds
# are blocks with a gap between them. Alarms become episodes of the series.
t = np.arange(1600)
noise = 0.1 * rng.normal(size=(1600, 2))
series = np.c_[np.sin(t / 8), np.sin(t / 8 + 1) * np.cos(t / 50)] + noise
series[1300:1320, 1] += 1.5
series[1500] += [2.0, 0.0]
window = SlidingWindow(length=16, stride=2, flatten=True).fit(series)
cv = ContiguousKFold(5, gap=window.gap)
of_windows = DenseAutoencoder(
    6, max_epochs=3 if FAST else 50, learning_rate=1e-3, random_state=0
)
watching = ReconstructionDetector(of_windows, level=0.01, cv=cv, random_state=0)
watching.fit(window.transform(series[:1000]))

later = series[1000:]
windows, starts = window.transform(later), window.window_starts(later)
episodes = find_episodes(watching, windows, starts, length=16, channels=["a", "b"])
for one in sorted(episodes, key=lambda one: one.begin):
    print(f"{one.begin:4} to {one.end:4} in {one.channel}, error {one.error:.0f}")

# %%
# Left, the p-values that make rates; right, the series with its episodes.
fig, (left, right) = plt.subplots(1, 2, figsize=(11, 3.6), layout="constrained")
bins = np.linspace(0, 1, 21)
left.hist(p_usual, bins, density=True, alpha=0.6, label="usual")
left.hist(p_malignant, bins, density=True, alpha=0.6, label="malignant")
left.axvline(0.05, color="0.2", ls=":", label="level")
left.set(xlabel="p-value", ylabel="density of rows")
left.legend(frameon=False)
right.plot(later, lw=0.8, label=["a", "b"])
for one in episodes:
    right.axvspan(one.begin, one.end, color="tab:red", alpha=0.3)
right.set(xlabel="time step", ylabel="value")
right.legend(frameon=False, loc="lower left")
plt.show()
