"""Gated recurrent units of many members."""

from types import SimpleNamespace

import torch

from skae.networks.stacking import tanh
from skae.stacking._cells import StackedCell

__all__ = ["StackedGRU"]

_sigmoid_backward = torch.ops.aten.sigmoid_backward.grad_input
_tanh_backward = torch.ops.aten.tanh_backward.grad_input


class StackedGRU(StackedCell):
    """Layers of ``h' = n + z (h - n), n = tanh(a + r q)``; see `StackedCell`.

    The gates r and z are sigmoids of what the input and h contribute; a is what the
    input contributes to the candidate n, and q what h does. The derivatives of a, r, z
    and q are known factors times that of ``h'``, and z times it goes on to h.
    """

    of_input = (2, 0, 1)  # a, r, z of ours, which are a, r, z, q; torch's are r, z, n
    of_hidden = (0, 1, 2)  # r, z, q

    def _bias_of_inputs(self):
        return self.bias

    def _shapes_of_tape(self, n_members, n_rows):
        own, n = (n_members, n_rows, self.width), self.n_timesteps
        return {
            "raw": (n_members, n, n_rows, 3 * self.width),
            "from_hidden": (n_members, n_rows, 3 * self.width),
            "r": own,
            "z": (n, *own),
            "candidate": own,
            "change": own,
            "factors": (n, 4, *own),
            "hidden": (n_members, n + 1, n_rows, self.width),
            "grads": (n_members, n, n_rows, 4 * self.width),
            "hidden_grads": (2, *own),
        }

    def _new_tape(self, raw, from_hidden, z, factors, hidden, **others):
        by_gate = raw.unflatten(-1, (3, self.width))
        by_grads = others["grads"].unflatten(-1, (4, self.width))
        steps = [
            SimpleNamespace(
                a=by_gate[:, t, :, 0],
                raw_gates=raw[:, t, :, self.width :],
                raw_r=by_gate[:, t, :, 1],
                raw_z=by_gate[:, t, :, 2],
                grads=by_grads[:, t].unbind(-2),
                z=z[t],
                factors=factors[t].unbind(0),
            )
            for t in range(self.n_timesteps)
        ]
        return SimpleNamespace(
            raw=raw,
            from_hidden=from_hidden,
            gates_from_hidden=from_hidden[..., : 2 * self.width],
            q=from_hidden[..., 2 * self.width :],
            hidden=hidden,
            states=(hidden[:, 0],),
            steps=steps,
            **others,
        )

    def _run(self, tape, step, before):
        if before is None:
            before = step.hidden_before  # which is zero
            tape.from_hidden.copy_(self.hidden_bias.expand_as(tape.from_hidden))
        else:
            torch.baddbmm(self.hidden_bias, before, self.weight, out=tape.from_hidden)
        step.raw_gates.add_(tape.gates_from_hidden)
        torch.sigmoid(step.raw_r, out=tape.r)
        torch.sigmoid(step.raw_z, out=step.z)
        torch.addcmul(step.a, tape.r, tape.q, out=tape.candidate)
        tanh(tape.candidate, out=tape.candidate)
        torch.sub(before, tape.candidate, out=tape.change)
        torch.addcmul(tape.candidate, step.z, tape.change, out=step.hidden)
        self._set_factors(tape, step)

    def _set_factors(self, tape, step):
        of_a, of_r, of_z, of_q = step.factors
        torch.neg(step.z, out=of_a).add_(1)
        _tanh_backward(of_a, tape.candidate, grad_input=of_a)
        torch.mul(of_a, tape.r, out=of_q)
        _sigmoid_backward(tape.q, tape.r, grad_input=of_r)
        of_r.mul_(of_a)
        _sigmoid_backward(tape.change, step.z, grad_input=of_z)

    def _run_back(self, tape, step, g):
        for factor, grad in zip(step.factors, step.grads, strict=True):
            torch.mul(factor, g, out=grad)

    def _hidden_before(self, tape, step, g, before):
        return super()._hidden_before(tape, step, g, before).addcmul_(g, step.z)
