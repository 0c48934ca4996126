"""Progress of fits and searches as one line of text, in terminals and notebooks."""

import sys
import threading
import time

__all__ = ["ProgressLine"]

# Seconds between two writings of the line.
PAUSE = 0.2


class ProgressLine:
    """Callback of scikit-learn that shows the progress of a fit or search in one line.

    It writes text, and overwrites it: scikit-learn's own `ProgressBar` draws nothing in
    notebooks without the package `ipywidgets`. Of an autoencoder it counts epochs, of a
    search fits, and says how long the rest will take at the speed so far.

    Parameters
    ----------
    file : file object or None, default=None
        Where to write; standard error by default.

    Notes
    -----
    Fits of a search in other processes (``n_jobs=2``) are not counted until the end.
    Within `skae.stacked`, fits train together, and so end together.

    Examples
    --------
    >>> import sys
    >>> from sklearn.datasets import load_iris
    >>> from skae import DenseAutoencoder
    >>> from skae.progress import ProgressLine
    >>> model = DenseAutoencoder(2, max_epochs=5, random_state=0)
    >>> model = model.set_callbacks(ProgressLine(sys.stdout)).fit(load_iris().data)
    ... # doctest: +ELLIPSIS
    DenseAutoencoder: ...5 epochs in 0 s
    """

    max_propagation_depth = 0

    def __init__(self, file=None):
        self.file = file
        self._is_silent = False

    def __getstate__(self):
        """Return the state of a copy in another process, which writes nothing."""
        return {"file": None, "_is_silent": True}

    def setup(self, estimator, context):
        """Begin a line."""
        self._lock = threading.Lock()
        self._began, self._written = time.monotonic(), 0.0
        self._n_done, self._share, self._unit = 0, 0.0, "fits"
        self._title, self._width = type(estimator).__name__, 0

    def on_fit_task_begin(self, estimator, context):
        """Do nothing: what has ended is counted."""

    def on_fit_task_end(self, estimator, context):
        """Count an epoch or a fit."""
        if self._is_silent or context.max_subtasks != 0:
            return
        with self._lock:
            self._n_done += 1
            self._share += _share(context)
            self._unit = "epochs" if context.task_name == "epoch" else "fits"
            now = time.monotonic()
            if now - self._written > PAUSE:
                self._written = now
                self._write(f"{self._count()}, {self._time_left(now - self._began)}")

    def teardown(self, estimator, context):
        """End the line with what there was in all."""
        if not self._is_silent:
            passed = time.monotonic() - self._began
            self._write(f"{self._count()} in {_time(passed)}", end="\n")

    def _count(self):
        unit = self._unit if self._n_done != 1 else self._unit.rstrip("s")
        return f"{self._n_done} {unit}"

    def _time_left(self, passed):
        if not 0 < self._share <= 1:
            return f"{_time(passed)} passed"
        left = passed * (1 - self._share) / self._share
        return f"{self._share:.0%}, about {_time(left)} to go"

    def _write(self, text, end=""):
        """Write over what stands on the line."""
        text = f"{self._title}: {text}"
        file = self.file or sys.stderr
        file.write(f"\r{text.ljust(self._width)}{end}")
        file.flush()
        self._width = len(text)


def _share(context):
    """Return which share of everything a task is; 0 where nobody knows."""
    share = 1.0
    while (context := context.parent) is not None:
        share /= context.max_subtasks or float("inf")
    return share


def _time(seconds):
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
