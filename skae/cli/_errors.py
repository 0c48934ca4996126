"""What is told to a user who has asked for what cannot be done."""

__all__ = ["InputError"]


class InputError(ValueError):
    """What the user has asked for cannot be done.

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
