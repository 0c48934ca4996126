"""Progress bars of a search, in the terminal."""

from contextlib import contextmanager

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)
from sklearn.callback import ProgressBar
from skopt import BayesSearchCV

__all__ = ["search_progress"]


@contextmanager
def search_progress(console):
    """Yield a function that attaches a bar to a search, before it is fitted.

    It returns the keyword arguments that the search's `fit` needs for it.
    """
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        yield lambda search: _attach(search, progress)


def _attach(search, progress):
    if isinstance(search, BayesSearchCV):
        return {"callback": _BayesBar(progress, search.total_iterations)}
    search.set_callbacks(ProgressBar(max_propagation_depth=0))
    return {}


class _BayesBar:
    """A callback of skopt: one step for each candidate."""

    def __init__(self, progress, total):
        self.progress = progress
        self.task = progress.add_task("searching", total=total)

    def __getstate__(self):
        # scikit-learn sends the search, and with it its callbacks, to each worker.
        return {}

    def __call__(self, result):
        """Advance; `result` has all candidates so far, with scores to minimise."""
        text = (
            f"n_components={result.x_iters[-1][0]} scored {-result.func_vals[-1]:.3f}"
        )
        best = f"best {result.x[0]} ({-result.fun:.3f})"
        self.progress.update(self.task, advance=1, description=f"{text}, {best}")
