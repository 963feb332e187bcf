"""Block states and the palette that turns them into small integers.

A palette entry is a block state together with the content of its block entity, so that a
volume of 10^8 blocks stays one array of integers: a comparator of output 9 and one of
output 0 are two entries, and so are two barrels of different fill.

Invariant: entry 0 is air, entries never change once added, equal entries are added once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from craftc.errors import FormatError

_STATE = re.compile(r"^(?P<name>[a-z0-9_.-]+(?::[a-z0-9_/.-]+)?)(?:\[(?P<props>[^\]]*)\])?$")


@dataclass(frozen=True, slots=True, order=True)
class BlockState:
    """A block state: full name and all its properties, keys sorted."""

    name: str
    props: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, text: str) -> BlockState:
        """Return the state written as `minecraft:name[key=value,...]`; the namespace may be left out.

        Raises FormatError on anything else.
        """
        match = _STATE.match(text.strip())
        if match is None:
            raise FormatError(f"not a block state: {text!r}", legal="minecraft:name[key=value,...]")
        name = match["name"] if ":" in match["name"] else f"minecraft:{match['name']}"
        pairs = []
        for item in filter(None, (match["props"] or "").split(",")):
            key, eq, value = item.partition("=")
            if not eq or not key or not value:
                raise FormatError(f"bad property {item!r} in {text!r}", legal="key=value")
            pairs.append((key.strip(), value.strip()))
        if len({k for k, _ in pairs}) != len(pairs):
            raise FormatError(f"a property is given twice in {text!r}")
        return cls(name, tuple(sorted(pairs)))

    @classmethod
    def make(cls, name: str, **props: str | int) -> BlockState:
        """Return `minecraft:<name>` with the given properties."""
        return cls(f"minecraft:{name}", tuple(sorted((k, str(v)) for k, v in props.items())))

    @property
    def short(self) -> str:
        """Name without its namespace."""
        return self.name.partition(":")[2]

    def get(self, key: str, default: str = "") -> str:
        """Return the value of a property, or `default`."""
        for k, v in self.props:
            if k == key:
                return v
        return default

    def with_props(self, **changes: str | int) -> BlockState:
        """Return a copy with properties set."""
        merged = dict(self.props)
        merged.update({k: str(v) for k, v in changes.items()})
        return BlockState(self.name, tuple(sorted(merged.items())))

    def __str__(self) -> str:
        if not self.props:
            return self.name
        return f"{self.name}[{','.join(f'{k}={v}' for k, v in self.props)}]"


@dataclass(frozen=True, slots=True, order=True)
class Entity:
    """Content of a block entity.

    kind    "comparator": `signal` is OutputSignal 0..15.
            "barrel": `signal` is the comparator reading 0..15 that the items must give.
            "sign": `lines` are the four front lines.
            "container": any other container that was read from a file; `signal` as for barrels.
    """

    kind: str
    signal: int = 0
    lines: tuple[str, ...] = ()


AIR = BlockState("minecraft:air")


class Palette:
    """Ordered set of (state, entity); index 0 is air. Indices fit in uint16."""

    def __init__(self) -> None:
        self.entries: list[tuple[BlockState, Entity | None]] = []
        self._index: dict[tuple[BlockState, Entity | None], int] = {}
        self.add(AIR)

    def add(self, state: BlockState | str, entity: Entity | None = None) -> int:
        """Return the index of the entry, adding it if it is new. Raises FormatError above 65,535 entries."""
        if isinstance(state, str):
            state = BlockState.parse(state)
        key = (state, entity)
        found = self._index.get(key)
        if found is not None:
            return found
        if len(self.entries) >= 65_535:
            raise FormatError("more than 65,535 different block states", where="palette")
        self._index[key] = len(self.entries)
        self.entries.append(key)
        return len(self.entries) - 1

    def state(self, index: int) -> BlockState:
        """Return the state of an entry."""
        return self.entries[index][0]

    def entity(self, index: int) -> Entity | None:
        """Return the block entity of an entry."""
        return self.entries[index][1]

    def remap_to(self, other: Palette) -> npt.NDArray[np.uint16]:
        """Return table t such that entry i here is entry t[i] of `other`, adding what it lacks."""
        return np.array([other.add(s, e) for s, e in self.entries], dtype=np.uint16)

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[tuple[BlockState, Entity | None]]:
        return iter(self.entries)
