"""Training of the members of a stack. Begin here.

Each member is a fit that has come as far as its training: a net with its module, loss
and optimiser, rows to train on, and perhaps rows that are held out. A `Stack` takes
steps for all of them at once, and each ends with the weights that it would have had
alone, up to rounding, since it takes the same steps: its own batches in its own order,
its own draws, its own learning rate and weights of penalties.

Rows are held once, in one table if they are small (`Pool`), whatever the number of
members that train on them. What members have of their own is numbers of rows::

    table (n_rows, n_features)       order of the epoch (n_members, n_rows)
      0  x x x x   rows of fold 0      member 0   2 0 1 | 3 .        batches of 3 rows
      1  x x x x                       member 1   1 3 0 | 2 .
      2  x x x x                       member 2   6 4 5 | 8 7 | 9
      3  x x x x
      4  x x x x   rows of fold 1    weight of the last batch (n_members, n_rows)
      ...                              member 0   1 0 0      rows that a member does
      9  x x x x                       member 2   1 0 0      not have weigh nothing

Members may have different numbers of batches, so that each has a `cursor` of its own:
where it is in its epoch. A step takes every member's next batch. Members whose cursor
comes to its end close their epoch (means of the terms, held-out loss, early stopping,
a row of the history) and begin another, while the others are in the middle of theirs.
Who is done leaves the stack: its weights go back into its module, and the tensors of
the others close ranks.

A step goes through these, from the top to the bottom and back::

    rows        a batch (n_members, n_rows, n_features), weights, generators
    noise       on the inputs: each member draws for itself, one formula for all
    network     encoder, of the room `layers`         -> maps (n_members, n_rows, k)
    code        the bottleneck's own formula, noise, penalties   -> z, raw values
    network     decoder                               -> x_hat, like the batch
    reconstruction                                    -> loss (n_members,)
    optimiser   one of torch's, on slices of the weights that have equal settings

Bottlenecks, penalties, reconstruction terms and noise are the parts themselves, as a
lone fit has them: they are written over leading axes, and told what is padding
(`weight` of rows, `units` of codes). They say of themselves that they can do this; what
a part has to say is in docs/extending.md. Squared errors, normal likelihoods and codes,
and the divergence of these have gradients by hand instead. Rules that a lone epoch has
as well (when a loss has exploded, the rate of a step, a row of the history) are in
``skae/training/_rules.py``.

A loss that explodes ends its member only: `candidate` are the weights that the current
epoch has started from, `trusted` those from which a whole epoch was good.

In which order to read:

- `_stack.py`: the loop. Then `_member.py`: one fit in it.
- `_rows.py`, `_pool.py` and `_order.py`: who takes which rows of which table.
- `_model.py`: from a batch to losses and gradients; `_code.py`, `_units.py`,
  `_noise.py` and `_reconstruction.py` are its parts, `_draws.py` what members draw.
- `_optimizer.py`: torch's optimisers for members of different settings.
- `_one.py`: a fit that trains alone takes its gradients from a `StackedModel` of
  itself, and its steps on all weights as one (`_joint.py`); the loop is that of its
  net. What callbacks may have changed is found by `_snapshot.py`.

Nothing here waits for anything, or knows of threads: that is the room `meeting`.
"""
