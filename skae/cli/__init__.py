"""The command ``skae``: inputs, settings, a plan, a run, a report."""

from skae.cli._app import app

__all__ = ["app"]
