"""Rendezvous of fits in many threads that train together."""

import logging
import threading
import time
from collections import defaultdict
from contextlib import contextmanager, nullcontext
from functools import cache, partial

from joblib import cpu_count

from skae.stacking.meeting._groups import is_by_hand, is_joint, kind_of, stacks_of
from skae.stacking.meeting._memory import give_back_what_is_free
from skae.stacking.meeting._turns import Turns
from skae.stacking.meeting._workers import run_all
from skae.stacking.training._member import Member
from skae.stacking.training._one import JointSteps, StackOfOne
from skae.stacking.training._stack import Stack
from skae.training._checkpoint import goes_on
from skae.training._interruption import check_after_batches

__all__ = ["Cancelled", "Crew", "Rendezvous", "train", "train_each"]

LOGGER = logging.getLogger("skae.stacking")

# Where this thread's fits meet others, `crew`, and whether they may train alone without
# waiting for that, `has_leave`; either may be missing.
_HERE = threading.local()

# Seconds without any progress after which those that wait wait no longer: for tasks
# that take very long before they come to their fit, or that never will.
PATIENCE = 10.0
# Bytes of a stack of the nets of one fit: larger ones gain nothing by it.
MEMORY_OF_A_FIT = 2**28


class Cancelled(RuntimeError):
    """Raised in a fit whose search has ended without it."""


class Request:
    """Nets of one fit that wait for their turn, and their kinds."""

    def __init__(self, crew, kinds, members):
        self.crew = crew
        self.kinds = kinds
        self.members = members
        self.is_done = False


class Crew:
    """The tasks of one parallel call, and where their fits meet.

    Parameters
    ----------
    rendezvous : Rendezvous
    n_threads : int
        How many tasks run at a time.
    """

    def __init__(self, rendezvous, n_threads):
        self.rendezvous = rendezvous
        self.n_threads = n_threads
        self.has_leave = _has_leave()
        self.n_queued = self.n_busy = self.n_running = 0
        self.is_dispatching = False
        self.is_closed = False

    @property
    def may_arrive(self):
        """Whether some task may yet come to a fit without waiting for another."""
        can_start = self.n_queued > 0 and self.n_busy < self.n_threads
        return self.n_running > 0 or can_start or self.is_dispatching

    def queue(self):
        """Note that a task has been submitted."""
        with self.rendezvous.changed(self):
            self.n_queued += 1

    @contextmanager
    def task(self):
        """Run a task: its fits meet those of others."""
        with self.rendezvous.changed(self):
            self.n_queued -= 1
            self.n_busy += 1
            self.n_running += 1
        try:
            with (
                _here(crew=self, has_leave=self.has_leave),
                self.rendezvous.turns.taken(),
            ):
                yield
        finally:
            with self.rendezvous.changed(self):
                self.n_busy -= 1
                self.n_running -= 1

    def dispatch(self, is_dispatching):
        """Note whether tasks are being submitted."""
        with self.rendezvous.changed(self):
            self.is_dispatching = is_dispatching

    @contextmanager
    def paused(self):
        """Wait for something other than a fit, as for the tasks of a nested call."""
        with self.rendezvous.changed(self):
            self.n_running -= 1
        try:
            with self.rendezvous.turns.given_back():
                yield
        finally:
            with self.rendezvous.changed(self):
                self.n_running += 1

    def check(self):
        """Raise an error when this has ended."""
        if self.is_closed:
            raise Cancelled("The search that this fit belongs to has ended.")

    def close(self):
        """End: those that wait are told, and nobody waits for this crew any longer."""
        self.rendezvous.close(self)


class Rendezvous:
    """A place where fits wait for each other, and then train together.

    Parameters
    ----------
    max_members : int
        Most members of a stack.
    memory : int
        Most bytes of a stack.
    n_workers : int or None, default=None
        How many stacks are trained at a time; as many as there are cores by default.
    """

    def __init__(self, max_members, memory, n_workers=None):
        self.max_members = max_members
        self.memory = memory
        self.n_workers = cpu_count() if n_workers is None else n_workers
        self._crews = set()
        self._waiting = []
        self._is_training = False
        self._condition = threading.Condition()
        self._last_change = time.monotonic()
        self._leave = threading.Semaphore(self.n_workers)
        self.turns = Turns(self.n_workers)

    def __reduce__(self):
        """Become, when sent to another process, the one place of that process."""
        return _in_this_process, (self.max_members, self.memory, self.n_workers)

    @property
    def n_fits(self):
        """Number of fits at a time that keeps all cores busy."""
        return self.max_members * self.n_workers

    def crew(self, n_threads):
        """Return a new `Crew`, which has to be closed."""
        crew = Crew(self, n_threads)
        with self.changed(crew):
            self._crews.add(crew)
        return crew

    @contextmanager
    def changed(self, crew):
        """Change a crew, and wake somebody if that is what all have waited for."""
        with self._condition:
            yield
            self._last_change = time.monotonic()
            if self._is_time():
                self._condition.notify()  # one leads for all

    def close(self, crew):
        """Let go of a crew; see `Crew.close`."""
        with self._condition:
            crew.is_closed = True
            self._crews.discard(crew)
            for request in self._waiting:
                request.is_done = request.is_done or request.crew is crew
            self._waiting = [r for r in self._waiting if r.crew is not crew]
            self._condition.notify_all()

    @contextmanager
    def alone(self, crew):
        """Train alone, as few fits at a time as there are cores.

        Fits within such a fit, as in a callback, belong to it.
        """
        if _has_leave():
            yield
            return
        # Paused: while it waits for a core it arrives nowhere, and others need not wait
        # for it. While it trains they do: its task may soon come to another fit.
        with crew.paused():
            self._leave.acquire()
        try:
            crew.check()
            with _here(has_leave=True), check_after_batches(crew.check):
                yield
        finally:
            self._leave.release()

    def stacks_of(self, members):
        """Return lists of members of one kind that train in one stack each."""
        return stacks_of(
            members,
            max_members=self.max_members,
            memory=self.memory,
            n_workers=self.n_workers,
        )

    def meet(self, request):
        """Wait for others, and train with those that are alike."""
        crew = request.crew
        with self.changed(crew):
            crew.check()
            self._waiting.append(request)
            crew.n_running -= 1  # it arrives nowhere else until it is released
        with self.turns.given_back():
            while batch := self._next_batch(request):
                self._lead(batch)
        crew.check()

    def _next_batch(self, request):
        """Return requests to train, once it is this thread's turn; None when done."""
        with self._condition:
            # By the clock as well: that patience has run out is nobody's change.
            while not (request.is_done or self._is_time()):
                self._condition.wait(PATIENCE / 10)
            if request.is_done:
                return None
            batch, self._waiting = self._waiting, []
            self._is_training = True
            return batch

    def _is_time(self):
        if self._is_training or not self._waiting:
            return False
        if not any(crew.may_arrive for crew in self._crews):
            return True
        return time.monotonic() - self._last_change > PATIENCE

    def _lead(self, batch):
        give_back_what_is_free()  # of what tasks needed to come here
        try:
            _train_all(batch, self)
            give_back_what_is_free()
        finally:
            with self._condition:
                self._is_training = False
                self._last_change = time.monotonic()
                for request in batch:
                    self._release(request)
                # All: those of the batch go on, and one that came since then may lead.
                self._condition.notify_all()

    def _release(self, request):
        # Counted as running here rather than when its thread wakes: until then others
        # would take it for one that cannot come again, and train without its next fit.
        request.is_done = True
        request.crew.n_running += 1


@cache
def _in_this_process(*settings):
    return Rendezvous(*settings)


def current_crew():
    """Return the `Crew` of the task that runs in this thread, or None."""
    return getattr(_HERE, "crew", None)


def _has_leave():
    """Return whether what this thread does belongs to a fit that trains alone."""
    return getattr(_HERE, "has_leave", False)


@contextmanager
def _here(**values):
    """Note something about what this thread does."""
    before = dict(vars(_HERE))
    vars(_HERE).update(values)
    try:
        yield
    finally:
        vars(_HERE).clear()
        vars(_HERE).update(before)


def train(net, rows, rows_val=None, *, epochs, last=True):
    """Train a net: with others where that is asked for and possible, else alone.

    Parameters
    ----------
    net : AutoencoderNet
    rows, rows_val : Rows
        To train on, and to validate on or None.
    epochs : int
    last : bool, default=True
        Whether these are the last epochs; see `AutoencoderNet.train`.
    """
    train_each([net], [(rows, rows_val)], epochs=epochs, last=last)


def train_each(nets, rows, *, epochs, last=True):
    """Train the nets of one fit: as one stack where that is possible, or as `train`.

    Parameters
    ----------
    nets : list of AutoencoderNet
    rows : list of tuple of (Rows, Rows or None)
        Of each net, to train on and to validate on.
    epochs, last
        As for `train`.
    """
    left, crew = list(zip(nets, rows, strict=True)), current_crew()
    if crew is not None or len(left) > 1:
        left = _train_together(left, crew, epochs, last)
    with nullcontext() if crew is None or not left else crew.rendezvous.alone(crew):
        for net, of_net in left:
            net.train(*of_net, epochs=epochs, last=last, by_hand=_by_hand)


def _by_hand(net):
    """Return what takes a net's steps in less time than torch's own way, or None."""
    if not is_joint(net):
        return None
    return StackOfOne(net) if is_by_hand(net) else JointSteps(net)


def _train_together(nets, crew, epochs, last):
    """Train nets and return those, with their rows, that have to train alone."""
    kinds = [
        None if goes_on(net, *rows, epochs, last) else kind_of(net, *rows, last)
        for net, rows in nets
    ]
    like = [(kind, one) for kind, one in zip(kinds, nets, strict=True) if kind]
    members = [Member(net, *rows, epochs) for _, (net, rows) in like]
    request = Request(crew, [kind for kind, _ in like], members)
    if crew is None:
        _train_all([request], Rendezvous(len(nets), MEMORY_OF_A_FIT, n_workers=1))
    elif members:
        crew.rendezvous.meet(request)
    if errors := [member.error for member in members if member.error is not None]:
        raise errors[0]
    done = {id(member.net) for member in members if member.is_done}
    return [(net, rows) for net, rows in nets if id(net) not in done]


def _train_all(batch, rendezvous):
    """Train requests in stacks; those that no other is like are left alone."""
    crew_of = {member: request.crew for request in batch for member in request.members}
    stacks = _plan(batch, rendezvous)
    in_stacks = sum(map(len, stacks))
    sizes = ", ".join(str(len(stack)) for stack in stacks)
    LOGGER.info(
        "%d fits: %d in %d stacks%s, %d alone",
        *(len(crew_of), in_stacks, len(stacks)),
        *(f" of {sizes}" if sizes else "", len(crew_of) - in_stacks),
    )
    jobs = [partial(_train_stack, stack, crew_of) for stack in stacks]
    run_all(jobs, rendezvous.n_workers)


def _plan(batch, rendezvous):
    """Return lists of members, those that cost most first."""
    by_kind = defaultdict(list)
    for request in batch:
        for kind, member in zip(request.kinds, request.members, strict=True):
            by_kind[kind].append(member)
    stacks = [
        stack
        for members in by_kind.values()
        for stack in rendezvous.stacks_of(members)
        if len(stack) > 1
    ]
    return sorted(stacks, key=_cost, reverse=True)


def _cost(stack):
    return sum(member.n_steps for member in stack)


def _train_stack(stack, crew_of):
    crews = [crew_of[member] for member in stack]

    def check():
        if all(crew is not None and crew.is_closed for crew in crews):
            raise Cancelled

    try:
        Stack(stack).train(check)
    except Cancelled:
        pass
    except Exception:  # a lone fit says more clearly what is wrong, and of which
        LOGGER.exception("A stack of %d failed: they train alone.", len(stack))
        for member in stack:
            member.reset()
