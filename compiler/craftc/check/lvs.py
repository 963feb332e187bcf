"""Layout versus netlist: the links extracted from the blocks against those that were meant.

A link says: output of device A reaches the rear or side input of device B with a loss of strength.
Every link of the whole volume must be one of

    inside      both ends in one macro, and the macro alone has the same link with the same loss
    net         both ends in the wire of one net; or from a device that drives one of the net's driver
                ports into its wire; or from its wire into a device behind one of its sink ports, with the
                loss that the macro alone shows there
    abutment    between two macros that are declared to touch (exact analog lines)

and every link of a macro alone must be there, and every sink of a net must be reachable from every
driver through the net's own wire. A short, an open, a changed device, a lost strength or an
accidental neighbour each breaks one of these. Constants, modes and delays are not links: check/blocks.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from craftc.blocks import BlockState, Volume
from craftc.errors import LvsError
from craftc.hw.netlist import Instance, Machine
from craftc.macros.base import STEP, Port, Pos
from craftc.sim.devices import device_tables
from craftc.sim.graph import Graph, extract
from craftc.sim.resolve import Resolver

Longs = npt.NDArray[np.int64]
REPORT_LIMIT = 5
NOBODY = -1
REACH = 17  # blocks: 15 of dust, a solid, a device
_OPPOSITE = {"east": "west", "west": "east", "north": "south", "south": "north"}


@dataclass(frozen=True, slots=True)
class Links:
    """Sorted unique links: source cell, target cell * 2 + input (0 rear, 1 side), loss; shape (n,) each."""

    source: Longs
    target: Longs
    loss: Longs


@dataclass(frozen=True, slots=True)
class LvsReport:
    """What was compared, and the first faults in words (empty: layout equals netlist)."""

    links: int
    nets: int
    faults: tuple[str, ...]
    fault_count: int

    @property
    def ok(self) -> bool:
        """True if layout and netlist are equal."""
        return self.fault_count == 0


def links_of(graph: Graph) -> Links:
    """Return the links of a graph by flat cell index."""
    counts = np.diff(graph.link.start)
    source = np.repeat(graph.cell, counts)
    node, port = np.divmod(graph.link.target.astype(np.int64), 2)
    return Links(source, graph.cell[node] * 2 + port, graph.loss.astype(np.int64))


def _moved(cells: Longs, macro: Volume, world: Volume, at: Pos) -> Longs:
    y, z, x = np.unravel_index(cells, macro.ids.shape)
    moved = np.ravel_multi_index((y + at[1], z + at[2], x + at[0]), world.ids.shape)
    return np.asarray(moved, dtype=np.int64)


def _keys(links: Links, world: Volume) -> Longs:
    return (links.source * (2 * world.ids.size) + links.target) * 16 + links.loss


class _Comparison:
    """State of one run: owners of cells, faults found."""

    def __init__(self, machine: Machine, world: Volume, wires: Mapping[str, npt.NDArray[np.int32]]) -> None:
        self.machine, self.world, self.wires = machine, world, wires
        self.names = sorted(machine.instances)
        self.faults: list[str] = []
        self.count = 0
        self.owner: Longs = np.full(world.ids.size, NOBODY, dtype=np.int64)
        for index, name in enumerate(self.names):
            instance = machine.instances[name]
            cells = np.flatnonzero(instance.macro.volume.ids)
            self.owner[_moved(cells, instance.macro.volume, world, self.at(instance))] = index
        for index, net in enumerate(machine.nets):
            self.owner[self.flat(wires[net.name])] = len(self.names) + index

    def at(self, instance: Instance) -> Pos:
        """Return the instance's corner in coordinates local to the world volume."""
        x, y, z = instance.at
        ox, oy, oz = self.world.origin
        return (x - ox, y - oy, z - oz)

    def flat(self, cells: npt.NDArray[np.int32]) -> Longs:
        """Return flat indices of (n, 3) local x, y, z."""
        x, y, z = cells[:, 0], cells[:, 1], cells[:, 2]
        return np.asarray(np.ravel_multi_index((y, z, x), self.world.ids.shape), dtype=np.int64)

    def label(self, owner: int) -> str:
        """Return the name of an owner."""
        if owner == NOBODY:
            return "no macro"
        if owner < len(self.names):
            return self.names[owner]
        return f"net {self.machine.nets[owner - len(self.names)].name}"

    def place(self, cell: int) -> str:
        """Return local (x, y, z) and the block of a flat cell."""
        y, z, x = (int(v) for v in np.unravel_index(cell, self.world.ids.shape))
        return f"{self.world.get((x, y, z)).short} at ({x}, {y}, {z})"

    def port_place(self, ref: tuple[str, str]) -> str:
        """Return a port's name and its local (x, y, z)."""
        pos = self.machine.port(ref).pos
        at = tuple(p - o for p, o in zip(pos, self.world.origin, strict=True))
        return f"{'.'.join(ref)} at {at}"

    def fault(self, text: str, count: int = 1) -> None:
        """Note a fault."""
        self.count += count
        if len(self.faults) < REPORT_LIMIT:
            self.faults.append(text)


def compare(
    machine: Machine,
    world: Volume,
    wires: Mapping[str, npt.NDArray[np.int32]],
    abutments: Sequence[tuple[str, str]] = (),
) -> LvsReport:
    """Return the comparison of settled blocks with the machine that was meant.

    `world` holds the machine with its origin at machine coordinates; `wires` gives per net the cells
    (n, 3) of its dust and repeaters, local to `world`; `abutments` are pairs (from, to) of instances
    between which links are meant.
    """
    state = _Comparison(machine, world, wires)
    found = links_of(extract(world))
    from_owner, to_owner = state.owner[found.source], state.owner[found.target // 2]
    _compare_insides(state, found, from_owner, to_owner)
    allowed = from_owner == to_owner
    index = {name: i for i, name in enumerate(state.names)}
    for a, b in abutments:
        allowed |= (from_owner == index[a]) & (to_owner == index[b])
    for number in range(len(machine.nets)):
        allowed |= _compare_net(state, found, from_owner, to_owner, number)
    for k in np.flatnonzero(~allowed):
        state.fault(
            f"foreign link from {state.place(int(found.source[k]))} ({state.label(int(from_owner[k]))}) to "
            f"{state.place(int(found.target[k]) // 2)} ({state.label(int(to_owner[k]))})"
        )
    return LvsReport(len(found.source), len(machine.nets), tuple(state.faults), state.count)


def _compare_insides(state: _Comparison, found: Links, from_owner: Longs, to_owner: Longs) -> None:
    keys = _keys(found, state.world)
    for index, name in enumerate(state.names):
        instance = state.machine.instances[name]
        volume = instance.macro.volume
        alone = links_of(extract(volume))
        at = state.at(instance)
        source = _moved(alone.source, volume, state.world, at)
        target = _moved(alone.target // 2, volume, state.world, at) * 2 + alone.target % 2
        wanted = np.sort(_keys(Links(source, target, alone.loss), state.world))
        have = np.sort(keys[(from_owner == index) & (to_owner == index)])
        for text, extra in (("lost", np.setdiff1d(wanted, have)), ("new", np.setdiff1d(have, wanted))):
            if len(extra):
                cell = int(extra[0]) // 16 // (2 * state.world.ids.size)
                state.fault(f"{text} link inside {name} from {state.place(cell)}", len(extra))


def _around(instance: Instance, port: Port) -> tuple[Volume, Pos]:
    """Return the part of a macro that dust at a port can reach, and its corner in the macro.

    Dust reaches 15 cells, and a device one solid further; beyond that nothing matters to the port.
    """
    size = instance.macro.volume.size
    low = tuple(max(0, p - REACH) for p in port.pos)
    high = tuple(min(s, p + REACH + 1) for p, s in zip(port.pos, size, strict=True))
    corner: Pos = (low[0], low[1], low[2])
    return instance.macro.volume.crop(corner, (high[0], high[1], high[2])), corner


def _driver_cells(state: _Comparison, instance: Instance, port: Port) -> Longs:
    """Return the flat world cells of the devices that reach a port's dust inside the macro alone."""
    volume, corner = _around(instance, port)
    graph = extract(volume)
    devices, tables = device_tables(volume)
    here = (port.pos[0] - corner[0], port.pos[1] - corner[1], port.pos[2] - corner[2])
    sources = Resolver(volume, graph, devices, tables.conductor).sources(here) or {}
    cells = graph.cell[np.array(sorted(sources), dtype=np.int64)]
    return _moved(cells, volume, state.world, _sum(state.at(instance), corner))


def _sum(a: Pos, b: Pos) -> Pos:
    return (a[0] + b[0], a[1] + b[1], a[2] + b[2])


def _sink_links(state: _Comparison, instance: Instance, port: Port) -> Longs:
    """Return keys target * 16 + loss of what a repeater pointing into a port's dust reaches."""
    inner, corner = _around(instance, port)
    volume = Volume((inner.size[0] + 4, inner.size[1] + 2, inner.size[2] + 4))
    volume.paste(inner, (2, 1, 2))
    step = STEP[port.side]
    here = (port.pos[0] - corner[0], port.pos[1] - corner[1], port.pos[2] - corner[2])
    cell = (here[0] + 2 + step[0], here[1] + 1, here[2] + 2 + step[2])
    stub = BlockState.make("repeater", facing=port.side, delay=1, locked="false", powered="false")
    volume.set(cell, stub)
    graph = extract(volume)
    links = links_of(graph)
    x, y, z = cell
    mine = links.source == np.ravel_multi_index((y, z, x), volume.ids.shape)
    target, loss = links.target[mine], links.loss[mine]
    ty, tz, tx = np.unravel_index(target // 2, volume.ids.shape)
    at = _sum(state.at(instance), corner)
    moved = np.ravel_multi_index((ty - 1 + at[1], tz - 2 + at[2], tx - 2 + at[0]), state.world.ids.shape)
    return np.asarray((moved * 2 + target % 2) * 16 + loss, dtype=np.int64)


def _compare_net(
    state: _Comparison, found: Links, from_owner: Longs, to_owner: Longs, number: int
) -> npt.NDArray[np.bool_]:
    """Return which links the net explains; note faults of its ends and of its connectivity."""
    net = state.machine.nets[number]
    owner = len(state.names) + number
    into, out = to_owner == owner, from_owner == owner
    explained = into & out
    starts: list[Longs] = []
    for driver in net.drivers:
        instance_name, port_name = driver
        instance = state.machine.instances[instance_name]
        cells = _driver_cells(state, instance, instance.macro.ports[port_name])
        mine = into & np.isin(found.source, cells)
        explained |= mine
        starts.append(found.target[mine] // 2)
        if not mine.any():
            state.fault(f"net {net.name}: driver {state.port_place(driver)} does not reach its wire")
    target_keys = found.target * 16 + found.loss
    ends: list[Longs] = []
    for sink in net.sinks:
        instance_name, port_name = sink
        instance = state.machine.instances[instance_name]
        wanted = _sink_links(state, instance, instance.macro.ports[port_name])
        mine = out & np.isin(target_keys, wanted)
        explained |= mine
        ends.append(np.unique(found.source[mine]))
        if len(np.setdiff1d(wanted, target_keys[mine])) or not len(wanted):
            state.fault(f"net {net.name}: wire does not drive all of {state.port_place(sink)}")
    inner = from_owner == owner
    inner &= to_owner == owner
    for start, driver in zip(starts, net.drivers, strict=True):
        reached = _reach(start, found.source[inner], found.target[inner] // 2)
        for end, sink in zip(ends, net.sinks, strict=True):
            if not np.isin(end, reached).any():
                ends_text = f"{state.port_place(driver)} to {state.port_place(sink)}"
                state.fault(f"net {net.name}: no way from {ends_text}")
    return np.asarray(explained, dtype=np.bool_)


def _reach(start: Longs, source: Longs, target: Longs) -> Longs:
    """Return all cells reachable from `start` over links source -> target, `start` included."""
    reached = np.unique(start)
    while True:
        more = np.unique(target[np.isin(source, reached)])
        grown = np.union1d(reached, more)
        if len(grown) == len(reached):
            return reached
        reached = grown


def require_equal(report: LvsReport) -> None:
    """Raise LvsError with the first faults unless layout equals netlist."""
    if not report.ok:
        text = "; ".join(report.faults)
        raise LvsError(f"{report.fault_count} faults: {text}", where="layout", legal="none")
