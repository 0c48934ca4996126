"""Data of known dimension, by families: those to settle rules on, and those held apart.

Rules and constants of `select_dimension` were settled on `settled_on()` and on
`skae.datasets.manifold_suite`. The families of `held_apart()` share no generator with
these. They have been looked at twice since, and what they showed has been mended: how
a bend is found, and when one of a single unit is clear. Some sets of both halves have
no low dimension: noise of several kinds, walks, spectra without an end.
"""

from typing import NamedTuple

import numpy as np

__all__ = ["Known", "held_apart", "settled_on"]


class Known(NamedTuple):
    """Rows of a known dimension.

    Attributes
    ----------
    name : str
    family : str
    X : ndarray of shape (n_samples, n_features)
    d : int
        Intrinsic dimension; 0 where there is no low one.
    e : int
        Largest number of units that a code of it may need.
    """

    name: str
    family: str
    X: np.ndarray
    d: int
    e: int


class Family(NamedTuple):
    """Sets from one generator, and the dimensions that they have.

    Attributes
    ----------
    name, kind : str
        The family, which may have several generators, and the generator.
    make : callable
        ``make(rng, *row)`` returns the rows of a set.
    known : callable
        ``known(*row)`` returns d and e.
    rows : list of tuple
        Arguments, one tuple for each set.
    """

    name: str
    kind: str
    make: callable
    known: callable
    rows: list


def drawn(families, seed):
    """Yield the `Known` sets of families; each has random numbers of its own."""
    numbered = enumerate((family, row) for family in families for row in family.rows)
    for number, (family, row) in numbered:
        rng = np.random.default_rng([seed, number])
        X, (d, e) = family.make(rng, *row), family.known(*row)
        dimension = f"-d{d}" if d else ""
        name = f"{family.kind}{dimension}-{len(X)}x{X.shape[1]}"
        yield Known(name, family.name, np.ascontiguousarray(X), d, e)


def settled_on(seed=0):
    """Yield the sets on which choices were settled."""
    return drawn(SETTLED, seed)


def held_apart(seed=0):
    """Yield the sets of other families, held apart for a single look."""
    return drawn(HELD_APART, seed + 77)


# Parts of generators


def standardised(X):
    """Return columns of mean zero and variance one, constant ones as zeros."""
    spread = X.std(0)
    spread[spread == 0] = 1
    return (X - X.mean(0)) / spread


def with_noise(X, share, rng, kind="normal"):
    """Add noise, its size a share of each feature's standard deviation."""
    if kind == "normal":
        noise = rng.normal(size=X.shape)
    elif kind == "heavy":
        noise = rng.standard_t(2.5, size=X.shape) / 2.2
    elif kind == "laplace":
        noise = rng.laplace(size=X.shape) / np.sqrt(2)
    else:  # of another size in each feature
        noise = rng.normal(size=X.shape) * rng.gamma(1.0, 1.0, size=X.shape[1])
    return X + share * X.std(0) * noise


def coordinates(n, d, rng, *, are_uniform=False):
    """Draw coordinates on a manifold, normal or uniform ones.

    Both are drawn, so that what is drawn next does not depend on the kind.
    """
    normal, uniform = rng.normal(size=(n, d)), rng.uniform(-1, 1, size=(n, d)) * 1.7
    return uniform if are_uniform else normal


def directions(d, D, rng):
    """Draw D directions in d dimensions, of length one on average."""
    return rng.normal(size=(d, D)) / np.sqrt(d)


# Generators: settled on


def polynomials(rng, n, d, D, degree=2, noise=0.0, are_uniform=False):
    """Draw features that are polynomials of two or three factors."""
    Z = coordinates(n, d, rng, are_uniform=are_uniform)
    A, B, C = (directions(d, D, rng) for _ in range(3))
    X = Z @ A + 0.5 * (Z @ B) * (Z @ C)
    if degree == 3:
        # divided after the product: rounding is part of the draw
        X = X + 0.3 * (Z @ rng.normal(size=(d, D)) / np.sqrt(d)) ** 3
    return with_noise(X, noise, rng)


def sines(rng, n, d, D, frequency=1.5, noise=0.1):
    """Draw features that are sines along some direction."""
    Z = coordinates(n, d, rng, are_uniform=True)
    W = rng.normal(size=(d, D)) * frequency / np.sqrt(d)
    return with_noise(np.sin(Z @ W + rng.uniform(0, 6.28, D)), noise, rng)


def relu_network(rng, n, d, D, noise=0.0, kind="normal"):
    """Draw features from a random network of one layer of rectified units."""
    Z, width = coordinates(n, d, rng), 3 * D
    into = Z @ rng.normal(size=(d, width)) / np.sqrt(d)
    H = np.maximum(into + 0.5 * rng.normal(size=width), 0)
    X = H @ rng.normal(size=(width, D)) / np.sqrt(width)
    return with_noise(X, noise, rng, kind)


def sines_and_noise(rng, n, d, D, n_noise):
    """Draw sines, and columns of normal noise beside them."""
    X = standardised(sines(rng, n, d, D, 1.2, 0.05))
    return np.hstack([X, rng.normal(size=(n, n_noise))])


def gross_errors(rng, n, d, D, share):
    """Draw polynomials with some cells replaced by large numbers."""
    X = standardised(polynomials(rng, n, d, D, 2, 0.02))
    wrong = rng.random(X.shape) < share
    X[wrong] = rng.normal(size=wrong.sum()) * 10
    return X


def blobs(rng, n, varies_in_size, noise, side=16):
    """Draw pictures of a blob that moves, and grows."""
    centre = rng.uniform(4, side - 4, size=(n, 2))
    width = rng.uniform(1.5, 3, size=n) if varies_in_size else np.full(n, 2.0)
    grid = np.arange(side)
    across = (grid[None, :, None] - centre[:, 0, None, None]) ** 2
    down = (grid[None, None, :] - centre[:, 1, None, None]) ** 2
    X = np.exp(-(across + down) / (2 * width[:, None, None] ** 2)).reshape(n, -1)
    return X + noise * rng.normal(size=X.shape)


def sphere(rng, n, d, D, noise):
    """Draw the surface of a ball, turned into D features."""
    Z = rng.normal(size=(n, d + 1))
    Z /= np.linalg.norm(Z, axis=1, keepdims=True)
    return with_noise(Z @ np.linalg.qr(rng.normal(size=(D, d + 1)))[0].T, noise, rng)


def torus(rng, n, D, noise):
    """Draw a torus in three dimensions, mapped linearly into D features."""
    u, v = rng.uniform(0, 2 * np.pi, (2, n))
    ring = 2 + np.cos(v)
    T = np.c_[ring * np.cos(u), ring * np.sin(u), np.sin(v)]
    return with_noise(T @ rng.normal(size=(3, D)), noise, rng)


def linear(rng, n, d, D, noise):
    """Draw a linear map of factors, with noise of another size in each feature."""
    X = coordinates(n, d, rng) @ rng.normal(size=(d, D))
    return with_noise(X, noise, rng, "unequal")


def clusters(rng, n, d, D, n_clusters, noise=0.05):
    """Draw clusters in d dimensions, bent into D features."""
    centres = rng.normal(size=(n_clusters, d)) * 3
    Z = centres[rng.integers(n_clusters, size=n)] + rng.normal(size=(n, d))
    return with_noise(np.tanh(Z @ rng.normal(size=(d, D)) / 3), noise, rng)


def white_noise(rng, n, D):
    """Draw independent normal features."""
    return rng.normal(size=(n, D))


def coloured_noise(rng, n, D, rho):
    """Draw normal features whose correlation falls with their distance."""
    lag = np.abs(np.subtract.outer(np.arange(D), np.arange(D)))
    return rng.normal(size=(n, D)) @ np.linalg.cholesky(rho**lag).T


def power_law(rng, n, D, exponent):
    """Draw normal features whose principal variances follow a power law."""
    X = rng.normal(size=(n, D)) * np.arange(1, D + 1) ** (-exponent / 2)
    return X @ np.linalg.qr(rng.normal(size=(D, D)))[0]


def walks_along_rows(rng, n, D):
    """Draw random walks, a feature each, from row to row."""
    return np.cumsum(rng.normal(size=(n, D)), 0)


# Generators: held apart


def bumps(rng, n, d, D, width, noise):
    """Draw features that answer to a place on the manifold, as receptive fields do."""
    Z = rng.uniform(-1, 1, (n, d))
    centres = rng.uniform(-1.3, 1.3, (D, d))
    distances = ((Z[:, None] - centres) ** 2).sum(-1)
    return with_noise(np.exp(-distances / (2 * width**2 * d)), noise, rng)


def arm(rng, n, d, n_points, noise):
    """Draw points along a plane arm of d joints, which turn freely."""
    angles = np.cumsum(rng.uniform(-1.0, 1.0, (n, d)), 1)
    joints = np.stack(
        [np.cumsum(np.cos(angles), 1), np.cumsum(np.sin(angles), 1)], axis=-1
    )
    joints = np.concatenate([np.zeros((n, 1, 2)), joints], axis=1)
    weights = np.linspace(0, 1, n_points + 1)[1:, None]
    points = joints[:, :-1, None] * (1 - weights) + joints[:, 1:, None] * weights
    return with_noise(points.reshape(n, -1), noise, rng)


def spectra(rng, n, n_peaks, D, noise, have_heights):
    """Draw spectra of some peaks, which vary in place, and in height."""
    x, X = np.linspace(0, 1, D), np.zeros((n, D))
    for i in range(n_peaks):
        place = (i + 1) / (n_peaks + 1) + rng.uniform(-0.08, 0.08, (n, 1))
        height = rng.uniform(0.5, 1.5, (n, 1)) if have_heights else 1.0
        X += height * np.exp(-((x - place) ** 2) / (2 * 0.05**2))
    return X + noise * rng.normal(size=X.shape)


def bars(rng, n, moves, noise, side=16):
    """Draw pictures of a bar that turns, and moves."""
    angle = rng.uniform(0, np.pi / 1.2, n)[:, None, None]
    shift = rng.uniform(-2, 2, n)
    shift = (shift if moves else np.zeros(n))[:, None, None]
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    away = np.abs(x[None] * np.sin(angle) - y[None] * np.cos(angle) - shift)
    along = np.abs(x[None] * np.cos(angle) + y[None] * np.sin(angle))
    X = (np.exp(-(away**2) / 3) * (1 / (1 + np.exp(along - 6)))).reshape(n, -1)
    return X + noise * rng.normal(size=X.shape)


def oscillations(rng, n, n_waves, D, noise):
    """Draw sums of waves of fixed frequencies, free in amplitude and phase."""
    t, X = np.linspace(0, 1, D), 0
    for i in range(n_waves):
        amplitude = rng.uniform(0.5, 1.5, (n, 1))
        phase = rng.uniform(-0.8, 0.8, (n, 1))
        X = X + amplitude * np.cos(2 * np.pi * (1 + i * 1.7) * t + phase)
    return with_noise(X, noise, rng)


def rational(rng, n, d, D, noise):
    """Draw features that are ratios of a linear and a quadratic function."""
    Z = coordinates(n, d, rng, are_uniform=True)
    A, B = rng.normal(size=(2, d, D)) / np.sqrt(d)
    return with_noise((Z @ A) / (1 + 0.5 * (Z @ B) ** 2), noise, rng)


def deep_network(rng, n, d, D, noise=0.05, kind="normal"):
    """Draw features from a random network of two layers."""
    H = coordinates(n, d, rng)
    for width in (50, 50):
        into = 1.3 * H @ rng.normal(size=(H.shape[1], width)) / np.sqrt(H.shape[1])
        H = np.tanh(into + 0.3 * rng.normal(size=width))
    return with_noise(H @ rng.normal(size=(50, D)) / 7, noise, rng, kind)


def mixtures(rng, n, d, D):
    """Draw logarithms of mixtures of d + 1 substances, in all proportions."""
    shares = rng.dirichlet(np.ones(d + 1), n)
    substances = np.abs(rng.normal(size=(d + 1, D)))
    return with_noise(np.log(0.1 + shares @ substances), 0.02, rng)


def steps(rng, n, d, D, levels=6):
    """Draw sines rounded to a few levels."""
    return np.round(standardised(sines(rng, n, d, D, 1.0, 0.05)) * levels / 4)


def duplicates(rng, n, d, D):
    """Draw features from a network, where each row comes twice."""
    X = deep_network(rng, n // 2, d, D, 0.03)
    return np.vstack([X, X])[rng.permutation(2 * (n // 2))]


def network_and_noise(rng, n, d, D, n_noise):
    """Draw features from a network, and columns of uniform noise beside them."""
    X = standardised(deep_network(rng, n, d, D))
    return np.hstack([X, rng.uniform(-1.7, 1.7, (n, n_noise))])


def outlying_rows(rng, n, d, D):
    """Draw features from a network, with 3 % of the rows replaced by noise."""
    X = standardised(deep_network(rng, n, d, D, 0.03))
    rows = rng.random(n) < 0.03
    X[rows] = rng.normal(size=(rows.sum(), D)) * 4
    return X


def cube(rng, n, D):
    """Draw independent uniform features."""
    return rng.uniform(-1, 1, (n, D))


def pink_noise(rng, n, D):
    """Draw noise along the features whose power falls with the frequency."""
    spectrum = np.fft.rfft(rng.normal(size=(n, D)), axis=1)
    frequency = np.arange(spectrum.shape[1])
    frequency[0] = 1
    return np.fft.irfft(spectrum / np.sqrt(frequency), n=D, axis=1)


def walks_along_features(rng, n, D):
    """Draw random walks, a row each, from feature to feature."""
    return np.cumsum(rng.normal(size=(n, D)), 1)


def correlated_laplace(rng, n, D):
    """Draw heavy-tailed features, all with the same correlation."""
    return rng.laplace(size=(n, D)) @ np.linalg.cholesky(0.3 + 0.7 * np.eye(D)).T


# What is known of a set, from its arguments: d, and how many units may be needed


def twice(n, d, *_):
    """Return d and 2 d, in which a manifold embeds (Whitney, 1944)."""
    return d, 2 * d


def exactly(n, d, *_):
    """Return d twice, as a linear space has one dimension."""
    return d, d


def closed(n, d, *_):
    """Return those of a sphere."""
    return d, d + 1


def nothing(*_):
    """Return zeros: there is no low dimension."""
    return 0, 0


def _always(d, e):
    return lambda *_: (d, e)


SETTLED = [
    Family(
        "polynomials",
        "polynomials",
        polynomials,
        twice,
        [
            (60, 2, 15, 2, 0, False),
            (300, 3, 20, 2, 0.05, True),
            (800, 3, 25, 3, 0, False),
            (1000, 4, 20, 3, 0, True),
            (1000, 4, 200, 3, 0, False),
            (500, 5, 40, 2, 0.1, True),
            (2000, 7, 50, 2, 0.02, False),
            (150, 1, 15, 3, 0.05, True),
            (2000, 10, 60, 2, 0, False),
        ],
    ),
    Family(
        "sines",
        "sines",
        sines,
        twice,
        [
            (600, 2, 30, 1.5, 0.1),
            (1000, 3, 40, 1.2, 0.05),
            (2000, 5, 40, 1.0, 0.1),
            (120, 2, 20, 1.0, 0.1),
            (400, 1, 30, 3.0, 0.02),
            (1500, 8, 100, 0.8, 0.05),
            (2000, 2, 60, 2.5, 0.3),
        ],
    ),
    Family(
        "relu networks",
        "relu-network",
        relu_network,
        twice,
        [
            (1000, 4, 30, 0),
            (1000, 4, 25, 0.1, "heavy"),
            (200, 3, 20, 0.05),
            (2000, 6, 80, 0.05, "laplace"),
            (500, 2, 300, 0.3),
            (2000, 12, 100, 0.02),
            (300, 5, 30, 0.1, "heavy"),
        ],
    ),
    Family(
        "noise columns",
        "sines-and-noise",
        sines_and_noise,
        twice,
        [(1000, 2, 10, 20), (500, 3, 15, 10), (2000, 4, 30, 60), (200, 1, 8, 8)],
    ),
    Family(
        "gross errors",
        "gross-errors",
        gross_errors,
        twice,
        [(1000, 3, 20, 0.01), (500, 2, 15, 0.02), (2000, 5, 50, 0.005)],
    ),
    Family(
        "pictures",
        "blobs",
        blobs,
        lambda n, varies_in_size, noise: (2 + varies_in_size, 2 + varies_in_size),
        [
            (1000, False, 0),
            (500, False, 0.05),
            (2000, True, 0),
            (1000, True, 0.02),
        ],
    ),
    Family(
        "closed surfaces",
        "sphere",
        sphere,
        closed,
        [
            (1000, 1, 15, 0.02),
            (1000, 2, 20, 0.1),
            (2000, 4, 40, 0.02),
            (200, 1, 20, 0.1),
        ],
    ),
    Family(
        "closed surfaces",
        "torus",
        torus,
        _always(2, 3),
        [(1000, 20, 0.05), (400, 50, 0.02)],
    ),
    Family(
        "linear",
        "linear",
        linear,
        exactly,
        [
            (300, 3, 20, 0.2),
            (1000, 5, 60, 0.3),
            (100, 2, 30, 0.2),
            (2000, 10, 40, 0.1),
            (500, 15, 100, 0.2),
        ],
    ),
    Family(
        "clusters", "clusters", clusters, twice, [(600, 2, 20, 4), (1500, 3, 40, 8)]
    ),
    Family(
        "nothing",
        "white-noise",
        white_noise,
        nothing,
        [(500, 20), (2000, 20), (200, 50), (1000, 100)],
    ),
    Family(
        "nothing",
        "coloured-noise",
        coloured_noise,
        nothing,
        [(500, 30, 0.5), (1000, 20, 0.8), (2000, 60, 0.9)],
    ),
    Family(
        "nothing",
        "power-law",
        power_law,
        nothing,
        [(1000, 30, 1.0), (500, 60, 1.5), (2000, 100, 0.7), (1000, 40, 2.0)],
    ),
    Family("nothing", "walks", walks_along_rows, nothing, [(500, 20), (1000, 40)]),
]

HELD_APART = [
    Family(
        "bumps",
        "bumps",
        bumps,
        twice,
        [
            (1000, 2, 40, 0.5, 0.05),
            (300, 1, 30, 0.4, 0.1),
            (2000, 3, 100, 0.6, 0.05),
            (1500, 5, 120, 0.8, 0.02),
            (80, 2, 25, 0.7, 0.02),
        ],
    ),
    Family(
        "arms",
        "arm",
        arm,
        twice,
        [(1000, 3, 6, 0), (500, 2, 10, 0.05), (2000, 6, 6, 0.02), (150, 3, 8, 0.02)],
    ),
    Family(
        "spectra",
        "spectra",
        spectra,
        lambda n, n_peaks, D, noise, have_heights: 2 * (n_peaks * (1 + have_heights),),
        [
            (800, 2, 100, 0.02, False),
            (800, 2, 100, 0.05, True),
            (2000, 4, 400, 0.02, False),
            (100, 1, 60, 0.02, True),
            (1500, 4, 60, 0.02, True),
        ],
    ),
    Family(
        "other pictures",
        "bars",
        bars,
        lambda n, moves, noise: (1 + moves, 1 + moves),
        [(1000, False, 0), (500, True, 0), (2000, True, 0.05)],
    ),
    Family(
        "oscillations",
        "oscillations",
        oscillations,
        lambda n, n_waves, *_: (2 * n_waves, 2 * n_waves),
        [(1000, 1, 30, 0.05), (1000, 2, 50, 0.05), (2000, 3, 60, 0.02)],
    ),
    Family(
        "rational functions",
        "rational",
        rational,
        twice,
        [
            (1000, 3, 30, 0.03),
            (400, 2, 20, 0.1),
            (2000, 6, 60, 0.02),
            (60, 1, 15, 0.05),
        ],
    ),
    Family(
        "deep networks",
        "deep-network",
        deep_network,
        twice,
        [
            (1000, 4, 40, 0.05),
            (2000, 8, 64, 0.05),
            (500, 3, 30, 0.1, "unequal"),
            (300, 2, 200, 0.2),
            (1000, 5, 30, 0.1, "heavy"),
            (2000, 15, 100, 0.01),
        ],
    ),
    Family("mixtures", "mixtures", mixtures, twice, [(500, 3, 25), (1000, 5, 40)]),
    Family("steps", "steps", steps, twice, [(1000, 2, 25), (1500, 4, 40)]),
    Family("duplicates", "duplicates", duplicates, twice, [(800, 3, 30)]),
    Family(
        "other noise columns",
        "network-and-noise",
        network_and_noise,
        twice,
        [(1000, 3, 20, 20), (400, 2, 12, 24)],
    ),
    Family(
        "outlying rows",
        "outlying-rows",
        outlying_rows,
        twice,
        [(1000, 3, 25), (500, 4, 40)],
    ),
    Family("nothing", "cube", cube, nothing, [(500, 15), (1500, 40)]),
    Family("nothing", "pink-noise", pink_noise, nothing, [(1000, 64), (300, 30)]),
    Family("nothing", "walks", walks_along_features, nothing, [(1000, 50), (300, 20)]),
    Family(
        "nothing",
        "correlated-laplace",
        correlated_laplace,
        nothing,
        [(1000, 20), (200, 40)],
    ),
]
