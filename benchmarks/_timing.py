"""Interleaved timing: machines drift, ratios within one run do not."""

import time
from statistics import median

__all__ = ["interleaved", "print_table", "rows_of", "seconds_of"]


def interleaved(contenders, repeats):
    """Time callables in turn, A B C A B C ..., after one warm-up of each.

    Parameters
    ----------
    contenders : dict of str to callable
        The first is the reference.
    repeats : int
        Number of timed calls of each.

    Returns
    -------
    rows : list of (name, median seconds, median ratio, ratio range)
        Ratios are to the reference's time in the same round.
    """
    return rows_of(seconds_of(contenders, repeats))


def seconds_of(contenders, repeats):
    """Return lists of seconds by name; see `interleaved`."""
    seconds = {name: [] for name in contenders}
    for run in contenders.values():
        run()
    for _ in range(repeats):
        for name, run in contenders.items():
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
    return seconds


def rows_of(seconds, reference=None):
    """Return rows as of `interleaved`, with the first or another one as reference."""
    reference = next(iter(seconds)) if reference is None else reference
    return [_row(name, seconds, seconds[reference]) for name in seconds]


def _row(name, seconds, reference):
    ratios = [a / b for a, b in zip(seconds[name], reference, strict=True)]
    return name, median(seconds[name]), median(ratios), (min(ratios), max(ratios))


def print_table(title, rows):
    """Print rows of `interleaved` as a Markdown table."""
    print(f"\n{title}\n\n| | median s | ratio | range of ratios |\n|---|---|---|---|")
    for name, time_, ratio, (low, high) in rows:
        print(f"| {name} | {time_:.3f} | {ratio:.2f} | {low:.2f} to {high:.2f} |")
