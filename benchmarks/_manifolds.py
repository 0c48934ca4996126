"""The manifolds on which estimators of the intrinsic dimension are compared.

They are the 24 of `skdim.datasets.BenchmarkManifolds`, by that package's own code. The
suite of skae has 14 of them by the same formulas, and the rolls M7 and M13a as
"swiss-roll" and "s-curve"; it lacks M9, M10a to d, M12, Mn1 and Mn2.
"""

import numpy as np
from _families import Known

__all__ = ["benchmark_manifolds"]

# d, e: of the smallest space that the manifold embeds in. M9 and M12 fill their space,
# which d = 0 stands for.
DIMENSIONS = {
    "M1_Sphere": (10, 11),
    "M2_Affine_3to5": (3, 3),
    "M3_Nonlinear_4to6": (4, 4),
    "M4_Nonlinear": (4, 4),
    "M5a_Helix1d": (1, 2),
    "M5b_Helix2d": (2, 2),
    "M6_Nonlinear": (6, 6),
    "M7_Roll": (2, 2),
    "M8_Nonlinear": (12, 12),
    "M9_Affine": (0, 0),
    "M10a_Cubic": (10, 11),
    "M10b_Cubic": (17, 18),
    "M10c_Cubic": (24, 25),
    "M10d_Cubic": (70, 71),
    "M11_Moebius": (2, 2),
    "M12_Norm": (0, 0),
    "M13a_Scurve": (2, 2),
    "M13b_Spiral": (1, 1),
    "Mbeta": (10, 10),
    "Mn1_Nonlinear": (18, 18),
    "Mn2_Nonlinear": (24, 24),
    "Mp1_Paraboloid": (3, 3),
    "Mp2_Paraboloid": (6, 6),
    "Mp3_Paraboloid": (9, 9),
}


def benchmark_manifolds(seed=0, n_samples=2_000):
    """Yield the manifolds; each has random numbers of its own."""
    from skdim.datasets import BenchmarkManifolds  # an extra

    for number, (name, (d, e)) in enumerate(DIMENSIONS.items()):
        own_seed = int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
        manifolds = BenchmarkManifolds(random_state=own_seed)
        truth, D, _ = manifolds.truth.loc[name]
        X = manifolds.generate(name=name, n=n_samples, dim=D, d=truth)
        yield Known(name, _family(d), X, d, e)


def _family(d):
    if not d:
        return "nothing"
    return "1 or 2" if d < 3 else "3 to 9" if d < 10 else "10 to 70"
