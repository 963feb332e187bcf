"""The tiles engine: one board made of many equal parts, 64 of them per machine word.

The nodes that correspond in the parts share the words of a group (tiles_build.py); what has no partner is
a group of its own, in the same queue. Execution is that of lanes_free.py: a board for which the order
within a list of the queue is never asked. Where it matters, the engine says so (`returns`), goes back to
the last stimulus before which nothing was scheduled, and the graph engine takes over from there until
nothing is scheduled again; after PATIENCE such returns for good. Boards without equal parts are run by the
graph engine altogether; `how` says which case it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from craftc.blocks.volume import Pos
from craftc.errors import SimError
from craftc.sim import engine, lanes_exact, lanes_probe
from craftc.sim.board import Board, Levels
from craftc.sim.devices import BUTTON, KIND_NAMES, LEVER
from craftc.sim.lanes import PATIENCE, copied
from craftc.sim.lanes_build import Plan, empty_flow, has_levels, make_plan
from craftc.sim.lanes_words import EVENTS, HAZARD, NOW, OUT, QUEUED, RUNS, Flow, Planes, word
from craftc.sim.tiles_build import Placing, make_groups, make_links, place_nodes, require_same
from craftc.sim.tiles_find import Tiling, find_tiling
from craftc.sim.tiles_load import load, outputs, unload

LEAST_GAIN = 3.0  # nodes per group below which the graph engine is faster


class Tiles:
    """A board run by groups of equal nodes. It starts in the board's present state and takes the board over:
    use `board` only after `to_board`."""

    def __init__(
        self,
        board: Board,
        tiling: Tiling | None = None,
        interleave: int = 1,
        least_gain: float = LEAST_GAIN,
    ) -> None:
        """Find equal parts (or use `tiling`), and group the nodes.

        `interleave`: tiles whose steps are equal modulo this number share words; best where tiles that far
        apart do the same at the same time. `least_gain`: nodes per group below which the graph engine runs
        the board. Raises SimError if `interleave` is below 1, or for nodes not known.
        """
        if interleave < 1:
            raise SimError(f"interleave {interleave}", where="tiles", legal="1 or more")
        self.board = board
        self.returns = 0
        self.tiling = find_tiling(board.graph, board.volume.ids.shape) if tiling is None else tiling
        self._plan: Plan | None = None
        self._log: list[tuple[int, int, bool]] = []
        self._start: Flow | None = None  # None: the board's own state
        if self.tiling is not None:
            self._group(self.tiling, interleave, least_gain)
        self._tiled = self._plan is not None
        if self._tiled:
            self._load()

    def _group(self, tiling: Tiling, interleave: int, least_gain: float) -> None:
        graph = self.board.graph
        placing = place_nodes(graph, self.board.volume.ids.shape, tiling, interleave)
        if graph.nodes < least_gain * placing.groups:
            return
        groups, links = make_groups(graph, placing), make_links(graph, placing)
        require_same(graph, placing, groups, links)
        self._placing: Placing = placing
        self._plan = make_plan(groups, links)
        self._flow: Flow = empty_flow(self._plan)
        self._clean = copied(self._flow)

    @property
    def how(self) -> str:
        """How the board is run, as a reader says it."""
        if self._plan is None:
            return "no equal parts: run by the graph engine"
        assert self.tiling is not None
        by = "" if self._tiled else "; now run by the graph engine, as an order within a game tick matters"
        return f"{self.board.nodes} nodes in {self._placing.groups} groups, {self.tiling.words}{by}"

    def arrays(self) -> list[npt.NDArray[np.generic]]:
        """Return the arrays that hold the groups: wiring and state, without room for scheduled ticks."""
        if self._plan is None:
            return []
        wiring, flow = self._plan.wiring, self._clean
        return [*wiring, flow.line, flow.doubt, flow.log]

    # --- from and to the board ----------------------------------------------------------------

    def _load(self) -> None:
        """Take the state of the board; it is the start to go back to."""
        assert self._plan is not None
        for name in Flow._fields:
            kept = getattr(self._clean, name)
            getattr(self._flow, name)[: len(kept)] = kept
        load(self._flow, self._plan, self._placing, self.board)
        self._flow.scalar[EVENTS] = self.board.events
        self._start = None
        self._log.clear()
        self._tiled = True

    def to_board(self) -> Board:
        """Put the state into the board and return it; ticks of one list get the order of the groups."""
        if self._tiled and self._plan is not None:
            unload(self._flow, self._plan, self._placing, self.board)
            self._load()
        return self.board

    def _hand_over(self, until: int) -> None:
        """Let the graph engine run everything since the start again, until game tick `until`, and go on."""
        assert self._plan is not None
        if self._start is not None:
            unload(self._start, self._plan, self._placing, self.board)
        now = int(self.board._state.scalar[engine.NOW])
        for time, node, on in self._log:
            self.board.run(time - now)
            now = time
            self._use_on_board(node, on)
        self.board.run(until - now)
        self._tiled = False
        self.returns += 1

    def _use_on_board(self, node: int, on: bool) -> None:
        pos = self.board.position(node)
        if self.board.graph.kind[node] == LEVER:
            self.board.set_lever(pos, on)
        else:
            self.board.use(pos)

    # --- time ---------------------------------------------------------------------------------

    @property
    def now_gt(self) -> int:
        """Game ticks as the board counts them."""
        if not self._tiled:
            return self.board.now_gt
        return int(self._flow.scalar[NOW]) - int(self.board._zero)

    @property
    def events(self) -> int:
        """Output changes so far."""
        return int(self._flow.scalar[EVENTS]) if self._tiled else self.board.events

    @property
    def words_run(self) -> int:
        """Scheduled ticks of whole groups executed so far."""
        return int(self._flow.scalar[RUNS]) if self._plan is not None else 0

    @property
    def quiet(self) -> bool:
        """Whether nothing is scheduled."""
        return int(self._flow.scalar[QUEUED]) == 0 if self._tiled else self.board.quiet

    def run(self, game_ticks: int) -> None:
        """Run that many game ticks."""
        if game_ticks < 0:
            raise SimError(f"cannot run {game_ticks} game ticks", legal="0 or more")
        self._piece(game_ticks, game_ticks + 1, [])

    def _piece(self, ticks: int, every: int, positions: Sequence[Pos]) -> Levels:
        """Run, and return levels (ticks // every, positions)."""
        if not self._tiled or self._plan is None:
            return self.board.probe(positions, ticks, every)
        sources = [self.board._sources(pos) for pos in positions]
        nodes = np.array(sorted({n for found in sources for n in found}), dtype=np.int64)
        groups = self._plan.number[self._placing.group[nodes]]
        out = np.zeros((ticks // every, len(nodes), 4), dtype=np.uint64)
        before = int(self._flow.scalar[NOW])
        lanes_probe.run_free(self._plan.wiring, self._flow, ticks, every, groups, out)
        if self._flow.mask[HAZARD]:
            self._hand_over(before)
            return self.board.probe(positions, ticks, every)
        return self._levels(sources, nodes, out)

    def _levels(
        self, sources: Sequence[dict[int, int]], nodes: npt.NDArray[np.int64], words: Planes
    ) -> Levels:
        bits = words >> self._placing.place[nodes].astype(np.uint64)[None, :, None] & np.uint64(1)
        level = (bits << np.arange(4, dtype=np.uint64)).sum(axis=2).astype(np.int64)
        digital = ~has_levels(self.board.graph.kind[nodes])
        level[:, digital] = 15 * bits[:, digital, 0].astype(np.int64)
        out = np.zeros((len(words), len(sources)), dtype=np.int64)
        for p, found in enumerate(sources):
            for node, loss in found.items():
                k = int(np.searchsorted(nodes, node))
                np.maximum(out[:, p], level[:, k] - loss, out=out[:, p])
        return out.astype(np.uint8)

    # --- stimuli and readings -----------------------------------------------------------------

    def _input(self, pos: Pos) -> int:
        node = self.board.node_at(pos)
        found = int(self.board.graph.kind[node])
        if found not in (LEVER, BUTTON):
            raise SimError(f"a {KIND_NAMES[found]}", where=str(tuple(pos)), legal="a lever or a button")
        return node

    def _act(self, node: int, on: bool) -> None:
        if not self._tiled and self._plan is not None and self.returns < PATIENCE and self.board.quiet:
            self._load()
        if not self._tiled or self._plan is None:
            self._use_on_board(node, on)
            return
        scalar = self._flow.scalar
        last = self._log[-1][0] if self._log else -1
        if scalar[QUEUED] == 0 and int(scalar[NOW]) > last:
            self._start = copied(self._flow)
            self._log.clear()
        self._log.append((int(scalar[NOW]), node, on))
        place = 1 << int(self._placing.place[node])
        group = int(self._plan.number[self._placing.group[node]])
        lanes_exact.use(
            self._plan.wiring, self._flow, group, word(place if on else 0), word(0 if on else place)
        )

    def set_lever(self, pos: Pos, on: bool) -> None:
        """Bring a lever to a position."""
        node = self._input(pos)
        if self.board.graph.kind[node] != LEVER:
            raise SimError("a button", where=str(tuple(pos)), legal="a lever")
        self._act(node, on)

    def use(self, pos: Pos) -> None:
        """Right-click: a lever toggles, a button is pressed."""
        node = self._input(pos)
        self._act(node, self.board.graph.kind[node] == BUTTON or not self.outputs()[node])

    def outputs(self) -> Levels:
        """Return the output levels of all nodes now, (nodes,)."""
        if not self._tiled or self._plan is None:
            return np.array(self.board._state.out)
        return outputs(self._flow, self._plan, self._placing, self.board.graph.kind)

    def power(self, pos: Pos) -> int:
        """Return the level at a position, as Board.power does."""
        if not self._tiled or self._plan is None:
            return self.board.power(pos)
        found = self.board._sources(pos)
        nodes = np.array(sorted(found), dtype=np.int64)
        lines = self._flow.line.reshape(-1, 8)
        words = lines[None, self._plan.number[self._placing.group[nodes]], OUT:]
        return int(self._levels([found], nodes, words)[0, 0])

    def probe(self, positions: Sequence[Pos], game_ticks: int, every_gt: int = 1) -> Levels:
        """Run, and return levels (game_ticks // every_gt, positions), as Board.probe does."""
        if every_gt < 1 or game_ticks < 0:
            raise SimError(f"bad sampling {game_ticks}/{every_gt}", legal="game_ticks >= 0, every_gt >= 1")
        return self._piece(game_ticks, every_gt, positions)

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
        rows = [np.zeros((0, len(probes)), dtype=np.uint8)]
        now = 0
        for time, pos, on in sorted(actions, key=lambda action: action[0]):
            if not 0 <= time <= game_ticks:
                legal = f"0..{game_ticks}"
                raise SimError(f"action at {time} outside the run", where=str(pos), legal=legal)
            rows.extend(self._between(now, time, every_gt, probes))
            now = time
            node = self._input(pos)
            if self.board.graph.kind[node] == BUTTON and not on:
                raise SimError("a button is released by itself", where=str(pos), legal="on=True")
            self._act(node, on)
        rows.extend(self._between(now, game_ticks, every_gt, probes))
        return np.concatenate(rows)

    def _between(self, now: int, until: int, every: int, probes: Sequence[Pos]) -> list[Levels]:
        """Run from `now` to `until`, with a row of levels at every multiple of `every`."""
        rows = []
        if now % every:
            first = min(until, now + every - now % every)
            rows.append(self._piece(first - now, max(1, first - now), probes))
            if first % every:
                rows.pop()
            now = first
        if until > now:
            rows.append(self._piece(until - now, every, probes))
        return rows
