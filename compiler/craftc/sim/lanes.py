"""The lanes engine: many stimuli at once on one board, 64 or 512 copies of it per word.

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

import numpy as np
import numpy.typing as npt

from craftc.blocks.volume import Pos
from craftc.errors import SimError
from craftc.sim import lanes_probe
from craftc.sim.board import Board
from craftc.sim.devices import BUTTON, KIND_NAMES, LEVER
from craftc.sim.kernel import Longs
from craftc.sim.lanes_build import has_levels, sliced
from craftc.sim.lanes_group import PATIENCE, LaneGroup, Running
from craftc.sim.lanes_load import lane_flow, lane_plan, output_rows
from craftc.sim.lanes_words import BURNOUTS, NOW, QUEUED, RUNS, USED_PLACES, Flow
from craftc.sim.wide import NARROW, WIDE, Planes, packed, rows

ORDERS = ("free", "exact")
WORTH_WIDE = 129
"""Copies from which on one word of 512 places takes less time than words of 64 (simulator-engines.md)."""
Mask = npt.NDArray[np.bool_]
Levels = npt.NDArray[np.uint8]
_NONE = np.zeros(0, dtype=np.int64)
__all__ = ["ORDERS", "PATIENCE", "Lanes", "best_order", "best_places"]


def best_places(copies: int) -> int:
    """Return how many places words should have for that many copies: 64 or 512."""
    return WIDE if copies >= WORTH_WIDE else NARROW


def best_order(places: int) -> str:
    """Return the order of execution that is best for words of so many places: with 512 copies there is one
    in which an order matters on many boards, and going back to the start costs more than exact order."""
    return "exact" if places == WIDE else "free"


class Lanes:
    """Copies of a board, each with its own stimuli. Copy k starts in the board's present state."""

    def __init__(
        self,
        board: Board,
        copies: int,
        order: str | None = None,
        jobs: int = 1,
        places: int | None = None,
    ) -> None:
        """Make `copies` of a board in words of 64 or 512 places, or in what is best for so many, and in the
        order given or that which is best for such words; `jobs` threads share the words.

        Raises SimError on an unknown order, no copies, other words, or nodes that are not bit-sliced.
        """
        self.places = best_places(copies) if places is None else places
        order = order or best_order(self.places)
        if order not in ORDERS or copies < 1 or jobs < 1 or self.places not in (NARROW, WIDE):
            raise SimError(
                f"{copies} copies in order {order!r} by {jobs} threads, {self.places} per word",
                legal=f"1 or more; {', '.join(ORDERS)}; 1 or more; {NARROW} or {WIDE}",
            )
        self.board = board
        self.copies = copies
        self.jobs = jobs
        graph = sliced(board.graph)
        self.kind = graph.kind
        self._plan = lane_plan(graph, self.places)
        self._exact = order == "exact"
        self._digital = ~has_levels(graph.kind)
        self.reload()

    def reload(self) -> None:
        """Bring every copy to the present state of the board; counters begin anew."""
        self._groups = []
        for used in self._words(np.ones(self.copies, dtype=bool)):
            flow = lane_flow(self._plan, self.board, self.kind)
            flow.mask[USED_PLACES] = used
            self._groups.append(LaneGroup(Running(self._plan.wiring, flow), self._exact))
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
        return sum(int(group.flow.tally.sum()) for group in self._groups)

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
        return np.asarray(self.board.graph.link.row(node) >> 1, dtype=np.int64)

    def _mask(self, values: npt.ArrayLike) -> Mask:
        mask = np.broadcast_to(np.asarray(values, dtype=bool), (self.copies,))
        return np.asarray(mask)

    def _words(self, mask: Mask) -> Planes:
        """Return a word per group of copies."""
        padded = np.zeros(-(-len(mask) // self.places) * self.places, dtype=bool)
        padded[: len(mask)] = mask
        return packed(padded.reshape(-1, self.places), self.places)

    def _act(self, node: int, ups: Planes, downs: Planes) -> None:
        told = self._told(node)
        for group, up, down in zip(self._groups, ups, downs, strict=True):
            to = rows(2, self.places)
            to[0], to[1] = up, down
            group.act(node, to, told)

    def set_lever(self, pos: Pos, on: npt.ArrayLike) -> None:
        """Bring a lever to `on` (copies,), or one value for all copies."""
        mask = self._mask(on)
        self._act(self._input(pos, LEVER), self._words(mask), self._words(~mask))

    def press(self, pos: Pos, who: npt.ArrayLike = True) -> None:
        """Press a button in the copies `who` (copies,); no effect where it is pressed."""
        ups = self._words(self._mask(who))
        self._act(self._input(pos, BUTTON), ups, np.zeros_like(ups))

    # --- time and readings --------------------------------------------------------------------

    def _each(self, work: Callable[[LaneGroup], Planes]) -> list[Planes]:
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
        read = self._each(lambda group: group.run(game_ticks, every_gt, nodes))
        return self._levels(sources, nodes, read, game_ticks // every_gt)

    def power(self, positions: Sequence[Pos]) -> Levels:
        """Return the levels now, (positions, copies); see Board.power."""
        sources = [self.board._sources(pos) for pos in positions]
        nodes = np.array(sorted({n for found in sources for n in found}), dtype=np.int64)
        read = [self._now(g, nodes) for g in self._groups]
        return np.asarray(self._levels(sources, nodes, read, 1)[0])

    def outputs(self) -> Levels:
        """Return the output levels of all nodes now, (nodes, copies)."""
        nodes = np.arange(self.board.nodes)
        read = [self._now(g, nodes) for g in self._groups]
        return np.asarray(self._levels([{int(n): 0} for n in nodes], nodes, read, 1)[0])

    def _now(self, group: LaneGroup, nodes: Longs) -> Planes:
        return output_rows(group.flow, nodes)[None]

    def _levels(
        self, sources: Sequence[dict[int, int]], nodes: Longs, read: Sequence[Planes], readings: int
    ) -> Levels:
        out = np.zeros((len(sources), readings, len(read) * self.places), dtype=np.uint8)
        for p, found in enumerate(sources):
            for node, loss in found.items():
                k = int(np.searchsorted(nodes, node))
                for g, planes in enumerate(read):
                    part = out[p, :, g * self.places : (g + 1) * self.places]
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
