"""What the simulator needs to know about block states, by name.

Three questions decide how a block takes part in redstone (Java 1.20.4, decompiled names in
Mojang mappings; Minecraft Wiki pages "Conductivity", "Opacity", "Redstone Dust"):

conductor   `isRedstoneConductor`: may be powered and hands power on. Default is a full cube
            collision box; glass, glowstone, sea lanterns, leaves, ice, redstone blocks, pistons and
            others are declared `never`.
top         `isFaceSturdy(UP)`: carries dust, diodes, torches.
side        `isFaceSturdy` of a horizontal face: dust in front of it climbs with shape `up`
            instead of `side`.

Names that are listed nowhere are unknown and refused: a wrong guess would be a wrong machine.
Deliberately refused: everything that moves or holds moving items (pistons, hoppers, droppers, rails)
and redstone blocks whose rule is not modelled (observers, trapdoors, doors, note blocks, ...).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from craftc.blocks.palette import BlockState, Entity, Palette
from craftc.blocks.volume import Volume
from craftc.errors import SimError

BoolTable = npt.NDArray[np.bool_]


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


COLOURS = _names(
    "white orange magenta light_blue yellow lime pink gray light_gray cyan purple blue brown green red black"
)
WOODS = _names("oak spruce birch jungle acacia dark_oak mangrove cherry bamboo crimson warped")


def _coloured(*suffixes: str) -> set[str]:
    return {f"{colour}_{suffix}" for colour in COLOURS for suffix in suffixes}


def _of_wood(*suffixes: str) -> set[str]:
    return {f"{wood}_{suffix}" for wood in WOODS for suffix in suffixes}


# Full opaque cubes. Source: Minecraft Wiki "Opacity" (full opaque blocks), Blocks.java defaults.
CONDUCTORS: frozenset[str] = frozenset(
    _names(
        """stone granite polished_granite diorite polished_diorite andesite polished_andesite deepslate
    cobbled_deepslate polished_deepslate deepslate_bricks deepslate_tiles chiseled_deepslate
    cobblestone mossy_cobblestone stone_bricks mossy_stone_bricks cracked_stone_bricks
    chiseled_stone_bricks smooth_stone bricks bedrock obsidian crying_obsidian netherrack
    nether_bricks red_nether_bricks end_stone end_stone_bricks purpur_block purpur_pillar
    quartz_block smooth_quartz quartz_bricks quartz_pillar chiseled_quartz_block sandstone
    smooth_sandstone cut_sandstone chiseled_sandstone red_sandstone smooth_red_sandstone dirt
    coarse_dirt grass_block podzol clay sand red_sand gravel terracotta tuff calcite
    dripstone_block blackstone polished_blackstone polished_blackstone_bricks basalt
    polished_basalt smooth_basalt iron_block gold_block diamond_block emerald_block lapis_block
    coal_block netherite_block copper_block cut_copper waxed_copper_block waxed_cut_copper
    exposed_copper weathered_copper oxidized_copper waxed_exposed_copper waxed_weathered_copper
    waxed_oxidized_copper raw_iron_block raw_gold_block raw_copper_block coal_ore iron_ore
    gold_ore copper_ore redstone_ore lapis_ore diamond_ore emerald_ore prismarine
    prismarine_bricks dark_prismarine bookshelf hay_block bone_block packed_ice blue_ice
    snow_block pumpkin carved_pumpkin jack_o_lantern melon honeycomb_block magma_block
    crafting_table smithing_table fletching_table cartography_table loom packed_mud mud_bricks
    shroomlight amethyst_block dried_kelp_block sponge wet_sponge moss_block target"""
    )
) | frozenset(
    _coloured("wool", "concrete", "concrete_powder", "terracotta", "glazed_terracotta") | _of_wood("planks")
)

# Full cubes that conduct nothing but carry things. Source: Blocks.java, isRedstoneConductor(never).
GLASSY: frozenset[str] = frozenset(
    _names("glass tinted_glass ice glowstone sea_lantern beacon barrier redstone_block")
) | frozenset(_coloured("stained_glass"))

# Neither conduct nor carry anything, and no redstone rule reads them.
INERT: frozenset[str] = frozenset(
    _names(
        """air cave_air void_air light structure_void glass_pane iron_bars torch wall_torch
    soul_torch soul_wall_torch lantern soul_lantern chain end_rod ladder composter cake
    cauldron water_cauldron lava_cauldron powder_snow_cauldron chest end_portal_frame
    lever stone_button polished_blackstone_button redstone_wire redstone_torch redstone_wall_torch
    repeater comparator"""
    )
) | frozenset(
    _coloured("stained_glass_pane", "carpet", "banner", "wall_banner")
    | _of_wood("button", "fence", "sign", "wall_sign", "hanging_sign", "wall_hanging_sign")
)

# Solid containers (full cubes) and what else a comparator reads from behind.
# Source: Minecraft Wiki "Redstone Comparator" (Reading), Blocks.java hasAnalogOutputSignal.
SOLID_CONTAINERS: frozenset[str] = frozenset(_names("barrel furnace blast_furnace smoker"))
LAMPS: frozenset[str] = frozenset({"redstone_lamp"})
SLABS: frozenset[str] = frozenset(_of_wood("slab")) | frozenset(
    f"{name}_slab"
    for name in _names(
        "stone smooth_stone cobblestone stone_brick brick sandstone smooth_sandstone quartz smooth_quartz "
        "nether_brick andesite polished_andesite diorite polished_diorite granite polished_granite "
        "deepslate_brick deepslate_tile cobbled_deepslate polished_deepslate blackstone purpur prismarine"
    )
)

# `isSignalSource`: dust turns towards these on any side (repeaters and observers have their own rule).
SIGNAL_SOURCES: frozenset[str] = frozenset(
    _names(
        """lever stone_button polished_blackstone_button redstone_torch redstone_wall_torch comparator
    redstone_block target"""
    )
) | frozenset(_of_wood("button"))

LEGAL = "blocks listed in craftc/blocks/tables.py"


@dataclass(frozen=True, slots=True)
class Tables:
    """Predicates per palette entry, shape (len(palette),). `known` is False for refused names."""

    known: BoolTable
    conductor: BoolTable
    top: BoolTable
    side: BoolTable
    signal_source: BoolTable
    analog: npt.NDArray[np.int16]  # what a comparator in front reads, 0..15, or -1


def _slab_faces(state: BlockState) -> tuple[bool, bool, bool]:
    kind = state.get("type", "bottom")
    return (kind == "double", kind != "bottom", kind == "double")


def faces(state: BlockState) -> tuple[bool, bool, bool] | None:
    """Return (conductor, top, side) of a state, or None if its name is unknown."""
    name = state.short
    if not state.name.startswith("minecraft:"):
        return None
    if name in CONDUCTORS or name in SOLID_CONTAINERS or name in LAMPS:
        return (True, True, True)
    if name in GLASSY:
        return (False, True, True)
    if name in SLABS:
        return _slab_faces(state)
    if name in INERT:
        return (False, False, name == "composter")
    return None


def analog_level(state: BlockState, entity: Entity | None) -> int:
    """Return what a comparator reads from this block, 0..15, or -1 if it is no such source.

    Levels by state: composter `level`, cauldrons `level` (lava 3), cake 2 * (7 - bites), end portal
    frame 15 with an eye. Other containers: the entity's `signal`, 0 without entity. Source: Minecraft
    Wiki "Redstone Comparator".
    """
    name = state.short
    if name == "composter":
        return int(state.get("level", "0"))
    if name in ("water_cauldron", "powder_snow_cauldron"):
        return int(state.get("level", "1"))
    if name == "cauldron":
        return 0
    if name == "lava_cauldron":
        return 3
    if name == "cake":
        return 2 * (7 - int(state.get("bites", "0")))
    if name == "end_portal_frame":
        return 15 if state.get("eye") == "true" else 0
    if name in SOLID_CONTAINERS or name == "chest":
        return entity.signal if entity is not None else 0
    return -1


def tables_of(palette: Palette) -> Tables:
    """Return the predicate tables of a palette; unknown entries are marked, not refused."""
    rows = [faces(state) for state, _ in palette]
    array = np.array([row or (False, False, False) for row in rows], dtype=np.bool_)
    return Tables(
        known=np.array([row is not None for row in rows], dtype=np.bool_),
        conductor=array[:, 0].copy(),
        top=array[:, 1].copy(),
        side=array[:, 2].copy(),
        signal_source=np.array([s.short in SIGNAL_SOURCES for s, _ in palette], dtype=np.bool_),
        analog=np.array([analog_level(s, e) for s, e in palette], dtype=np.int16),
    )


def used_entries(volume: Volume) -> BoolTable:
    """Return which palette entries occur in the volume, shape (len(palette),)."""
    used = np.zeros(len(volume.palette), dtype=np.bool_)
    for layer in volume.ids:  # one y level at a time: bincount widens its input
        used |= np.bincount(layer.ravel(), minlength=len(used)) > 0
    return used


def first_position(volume: Volume, entry: int) -> tuple[int, int, int]:
    """Return local (x, y, z) of the first block, in array order, that has a palette entry."""
    y, z, x = np.unravel_index(int(np.argmax(volume.ids.ravel() == entry)), volume.ids.shape)
    return (int(x), int(y), int(z))


def known_tables(volume: Volume) -> Tables:
    """Return the tables of a volume's palette. Raises SimError naming an unknown block and its place."""
    tables = tables_of(volume.palette)
    unknown = np.flatnonzero(used_entries(volume) & ~tables.known)
    refuse_entries(volume, unknown, "is not a block whose redstone rule is known")
    return tables


def refuse_entries(volume: Volume, entries: Iterable[int] | npt.NDArray[np.intp], why: str) -> None:
    """Raise SimError naming block and position of the first of `entries`, if there is one."""
    for entry in entries:
        x, y, z = first_position(volume, int(entry))
        raise SimError(f"{volume.palette.state(int(entry))} {why}", where=f"({x}, {y}, {z})", legal=LEGAL)
