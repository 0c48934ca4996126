"""Training many members in one stack of weights."""

from functools import partial

import torch

from skae.stacking.training._model import StackedModel, Tensors
from skae.stacking.training._optimizer import StackedOptimizer, copy_of
from skae.stacking.training._rows import StackedRows, places_of
from skae.training._average import WeightAverage
from skae.training._threads import few_threads

__all__ = ["Stack"]


class Stack:
    """Members that train together.

    Each takes the steps that it would take alone: its own batches in its own order,
    its own draws, rates and weights of penalties. Those that are done leave.

    Parameters
    ----------
    members : list of Member
        Alike as `kind_of` says; those with the same `settings` in a row.
    """

    @torch.no_grad()
    def __init__(self, members):
        net = members[0].net
        self.members = list(members)
        self.dtype, self.device = net.dtype, torch.device(net.device)
        self.model = StackedModel(members, self.dtype, self.device)
        self.rows = StackedRows(self.members, self.dtype, self.device)
        self.candidate, self.trusted = (self.model.tensors.zeros() for _ in range(2))
        self.means, self.average = None, WeightAverage(())
        if net.is_averaged:
            self.means = self.model.tensors.weights.zeros()
            self.means.flat.copy_(self.model.tensors.weights.flat)
            self._follow()
        n_batches = max(member.n_batches for member in members)
        self.log = self._tensor([[[0.0] * n_batches] * len(members)] * self._n_terms)
        self._prepare()

    @property
    def _n_terms(self):
        return len(self.model.terms)

    def _tensor(self, values):
        return torch.tensor(values, dtype=self.dtype).to(self.device)

    def _follow(self):
        """Average the weights of the members as they are now."""
        self.average.follow([self.model.tensors.weights.flat], [self.means.flat])

    def _prepare(self):
        """Prepare for the members as they are now."""
        self.lengths = [member.n_batches for member in self.members]
        norms = [member.net.max_grad_norm for member in self.members]
        self.has_norms = any(norm is not None for norm in norms)
        self.norms = self._tensor([norm or torch.inf for norm in norms])
        self.optimizer = self._new_optimizer()

    def _new_optimizer(self):
        net = self.members[0].net
        settings = net.get_params_for("optimizer")
        del settings["weight_decay"]  # which members may differ in
        self.leaders, runs = [], []
        for i, member in enumerate(self.members):
            if not i or member.settings != self.members[i - 1].settings:
                decay, rate, _ = member.settings
                self.leaders.append(i)
                runs.append([0, {"weight_decay": decay, "lr": rate}])
            runs[-1][0] += 1
        tensors = self.model.tensors.weights, self.model.grads
        return StackedOptimizer(type(net.optimizer_), settings, runs, *tensors)

    @torch.no_grad()
    def train(self, check=lambda: None):
        """Train all members to their end.

        Parameters
        ----------
        check : callable
            Called before every step; what it raises ends the training.
        """
        modules = [member.net.module_ for member in self.members]
        with few_threads(modules, self.rows.batch_size):
            self._train(check)

    def _train(self, check):
        self._begin()
        while self.members:
            check()
            self._begin_epochs([i for i, c in enumerate(self.cursors) if c == 0])
            self.average.swap(False)
            self._step()
            ends = zip(self.cursors, self.lengths, strict=True)
            self._end_epochs([i for i, (c, end) in enumerate(ends) if c == end])

    def _begin(self):
        self.cursors = [0] * len(self.members)
        for member in self.members:
            member.begin()
        for member, before in zip(self.members, self._terms_of_heads(), strict=True):
            member.compare_with(before)
        self.trusted.put(range(len(self.members)), self.model.tensors)

    def _begin_epochs(self, begun):
        if not begun:
            return
        permutations = {}
        for i in begun:
            self.members[i].begin_epoch()
            self.rows.reorder(i, self.members[i].order(permutations))
        self.candidate.put(begun, self.model.tensors)
        self._take_up()

    def _take_up(self):
        """Take the weights and generators of the members' epochs."""
        self.weights = self._weights([member.weights for member in self.members])
        self.generators = None
        if self.model.draws:
            self.generators = [member.generator for member in self.members]

    def _weights(self, of_members):
        """Return the weights of penalties as tensors, given a dict for every member."""
        names = self.model.terms[2:]
        return {name: self._tensor([own[name] for own in of_members]) for name in names}

    def _step(self):
        x, batch = self.rows.batch(self.cursors, self.generators)
        terms = self.model.forward(x, batch, self.weights)
        self.log[:, *places_of(self.cursors)] = terms
        self.model.backward()
        if self.has_norms:
            self.model.clip(self.norms)
        rates = [self.members[i].rate(self.cursors[i]) for i in self.leaders]
        self.optimizer.step(rates)
        self.average.update()
        self.cursors = [cursor + 1 for cursor in self.cursors]

    def _terms_of_heads(self):
        """Return every member's terms of its first rows, without noise."""
        weights = [member.weights_of_check() for member in self.members]
        terms = self.model.forward(*self.rows.heads(), self._weights(weights))
        names = self.model.terms
        return [dict(zip(names, row, strict=True)) for row in terms.T.tolist()]

    # The ends of epochs

    def _end_epochs(self, ended):
        if not ended:
            return
        self.average.swap()
        train = self._means(self.log[:, ended], self.rows.totals(ended))
        valid = self._validate(ended)
        for i, of_train, of_valid in zip(ended, train, valid, strict=True):
            self.members[i].record(of_train, of_valid)
            self.cursors[i] = 0
        good = [i for i in ended if self.members[i].is_good()]
        trusted = [i for i in good if self.members[i].is_trusted()]
        self.trusted.put(trusted, self.candidate)
        diverged = [i for i in ended if i not in good]
        leaving = diverged + [i for i in good if self._is_done(i)]
        if leaving:
            self._part(leaving, diverged)

    def _means(self, log, totals):
        """Return the means of some members' terms over an epoch."""
        log = log[:, :, : totals.shape[1]]
        log = torch.where(totals > 0, log, 0)  # rather than zero times NaN
        means = (log * totals).sum(-1) / totals.sum(-1)
        names = self.model.terms
        return [dict(zip(names, row, strict=True)) for row in means.T.tolist()]

    def _validate(self, ended):
        if self.members[0].rows_val is None:
            return [{}] * len(ended)
        generators = None
        if self.model.code.is_gaussian or self.model.hides:
            generators = [member.new_generator() for member in self.members]
        batches = self.rows.held_out(generators)
        log = [self.model.forward(*batch, self.weights) for batch in batches]
        log = torch.stack(log, dim=2)[:, ended]
        return self._means(log, self.rows.totals_held_out(ended))

    def _is_done(self, i):
        member = self.members[i]
        if member.watchers:
            self.model.store(i, member.net.module_, self.model.tensors)
        is_stopped = member.wants_to_stop(partial(self._hand_over, i))
        return is_stopped or member.epoch == member.epochs

    def _hand_over(self, i):
        """Write all that a training alone would know by now into a member's net."""
        member = self.members[i]
        net, module = member.net, member.net.module_
        self.model.store(i, module, self.trusted)
        member.guard.trust(net)
        net.average_ = self._average_of(i)
        self.model.store(i, module, self.model.tensors)
        self._store_optimizer(i, *self.optimizer.state())
        net.use_rate(net.history[-1]["learning_rate"])

    def _average_of(self, i):
        """Return the `WeightAverage` of a member, whose module has other weights then.

        Between two epochs these are what steps go on from.
        """
        average, module = WeightAverage(()), self.members[i].net.module_
        if self.means is not None:
            before_average = Tensors(self.means, self.model.tensors.state)
            self.model.store(i, module, before_average)
            average.follow(module.parameters())
        average.n_steps = self.average.n_steps
        return average

    def _part(self, leaving, diverged):
        """Let members go, with their last good weights."""
        ends = self._terms_of_heads()  # the last step may have done harm
        state = self.optimizer.state()
        for i in leaving:
            member = self.members[i]
            is_good = i not in diverged and member.is_good_end(ends[i])
            source = self.model.tensors if is_good else self.trusted
            self.model.store(i, member.net.module_, source)
            self._store_optimizer(i, *state)
            member.end(diverged=not is_good)
        self._keep([i for i in range(len(ends)) if i not in leaving], *state)

    def _store_optimizer(self, i, tensors, numbers):
        """Write the state of the optimiser into the member's own."""
        net = self.members[i].net
        params = self.model.network.parameters_of(net.module_)
        state = net.optimizer_.state
        for name, number in numbers.items():
            for param in params:
                state[param][name] = copy_of(number)
        for name, stacked in tensors.items():
            own = list(map(torch.zeros_like, params))
            for ours, theirs in self.model.network.pairs(i, stacked, own):
                ours.copy_(theirs)
            for param, value in zip(params, own, strict=True):
                state[param][name] = value

    def _keep(self, kept, tensors, numbers):
        """Go on with some members only."""
        index = torch.tensor(kept, dtype=torch.long, device=self.device)
        self.members = [self.members[member] for member in kept]
        if not kept:
            return
        self.cursors = [self.cursors[member] for member in kept]
        self.log = self.log[:, index].contiguous()
        self.model.keep(kept, index)
        if self.means is not None:
            self.means = self.means.take(index)
            self._follow()
        self.rows.keep(self.members, index)
        self.candidate, self.trusted = (
            copy.take(index) for copy in (self.candidate, self.trusted)
        )
        self._prepare()
        taken = {name: stacked.take(index) for name, stacked in tensors.items()}
        self.optimizer.load_state(taken, numbers)
        self._take_up()
