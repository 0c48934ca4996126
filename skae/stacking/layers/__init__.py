"""Layers and networks of many members at once. Begin here.

A stack holds the weights of many networks, its *members*, in tensors with a leading
axis. Members may differ in the widths of their layers, so that every tensor is as large
as the largest member needs, and what a member does not use is zero. The weights of a
linear layer, for a member of 3 inputs and 2 outputs and one of 2 inputs and 4::

    weights (n_members, n_in, n_out) = (2, 3, 4)

      member 0       member 1          inputs (n_members, n_rows, n_in)
      w w . .        w w w w             member 0   x x x
      w w . .        w w w w             member 1   x x .
      w w . .        . . . .           outputs (n_members, n_rows, n_out)
                                         member 0   y y . .
    .  is zero, and stays it             member 1   y y y y

Why zeros stay zero: a unit that a member does not have is given nothing and passes
nothing on. Its outputs are zero, since its weights and its bias are, and activations
that make something else of zero (`sigmoid`, `softplus`) are masked. So are the
gradients that come back to it; and a gradient of zero moves no weight, whatever the
optimiser, since weight decay and moments of zero are zero. Nothing else has to know
about padding: an operation for all members is one call, ``torch.bmm`` for products.

All weights of a stack are views of one flat tensor (`Weights`), and so are their
gradients: one call of the optimiser takes a step for all that have its settings, and
one copy is enough to go back to.

Gradients are written by hand, into memory that is used again in every step. torch's own
allocate and keep books at each operation, which for small layers costs more than the
arithmetic. Every layer thus has the same few methods::

    shapes              of a member's padded tensors
    bind(values, grads) work on these stacked tensors, and write gradients into those
    keep(members)       forget the others; `bind` follows
    pairs(member, ...)  where the tensors of a lone network stand in the stacked ones
    forward, backward   the latter sets the weights' gradients, and returns the inputs'

In which order to read:

- `_linear.py`: memory, weights, linear layers and activations; all else is made of
  these.
- `_parts.py`: layers in a row, as the parameters of a network are.
- `_dense.py`: dense autoencoders; what an architecture is that members share.
- `_cells.py`: recurrent layers with their way back through time, of which there are two
  kinds, `_lstm.py` and `_gru.py`; `_inputs.py` is what they are given.
- `_reader.py`, `_writer.py`, `_recurrent.py`: recurrent encoders, decoders, and both as
  one network.
- `_patches.py`: what the windows of a convolution see; `_convolutions.py`: convolutions
  as products with that; `_convolutional.py`: convolutional autoencoders.
- `_kinds.py`: the kinds of networks that there are.

Another kind of network would be one more class beside `StackedNetwork`,
`StackedRecurrent` and `StackedConvolutional`, named in `_kinds.py`. This room knows
nothing of the other two.
"""
