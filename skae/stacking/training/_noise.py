"""Noise on the inputs or codes of many members."""

from skae.stacking.training._draws import drawn

__all__ = ["StackedNoise", "stack_noises"]


class StackedNoise:
    """Noise module for many members, each of which draws for itself.

    What a member's module keeps between batches has a place in stacked tensors, of the
    `shapes`, which stand in the place of the one module's buffers.

    Parameters
    ----------
    modules : list of torch.nn.Module
        Of the members, alike but for the shapes of their rows.
    row_shapes : list of tuple of int
        Of a row of each member.
    """

    def __init__(self, modules, row_shapes):
        self.row_shapes = row_shapes
        self.row_shape = tuple(map(max, zip(*row_shapes, strict=True)))
        self.part = modules[0].part
        self.module = self.part.build(self.row_shape)
        self.names = [name for name, _ in self.module.named_buffers()]

    @property
    def shapes(self):
        """Shapes of what a member's module keeps, padded; numbers have axes, too."""
        buffers = (getattr(self.module, name) for name in self.names)
        numbers = (1,) * len(self.row_shape)
        return [(1, *(buffer.shape or numbers)) for buffer in buffers]

    def bind(self, state):
        """Keep state in these tensors, of the `shapes`."""
        for name, value in zip(self.names, state, strict=True):
            setattr(self.module, name, value)

    def keep(self, members):
        """Forget all but some members; `bind` has to follow."""
        self.row_shapes = [self.row_shapes[member] for member in members]

    def pairs(self, member, state, module):
        """Yield a module's buffers, and where they stand in stacked state."""
        for name, stacked in zip(self.names, state, strict=True):
            own = getattr(module, name)
            place = stacked[(member, 0, *map(slice, own.shape))]
            yield own.view(place.shape), place

    def __call__(self, x, batch):
        """Return noisy rows; those that a member does not have are of no account."""
        x = x.unflatten(2, self.row_shape)
        draws = drawn(self.part.draw, x, batch, self.row_shapes)
        return self.module.noisy(x, draws, batch.present).flatten(2)


def stack_noises(modules, row_shapes):
    """Return the `StackedNoise` of many members; None where they have none.

    Parameters
    ----------
    modules : list of torch.nn.Module or None
        As built by a `Noise`.
    row_shapes : list of tuple of int
        Of a row of each member.
    """
    return None if modules[0] is None else StackedNoise(modules, row_shapes)
