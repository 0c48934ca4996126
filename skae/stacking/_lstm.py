"""Long short-term memory of many members."""

from types import SimpleNamespace

import torch

from skae.networks.stacking import tanh
from skae.stacking._cells import StackedCell

__all__ = ["StackedLSTM"]

_sigmoid_backward = torch.ops.aten.sigmoid_backward.grad_input
_tanh_backward = torch.ops.aten.tanh_backward.grad_input


class StackedLSTM(StackedCell):
    """Layers of ``c' = f c + i g, h' = o tanh(c')``; see `StackedCell`.

    The gates o, i and f are sigmoids, and g the hyperbolic tangent, of what the input
    and h contribute. With ``dx`` for the derivative of the loss, what ``dh'`` adds to
    ``dc'`` is the slope ``o (1 - tanh(c')**2)`` times it; ``dc' f`` goes on to c. The
    derivative of o is a known factor times ``dh'``, those of i, f and g are ``dc'``
    times others.
    """

    of_input = of_hidden = (3, 0, 1, 2)  # ours are o, i, f, g; torch's i, f, g, o
    n_states = 2

    def _bias_of_inputs(self):
        return self.bias + self.hidden_bias

    def _shapes_of_tape(self, n_members, n_rows):
        own, n = (n_members, n_rows, self.width), self.n_timesteps
        return {
            "raw": (n_members, n_rows, 4 * self.width),
            "active": (3, *own),
            "memory": (2, *own),
            "squashed": own,
            "forget": (n, *own),
            "slope": (n, *own),
            "factors": (n, 4, *own),
            "hidden": (n_members, n + 1, n_rows, self.width),
            "grads": (n_members, n, n_rows, 4 * self.width),
            "hidden_grads": (2, *own),
            "memory_grad": own,
        }

    def _new_tape(self, raw, active, memory, forget, slope, factors, hidden, **others):
        by_gate = raw.unflatten(-1, (4, self.width))
        steps = [
            SimpleNamespace(
                memory_before=memory[t % 2],
                memory=memory[1 - t % 2],
                forget=forget[t],
                slope=slope[t],
                factors=factors[t].unbind(0),
                # as rows of gates are
                of_memory=factors[t, 1:].permute(1, 2, 0, 3),
            )
            for t in range(self.n_timesteps)
        ]
        return SimpleNamespace(
            raw=raw,
            raw_output_and_input=by_gate[:, :, :2],
            raw_forget=by_gate[:, :, 2],
            raw_candidate=by_gate[:, :, 3],
            output_and_input=active[:2].permute(1, 2, 0, 3),
            output=active[0],
            input=active[1],
            candidate=active[2],
            hidden=hidden,
            states=(hidden[:, 0], memory[0]),
            steps=steps,
            **others,
        )

    def _run(self, tape, step):
        tape.raw.baddbmm_(step.hidden_before, self.weight)
        torch.sigmoid(tape.raw_output_and_input, out=tape.output_and_input)
        torch.sigmoid(tape.raw_forget, out=step.forget)
        tanh(tape.raw_candidate, out=tape.candidate)
        torch.mul(step.forget, step.memory_before, out=step.memory)
        step.memory.addcmul_(tape.input, tape.candidate)
        tanh(step.memory, out=tape.squashed)
        torch.mul(tape.output, tape.squashed, out=step.hidden)
        self._set_factors(tape, step)

    def _set_factors(self, tape, step):
        of_output, of_input, of_forget, of_candidate = step.factors
        _sigmoid_backward(tape.squashed, tape.output, grad_input=of_output)
        _sigmoid_backward(tape.candidate, tape.input, grad_input=of_input)
        _sigmoid_backward(step.memory_before, step.forget, grad_input=of_forget)
        _tanh_backward(tape.input, tape.candidate, grad_input=of_candidate)
        _tanh_backward(tape.output, tape.squashed, grad_input=step.slope)

    def _begin_back(self, tape):
        tape.memory_grad.zero_()

    def _run_back(self, tape, step, g):
        tape.memory_grad.addcmul_(g, step.slope)
        torch.mul(step.factors[0], g, out=step.grads[:, :, 0])
        torch.mul(
            step.of_memory, tape.memory_grad.unsqueeze(2), out=step.grads[:, :, 1:]
        )
        tape.memory_grad.mul_(step.forget)

    def _state_grads(self, tape, g):
        return [g, tape.memory_grad]
