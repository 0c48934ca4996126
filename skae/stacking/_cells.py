"""Recurrent layers of many members, with a backward pass through time.

Each time step is one product for all members and a handful of operations on their
gates, in memory that is used again and again. What inputs contribute, and gradients of
weights, are one product for all time steps.

What a member has too many units stays zero: with zero weights the candidate for what a
unit remembers is zero, and so is what comes of it, whatever the gates.
"""

from abc import ABC, abstractmethod
from itertools import pairwise, zip_longest
from math import prod

import torch

from skae.networks.stacking import Memory

__all__ = ["StackedCell"]


class StackedCell(ABC):
    """A recurrent layer, in one direction.

    Sequences are ``(n_members, n_timesteps, n_rows, width)``.

    Parameters
    ----------
    inputs : StackedSequences or StackedCodes
        What the layer is given.
    sizes : list of int
        How many hidden units each member has.
    n_timesteps : int
    """

    #: torch's numbers of the gates of the input's weights and of those of the hidden
    #: state, in the order in which they stand here.
    of_input = of_hidden = ()
    #: How many states there are, the hidden one first.
    n_states = 1

    def __init__(self, inputs, sizes, n_timesteps):
        self.inputs = inputs
        self.sizes = sizes
        self.width = max(sizes)
        self.n_timesteps = n_timesteps

    @property
    def shapes(self):
        """Shapes of a member's tensors: weights of inputs and hidden state, biases."""
        n_in, n_hidden = (
            self.width * len(gates) for gates in (self.of_input, self.of_hidden)
        )
        blocks = [(width, n_in) for width in self.inputs.widths]
        return [*blocks, (self.width, n_hidden), (1, n_in), (1, n_hidden)]

    def bind(self, values, grads):
        """Work on stacked tensors, of the `shapes`."""
        *blocks, self.weight, self.bias, self.hidden_bias = values
        *block_grads, self.weight_grad, self.bias_grad, self.hidden_bias_grad = grads
        self.inputs.bind(blocks, block_grads)
        self._flipped = self.weight.mT.contiguous()
        self._tapes = {}
        of_row = self._shapes_of_tape(len(self.weight), 1).values()
        self._memory = Memory(1, sum(map(prod, of_row)), self.weight)

    def keep(self, members):
        """Forget all but some members; `bind` has to follow."""
        self.sizes = [self.sizes[member] for member in members]
        self.inputs.keep(members)

    def pairs(self, member, values, weight, hidden_weight, bias, hidden_bias):
        """Yield parts of a member's tensors, and where they stand in stacked ones.

        Parameters
        ----------
        member : int
        values : list of torch.Tensor
            Stacked tensors, of the `shapes`.
        weight, hidden_weight, bias, hidden_bias : torch.Tensor
            As torch's layers have them.
        """
        *blocks, of_hidden, of_bias, of_hidden_bias = (v[member] for v in values)
        own = [weight[:, a:b].mT for a, b in pairwise(self.inputs.edges[member])]
        for place, tensor in zip([*blocks, of_bias], [*own, bias[None]], strict=True):
            yield from self._gates(member, place, tensor, self.of_input)
        yield from self._gates(member, of_hidden, hidden_weight.mT, self.of_hidden)
        yield from self._gates(
            member, of_hidden_bias, hidden_bias[None], self.of_hidden
        )

    def _gates(self, member, place, tensor, order):
        """Yield the parts of a member's tensor gate by gate, and where they stand."""
        size = self.sizes[member]
        places = place[: len(tensor)].unflatten(1, (-1, self.width))[..., :size]
        own = tensor.unflatten(1, (-1, size))
        if order == tuple(sorted(order)):
            yield own, places
            return
        for number, gate in enumerate(order):
            yield own[:, gate], places[:, number]

    def forward(self, inputs, states=()):
        """Return the hidden states of all time steps.

        Parameters
        ----------
        inputs : list of torch.Tensor
            As `inputs` takes them.
        states : list of torch.Tensor of shape (n_members, n_rows, width)
            Those before the first step; zeros without them.
        """
        self._has_states = bool(states)
        self._tape = tape = self._tape_for(inputs[0].shape[-2])
        self.inputs.write(inputs, self._bias_of_inputs(), tape.raw)
        for place, state in zip_longest(tape.states, states, fillvalue=0):
            place.copy_(state) if states else place.zero_()
        self._begin(tape)
        for t, step in enumerate(tape.steps):
            self._run(tape, step, step.hidden_before if self._has_before(t) else None)
        return tape.hidden[:, 1:]

    def _has_before(self, t):
        """Return whether there is a hidden state before a step that is not zero."""
        return t > 0 or self._has_states

    def backward(self, g, is_needed):
        """Set the weights' gradients, and return those of inputs and states.

        Parameters
        ----------
        g : list of torch.Tensor of shape (n_members, n_rows, width), or None
            Gradients of the hidden states of all time steps; None for zero.
        is_needed : bool
            Whether those of the inputs are needed; else there are None.
        """
        tape = self._tape
        self._flipped.copy_(self.weight.mT)
        states = self._back_through_time(tape, g)
        first = 0 if self._has_states else 1
        before, grads = tape.hidden[:, first:-1], self._of_hidden(tape.grads[:, first:])
        before, grads = before.flatten(1, 2), grads.flatten(1, 2)
        torch.bmm(before.mT, grads, out=self.weight_grad)
        self._set_bias_grads(tape.by_time.sum(1, keepdim=True))
        of_input = map(self._of_input, (tape.grads, tape.by_time))
        return self.inputs.backward(*of_input, is_needed), states

    def _back_through_time(self, tape, g):
        """Find the gradients of the gates, and return those of the first states."""
        last = g[-1]
        self._begin_back(tape)
        for t in reversed(range(self.n_timesteps)):
            step, before = tape.steps[t], g[t - 1] if t else None
            self._run_back(tape, step, last)
            torch.sum(step.rows_of_grads, 1, keepdim=True, out=step.sum_of_grads)
            if self._has_before(t):
                last = self._hidden_before(tape, step, last, before)
        return self._state_grads(tape, last) if self._has_states else []

    def _hidden_before(self, tape, step, g, before):
        """Return the gradient of the hidden state before a step."""
        grads = self._of_hidden(step.rows_of_grads)
        if before is None:
            return torch.bmm(grads, self._flipped, out=step.hidden_grad)
        return torch.baddbmm(before, grads, self._flipped, out=step.hidden_grad)

    def _set_bias_grads(self, total):
        """Set the gradients of the biases."""
        self.bias_grad.copy_(self._of_input(total))
        self.hidden_bias_grad.copy_(self._of_hidden(total))

    def _of_input(self, grads):
        """Return the part of gradients, gate by gate, that inputs contribute to."""
        return grads[..., : len(self.of_input) * self.width]

    def _of_hidden(self, grads):
        """Return the part of gradients that the hidden states contribute to."""
        return grads[..., -len(self.of_hidden) * self.width :]

    def _tape_for(self, n_rows):
        flat = self._memory.rows(n_rows)
        tape = self._tapes.get(n_rows)
        if tape is None or tape.flat is not flat:
            shapes = self._shapes_of_tape(len(self.weight), n_rows)
            parts = flat.view(-1).split(list(map(prod, shapes.values())))
            parts = [p.view(s) for p, s in zip(parts, shapes.values(), strict=True)]
            tape = self._new_tape(**dict(zip(shapes, parts, strict=True)))
            self._tapes[n_rows] = tape = self._finished(tape, flat)
        return tape

    @abstractmethod
    def _shapes_of_tape(self, n_members, n_rows):
        """Return the shapes of the tensors in which to work, by name."""

    @abstractmethod
    def _new_tape(self, **tensors):
        """Return a namespace, the tape, with what all steps share on these tensors.

        It has the tensors ``raw``, what comes into the gates, where the input's part is
        written; ``hidden``, the hidden states from the first one on; ``states``, the
        first of each kind; ``grads``, those of all gates, first of those that the input
        contributes to, and last of those that the hidden state does; ``hidden_grads``,
        two to write to in turn; and ``steps``, a namespace for each time step.
        """

    def _finished(self, tape, flat):
        """Return a tape with what all cells have in it."""
        tape.flat = flat
        n_members, n_timesteps, _, width = tape.grads.shape
        tape.by_time = tape.grads.new_empty(n_members, n_timesteps, width)
        for t, step in enumerate(tape.steps):
            step.raw = tape.raw[:, t]
            step.hidden_before, step.hidden = tape.hidden[:, t], tape.hidden[:, t + 1]
            step.hidden_grad = tape.hidden_grads[t % 2]
            step.rows_of_grads = tape.grads[:, t]
            step.sum_of_grads = tape.by_time[:, t : t + 1]
        return tape

    @abstractmethod
    def _bias_of_inputs(self):
        """Return the bias that goes with the inputs."""

    def _begin(self, tape):
        """Begin the way forwards, when the inputs have been written."""
        return None

    @abstractmethod
    def _run(self, tape, step, before):
        """Take a time step, given the hidden state before it, or None for zero."""

    def _begin_back(self, tape):
        """Begin the way back."""
        return None

    @abstractmethod
    def _run_back(self, tape, step, g):
        """Set the gates' gradients, given that of the hidden state after a step."""

    def _state_grads(self, tape, g):
        """Return the gradients of the first states, given that of the hidden one."""
        return [g]
