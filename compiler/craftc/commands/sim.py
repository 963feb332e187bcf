"""The command `sim`: runs the blocks of a file with timed actions.

Coordinates count from the low corner of the structure (boards.py); game ticks count from 0 (sim/trace.py).
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from craftc.commands.options import (
    EngineName,
    actions,
    board_argument,
    game_ticks_option,
    json_option,
    use_option,
)
from craftc.commands.screen import Stages, rows_of, say, table
from craftc.errors import FormatError, SimError

if TYPE_CHECKING:
    from craftc.commands.boards import Given
    from craftc.sim.interface import Simulator
    from craftc.sim.trace import Row

FILE = click.Path(path_type=Path, dir_okay=False)
GAME_TICKS, UNTIL_LIMIT = 200, 1_000_000
"""Game ticks that are run if none are given: plainly, and at most with --until."""

_RSS_UNIT = 1 if sys.platform == "darwin" else 1024
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Options:
    """The options of one run, as given."""

    source: Path
    game_ticks: int | None
    actions: tuple[Any, ...]
    settle: str
    until: str | None
    engine: str
    trace: Path | None
    vcd: Path | None
    watch: tuple[str, ...]
    checkpoint: Path | None
    resume: Path | None
    stats: bool
    as_json: bool


@click.command()
@board_argument
@game_ticks_option(f"How long to run [{GAME_TICKS}]; with --until at most.")
@use_option("Right-click with an empty hand between game tick T-1 and T; repeatable.")
@click.option(
    "--set",
    "written",
    multiple=True,
    callback=actions(True),
    metavar="X,Y,Z=STATE@T",
    help="Write a block state then; minecraft:air breaks the block; repeatable.",
)
@click.option(
    "--settle",
    type=click.Choice(["placed", "trusted"]),
    default="placed",
    show_default=True,
    help="Start as placed by a player, or as a loaded save.",
)
@click.option("--until", type=click.Choice(["quiescent"]), help="Stop when nothing is scheduled any more.")
@click.option("--engine", type=EngineName(), default="graph", show_default=True)
@click.option("--trace", type=FILE, help="Write every change of a block as JSON.")
@click.option("--vcd", type=FILE, help="Write waves for a viewer such as GTKWave.")
@click.option(
    "--watch", multiple=True, metavar="NAME|X,Y,Z", help="Port of io.json, or block, to show; repeatable."
)
@click.option("--checkpoint", type=FILE, help="Save the running state at the end.")
@click.option("--resume", type=FILE, help="Go on from a saved state of this board.")
@click.option("--stats", is_flag=True, help="Tell what the run cost.")
@json_option
def sim(used: list[Any], written: list[Any], **options: Any) -> None:
    """Run the blocks of a build, world, schematic or structure.

    Actions of one T are done in the order --use, --set, each as given.
    """
    _run(Options(actions=(*used, *written), **options))


def _run(options: Options) -> None:
    from craftc.commands.boards import read_board

    began = time.perf_counter()
    given = read_board(options.source)
    board = _make(options, given)
    setup_s = time.perf_counter() - began
    watched = _Watched(options, given, board)
    begin_gt, begin_events = board.now_gt, board.events
    began = time.perf_counter()
    with Stages() as stages:
        rows = _drive(options, board, watched, lambda done, total: stages("run", done, total))
    seconds = time.perf_counter() - began
    ran_gt = board.now_gt - begin_gt
    if options.trace is not None:
        from craftc.sim.trace import write_trace

        write_trace(options.trace, rows or [], ran_gt, given.volume.size)
    watched.write(options.vcd, board.now_gt)
    if options.checkpoint is not None:
        from craftc.export.safe import atomic_write

        atomic_write(options.checkpoint, board.save())
    facts: dict[str, Any] = {
        "nodes": board.nodes,
        "game_ticks": ran_gt,
        "events": board.events - begin_events,
        "quiet": board.quiet,
    }
    if options.stats:
        facts |= {"run_by": board.how, "hand_overs": board.hand_overs}
        facts |= _stats(ran_gt, board.events - begin_events, seconds, setup_s)
    _show(options, facts, watched)


def _make(options: Options, given: Given) -> Simulator:
    """Return the board to run. Raises SimError if a saved state is not of this structure."""
    from craftc.sim.engines import ENGINES as engines

    engine = engines[options.engine]
    if options.resume is None:
        ticks = given.ticks if options.settle == "trusted" else ()
        return engine(given.volume, options.settle, ticks=ticks)
    try:
        data = options.resume.read_bytes()
    except OSError as error:
        legal = "a file that craftc sim --checkpoint wrote"
        raise FormatError(
            f"cannot be read: {error.strerror}", where=str(options.resume), legal=legal
        ) from error
    board: Simulator = engine.resume(data)
    if board.volume.size != given.volume.size:
        what = f"holds a board of size {board.volume.size}"
        raise SimError(what, where=str(options.resume), legal=f"one of {options.source}, {given.volume.size}")
    return board


class _Watched:
    """The signals that are shown and written."""

    def __init__(self, options: Options, given: Given, board: Simulator) -> None:
        self._recorder = None
        if options.vcd is None and not options.watch:
            return
        from craftc.sim.vcd import Recorder, all_signals, by_group, chosen, named_signals

        known = [] if given.io is None else named_signals(given.volume, given.io)
        if options.watch:
            signals = chosen(options.watch, known, given.volume)
        else:
            signals = known or all_signals(given.volume)
        self._recorder = Recorder(board, by_group(signals))

    def look(self, after_gt: int) -> None:
        if self._recorder is not None:
            self._recorder.look(after_gt)

    def write(self, path: Path | None, end_gt: int) -> None:
        if path is not None and self._recorder is not None:
            from craftc.sim.vcd import write_vcd

            write_vcd(path, self._recorder, end_gt)

    def values(self) -> dict[str, int]:
        if self._recorder is None:
            return {}
        names = [signal.name for signal in self._recorder.signals]
        return dict(zip(names, self._recorder.values, strict=True))


def _drive(
    options: Options, board: Simulator, watched: _Watched, tell: Callable[[int, int], None]
) -> list[Row] | None:
    """Run the board; return the rows of the trace if one is wanted."""
    from craftc.sim.trace import Plan, rows_of, run_plain, ticks

    until = options.until is not None
    limit = options.game_ticks if options.game_ticks is not None else UNTIL_LIMIT if until else GAME_TICKS
    plan = Plan(limit, until)
    if options.trace is None and options.vcd is None:
        run_plain(board, options.actions, plan, tell)
        watched.look(board.now_gt)
        return None
    rows: list[Row] = []
    board.take_changes()
    for t in ticks(board, options.actions, plan):
        if options.trace is not None:
            rows += rows_of(t, board.take_changes())
        watched.look(t + 1)
        tell(min(t, plan.game_ticks), plan.game_ticks)
    return rows


def _stats(ran_gt: int, events: int, seconds: float, setup_s: float) -> dict[str, Any]:
    rate = 1 / seconds if seconds > 0 else 0.0
    return {
        "events_per_second": events * rate,
        "redstone_ticks_per_second": ran_gt / 2 * rate,
        "run_seconds": seconds,
        "setup_seconds": setup_s,
        "peak_memory_bytes": _peak_memory(),
    }


def _peak_memory() -> int | None:
    """Return the most memory this process has held, in bytes, or None where the system does not tell."""
    if sys.platform == "win32":
        return None
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT


def _show(options: Options, facts: dict[str, Any], watched: _Watched) -> None:
    values = watched.values() if options.watch else {}
    facts = {"components" if key == "nodes" else key: value for key, value in facts.items()}
    if options.as_json:
        say(json.dumps({**facts, "watch": values} if options.watch else facts))
        return
    table((name, str(value)) for name, value in values.items())
    table(rows_of(facts))


COMMANDS: tuple[click.Command, ...] = (sim,)
