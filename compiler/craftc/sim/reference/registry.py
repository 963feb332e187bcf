"""Which block has which rule. What is not named here only stands there (`Solid`)."""

from __future__ import annotations

from craftc.blocks.names import CONTAINERS
from craftc.sim.reference.diodes import Comparator, Repeater
from craftc.sim.reference.dust import Dust
from craftc.sim.reference.inputs import Button, Composter, Container, Lever, Plate, RedstoneBlock, Target
from craftc.sim.reference.outputs import CopperBulb, Lamp, NoteBlock, Observer, Trapdoor
from craftc.sim.reference.rules import Rule, Solid
from craftc.sim.reference.torch import Torch

_TORCH = Torch()
RULES: dict[str, Rule] = {
    "redstone_wire": Dust(),
    "repeater": Repeater(),
    "comparator": Comparator(),
    "redstone_torch": _TORCH,
    "redstone_wall_torch": _TORCH,
    "lever": Lever(),
    "target": Target(),
    "redstone_block": RedstoneBlock(),
    "redstone_lamp": Lamp(),
    "note_block": NoteBlock(),
    "observer": Observer(),
    "composter": Composter(),
}
RULES |= dict.fromkeys(sorted(CONTAINERS), Container())
FAMILIES: dict[str, Rule] = {
    "_button": Button(),
    "_pressure_plate": Plate(),
    "_trapdoor": Trapdoor(),
    "copper_bulb": CopperBulb(),
}
SOLID = Solid()


def rule_of(name: str) -> Rule:
    """Return the rule of a block by its name without namespace."""
    if name in RULES:
        return RULES[name]
    for ending, rule in FAMILIES.items():
        if name.endswith(ending):
            return rule
    return SOLID
