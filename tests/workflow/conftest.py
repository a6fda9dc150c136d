"""The fixtures of the workflow's tests."""

from project_copy import finished, untouched

__all__ = ["finished", "untouched"]
