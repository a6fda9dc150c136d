"""The error that is shown to a user as a sentence instead of a traceback."""


class UserError(Exception):
    """A user's mistake: the message says what, where, and what to do."""
