"""Rules of an epoch that lone fits and members of stacks share."""

import math

import pytest
import torch

from skae.training._batches import Batches
from skae.training._rules import (
    batch_sizes,
    divergence_limit,
    failure_limit,
    is_good,
    learning_rate,
    row_of_settings,
    row_of_terms,
)
from skae.training._sources import ArraySource, Rows


@pytest.mark.parametrize(("n_rows", "size"), [(1, 4), (8, 4), (9, 4), (3, 100)])
def test_sizes_are_those_of_the_batches(n_rows, size):
    rows = Rows(ArraySource(torch.zeros(n_rows, 2)))
    batches = Batches(rows, size, device=torch.device("cpu"), dtype=torch.float32)
    found = [len(x) for x, *_ in batches.epoch(0)]
    assert found == batch_sizes(n_rows, size)
    assert len(found) == len(batches)


def test_nothing_has_no_batches():
    assert batch_sizes(0, 4) == []


@pytest.mark.parametrize(
    ("loss", "limit", "good"),
    [
        (1.0, 2.0, True),
        (2.0, 2.0, True),
        (3.0, 2.0, False),
        (math.nan, 2.0, False),
        (math.inf, math.inf, False),
        # data beyond all bounds leave no limit
        (3.0, math.nan, True),
    ],
)
def test_losses_are_good_up_to_the_limit(loss, limit, good):
    assert is_good(loss, limit) is good


def test_the_limit_follows_the_larger_of_loss_and_data():
    assert divergence_limit(2.0, 1.0) == divergence_limit(1.0, 2.0) == 2e4


def test_an_end_is_judged_more_strictly_than_the_way_there():
    assert failure_limit(2.0, 1.0) == failure_limit(1.0, 2.0) == 20.0
    assert failure_limit(3.0, 0.5) < divergence_limit(3.0, 0.5)


def test_rates_of_names_that_are_no_schedule_stay():
    assert learning_rate(0.3, "plateau", 0.9) == 0.3
    assert learning_rate(0.3, "one_cycle", 0.3) == 0.3
    assert learning_rate(0.3, "cosine", 1.0) == pytest.approx(0.0)


def test_rows_of_the_history_name_terms_and_settings():
    row = row_of_terms("train", {"loss": 1.0, "kl": 2.0}, 3)
    assert row == {"train_loss": 1.0, "train_kl": 2.0, "train_batch_count": 3}
    assert row_of_settings(0.1, {"kl": 0.5}) == {"learning_rate": 0.1, "kl_weight": 0.5}
