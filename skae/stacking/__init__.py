"""Stacked training: many fits that train as one."""

from skae.stacking._backend import StackedBackend
from skae.stacking._context import fit_stack, stacked
from skae.stacking._rendezvous import Cancelled, train

__all__ = ["Cancelled", "StackedBackend", "fit_stack", "stacked", "train"]
