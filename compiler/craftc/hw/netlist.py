"""The machine as placed macros and nets between their ports.

This is the meaning that check/lvs.py compares the blocks against: links inside a macro are those of
the macro alone; every other link must belong to exactly one net.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from craftc.blocks import Volume
from craftc.errors import PlacementError
from craftc.macros.base import Macro, Port, Pos


@dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """A macro with its corner at `at` in machine coordinates."""

    name: str
    macro: Macro
    at: Pos

    def world(self, pos: Pos) -> Pos:
        """Return the machine coordinate of a cell of the macro."""
        return (self.at[0] + pos[0], self.at[1] + pos[1], self.at[2] + pos[2])

    def port(self, name: str) -> Port:
        """Return a port at its machine coordinate. Raises PlacementError naming the legal ports."""
        port = self.macro.ports.get(name)
        if port is None:
            raise PlacementError(f"no port {name!r}", where=self.name,
                                 legal=", ".join(sorted(self.macro.ports)))  # fmt: skip
        return Port(port.name, self.world(port.pos), port.direction, port.kind, port.side, port.latency_rt)

    @property
    def box(self) -> tuple[Pos, Pos]:
        """Corner and opposite corner (exclusive) in machine coordinates."""
        return self.at, self.world(self.macro.volume.size)


@dataclass(frozen=True, slots=True)
class Net:
    """A binary net from one or more (instance, port) drivers to (instance, port) sinks."""

    name: str
    drivers: tuple[tuple[str, str], ...]
    sinks: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Machine:
    """Instances by name, nets, and abutted stream connections that need no wire."""

    instances: dict[str, Instance] = field(default_factory=dict)
    nets: list[Net] = field(default_factory=list)

    def add(self, name: str, macro: Macro, at: Pos) -> Instance:
        """Place a macro. Raises PlacementError if the name is taken."""
        if name in self.instances:
            raise PlacementError(f"instance {name!r} is placed twice")
        self.instances[name] = Instance(name, macro, at)
        return self.instances[name]

    def connect(self, name: str, drivers: Iterable[str], sinks: Iterable[str]) -> None:
        """Add a net between ports written `instance.port`. Raises PlacementError for an unknown one."""
        net = Net(name, tuple(_split(d) for d in drivers), tuple(_split(s) for s in sinks))
        for instance, port in (*net.drivers, *net.sinks):
            if instance not in self.instances:
                raise PlacementError(f"no instance {instance!r}", where=f"net {name}")
            self.instances[instance].port(port)
        self.nets.append(net)

    def port(self, ref: str | tuple[str, str]) -> Port:
        """Return the port written `instance.port`, at its machine coordinate."""
        instance, port = _split(ref) if isinstance(ref, str) else ref
        return self.instances[instance].port(port)

    def extent(self) -> tuple[Pos, Pos]:
        """Return low corner and high corner (exclusive) of all instances."""
        boxes = [i.box for i in self.instances.values()]
        lows, highs = zip(*boxes, strict=True)
        low = tuple(min(v[i] for v in lows) for i in range(3))
        high = tuple(max(v[i] for v in highs) for i in range(3))
        return (low[0], low[1], low[2]), (high[0], high[1], high[2])

    def volume(self, low: Pos, high: Pos) -> Volume:
        """Return all instances in the box low <= pos < high. Raises PlacementError on unequal overlaps."""
        out = Volume((high[0] - low[0], high[1] - low[1], high[2] - low[2]), origin=low)
        for name in sorted(self.instances):
            instance = self.instances[name]
            at = instance.at
            try:
                out.paste(instance.macro.volume, (at[0] - low[0], at[1] - low[1], at[2] - low[2]))
            except PlacementError as error:
                raise PlacementError(str(error), where=f"instance {name}") from error
        return out


def _split(ref: str) -> tuple[str, str]:
    instance, dot, port = ref.rpartition(".")
    if not dot:
        raise PlacementError(f"{ref!r} is no port", legal="instance.port")
    return instance, port
