import re
from io import StringIO

import numpy as np
import pytest
from helpers.data import normal
from helpers.plans import planned
from rich.console import Console

from skae.cli._inputs import DataSet
from skae.cli._progress import SearchProgress
from skae.cli._run import run

DATA = DataSet("noise", normal(40, 4, dtype=np.float32), list("abcd"))


def shown(is_terminal, **choices):
    """Return what a run draws, without codes of colours and places."""
    drawn = StringIO()
    console = Console(file=drawn, force_terminal=is_terminal, width=120)
    plan = planned(DATA, components="1:3", folds=2, max_epochs=3, **choices)
    run(plan, callbacks=[SearchProgress(plan.n_fits, console)])
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", drawn.getvalue())


@pytest.mark.parametrize(
    ("choices", "n_fits"), [({}, 2), ({"rule": "description_length"}, 6)]
)
def test_fits_and_epochs_are_counted(choices, n_fits):
    text = shown(is_terminal=True, **choices)
    counts = [int(n) for n in re.findall(rf"Fits +\S+ (\d+)/{n_fits} ", text)]
    assert counts[-1] == n_fits == max(counts)
    assert re.search(r"Refit +\S+ 3/3 epochs", text)
    assert re.search(r"\d:\d\d:\d\d passed", text)


def test_nothing_is_drawn_where_nobody_looks():
    assert shown(is_terminal=False).strip() == ""
