"""
Explaining a code, and an alarm
===============================

A code is a few numbers that stand for many. What do they stand for? Three questions,
asked of the measurements of 178 wines: what changes when a unit of the code goes up,
what made the code of one wine what it is, and, where a wine does not come back, which
of its measurements is to blame.
"""

# %%
# Three units for thirteen measurements, standardised.
import os

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_wine
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skae import DenseAutoencoder
from skae.interpretation import attributions, nearest_normal
from skae.plotting import AttributionsDisplay, TraversalDisplay

FAST = bool(os.environ.get("SKAE_FAST"))

data = load_wine(as_frame=True)
X, cultivar = data.data, data.target_names[data.target]
autoencoder = DenseAutoencoder(3, max_epochs=20 if FAST else "auto", random_state=0)
model = make_pipeline(StandardScaler(), autoencoder).fit(X)
print(f"explained variance: {model.score(X):.2f}")

# %%
# What changes when the first unit goes from low to high, and the others stay at their
# medians? The decoder tells, in the units of the measurements.
TraversalDisplay.from_estimator(model, X, unit=0)

# %%
# What made the first unit of each wine what it is? Attributions share out the
# difference between its code and that of the mean wine, and sum to it. Each row is a
# wine, ordered by cultivar, and each column a measurement.
AttributionsDisplay.from_estimator(model, X, target=0)

# %%
# One wine at a time, as bars. The sum of all bars is the unit.
display = AttributionsDisplay.from_estimator(model, X, target=0, row=0)
found = display.attributions
change = found.outputs - found.baseline_outputs
print(f"off by at most {abs(found.values.sum(axis=1) - change).max():.0e}")

# %%
# Now an error in the table: one measurement of each wine in turn is moved by five
# standard deviations. The error of the wine says that something is wrong. Which
# measurement was it? The largest squared residual is an obvious guess, but a
# reconstruction follows what it is given, so that one wrong measurement spoils others.
rng = np.random.default_rng(0)
rows, columns = np.arange(len(X)), rng.integers(X.shape[1], size=len(X))
wrong = X.to_numpy(copy=True)
signs = rng.choice([-1, 1], size=len(X))
wrong[rows, columns] += 5 * signs * X.std().to_numpy()[columns]
wrong = pd.DataFrame(wrong, columns=X.columns)

scaled = model[0].transform(wrong)
residuals = np.abs(scaled - model[-1].reconstruct(scaled))
named = attributions(model, wrong).top().ravel()
truth = X.columns.to_numpy()[columns]
print(f"largest residual:  {(residuals.argmax(axis=1) == columns).mean():.0%} right")
print(f"attributions:      {(named == truth).mean():.0%} right")

# %%
# Ten of these wines. Errors are compared with what the wine would have been if it were
# normal, for which the measurements that do not fit the others are left out.
AttributionsDisplay.from_estimator(model, wrong[:10])

# %%
# And what would the first of them have been?
print(f"moved: {truth[0]}, from {X.iloc[0, columns[0]]:.2f}")
print(nearest_normal(model, wrong[:1]).table().head(4).round(2))
plt.show()
