"""The one kind of error that is shown to a user as a sentence instead of a traceback."""


class UserError(Exception):
    """A mistake in what the user gave: the message says what, where, and what to do."""
