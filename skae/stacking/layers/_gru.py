"""Gated recurrent units of many members."""

from types import SimpleNamespace

import torch

from skae.stacking.layers._cells import StackedCell
from skae.stacking.layers._linear import tanh

__all__ = ["StackedGRU"]

_sigmoid_backward = torch.ops.aten.sigmoid_backward.grad_input
_tanh_backward = torch.ops.aten.tanh_backward.grad_input


class StackedGRU(StackedCell):
    """Layers of ``h' = n + z (h - n), n = tanh(a + r q)``; see `StackedCell`.

    The gates r and z are sigmoids of what the input and h contribute; a is what the
    input contributes to the candidate n, and q what h does. The derivatives of a, r, z
    and q are known factors times that of ``h'``, and z times it goes on to h.
    """

    of_input = (2, 0, 1, None)  # a, r, z, q of ours; torch's are r, z, n
    of_hidden = (None, 0, 1, 2)

    def _shapes_of_tape(self, n_members, n_rows):
        own, n = (n_members, n_rows, self.width), self.n_timesteps
        return {
            "contributed": (n_members, n_rows, 4 * self.width),
            "r": own,
            "z": (n, *own),
            "candidate": own,
            "change": own,
            "factors": (n, 4, *own),
            "all_given": (n_members, n + 1, n_rows, self.n_given),
            "grads": (n_members, n, n_rows, 4 * self.width),
            "hidden_grads": (2, *own),
        }

    def _new_tape(self, contributed, z, factors, all_given, grads, **others):
        by_gate = grads.unflatten(-1, (4, self.width))
        steps = [
            SimpleNamespace(
                grads=by_gate[:, t].unbind(-2),
                z=z[t],
                factors=factors[t].unbind(0),
            )
            for t in range(self.n_timesteps)
        ]
        return SimpleNamespace(
            contributed=contributed,
            parts=contributed.unflatten(-1, (4, self.width)).unbind(-2),
            all_given=all_given,
            states=(all_given[:, 0, :, : self.width],),
            grads=grads,
            steps=steps,
            **others,
        )

    def _run(self, tape, step):
        a, raw_r, raw_z, q = tape.parts
        torch.sigmoid(raw_r, out=tape.r)
        torch.sigmoid(raw_z, out=step.z)
        torch.addcmul(a, tape.r, q, out=tape.candidate)
        tanh(tape.candidate, out=tape.candidate)
        torch.sub(step.hidden_before, tape.candidate, out=tape.change)
        torch.addcmul(tape.candidate, step.z, tape.change, out=step.hidden)
        self._set_factors(tape, step, q)

    def _set_factors(self, tape, step, q):
        of_a, of_r, of_z, of_q = step.factors
        torch.neg(step.z, out=of_a).add_(1)
        _tanh_backward(of_a, tape.candidate, grad_input=of_a)
        torch.mul(of_a, tape.r, out=of_q)
        _sigmoid_backward(q, tape.r, grad_input=of_r)
        of_r.mul_(of_a)
        _sigmoid_backward(tape.change, step.z, grad_input=of_z)

    def _run_back(self, tape, step, g):
        for factor, grad in zip(step.factors, step.grads, strict=True):
            torch.mul(factor, g, out=grad)

    def _hidden_before(self, tape, step, g, before):
        return super()._hidden_before(tape, step, g, before).addcmul_(g, step.z)
