"""Stacked training: many fits that train as one."""

from skae.stacking.meeting._backend import StackedBackend
from skae.stacking.meeting._context import fit_stack, stacked
from skae.stacking.meeting._rendezvous import Cancelled, train, train_each

__all__ = ["Cancelled", "StackedBackend", "fit_stack", "stacked", "train", "train_each"]
