"""A volume of blocks run by the reference engine: `Reference` (see interface.Simulator).

An action happens after the last game tick that ran, when that tick's blocks and updates are all done.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from craftc.blocks.palette import BlockState, Entity
from craftc.blocks.volume import Pos, Volume
from craftc.errors import SimError
from craftc.sim.interface import BlockTick, Change, Levels
from craftc.sim.reference import start, store
from craftc.sim.reference.actions import check, click, switch_at, turn, write
from craftc.sim.reference.inputs import Lever
from craftc.sim.reference.ticks import Ticks
from craftc.sim.reference.world import World


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A copy of everything that changes on a board."""

    ids: list[int]
    ticks: Ticks
    turn_offs: list[tuple[int, int]]
    counters: tuple[int, int, int, int]


class Reference:
    """The machine in a volume, block by block. The volume itself is never changed."""

    def __init__(self, volume: Volume, settle: str = "placed", *, ticks: Sequence[BlockTick] = ()) -> None:
        """Set the board up; see interface.py for `settle` and `ticks`.

        Raises SimError on unknown blocks, an unknown settle mode, or a tick outside the box.
        """
        if settle not in ("placed", "trusted"):
            raise SimError(f"unknown settle mode {settle!r}", legal="placed, trusted")
        start.check_legal(volume)
        self._given = volume
        self._world = World(start.prepared(volume, settle))
        if settle == "placed":
            start.settle(self._world)
        for tick in sorted(ticks, key=lambda t: (t.delay_gt, t.priority, t.order)):
            entry = self._world.entry(self._cell(tick.pos))
            if entry.state.name == tick.block:
                self._world.schedule(self._cell(tick.pos), entry, tick.delay_gt, tick.priority)
        self._zero = self._world.ticks.now
        self._world.touched.clear()
        self._origin = self.snapshot()

    # --- time -------------------------------------------------------------------------------

    @property
    def volume(self) -> Volume:
        """The volume the board was made from."""
        return self._given

    @property
    def now_gt(self) -> int:
        """Game ticks run since the start (settling not counted)."""
        return self._world.ticks.now - self._zero

    @property
    def events(self) -> int:
        """Output changes of devices so far."""
        return self._world.events

    @property
    def ticks_run(self) -> int:
        """Scheduled ticks executed so far."""
        return self._world.ticks_run

    @property
    def peak_ticks_per_gt(self) -> int:
        """Most scheduled ticks executed in one game tick."""
        return self._world.peak

    @property
    def burnouts(self) -> int:
        """How often a torch burnt out."""
        return self._world.burnouts

    @property
    def nodes(self) -> int:
        """Number of components."""
        return sum(self._world.book[i].rule.device for i in self._world.ids)

    @property
    def how(self) -> str:
        """What runs the board."""
        return "reference engine"

    @property
    def hand_overs(self) -> int:
        """None: one engine runs the board."""
        return 0

    @property
    def quiet(self) -> bool:
        """Whether nothing is scheduled."""
        return len(self._world.ticks) == 0

    def run(self, game_ticks: int) -> None:
        """Run that many game ticks."""
        if game_ticks < 0:
            raise SimError(f"cannot run {game_ticks} game ticks", legal="0 or more")
        for _ in range(game_ticks):
            self._world.tick()

    def run_until_quiet(self, limit_gt: int) -> int:
        """Return the game ticks run until nothing was scheduled. Raises SimError at the limit."""
        begin = self.now_gt
        while not self.quiet and self.now_gt - begin < limit_gt:
            self._world.tick()
        if not self.quiet:
            first = self.pending()[0]
            raise SimError(
                f"still running after {limit_gt} game ticks; {len(self._world.ticks)} devices have ticks "
                f"scheduled, first: {first.block} at {first.pos}"
            )
        return self.now_gt - begin

    # --- actions ----------------------------------------------------------------------------

    def _cell(self, pos: Pos) -> int:
        if not self._world.inside(pos):
            raise SimError(f"lies outside the box {self._world.size}", where=str(tuple(pos)))
        return self._world.cell(pos)

    def use(self, pos: Pos) -> None:
        """Right-click with an empty hand. Raises SimError on blocks that do not react."""
        click(self._world, pos)

    def set_lever(self, pos: Pos, on: bool) -> None:
        """Bring a lever to a position. Raises SimError if there is none."""
        cell, entry = switch_at(self._world, pos, Lever)
        if entry.powered != on:
            entry.rule.use(self._world, cell, entry)

    def set_block(self, pos: Pos, state: BlockState | str, entity: Entity | None = None) -> None:
        """Write a block state with all updates; see interface.Simulator.set_block.

        As with the command /setblock the new block first takes the shape that its neighbours give it, and is
        not itself told of them. Raises SimError on blocks that the simulator refuses.
        """
        write(self._world, self._cell(pos), state, entity)

    # --- readings ---------------------------------------------------------------------------

    def power(self, pos: Pos) -> int:
        """Return dust power, a device's output, or what a conductor receives; 0 of anything else."""
        cell = self._cell(pos)
        entry = self._world.entry(cell)
        if entry.conductor and not entry.rule.device:
            return entry.shown or self._world.direct_into(cell)
        return entry.shown

    def block(self, pos: Pos) -> BlockState:
        """Return the present state of one block."""
        return self._world.entry(self._cell(pos)).state

    def probe(self, positions: Sequence[Pos], game_ticks: int, every_gt: int = 1) -> Levels:
        """Run, and return levels (game_ticks // every_gt, positions)."""
        return self.run_script([], game_ticks, positions, every_gt)

    def run_script(
        self,
        actions: Iterable[tuple[int, Pos, bool]],
        game_ticks: int,
        probes: Sequence[Pos] = (),
        every_gt: int = 1,
    ) -> Levels:
        """Run with stimuli, and return levels; see Board.run_script."""
        if every_gt < 1 or game_ticks < 0:
            raise SimError(f"bad sampling {game_ticks}/{every_gt}", legal="game_ticks >= 0, every_gt >= 1")
        todo = sorted(actions, key=lambda action: action[0])
        for action in todo:
            check(self._world, *action, game_ticks)
        for pos in probes:
            self._cell(pos)
        rows = []
        for t in range(game_ticks + 1):
            if t:
                self._world.tick()
                if t % every_gt == 0:
                    rows.append([self.power(pos) for pos in probes])
            while todo and todo[0][0] == t:
                turn(self._world, *todo.pop(0)[1:])
        return np.array(rows, dtype=np.uint8).reshape(game_ticks // every_gt, len(probes))

    # --- states -----------------------------------------------------------------------------

    def blocks(self) -> Volume:
        """Return the present state of all blocks."""
        return store.volume_of(self._world)

    def write_back(self) -> Volume:
        """Return the present state of all blocks; scheduled ticks are in `pending`."""
        return self.blocks()

    def pending(self) -> list[BlockTick]:
        """Return all scheduled ticks in the order in which they will run."""
        return [
            BlockTick(self._world.position(cell), f"minecraft:{name}", delay, priority, order)
            for delay, priority, order, (cell, name) in self._world.ticks.pending()
        ]

    def take_changes(self) -> list[Change]:
        """Return the net changes of blocks since the last call, sorted by y, z, x."""
        world, found = self._world, []
        for cell in sorted(world.touched):  # cells count x first, then z, then y
            before, after = world.book[world.touched[cell]].state, world.entry(cell).state
            if before != after:
                found.append(Change(world.position(cell), before, after))
        world.touched.clear()
        return found

    def snapshot(self) -> Snapshot:
        """Return a copy of everything that changes."""
        w = self._world
        counters = (w.events, w.ticks_run, w.peak, w.burnouts)
        return Snapshot(w.ids.copy(), w.ticks.copy(), w.turn_offs.copy(), counters)

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to a snapshot of this board."""
        w = self._world
        w.ids, w.ticks = snapshot.ids.copy(), snapshot.ticks.copy()
        w.turn_offs = snapshot.turn_offs.copy()
        w.events, w.ticks_run, w.peak, w.burnouts = snapshot.counters
        w.touched.clear()

    def reset(self) -> None:
        """Go back to the state after construction."""
        self.restore(self._origin)

    def restless(self) -> list[Pos]:
        """Return the positions of devices that would change if they looked at their inputs now."""
        kept, found = self.snapshot(), []
        for cell in range(len(self._world.ids)):
            entry = self._world.entry(cell)
            if entry.rule.device:
                before = len(self._world.ticks)
                entry.rule.neighbour_changed(self._world, cell, entry)
                if len(self._world.ticks) != before or self._world.entry(cell) is not entry:
                    found.append(self._world.position(cell))
                self.restore(kept)
        return found

    def save(self) -> bytes:
        """Return the running state as bytes (craftc.sim.checkpoint)."""
        counters = (self.now_gt, self.events, self.ticks_run, self.peak_ticks_per_gt, self.burnouts)
        return store.save(self._world, self.pending(), counters)

    @classmethod
    def resume(cls, data: bytes) -> Reference:
        """Return the board that `save` wrote. Raises SimError on anything else."""
        saved = store.load(data)
        board = cls(saved.volume, "trusted", ticks=saved.ticks)
        store.put_history(board._world, saved)
        board._zero = -saved.counters[0]
        w = board._world
        _, w.events, w.ticks_run, w.peak, w.burnouts = saved.counters
        board._origin = board.snapshot()
        return board
