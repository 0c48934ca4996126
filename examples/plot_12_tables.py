"""
Tables with categories and gaps: filling them, and drawing rows
===============================================================

A table as one has it holds numbers beside categories, and cells are missing. This
lesson gives one to an autoencoder as it is, fills its gaps, asks how sure that is, and
draws synthetic rows, with a report of how like the real ones they are.
"""

# %%
# The table: measurements of 178 Italian wines and the cultivar that each was made of, a
# category. So that errors can be told, gaps are made here: of one cell in five. To have
# a category with an order, intensity of colour is put into words.
import os

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split

from skae import TabularAutoencoder, TabularVAE
from skae.autoencoders import fidelity
from skae.plotting import GeneratedSamplesDisplay, LatentScatterDisplay

FAST = bool(os.environ.get("SKAE_FAST"))

wine = load_wine(as_frame=True)
measured = ["alcohol", "malic_acid", "total_phenols", "flavanoids", "hue", "proline"]
whole = wine.data[measured].assign(
    colour=pd.cut(
        wine.data["color_intensity"], [0, 3, 6, 20], labels=["pale", "medium", "deep"]
    ),
    cultivar=wine.target_names[wine.target],
)
is_hidden = np.random.default_rng(0).uniform(size=whole.shape) < 0.2
table = whole.mask(is_hidden)
print(table.head(4).to_string())

# %%
# The autoencoder infers what each column is. Missing cells have no part in the loss;
# and as there are some, the fit hides further cells, which do, and tells the encoder
# which: so it learns what a cell is, given the others of its row. For that the code
# need not be small: two thirds as many units as columns are a good start.
model = TabularAutoencoder(5, max_epochs=5 if FAST else "auto", random_state=0)
model.fit(table)
print(model.columns_)

# %%
# ``impute`` fills the gaps, and leaves all else as it is. Beside it: the mean of a
# column, and its most frequent category.
filled = model.impute(table)
usual = table.fillna({name: table[name].mean() for name in measured})
usual = usual.fillna({name: table[name].mode()[0] for name in ("colour", "cultivar")})


def error(told, name):
    """Return the error of hidden numbers, or the share of wrong categories."""
    rows = is_hidden[:, whole.columns.get_loc(name)]
    true, told = whole[name][rows], told[name][rows]
    if name in measured:
        return np.sqrt(((told - true) ** 2).mean()) / whole[name].std()
    return (told.astype(str) != true.astype(str)).mean()


errors = pd.DataFrame(
    {
        "usual value": {name: error(usual, name) for name in whole},
        "autoencoder": {name: error(filled, name) for name in whole},
    }
)
print("root mean squared errors in standard deviations, shares of wrong categories:")
print(errors.round(2).to_string())

# %%
# A filled cell looks like any other, and is not. A variational autoencoder draws what
# it might have been, many times: how much draws differ says how much is known. Where
# that is right, nine tenths of the hidden values lie within the middle nine tenths of
# their draws.
settings = {"max_epochs": 5 if FAST else 300, "learning_rate": 3e-3}
vae = TabularVAE(5, **settings, random_state=0).fit(table)
draws = vae.impute(table, n_draws=50, random_state=0)
numbers = np.array([draw[measured].to_numpy(float) for draw in draws])
low, high = np.quantile(numbers, [0.05, 0.95], axis=0)
asked = is_hidden[:, : len(measured)]
inside = (low <= whole[measured]) & (whole[measured] <= high)
print(f"inside of nine tenths of the draws: {inside.to_numpy()[asked].mean():.0%}")
row = int(np.flatnonzero(is_hidden[:, -1])[0])
told = pd.Series([draw["cultivar"].iloc[row] for draw in draws]).value_counts()
print(f"cultivar of row {row}, in {len(draws)} draws: {told.to_dict()}")

# %%
# The same model draws rows that never were. Whether they are like real ones, and no
# copies of them, is measured beside rows that the model has not seen.
seen, unseen = train_test_split(whole, test_size=1 / 3, random_state=0)
drawer = TabularVAE(5, **settings, random_state=0).fit(seen)
synthetic = drawer.sample(len(seen), random_state=0)
print(synthetic.head(4).to_string())
print(fidelity(seen, synthetic, unseen))

# %%
# Left: what was hidden beside what was filled in. Middle: codes of the rows with gaps;
# cultivars stay apart, though one in five is not known. Right: real rows in grey, and
# synthetic ones.
fig, (left, middle, right) = plt.subplots(1, 3, figsize=(13, 4), layout="constrained")
places = [whole.columns.get_loc(name) for name in ("flavanoids", "proline", "alcohol")]
for place in places:
    rows, column = is_hidden[:, place], whole.iloc[:, place]
    true, told = (
        (part[rows] - column.mean()) / column.std()
        for part in (column, filled.iloc[:, place])
    )
    left.scatter(true, told, s=18, label=column.name)
left.axline((0, 0), slope=1, color="0.6", lw=1, zorder=0)
left.set(xlabel="hidden, in standard deviations", ylabel="filled in")
left.legend(frameon=False)
LatentScatterDisplay.from_estimator(
    vae, table, labels=whole["cultivar"], name="cultivar", dimensions=(0, 1), ax=middle
)
pair = ["flavanoids", "proline"]
GeneratedSamplesDisplay(
    synthetic[pair].to_numpy(), X_real=seen[pair].to_numpy(), names=pair
).plot(right)
plt.show()
