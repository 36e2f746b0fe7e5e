"""What an operator can mend: one line, no traceback."""


class OperatorError(Exception):
    """Its message says what is wrong, where, and what to do."""
