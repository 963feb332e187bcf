"""The bit-sliced engines against the graph engine on random boards with random stimuli and writes.

Compared after every game tick: net changes of blocks and the count of events. At one random game tick also
the scheduled ticks in their order, and both go on from the checkpoints they then write; at the end the
blocks, the scheduled ticks and the burn-outs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from tests.sim.component_boards import component_board, random_actions
from tests.sim.every_engine import (
    ExactLanes,
    ForcedLanes,
    ForcedTiles,
    WideExactLanes,
    WideLanes,
    WideTiles,
)
from tests.sim.ours import settled
from tests.sim.shrink import as_text
from tests.sim.tiles import HEIGHT, SIDE, TILES, Batch, cut, make_batch

from craftc.blocks import BlockState
from craftc.blocks.names import PLATES
from craftc.errors import SimError
from craftc.sim import Board
from craftc.sim.interface import Change, Engine, Simulator
from craftc.sim.live import GraphSimulator
from craftc.sim.sliced.base import SlicedSimulator
from craftc.sim.trace import Action
from craftc.sim.watch import changed_blocks

SLICED: Mapping[str, Engine] = {
    "tiles": ForcedTiles, "lanes": ForcedLanes, "lanes exact": ExactLanes,
    "tiles wide": WideTiles, "lanes wide": WideLanes, "lanes exact wide": WideExactLanes,
}  # fmt: skip
UNSLICED = ("observer", "trapdoor", "note_block", "bulb")
GAME_TICKS = 80
GAPS_GT = (20, 3, 40, 12, 8, 5, 6, 4)
WRITES = (
    "air", "air", "stone", "glass", "redstone_block", "redstone_wire", "redstone_torch", "redstone_lamp",
    "repeater[facing=west,delay=2]", "repeater[facing=south,delay=1]",
    "comparator[facing=north,mode=subtract]", "comparator[facing=east]", "composter[level=5]",
    "stone_button[face=floor]",
)  # fmt: skip


@dataclass(slots=True)
class Count:
    """What was compared."""

    boards: int = 0
    ticks: int = 0
    uses: int = 0
    writes: int = 0
    hand_overs: int = 0
    sliced_to_the_end: int = 0
    differences: list[str] = field(default_factory=list)

    def add(self, other: Count) -> None:
        """Add another count to this one."""
        self.boards += other.boards
        self.ticks += other.ticks
        self.uses += other.uses
        self.writes += other.writes
        self.hand_overs += other.hand_overs
        self.sliced_to_the_end += other.sliced_to_the_end
        self.differences += other.differences


def stimuli(board: Batch, seed: int) -> list[Action]:
    """Return the uses of a board, steps on its plates, and on every third board writes, of levers too."""
    rng = np.random.default_rng(seed)
    found = [Action(t, (x, y, z)) for t, x, y, z in board.actions.tolist()]
    for pos in board.volume.positions(board.volume.ids != 0):
        state = board.volume.get(pos)
        key = "powered" if state.short == "stone_pressure_plate" else "power"
        if state.short in PLATES or state.short == "target":
            for t in sorted(rng.choice(GAME_TICKS, 6, replace=False).tolist()):
                value = str(bool(rng.integers(2))).lower() if key == "powered" else str(rng.integers(16))
                found.append(Action(t, pos, state.with_props(**{key: value})))
    if seed // 3 % 3:
        return sorted(found, key=lambda action: action.at_gt)
    for _ in range(int(rng.integers(1, 5))):
        pos = (int(rng.integers(SIDE)), int(rng.integers(1, HEIGHT)), int(rng.integers(SIDE)))
        state = board.volume.get(pos)
        if state.short == "lever":
            written = state.with_props(powered=str(bool(rng.integers(2))).lower())
        else:
            written = BlockState.parse(WRITES[int(rng.integers(len(WRITES)))])
        found.append(Action(int(rng.integers(GAME_TICKS)), pos, written))
    return sorted(found, key=lambda action: action.at_gt)


def _do(board: Simulator, action: Action) -> tuple[str, str]:
    """Do an action; return where it was refused and what is legal there, if it was."""
    try:
        action.apply(board)
    except SimError as error:
        return error.where, error.legal
    return "", ""


def _tick(board: Simulator, actions: Sequence[Action]) -> tuple[list[tuple[str, str]], list[Change], int]:
    refusals = [_do(board, action) for action in actions]
    board.run(1)
    return refusals, board.take_changes(), board.events


def compare(name: str, engine: Engine, board: Batch, seed: int) -> Count:
    """Return what a run of an engine beside the graph engine found."""
    actions = stimuli(board, seed)
    stop = int(np.random.default_rng(seed + 1).integers(1, GAME_TICKS))
    sides: list[Simulator] = [GraphSimulator(board.volume, "trusted"), engine(board.volume, "trusted")]
    count = Count(1, GAME_TICKS, sum(a.state is None for a in actions))
    count.writes = len(actions) - count.uses

    def differs(what: str) -> Count:
        count.differences.append(f"{name}, board {seed}: {what}\n{as_text(board)}\n{actions}")
        return count

    for t in range(GAME_TICKS):
        now = [a for a in actions if a.at_gt == t]
        left, right = (_tick(side, now) for side in sides)
        if left != right:
            return differs(f"game tick {t}: {left} and {right}")
        if sides[0].quiet != sides[1].quiet:
            return differs(f"game tick {t}: quiet {sides[0].quiet}")
        if t == stop:
            if sides[0].pending() != sides[1].pending():
                return differs(f"game tick {t}: {sides[0].pending()} and {sides[1].pending()}")
            count.hand_overs += sides[1].hand_overs
            sides = [GraphSimulator.resume(sides[0].save()), engine.resume(sides[1].save())]
    ends = [(side.pending(), side.burnouts, side.now_gt, side.restless()) for side in sides]
    blocks = changed_blocks(sides[0].write_back(), sides[1].write_back())
    if ends[0] != ends[1] or blocks:
        return differs(f"the end: {ends} {blocks}")
    count.hand_overs += sides[1].hand_overs
    count.sliced_to_the_end += isinstance(sides[1], SlicedSimulator) and sides[1].sliced
    return count


def compare_batch(number: int, engines: Mapping[str, Engine] = SLICED) -> dict[str, Count]:
    """Compare all boards of a batch, each on one of the engines in turn; return counts by engine."""
    names = sorted(engines)
    found = {name: Count() for name in names}
    for seed, board in boards(number).items():
        name = names[seed % len(names)]
        found[name].add(compare(name, engines[name], board, seed))
    return found


def boards(number: int) -> dict[int, Batch]:
    """Return the boards of a batch that come to rest, by seed. Every fourth batch has plates and targets."""
    gap_gt = GAPS_GT[number % len(GAPS_GT)]
    if number % 4 == 3:
        return dict(_with_plates(number, gap_gt))
    batch, restless = settled(make_batch(number, "core", GAME_TICKS // gap_gt, gap_gt))
    return {number * TILES + tile: cut(batch, tile) for tile in range(TILES) if tile not in restless}


def _with_plates(number: int, gap_gt: int) -> Iterator[tuple[int, Batch]]:
    for seed in range(number * TILES, (number + 1) * TILES):
        board = Board(component_board(seed, SIDE, SIDE, frozenset(UNSLICED)))
        if board.quiet:
            volume = board.write_back()
            uses = random_actions(volume, seed, GAME_TICKS // gap_gt, gap_gt, writes=False)
            rows = [(action.time_gt, *action.pos) for action in uses]
            yield seed, Batch(volume, np.array(rows, dtype=np.int64).reshape(-1, 4))
