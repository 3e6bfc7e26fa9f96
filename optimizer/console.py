"""Progress of a run in the terminal: one live line, or plain lines where there is no terminal."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from optimizer.solve.progress import Listener, Progress, million, per_cent

PLAIN_SECONDS = 5.0


@contextmanager
def live() -> Iterator[Listener]:
    """A listener that shows incumbent, bound, gap and time as they come; kernels that are compiled are named too."""
    if sys.stderr.isatty():
        yield from _on_terminal()
        return
    with _compilations(lambda text: print(text, file=sys.stderr, flush=True)):
        yield _Plain().show


def _on_terminal() -> Iterator[Listener]:
    from rich.console import Console
    from rich.status import Status

    with Status("reading and preparing ...", console=Console(stderr=True)) as status, _compilations(status.update):
        yield lambda progress: status.update(describe(progress))


@contextmanager
def _compilations(show: Callable[[str], None]) -> Iterator[None]:
    """Show what the kernels log meanwhile."""
    log, handler = logging.getLogger("network_models"), logging.Handler()
    handler.emit = lambda record: show(record.getMessage())  # type: ignore[method-assign]
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(handler)


class _Plain:
    """Plain lines: at every new stage, then every few seconds."""

    def __init__(self) -> None:
        self.stage, self.last = "", 0.0

    def show(self, progress: Progress) -> None:
        now = time.monotonic()
        if progress.stage != self.stage or now - self.last >= PLAIN_SECONDS:
            self.stage, self.last = progress.stage, now
            print(describe(progress), file=sys.stderr, flush=True)


def describe(progress: Progress) -> str:
    """One line: stage, incumbent, bound, gap, seconds."""
    return (
        f"{progress.stage}: plan {million(progress.incumbent)}, bound {million(progress.bound)}, gap {per_cent(progress.gap)}, "
        f"{progress.seconds:.0f} s"
    )
