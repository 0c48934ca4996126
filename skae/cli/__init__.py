"""The command ``skae``: inputs, settings, a plan, a run, a report, a model at work."""

from skae.cli import _use  # noqa: F401  (which adds commands)
from skae.cli._app import app

__all__ = ["app"]
