"""Checks of samplers."""

import numpy as np
from sklearn.base import clone

from skae.autoencoders import Autoencoder
from skae.testing._parts import PART_CHECKS
from skae.testing._promise import promise, require, same, untouched_randomness
from skae.testing._tensors import pickled

__all__ = ["SAMPLER_CHECKS"]


def _codes(n_samples=60, n_components=3):
    return np.random.default_rng(0).normal(size=(n_samples, n_components))


def _fitted(sampler, Z):
    fitted = clone(sampler).set_params(random_state=0)
    require(fitted.fit(Z) is fitted, "fit does not return the sampler")
    return fitted


def _drawn(fitted, seed, n_samples=20):
    return fitted.set_params(random_state=seed).sample(n_samples)


@promise(
    "draws are finite, of shape (n_samples, n_components), for few codes too, for "
    "codes that are all alike, and for one unit.",
    mend="return one array from sample; bound variances from below.",
)
def check_sampler_shapes(sampler):
    """Check draws after fits to many codes, to few, and to constant ones."""
    for Z in (_codes(), _codes(2), _codes(60, 1), np.ones((5, 2))):
        for n_samples in (1, 7):
            drawn = _drawn(_fitted(sampler, Z), 0, n_samples)
            expected = (n_samples, Z.shape[1])
            found = getattr(drawn, "shape", type(drawn).__name__)
            require(found == expected, f"{found} for {expected}")
            require(np.isfinite(drawn).all(), f"draws like {Z.shape} are not finite")


@promise(
    "fit and sample draw from random_state, and from nothing else.",
    mend="draw from check_random_state(self.random_state) in either.",
)
def check_sampler_draws_from_its_random_state(sampler):
    """Check draws of one random state and of two, and of fits and pickles alike."""
    Z = _codes()
    before = Z.copy()
    with untouched_randomness("the sampler"):
        fitted = _fitted(sampler, Z)
        draws = [_drawn(fitted, seed) for seed in (1, 1, 2)]
        again = _drawn(_fitted(sampler, Z), 1)
    same(draws[0], draws[1], "two draws of one random state", exact=True)
    same(draws[0], again, "draws after two fits of one random state", exact=True)
    same(draws[0], _drawn(pickled(fitted), 1), "draws after pickling", exact=True)
    other = np.array_equal(draws[0], draws[2])
    require(not other, "another random state changes nothing")
    same(Z, before, "the codes, which are changed in place", exact=True)


@promise(
    "draws come in no particular order.",
    mend="permute what is sorted by mode: check_random_state(...).permutation(Z).",
)
def check_sampler_order(sampler):
    """Check that draws of two clusters far apart are not sorted."""
    Z = _codes(100, 2) + np.where(np.arange(100) % 2, 100, -100)[:, None]
    drawn = _drawn(_fitted(sampler, Z), 0, 100)
    n_changes = np.count_nonzero(np.diff(drawn[:, 0] > np.median(drawn[:, 0])))
    require(n_changes > 20, "draws are sorted")


@promise(
    "a sampler that says needs_codes = False reads of the codes how many units they "
    "have, and nothing else.",
    mend="set needs_codes = True.",
)
def check_sampler_needs_codes(sampler):
    """Check that a prior is the same for other codes."""
    if not sampler.needs_codes:
        drawn = [_drawn(_fitted(sampler, Z), 0) for Z in (_codes(), np.zeros((2, 3)))]
        same(drawn[0], drawn[1], "draws after fits to two sets of codes", exact=True)


@promise(
    "an autoencoder generates by the sampler, and leaves it as it was given.",
    mend="take codes of one dtype for those of another; store what is fitted in "
    "attributes that end in an underscore.",
)
def check_sampler_in_an_autoencoder(sampler):
    """Check generated rows."""
    X = _codes(30, 4).astype(np.float32)
    model = Autoencoder(2, sampler=clone(sampler), max_epochs=2, random_state=0).fit(X)
    before = set(vars(clone(sampler)))
    require(set(vars(model.sampler)) == before, "the sampler given is fitted itself")
    rows = model.sample(5, random_state=0)
    require(rows.shape == (5, 4), f"rows of shape {rows.shape} for (5, 4)")
    same(rows, model.sample(5, random_state=0), "rows of one random state", exact=True)
    same(rows, pickled(model).sample(5, random_state=0), "rows of a pickle", exact=True)


SAMPLER_CHECKS = (
    *PART_CHECKS,
    check_sampler_shapes,
    check_sampler_draws_from_its_random_state,
    check_sampler_order,
    check_sampler_needs_codes,
    check_sampler_in_an_autoencoder,
)
