import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from skae.training import batches as module
from skae.training.batches import Batches

CPU = torch.device("cpu")


def batches(n_samples, batch_size, **params):
    X = torch.arange(n_samples * 3.0).reshape(n_samples, 3)
    return Batches(X, batch_size, device=CPU, dtype=torch.float32, **params)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.integers(1, 70), st.integers(1, 80), st.integers(0, 3))
def test_an_epoch_has_every_row_once(n_samples, batch_size, epoch):
    loader = batches(n_samples, batch_size, seed=0)
    found = list(loader.epoch(epoch))
    assert len(found) == len(loader)
    assert all(len(x) == min(batch_size, n_samples) for x in found[:-1])
    rows = torch.cat(found)
    torch.testing.assert_close(rows[rows[:, 0].argsort()], loader.X)


def test_orders_are_pure_functions_of_seed_and_epoch():
    def order(seed, epoch):
        return torch.cat(list(batches(50, 8, seed=seed).epoch(epoch)))[:, 0].tolist()

    assert order(0, 3) == order(0, 3)
    assert order(0, 3) != order(0, 4)
    assert order(0, 3) != order(1, 3)


def test_without_a_seed_rows_keep_their_order():
    loader = batches(20, 7)
    torch.testing.assert_close(torch.cat(list(loader.epoch(5))), loader.X)


def test_gathering_in_chunks_changes_nothing(monkeypatch):
    whole = [x.tolist() for x in batches(50, 8, seed=0).epoch(1)]
    monkeypatch.setattr(module, "CHUNK_BYTES", 1)
    assert [x.tolist() for x in batches(50, 8, seed=0).epoch(1)] == whole


@pytest.mark.gpu
def test_batches_arrive_on_the_device():
    loader = Batches(
        torch.ones(10, 2), 4, device=torch.device("cuda"), dtype=torch.float32
    )
    assert {x.device.type for x in loader.epoch(0)} == {"cuda"}
