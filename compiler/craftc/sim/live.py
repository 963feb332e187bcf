"""The graph engine behind the common interface: a Board that tells changes, takes writes and is saved.

Writing a block makes a new board of the written-back volume: one write costs as much as setting up. The
blocks that a write leaves without support are broken, dust takes its new shape, and the devices whose
inputs changed or that stand beside the written block look at them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from craftc.blocks.palette import BlockState, Entity
from craftc.blocks.properties import completed
from craftc.blocks.volume import Pos, Volume
from craftc.errors import SimError
from craftc.sim import bake, engine, rewrite
from craftc.sim.board import Board, Levels, Snapshot
from craftc.sim.checkpoint import Saved, load_bytes, save_bytes
from craftc.sim.counters import Counters
from craftc.sim.devices import BUTTON, INPUT, LEVER
from craftc.sim.doubt import doubt_of
from craftc.sim.edit import with_block
from craftc.sim.graph import find_cell
from craftc.sim.interface import BlockTick, Change, Front
from craftc.sim.queue import block_ticks, known_ticks, schedule, set_torch_ages, torch_ages
from craftc.sim.watch import BoardPresent, Present, Watch, changed_blocks

NAME = "graph"


class GraphSimulator:
    """One volume run by the graph engine (see interface.Simulator)."""

    def __init__(
        self,
        volume: Volume,
        settle: str = "placed",
        *,
        ticks: Sequence[BlockTick] = (),
        saved: Saved | None = None,
    ) -> None:
        """Set the board up; `saved` adds what a checkpoint has beside blocks and ticks.

        Raises SimError as Board does, and on ticks of blocks that keep none.
        """
        self._given = volume
        self._counted = Counters()
        self._board = Board(completed(volume), settle)
        schedule(self._board, known_ticks(self._board, ticks))
        if saved is not None:
            self._take_up(saved)
        self._board.doubt = doubt_of(self._board)
        self._look_anew()
        self._prepare()
        self._origin = self.snapshot()

    def _take_up(self, saved: Saved) -> None:
        nodes = np.searchsorted(self._board.graph.cell, saved.torch_cell)
        set_torch_ages(self._board, nodes, saved.torch_ages)
        self._counted = Counters(*saved.counters)

    def _prepare(self) -> None:
        """Do what is to be done before a run; nothing for this engine."""

    def _look_anew(self) -> None:
        """Watch the board that runs now; its present state is the last look."""
        self._watch = Watch(self._board, self._present)
        self._before: Volume | None = None

    @property
    def _front(self) -> Front:
        """What has the present state."""
        return self._board

    def _present(self) -> Present:
        """What the board shows, read from what has the present state."""
        return BoardPresent(self._board)

    # --- counters ---------------------------------------------------------------------------

    @property
    def volume(self) -> Volume:
        """The volume the board was made from."""
        return self._given

    @property
    def board(self) -> Board:
        """The board that runs now; a write replaces it."""
        return self._board

    @property
    def now_gt(self) -> int:
        """Game ticks run since the start (settling not counted)."""
        return self._counted.now_gt + self._front.now_gt

    @property
    def events(self) -> int:
        """Output changes of devices so far."""
        return self._counted.events + self._front.events

    @property
    def ticks_run(self) -> int:
        """Scheduled ticks executed so far."""
        return self._counted.ticks_run + self._board.ticks_run

    @property
    def peak_ticks_per_gt(self) -> int:
        """Most scheduled ticks executed in one game tick."""
        return max(self._counted.peak, self._board.peak_ticks_per_gt)

    @property
    def burnouts(self) -> int:
        """How often a torch burnt out."""
        return self._counted.burnouts + self._front.burnouts

    @property
    def nodes(self) -> int:
        """Number of components."""
        return self._board.nodes

    @property
    def how(self) -> str:
        """What runs the board."""
        return "graph engine"

    @property
    def hand_overs(self) -> int:
        """None: one engine runs the board."""
        return 0

    @property
    def quiet(self) -> bool:
        """Whether nothing is scheduled."""
        return self._front.quiet

    # --- running ----------------------------------------------------------------------------

    def run(self, game_ticks: int) -> None:
        """Run that many game ticks."""
        self._prepare()
        self._front.run(game_ticks)

    def run_until_quiet(self, limit_gt: int) -> int:
        """Return the game ticks run until nothing was scheduled. Raises SimError at the limit."""
        return self._board.run_until_quiet(limit_gt)

    def _switch(self, pos: Pos) -> None:
        """Turn a lever over or press a button."""
        self._board.use(pos)

    def use(self, pos: Pos) -> None:
        """Right-click: a lever toggles, a button is pressed; other blocks take the state that a click
        gives them. Raises SimError on blocks that do not react."""
        state = self.block(pos)
        clicked = rewrite.clicked_state(state)
        if clicked is None:
            self._switch(pos)
            return
        if clicked != state:
            self.set_block(pos, clicked)
        if state.short == "comparator":
            rewrite.refresh(self._board, pos)

    def set_lever(self, pos: Pos, on: bool) -> None:
        """Bring a lever to a position. Raises SimError if there is none."""
        self._board.set_lever(pos, on)

    def set_block(self, pos: Pos, state: BlockState | str, entity: Entity | None = None) -> None:
        """Write a block with all updates; `minecraft:air` breaks it. Raises SimError on unknown blocks."""
        old, present = self._board, self.write_back()
        written = with_block(present, pos, state, entity)
        same = written.get(pos) == present.get(pos) and written.entity(pos) == present.entity(pos)
        if same or self._flip_input(pos, present.get(pos), written.get(pos)):
            return
        new = Board(written, "trusted")
        _refuse_false_power(present.get(pos), written.get(pos), new.power(pos), pos)
        if self._before is None:
            self._before = self._watch.last_blocks()
        self._counted.add(old)
        rewrite.carry_over(old, new)
        self._board = new
        self._watch = Watch(new, self._present)
        rewrite.notify(old, new, pos, present)
        new.doubt = doubt_of(new, old)

    def _flip_input(self, pos: Pos, before: BlockState, after: BlockState) -> bool:
        """Drive an input of which `powered` or `power` alone is written; return whether that was it."""
        if before.with_props(powered="", power="") != after.with_props(powered="", power=""):
            return False
        board = self._board
        node = _find(board, pos)
        if node < 0 or board.graph.kind[node] not in (LEVER, BUTTON, INPUT):
            return False
        level = int(after.get("power", "15" if after.get("powered") == "true" else "0"))
        engine.set_output(board._net, board._state, node, level)
        return True

    # --- readings ---------------------------------------------------------------------------

    def power(self, pos: Pos) -> int:
        """Return the level at a position, as Board.power does."""
        return self._front.power(pos)

    def probe(self, positions: Sequence[Pos], game_ticks: int, every_gt: int = 1) -> Levels:
        """Run, and return levels (game_ticks // every_gt, positions)."""
        self._prepare()
        return self._front.probe(positions, game_ticks, every_gt)

    def run_script(
        self,
        actions: Iterable[tuple[int, Pos, bool]],
        game_ticks: int,
        probes: Sequence[Pos] = (),
        every_gt: int = 1,
    ) -> Levels:
        """Run with stimuli, and return levels; see Board.run_script."""
        self._prepare()
        return self._front.run_script(actions, game_ticks, probes, every_gt)

    def block(self, pos: Pos) -> BlockState:
        """Return the present state of one block. Raises SimError outside the box."""
        size = self._given.size
        if not all(0 <= p < s for p, s in zip(pos, size, strict=True)):
            raise SimError("lies outside the box", where=str(tuple(pos)), legal=f"inside {size}")
        return self._watch.block(pos)

    def blocks(self) -> Volume:
        """Return the present state of all blocks."""
        return self.write_back()

    def write_back(self) -> Volume:
        """Return the present state of all blocks; scheduled ticks are in `pending`."""
        board, present = self._board, self._present()
        return bake.write_back(board.volume, board.graph, present.outputs(), present.sides())

    def pending(self) -> list[BlockTick]:
        """Return all scheduled ticks in the order in which they will run."""
        return block_ticks(self._board)

    def take_changes(self) -> list[Change]:
        """Return the net changes of blocks since the last call, sorted by y, z, x."""
        if self._before is None:
            return self._watch.take()
        before, self._before = self._before, None
        self._watch.take()
        return changed_blocks(before, self.write_back())

    def restless(self) -> list[Pos]:
        """Return the positions of devices that would change if they looked at their inputs now."""
        return self._board.restless()

    # --- states -----------------------------------------------------------------------------

    def snapshot(self) -> tuple[Board, Snapshot, Counters]:
        """Return a copy of everything that changes."""
        return (self._board, self._board.snapshot(), self._counted.copy())

    def restore(self, snapshot: tuple[Board, Snapshot, Any]) -> None:
        """Go back to a snapshot of this board."""
        self._board, state, counted = snapshot
        self._board.restore(state)
        self._counted = counted.copy()
        self._look_anew()

    def reset(self) -> None:
        """Go back to the state after construction."""
        self.restore(self._origin)

    def save(self) -> bytes:
        """Return the running state as bytes, the volume included; see checkpoint.py."""
        nodes, ages = torch_ages(self._board)
        told = (ages >= 0).any(axis=1)
        cells = self._board.graph.cell[nodes[told]]
        counters = (self.now_gt, self.events, self.ticks_run, self.peak_ticks_per_gt, self.burnouts)
        saved = Saved(self.write_back(), tuple(self.pending()), cells, ages[told], counters)
        return save_bytes(saved, NAME)

    @classmethod
    def resume(cls, data: bytes) -> GraphSimulator:
        """Return the board that `save` wrote. Raises SimError on anything else."""
        saved = load_bytes(data, NAME)
        return cls(saved.volume, "trusted", ticks=saved.ticks, saved=saved)


def _refuse_false_power(before: BlockState, after: BlockState, power: int, pos: Pos) -> None:
    """Raise SimError if dust is written over dust with another power than it gets: that acts for a moment."""
    both = before.short == after.short == "redstone_wire"
    if both and after.get("power", "0") != str(power):
        why = f"{after} over dust that gets power {power} acts until something tells it"
        raise SimError(why, where=str(tuple(pos)), legal=f"power={power}, or --engine reference")


def _find(board: Board, pos: Pos) -> int:
    return find_cell(board.graph.cell, board.volume, pos)
