"""Writes a state of the engine back into blocks.

Written: dust power and shape; `powered` of repeaters, comparators, levers, buttons, observers, plates, note
blocks; `lit` of torches and lamps; `locked` of repeaters; `power` of weighted plates and targets; `open` and
`powered` of trapdoors; `lit` and `powered` of bulbs; the comparator's block entity with its output signal.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from craftc.blocks.dust import write_shapes
from craftc.blocks.names import BULBS, TRAPDOORS, WEIGHTED_PLATES
from craftc.blocks.palette import BlockState, Entity
from craftc.blocks.volume import Volume
from craftc.sim import spread
from craftc.sim.devices import BULB, COMPARE, CONSTANT, INPUT, REPEATER, SUBTRACT, TRAPDOOR
from craftc.sim.graph import Graph

REMEMBERING = (REPEATER, BULB, TRAPDOOR)
"""Kinds of nodes whose side port shows in their blocks."""


def dust_power(graph: Graph, out: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return the power of every dust, (dusts,), for node outputs `out`."""
    power = np.zeros(len(graph.dust.flat), dtype=np.uint8)
    node = np.repeat(np.arange(graph.nodes), np.diff(graph.feed.start))
    fed = graph.feed.target < 0
    np.maximum.at(power, -1 - graph.feed.target[fed], out[node[fed]])
    spread.level_dust(power, graph.wire.start, graph.wire.target, np.empty(len(power), dtype=np.int32))
    return power


def _baked(
    state: BlockState, entity: Entity | None, level: int, side: bool
) -> tuple[BlockState, Entity | None]:
    """Return a node's block at an output level; `side` is what words.py says of its side port."""
    on = "true" if level else "false"
    name = state.short
    if name == "comparator":
        return state.with_props(powered=on), Entity("comparator", level)
    if name == "repeater":
        return state.with_props(powered=on, locked="true" if side else "false"), entity
    if name in ("redstone_torch", "redstone_wall_torch", "redstone_lamp"):
        return state.with_props(lit=on), entity
    if name in WEIGHTED_PLATES or name == "target":
        return state.with_props(power=level), entity
    if name in BULBS:
        return state.with_props(lit=on, powered="true" if side else "false"), entity
    if name in TRAPDOORS and side:
        return state.with_props(powered=on, open=on), entity
    return state.with_props(powered=on), entity


def write_back(
    volume: Volume, graph: Graph, out: npt.NDArray[np.uint8], side: npt.NDArray[np.uint8]
) -> Volume:
    """Return a copy of `volume` with the states of node outputs and side port levels, both (nodes,)."""
    result = volume.copy()
    power = dust_power(graph, out)
    write_shapes(result, graph.dust, power)
    device = graph.kind != CONSTANT
    has_levels = np.isin(graph.kind, (COMPARE, SUBTRACT, INPUT))
    level = np.where(has_levels, out, np.where(out > 0, 15, 0)).astype(np.int64)
    locked = np.isin(graph.kind, REMEMBERING) & (side > 0)
    key = (graph.entry.astype(np.int64) * 16 + level) * 2 + locked
    keys, inverse = np.unique(key[device], return_inverse=True)
    table = np.zeros(len(keys), dtype=np.uint16)
    for index, value in enumerate(keys.tolist()):
        state, entity = volume.palette.entries[value // 32]
        table[index] = result.palette.add(*_baked(state, entity, value // 2 % 16, bool(value % 2)))
    result.ids.reshape(-1)[graph.cell[device]] = table[inverse.reshape(-1)]
    return result
