"""Numbers of things on a command line."""

from __future__ import annotations

import argparse


def count(text: str) -> int:
    """A whole number, 1 or more: a type of an option.

    Raises
    ------
    argparse.ArgumentTypeError
        If it is none.
    """
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"found {text!r}; expected a whole number, 1 or more.")
    return number
