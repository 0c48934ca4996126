"""Errors of the command line that a user can mend."""

__all__ = ["InputError"]


class InputError(ValueError):
    """Error in the user's input or options, with a message for the terminal.

    Parameters
    ----------
    message : str
        What was given, what is allowed, and what to change.
    option : str or None, default="DATA"
        The argument or option at fault; None where it is not a single one.
    """

    def __init__(self, message, option="DATA"):
        super().__init__(message)
        self.option = option
