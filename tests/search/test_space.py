from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.decomposition import PCA
from sklearn.model_selection import ParameterSampler
from skopt.space import Categorical, Integer, Real

from skae.search import Architecture
from skae.search.evolution._dimension import Choices, Range
from skae.search.evolution._space import Space

RVS_ONLY = type("Die", (), {"rvs": lambda self, random_state: random_state.randint(6)})


@st.composite
def architectures(draw):
    shallow, narrow = draw(st.integers(0, 3)), draw(st.integers(1, 30))
    deep = shallow + draw(st.integers(0, 3))
    wide = narrow + draw(st.integers(0, 40))
    return Architecture(shallow, deep, narrow, wide, tapered=draw(st.booleans()))


DIMENSIONS = st.one_of(
    architectures(),
    st.sampled_from(
        [
            (1, 16),
            (2, 3),
            (1, 10_000, "log-uniform"),
            (0.0, 1.0),
            (1e-5, 1e-1, "log-uniform"),
            [1, 2, 4, 8],
            ["a", None, True],
            Integer(1, 9),
            Integer(2, 64, prior="log-uniform"),
            Real(0, 1),
            Real(1e-3, 1, prior="log-uniform"),
            Categorical(["x", (1, 2)]),
            stats.randint(2, 5),
            stats.poisson(3),
            stats.loguniform(1e-3, 1),
            stats.norm(),
            RVS_ONLY(),
        ]
    ),
)


def dimension_of(spec):
    return Space({"p": spec}).dimensions[0]


def contains(dimension, gene):
    """Whether going to the value and back ends where it began."""
    return dimension.gene(dimension.value(gene)) == gene


# Mutation and crossover stay in the space


@settings(deadline=None, max_examples=150)
@given(spec=DIMENSIONS, seed=st.integers(0, 2**32))
def test_draws_mutations_and_crosses_stay_inside(spec, seed):
    dimension, rng = dimension_of(spec), np.random.default_rng(seed)
    genes = dimension.spread(6, rng)
    for a, b in pairwise(genes):
        crossed = dimension.cross(a, b, rng)
        assert contains(dimension, a)
        assert contains(dimension, crossed)
        if dimension.size > 1:
            mutant, how = dimension.mutate(crossed, rng)
            assert mutant != crossed
            assert contains(dimension, mutant)
            assert isinstance(how, str)


@pytest.mark.parametrize(
    "spec",
    [
        Architecture(0, 2, 5, 7),
        Architecture(1, 3, 1, 3, tapered=True),
        Architecture(2, 2, 1, 4),
        Architecture(0, 3, 2, 2),
        (3, 9),
        (1, 12, "log-uniform"),
        ["a", "b", "c", "d"],
        [1, 3, 10],
        pytest.param(stats.randint(0, 7), id="randint"),
    ],
    ids=str,
)
def test_mutations_reach_everything(spec):
    """A walk of mutations comes everywhere: each gene is reachable from each other."""
    dimension, rng = dimension_of(spec), np.random.default_rng(0)
    gene = dimension.spread(1, rng)[0]
    everything, seen = set(dimension.genes()), set()
    for _ in range(6000):
        gene, _how = dimension.mutate(gene, rng)
        seen.add(gene)
        if seen >= everything:
            break
    assert seen == everything
    assert len(seen) == dimension.size


@given(architecture=architectures(), seed=st.integers(0, 2**32))
@settings(deadline=None)
def test_a_mutation_of_an_architecture_is_one_change(architecture, seed):
    rng = np.random.default_rng(seed)
    (sizes,) = architecture.spread(1, rng)
    if architecture.size == 1:
        return
    other, how = architecture.mutate(sizes, rng)
    change = {"add": 1, "remove": -1}.get(how, 0)
    assert len(other) - len(sizes) == change
    if how in ("widen", "narrow"):
        changed = [(a, b) for a, b in zip(sizes, other, strict=True) if a != b]
        assert len(changed) == 1
        assert (changed[0][1] > changed[0][0]) == (how == "widen")
    if how == "swap":
        assert sorted(other) == sorted(sizes)


@given(a=architectures())
@settings(deadline=None, max_examples=30)
def test_size_counts_the_tuples(a):
    if a.size < 20_000:
        genes = list(a.genes())
        assert len(genes) == len(set(genes)) == a.size
        assert all(gene in a for gene in genes)


def test_what_is_in_an_architecture():
    a = Architecture(1, 2, 4, 8)
    assert (4,) in a
    assert (4, 8) in a
    assert () not in a
    assert (4, 9) not in a
    assert (4, 5, 6) not in a
    assert (4, True) not in a
    assert (4, 5) not in Architecture(1, 2, 4, 8, tapered=True)


def test_architectures_in_scikit_learns_sampler():
    layers = Architecture(0, 3, 2, 40)
    drawn = list(ParameterSampler({"h": layers}, 30, random_state=0))
    assert all(params["h"] in layers for params in drawn)
    assert drawn == list(ParameterSampler({"h": layers}, 30, random_state=0))
    assert {len(params["h"]) for params in drawn} == {0, 1, 2, 3}
    assert layers.rvs(3, random_state=1)[0] == layers.rvs(random_state=1)


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ((-1, 2, 1, 2), "min_depth=-1"),
        ((3, 2, 1, 2), "min_depth=3 exceeds max_depth=2"),
        ((1, 2, 0, 2), "min_width=0"),
        ((1, 2, 1, 2.5), r"max_width=2\.5"),
        ((1, 2, 9, 2), "raise max_width"),
    ],
)
def test_wrong_bounds(bounds, message):
    with pytest.raises(ValueError, match=message):
        Architecture(*bounds)


# How a space is written


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ((1, 16), Range(1, 16, integer=True)),
        ((0.5, 2), Range(0.5, 2)),
        ((1, 16, "log-uniform"), Range(1, 16, integer=True, log=True)),
        (Integer(1, 5), Range(1, 5, integer=True)),
        (Real(0, 1), Range(0, 1)),
        (Real(1, 8, prior="log-uniform"), Range(1, 8, log=True)),
    ],
)
def test_ranges(spec, expected):
    assert dimension_of(spec) == expected


@pytest.mark.parametrize(
    "spec", [3, "relu", ("a", "b"), (1,), (1, 2, "uniform", 4), None, (True, False)]
)
def test_what_is_no_dimension(spec):
    with pytest.raises(ValueError, match=r"search_space\['p'\].*a list of choices"):
        Space({"p": spec})


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ((5, 1), "the lower bound comes first"),
        ((0.0, 1.0, "log-uniform"), "starts above 0"),
        ((0.0, 1.0, "normal"), "the prior is 'normal'"),
        ([], "at least one value"),
    ],
)
def test_dimensions_that_make_no_sense(spec, message):
    with pytest.raises(ValueError, match=rf"search_space\['p'\].*{message}"):
        Space({"p": spec})


@pytest.mark.parametrize("spec", [{}, [], None])
def test_no_space(spec):
    with pytest.raises(ValueError, match="pass a dict"):
        Space(spec)


def test_values_are_plain_python():
    rng = np.random.default_rng(0)
    specs = {"i": (1, 9), "r": (0.0, 1.0), "d": stats.randint(1, 9), "n": stats.norm()}
    space = Space(specs | {"a": Architecture(2, 2)})
    params = space.params(space.mutate(space.spread(1, rng)[0], rng)[0])
    kinds = [type(value) for value in params.values()]
    assert kinds == [int, float, int, float, tuple]
    assert {type(width) for width in params["a"]} == {int}


def test_choices_may_be_anything():
    values = [PCA(2), np.array([1.0, 2.0]), [1, 2], {"a": 1}, None]
    choices = dimension_of(values)
    for index, value in enumerate(values):
        assert choices.gene(value) == index
        assert choices.value(index) is value
    with pytest.raises(ValueError, match="is not one of"):
        choices.gene("else")


def test_weights_of_categories():
    choices = dimension_of(Categorical(["a", "b"], prior=[0.9, 0.1]))
    genes = choices.spread(1000, np.random.default_rng(0))
    assert 0.05 < np.mean(genes) < 0.15
    assert Choices(["a", "b"]).spread(10, np.random.default_rng(0)).count(0) == 5


def test_spread_is_even():
    rng = np.random.default_rng(0)
    line = np.sort(dimension_of((0.0, 1.0)).spread(10, rng))
    assert (np.floor(line * 10) == np.arange(10)).all()
    depths = [len(sizes) for sizes in Architecture(1, 4).spread(8, rng)]
    assert sorted(depths) == [1, 1, 2, 2, 3, 3, 4, 4]


def test_draws_that_cannot_be_compared():
    source = type("Lists", (), {"rvs": lambda self, random_state: [1, 2]})()
    with pytest.raises(ValueError, match="let it draw tuples"):
        dimension_of(source).spread(1, np.random.default_rng(0))


# New genomes


@pytest.mark.parametrize(
    "space", [{"a": (1, 3), "b": ["x", "y"]}, {"a": Architecture(0, 2, 1, 2)}]
)
def test_fresh_finds_all_there_are(space):
    space, rng = Space(space), np.random.default_rng(0)
    stuck = space.spread(1, rng)[0]
    known = {stuck}
    while (found := space.fresh(lambda: (stuck,), known, rng)) is not None:
        assert found[0] not in known
        known.add(found[0])
    assert len(known) == space.size


def test_a_genome_of_parameters():
    space, rng = Space({"a": (1, 3), "b": ["x", "y"]}), np.random.default_rng(0)
    assert space.params(space.genome({"a": 2, "b": "y"}, rng)) == {"a": 2, "b": "y"}
    assert space.params(space.genome({"b": "y"}, rng))["b"] == "y"
    with pytest.raises(ValueError, match=r"names c, which the search space does not"):
        space.genome({"c": 1}, rng)
    with pytest.raises(ValueError, match="initial_points: a: 4 is not in Range"):
        space.genome({"a": 4}, rng)
