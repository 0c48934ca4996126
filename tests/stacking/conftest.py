"""Fixtures that look at what was stacked, and at what is left behind."""

import logging
import re
import threading

import pytest


@pytest.fixture
def groups(caplog):
    """Return a function that tells the sizes of the stacks, and how many fit alone."""
    caplog.set_level(logging.INFO, "skae.stacking")

    def sizes():
        records = [r.getMessage() for r in caplog.records if r.name == "skae.stacking"]
        pattern = re.compile(r"stacks(?: of ([\d, ]+))?, (\d+) alone")
        found = [pattern.search(record) for record in records]
        found = [match for match in found if match]
        stacks = [[*map(int, re.findall(r"\d+", match[1] or ""))] for match in found]
        return stacks, [int(match[2]) for match in found]

    return sizes


@pytest.fixture
def stacks_may_fail():
    """For tests in which stacks fail on purpose."""


@pytest.fixture(autouse=True)
def no_stack_fails(request, caplog):
    """Fail tests whose fits end well only since stacks that failed are made up for."""
    yield
    if "stacks_may_fail" not in request.fixturenames:
        records = caplog.get_records("call")
        errors = [r for r in records if r.levelno >= logging.ERROR]
        failed = [r.getMessage() for r in errors if r.name == "skae.stacking"]
        assert not failed, failed[0]


@pytest.fixture(autouse=True)
def no_thread_is_left():
    before = set(threading.enumerate())
    yield
    left = set(threading.enumerate()) - before
    for thread in left:  # one that has been told to end does so in its own time
        thread.join(1)
    left = {thread for thread in left if thread.is_alive()}
    assert not left, f"threads are left: {sorted(thread.name for thread in left)}"
