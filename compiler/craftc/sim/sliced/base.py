"""A simulator whose board is run by a runner where possible: `SlicedSimulator`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

from craftc.blocks.palette import BlockState, Entity
from craftc.blocks.properties import checked
from craftc.blocks.volume import Pos, Volume
from craftc.errors import SimError
from craftc.sim.board import Board, Snapshot
from craftc.sim.checkpoint import Saved
from craftc.sim.devices import BUTTON, LEVER
from craftc.sim.interface import BlockTick
from craftc.sim.lanes_build import unsliced
from craftc.sim.live import GraphSimulator
from craftc.sim.sliced.runner import Runner
from craftc.sim.watch import BoardPresent, Present

_DOUBTED = "devices stand against their inputs: run by the graph engine until they are told"
_WRITTEN = "a block was written: run by the graph engine until it pays to group the nodes anew"


class SlicedSimulator(GraphSimulator):
    """One volume, run by a runner that a subclass makes (see interface.Simulator).

    The runner is made at the start. A written block ends it; a new one is made at the first stimulus at rest
    after `again_after` events per node, so that many writes do not cost many set-ups.
    Checkpoints are those of the graph engine: both resume them.
    """

    again_after: ClassVar[float] = 20.0

    def __init__(
        self,
        volume: Volume,
        settle: str = "placed",
        *,
        ticks: Sequence[BlockTick] = (),
        saved: Saved | None = None,
    ) -> None:
        """Set the board up as GraphSimulator does, and its runner."""
        self._runner: Runner | None = None
        self._due = 0.0  # a runner is made from this count of events on
        self._handed = 0
        self._why = ""
        super().__init__(volume, settle, ticks=ticks, saved=saved)

    def _make(self, board: Board) -> Runner:
        """Return a runner of a board of nodes that are all bit-sliced."""
        raise NotImplementedError

    # --- the runner -------------------------------------------------------------------------

    @property
    def _front(self) -> Runner | Board:
        """What has the present state."""
        runner = self._runner
        return runner if runner is not None and runner.board is self._board else self._board

    def _prepare(self) -> None:
        """Make a runner if there is none and it may pay."""
        if self._runner is not None or self.events < self._due or self._board.doubt is not None:
            return
        self._due = math.inf
        strange = unsliced(self._board.graph)
        if strange:
            self._why = f"not bit-sliced: {', '.join(strange)}; run by the graph engine"
        else:
            self._runner = self._make(self._board)

    def _end_runner(self, why: str, due: float) -> None:
        if self._runner is not None:
            self._fold()
            self._handed += self._runner.returns
        self._runner, self._why, self._due = None, why, due

    def _fold(self) -> None:
        """Move the counts of the runner to those of the boards."""
        if self._runner is not None:
            words, peak = self._runner.take_counts()
            self._counted.ticks_run += words
            self._counted.peak = max(self._counted.peak, peak)

    @contextmanager
    def _on_board(self) -> Iterator[None]:
        """The board has the present state inside, and may be changed or replaced."""
        runner, board = self._runner, self._board
        was_ahead = runner is not None and runner.ahead
        if runner is not None and was_ahead:
            runner.to_board()
        self._fold()
        try:
            yield
        finally:
            if self._board is not board:
                self._handed += runner is not None
                self._end_runner(_WRITTEN, self.events + self.again_after * self.nodes)
            elif runner is not None and was_ahead:
                runner.go_on()

    def _present(self) -> Present:
        front = self._front
        return BoardPresent(front) if isinstance(front, Board) else front

    @property
    def how(self) -> str:
        """How the board is run, as a reader says it."""
        return (self._why or _DOUBTED) if self._runner is None else self._runner.how

    @property
    def sliced(self) -> bool:
        """Whether a runner runs the board at present."""
        return self._runner is not None and self._runner.ahead

    @property
    def hand_overs(self) -> int:
        """How often the graph engine took over: an order in a game tick mattered, or a block was written."""
        return self._handed + (0 if self._runner is None else self._runner.returns)

    # --- counters ---------------------------------------------------------------------------

    @property
    def ticks_run(self) -> int:
        """Scheduled ticks executed so far: of whole words where a runner ran; what ran twice counts twice."""
        words = 0 if self._runner is None else self._runner.counts()[0]
        return self._counted.ticks_run + self._board.ticks_run + words

    @property
    def peak_ticks_per_gt(self) -> int:
        """Most scheduled ticks executed in one game tick, counted as `ticks_run` does."""
        words = 0 if self._runner is None else self._runner.counts()[1]
        return max(self._counted.peak, self._board.peak_ticks_per_gt, words)

    # --- running ----------------------------------------------------------------------------

    def run_until_quiet(self, limit_gt: int) -> int:
        """Return the game ticks run until nothing was scheduled. Raises SimError at the limit."""
        self._prepare()
        used = self._front.run_while_busy(limit_gt)
        if not self.quiet:
            with self._on_board():
                raise SimError(f"still running after {limit_gt} game ticks; {self._board._busy()}")
        return used

    def _switch(self, pos: Pos) -> None:
        if self._runner is None:
            super()._switch(pos)
            return
        node = self._board._input_at(pos, LEVER, BUTTON)
        pressed = self._board.graph.kind[node] == BUTTON
        self._runner.act(node, bool(pressed) or not self._runner.node(node)[0])

    def set_lever(self, pos: Pos, on: bool) -> None:
        """Bring a lever to a position. Raises SimError if there is none."""
        if self._runner is None:
            super().set_lever(pos, on)
        else:
            self._runner.act(self._board._input_at(pos, LEVER), on)

    def set_block(self, pos: Pos, state: BlockState | str, entity: Entity | None = None) -> None:
        """Write a block with all updates; `minecraft:air` breaks it. Raises SimError on unknown blocks."""
        written = BlockState.parse(state) if isinstance(state, str) else state
        if self._is_lever_turn(pos, written):
            self.set_lever(pos, written.get("powered") == "true")
            return
        with self._on_board():
            super().set_block(pos, state, entity)

    def _is_lever_turn(self, pos: Pos, written: BlockState) -> bool:
        if written.short != "lever" or self.block(pos).short != "lever":
            return False
        state = checked(written, str(tuple(pos)))
        return state.with_props(powered="") == self.block(pos).with_props(powered="")

    # --- readings ---------------------------------------------------------------------------

    def pending(self) -> list[BlockTick]:
        """Return all scheduled ticks in the order in which they will run."""
        with self._on_board():
            return super().pending()

    def restless(self) -> list[Pos]:
        """Return the positions of devices that would change if they looked at their inputs now."""
        with self._on_board():
            return super().restless()

    # --- states -----------------------------------------------------------------------------

    def snapshot(self) -> tuple[Board, Snapshot, Any]:
        """Return a copy of everything that changes."""
        with self._on_board():
            return super().snapshot()

    def restore(self, snapshot: tuple[Board, Snapshot, Any]) -> None:
        """Go back to a snapshot of this board."""
        runner = self._runner
        if runner is not None:
            runner.leave()
            runner.take_counts()
        super().restore(snapshot)
        if runner is not None and runner.board is self._board:
            runner.go_on()
        else:
            self._end_runner("", 0.0)
            self._prepare()

    def save(self) -> bytes:
        """Return the running state as bytes, the volume included: a checkpoint of the graph engine."""
        with self._on_board():
            return super().save()
