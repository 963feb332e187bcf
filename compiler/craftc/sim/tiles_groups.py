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
from craftc.sim.lanes_group import Running
from craftc.sim.lanes_load import copied, output_rows, paste, phantom_at, port_rows
from craftc.sim.lanes_words import BURNOUTS, Flow
from craftc.sim.tiles_build import Placing, make_groups, make_links, place_nodes, require_same
from craftc.sim.tiles_find import Tiling
from craftc.sim.tiles_load import gather, load, outputs, unload
from craftc.sim.wide import Planes, limbs


@dataclass(frozen=True, slots=True)
class TileGroups:
    """A board's nodes in groups: `running` has their state, `clean` is a dark one; `kind` (nodes,) is what
    the nodes are to the groups (lanes_build.sliced). Readings as watch.Present."""

    board: Board
    kind: Bytes
    placing: Placing
    plan: Plan
    running: Running
    clean: Flow

    @property
    def flow(self) -> Flow:
        """The state of the groups."""
        return self.running.flow

    def load(self) -> None:
        """Take the present state of the board."""
        paste(self.flow, self.clean)
        self.running.flow = load(self.flow, self.plan, self.placing, self.board, self.kind)
        self.flow.tally.flat[0] = self.board.events
        self.flow.scalar[BURNOUTS] = self.board.burnouts

    def unload(self, flow: Flow) -> None:
        """Put a state into the board; ticks of one list get the order of the groups."""
        unload(flow, self.plan, self.placing, self.board, self.kind)

    def told(self, node: int) -> Longs:
        """Return the nodes that a node feeds, (links,)."""
        link = self.board.graph.link
        return np.asarray(link.target[link.start[node] : link.start[node + 1]] >> 1, dtype=np.int64)

    def phantom_at(self, nodes: Longs) -> bool:
        """Return whether a phantom may wait at one of the nodes."""
        return phantom_at(self.flow, self.placing.group[nodes], self.placing.bits(nodes))

    def use(self, node: int, on: bool) -> None:
        """Bring a lever to a position or press a button."""
        to = np.zeros_like(self.placing.bits(np.array([node, node])))
        to[0 if on else 1] = self.placing.bits(np.array([node]))[0]
        self.running.use(False, int(self.placing.group[node]), to)

    # --- readings -----------------------------------------------------------------------------

    @property
    def events(self) -> int:
        """Output changes so far."""
        return int(self.flow.tally.sum())

    def outputs(self) -> Bytes:
        """Return the output level of every node, (nodes,)."""
        return outputs(self.flow, self.plan, self.placing, self.kind)

    def sides(self) -> Bytes:
        """Return the level at the side port of every repeater, (nodes,); 0 of other nodes."""
        out = np.zeros(self.board.nodes, dtype=np.uint8)
        nodes = np.flatnonzero(self.kind == REPEATER)
        out[nodes] = self._sides(nodes)
        return out

    def _sides(self, repeaters: Longs) -> Bytes:
        kind, out = self.kind[repeaters], np.empty(len(repeaters), dtype=np.uint8)
        row = port_rows(self.plan.unit[self.placing.group[repeaters]], kind)[1]
        gather(kind, row, self.placing.place[repeaters], limbs(self.flow.row), out)
        return out

    def node(self, number: int) -> tuple[int, int]:
        """Return output and side level of one node."""
        nodes = np.array([number])
        side = int(self._sides(nodes)[0]) if self.kind[number] == REPEATER else 0
        return int(self.strongest([{number: 0}], nodes, self._now(nodes))[0, 0]), side

    def power(self, pos: Pos) -> int:
        """Return the level at a position, as Board.power does."""
        found = self.board._sources(pos)
        nodes = np.array(sorted(found), dtype=np.int64)
        return int(self.strongest([found], nodes, self._now(nodes))[0, 0])

    def _now(self, nodes: Longs) -> Planes:
        return output_rows(self.flow, self.placing.group[nodes])[None]

    def strongest(self, sources: Sequence[dict[int, int]], nodes: Longs, words: Planes) -> Levels:
        """Return per row the greatest level that each of `sources` (node: loss) gives, (rows, sources), from
        the output words of the groups of `nodes`, sorted, (rows, nodes, 4, limbs)."""
        place = self.placing.place[nodes]
        limb = np.take_along_axis(words, (place >> 6)[None, :, None, None], axis=3)[:, :, :, 0]
        bits = limb >> (place & 63).astype(np.uint64)[None, :, None] & np.uint64(1)
        level = (bits << np.arange(4, dtype=np.uint64)).sum(axis=2).astype(np.int64)
        digital = ~has_levels(self.kind[nodes])
        level[:, digital] = 15 * bits[:, digital, 0].astype(np.int64)
        out = np.zeros((len(words), len(sources)), dtype=np.int64)
        for p, found in enumerate(sources):
            for node, loss in found.items():
                k = int(np.searchsorted(nodes, node))
                np.maximum(out[:, p], level[:, k] - loss, out=out[:, p])
        return out.astype(np.uint8)


def grouped(
    board: Board, tiling: Tiling, interleave: int, least_gain: float, places: int
) -> TileGroups | None:
    """Return the groups of a tiling, dark, or None if a group has fewer than `least_gain` nodes on average.

    Raises SimError for nodes that are not bit-sliced.
    """
    graph = sliced(board.graph)
    placing = place_nodes(graph, board.volume.ids.shape, tiling, interleave, places)
    if graph.nodes < least_gain * placing.groups:
        return None
    groups, links = make_groups(graph, placing), make_links(graph, placing)
    require_same(graph, placing, groups, links)
    plan = make_plan(groups, links)
    flow = empty_flow(plan)
    return TileGroups(board, graph.kind, placing, plan, Running(plan.wiring, flow), copied(flow))
