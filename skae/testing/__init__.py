"""Checks of your own autoencoders and parts.

`check` takes an instance and raises an `AssertionError` that says which of the
library's promises it breaks, and how to mend that. In a test suite of your own,
`parametrize_with_checks` makes one test of each check; pytest is not needed otherwise.
"""

from skae.testing._checks import check, checks_of, parametrize_with_checks

__all__ = ["check", "checks_of", "parametrize_with_checks"]
