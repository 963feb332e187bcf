"""The instrument that a block gives a note block above it.

Source: Minecraft Wiki "Note Block" (instruments); `instrument` of the blocks in Blocks.java 1.20.4.
"""

from __future__ import annotations

from craftc.blocks import names
from craftc.blocks.names import words

_SINGLE = {
    "clay": "flute", "gold_block": "bell", "packed_ice": "chime", "bone_block": "xylophone",
    "iron_block": "iron_xylophone", "soul_sand": "cow_bell", "pumpkin": "didgeridoo",
    "emerald_block": "bit", "hay_block": "banjo", "glowstone": "pling",
    "sand": "snare", "red_sand": "snare", "gravel": "snare",
    "sea_lantern": "hat", "beacon": "hat", "glass": "hat", "tinted_glass": "hat", "glass_pane": "hat",
}  # fmt: skip
_BASS = frozenset(
    words(
        """note_block bookshelf chiseled_bookshelf jukebox crafting_table barrel chest trapped_chest beehive
    bee_nest loom cartography_table fletching_table smithing_table composter lectern mushroom_stem
    brown_mushroom_block red_mushroom_block bamboo_block stripped_bamboo_block bamboo_mosaic"""
    )
)
_WOODEN_ENDINGS = ("_planks", "_log", "_wood", "_stem", "_hyphae", "_fence", "_sign", "_banner")
_STONY = frozenset(
    words(
        """stone granite diorite andesite deepslate cobblestone mossy_cobblestone bricks bedrock obsidian
    crying_obsidian netherrack end_stone sandstone terracotta tuff calcite dripstone_block blackstone
    basalt coal_block magma_block lodestone ancient_debris respawn_anchor observer furnace
    blast_furnace smoker ender_chest end_portal_frame purpur_block purpur_pillar reinforced_deepslate
    crimson_nylium warped_nylium raw_iron_block raw_gold_block raw_copper_block prismarine"""
    )
)
_STONY_ENDINGS = (
    "stone", "_stone", "_bricks", "_tiles", "granite", "diorite", "andesite", "deepslate", "sandstone",
    "_concrete", "terracotta", "_ore", "prismarine", "quartz", "_quartz_block", "quartz_block",
    "quartz_pillar", "basalt", "tuff", "_wall", "_coral_block",
)  # fmt: skip
_WOODEN_PARTS = ("_slab", "_stairs", "_trapdoor", "_pressure_plate")


def instrument(name: str) -> str | None:
    """Return the instrument of a block by name, or None where that is not known for certain.

    Slabs, stairs and plates sound as what they are made of; everything soft or of metal is a harp.
    """
    if name in _SINGLE:
        return _SINGLE[name]
    if name.endswith("_wool"):
        return "guitar"
    if name.endswith("_concrete_powder"):
        return "snare"
    if name.endswith(("_stained_glass", "_stained_glass_pane")):
        return "hat"
    if _is_wooden(name):
        return "bass"
    if name in _STONY or name.endswith(_STONY_ENDINGS):
        return "basedrum"
    if name in names.SLABS or name in names.STAIRS or name.endswith("_pressure_plate"):
        return None if "copper" in name or "weighted" in name else "basedrum"
    return "harp" if name in ("air", "redstone_wire", "redstone_lamp", "redstone_block", "target") else None


def _is_wooden(name: str) -> bool:
    if name in _BASS:
        return True
    of_wood = name.startswith(names.WOODS) or name.startswith("stripped_")
    return of_wood and name.endswith(_WOODEN_ENDINGS + _WOODEN_PARTS)
