"""Nets, and their wires as trees."""

from __future__ import annotations

from dataclasses import dataclass, field

from craftc.layout.fabric import Terminal


@dataclass(frozen=True, slots=True)
class Net:
    """A binary net: drivers (wired OR if several), sinks, and the most delay in rt to any sink."""

    name: str
    drivers: tuple[Terminal, ...]
    sinks: tuple[Terminal, ...]
    max_rt: int | None = None


@dataclass(slots=True)
class Tree:
    """Elements of a net's wire. `side` is "" for dust, the output side for a repeater; rt counts
    repeaters from the first driver, the element included. `ends` are the last repeaters per sink."""

    net: Net
    cell: list[int] = field(default_factory=list)
    parent: list[int] = field(default_factory=list)
    side: list[str] = field(default_factory=list)
    strength: list[int] = field(default_factory=list)
    rt: list[int] = field(default_factory=list)
    joined: list[int] = field(default_factory=list)  # tree that an element belongs to: driver number
    ends: list[int] = field(default_factory=list)
    leads_rt: list[int] = field(default_factory=list)
    root_rt: int = 0

    def add(self, cell: int, parent: int, side: str, strength: int, driver: int) -> int:
        """Append an element, return its number."""
        base = self.rt[parent] if parent >= 0 else 0
        self.cell.append(cell)
        self.parent.append(parent)
        self.side.append(side)
        self.strength.append(strength)
        self.rt.append(base + (1 if side else 0))
        self.joined.append(driver)
        return len(self.cell) - 1

    def way(self, end: int) -> list[int]:
        """Return the elements from the driver to `end`."""
        out = []
        while end >= 0:
            out.append(end)
            end = self.parent[end]
        return out[::-1]


def apart(tree: Tree, a: int, b: int) -> int:
    """Return the dusts between two elements of one tree along it."""
    up_a, up_b = tree.way(a), tree.way(b)
    shared = sum(1 for p, q in zip(up_a, up_b, strict=False) if p == q)
    return len(up_a) + len(up_b) - 2 * shared
