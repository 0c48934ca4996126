"""Ways to choose a latent dimension compared on data whose dimension is known.

    python benchmarks/latent_dimension.py [--seed 0 | --seeds 0 1 2]
        [--sets suite settled apart independent manifolds real]
        [--only sphere torus] [--peers] [--separate] [--plot PATH] [--seconds]

Sets are those of `skae.datasets.manifold_suite`, families on which choices were settled
too, families held apart from that (see `_families.py`), families drawn by someone who
did not know how the choice is made (see `_independent.py`), the manifolds of
scikit-dimension (`_manifolds.py`), and pictures and motions with a dimension that the
literature accepts (`_real.py`). For each set: its numbers of rows and features, the
intrinsic dimension d, the largest number of units e that a code may need, and what each
way says, all on rows whose features are standardised, or share one scale in the last:

- default: `select_dimension` in a stack, with its interval and verdict;
- bend: where the curve of the nested fits alone bends, from the evidence of the same
  call;
- separate: `select_dimension(curve="separate")`, the shortest description by a fit for
  each dimension; slow, and so by ``--separate`` only;
- VAE's units: the active units of the default `VAE` with 20 units, or one fewer than
  there are features; IRMAE-WD, Least Volume, active units: trained peers (see
  `_peers.py`). By ``--peers``, or those that are named after it;
- GRIDE, its plateau, and GRIDE 8, from the 8th and 16th neighbours; MLE of Levina and
  Bickel; CorrInt; TwoNN; L2N2: estimators from the distances of neighbours, rounded;
- PCA 95 %: components that keep 95 % of the variance; Minka: ``PCA("mle")``, for no
  fewer rows than features; participation: (sum of variances)^2 / sum of their squares,
  rounded.

Then, for each source and family: how often each way is exact, within [d, e], and within
one of that, with its median seconds, pooled over seeds; what each verdict of the
default is worth, with how often it is given where there is no low dimension, which
d = 0 stands for; and the sets for which the default is not within [d, e]. ``--plot``
draws what verdicts promise against how often they are right.

``--seconds`` prints, instead of all that, how long `select_dimension` takes in a stack
for data of three sizes: a usual one, by separate fits too; many rows; and few.
"""

import argparse
import sys
import time
import warnings
from collections import Counter
from statistics import median
from typing import NamedTuple

import numpy as np
from _calibration import draw_calibration
from _families import Known, deep_network, held_apart, relu_network, settled_on
from _independent import independent
from _manifolds import benchmark_manifolds
from _peers import active_units, irmae_wd, least_volume
from _real import real
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from skae import VAE, select_dimension, stacked
from skae.datasets import manifold_suite
from skae.information import (
    correlation_dimension,
    gride,
    gride_scales,
    l2n2,
    levina_bickel,
    two_nn,
)

# Of a variational autoencoder whose superfluous units are to switch off.
UNITS = 20


def suite(seed):
    """Yield the manifolds of `manifold_suite` as `Known` sets."""
    for manifold in manifold_suite(random_state=seed):
        kind = manifold.name.split("-")[0]
        family = kind if kind in ("smooth", "linear", "sphere") else "textbook"
        d, e = manifold.intrinsic_dimension, manifold.embedding_dimension
        yield Known(manifold.name, family, manifold.X, d, e)


def by_feature(X):
    return StandardScaler().fit_transform(X)


def by_one_scale(X):
    """Centre features and divide all by one number, as of the pixels of pictures."""
    return (X - X.mean(0)) / X.std(0).max()


class Source(NamedTuple):
    """Known sets, ``draw(seed)``, and how their rows are scaled."""

    title: str
    draw: callable
    scaled: callable = by_feature


SOURCES = {
    "suite": Source("suite", suite),
    "settled": Source("settled on", settled_on),
    "apart": Source("held apart", held_apart),
    "independent": Source("drawn independently", independent),
    "manifolds": Source("scikit-dimension's", benchmark_manifolds),
    "real": Source("accepted answers", real, by_one_scale),
}


# Ways: functions of standardised rows


def components_of_most(rows, share=0.95):
    kept = np.cumsum(PCA(svd_solver="full").fit(rows).explained_variance_ratio_)
    return 1 + int(np.argmax(kept >= share))


def minka(rows):
    n_samples, n_features = rows.shape
    if n_samples < n_features:
        return None
    return PCA("mle", svd_solver="full").fit(rows).n_components_


def participation_ratio(rows):
    variances = PCA(svd_solver="full").fit(rows).explained_variance_
    return variances.sum() ** 2 / np.square(variances).sum()


ESTIMATORS = {
    "GRIDE": lambda rows: gride_scales(rows).dimension,
    "GRIDE 8": lambda rows: gride(rows, n_neighbors=8),
    "MLE": levina_bickel,
    "CorrInt": correlation_dimension,
    "TwoNN": two_nn,
    "L2N2": l2n2,
    "PCA 95 %": components_of_most,
    "Minka": minka,
    "participation": participation_ratio,
}


def units_of_vae(rows, seed):
    """Return how many units a default `VAE` with too many keeps."""
    n_units = min(UNITS, rows.shape[1] - 1)
    return int(VAE(n_units, random_state=seed).fit(rows).active_units_.sum())


PEERS = {
    "VAE's units": units_of_vae,
    "IRMAE-WD": irmae_wd,
    "Least Volume": least_volume,
    "active units": active_units,
}


class Answer(NamedTuple):
    """What each way says of a set, and the seconds that each has taken."""

    known: Known
    said: dict
    seconds: dict
    selection: object

    @property
    def verdict(self):
        """The verdict of the default."""
        return self.selection.verdict.kind

    def is_right(self, way):
        """Return whether a way is exact, within [d, e] and within one of that."""
        value, d, e = self.said[way], self.known.d, self.known.e
        return value == d, d <= value <= e, d - 1 <= value <= e + 1


def timed(choose, *args, **settings):
    start = time.perf_counter()
    return choose(*args, **settings), time.perf_counter() - start


def chosen(rows, **settings):
    with stacked():
        return select_dimension(rows.astype(np.float32), **settings)


def answers(known, rows, seed, arguments):
    selection, took = timed(chosen, rows, random_state=seed)
    said = {"default": selection.value, "bend": round(selection.evidence[0].says)}
    seconds = {"default": took, "bend": took}
    if arguments.separate:
        separate, seconds["separate"] = timed(
            chosen, rows, random_state=seed, curve="separate"
        )
        said["separate"] = separate.value
    for name in arguments.peers or ():
        said[name], seconds[name] = timed(PEERS[name], rows, seed)
    for name, estimate in ESTIMATORS.items():
        value, seconds[name] = timed(estimate, rows)
        said[name] = None if value is None else round(min(value, rows.shape[1]))
    return Answer(known, said, seconds, selection)


# Tables


def print_head(columns):
    print(f"\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}")


def print_row(cells):
    print(f"| {' | '.join(map(str, cells))} |", flush=True)


def print_set(answer):
    known, selection = answer.known, answer.selection
    low, high = selection.interval or ("", "")
    interval = f"{low} to {high}" if low != high else low
    said = ["" if value is None else value for value in answer.said.values()]
    default, *others = said
    size = known.X.shape
    print_row(
        [known.name, *size, known.d, known.e]
        + [default, interval, answer.verdict, *others]
    )


def print_shares(title, found):
    """Print how often each way is right, on the sets that have a low dimension."""
    found = [answer for answer in found if answer.known.d]
    if not found:
        return
    print_head([f"{title} ({len(found)})", "exact", "in [d, e]", "within one", "s"])
    for way in found[0].said:
        able = [answer for answer in found if answer.said[way] is not None]
        shares = np.mean([answer.is_right(way) for answer in able] or [[0] * 3], axis=0)
        name = way if len(able) == len(found) else f"{way}, of {len(able)}"
        seconds = median(answer.seconds[way] for answer in found)
        print_row([name, *(f"{share:.0%}" for share in shares), f"{seconds:.2g}"])


def print_families(found):
    """Print the same by family, for each way in one cell."""
    found = [answer for answer in found if answer.known.d]
    if not found:
        return
    ways = list(found[0].said)
    print_head(["family, exact / in [d, e] / within one", "sets", *ways])
    for family in dict.fromkeys(answer.known.family for answer in found):
        own = [answer for answer in found if answer.known.family == family]
        print_row([family, len(own), *(_counts(own, way) for way in ways)])


def _counts(found, way):
    able = [answer for answer in found if answer.said[way] is not None]
    counts = np.sum([answer.is_right(way) for answer in able] or [[0] * 3], axis=0)
    return " / ".join(map(str, counts))


def print_verdicts(title, found):
    """Print how often each verdict is given, and what the choice is worth then."""
    of_some = [answer for answer in found if answer.known.d]
    of_none = Counter(answer.verdict for answer in found if not answer.known.d)
    print_head(
        [
            f"{title}, verdict",
            f"of {len(of_some)} with a dimension",
            "choice in [d, e]",
            "promised",
            "interval meets [d, e]",
            f"of {of_none.total()} without",
        ]
    )
    for kind in dict.fromkeys(answer.verdict for answer in found):
        own = [answer for answer in of_some if answer.verdict == kind]
        right = sum(answer.is_right("default")[1] for answer in own)
        probability = next(a for a in found if a.verdict == kind).selection.probability
        promised = "" if probability is None else f"{probability:.0%}"
        counts = f"{right} of {len(own)}", promised, _meeting(own)
        print_row([kind, len(own), *counts, of_none[kind]])


def _meeting(found):
    """Return how many of the intervals have a value in common with [d, e]."""
    pairs = [(a.known, a.selection.interval) for a in found if a.selection.interval]
    met = sum(low <= known.e and high >= known.d for known, (low, high) in pairs)
    return f"{met} of {len(pairs)}" if pairs else ""


def print_failures(title, found):
    """Print the sets for which the default is not within [d, e]."""
    wrong = [answer for answer in found if answer.known.d]
    wrong = [answer for answer in wrong if not answer.is_right("default")[1]]
    words = [f"{a.known.name} {a.said['default']} ({a.verdict})" for a in wrong]
    print(f"\nWrong, {title}: {', '.join(words) or 'none'}.", flush=True)


def print_sets(source, seed, arguments):
    """Print the answers for each set of a source, and return them."""
    found = []
    for known in source.draw(seed):
        if arguments.only and not any(part in known.name for part in arguments.only):
            continue
        found.append(answers(known, source.scaled(known.X), seed, arguments))
        if len(found) == 1:
            print(f"\n## {source.title.capitalize()}, seed {seed}")
            default, *others = found[0].said
            columns = ["set", "rows", "D", "d", "e", default, "interval", "verdict"]
            print_head([*columns, *others])
        print_set(found[-1])
        print(f"{found[-1].seconds['default']:.1f} s", file=sys.stderr)
    return found


def print_source(source, seeds, arguments):
    """Print the answers for a source, and what they are worth over all seeds."""
    found = [a for seed in seeds for a in print_sets(source, seed, arguments)]
    if found:
        print_shares(source.title, found)
        print_families(found)
        print_verdicts(source.title, found)
        print_failures(source.title, found)
    return found


# Seconds

# rows, features, d, generator, share of noise, curves
SIZES = [
    (2_000, 32, 4, relu_network, 0.05, ["nested", "separate"]),
    (20_000, 200, 6, relu_network, 0.05, ["nested"]),
    (60, 2_000, 2, deep_network, 0.1, ["nested"]),
]


def print_seconds(seed):
    """Print how long choices take; by separate fits, too, for the usual size."""
    print_head(["rows", "D", "d", "nested, s", "choice", "separate, s", "choice"])
    for n, D, d, make, noise, curves in SIZES:
        X = make(np.random.default_rng(seed), n, d, D, noise)
        cells = []
        for curve in curves:
            selection, took = timed(chosen, X, random_state=seed, curve=curve)
            cells += [f"{took:.1f}", selection.value]
        print_row([n, D, d, *cells, *[""] * (4 - len(cells))])


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sets", nargs="+", choices=SOURCES, default=[*SOURCES])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seeds", type=int, nargs="+", help="several, pooled")
    parser.add_argument("--only", nargs="+", help="parts of names of sets")
    parser.add_argument(
        "--peers", nargs="*", choices=PEERS, help="slow; all if none is named"
    )
    parser.add_argument("--separate", action="store_true", help="slow")
    parser.add_argument("--plot", metavar="PATH", help="picture of what verdicts keep")
    parser.add_argument("--seconds", action="store_true", help="instead of tables")
    arguments = parser.parse_args()
    if arguments.peers == []:
        arguments.peers = [*PEERS]
    warnings.simplefilter("ignore")
    if arguments.seconds:
        print_seconds(arguments.seed)
        return
    seeds, found = arguments.seeds or [arguments.seed], {}
    for source in (SOURCES[name] for name in arguments.sets):
        found[source.title] = print_source(source, seeds, arguments)
        if arguments.plot:
            draw_calibration(found, arguments.plot)


if __name__ == "__main__":
    main()
