"""Noise on the input, for denoising, or on the code, which bounds its information."""

import math
from abc import ABC
from numbers import Integral, Real

import torch
from sklearn.base import BaseEstimator
from torch import nn

from skae.registry import Registry

__all__ = [
    "NOISES",
    "GaussianNoise",
    "MaskingNoise",
    "MixNoise",
    "NestedDropout",
    "Noise",
    "SNRNoise",
    "SwapNoise",
]

NOISES = Registry("noise", "skae.noises")


class Noise(BaseEstimator, ABC):
    """Noise: hyper-parameters, and the module they describe.

    Noise comes about in two steps: `draw` returns random numbers for some rows, and
    `apply` makes noisy rows of these. In a stack of many fits each member draws from a
    generator of its own, for its own rows, and one call makes noisy rows for all.

    Noise that keeps something between batches has a module of its own instead, which
    `build` returns. The module's ``forward(x, generator=None)`` draws from `generator`
    only; without one it returns `x` as it is, so that predictions are deterministic.
    Fits with a module of your own train alone.

    Examples
    --------
    Rows turned upside down, one in two:

    >>> import torch
    >>> from skae.noise import Noise
    >>> class SignNoise(Noise):
    ...     def draw(self, x, generator):
    ...         shape = *x.shape[:-1], 1
    ...         coins = torch.randint(2, shape, generator=generator, device=x.device)
    ...         return coins * 2 - 1
    ...
    ...     def apply(self, x, draws):
    ...         return x * draws
    >>> module = SignNoise().build((3,))
    >>> noisy = module(torch.ones(100, 3), torch.Generator().manual_seed(0))
    >>> noisy.unique().tolist(), module(torch.ones(2, 3)).unique().tolist()
    ([-1.0, 1.0], [1.0])
    """

    #: Variance of noise that is added, where it does not depend on the data.
    variance = None

    #: Whether entries are kept as they are or become zero, whatever their values. An
    #: encoder with an indicator of missing entries is told which have.
    hides = False

    #: Weight in the loss of entries that are kept, where others weigh 1 and the
    #: encoder is told which are hidden.
    kept_weight = 1.0

    #: Whether rows are to be reconstructed with their noise, not as they were before.
    in_targets = False

    def draw(self, x, generator):
        """Return random numbers for rows, from a generator and nothing else.

        Parameters
        ----------
        x : torch.Tensor of shape (..., batch, ...)
            Tells shape, dtype and device. Its values are of no account: in a stack they
            are zeros. What depends on them belongs into `apply`.
        generator : torch.Generator

        Returns
        -------
        draws : torch.Tensor
            Of the shape of `x`, or of length 1 along some axes.
        """
        raise NotImplementedError(
            f"{type(self).__name__} has to define draw(x, generator), or build(shape)."
        )

    def apply(self, x, draws):
        """Return noisy rows: by default the sum of rows and draws.

        Parameters
        ----------
        x : torch.Tensor of shape (..., batch, ...)
            In a stack the leading axis has the members, whose rows are flat.
        draws : torch.Tensor
            As `draw` returns them; in a stack those of all members, zero where one has
            no rows or units.
        """
        return x + draws

    def build(self, shape):
        """Return the module for rows of one shape."""
        return _NoiseModule(self)


class _NoiseModule(nn.Module):
    """Noise at work.

    In a stack, one module serves all members: on a leading axis of `x` and `draws`,
    and of buffers if it has some, with the weights of rows, zero where there is none.
    """

    #: Whether `draw` of its part and `noisy` do together what `forward` does.
    stacks = True

    def __init__(self, part):
        super().__init__()
        self.part = part

    def forward(self, x, generator=None):
        if generator is None:
            return x
        return self.noisy(x, self.part.draw(x, generator))

    def noisy(self, x, draws, weight=None):
        return self.part.apply(x, draws)

    def extra_repr(self):
        return repr(self.part)

    @property
    def hides(self):
        """Whether entries are kept as they are or become zero."""
        return self.part.hides

    @property
    def kept_weight(self):
        """Weight in the loss of entries that are kept."""
        return self.part.kept_weight

    @property
    def in_targets(self):
        """Whether rows are to be reconstructed with their noise."""
        return self.part.in_targets

    @property
    def noise_variance(self):
        """Variance of the noise on each unit, None where it is not added to them."""
        return self.part.variance


def normal_like(x, generator):
    """Return draws from the standard normal distribution, in the shape of `x`."""
    return torch.randn(x.shape, generator=generator, device=x.device, dtype=x.dtype)


@NOISES.register("gaussian")
class GaussianNoise(Noise):
    """Independent normal noise of a fixed standard deviation.

    On a code, a network can outgrow it: with nothing that limits the codes they
    become large, and the noise negligible. `SNRNoise` has no such way out.

    Parameters
    ----------
    std : float, default=0.1
        Standard deviation, in units of what it is added to.

    Examples
    --------
    >>> import torch
    >>> from skae.noise import GaussianNoise
    >>> noise = GaussianNoise(std=0.5).build((3,))
    >>> x = torch.zeros(1000, 3)
    >>> noise(x).std(), noise(x, torch.Generator().manual_seed(0)).std()
    (tensor(0.), tensor(0.5))
    """

    def __init__(self, std=0.1):
        self.std = std

    @property
    def variance(self):
        """Variance of the noise."""
        return self.std**2

    def draw(self, x, generator):
        """Return standard normal numbers; see `Noise.draw`."""
        return normal_like(x, generator)

    def apply(self, x, draws):
        """Return `x` with noise."""
        return x + self.std * draws


@NOISES.register("masking")
class MaskingNoise(Noise):
    """Entries set to zero at random; the classical denoising autoencoder's.

    Parameters
    ----------
    p : float in [0, 1), default=0.3
        Probability of an entry to be masked. Zero should be an ordinary value: centre
        the data.
    columns : tuple of int or None, default=None
        Numbers of features, in their order, that are one variable and masked as one, as
        the one-hot columns of a category; None for each by itself.
    kept_weight : float in (0, 1], default=1.0
        Weight in the loss of entries that are not masked, where masked ones weigh 1.
        The less it is, the more a network learns to tell entries by others, and the
        less to reconstruct those that it sees. Less than 1 needs an estimator with
        `missing_indicator`.

    Notes
    -----
    An estimator with `missing_indicator` takes masked entries for missing ones: its
    encoder is given the means of their features, and told that they are hidden. Rows
    that are complete then teach it what to make of a gap, and the indicator has
    nothing to learn from them without such noise. Rows that are held out have entries
    masked, too, so that a fit ends where it tells hidden entries best.

    References
    ----------
    P. Vincent et al., "Extracting and composing robust features with denoising
    autoencoders", ICML 2008.

    Examples
    --------
    >>> import torch
    >>> from skae.noise import MaskingNoise
    >>> noise = MaskingNoise(p=0.25).build((3,))
    >>> noise(torch.ones(4000, 3), torch.Generator().manual_seed(0)).mean()
    tensor(0.75)
    """

    hides = True

    def __init__(self, p=0.3, columns=None, kept_weight=1.0):
        self.p = p
        self.columns = columns
        self.kept_weight = kept_weight

    def build(self, shape):
        """Return the module; see `Noise.build`."""
        if not (isinstance(self.kept_weight, Real) and 0 < self.kept_weight <= 1):
            raise ValueError(
                f"kept_weight={self.kept_weight!r}: it has to be above 0 and at most 1."
            )
        _check_columns(self.columns, shape[-1])
        return super().build(shape)

    def draw(self, x, generator):
        """Return which entries are kept; see `Noise.draw`."""
        shape = x.shape
        if self.columns is not None:
            shape = *shape[:-1], len(self.columns)
        # in one dtype, whatever torch's default is: others draw others
        draws = torch.rand(
            shape, generator=generator, device=x.device, dtype=torch.float32
        )
        kept = draws >= self.p
        if self.columns is None:
            return kept
        widths = torch.tensor(self.columns, device=x.device)
        return kept.repeat_interleave(widths, dim=-1)

    def apply(self, x, draws):
        """Return `x` with entries masked."""
        return x * draws


@NOISES.register("swap")
class SwapNoise(Noise):
    """Entries taken from other rows, which makes new rows to learn from.

    An entry is that of the same feature in a row of the batch, drawn at random, with
    probability `p`. The rows that come about are what is to be reconstructed, unlike
    with `MaskingNoise`: an autoencoder of few rows learns to tell values apart in
    combinations that these do not have, instead of its rows by heart. For rows of one
    axis, as those of tables. Weights and conditions of rows stay with what is left of
    them: where they differ, a row may be given entries of one that hardly counts.

    Parameters
    ----------
    p : float in [0, 1], default=0.2
        Probability of an entry to be taken from another row. With 1 rows have nothing
        of how features depend on one another, only how each is distributed.
    columns : tuple of int or None, default=None
        Numbers of features, in their order, that are one variable and taken together,
        as the one-hot columns of a category; None for each by itself.

    References
    ----------
    D. Bahri, H. Jiang, Y. Tay, D. Metzler, "SCARF: self-supervised contrastive learning
    using random feature corruption", ICLR 2022, arXiv:2106.15147. They draw entries so
    for the input alone.

    Examples
    --------
    >>> import torch
    >>> from skae.noise import SwapNoise
    >>> noise = SwapNoise(p=0.25).build((3,))
    >>> x = torch.arange(4000.0)[:, None].expand(4000, 3)
    >>> swapped = noise(x, torch.Generator().manual_seed(0))
    >>> (swapped == x).float().mean()
    tensor(0.7552)
    """

    in_targets = True

    def __init__(self, p=0.2, columns=None):
        self.p = p
        self.columns = columns

    def build(self, shape):
        """Return the module; see `Noise.build`."""
        if not (isinstance(self.p, Real) and 0 <= self.p <= 1):
            raise ValueError(f"p={self.p!r}: a probability, from 0 to 1, is needed.")
        if len(shape) != 1:
            raise ValueError(
                f"SwapNoise is for rows of one axis, not for events of shape {shape}: "
                "use MaskingNoise or GaussianNoise."
            )
        _check_columns(self.columns, shape[0])
        return super().build(shape)

    def draw(self, x, generator):
        """Return the numbers of the rows that entries are of; see `Noise.draw`."""
        n_rows, n_features = x.shape[-2:]
        widths = (1,) * n_features if self.columns is None else self.columns
        shape = *x.shape[:-1], len(widths)
        coins = torch.rand(
            shape, generator=generator, device=x.device, dtype=torch.float32
        )
        others = torch.randint(n_rows, shape, generator=generator, device=x.device)
        own = torch.arange(n_rows, device=x.device)[:, None]
        rows = torch.where(coins < self.p, others, own)
        if self.columns is None:
            return rows
        return rows.repeat_interleave(torch.tensor(widths, device=x.device), dim=-1)

    def apply(self, x, draws):
        """Return rows whose entries are of these rows."""
        return x.gather(-2, draws)


@NOISES.register("mix")
class MixNoise(Noise):
    """Rows mixed with other rows, which makes new rows to learn from.

    A row x becomes ``m + cos(a) (x - m) + sin(a) (x' - m)`` with another row x' of the
    batch, the mean m of the batch, and an angle a drawn at random between zero and a
    largest one. Mixed rows have the mean and the covariances of the others, whatever
    the angle. They are what is to be reconstructed, as with `SwapNoise`: where rows are
    about sums of few patterns, as windows of a series with seasons and a level that
    drifts, an autoencoder learns to tell patterns in other amounts than these have,
    instead of its rows by heart. Weights and conditions of rows stay with what is most
    of them. An entry that is missing in one of two rows is missing in their mixture.

    Parameters
    ----------
    angle : float in [0, 1], default=0.3
        The largest angle, as a share of a right angle. With 0 rows stay as they are,
        with 1 up to nothing is left of them.

    References
    ----------
    H. Zhang, M. Cisse, Y. N. Dauphin, D. Lopez-Paz, "mixup: beyond empirical risk
    minimization", ICLR 2018, arXiv:1710.09412. They mix by weights that add up to one,
    which makes rows vary less.

    Examples
    --------
    >>> import torch
    >>> from skae.noise import MixNoise
    >>> noise = MixNoise(angle=1.0).build((3,))
    >>> x = torch.randn(4000, 3, generator=torch.Generator().manual_seed(0))
    >>> mixed = noise(x, torch.Generator().manual_seed(1))
    >>> bool((mixed != x).all()), mixed.std().round(decimals=1)
    (True, tensor(1.))
    """

    in_targets = True

    def __init__(self, angle=0.3):
        self.angle = angle

    def build(self, shape):
        """Return the module; see `Noise.build`."""
        if not (isinstance(self.angle, Real) and 0 <= self.angle <= 1):
            raise ValueError(
                f"angle={self.angle!r}: a share of a right angle is needed, from 0 to "
                "1."
            )
        return _MixModule(self, len(shape))

    def draw(self, x, generator):
        """Return angles, as shares of the largest one; see `Noise.draw`."""
        shape = x.shape[0], *[1] * (x.ndim - 1)
        return torch.rand(shape, generator=generator, device=x.device, dtype=x.dtype)


class _MixModule(_NoiseModule):
    stacks = True  # with `noisy` as it is here

    def __init__(self, part, n_axes):
        super().__init__(part)
        self.n_axes = n_axes

    def noisy(self, x, draws, weight=None):
        axis = x.ndim - self.n_axes - 1
        present = x
        if weight is not None:
            is_row = weight.unflatten(-1, (-1, *[1] * self.n_axes)) > 0
            present = x.where(is_row, torch.nan)
        mean = present.nanmean(axis, keepdim=True)
        angles = draws * (self.part.angle * math.pi / 2)
        others = _next_rows(x, axis, weight)
        return mean + angles.cos() * (x - mean) + angles.sin() * (others - mean)


def _next_rows(x, axis, weight):
    """Return the row that follows each in its batch, whose order is random.

    The first one follows the last; in a stack, the last of a member's own.
    """
    if weight is None:
        return x.roll(-1, axis)
    following = torch.arange(1, x.shape[axis] + 1, device=x.device)
    n_rows = weight.count_nonzero(-1)[:, None]
    rows = torch.where(following < n_rows, following, 0)
    return x[torch.arange(len(x), device=x.device)[:, None], rows]


def _check_columns(columns, n_features):
    """Raise a ValueError unless columns are numbers of features, of all of them."""
    if columns is None:
        return
    are_numbers = isinstance(columns, tuple | list) and all(
        isinstance(width, Integral) and width > 0 for width in columns
    )
    if not are_numbers or sum(columns) != n_features:
        raise ValueError(
            f"columns={columns!r}: a tuple of numbers of features is needed, whole "
            f"ones above 0 that add up to the {n_features} features of a row."
        )


@NOISES.register("nested_dropout")
class NestedDropout(Noise):
    """Dropout of the last units of a code, how many of them at random, row by row.

    Each row keeps its first r of k units, with r uniform on 1, ..., k, and the others
    are set to zero. As the first units have to serve alone most often, training orders
    them: the first r are themselves a code of size r, whose reconstruction is the
    decoded code with zeros in place of the others. Linear networks find the principal
    components this way, in their order.

    Meant for codes, as ``PointBottleneck(noise="nested_dropout")``. One fit tells the
    scores of all smaller codes, see `skae.scorers.prefix_scores`.

    References
    ----------
    O. Rippel, M. Gelbart, R. Adams, "Learning ordered representations with nested
    dropout", ICML 2014, arXiv:1402.0915. They draw r from a geometric distribution.

    Examples
    --------
    >>> import torch
    >>> from skae.noise import NestedDropout
    >>> noise = NestedDropout().build((4,))
    >>> codes = noise(torch.ones(6000, 4), torch.Generator().manual_seed(0))
    >>> [round(share, 1) for share in codes.mean(0).tolist()]
    [1.0, 0.8, 0.5, 0.3]
    """

    def draw(self, x, generator):
        """Return which units are kept; see `Noise.draw`."""
        k, shape = x.shape[-1], (*x.shape[:-1], 1)
        kept = torch.randint(k, shape, generator=generator, device=x.device)
        return torch.arange(k, device=x.device) <= kept

    def apply(self, x, draws):
        """Return `x` with the last units set to zero."""
        return x * draws


@NOISES.register("snr")
class SNRNoise(Noise):
    """Normal noise at a fixed ratio of signal to noise, unit by unit.

    ``x + sqrt(var(x) / r) * e`` with standard normal e and ``r = 10**(snr / 10)`` for
    decibels, ``r = snr`` for a ratio of variances. The variance is that of the batch
    and part of the graph: a network cannot escape the noise by scaling its codes,
    whose information is ``1/2 log2(1 + r)`` bits per unit at most.

    Parameters
    ----------
    snr : float, default=15.0
        Signal-to-noise ratio. Raising it lets more information through.
    unit : {"db", "ratio"}, default="db"
        Of `snr`: 15 dB are a ratio of 31.6.

    Notes
    -----
    The variance of a single row does not exist: then, and to tell the noise after
    training, a running estimate serves, the exponential average over batches.

    Examples
    --------
    >>> import torch
    >>> from skae.noise import SNRNoise
    >>> x = 7 * torch.randn(4000, 2, generator=torch.Generator().manual_seed(0))
    >>> noise = SNRNoise(snr=4.0, unit="ratio").build((2,))
    >>> noisy = noise(x, torch.Generator().manual_seed(1))
    >>> (x.var() / (noisy - x).var()).round()
    tensor(4.)
    """

    def __init__(self, snr=15.0, unit="db"):
        self.snr = snr
        self.unit = unit

    @property
    def ratio(self):
        """The ratio of variances."""
        if self.unit not in ("db", "ratio"):
            raise ValueError(f"unit={self.unit!r}: use 'db' or 'ratio'.")
        return 10 ** (self.snr / 10) if self.unit == "db" else self.snr

    def draw(self, x, generator):
        """Return standard normal numbers; see `Noise.draw`."""
        return normal_like(x, generator)

    def build(self, shape):
        """Return the module; see `Noise.build`."""
        return _SNRModule(self, shape)


class _SNRModule(_NoiseModule):
    stacks = True  # with `noisy` as it is here
    momentum = 0.1

    def __init__(self, part, shape):
        super().__init__(part)
        self.ratio = part.ratio
        self.n_axes = len(shape)
        self.register_buffer("signal_variance", torch.ones(shape))
        self.register_buffer("n_batches", torch.zeros((), dtype=torch.long))

    @property
    def noise_variance(self):
        """Variance of the noise on each unit, by the running estimate."""
        return self.signal_variance / self.ratio

    def noisy(self, x, draws, weight=None):
        variance, is_known = self._variance(x, weight)
        if self.training:
            self._update(variance.detach(), is_known)
        # a code that is constant has no direction in which the square root could move
        variance = variance.clamp_min(torch.finfo(x.dtype).tiny)
        variance = torch.where(is_known, variance, self.signal_variance)
        return x + (variance / self.ratio).sqrt() * draws

    def _variance(self, x, weight):
        """Return the variance over the batch, and whether there are rows enough.

        Of sequences, each time step has the rows that have not ended.
        """
        axis = x.ndim - self.n_axes - 1
        if weight is None:
            variance = x.var(axis, keepdim=True, correction=0)
            if not variance.isnan().any():
                return variance, torch.tensor(x.shape[axis] > 1, device=x.device)
        present = ~x.isnan()
        if weight is not None:
            present &= weight.unflatten(-1, (-1, *[1] * self.n_axes)) > 0
        n_rows = present.sum(axis, keepdim=True)
        total = torch.where(present, x, 0).sum(axis, keepdim=True)
        mean = total / n_rows.clamp_min(1)
        squares = torch.where(present, (x - mean).square(), 0)
        return squares.sum(axis, keepdim=True) / n_rows.clamp_min(1), n_rows > 1

    def _update(self, variance, is_known):
        signal, is_known = self.signal_variance, is_known.expand_as(variance)
        if leading := variance.ndim - signal.ndim:
            variance = variance.flatten(0, leading - 1).mean(0)
            is_known = is_known.flatten(0, leading - 1).all(0)
        of_events = is_known.flatten(signal.ndim - self.n_axes).any(-1)
        self.n_batches += of_events.view(self.n_batches.shape)
        rate = 1 / self.n_batches.clamp_min(1).float()
        rate = rate.clamp_min(self.momentum).to(signal)
        variance = variance.to(signal)
        # steps that none but one of the first batch has are taken to be as the others
        axis = signal.ndim - self.n_axes
        n_known = is_known.sum(axis, keepdim=True)
        total = torch.where(is_known, variance, 0).sum(axis, keepdim=True)
        is_first = (self.n_batches <= 1) & (n_known > 0)
        unknown = torch.where(is_first, total / n_known.clamp_min(1), signal)
        signal.lerp_(torch.where(is_known, variance, unknown), rate)
