"""How long and at which rate a fit trains, as parameters say or as it finds out."""

from math import prod
from operator import itemgetter
from typing import NamedTuple

import numpy as np
import torch
from skorch.utils import noop

from skae.networks import RecurrentNetwork
from skae.networks._linear_gaussian import nats_of_start
from skae.objectives import KLDivergence
from skae.schedules import Schedule
from skae.stacking import train_each
from skae.training._budget import (
    FEWEST_ROWS,
    N_FOLDS,
    RATES,
    best_epoch,
    epochs_for,
    kept_beside,
    parts_of,
)
from skae.training._calibration import HeldOut
from skae.training._callbacks import BudgetStopping, LastEpoch, PatientStopping
from skae.training._guests import copies_of, is_scheduler, wants_held_out
from skae.training._net import AutoencoderNet
from skae.training._shrinkage import (
    SHARES,
    Shrinkage,
    is_sure,
    share_to_keep,
    units_of_blocks,
)
from skae.training._spread import loss_of_mean

__all__ = ["Length", "LengthMixin"]


# Nats per unit of a code that may have collapsed, or not begun to tell anything.
LITTLE = 0.5
# Of a fit that has the budget for its length and does not try rates.
SAFE_RATE = 2e-3


class Length(NamedTuple):
    """Length of a training, and its learning rate.

    Attributes
    ----------
    rate : float
        The peak, where a schedule moves it.
    epochs : int
        Those that schedules reckon with.
    last : int
        The one to end after.
    warm_up : int
        Those over which the weights of penalties rise from zero.
    share : float or None
        Of what training changes in output layers, how much is kept; see `Shrinkage`.
        None where that is not asked, and all is kept.
    """

    rate: float
    epochs: int
    last: int
    warm_up: int = 0
    share: float | None = None


class Part(NamedTuple):
    """Net that trains, or has trained, on a part of the rows.

    Attributes
    ----------
    net : AutoencoderNet
    before : dict
        Terms of held-out rows before the training.
    shrinkage : Shrinkage or None
        None where output layers do not start as a linear model.
    held_out : HeldOut or None
        Held-out rows before the training, where a variance is to be found by them.
    """

    net: AutoencoderNet
    before: dict
    shrinkage: Shrinkage | None
    held_out: HeldOut | None


class Trial(NamedTuple):
    """Trainings on parts of the rows: what was found, and the parts.

    Attributes
    ----------
    has_diverged : bool
    loss : float
        Of held-out rows, after the epoch that was best.
    length : Length
    parts : list of Part
    change : float
        Of the reconstruction loss of held-out rows, from before the training to there.
    gains : ndarray of shape (n_parts,)
        By which losses of held-out rows have become smaller, or by which share of those
        before.
    """

    has_diverged: bool
    loss: float
    length: Length
    parts: list
    change: float
    gains: np.ndarray

    @property
    def nets(self):
        """The nets of the parts."""
        return [part.net for part in self.parts]


class LengthMixin:
    """Numbers of epochs and rates of autoencoders, and the rows held out for them.

    With ``max_epochs="auto"`` a fit first trains on parts of the rows, to see after how
    many epochs the others are reconstructed best, and then on all of them.
    """

    # Of a fit whose length is given, as far as one serves all.
    _USUAL_RATE = 1e-3
    # By which training has changed the loss of held-out rows, where a fit knows.
    _change = None
    # Loss by which held-out rows are better reconstructed than by the mean of others.
    _gain = None
    # Whether the rows of the fit have a smaller share than held-out ones of its parts.
    _ended_badly = False
    # Whether held-out rows have fared better by training on new rows, made of others.
    _augments = False

    @property
    def _max_epochs(self):
        """Number of epochs, or ``"auto"`` for a fit that finds it out."""
        return self.max_epochs

    @property
    def _batch_size(self):
        """Number of rows of a step, at most."""
        return self.batch_size

    @property
    def _rates(self):
        """Learning rates that a fit tries, in their order, which finds its length."""
        is_auto = self.learning_rate == "auto"
        return self._usual_rates if is_auto else [self.learning_rate]

    @property
    def _is_patient(self):
        """Whether trainings on parts end once held-out rows fare no better for long.

        Else they use up the budget, and the best epoch is found among all.
        """
        return True

    @property
    def _usual_rates(self):
        """What `_rates` are by default."""
        return RATES

    @property
    def _rate(self):
        """Learning rate of a fit that does not find it."""
        if self.learning_rate != "auto":
            return self.learning_rate
        return SAFE_RATE if self._max_epochs == "auto" else self._USUAL_RATE

    def _split(self, rows, data_val, goes_on):
        """Return the rows to train on, and held-out ones or None."""
        if data_val is not None:
            return rows, data_val.rows
        n_val = max(1, round(self.validation_fraction * len(rows)))
        if not self._holds_out(rows, goes_on) or n_val >= len(rows):
            return rows, None  # a single row can't be divided
        order = np.random.RandomState(self._seed).permutation(len(rows))
        order = torch.from_numpy(order)
        return rows.subset(order[n_val:]), rows.subset(order[:n_val])

    def _holds_out(self, rows, goes_on):
        """Return whether rows are held out while the fit trains for good."""
        if any(map(wants_held_out, self.callbacks or ())):
            return True
        if self._max_epochs == "auto" and self.early_stopping in {"auto", "refit"}:
            return goes_on and self._can_find(rows)
        return self.early_stopping in {True, "refit"}

    def _can_find(self, rows):
        """Return whether the loss of held-out rows can say when to stop.

        Of penalties, held-out rows tell those on drawn codes only.
        """
        is_enough = rows.source.is_indexed and len(rows) >= FEWEST_ROWS
        draws_codes = "log_var" in self._bottleneck().provides
        is_told = draws_codes or not self._objective().penalties
        return is_enough and is_told and self._watched == "valid_loss"

    @property
    def _watched(self):
        """What epochs are compared by: reconstructions where penalties change."""
        penalties = self._objective().build(self._bottleneck()).penalties.values()
        is_fixed = not any(isinstance(part.weight, Schedule) for part in penalties)
        return "valid_loss" if is_fixed else "valid_reconstruction"

    def _length(self, data, rows_val, goes_on):
        """Return the `Length` of a fit, given the rows held out in it."""
        self._change, self._gain = None, None
        if self._max_epochs != "auto":
            return Length(self._rate, self._max_epochs, self._max_epochs)
        epochs = self._most_epochs(len(data.rows))
        finds = self.early_stopping in {"auto", "refit"} and rows_val is None
        if goes_on or not finds or not self._can_find(data.rows):
            return Length(self._rate, epochs, epochs)
        return self._found_length(data, epochs)

    def _most_epochs(self, n_rows):
        """Return the number of epochs that a fit may take which finds it out."""
        return epochs_for(n_rows, self._batch_size)

    def _may_augment(self, data, trial):
        """Return whether to try new rows, too, made of others in each step.

        The `Trial` is that without. `_input_noise` makes new rows while `_augments`
        says so.
        """
        return False

    def _found_length(self, data, epochs):
        """Return the `Length` with which held-out rows fare best.

        Other rows do not know of the weights of those that they are made with.
        """
        trial, rows = self._best_trial(data, epochs), data.rows
        has_others = rows.weights is not None or rows.targets is not None
        if not has_others and self._may_augment(data, trial):
            self._augments = True
            other = self._best_trial(data, self._most_epochs(len(rows)))
            self._augments = other.change < trial.change
            trial = other if self._augments else trial
        return self._length_of(data, trial)

    def _best_trial(self, data, epochs):
        """Return the `Trial` with which rows that are held out fare best."""
        found = []
        for rate in self._rates:
            found.append(self._tried(data, Length(rate, epochs, epochs)))
            if found[-1].length.last > 1 and not found[-1].has_diverged:
                break
        best = min(found, key=itemgetter(0, 1))
        if self._may_have_collapsed(best.nets):
            slow = Length(found[0].length.rate, epochs, epochs, warm_up=epochs // 2)
            best = min(best, self._tried(data, slow), key=itemgetter(0, 1))
        return best

    def _length_of(self, data, trial):
        """Return the `Length` that a trial has found, and note what is gained by it."""
        self._note_parts(trial.nets)
        self._change = trial.change
        self._gain = self._loss_of_mean(data, trial.nets) - trial.loss
        return self._shrunk(data, trial) if trial.parts[0].shrinkage else trial.length

    def _note_parts(self, nets):
        """Keep what is wanted of the nets that were trained on parts of the rows.

        By default nothing.
        """

    def _slowed(self, length, rows_val):
        """Return a given `Length` with a slow start, where codes tell little at first.

        Weights of penalties then rise over the first half, unless held-out rows are to
        compare epochs or a schedule moves them. A length that is found has been tried
        both ways.
        """
        nats = nats_of_start(self.net_.module_)
        penalties = self.net_.criterion_.penalties.values()
        is_free = any(isinstance(part, KLDivergence) for part in penalties) and (
            rows_val is None and self._watched == "valid_loss"
        )
        if nats is None or self._max_epochs == "auto" or not is_free:
            return length
        tells_little = nats < LITTLE * self.n_components
        return length._replace(warm_up=length.epochs // 2) if tells_little else length

    def _tried(self, data, length):
        stops = self._is_patient and not length.warm_up
        parts = self._trained_on_parts(data, length, stops)
        nets = [part.net for part in parts]
        losses = _held_out_losses(nets)
        last = self._last_of(losses, length)
        has_diverged = any(net.diverged_ for net in nets)
        loss = losses[:, last - 1].mean()
        # each part under its own variance: a lone row far from all others decides
        # nothing but that of its part
        before = _joined([part.before for part in parts])
        after = {n: _columns(nets, f"valid_{n}")[:, last - 1] for n in before}
        change = float((after["reconstruction"] - before["reconstruction"]).mean())
        losses_before = _loss_of(nets[0], before)
        gains = losses_before - _loss_of(nets[0], after)
        if self._is_relative(nets[0]):
            gains = gains / units_of_blocks(losses_before)
        length = length._replace(last=last)
        return Trial(has_diverged, loss, length, parts, change, gains)

    def _last_of(self, losses, length):
        """Return the epoch to end after.

        Parameters
        ----------
        losses : ndarray of shape (n_parts, n_epochs)
            Of held-out rows.
        length : Length
            Of the trainings.
        """
        # while weights rise, epochs are no path from the safe start to ever more
        return 1 + _least(losses) if length.warm_up else best_epoch(losses)

    def _shrunk(self, data, trial):
        """Return the `Length` of a trial with the share that held-out rows do best by.

        Unless what training gains is sure, parts train anew for as long as was found
        where those of the trial have ended elsewhere. Of new rows, parts that have
        ended early speak against more of them.
        """
        length, parts = trial.length, trial.parts
        if not is_sure(trial.gains, self._network().takes_sequences):
            had_patience = self._is_patient and not self._augments
            if length.last < length.epochs or had_patience:
                parts = self._trained_on_parts(data, length, stops=False)
        elif parts[0].held_out is None:
            return length._replace(share=1.0)
        held_out = [data.rows.subset(rows) for rows, _ in self._splits(data)]
        share, self._change = self._safest(parts, held_out)
        return length._replace(share=share)

    def _share_of_end(self, shrinkage, rows, share):
        """Return the share to keep of a training on all rows, given that of its parts.

        It is no larger than what is best for these very rows: a training that was ended
        while losses jump may have left them worse than its parts have left theirs.
        Variances of decoders have taken the share into account.
        """
        if self._compares_outcomes:
            return share
        terms = self._terms_of_shares(Part(self.net_, {}, shrinkage, None), rows)
        losses = np.nan_to_num(_loss_of(self.net_, terms), nan=np.inf)
        return min(share, SHARES[losses.argmin()])

    @property
    def _compares_outcomes(self):
        """Whether parts of the net's kind have `HeldOut` rows."""
        return False

    def _held_out(self, kept, held_out, is_lone):
        """Return the `HeldOut` rows of a part that is to be trained, if it has any."""
        return None

    def _safest(self, parts, rows):
        """Return the safest share, and by how much it changes reconstruction losses."""
        after = [*map(self._terms_of_shares, parts, rows)]
        compared = after if len(parts) > 1 else self._by_block(parts[0], rows[0])
        losses = np.array([_loss_of(parts[0].net, terms) for terms in compared])
        of_blocks = self._network().takes_sequences
        share = share_to_keep(losses, of_blocks, self._is_relative(parts[0].net))
        changes = [
            terms["reconstruction"][SHARES.index(share)] - part.before["reconstruction"]
            for part, terms in zip(parts, after, strict=True)
        ]
        return share, float(np.mean(changes))

    def _is_relative(self, net):
        """Return whether losses of blocks are compared as shares of those before, too.

        Those in nats do not grow with the scale of the data.
        """
        grows = net.criterion_.reconstruction.degree > 0
        return grows and self._network().takes_sequences

    def _by_block(self, part, rows):
        """Return `_terms_of_shares` of blocks of the rows held out from a lone part."""
        n_blocks = min(N_FOLDS, len(rows))
        blocks = torch.arange(len(rows)).tensor_split(n_blocks)
        return [self._terms_of_shares(part, rows.subset(block)) for block in blocks]

    def _terms_of_shares(self, part, rows):
        """Return terms of held-out rows, arrays of one value for each share."""
        terms = []
        for share in SHARES:
            part.shrinkage.keep(share)
            terms.append(part.net.terms_held_out(rows))
        return _joined(terms)

    def _shrinkage(self, module):
        """Return the `Shrinkage` of a module before its training, where there is one.

        That is where it starts as a linear model that may well be the better one in the
        end. Of tables with points as codes, and of recurrent networks without hidden
        layers beside them, it seldom is.
        """
        network = self._network_of_fit()
        if not getattr(network, "has_linear_path", False):
            return None
        draws_codes = "log_var" in self._bottleneck().provides
        has_states_only = isinstance(network, RecurrentNetwork) and not len(
            module.encoder.beside.layers
        )
        of_maps = network.takes_sequences and not (draws_codes or has_states_only)
        is_linear = of_maps or nats_of_start(module) is not None
        return Shrinkage(module) if is_linear else None

    def _may_have_collapsed(self, nets):
        """Return whether codes tell little, which a start without a divergence mends.

        With it, codes that are to tell more may first have to tell less.
        """
        penalties = nets[0].criterion_.penalties.items()
        names = [name for name, part in penalties if isinstance(part, KLDivergence)]
        nats = [_columns(nets, f"valid_{name}")[:, -1].mean() for name in names]
        return bool(names) and min(nats) < LITTLE * self.n_components

    def _loss_of_mean(self, data, nets):
        """Return the loss of held-out rows by the means of those trained on."""
        losses = [
            loss_of_mean(net, data.rows.subset(kept), data.rows.subset(held_out))
            for net, (held_out, kept) in zip(nets, self._splits(data), strict=True)
        ]
        term, event_shape = (
            nets[0].criterion_.reconstruction,
            nets[0].module_.event_shape,
        )
        return term.pooled(np.array(losses), prod(event_shape)).mean()

    def _trained_on_parts(self, data, length, stops):
        """Return each `Part` after its training.

        Parts end after ``length.last`` epochs, or, with `stops`, once held-out rows
        have fared no better for long.
        """
        parts, rows, splits = [], [], self._splits(data)
        for held_out, kept in splits:
            kept, held_out = data.rows.subset(kept), data.rows.subset(held_out)
            rows.append((kept, held_out))
            self._start(data, kept)
            callbacks = self._callbacks_of_parts(length, stops)
            self._prepare(self.net_, kept, callbacks, length)
            self.net_.is_compiled, self.net_.verbose = False, 0
            before = self.net_.terms_held_out(held_out)
            shrinkage = self._shrinkage(self.net_.module_)
            seen = shrinkage and self._held_out(kept, held_out, len(splits) == 1)
            parts.append(Part(self.net_, before, shrinkage, seen))
            del self.net_  # a fit that is interrupted has none
        train_each([part.net for part in parts], rows, epochs=length.epochs)
        return parts

    def _callbacks_of_parts(self, length, stops):
        """Return the callbacks of trainings on parts, which move the rate or stop."""
        callbacks = copies_of(filter(is_scheduler, self.callbacks or ()))
        if self.learning_rate_schedule == "plateau":
            callbacks.append(self._plateau("valid_loss"))
        if stops:
            callbacks.append(self._budget_stopping(load_best=self._compares_outcomes))
        elif length.last < length.epochs:
            callbacks.append(LastEpoch(length.last))
        return callbacks

    def _splits(self, data):
        """Return pairs of rows that are held out and of others to train on.

        Sequences that follow each other may be windows that overlap.
        """
        n_rows, is_ordered = len(data.rows), self._network().takes_sequences
        gap = self._as_events(data.X[:1]).shape[1] - 1 if is_ordered else 0
        parts = parts_of(n_rows, self.validation_fraction, self._seed, is_ordered)
        return [(held_out, kept_beside(held_out, n_rows, gap)) for held_out in parts]

    def _stopping(self, monitor):
        """Return the callback that stops a fit early, if any."""
        if self._max_epochs == "auto":
            stops = self.early_stopping is not False and monitor == "valid_loss"
            return self._budget_stopping(load_best=True) if stops else None
        if self.early_stopping not in {True, "refit"}:
            return None
        return PatientStopping(
            monitor,
            patience=self.n_iter_no_change,
            threshold=self.tol,
            load_best=True,
            sink=noop,
        )

    def _budget_stopping(self, load_best):
        """Return early stopping where all epochs are compared."""
        return BudgetStopping(
            self._watched, threshold=self.tol, load_best=load_best, sink=noop
        )

    def _mend(self, data, length):
        """Train anew up to an epoch before losses have jumped, where they have.

        Rates of about the peak let a loss jump now and then, and a fit may end there.
        Draws depend on the epoch alone, so that those before come about as they did,
        unless what callbacks have found out moves the rate or anything else.
        """
        is_moved = self.callbacks or self.learning_rate_schedule == "plateau"
        if is_moved or self.diverged_ or not self._ended_badly:
            return
        best = 1 + int(np.argmin(self.history_[:, "train_loss"]))
        if best < self.n_iter_:
            self._start(data, data.rows)
            self._run(data.rows, None, length._replace(last=best), anew=True)

    def _refit(self, data, length):
        """Train anew on all rows, up to the epoch that did best on held-out ones.

        That is the last one where it was not stopped: nothing speaks against it. Rates
        are those of the first training.
        """
        stoppers = self._stoppers()
        if self._max_epochs == "auto" or self.diverged_ or not stoppers:
            return
        was_stopped = self.n_iter_ < length.epochs
        best = int(stoppers[0].best_epoch_) if was_stopped else length.epochs
        self._start(data, data.rows)
        self._run(data.rows, None, length._replace(last=best), anew=True)


def _columns(nets, name):
    """Return a column of the histories, ``(n_nets, n_epochs)``, as if none had ended.

    Each is taken to stay as it was at its end.
    """
    columns = [net.history[:, name] for net in nets]
    longest = max(map(len, columns))
    return np.array([np.pad(c, (0, longest - len(c)), mode="edge") for c in columns])


def _least(losses):
    means = np.nan_to_num(losses.mean(axis=0), nan=np.inf)
    return int(means.argmin())


def _pooled(nets, name):
    term, module = nets[0].criterion_.reconstruction, nets[0].module_
    return term.pooled(_columns(nets, name), prod(module.event_shape))


def _held_out_losses(nets):
    """Return losses of held-out rows under the last weights, as those of one model."""
    losses = _pooled(nets, "valid_reconstruction")
    for name, part in nets[0].criterion_.penalties.items():
        losses = losses + part.weight * _columns(nets, f"valid_{name}")
    return losses


def _joined(terms):
    """Return dictionaries of values as one of arrays."""
    return {name: np.array([one[name] for one in terms]) for name in terms[0]}


def _loss_of(net, terms):
    """Return the loss of which terms are given, with the weights of the last epoch."""
    penalties = net.criterion_.penalties.items()
    return terms["reconstruction"] + sum(p.weight * terms[n] for n, p in penalties)
