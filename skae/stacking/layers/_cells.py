"""Recurrent layers of many members, with a backward pass through time.

Each time step is one product for all members and a handful of operations on their
gates, in memory that is used again and again. Inputs and a one stand beside the hidden
states, and their weights and biases below those of these, so that the product has all
that comes into the gates; and one more has the gradients of the weights of all steps.

What a member has too many units stays zero: with zero weights the candidate for what a
unit remembers is zero, and so is what comes of it, whatever the gates.
"""

from abc import ABC, abstractmethod
from itertools import pairwise, zip_longest
from math import prod

import torch

from skae.stacking.layers._linear import Memory

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
    #: state, in the order in which they stand here; None where there are no such.
    of_input = of_hidden = ()
    #: By what weights are multiplied on the way forwards, for each gate.
    scale = (1, 1, 1, 1)
    #: How many states there are, the hidden one first.
    n_states = 1

    def __init__(self, inputs, sizes, n_timesteps):
        self.inputs = inputs
        self.sizes = sizes
        self.width = max(sizes)
        self.n_timesteps = n_timesteps

    @property
    def shapes(self):
        """Shapes of a member's tensors: weights and bias, bias of the hidden state."""
        n = 4 * self.width
        apart = [(width, n) for width in self.inputs.widths_apart]
        return [(self.n_given, n), (1, n), *apart]

    @property
    def n_given(self):
        """Number of values the product is given: hidden state, inputs and a one."""
        return self.width + self.inputs.n_columns + 1

    def bind(self, values, grads):
        """Work on stacked tensors, of the `shapes`."""
        self.weight, self.hidden_bias, *apart = values
        self.weight_grad, self.hidden_bias_grad, *apart_grads = grads
        self.inputs.bind(self.weight[:, self.width : -1], apart, apart_grads)
        scale = self.weight.new_tensor(self.scale)
        self._scale = scale.repeat_interleave(self.width)
        self._scaled = torch.empty_like(self.weight)
        self._flipped = self._weight_of_hidden.mT.contiguous()
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
        joint, of_hidden_bias, *apart = (v[member] for v in values)
        of_hidden, columns, of_bias = joint.tensor_split((self.width, -1))
        places = [*self.inputs.places(columns, apart), of_bias]
        own = [weight[:, a:b].mT for a, b in pairwise(self.inputs.edges[member])]
        for place, tensor in zip(places, [*own, bias[None]], strict=True):
            yield from self._gates(member, place, tensor, self.of_input)
        yield from self._gates(member, of_hidden, hidden_weight.mT, self.of_hidden)
        yield from self._gates(
            member, of_hidden_bias, hidden_bias[None], self.of_hidden
        )

    def _gates(self, member, place, tensor, order):
        """Yield the parts of a member's tensor gate by gate, and where they stand."""
        size = self.sizes[member]
        places = place[: len(tensor)].unflatten(1, (4, self.width))[..., :size]
        own = tensor.unflatten(1, (-1, size))
        if order == (0, 1, 2, 3):
            yield own, places
            return
        for number, gate in enumerate(order):
            if gate is not None:
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
        self.inputs.write(inputs, tape.columns)
        tape.ones.fill_(1)
        for place, state in zip_longest(tape.states, states, fillvalue=0):
            place.copy_(state) if states else place.zero_()
        torch.mul(self.weight, self._scale, out=self._scaled)
        self._go_through_time(tape)
        return tape.outputs

    def _go_through_time(self, tape):
        apart, biases = self._contributed_apart(), self._biases()
        for t, step in enumerate(tape.steps):
            if t < len(biases):
                self._scaled[:, -1] = biases[t]
            given, weight = step.given, self._scaled
            if not self._has_before(t):
                given, weight = given[..., self.width :], weight[:, self.width :]
            if apart is None:
                torch.bmm(given, weight, out=tape.contributed)
            else:
                torch.baddbmm(apart, given, weight, out=tape.contributed)
            self._run(tape, step)

    def _contributed_apart(self):
        """Return the inputs' share in the gates of all time steps alike, or None."""
        apart = self.inputs.contributed_to_all()
        return None if apart is None else apart.mul_(self._scale)

    def _biases(self):
        """Return the biases of time steps; the last is that of all others, too."""
        bias = self.weight[:, -1:] + self.hidden_bias
        of_times = self.inputs.contributed_to_each()
        if of_times is not None:
            bias = bias + of_times
        return bias.mul_(self._scale).unbind(1)

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
        self._flipped.copy_(self._weight_of_hidden.mT)
        states = self._back_through_time(tape, g)
        grads = tape.grads.flatten(1, 2)
        torch.bmm(tape.given.flatten(1, 2).mT, grads, out=self.weight_grad)
        self.hidden_bias_grad.copy_(self.weight_grad[:, -1:])
        of_inputs = self.inputs.backward(tape.grads, tape.by_time, is_needed)
        self._forget_unused()
        return of_inputs, states

    def _forget_unused(self):
        """Set gradients to zero where a gate has no weights."""
        hidden, other = self.weight_grad.tensor_split((self.width,), dim=1)
        for grads, gates in (
            *((grad, self.of_hidden) for grad in (hidden, self.hidden_bias_grad)),
            *((grad, self.of_input) for grad in (other, *self.inputs.apart_grads)),
        ):
            for number, gate in enumerate(gates):
                if gate is None:
                    grads.unflatten(2, (4, self.width))[:, :, number].zero_()

    def _back_through_time(self, tape, g):
        """Find the gradients of the gates, and return those of the first states."""
        last = g[-1]
        self._begin_back(tape)
        for t in reversed(range(self.n_timesteps)):
            step, before = tape.steps[t], g[t - 1] if t else None
            self._run_back(tape, step, last)
            if self.inputs.tells_time:
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

    @property
    def _weight_of_hidden(self):
        return self._of_hidden(self.weight[:, : self.width])

    def _of_hidden(self, gates):
        """Return the part that hidden states contribute to."""
        return gates[..., self.of_hidden.count(None) * self.width :]

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

        It has the tensors ``all_given``, the hidden states from the first one on, with
        inputs and a one beside them; ``contributed``, what comes into the gates of a
        step; ``states``, the first of each kind; ``grads``, those of all gates;
        ``hidden_grads``, two to write to in turn; and ``steps``, a namespace for each
        time step.
        """

    def _finished(self, tape, flat):
        """Return a tape with what all cells have in it."""
        tape.flat = flat
        n_members, n_timesteps, _, width = tape.grads.shape
        hidden = tape.all_given[..., : self.width]
        tape.outputs, tape.given = hidden[:, 1:], tape.all_given[:, :-1]
        tape.columns, tape.ones = tape.given[..., self.width : -1], tape.given[..., -1]
        tape.by_time = tape.grads.new_empty(n_members, n_timesteps, width)
        for t, step in enumerate(tape.steps):
            step.given = tape.given[:, t]
            step.hidden_before, step.hidden = hidden[:, t], hidden[:, t + 1]
            step.hidden_grad = tape.hidden_grads[t % 2]
            step.rows_of_grads = tape.grads[:, t]
            step.sum_of_grads = tape.by_time[:, t : t + 1]
        return tape

    @abstractmethod
    def _run(self, tape, step):
        """Take a time step, when what comes into the gates has been written."""

    def _begin_back(self, tape):
        """Begin the way back."""
        return None

    @abstractmethod
    def _run_back(self, tape, step, g):
        """Set the gates' gradients, given that of the hidden state after a step."""

    def _state_grads(self, tape, g):
        """Return the gradients of the first states, given that of the hidden one."""
        return [g]
