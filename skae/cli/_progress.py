"""Progress of a search on standard error: fits, then epochs of the refit."""

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

__all__ = ["SearchProgress"]


class SearchProgress:
    """Callback of scikit-learn's searches that shows how far they are.

    Fits of a search train together and end together, so that their number stands still
    for most of the time, and all of it for fits in other processes; the time that has
    passed goes on. The refit trains alone, and is shown epoch by epoch.

    Parameters
    ----------
    n_fits : int
        Fits of the search, without the refit.
    console : rich.console.Console or None, default=None
        Where to draw; standard error if None.
    """

    def __init__(self, n_fits, console=None):
        self.n_fits = n_fits
        self.console = console
        # raised before the refit, whose epochs are then reported
        self.max_propagation_depth = 0

    def __getstate__(self):
        """Return the state of a copy in another process, which draws nothing."""
        return {"n_fits": self.n_fits, "max_propagation_depth": 0}

    def __setstate__(self, state):
        vars(self).update(state)
        self._bar = Progress(disable=True)
        self._fits = self._refit = self._bar.add_task("elsewhere")

    def setup(self, estimator, context):
        """Begin to draw."""
        console = self.console or Console(stderr=True)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:.0f}{task.fields[of]}"),
            TimeElapsedColumn(),
            TextColumn("passed"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[left]}"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        of = {"of": f"/{self.n_fits}", "left": "to go"}
        self._fits = self._bar.add_task("Fits", total=self.n_fits, **of)
        self._refit = None
        self._bar.start()

    def on_fit_task_begin(self, estimator, context):
        """Show how many fits there are, and the refit when it begins."""
        if context.task_name == "search" and context.max_subtasks:
            n_fits = context.max_subtasks
            self._bar.update(self._fits, total=n_fits, of=f"/{n_fits}")
        if context.task_name == "epoch" and self._refit is None:
            n_epochs = estimator.max_epochs
            known = not isinstance(n_epochs, str)
            of = {"of": " epochs", "left": ""}
            if known:
                of = {"of": f"/{n_epochs} epochs", "left": "to go at most"}
            total = n_epochs if known else None
            self._refit = self._bar.add_task("Refit", total=total, **of)

    def on_fit_task_end(self, estimator, context):
        """Count a fit, or an epoch of the refit."""
        if context.task_name == "search":
            self.max_propagation_depth = None
        elif context.task_name == "epoch":
            self._bar.advance(self._refit)
        elif self.max_propagation_depth == 0 and context.max_subtasks == 0:
            self._bar.advance(self._fits)

    def teardown(self, estimator, context):
        """End drawing."""
        self._bar.stop()
