"""The groups of a board at work: what they are made of, their state, and what it shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from craftc.blocks.volume import Pos
from craftc.sim.board import Board, Levels
from craftc.sim.devices import REPEATER
from craftc.sim.kernel import Bytes, Longs
from craftc.sim.lanes_build import Plan, empty_flow, has_levels, make_plan, sliced
from craftc.sim.lanes_load import copied, paste, phantom_at
from craftc.sim.lanes_words import BURNOUTS, EVENTS, LINE, LOCK, OUT, Flow, Planes
from craftc.sim.tiles_build import Placing, make_groups, make_links, place_nodes, require_same
from craftc.sim.tiles_find import Tiling
from craftc.sim.tiles_load import load, outputs, unload


@dataclass(frozen=True, slots=True)
class TileGroups:
    """A board's nodes in groups: `flow` is their state, `clean` a dark one; `kind` (nodes,) is what the nodes
    are to the groups (lanes_build.sliced). Readings as watch.Present."""

    board: Board
    kind: Bytes
    placing: Placing
    plan: Plan
    flow: Flow
    clean: Flow

    def load(self) -> None:
        """Take the present state of the board."""
        paste(self.flow, self.clean)
        load(self.flow, self.plan, self.placing, self.board, self.kind)
        self.flow.scalar[EVENTS] = self.board.events
        self.flow.scalar[BURNOUTS] = self.board.burnouts

    def unload(self, flow: Flow) -> None:
        """Put a state into the board; ticks of one list get the order of the groups."""
        unload(flow, self.plan, self.placing, self.board, self.kind)

    def told(self, node: int) -> Longs:
        """Return the nodes that a node feeds, (links,)."""
        link = self.board.graph.link
        return np.asarray(link.target[link.start[node] : link.start[node + 1]] >> 1)

    def phantom_at(self, nodes: Longs) -> bool:
        """Return whether a phantom may wait at one of the nodes."""
        places = np.uint64(1) << self.placing.place[nodes].astype(np.uint64)
        return phantom_at(self.flow, self.line_of(nodes), places)

    def line_of(self, nodes: Longs) -> Longs:
        """Return the first line of the group of every node."""
        return np.asarray(self.plan.number[self.placing.group[nodes]])

    # --- readings -----------------------------------------------------------------------------

    @property
    def events(self) -> int:
        """Output changes so far."""
        return int(self.flow.scalar[EVENTS])

    def outputs(self) -> Bytes:
        """Return the output level of every node, (nodes,)."""
        return outputs(self.flow, self.plan, self.placing, self.kind)

    def sides(self) -> Bytes:
        """Return the level at the side port of every repeater, (nodes,); 0 of other nodes."""
        out = np.zeros(self.board.nodes, dtype=np.uint8)
        nodes = np.flatnonzero(self.kind == REPEATER)
        words = self._lines[self.line_of(nodes), LOCK]
        out[nodes] = 15 * (words >> self.placing.place[nodes].astype(np.uint64) & np.uint64(1))
        return out

    def node(self, number: int) -> tuple[int, int]:
        """Return output and side level of one node."""
        nodes = np.array([number])
        line = self._lines[self.line_of(nodes)]
        lock = int(line[0, LOCK]) >> int(self.placing.place[number]) & 1
        side = 15 * lock if self.kind[number] == REPEATER else 0
        return int(self.strongest([{number: 0}], nodes, line[None, :, OUT:])[0, 0]), side

    def power(self, pos: Pos) -> int:
        """Return the level at a position, as Board.power does."""
        found = self.board._sources(pos)
        nodes = np.array(sorted(found), dtype=np.int64)
        return int(self.strongest([found], nodes, self._lines[None, self.line_of(nodes), OUT:])[0, 0])

    @property
    def _lines(self) -> Planes:
        return self.flow.line.reshape(-1, LINE)

    def strongest(self, sources: Sequence[dict[int, int]], nodes: Longs, words: Planes) -> Levels:
        """Return per row the greatest level that each of `sources` (node: loss) gives, (rows, sources), from
        the output words of `nodes`, sorted, (rows, nodes, 4)."""
        bits = words >> self.placing.place[nodes].astype(np.uint64)[None, :, None] & np.uint64(1)
        level = (bits << np.arange(4, dtype=np.uint64)).sum(axis=2).astype(np.int64)
        digital = ~has_levels(self.kind[nodes])
        level[:, digital] = 15 * bits[:, digital, 0].astype(np.int64)
        out = np.zeros((len(words), len(sources)), dtype=np.int64)
        for p, found in enumerate(sources):
            for node, loss in found.items():
                k = int(np.searchsorted(nodes, node))
                np.maximum(out[:, p], level[:, k] - loss, out=out[:, p])
        return out.astype(np.uint8)


def grouped(board: Board, tiling: Tiling, interleave: int, least_gain: float) -> TileGroups | None:
    """Return the groups of a tiling, dark, or None if a group has fewer than `least_gain` nodes on average.

    Raises SimError for nodes that are not bit-sliced.
    """
    graph = sliced(board.graph)
    placing = place_nodes(graph, board.volume.ids.shape, tiling, interleave)
    if graph.nodes < least_gain * placing.groups:
        return None
    groups, links = make_groups(graph, placing), make_links(graph, placing)
    require_same(graph, placing, groups, links)
    plan = make_plan(groups, links)
    flow = empty_flow(plan)
    return TileGroups(board, graph.kind, placing, plan, flow, copied(flow))
