"""Gaps filled by all networks of a fit, those that have found its length as well."""

from abc import abstractmethod

from torch.func import functional_call

__all__ = ["EnsembleMixin"]


class EnsembleMixin:
    """Means over networks of one fit, where rows have gaps to fill.

    A fit that finds its number of epochs first trains networks on parts of the rows.
    These are wrong about other cells than the one that is trained on all of them, so
    that the mean of all is right more often. Only their weights are kept.
    """

    # By name, of each network that was trained on a part of the rows.
    _weights_of_parts = ()

    @property
    @abstractmethod
    def _fills_by_parts(self):
        """Whether the networks of the parts learn to fill gaps."""

    def _begin_anew(self):
        vars(self).pop("_weights_of_parts", None)
        super()._begin_anew()

    def _go_on(self):
        vars(self).pop("_weights_of_parts", None)  # they would stay behind
        super()._go_on()

    def _note_parts(self, nets):
        if self._fills_by_parts:
            good = [net.module_ for net in nets if not net.diverged_]
            self._weights_of_parts = [_weights_of(module) for module in good]

    def _filling(self, X, condition=None):
        module = self.net_.module_
        device = next(module.parameters()).device
        parts = [
            {name: tensor.to(device) for name, tensor in weights.items()}
            for weights in self._weights_of_parts
        ]

        def mean(x, condition):
            total = module(x, None, condition)[0]
            for weights in parts:
                told = functional_call(module, weights, (x, None, condition))[0]
                total = total + told
            return total / (1 + len(parts))

        return self._map(mean, X, condition).reshape(X.shape)


def _weights_of(module):
    """Return copies of the tensors of a module, by name, on the CPU."""
    state = module.state_dict().items()
    return {name: tensor.detach().cpu().clone() for name, tensor in state}
