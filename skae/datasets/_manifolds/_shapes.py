"""Shapes of textbooks: curves and surfaces, mostly in three dimensions.

Each function draws points, as (n_samples, rng) -> X, by the formula that it shows.
"""

import numpy as np

from skae.datasets._cube import make_cube_surface


def columns(*features):
    """Return features as the columns of a matrix."""
    return np.column_stack(features)


def sphere(n_samples, rng, d):
    """Sphere |x| = 1 in d + 1 dimensions, uniformly: normal draws over their norm."""
    X = rng.standard_normal((n_samples, d + 1))
    return X / np.linalg.norm(X, axis=1, keepdims=True)


def torus(n_samples, rng, radius=0.5):
    """Torus (sqrt(x^2 + y^2) - 1)^2 + z^2 = radius^2, uniformly by area.

    The area element is proportional to 1 + radius cos(b) in the angle b of the tube.
    Since that of b and that of pi - b add up to 2, an even b is kept with half of the
    element as probability, and replaced by pi - b otherwise.
    """
    a, b = rng.uniform(0, 2 * np.pi, size=(2, n_samples))
    is_kept = rng.uniform(size=n_samples) < (1 + radius * np.cos(b)) / 2
    b = np.where(is_kept, b, np.pi - b)
    ring = 1 + radius * np.cos(b)
    return columns(ring * np.cos(a), ring * np.sin(a), radius * np.sin(b))


def swiss_roll(n_samples, rng):
    """Swiss roll (t cos t, h, t sin t), t in [1.5 pi, 4.5 pi], h in [0, 21]."""
    t = 1.5 * np.pi * (1 + 2 * rng.uniform(size=n_samples))
    h = rng.uniform(0, 21, size=n_samples)
    return columns(t * np.cos(t), h, t * np.sin(t))


def s_curve(n_samples, rng):
    """Letter S (sin t, h, sign(t) (cos t - 1)), t in [-1.5 pi, 1.5 pi], h in [0, 2]."""
    t = rng.uniform(-1.5 * np.pi, 1.5 * np.pi, size=n_samples)
    h = rng.uniform(0, 2, size=n_samples)
    return columns(np.sin(t), h, np.sign(t) * (np.cos(t) - 1))


def band(n_samples, rng, half_twists):
    """Band of width 1 around the unit circle, closed, and twisted on its way.

    With r = 1 + w cos(h a / 2): (r cos a, r sin a, w sin(h a / 2)), where h are the
    half twists, a in [0, 2 pi] and w in [-1/2, 1/2]. It has one side for an odd number
    of half twists, and is a ring in disguise for an even one.
    """
    a = rng.uniform(0, 2 * np.pi, size=n_samples)
    w = rng.uniform(-0.5, 0.5, size=n_samples)
    r = 1 + w * np.cos(half_twists * a / 2)
    return columns(r * np.cos(a), r * np.sin(a), w * np.sin(half_twists * a / 2))


def helix(n_samples, rng):
    """Helix (cos t, sin t, t / pi), t in [0, 4 pi]: two turns of a spring."""
    t = rng.uniform(0, 4 * np.pi, size=n_samples)
    return columns(np.cos(t), np.sin(t), t / np.pi)


def spiral(n_samples, rng):
    """Spiral (t cos t, t sin t) / pi, t in [pi, 5 pi]: two turns in the plane."""
    t = rng.uniform(np.pi, 5 * np.pi, size=n_samples)
    return columns(t * np.cos(t), t * np.sin(t)) / np.pi


def cube_surface(n_samples, rng):
    """Surface of a cube, max(|x|, |y|, |z|) = 1, see `make_cube_surface`."""
    return make_cube_surface(n_samples, random_state=rng)
