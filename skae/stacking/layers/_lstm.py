"""Long short-term memory of many members."""

from types import SimpleNamespace

import torch

from skae.stacking.layers._cells import StackedCell

__all__ = ["StackedLSTM"]

_sigmoid_backward = torch.ops.aten.sigmoid_backward.grad_input
_FOUR, _MINUS_TWO = torch.tensor(4.0), torch.tensor(-2.0)


class StackedLSTM(StackedCell):
    """Layers of ``c' = f c + u, u = i tanh(a), h' = o tanh(c')``; see `StackedCell`.

    The gates o, i and f are sigmoids of what the input and h contribute, and a is such
    a contribution. On processors a sigmoid takes much less time than a hyperbolic
    tangent, which is another sigmoid: ``i tanh(a) = i - 2 i s`` with ``s = sigmoid(-2
    a)``. With weights that contribute ``-2 a``, all of ``i, f, s, o`` are one
    operation; so it is with ``o tanh(c')``.

    On the way back, the derivative of o is a factor times ``dh'``, those of i and a are
    factors times ``dc'``, and that of f is one times ``dc' f``, which goes on to c.
    ``dc'`` has the slope ``dh'/dc'`` times ``dh'`` from h'. Factors take the place of
    what they are found from, and derivatives that of the factors.
    """

    of_input = of_hidden = (0, 1, 2, 3)  # i, f, a, o
    scale = (1, 1, -2, 1)
    n_states = 2

    def _shapes_of_tape(self, n_members, n_rows):
        own, n = (n_rows, self.width), self.n_timesteps
        return {
            "gates": (n_members, n, n_rows, 4 * self.width),
            "contributed": (n_members, n_rows, 4 * self.width),
            "all_given": (n_members, n + 1, n_rows, self.n_given),
            "memory": (n_members, n + 1, *own),
            "change": (n_members, n, *own),
            "squashed": (n_members, n, *own),
            "hidden_grads": (2, n_members, *own),
            "memory_grad": (n_members, *own),
        }

    def _new_tape(self, gates, all_given, memory, change, squashed, **others):
        by_gate = gates.unflatten(-1, (4, self.width))
        steps = [
            SimpleNamespace(
                all_gates=gates[:, t],
                gates=by_gate[:, t].unbind(-2),
                memory_before=memory[:, t],
                memory=memory[:, t + 1],
                change=change[:, t],
                squashed=squashed[:, t],
            )
            for t in range(self.n_timesteps)
        ]
        return SimpleNamespace(
            grads=gates,
            all_given=all_given,
            states=(all_given[:, 0, :, : self.width], memory[:, 0]),
            steps=steps,
            **others,
        )

    def _run(self, tape, step):
        torch.sigmoid(tape.contributed, out=step.all_gates)
        i, f, s, o = step.gates
        torch.addcmul(i, i, s, value=-2, out=step.change)
        torch.addcmul(step.change, f, step.memory_before, out=step.memory)
        torch.mul(step.memory, _MINUS_TWO, out=step.squashed).sigmoid_()
        torch.addcmul(o, o, step.squashed, value=-2, out=step.hidden)

    def _begin_back(self, tape):
        tape.memory_grad.zero_()

    def _run_back(self, tape, step, g):
        i, f, s, o = step.gates
        hidden, change, before = step.hidden, step.change, step.memory_before
        slope = _sigmoid_backward(o, step.squashed, grad_input=step.squashed)
        of_memory = tape.memory_grad.addcmul_(g, slope, value=4)
        torch.addcmul(hidden, hidden, o, value=-1, out=o).mul_(g)
        _sigmoid_backward(i, s, grad_input=s).mul_(_FOUR).mul_(of_memory)
        torch.addcmul(change, change, i, value=-1, out=i).mul_(of_memory)
        torch.addcmul(before, before, f, value=-1, out=change)
        torch.mul(change, of_memory.mul_(f), out=f)

    def _state_grads(self, tape, g):
        return [g, tape.memory_grad]
