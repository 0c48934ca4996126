"""Plans of the command, for data that are there."""

from skae.cli._plan import Plan
from skae.cli._settings import Settings


def planned(data, **choices):
    """Return the plan for a `DataSet` by these settings."""
    return Plan(data, Settings(data.name, **choices).completed(data))
