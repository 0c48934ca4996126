"""Averages of weights over the last steps of a training."""

import torch

__all__ = ["WeightAverage"]

# The average reaches back over about one step in so many.
SHARE = 10


class WeightAverage:
    """Average of weights over the steps of a training, of which late ones count most.

    After step t, ``mean += s / (t + s - 1) * (weights - mean)`` with s = 10: a
    polynomial decay, so that about the last tenth of the steps counts, however many
    they are. It takes the scatter out of the last steps, which high rates leave, and so
    tells of held-out rows what a lower rate would. Weights and averages change places
    by `swap`, so that whoever looks at a network between two epochs, and when training
    ends, finds the averages in it.

    Shamir & Zhang, "Stochastic gradient descent for non-smooth optimization", ICML
    2013.

    Parameters
    ----------
    weights : list of torch.Tensor
        That steps change, in place. Without any, nothing is done.
    means : list of torch.Tensor or None, default=None
        Tensors for the averages, of the same values; copies if None.

    Attributes
    ----------
    n_steps : int
    has_swapped : bool
        Whether `weights` are the averages now, and `means` what steps go on from.

    Examples
    --------
    >>> import torch
    >>> from skae.training._average import WeightAverage
    >>> weight = torch.zeros(1)
    >>> average = WeightAverage([weight])
    >>> for _ in range(20):
    ...     weight += 1
    ...     average.update()
    >>> average.swap()
    >>> weight.round(decimals=1)
    tensor([18.3])
    """

    def __init__(self, weights, means=None):
        self.n_steps, self.has_swapped = 0, False
        self.follow(weights, means)

    def follow(self, weights, means=None):
        """Go on with other tensors, as of fewer networks."""
        self.weights = [weight.detach() for weight in weights]
        copies = [weight.clone() for weight in self.weights]
        self.means = copies if means is None else means

    def update(self):
        """Count the weights of now, after a step."""
        self.n_steps += 1
        if self.weights:
            share = SHARE / (self.n_steps + SHARE - 1)
            torch._foreach_lerp_(self.means, self.weights, share)

    def swap(self, has_swapped=True):
        """Put the averages in the place of the weights, or back."""
        if self.weights and has_swapped != self.has_swapped:
            before = [weight.clone() for weight in self.weights]
            torch._foreach_copy_(self.weights, self.means)
            torch._foreach_copy_(self.means, before)
            self.has_swapped = has_swapped

    def state(self):
        """Return the state between two epochs, beside the weights."""
        return {"n_steps": self.n_steps, "means": self.means}

    @torch.no_grad()
    def load_state(self, state):
        """Go on from what `state` returned, with the weights of then."""
        self.n_steps, self.has_swapped = state["n_steps"], True
        for mean, value in zip(self.means, state["means"], strict=True):
            mean.copy_(value)
