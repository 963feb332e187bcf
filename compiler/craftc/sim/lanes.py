"""The lanes engine: many stimuli at once on one board, 64 copies of it per machine word.

Every copy behaves game tick by game tick as a board of the graph engine with that copy's stimuli: same
delays, priorities, locks, burn-outs, levels. See lanes_words.py for the data, docs/simulator-engines.md
for the idea.

Two orders of execution, chosen by `order`:

"exact"  The order of the graph engine, in all cases.
"free"   No order within a list of the queue: faster where copies do the same at different moments of a
         game tick. Finds by itself where an order could matter; then the copies go back to the last
         stimulus before which nothing was scheduled, run again from there in exact order, and stay so until
         nothing is scheduled again; after PATIENCE such returns, for good. Results are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from craftc.blocks.volume import Pos
from craftc.errors import SimError
from craftc.sim import lanes_exact, lanes_probe
from craftc.sim.board import Board
from craftc.sim.devices import BUTTON, KIND_NAMES, LEVER
from craftc.sim.kernel import Longs
from craftc.sim.lanes_build import PLACES, has_levels, sliced
from craftc.sim.lanes_load import copied, lane_flow, lane_plan, paste, phantom_at, phantom_waits
from craftc.sim.lanes_words import (
    ALL,
    BURNOUTS,
    EVENTS,
    HAZARD,
    LINE,
    NOW,
    OUT,
    QUEUED,
    RUNS,
    USED_PLACES,
    Flow,
    Planes,
    Wiring,
    word,
)

ORDERS = ("free", "exact")
PATIENCE = 3
Mask = npt.NDArray[np.bool_]
Levels = npt.NDArray[np.uint8]
_NONE = np.zeros(0, dtype=np.int64)
_EVERYWHERE = np.array([ALL])


@dataclass(slots=True)
class _Group:
    """Up to 64 copies in one flow. `log` holds (game tick, node, on, off) since `start`, which has an order
    that is known: nothing, or what the board had scheduled."""

    wiring: Wiring
    flow: Flow
    always: bool
    exact: bool = False
    returns: int = 0
    log: list[tuple[int, int, int, int]] = field(default_factory=list)
    start: Flow | None = None

    def act(self, node: int, on: int, off: int, told: Longs) -> None:
        """Set levers at the places `on` and `off`, or press buttons at `on`, which feed the lines `told`."""
        scalar = self.flow.scalar
        if not self.exact and self.start is not None and phantom_at(self.flow, told, _EVERYWHERE):
            self._return_to_start(int(scalar[NOW]))
        rests = scalar[QUEUED] == 0 and (self.exact or not phantom_waits(self.flow))
        if self.start is None or (rests and scalar[RUNS] != self.start.scalar[RUNS]):
            self._begin()
        self.log.append((int(scalar[NOW]), node, on, off))
        lanes_exact.use(self.wiring, self.flow, node, word(on), word(off))

    def settle_order(self) -> None:
        """Find out which ticks are scheduled and in which order, if free order does not tell: run again in
        exact order."""
        if not self.exact and self.start is not None and phantom_waits(self.flow):
            self._return_to_start(int(self.flow.scalar[NOW]))

    def _begin(self) -> None:
        self.exact = self.always or self.returns >= PATIENCE
        self.log.clear()
        self.start = copied(self.flow)

    def run(self, ticks: int, every: int, nodes: Longs) -> Planes:
        """Run, and return the planes of `nodes` after each `every` ticks, (ticks // every, nodes, 4)."""
        if self.start is None:
            self._begin()
        before = int(self.flow.scalar[NOW])
        out = np.zeros((ticks // every, len(nodes), 4), dtype=np.uint64)
        self._go(ticks, every, nodes, out)
        if self.flow.mask[HAZARD]:
            self._return_to_start(before)
            self._go(ticks, every, nodes, out)
        return out

    def _go(self, ticks: int, every: int, nodes: Longs, out: Planes) -> None:
        run = lanes_probe.run_exact if self.exact else lanes_probe.run_free
        run(self.wiring, self.flow, ticks, every, nodes, out)

    def _return_to_start(self, until: int) -> None:
        """Go back to `start` and run again in exact order until game tick `until`, with its actions."""
        assert self.start is not None
        paste(self.flow, self.start)
        self.exact = True
        self.returns += 1
        for time, node, on, off in self.log:
            lanes_exact.run(self.wiring, self.flow, time - int(self.flow.scalar[NOW]))
            lanes_exact.use(self.wiring, self.flow, node, word(on), word(off))
        lanes_exact.run(self.wiring, self.flow, until - int(self.flow.scalar[NOW]))

    def snapshot(self) -> Flow:
        """Return a copy of the state."""
        return copied(self.flow)

    def restore(self, kept: Flow) -> None:
        """Go back to a state; its order counts as known if nothing was scheduled."""
        paste(self.flow, kept)
        self.start = None


def _bits(mask: Mask) -> list[int]:
    """Return a word per group of 64 copies."""
    padded = np.zeros(-(-len(mask) // PLACES) * PLACES, dtype=np.uint8)
    padded[: len(mask)] = mask
    return [int(w) for w in np.packbits(padded, bitorder="little").view("<u8")]


class Lanes:
    """Copies of a board, each with its own stimuli. Copy k starts in the board's present state."""

    def __init__(self, board: Board, copies: int, order: str = "free", jobs: int = 1) -> None:
        """Make `copies` of a board; `jobs` threads share the groups of 64.

        Raises SimError on an unknown order, no copies, or nodes that are not bit-sliced.
        """
        if order not in ORDERS or copies < 1 or jobs < 1:
            raise SimError(f"{copies} copies in order {order!r} by {jobs} threads",
                           legal=f"1 or more; {', '.join(ORDERS)}; 1 or more")  # fmt: skip
        self.board = board
        self.copies = copies
        self.jobs = jobs
        graph = sliced(board.graph)
        self.kind = graph.kind
        self._plan = lane_plan(graph)
        self._exact = order == "exact"
        self._digital = ~has_levels(graph.kind)
        self.reload()

    def reload(self) -> None:
        """Bring every copy to the present state of the board; counters begin anew."""
        self._groups = []
        for places in _bits(np.ones(self.copies, dtype=bool)):
            flow = lane_flow(self._plan, self.board, self.kind)
            flow.mask[USED_PLACES] = places
            self._groups.append(_Group(self._plan.wiring, flow, self._exact))
        self._zero = int(self._groups[0].flow.scalar[NOW])

    def _sum(self, counter: int) -> int:
        return sum(int(group.flow.scalar[counter]) for group in self._groups)

    @property
    def now_gt(self) -> int:
        """Game ticks run since these copies were made."""
        return int(self._groups[0].flow.scalar[NOW]) - self._zero

    @property
    def events(self) -> int:
        """Output changes so far, all copies together."""
        return self._sum(EVENTS)

    @property
    def words_run(self) -> int:
        """Scheduled ticks of whole words executed so far."""
        return self._sum(RUNS)

    @property
    def burnouts(self) -> int:
        """How often a torch burnt out, all copies together."""
        return self._sum(BURNOUTS)

    @property
    def quiet(self) -> bool:
        """Whether nothing is scheduled in any copy."""
        return self._sum(QUEUED) == 0

    @property
    def returns(self) -> int:
        """How often copies were run again in exact order."""
        return sum(group.returns for group in self._groups)

    # --- stimuli ------------------------------------------------------------------------------

    def _input(self, pos: Pos, kind: int) -> int:
        node = self.board.node_at(pos)
        found = int(self.board.graph.kind[node])
        if found != kind:
            raise SimError(f"a {KIND_NAMES[found]}", where=str(tuple(pos)), legal=f"a {KIND_NAMES[kind]}")
        return node

    def _told(self, node: int) -> Longs:
        link = self.board.graph.link
        return np.asarray(self._plan.number[link.target[link.start[node] : link.start[node + 1]] >> 1])

    def _mask(self, values: npt.ArrayLike) -> Mask:
        mask = np.broadcast_to(np.asarray(values, dtype=bool), (self.copies,))
        return np.asarray(mask)

    def set_lever(self, pos: Pos, on: npt.ArrayLike) -> None:
        """Bring a lever to `on` (copies,), or one value for all copies."""
        node, mask = self._input(pos, LEVER), self._mask(on)
        told = self._told(node)
        for group, ups, downs in zip(self._groups, _bits(mask), _bits(~mask), strict=True):
            group.act(int(self._plan.number[node]), ups, downs, told)

    def press(self, pos: Pos, who: npt.ArrayLike = True) -> None:
        """Press a button in the copies `who` (copies,); no effect where it is pressed."""
        node, mask = self._input(pos, BUTTON), self._mask(who)
        told = self._told(node)
        for group, ups in zip(self._groups, _bits(mask), strict=True):
            group.act(int(self._plan.number[node]), ups, 0, told)

    # --- time and readings --------------------------------------------------------------------

    def _each(self, work: Callable[[_Group], Planes]) -> list[Planes]:
        if self.jobs == 1 or len(self._groups) == 1:
            return [work(group) for group in self._groups]
        with ThreadPoolExecutor(self.jobs) as pool:
            return list(pool.map(work, self._groups))

    def run(self, game_ticks: int) -> None:
        """Run that many game ticks."""
        if game_ticks < 0:
            raise SimError(f"cannot run {game_ticks} game ticks", legal="0 or more")
        self._each(lambda group: group.run(game_ticks, game_ticks + 1, _NONE))

    def probe(self, positions: Sequence[Pos], game_ticks: int, every_gt: int = 1) -> Levels:
        """Run, and return levels (game_ticks // every_gt, positions, copies); row k is after
        (k + 1) * every_gt game ticks."""
        if every_gt < 1 or game_ticks < 0:
            raise SimError(f"bad sampling {game_ticks}/{every_gt}", legal="game_ticks >= 0, every_gt >= 1")
        sources = [self.board._sources(pos) for pos in positions]
        nodes = np.array(sorted({n for found in sources for n in found}), dtype=np.int64)
        read = self._each(lambda group: group.run(game_ticks, every_gt, self._plan.number[nodes]))
        return self._levels(sources, nodes, read, game_ticks // every_gt)

    def power(self, positions: Sequence[Pos]) -> Levels:
        """Return the levels now, (positions, copies); see Board.power."""
        sources = [self.board._sources(pos) for pos in positions]
        nodes = np.array(sorted({n for found in sources for n in found}), dtype=np.int64)
        read = [self._words(g, nodes) for g in self._groups]
        return np.asarray(self._levels(sources, nodes, read, 1)[0])

    def outputs(self) -> Levels:
        """Return the output levels of all nodes now, (nodes, copies)."""
        nodes = np.arange(self.board.nodes)
        read = [self._words(g, nodes) for g in self._groups]
        return np.asarray(self._levels([{int(n): 0} for n in nodes], nodes, read, 1)[0])

    def _words(self, group: _Group, nodes: Longs) -> Planes:
        lines = group.flow.line.reshape(-1, LINE)
        return np.asarray(lines[None, self._plan.number[nodes], OUT:].copy())

    def _levels(
        self, sources: Sequence[dict[int, int]], nodes: Longs, read: Sequence[Planes], rows: int
    ) -> Levels:
        out = np.zeros((len(sources), rows, len(read) * PLACES), dtype=np.uint8)
        for p, found in enumerate(sources):
            for node, loss in found.items():
                k = int(np.searchsorted(nodes, node))
                for g, planes in enumerate(read):
                    part = out[p, :, g * PLACES : (g + 1) * PLACES]
                    lanes_probe.raise_levels(
                        np.ascontiguousarray(planes[:, k]), bool(self._digital[node]), loss, part
                    )
        return np.ascontiguousarray(np.moveaxis(out, 0, 1)[:, :, : self.copies])

    # --- states -------------------------------------------------------------------------------

    def snapshot(self) -> list[Flow]:
        """Return a copy of the present state."""
        return [group.snapshot() for group in self._groups]

    def restore(self, snapshot: Sequence[Flow]) -> None:
        """Go back to a state of these copies in which nothing was scheduled.

        Raises SimError for another state: its order of ticks may not be the graph engine's.
        """
        if any(int(kept.scalar[QUEUED]) for kept in snapshot):
            raise SimError("a state with scheduled ticks", legal="a snapshot taken while quiet")
        for group, kept in zip(self._groups, snapshot, strict=True):
            group.restore(kept)
