"""The tiles engine: one board made of many equal parts, 64 or 512 of them per word.

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
from craftc.sim import engine
from craftc.sim.board import Board, Levels
from craftc.sim.devices import BUTTON, KIND_NAMES, LEVER
from craftc.sim.lanes_group import PATIENCE
from craftc.sim.lanes_load import copied, phantom_waits
from craftc.sim.lanes_words import BURNOUTS, HAZARD, NOW, PEAK, QUEUED, RUNS, Flow
from craftc.sim.script import in_pieces, prepared, require_sampling
from craftc.sim.tiles_find import Tiling, find_tiling
from craftc.sim.tiles_groups import TileGroups, grouped
from craftc.sim.tiles_script import TileScript
from craftc.sim.watch import BoardPresent, Present
from craftc.sim.wide import NARROW, WIDE

WORTH_KEEPING = 4096  # entries run since the last state to go back to
LEAST_GAIN = 3.0  # nodes per group below which the graph engine is faster


def best_places(tiling: Tiling, shape: tuple[int, ...]) -> int:
    """Return how many places words should have for that many tiles: 64 or 512."""
    tiles = shape[tiling.axis] // tiling.pitch * (1 if tiling.mirror is None else 2)
    return WIDE if tiles > NARROW else NARROW


class Tiles:
    """A board run by groups of equal nodes. It starts in the board's present state and takes the board over:
    use `board` only after `to_board`."""

    def __init__(
        self,
        board: Board,
        tiling: Tiling | None = None,
        interleave: int = 1,
        least_gain: float = LEAST_GAIN,
        places: int | None = None,
    ) -> None:
        """Find equal parts (or use `tiling`), and group the nodes.

        `interleave`: tiles whose steps are equal modulo this number share words; best where tiles that far
        apart do the same at the same time. `least_gain`: nodes per group below which the graph engine runs
        the board. `places`: of a word, 64 or 512, or what is best for so many tiles. Raises SimError if
        `interleave` is below 1, for other words, or for nodes not known.
        """
        if interleave < 1 or places not in (None, NARROW, WIDE):
            raise SimError(f"interleave {interleave}, {places} places", where="tiles",
                           legal=f"1 or more, {NARROW} or {WIDE}")  # fmt: skip
        self.board = board
        self.returns = 0
        self.tiling = find_tiling(board.graph, board.volume.ids.shape) if tiling is None else tiling
        self._groups: TileGroups | None = None
        self._ran = self._told = self._peak = 0  # counts of words: before the last load, told, most at once
        self._log: list[tuple[int, int, bool]] = []
        self._start: Flow | None = None  # None: the board's own state
        if self.tiling is not None:
            words = places or best_places(self.tiling, board.volume.ids.shape)
            self._groups = grouped(board, self.tiling, interleave, least_gain, words)
        self._tiled = False
        self.go_on()

    @property
    def how(self) -> str:
        """How the board is run, as a reader says it."""
        if self._groups is None:
            return "no equal parts: run by the graph engine"
        assert self.tiling is not None
        by = "" if self._tiled else "; now run by the graph engine, as an order within a game tick matters"
        return f"{self.board.nodes} nodes in {self._groups.placing.groups} groups, {self.tiling.words}{by}"

    def arrays(self) -> list[npt.NDArray[np.generic]]:
        """Return the arrays that hold the groups: wiring and state, without room for scheduled ticks."""
        if self._groups is None:
            return []
        flow = self._groups.clean
        return [*self._groups.plan.wiring, flow.row, flow.unit, flow.phantom, flow.until, flow.log, flow.when]

    # --- from and to the board ----------------------------------------------------------------

    @property
    def ahead(self) -> bool:
        """Whether the groups run the board, so that the board itself is behind."""
        return self._tiled

    def go_on(self) -> None:
        """Let the groups run from the present state of the board, if they still may."""
        if self._groups is not None and self.returns < PATIENCE:
            self._load()

    def _load(self) -> None:
        """Take the state of the board; it is the start to go back to."""
        assert self._groups is not None
        self._ran, self._peak = self.words_run, self.counts()[1]
        self._groups.load()
        self._start = None
        self._log.clear()
        self._tiled = True

    def to_board(self) -> Board:
        """Bring the board to the present state and return it; it runs from now on, until `go_on`.

        Exact, the order of ticks included: unless at rest, the board itself runs from the last rest.
        """
        if self._tiled and self._groups is not None:
            if self._at_rest():
                self._groups.unload(self._groups.flow)
            else:
                self._replay(self._count(NOW))
            self._tiled = False
        return self.board

    def leave(self) -> None:
        """Forget the state of the groups: the board's is the present one."""
        self._tiled = False

    def _replay(self, until: int) -> None:
        """Let the graph engine run everything since the start again, until game tick `until`."""
        if self._start is not None and self._groups is not None:
            self._groups.unload(self._start)
        now = int(self.board._state.scalar[engine.NOW])
        for time, node, on in self._log:
            self.board.run(time - now)
            now = time
            self.board.act(node, on)
        self.board.run(until - now)

    def _hand_over(self, until: int) -> None:
        self._replay(until)
        self._tiled = False
        self.returns += 1

    def _at_rest(self) -> bool:
        """Whether nothing is scheduled, and no tick can be that the groups do not know of (phantoms)."""
        groups = self._groups
        return groups is not None and self._count(QUEUED) == 0 and not phantom_waits(groups.flow)

    def _count(self, counter: int) -> int:
        return 0 if self._groups is None else int(self._groups.flow.scalar[counter])

    # --- time ---------------------------------------------------------------------------------

    @property
    def now_gt(self) -> int:
        """Game ticks as the board counts them."""
        return self._count(NOW) - int(self.board._zero) if self._tiled else self.board.now_gt

    @property
    def events(self) -> int:
        """Output changes so far."""
        return self._groups.events if self._tiled and self._groups is not None else self.board.events

    @property
    def burnouts(self) -> int:
        """How often a torch burnt out."""
        return self._count(BURNOUTS) if self._tiled else self.board.burnouts

    @property
    def words_run(self) -> int:
        """Scheduled ticks of whole groups executed so far."""
        return self._ran + self._count(RUNS)

    def counts(self) -> tuple[int, int]:
        """Return scheduled ticks of whole groups since `take_counts`, and most of one game tick."""
        return self.words_run - self._told, max(self._peak, self._count(PEAK))

    def take_counts(self) -> tuple[int, int]:
        """Return `counts` and begin anew."""
        found = self.counts()
        self._told, self._peak = self.words_run, 0
        if self._groups is not None:
            self._groups.flow.scalar[PEAK] = 0
        return found

    @property
    def quiet(self) -> bool:
        """Whether nothing is scheduled."""
        if self._tiled and self._count(QUEUED) == 0 and not self._at_rest():
            self.to_board()
            self._load()
        return self._count(QUEUED) == 0 if self._tiled else self.board.quiet

    def run(self, game_ticks: int) -> None:
        """Run that many game ticks."""
        if game_ticks < 0:
            raise SimError(f"cannot run {game_ticks} game ticks", legal="0 or more")
        self._piece(game_ticks, game_ticks + 1, [])

    def run_while_busy(self, limit_gt: int) -> int:
        """Return the game ticks run until nothing was scheduled, `limit_gt` at most."""
        used = 0
        while used < limit_gt and self._tiled and not self.quiet:
            self._piece(1, 2, [])
            used += 1
        return used if self._tiled else used + self.board.run_while_busy(limit_gt - used)

    def _piece(self, ticks: int, every: int, positions: Sequence[Pos]) -> Levels:
        """Run, and return levels (ticks // every, positions)."""
        groups = self._groups
        if not self._tiled or groups is None:
            return self.board.probe(positions, ticks, every)
        sources = [self.board._sources(pos) for pos in positions]
        nodes = np.array(sorted({n for found in sources for n in found}), dtype=np.int64)
        before = self._count(NOW)
        out = groups.running.go(False, ticks, every, groups.placing.group[nodes])
        if groups.flow.mask[HAZARD].any():
            self._hand_over(before)
            return self.board.probe(positions, ticks, every)
        return groups.strongest(sources, nodes, out)

    # --- stimuli and readings -----------------------------------------------------------------

    def _input(self, pos: Pos) -> int:
        node = self.board.node_at(pos)
        found = int(self.board.graph.kind[node])
        if found not in (LEVER, BUTTON):
            raise SimError(f"a {KIND_NAMES[found]}", where=str(tuple(pos)), legal="a lever or a button")
        return node

    def act(self, node: int, on: bool) -> None:
        """Bring a lever to a position or press a button."""
        if not self._tiled and self.board.quiet:
            self.go_on()
        groups = self._groups
        if not self._tiled or groups is None:
            self.board.act(node, on)
            return
        if groups.phantom_at(groups.told(node)):
            self.to_board()
            self._load()
        now = self._count(NOW)
        if now > (self._log[-1][0] if self._log else -1) and self._at_rest():
            self._start = copied(groups.flow)
            self._log.clear()
        self._log.append((now, node, on))
        groups.use(node, on)

    def set_lever(self, pos: Pos, on: bool) -> None:
        """Bring a lever to a position."""
        node = self._input(pos)
        if self.board.graph.kind[node] != LEVER:
            raise SimError("a button", where=str(tuple(pos)), legal="a lever")
        self.act(node, on)

    def use(self, pos: Pos) -> None:
        """Right-click: a lever toggles, a button is pressed."""
        node = self._input(pos)
        self.act(node, self.board.graph.kind[node] == BUTTON or not self.node(node)[0])

    def _present(self) -> Present:
        return self._groups if self._groups is not None and self._tiled else BoardPresent(self.board)

    def outputs(self) -> Levels:
        """Return the output levels of all nodes now, (nodes,)."""
        return self._present().outputs()

    def sides(self) -> Levels:
        """Return the level at the side port of every node that shows it, (nodes,)."""
        return self._present().sides()

    def node(self, number: int) -> tuple[int, int]:
        """Return output and side level of one node."""
        return self._present().node(number)

    def power(self, pos: Pos) -> int:
        """Return the level at a position, as Board.power does."""
        return self._present().power(pos)

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
        rows = prepared(self.board, actions, game_ticks)
        require_sampling(game_ticks, every_gt)
        groups = self._groups
        if not self._tiled and self.board.quiet:
            self.go_on()
        if not self._tiled or groups is None:
            return in_pieces(self.act, self._piece, rows, (0, game_ticks), probes, every_gt)
        script = TileScript(groups, rows, game_ticks, probes, every_gt)
        while not script.over:
            kept = 0 if self._start is None else int(self._start.scalar[RUNS])
            done = script.go(kept + WORTH_KEEPING)
            self._log.extend(done)
            if script.stopped:
                self._hand_over(script.last)
                rest = in_pieces(
                    self.act, self._piece, script.left(), (script.now, game_ticks), probes, every_gt
                )
                return np.concatenate([script.levels(), rest])
            if not script.over:
                self.act(*script.take())
        return script.levels()
