"""The end of a fit that a callback asks for, which is not that of a Ctrl-C."""

from contextlib import contextmanager
from dis import opmap
from itertools import chain
from traceback import walk_tb

__all__ = ["StopTraining", "callbacks_may_stop"]


class StopTraining(Exception):
    """Raised by a callback to end training, with the fit kept."""


@contextmanager
def callbacks_may_stop():
    """Take what callbacks of skorch's kind raise to end a fit for `StopTraining`.

    They raise `KeyboardInterrupt`, which Python raises for the user's Ctrl-C too, at
    any time. That, as all that comes of a signal, goes on to end the program or the
    search.
    """
    try:
        yield
    except KeyboardInterrupt as interrupt:
        if _comes_of_a_signal(interrupt.__traceback__):
            raise
        raise StopTraining from interrupt


def _comes_of_a_signal(trace):
    """Return whether a traceback ends otherwise than in a `raise` of a callback.

    Python's own handler raises between any two instructions, without a frame of its
    own. Other handlers have one.
    """
    if any(_handles_a_signal(frame) for frame, _ in walk_tb(trace)):
        return True
    while trace.tb_next is not None:
        trace = trace.tb_next
    code = trace.tb_frame.f_code.co_code
    # compiled extensions have frames with a number below zero
    is_raise = code[max(0, trace.tb_lasti)] == opmap["RAISE_VARARGS"]
    # asyncio's handler only takes a note, of which asyncio.run raises
    return not is_raise or trace.tb_frame.f_globals.get("__name__") == "asyncio.runners"


def _handles_a_signal(frame):
    """Return whether a function was given the frame that called it, as handlers are.

    Which handlers are set does not tell: many set another one before they raise.
    """
    before = frame.f_back
    values = frame.f_locals.values()
    variadic = chain.from_iterable(v for v in values if isinstance(v, tuple))
    return before is not None and any(v is before for v in chain(values, variadic))
