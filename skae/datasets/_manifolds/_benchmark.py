"""Manifolds on which estimators of the intrinsic dimension are compared.

Each function draws points, as (n_samples, rng) -> X, by the formula that it shows; u
are uniform on [0, 1]. The selection, with its numbers, is that of Hein & Audibert
(2005), Rozza et al. (2012) and Campadelli et al. (2015).
"""

import numpy as np

from skae.datasets._manifolds._shapes import columns

# A basis (columns) and an origin, of an affine space of three dimensions in five.
_BASIS = np.array(
    [
        [1.2, -0.5, 0.0],
        [0.5, 0.9, 0.0],
        [-0.5, -0.2, 1.0],
        [0.4, -0.9, -0.1],
        [1.1, -0.3, 0.0],
    ]
)
_ORIGIN = np.array([3.0, -1.0, 0.0, 0.0, 8.0])


def affine(n_samples, rng):
    """Affine subspace M2: A z + b for a fixed A of shape (5, 3), z in [0, 4]^3."""
    return rng.uniform(0, 4, size=(n_samples, 3)) @ _BASIS.T + _ORIGIN


def concentrated(n_samples, rng):
    """Manifold M3: six polynomials and waves of four numbers, easily taken for three.

    (b^2 cos 2 pi a, c^2 sin 2 pi a, b + c + (b - d)^2, b - 2 c + (a - d)^2,
    -b - 2 c + (c - d)^2, a^2 - b^2 + c^2 - d^2), u = (a, b, c, d).
    """
    a, b, c, d = rng.uniform(size=(4, n_samples))
    return columns(
        b**2 * np.cos(2 * np.pi * a),
        c**2 * np.sin(2 * np.pi * a),
        b + c + (b - d) ** 2,
        b - 2 * c + (a - d) ** 2,
        -b - 2 * c + (c - d) ** 2,
        a**2 - b**2 + c**2 - d**2,
    )


def chained_waves(n_samples, rng, d, copies):
    """M4, M6, M8: (u_{i+1} cos 2 pi u_i, u_{i+1} sin 2 pi u_i), i = 1..d in a circle.

    The 2 d features are repeated, as often as `copies` says.
    """
    u = rng.uniform(size=(n_samples, d))
    radius = np.roll(u, -1, axis=1)
    pairs = [radius * np.cos(2 * np.pi * u), radius * np.sin(2 * np.pi * u)]
    return np.tile(np.stack(pairs, axis=2).reshape(n_samples, 2 * d), copies)


def wound_curve(n_samples, rng):
    """Manifold M5a: a closed curve that goes eight times around a torus on its way.

    ((2 + cos 8 t) cos t, (2 + cos 8 t) sin t, sin 8 t), t in [0, 2 pi].
    """
    t = rng.uniform(0, 2 * np.pi, size=n_samples)
    ring = 2 + np.cos(8 * t)
    return columns(ring * np.cos(t), ring * np.sin(t), np.sin(8 * t))


def helicoid(n_samples, rng):
    """Helicoid M5b: (r cos t, r sin t, t / 2), both r and t in [0, 10 pi]."""
    r, t = rng.uniform(0, 10 * np.pi, size=(2, n_samples))
    return columns(r * np.cos(t), r * np.sin(t), t / 2)


def cube(n_samples, rng, d, half_side=2.5):
    """Cube M9: uniform in a cube of as many dimensions as features."""
    return rng.uniform(-half_side, half_side, size=(n_samples, d))


def hypercube_surface(n_samples, rng, d):
    """Hypercube's surface M10: uniform on the faces of [0, 1]^(d + 1)."""
    X = rng.uniform(size=(n_samples, d + 1))
    axis = rng.randint(d + 1, size=n_samples)
    X[np.arange(n_samples), axis] = rng.randint(2, size=n_samples)
    return X


def normal(n_samples, rng, d):
    """Cloud M12: a standard normal law."""
    return rng.standard_normal((n_samples, d))


def long_helix(n_samples, rng):
    """M13b: (100 cos t, 100 sin t, t, 0, ..., 0) in 13 features, t in [0, 10 pi]."""
    t = rng.uniform(0, 10 * np.pi, size=n_samples)
    X = columns(100 * np.cos(t), 100 * np.sin(t), t)
    return np.pad(X, [(0, 0), (0, 10)])


def beta_waves(n_samples, rng, d):
    """Mbeta: x sin(cos 2 pi x) and x cos(sin 2 pi x), each twice, x ~ Beta(10, 1/2).

    A density that is far from even: nearly all x are near 1. Each pair is a curve,
    which crosses itself where x is below 0.64: in a thousandth of the cases.
    """
    x = rng.beta(10, 0.5, size=(n_samples, d))
    wave = 2 * np.pi * x
    features = [x * np.sin(np.cos(wave)), x * np.cos(np.sin(wave))]
    return np.tile(np.hstack(features), 2)


def tangents(n_samples, rng, d):
    """Mn: tan(u_i cos u_j) and arctan(u_j sin u_i), each twice, j = d + 1 - i."""
    u = rng.uniform(size=(n_samples, d))
    mirrored = u[:, ::-1]
    features = [np.tan(u * np.cos(mirrored)), np.arctan(mirrored * np.sin(u))]
    return np.tile(np.hstack(features), 2)


def paraboloid(n_samples, rng, d):
    """Mp: (y, sin y, y^2) of a paraboloid y = (x, |x|^2), x of a Burr law.

    x_i = 1 / (1 + E_i / E_0) of d + 1 exponential draws E.
    """
    E = rng.exponential(size=(n_samples, d + 1))
    x = 1 / (1 + E[:, 1:] / E[:, :1])
    y = columns(x, np.square(x).sum(axis=1))
    return np.hstack([y, np.sin(y), y**2])
