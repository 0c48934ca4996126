"""Layers of many members, whose weights are in one place."""

from skae.stacking.layers._linear import Weights

__all__ = ["StackedParts"]


class StackedParts:
    """Stacked layers in a row, as a member's parameters are.

    A layer has the `shapes` of its stacked tensors, can `bind` these and their
    gradients, `keep` some members, and knows the `pairs` of a member's tensors and
    their places.

    Parameters
    ----------
    layers : list of (layer, int)
        With the number of a member's parameters that each takes.
    n_members : int
    """

    def __init__(self, layers, n_members):
        self.layers = layers
        self.n_members = n_members

    def weights(self, dtype, device):
        """Return zeros for the weights of all members."""
        shapes = [shape for layer, _ in self.layers for shape in layer.shapes]
        return Weights(shapes, self.n_members, dtype, device)

    def bind(self, weights, grads):
        """Work on these `Weights`, and write gradients into those."""
        values, grads = iter(weights.parts), iter(grads.parts)
        for layer, _ in self.layers:
            layer.bind(
                [next(values) for _ in layer.shapes],
                [next(grads) for _ in layer.shapes],
            )

    def keep(self, members):
        """Forget all but some members; `bind` has to follow."""
        self.n_members = len(members)
        for layer, _ in self.layers:
            layer.keep(members)

    def pairs(self, member, weights, tensors):
        """Yield parts of a member's tensors, and where they stand in stacked ones.

        Parameters
        ----------
        member : int
        weights : Weights
            Stacked tensors.
        tensors : list of torch.Tensor
            Of the shapes of the member's parameters, in the order of the layers.
        """
        parts, tensors = iter(weights.parts), iter(tensors)
        for layer, n_own in self.layers:
            stacked = [next(parts) for _ in layer.shapes]
            own = [next(tensors) for _ in range(n_own)]
            yield from layer.pairs(member, stacked, *own)
