"""The lanes engine behind the common interface: one word of equal copies of a board (craftc.sim.lanes).

All copies get the same stimuli and must agree: where two differ, reading raises SimError. It is slower than
the graph engine, and there to hold the lanes engine to everything that is known of boards.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

import numpy as np

from craftc.blocks.volume import Pos
from craftc.errors import SimError
from craftc.sim import engine
from craftc.sim.board import Board, Levels
from craftc.sim.devices import BUTTON, REPEATER
from craftc.sim.kernel import Bytes
from craftc.sim.lanes import Lanes
from craftc.sim.lanes_build import has_levels
from craftc.sim.lanes_load import output_rows, port_rows
from craftc.sim.lanes_words import BURNOUTS, NOW, PEAK, QUEUED, Flow
from craftc.sim.script import in_pieces, prepared
from craftc.sim.sliced.base import SlicedSimulator
from craftc.sim.sliced.runner import Runner
from craftc.sim.tiles_build import Placing
from craftc.sim.tiles_load import unload
from craftc.sim.watch import BoardPresent
from craftc.sim.wide import ALL, NARROW, Planes, limbs


class LanesSimulator(SlicedSimulator):
    """One volume run as `places` equal copies in one word; `order` and `places` as of Lanes."""

    order: ClassVar[str] = "free"
    places: ClassVar[int] = NARROW

    def _make(self, board: Board) -> Runner:
        return Copies(board, self.order, self.places)


class Copies:
    """A runner of equal copies of a board in one word (see Runner)."""

    def __init__(self, board: Board, order: str = "free", places: int = NARROW) -> None:
        self.board = board
        self._order = order
        self._lanes = Lanes(board, places, order, places=places)
        self._returns = self._words = self._told = self._peak = 0
        self._begin()

    def _begin(self) -> None:
        self.ahead = True
        self._events, self._burnouts = self.board.events, self.board.burnouts

    @property
    def _flow(self) -> Flow:
        return self._lanes._groups[0].flow

    # --- from and to the board ----------------------------------------------------------------

    @property
    def returns(self) -> int:
        """How often the copies were run again in exact order."""
        return self._returns + self._lanes.returns

    @property
    def how(self) -> str:
        """How the board is run, as a reader says it."""
        return f"{self._lanes.copies} equal copies of {self.board.nodes} nodes, {self._order} order"

    def to_board(self) -> Board:
        """Bring the board to the present: it runs from the last rest on, with the stimuli of the copies."""
        group = self._lanes._groups[0]
        if self.ahead and group.start is not None:
            if int(group.start.scalar[QUEUED]) == 0:
                self._unload(group.start)
            self._replay(group.log, int(group.flow.scalar[NOW]))
        self.ahead = False
        return self.board

    def _unload(self, start: Flow) -> None:
        nodes = np.arange(self.board.nodes)
        unload(
            start,
            self._lanes._plan,
            Placing(nodes, np.zeros_like(nodes), len(nodes), self._lanes.places),
            self.board,
            self._lanes.kind,
        )
        scalar = self.board._state.scalar
        scalar[engine.EVENTS] = self._events + self._each(int(start.tally.sum()))
        scalar[engine.BURNOUTS] = self._burnouts + self._each(int(start.scalar[BURNOUTS]))

    def _replay(self, log: Sequence[tuple[int, int, Planes]], until: int) -> None:
        now = int(self.board._state.scalar[engine.NOW])
        for time, node, to in log:
            self.board.run(time - now)
            now = time
            self.board.act(node, bool(to[0].any()))
        self.board.run(until - now)

    def go_on(self) -> None:
        """Bring all copies to the present state of the board."""
        self._returns, self._words = self.returns, self._words + self._lanes.words_run
        self._peak = max(self._peak, int(self._flow.scalar[PEAK]))
        self._lanes.reload()
        self._begin()

    def leave(self) -> None:
        """Forget the copies: the board's state is the present one."""
        self.ahead = False

    # --- counters -----------------------------------------------------------------------------

    def _each(self, total: int) -> int:
        """Return what each copy counted. Raises SimError if they did not count alike."""
        copies = self._lanes.copies
        if total % copies:
            raise SimError(f"{total} events in {copies} copies", where="lanes", legal="as many in every copy")
        return total // copies

    @property
    def now_gt(self) -> int:
        """Game ticks as Board.now_gt counts them."""
        return int(self._flow.scalar[NOW]) - int(self.board._zero) if self.ahead else self.board.now_gt

    @property
    def events(self) -> int:
        """Output changes of each copy."""
        return self._events + self._each(self._lanes.events) if self.ahead else self.board.events

    @property
    def burnouts(self) -> int:
        """How often a torch burnt out in each copy."""
        return self._burnouts + self._each(self._lanes.burnouts) if self.ahead else self.board.burnouts

    def counts(self) -> tuple[int, int]:
        """Return scheduled ticks of whole words since `take_counts`, and most of one game tick."""
        return self._words + self._lanes.words_run - self._told, max(self._peak, int(self._flow.scalar[PEAK]))

    def take_counts(self) -> tuple[int, int]:
        """Return `counts` and begin anew."""
        found = self.counts()
        self._told, self._peak = self._told + found[0], 0
        self._flow.scalar[PEAK] = 0
        return found

    @property
    def quiet(self) -> bool:
        """Whether nothing is scheduled."""
        if not self.ahead:
            return self.board.quiet
        if self._lanes.quiet:
            self._lanes._groups[0].settle_order()
        return self._lanes.quiet

    # --- running ------------------------------------------------------------------------------

    def act(self, node: int, on: bool) -> None:
        """Bring a lever to a position or press a button, in all copies."""
        if not self.ahead:
            self.board.act(node, on)
        elif self.board.graph.kind[node] == BUTTON:
            self._lanes.press(self.board.position(node))
        else:
            self._lanes.set_lever(self.board.position(node), on)

    def run(self, game_ticks: int) -> None:
        """Run that many game ticks."""
        (self._lanes if self.ahead else self.board).run(game_ticks)

    def run_while_busy(self, limit_gt: int) -> int:
        """Return the game ticks run until nothing was scheduled, `limit_gt` at most."""
        used = 0
        while used < limit_gt and not self.quiet:
            self.run(1)
            used += 1
        return used

    def probe(self, positions: Sequence[Pos], game_ticks: int, every_gt: int = 1) -> Levels:
        """Run, and return levels as Board.probe does. Raises SimError if the copies differ."""
        if not self.ahead:
            return self.board.probe(positions, game_ticks, every_gt)
        levels = self._lanes.probe(positions, game_ticks, every_gt)
        for k, pos in enumerate(positions):
            self._require_same(bool((levels[:, k] != levels[:, k, :1]).any()), f"at {pos}")
        return np.ascontiguousarray(levels[:, :, 0])

    def run_script(
        self,
        actions: Iterable[tuple[int, Pos, bool]],
        game_ticks: int,
        probes: Sequence[Pos] = (),
        every_gt: int = 1,
    ) -> Levels:
        """Run with stimuli, and return levels as Board.run_script does."""

        def piece(ticks: int, every: int, positions: Sequence[Pos]) -> Levels:
            return self.probe(positions, ticks, every)

        rows = prepared(self.board, actions, game_ticks)
        return in_pieces(self.act, piece, rows, (0, game_ticks), probes, every_gt)

    # --- readings -----------------------------------------------------------------------------

    def _require_same(self, differ: bool, where: str) -> None:
        if differ:
            raise SimError("copies with equal stimuli differ", where=where, legal="equal copies")

    def _first(self, words: Planes) -> Planes:
        """Return words (nodes, bits, limbs) as 0 or 1. Raises SimError unless every word has the same bit at
        all places."""
        same = (words == 0).all(axis=2) | (words == ALL).all(axis=2)
        wrong = np.flatnonzero(~same.all(axis=1))
        if len(wrong):
            self._require_same(True, f"node {wrong[0]}")
        return words[:, :, 0] & np.uint64(1)

    def outputs(self) -> Bytes:
        """Return the output level of every node, (nodes,). Raises SimError if the copies differ."""
        if not self.ahead:
            return BoardPresent(self.board).outputs()
        words = self._first(output_rows(self._flow, np.arange(self.board.nodes)))
        level = (words << np.arange(4, dtype=np.uint64)).sum(axis=1).astype(np.uint8)
        level[~has_levels(self._lanes.kind)] *= 15
        return np.asarray(level)

    def sides(self) -> Bytes:
        """Return the level at the side port of every repeater, (nodes,); 0 of other nodes."""
        if not self.ahead:
            return BoardPresent(self.board).sides()
        out = np.zeros(self.board.nodes, dtype=np.uint8)
        nodes = np.flatnonzero(self.board.graph.kind == REPEATER)
        row = port_rows(self._flow.unit[nodes], self._lanes.kind[nodes])[1]
        out[nodes] = 15 * self._first(limbs(self._flow.row)[row][:, None])[:, 0]
        return out

    def node(self, number: int) -> tuple[int, int]:
        """Return output and side level of one node."""
        return int(self.outputs()[number]), int(self.sides()[number])

    def power(self, pos: Pos) -> int:
        """Return the level at a position, as Board.power does."""
        return int(self._lanes.power([pos])[0, 0]) if self.ahead else self.board.power(pos)
