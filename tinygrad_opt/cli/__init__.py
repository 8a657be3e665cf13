"""The command line: `tinygrad-opt COMMAND`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

DESCRIPTION = """\
Backpropagation that explains itself: every number of a gradient, the rule that made it, a check by
finite differences, and a picture; optimizers side by side; networks trained on known data."""

EPILOG = """\
Type `tinygrad-opt COMMAND --help` for the manual of a command.  Exit status: 0 on success, 1 if a
gradient is not right, 2 on bad input, with one line on standard error, 130 after Ctrl-C."""

INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    from .. import __version__
    from . import check, explain, race, train
    from .expression import ExpressionError

    parser = argparse.ArgumentParser(
        prog="tinygrad-opt",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"tinygrad_opt {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    explain.add_parser(commands)
    check.add_parser(commands)
    race.add_parser(commands)
    train.add_parser(commands)
    options, later = parser.parse_known_args(argv)
    if later and (not hasattr(options, "values") or any(word.startswith("-") for word in later)):
        parser.error(f"unrecognized arguments: {' '.join(later)}")
    if later:
        options.values = [*options.values, *later]  # NAME=VALUE may also follow an option
    try:
        status: int = options.run(options)
        sys.stdout.flush()
        return status
    except (ExpressionError, ValueError, OSError, ImportError) as error:
        if isinstance(error, BrokenPipeError):  # the reader, such as head, has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        print(f"tinygrad-opt: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return INTERRUPTED
