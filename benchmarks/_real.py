"""Pictures and motions with a dimension that the literature accepts.

- A handwritten digit (`sklearn.datasets.load_digits`), turned by up to 60 degrees
  (d = 1), shifted (2), or both (3), by construction.
- The equation of Kuramoto and Sivashinsky on a ring of length 22, whose motions lie on
  a manifold of 8 dimensions: Ding et al., Physical Review Letters 117, 024101 (2016);
  Zeng et al., arXiv:2305.01090, from whom the 64 points are.
- A double pendulum, seen at two moments, with two angles and two speeds (d = 4): Chen
  et al., Nature Computational Science 2, 433 (2022), who say 4 by films of a real one.

The faces of Tenenbaum et al., Science 290, 2319 (2000), of dimension 3, are in no
package that we know of.
"""

import numpy as np
from _families import Known
from scipy.ndimage import affine_transform, zoom
from sklearn.datasets import load_digits

__all__ = ["real"]

SIDE, DIGIT = 24, 16


def real(seed=0):
    """Yield the sets; each has random numbers of its own."""
    made = (
        ("rotated-digit", "pictures", turned_digits, 1, 1),
        ("shifted-digit", "pictures", shifted_digits, 2, 2),
        ("moved-digit", "pictures", moved_digits, 3, 3),
        ("kuramoto-sivashinsky", "motions", kuramoto_sivashinsky, 8, 8),
        ("double-pendulum", "motions", double_pendulum, 4, 4),
    )
    for number, (name, family, make, d, e) in enumerate(made):
        yield Known(name, family, make(np.random.default_rng([seed, number])), d, e)


# Pictures


def turned_digits(rng):
    return moves_of_a_digit(rng, pixels=0)


def shifted_digits(rng):
    return moves_of_a_digit(rng, degrees=0)


def moved_digits(rng):
    return moves_of_a_digit(rng)


def moves_of_a_digit(rng, n=1_500, degrees=60, pixels=3):
    """Draw pictures of one digit that turns and shifts, on a larger ground."""
    digits = load_digits().images
    digit = zoom(digits[rng.integers(len(digits))], DIGIT / 8, order=1)
    picture = np.pad(digit, (SIDE - DIGIT) // 2)
    angles = np.deg2rad(rng.uniform(-degrees, degrees, n))
    shifts = rng.uniform(-pixels, pixels, (n, 2))
    moves = zip(angles, shifts, strict=True)
    return np.stack([moved(picture, *move).ravel() for move in moves])


def moved(picture, angle, shift):
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    centre = (np.array(picture.shape) - 1) / 2
    return affine_transform(picture, turn, centre - turn @ (centre + shift), order=1)


# Motions


def kuramoto_sivashinsky(rng, n_motions=50, n_times=40, n_points=64, length=22.0):
    """Draw states of ``u_t = -u u_x - u_xx - u_xxxx``, 5 units of time apart.

    By exponential time differencing of fourth order, steps of 1/4; Kassam, Trefethen,
    SIAM Journal on Scientific Computing 26 (2005). Motions start near zero, and are
    followed for 500 units of time before they are looked at.
    """
    k = 2 * np.pi * np.fft.rfftfreq(n_points, length / n_points)
    advance = exponential_steps(k**2 - k**4, lambda v: _advection(v, k), h=0.25)
    v = np.fft.rfft(0.1 * rng.normal(size=(n_motions, n_points)))
    v[:, 0] = 0  # the mean never changes
    for _ in range(2_000):
        v = advance(v)
    states = []
    for _ in range(n_times):
        for _ in range(20):
            v = advance(v)
        states.append(np.fft.irfft(v, n_points))
    return np.concatenate(states)


def _advection(v, k):
    n_points = 2 * (v.shape[-1] - 1)
    return -0.5j * k * np.fft.rfft(np.fft.irfft(v, n_points) ** 2)


def exponential_steps(linear, nonlinear, h, n_roots=32):
    """Return the step of ETDRK4 for ``v_t = linear v + nonlinear(v)``."""
    # means over a circle around each hL: at zero the formulas are 0 / 0
    roots = np.exp(1j * np.pi * (np.arange(1, n_roots + 1) - 0.5) / n_roots)
    z = h * linear[:, None] + roots
    grown, by_half = np.exp(h * linear), np.exp(h * linear / 2)

    def mean(values):
        return h * values.mean(1).real

    half = mean((np.exp(z / 2) - 1) / z)
    first = mean((-4 - z + np.exp(z) * (4 - 3 * z + z**2)) / z**3)
    middle = mean((2 + z + np.exp(z) * (z - 2)) / z**3)
    last = mean((-4 - 3 * z - z**2 + np.exp(z) * (4 - z)) / z**3)

    def step(v):
        at_v = nonlinear(v)
        a = by_half * v + half * at_v
        at_a = nonlinear(a)
        at_b = nonlinear(by_half * v + half * at_a)
        at_c = nonlinear(by_half * a + half * (2 * at_b - at_v))
        return grown * v + first * at_v + 2 * middle * (at_a + at_b) + last * at_c

    return step


def double_pendulum(rng, n=2_000, apart=0.1, h=0.005):
    """Draw eight points along a double pendulum at two moments, 0.1 s apart."""
    angles = rng.uniform(-np.pi / 2, np.pi / 2, (2, n))
    state = later = np.stack([*angles, *rng.uniform(-4, 4, (2, n))])
    for _ in range(round(apart / h)):
        later = runge_kutta(pendulum_rates, later, h)
    return np.hstack([pendulum_points(state), pendulum_points(later)])


def pendulum_rates(state, g=9.81):
    """Return the rates of two angles and speeds; rods and weights of size one."""
    a, b, p, q = state
    sine, cosine = np.sin(a - b), np.cos(a - b)
    below = 2 - cosine**2
    pull_a, pull_b = -(q**2) * sine - 2 * g * np.sin(a), p**2 * sine - g * np.sin(b)
    return np.stack(
        [
            p,
            q,
            (pull_a - cosine * pull_b) / below,
            (2 * pull_b - cosine * pull_a) / below,
        ]
    )


def runge_kutta(rates, state, h):
    first = rates(state)
    second = rates(state + h / 2 * first)
    third = rates(state + h / 2 * second)
    fourth = rates(state + h * third)
    return state + h / 6 * (first + 2 * second + 2 * third + fourth)


def pendulum_points(state):
    a, b = state[0][:, None], state[1][:, None]
    along = np.arange(1, 5) / 4
    x = np.hstack([np.sin(a) * along, np.sin(a) + np.sin(b) * along])
    y = np.hstack([np.cos(a) * along, np.cos(a) + np.cos(b) * along])
    return np.hstack([x, y])
