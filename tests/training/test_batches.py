import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from skae.training import _batches as module
from skae.training._batches import Batches
from skae.training._sources import ArraySource, Rows

CPU = torch.device("cpu")


def batches(n_samples, batch_size, **params):
    X = torch.arange(n_samples * 3.0).reshape(n_samples, 3)
    rows = Rows(ArraySource(X))
    return Batches(rows, batch_size, device=CPU, dtype=torch.float32, **params)


def events(loader, epoch):
    return [x for x, *_ in loader.epoch(epoch)]


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.integers(1, 70), st.integers(1, 80), st.integers(0, 3))
def test_an_epoch_has_every_row_once(n_samples, batch_size, epoch):
    loader = batches(n_samples, batch_size, seed=0)
    found = events(loader, epoch)
    assert len(found) == len(loader)
    assert all(len(x) == min(batch_size, n_samples) for x in found[:-1])
    rows = torch.cat(found)
    torch.testing.assert_close(rows[rows[:, 0].argsort()], loader.rows.source.X)


def test_orders_are_pure_functions_of_seed_and_epoch():
    def order(seed, epoch):
        return torch.cat(events(batches(50, 8, seed=seed), epoch))[:, 0].tolist()

    assert order(0, 3) == order(0, 3)
    assert order(0, 3) != order(0, 4)
    assert order(0, 3) != order(1, 3)


def test_without_a_seed_rows_keep_their_order():
    loader = batches(20, 7)
    torch.testing.assert_close(torch.cat(events(loader, 5)), loader.rows.source.X)


def test_weights_come_with_their_rows():
    X = torch.arange(30.0)[:, None]
    rows = Rows(ArraySource(X), ArraySource(X[:, 0] * 10))
    for x, weight, *_ in Batches(rows, 7, device=CPU, dtype=X.dtype, seed=0).epoch(0):
        torch.testing.assert_close(10 * x[:, 0], weight)


def test_gathering_in_chunks_changes_nothing(monkeypatch):
    whole = [x.tolist() for x in events(batches(50, 8, seed=0), 1)]
    monkeypatch.setattr(module, "CHUNK_BYTES", 1)
    assert [x.tolist() for x in events(batches(50, 8, seed=0), 1)] == whole


@pytest.mark.gpu
def test_batches_arrive_on_the_device():
    rows = Rows(ArraySource(torch.ones(10, 2)))
    loader = Batches(rows, 4, device=torch.device("cuda"), dtype=torch.float32)
    assert {x.device.type for x in events(loader, 0)} == {"cuda"}
