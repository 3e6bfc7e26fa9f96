"""What the command line of the suite `evaluate` has beside the usual; light, so that help stays quick."""

from __future__ import annotations

import argparse
from pathlib import Path

from optimizer.counts import count


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add them."""
    parser.add_argument("--run", type=Path, metavar="RUN", help="a run folder whose plan is evaluated (else what is proposed for Gansu)")
    parser.add_argument("--variants", type=count, default=1000, metavar="N", help="variants drawn")
    parser.add_argument("--changes", type=count, default=5, metavar="N", help="candidates that differ in each")
