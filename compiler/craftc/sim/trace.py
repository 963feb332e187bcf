"""Runs a simulator with timed actions, and tells what every block did.

Game ticks are numbered from 0. An action at T happens between game tick T-1 and game tick T, and what it
changes at once counts as tick T; a repeater of delay 1 that a lever drives at T fires in tick T+1.

The trace is JSON with one change a line:

    {"game_ticks": N, "size": [x, y, z], "changes": [
    [t, x, y, z, "from", "to"],
    ...
    ]}

A change is the net change of one block in one game tick, sorted by t, then y, z, x. States are written
`minecraft:name[key=value,...]` with all keys of the block, sorted. After `--resume`, T and t go on
counting where the first run stopped, and `game_ticks` is what this run took.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from craftc.blocks.palette import BlockState
from craftc.blocks.volume import Pos
from craftc.errors import SimError
from craftc.export.safe import atomic_file
from craftc.sim.interface import Change, Simulator

Row = tuple[int, int, int, int, str, str]
Tell = Callable[[int, int], None]
_STRIDE = 1000
"""Game ticks run at once where nobody looks."""


@dataclass(frozen=True, slots=True)
class Action:
    """What is done between game tick at_gt - 1 and at_gt: a right-click, or a block state to write."""

    at_gt: int
    pos: Pos
    state: BlockState | None = None

    def apply(self, board: Simulator) -> None:
        """Do it. Raises SimError if the block does not react or the state is unknown."""
        if self.state is None:
            board.use(self.pos)
        else:
            board.set_block(self.pos, self.state)


@dataclass(frozen=True, slots=True)
class Plan:
    """How long to run: `game_ticks` at most; `until_quiet` stops once nothing is scheduled and no action
    is left, and refuses a board that is still running at the end."""

    game_ticks: int
    until_quiet: bool = False


def ticks(board: Simulator, actions: Sequence[Action], plan: Plan) -> Iterator[int]:
    """Run, and yield the number of every game tick in which something may have changed.

    Actions of one T are done in the order given. Raises SimError on an action outside the run, and on a
    board that does not come to rest although the plan says so.
    """
    first = board.now_gt
    end = first + plan.game_ticks
    order = _in_time(actions, first, end)
    done = 0
    while board.now_gt < end:
        now = board.now_gt
        acted = done
        while done < len(order) and order[done].at_gt == now:
            order[done].apply(board)
            done += 1
        if board.quiet and acted == done:
            if plan.until_quiet and done == len(order):
                return
            board.run((order[done].at_gt if done < len(order) else end) - now)
            continue
        board.run(1)
        yield now
    if plan.until_quiet and not board.quiet:
        raise SimError(f"is still running after {plan.game_ticks} game ticks", legal="a larger --game-ticks")


def _in_time(actions: Sequence[Action], first: int, end: int) -> list[Action]:
    for action in actions:
        if not first <= action.at_gt < end:
            legal = f"{first}..{end - 1}" if end > first else "none: no game tick is run"
            raise SimError(f"action at game tick {action.at_gt} lies outside the run", where=str(action.pos),
                           legal=legal)  # fmt: skip
    return sorted(actions, key=lambda action: action.at_gt)


def run_plain(board: Simulator, actions: Sequence[Action], plan: Plan, tell: Tell | None = None) -> int:
    """Run without looking at every tick; return the game ticks run. Raises SimError as `ticks` does."""
    first = board.now_gt
    end = first + plan.game_ticks
    order = _in_time(actions, first, end)
    for action, following in zip([None, *order], [*(a.at_gt for a in order), None], strict=True):
        if action is not None:
            action.apply(board)
        stop = end if following is None else following
        while board.now_gt < stop:
            if following is None and plan.until_quiet:
                if board.quiet:
                    return board.now_gt - first
                board.run(1)
            else:
                board.run(min(_STRIDE, stop - board.now_gt))
            if tell is not None and (board.now_gt - first) % _STRIDE == 0:
                tell(board.now_gt - first, plan.game_ticks)
    if plan.until_quiet and not board.quiet:
        raise SimError(f"is still running after {plan.game_ticks} game ticks", legal="a larger --game-ticks")
    return board.now_gt - first


def rows_of(t: int, changes: Iterable[Change]) -> list[Row]:
    """Return the rows of the trace for the changes of game tick `t`."""
    return [(t, *change.pos, str(change.before), str(change.after)) for change in changes]


def record(board: Simulator, actions: Sequence[Action], plan: Plan) -> list[Row]:
    """Return the rows of the trace of a run. Raises SimError as `ticks` does."""
    board.take_changes()
    rows: list[Row] = []
    for t in ticks(board, actions, plan):
        rows += rows_of(t, board.take_changes())
    return rows


def write_trace(path: Path, rows: Sequence[Row], game_ticks: int, size: Pos) -> None:
    """Write rows as a trace file, whole or not at all. Raises OutputError if it cannot be written."""
    head = json.dumps({"game_ticks": game_ticks, "size": list(size)})[:-1]
    with atomic_file(path) as file:
        file.write(f'{head}, "changes": ['.encode())
        for index, row in enumerate(rows):
            file.write((",\n" if index else "\n").encode() + json.dumps(row).encode())
        file.write(b"\n]}\n")
