"""Writes a state of the engine back into blocks.

Written: dust power and shape; `powered` of repeaters, comparators, levers, buttons; `lit` of torches
and lamps; `locked` of repeaters; the comparator's block entity with its output signal.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from craftc.blocks.dust import write_shapes
from craftc.blocks.palette import BlockState, Entity
from craftc.blocks.volume import Volume
from craftc.sim import spread
from craftc.sim.devices import COMPARE, CONSTANT, REPEATER, SUBTRACT
from craftc.sim.graph import Graph


def dust_power(graph: Graph, out: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return the power of every dust, (dusts,), for node outputs `out`."""
    power = np.zeros(len(graph.dust.flat), dtype=np.uint8)
    node = np.repeat(np.arange(graph.nodes), np.diff(graph.feed.start))
    fed = graph.feed.target < 0
    np.maximum.at(power, -1 - graph.feed.target[fed], out[node[fed]])
    spread.level_dust(power, graph.wire.start, graph.wire.target, np.empty(len(power), dtype=np.int32))
    return power


def _baked(
    state: BlockState, entity: Entity | None, level: int, locked: bool
) -> tuple[BlockState, Entity | None]:
    on = "true" if level else "false"
    name = state.short
    if name == "comparator":
        return state.with_props(powered=on), Entity("comparator", level)
    if name == "repeater":
        return state.with_props(powered=on, locked="true" if locked else "false"), entity
    if name in ("redstone_torch", "redstone_wall_torch", "redstone_lamp"):
        return state.with_props(lit=on), entity
    return state.with_props(powered=on), entity


def write_back(
    volume: Volume, graph: Graph, out: npt.NDArray[np.uint8], seen: npt.NDArray[np.uint8]
) -> Volume:
    """Return a copy of `volume` with the states of node outputs `out` and port levels `seen`."""
    result = volume.copy()
    power = dust_power(graph, out)
    write_shapes(result, graph.dust, power)
    device = graph.kind != CONSTANT
    is_comparator = (graph.kind == COMPARE) | (graph.kind == SUBTRACT)
    level = np.where(is_comparator, out, np.where(out > 0, 15, 0)).astype(np.int64)
    locked = (graph.kind == REPEATER) & (seen[:, 1] > 0)
    key = (graph.entry.astype(np.int64) * 16 + level) * 2 + locked
    keys, inverse = np.unique(key[device], return_inverse=True)
    table = np.zeros(len(keys), dtype=np.uint16)
    for index, value in enumerate(keys.tolist()):
        state, entity = volume.palette.entries[value // 32]
        table[index] = result.palette.add(*_baked(state, entity, value // 2 % 16, bool(value % 2)))
    result.ids.reshape(-1)[graph.cell[device]] = table[inverse.reshape(-1)]
    return result
