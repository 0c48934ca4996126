"""Manifolds by name."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from sklearn.utils import check_random_state

from skae._sklearn import validate_params
from skae.datasets._manifolds import _benchmark as benchmark
from skae.datasets._manifolds import _shapes as shapes
from skae.datasets._manifolds._base import CONSTRAINTS, Manifold, with_noise
from skae.registry import unknown_name


@dataclass(frozen=True)
class Recipe:
    """Function that draws a manifold, (n_samples, rng) -> X, and its two dimensions."""

    draw: Callable
    intrinsic_dimension: int
    embedding_dimension: int


def _sphere(d):
    return Recipe(partial(shapes.sphere, d=d), d, d + 1)


def _flat(draw, dimension, **kwargs):
    """Return the recipe of a manifold that unfolds into its own dimension."""
    return Recipe(partial(draw, **kwargs), dimension, dimension)


def _hypercube_surface(d):
    return Recipe(partial(benchmark.hypercube_surface, d=d), d, d + 1)


RECIPES = {
    "circle": _sphere(1),
    "sphere": _sphere(2),
    "torus": Recipe(shapes.torus, 2, 3),
    "cube-surface": Recipe(shapes.cube_surface, 2, 3),
    "swiss-roll": _flat(shapes.swiss_roll, 2),
    "s-curve": _flat(shapes.s_curve, 2),
    "moebius": Recipe(partial(shapes.band, half_twists=1), 2, 3),
    "helix": _flat(shapes.helix, 1),
    "spiral": _flat(shapes.spiral, 1),
    "m1-sphere": _sphere(10),
    "m2-affine": _flat(benchmark.affine, 3),
    "m3-nonlinear": _flat(benchmark.concentrated, 4),
    "m4-nonlinear": _flat(benchmark.chained_waves, 4, d=4, copies=1),
    "m5a-helix": Recipe(benchmark.wound_curve, 1, 2),
    "m5b-helix": _flat(benchmark.helicoid, 2),
    "m6-nonlinear": _flat(benchmark.chained_waves, 6, d=6, copies=3),
    "m7-roll": _flat(shapes.swiss_roll, 2),
    "m8-nonlinear": _flat(benchmark.chained_waves, 12, d=12, copies=3),
    "m9-affine": _flat(benchmark.cube, 20, d=20),
    "m10a-cubic": _hypercube_surface(10),
    "m10b-cubic": _hypercube_surface(17),
    "m10c-cubic": _hypercube_surface(24),
    "m10d-cubic": _hypercube_surface(70),
    "m11-moebius": _flat(shapes.band, 2, half_twists=10),
    "m12-normal": _flat(benchmark.normal, 20, d=20),
    "m13a-scurve": _flat(shapes.s_curve, 2),
    "m13b-spiral": _flat(benchmark.long_helix, 1),
    "mbeta": _flat(benchmark.beta_waves, 10, d=10),
    "mn1-nonlinear": _flat(benchmark.tangents, 18, d=18),
    "mn2-nonlinear": _flat(benchmark.tangents, 24, d=24),
    "mp1-paraboloid": _flat(benchmark.paraboloid, 3, d=3),
    "mp2-paraboloid": _flat(benchmark.paraboloid, 6, d=6),
    "mp3-paraboloid": _flat(benchmark.paraboloid, 9, d=9),
}


def manifold_names():
    """Return the sorted names that `make_manifold` knows.

    Returns
    -------
    names : list of str
        The names.

    Examples
    --------
    >>> from skae.datasets import manifold_names
    >>> [name for name in manifold_names() if not name.startswith("m")]
    ['circle', 'cube-surface', 'helix', 's-curve', 'sphere', 'spiral', 'swiss-roll',
     'torus']
    """
    return sorted(RECIPES)


@validate_params({"name": [str], **CONSTRAINTS}, prefer_skip_nested_validation=True)
def make_manifold(
    name,
    n_samples=2000,
    *,
    noise=0.0,
    random_state=None,
):
    """Draw points from a manifold of known dimension.

    Parameters
    ----------
    name : str
        One of `manifold_names`, see the notes.
    n_samples : int, default=2000
        Number of points.
    noise : float, default=0.0
        Standard deviation of Gaussian noise on each feature, as a fraction of the
        feature's own. Raising it lifts the points off the manifold. Constant features
        stay constant.
    random_state : int, RandomState instance or None, default=None
        An int draws the same points each time, and with noise the same ones plus it.

    Returns
    -------
    manifold : Manifold
        With the points `X`, `intrinsic_dimension` d and `embedding_dimension` e.

    Raises
    ------
    UnknownNameError
        If there is no such manifold; the message lists the names and the closest one.

    Notes
    -----
    As d, e and the number of features D:

    =============================== ============================================
    name                            what it is (d, e, D)
    =============================== ============================================
    circle, sphere                  norm 1 (1, 2, 2 and 2, 3, 3)
    torus, cube-surface             closed surfaces (2, 3, 3)
    swiss-roll, s-curve             rolled-up sheets (2, 2, 3)
    moebius                         band with one half twist (2, 3, 3)
    helix, spiral                   curves with ends (1, 1, 3 and 1, 1, 2)
    m1-sphere                       sphere (10, 11, 11)
    m2-affine                       affine space (3, 3, 5)
    m3-nonlinear                    concentrated figure (4, 4, 6)
    m4-, m6-, m8-nonlinear          waves of waves (4, 4, 8; 6, 6, 36; 12, 12, 72)
    m5a-helix                       closed curve on a torus (1, 2, 3)
    m5b-helix                       helicoid (2, 2, 3)
    m7-roll, m13a-scurve            the Swiss roll and the S-curve
    m9-affine, m12-normal           full cube, normal law (20, 20, 20)
    m10a-, b-, c-, d-cubic          cubes' surfaces (10, 17, 24, 70; e, D = d + 1)
    m11-moebius                     band with ten half twists, a ring (2, 2, 3)
    m13b-spiral                     five turns, ten constant features (1, 1, 13)
    mbeta                           uneven density (10, 10, 40)
    mn1-, mn2-nonlinear             tangents (18, 18, 72; 24, 24, 96)
    mp1-, mp2-, mp3-paraboloid      paraboloids (3, 3, 12; 6, 6, 21; 9, 9, 30)
    =============================== ============================================

    e is that of the set of parameters. Figure m3 touches itself at its edges, and mbeta
    crosses itself where hardly any points are.

    References
    ----------
    Hein & Audibert (2005), "Intrinsic dimensionality estimation of submanifolds in
    R^d", ICML. Rozza, Lombardi, Ceruti, Casiraghi & Campadelli (2012), "Novel high
    intrinsic dimensionality estimators", Machine Learning 89. Campadelli, Casiraghi,
    Ceruti & Rozza (2015), "Intrinsic dimension estimation: relevant techniques and a
    benchmark framework", Mathematical Problems in Engineering 2015.

    Examples
    --------
    >>> from skae.datasets import make_manifold
    >>> torus = make_manifold("torus", 500, random_state=0)
    >>> torus.X.shape, torus.intrinsic_dimension, torus.embedding_dimension
    ((500, 3), 2, 3)
    """
    if name not in RECIPES:
        raise unknown_name("manifold", name, RECIPES)
    recipe, rng = RECIPES[name], check_random_state(random_state)
    X = with_noise(recipe.draw(n_samples, rng), noise, rng)
    return Manifold(
        X, name, recipe.intrinsic_dimension, recipe.embedding_dimension, noise
    )
