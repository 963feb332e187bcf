"""Lever-driven octal streams and strobes around a macro, and the outside judges for such benches.

A source is a row of comparators from a barrel of 7 that loses 4, 2 and 1 at three side inputs,
each gated by a lever (x east, z south; the row is 10 long, its last comparator points east)::

    z=-3    4...2...1
    z=-2    v-L.v-L.v-L     lever on: nothing is lost
    z=-1    V...V...V
    z=0    7>}}}>}}}>}
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from tests.oracle.client import outside_levels

from craftc.blocks import BlockState, Entity, Volume
from craftc.blocks.transform import transform_point, transformed
from craftc.cells.drawing import dust
from craftc.macros.base import Macro, Pos, Sketch
from craftc.sim import Board

LEVER = BlockState.parse("minecraft:lever[face=floor,facing=north,powered=false]")
DUST = dust("north", "east", "south", "west")
WEIGHTS = (4, 2, 1)
SKEW_RT = 4  # the lever of the next lower weight acts this much earlier on the same digit
SOURCE_RT = 12  # lever of weight 4 to the output of the last comparator


def comparator(facing: str, mode: str = "compare") -> BlockState:
    """Return a comparator; `facing` names the input side."""
    return BlockState.make("comparator", facing=facing, mode=mode, powered="false")


def source(sketch: Sketch, at: Pos) -> tuple[Pos, ...]:
    """Build a source whose last comparator stands at `at`, and return its levers for 4, 2, 1."""
    x, y, z = at[0] - 9, at[1], at[2]
    sketch.put((x - 1, y, z), BlockState.parse("barrel[facing=up,open=false]"), Entity("barrel", 7))
    levers = []
    for step in range(10):
        sketch.on_floor((x + step, y, z), comparator("west", "subtract" if step in (0, 4, 8) else "compare"))
    for step, weight in zip((0, 4, 8), WEIGHTS, strict=True):
        sketch.on_floor((x + step, y, z - 1), comparator("north"))
        sketch.on_floor((x + step, y, z - 2), comparator("north", "subtract"))
        sketch.put((x + step, y, z - 3), BlockState.make("composter", level=weight))
        sketch.on_floor((x + step + 1, y, z - 2), DUST)
        sketch.on_floor((x + step + 2, y, z - 2), LEVER)
        levers.append((x + step + 2, y, z - 2))
    return tuple(levers)


def relays(sketch: Sketch, first: Pos, last: Pos) -> int:
    """Put south-going comparators from `first` to `last` (same x, y), and return their delay in rt."""
    for z in range(first[2], last[2] + 1):
        sketch.on_floor((first[0], first[1], z), comparator("north"))
    return last[2] - first[2] + 1


def with_macro(name: str, macro: Macro) -> Sketch:
    """Return a sketch that holds the macro with its corner at 0."""
    sketch = Sketch(name)
    sketch.paste(macro.volume, (0, 0, 0))
    return sketch


@dataclass
class Bench:
    """A sketch turned into a volume of some orientation; positions are those of the sketch."""

    sketch: Sketch
    turns: int = 0
    mirror: bool = False
    edges: dict[tuple[int, Pos], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        macro, self._corner = self.sketch.build()
        self._size = macro.volume.size
        self.volume: Volume = transformed(macro.volume, self.turns, self.mirror)

    def at(self, pos: Pos) -> Pos:
        """Return where a sketch position lies in the volume."""
        local = (pos[0] - self._corner[0], pos[1] - self._corner[1], pos[2] - self._corner[2])
        return transform_point(local, self._size, self.turns, self.mirror)

    def switch(self, lever: Pos, time_rt: int, on: bool) -> None:
        """Bring a lever to a position at a time; the last word for a time counts."""
        self.edges[(time_rt, lever)] = int(on)

    def pulse(self, lever: Pos, start_rt: int, width_rt: int) -> None:
        """Switch a lever on for a while."""
        self.switch(lever, start_rt, True)
        self.switch(lever, start_rt + width_rt, False)

    def digits(self, levers: tuple[Pos, ...], start_rt: int, digits: npt.NDArray[np.int64]) -> None:
        """Send digits, 2 rt each; the first leaves the source SOURCE_RT after `start_rt`."""
        for index, digit in enumerate(digits):
            for place, (weight, lever) in enumerate(zip(WEIGHTS, levers, strict=True)):
                self.switch(lever, start_rt + 2 * index + SKEW_RT * place, bool(int(digit) & weight))

    def changes(self) -> list[tuple[int, Pos, bool]]:
        """Return (rt, sketch position, on) of the real lever changes, sorted."""
        state: dict[Pos, int] = {}
        out = []
        for (time, lever), on in sorted(self.edges.items()):
            if state.get(lever, 0) != on:
                out.append((time, lever, bool(on)))
            state[lever] = on
        return out

    def run(self, rt: int, probes: list[Pos]) -> npt.NDArray[np.uint8]:
        """Return levels (gt, probes) in our simulator; row t is after t + 1 game ticks."""
        actions = [(2 * time, self.at(lever), on) for time, lever, on in self.changes()]
        board = Board(self.volume)
        self.events_before = board.events
        levels = board.run_script(actions, 2 * rt, [self.at(p) for p in probes])
        self.events, self.nodes, self.burnouts = board.events, board.nodes, board.burnouts
        return levels

    def judge(
        self, engine: str, origin: Pos, rt: int, probes: list[Pos]
    ) -> npt.NDArray[np.uint8]:
        """Return levels (rt, probes) of an outside simulator; row t is after t + 1 redstone ticks."""
        uses = [(2 * time, self.at(lever)) for time, lever, _ in self.changes()]
        return outside_levels(self.volume, engine, uses, 2 * rt, [self.at(p) for p in probes], origin)


def octal(value: int, digits: int, words: int = 6) -> npt.NDArray[np.int64]:
    """Return the `words` digits of a word, lowest first: `digits` of the value modulo 8^digits, then 0."""
    rest = value % 8**digits
    return np.array([(rest >> 3 * k) & 7 if k < digits else 0 for k in range(words)], dtype=np.int64)
