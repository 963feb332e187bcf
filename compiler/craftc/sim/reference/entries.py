"""Block states as the rules see them: one `Entry` per palette entry, with its properties parsed."""

from __future__ import annotations

from dataclasses import dataclass, field

from craftc.blocks.palette import BlockState, Entity, Palette
from craftc.blocks.tables import (
    DIRECTION,
    analog_level,
    is_conductor,
    is_known,
    is_signal_source,
    refusal,
    sturdy_faces,
    supports,
)
from craftc.sim.reference.registry import rule_of
from craftc.sim.reference.rules import Rule


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A block state with the content of its block entity.

    facing      direction of the property `facing`, -1 without
    powered, lit, open   the properties, False without
    power       the property `power`, or 15 or 0 for `powered`
    level       what a comparator's block entity holds
    analog      what a comparator behind which it stands reads, or -1
    conductor   may be powered (isRedstoneConductor)
    sturdy      bit d: the face towards direction d is full
    rigid, centre   whether it carries diodes, and torches, on its top
    """

    id: int
    state: BlockState
    entity: Entity | None
    name: str
    rule: Rule
    facing: int
    powered: bool
    lit: bool
    open: bool
    power: int
    level: int
    analog: int
    conductor: bool
    signal_source: bool
    sturdy: int
    rigid: bool
    centre: bool
    shown: int = 0
    changes: dict[tuple[str, str], Entry] = field(default_factory=dict, repr=False)


class Book:
    """The entries of a palette. The palette grows; entries never change."""

    def __init__(self, palette: Palette) -> None:
        self.palette = palette
        self._entries: list[Entry | None] = []

    def __getitem__(self, index: int) -> Entry:
        while len(self._entries) <= index:
            self._entries.append(None)
        found = self._entries[index]
        if found is None:
            found = self._entries[index] = self._read(index)
        return found

    def of(self, state: BlockState, entity: Entity | None) -> Entry:
        """Return the entry of a state. Raises SimError if the simulator does not know the block."""
        return self[self.palette.add(state, entity)]

    def changed(self, entry: Entry, key: str, value: str) -> Entry:
        """Return the entry with one property set."""
        found = entry.changes.get((key, value))
        if found is None:
            found = self.of(entry.state.with_props(**{key: value}), entry.entity)
            entry.changes[key, value] = found
        return found

    def _read(self, index: int) -> Entry:
        state, entity = self.palette.entries[index]
        if not is_known(state):
            raise refusal(state)
        rule = rule_of(state.short)
        powered = state.get("powered") == "true"
        rigid, centre = supports(state)
        entry = Entry(
            id=index,
            state=state,
            entity=entity,
            name=state.short,
            rule=rule,
            facing=DIRECTION.get(state.get("facing"), -1),
            powered=powered,
            lit=state.get("lit") == "true",
            open=state.get("open") == "true",
            power=int(state.get("power", "15" if powered else "0")),
            level=entity.signal if entity is not None and entity.kind == "comparator" else 0,
            analog=analog_level(state, entity),
            conductor=is_conductor(state),
            signal_source=is_signal_source(state),
            sturdy=sturdy_faces(state),
            rigid=rigid,
            centre=centre,
        )
        object.__setattr__(entry, "shown", rule.output(entry))
        return entry
