"""How a command ends when it cannot do what it was asked: one message, an exit code, no traceback."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from datetime import datetime
from pathlib import Path
from types import TracebackType

from optimizer.errors import ChengxiangError

INTERRUPTED = 130
NO_FILE = 2


def guarded(args: argparse.Namespace) -> int:
    """Run the command that ``args.command`` names; returns the exit code.

    Faults that a user can mend are told in one message. An unexpected error is logged and told in two lines, with the
    traceback where ``--debug`` asks for it.
    """
    if not args.debug:
        sys.excepthook = log_unexpected
    from optimizer.commands import COMMANDS

    try:
        return COMMANDS[args.command](args)
    except ChengxiangError as error:
        return _told(str(error), error.exit_code)
    except KeyboardInterrupt:
        return _told("interrupted", INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if args.debug or error.filename is None:
            raise
        return _told(f"{error.filename}: {error.strerror}", NO_FILE)


def _told(message: str, code: int) -> int:
    print(f"chengxiang: {message}", file=sys.stderr)
    return code


def log_unexpected(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Take the place of ``sys.excepthook``: the traceback goes to a file, two lines to the reader."""
    text = "".join(traceback.format_exception(kind, error, trace))
    print(f"chengxiang: an unexpected error: {kind.__name__}: {error}", file=sys.stderr)
    try:
        print(f"The details are in {_logged(text)}; --debug shows them here.", file=sys.stderr)
    except OSError:
        print(text, file=sys.stderr)


def _logged(text: str) -> Path:
    folder = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "chengxiang"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "errors.log"
    with file.open("a", encoding="utf-8") as log:
        log.write(f"{datetime.now().astimezone().isoformat(timespec='seconds')} {' '.join(sys.argv)}\n{text}\n")
    return file
