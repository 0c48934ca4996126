import numpy as np
import pytest

from skae.cli._choice import Choice
from skae.cli._errors import InputError
from skae.cli._space import PARAM
from skae.search._rules import Best, Saturation, ShortestDescription


def results(*rows):
    """Return `cv_results_` of rows of a dimension, a width, and the score per fold."""
    dimensions, widths, scores = zip(*rows, strict=True)
    return {
        f"param_{PARAM}": list(dimensions),
        "params": [
            {PARAM: k, "autoencoder__hidden_size": width}
            for k, width in zip(dimensions, widths, strict=True)
        ],
        "split0_test_score": np.array([pair[0] for pair in scores]),
        "split1_test_score": np.array([pair[1] for pair in scores]),
    }


ROWS = results(
    (1, 8, (0.5, 0.5)),
    (2, 8, (0.1, 0.1)),
    (1, 16, (0.6, 0.6)),
    (2, 16, (0.9, 0.8)),
    (3, 8, (0.95, 0.9)),
    (2, 32, (0.8, 0.8)),
)


@pytest.mark.parametrize(
    ("rule", "row"), [(Saturation(0.6), 2), (Saturation(0.9), 3), (Best(), 4)]
)
def test_each_dimension_stands_for_its_best_candidate(rule, row):
    assert Choice(rule, "score", n_columns=10)(ROWS) == row


def test_dimensions_that_do_not_compress_are_not_chosen():
    selection = Choice(Best(), "score", n_columns=3).from_cv_results(ROWS)
    assert (selection.value, selection.index) == (2, 3)
    assert selection.curve.is_complete


def test_where_none_compresses_all_may_be_chosen():
    assert Choice(Best(), "score", n_columns=1)(ROWS) == 4


def test_nothing_to_choose_from():
    failed = results((1, 8, (np.nan, 0.5)))
    with pytest.raises(InputError, match="No candidate has a finite score") as info:
        Choice(Best(), "score", n_columns=3)(failed)
    assert info.value.option == "--scorer"


def test_a_rule_that_does_not_suit_the_scores():
    too_high = results((1, 8, (1.5, 1.5)), (2, 8, (2.0, 2.0)))
    with pytest.raises(InputError, match="shares of variance") as info:
        Choice(ShortestDescription(10), "score", n_columns=10)(too_high)
    assert info.value.option == "--rule"
