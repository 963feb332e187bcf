"""The `craftc` command: the list of commands, and what becomes of errors.

    0    done                          2    the command line itself is wrong
    1    refused, or a check failed    3    a defect of craftc (traceback with --debug)
    130  interrupted                   143  terminated

Every refusal is one line on standard error, `craftc: error: what, where, why (legal: ...)`.
"""

from __future__ import annotations

import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

import click

from craftc import __version__
from craftc.commands import build, chat, data, import_, inspect, lint, sim, train, use
from craftc.commands import eval as evaluation
from craftc.errors import CraftcError

REFUSED, USAGE, DEFECT, INTERRUPTED, TERMINATED = 1, 2, 3, 130, 143


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="craftc", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Show the traceback of a defect.")
@click.pass_context
def cli(context: click.Context, debug: bool) -> None:
    """Compile trained neural networks into verified Minecraft redstone."""
    context.obj = {"debug": debug}


for _command in (*train.COMMANDS, *build.COMMANDS, *use.COMMANDS, *inspect.COMMANDS, *sim.COMMANDS,
                 *lint.COMMANDS, *import_.COMMANDS, *chat.COMMANDS, *data.COMMANDS,
                 *evaluation.COMMANDS):  # fmt: skip
    cli.add_command(_command)


def _tell(message: str) -> None:
    """Write one line to standard error, whatever the message holds."""
    click.echo(f"craftc: {' '.join(message.split())}", err=True)


def _terminate(number: int, frame: FrameType | None) -> None:
    raise SystemExit(TERMINATED)


def _defect(error: BaseException, debug: bool) -> int:
    if debug:
        traceback.print_exception(error)
    last = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(last.filename).name}:{last.lineno}"
    hint = "" if debug else "; craftc --debug shows where it came from"
    _tell(f"defect: {type(error).__name__} at {place}: {error}{hint}")
    return DEFECT


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; prints every error, raises nothing but SystemExit."""
    try:
        result = cli.main(args=list(arguments), prog_name="craftc", standalone_mode=False)
    except click.UsageError as error:
        error.show()
        return USAGE
    except (click.Abort, KeyboardInterrupt):
        _tell("interrupted; nothing half-written is left")
        return INTERRUPTED
    except CraftcError as error:
        _tell(f"error: {error}")
        return REFUSED
    except MemoryError:
        _tell("error: out of memory (legal: a smaller model, or a machine with more memory)")
        return REFUSED
    except Exception as error:  # noqa: BLE001 - the outermost boundary: anything else is our defect
        return _defect(error, "--debug" in arguments)
    return result if isinstance(result, int) else 0


def main() -> None:
    """Entry point of the `craftc` script."""
    signal.signal(signal.SIGTERM, _terminate)
    sys.exit(run(sys.argv[1:]))
