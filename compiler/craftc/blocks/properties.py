"""Properties of block states: which keys a block has, their legal values and defaults.

`complete` fills in what a file or a command line left out, so that every state that is shown names all
its keys. Blocks listed nowhere have no properties here. Source: Minecraft Wiki "Block states" and the
state definitions of Java 1.20.4. Keys of versions later than 1.20.4 are not listed.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from craftc.blocks.names import CANDLE_CAKES, COLOURS, GRATES, LOGS, SLABS, STAIRS, TRAPDOORS, WALLS, WOODS
from craftc.blocks.palette import BlockState, Palette
from craftc.blocks.volume import Volume
from craftc.errors import SimError

_BOOL = "false true"
_LEVEL = " ".join(map(str, range(16)))
_SIDES = "north east south west"
_ANY = "north east south west up down"

# name used below -> (key, default, legal values)
_KEYS: Mapping[str, tuple[str, str, str]] = {
    "facing": ("facing", "north", _SIDES),
    "facing6": ("facing", "north", _ANY),
    "facing_south6": ("facing", "south", _ANY),
    "facing_up6": ("facing", "up", _ANY),
    "facing_down5": ("facing", "down", f"{_SIDES} down"),
    "delay": ("delay", "1", "1 2 3 4"),
    "locked": ("locked", "false", _BOOL),
    "powered": ("powered", "false", _BOOL),
    "mode": ("mode", "compare", "compare subtract"),
    "lit": ("lit", "false", _BOOL),
    "lit_on": ("lit", "true", _BOOL),
    "face": ("face", "wall", "floor wall ceiling"),
    "power": ("power", "0", _LEVEL),
    "wire_north": ("north", "none", "none side up"),
    "wire_east": ("east", "none", "none side up"),
    "wire_south": ("south", "none", "none side up"),
    "wire_west": ("west", "none", "none side up"),
    "note": ("note", "0", " ".join(map(str, range(25)))),
    "instrument": (
        "instrument", "harp",
        "harp basedrum snare hat bass flute bell guitar chime xylophone iron_xylophone cow_bell didgeridoo "
        "bit banjo pling zombie skeleton creeper dragon wither_skeleton piglin custom_head",
    ),
    "half": ("half", "bottom", "top bottom"),
    "open": ("open", "false", _BOOL),
    "water": ("waterlogged", "false", _BOOL),
    "slab": ("type", "bottom", "top bottom double"),
    "chest": ("type", "single", "single left right"),
    "level3": ("level", "1", "1 2 3"),
    "level8": ("level", "0", " ".join(map(str, range(9)))),
    "level15": ("level", "15", _LEVEL),
    "bites": ("bites", "0", "0 1 2 3 4 5 6"),
    "eye": ("eye", "false", _BOOL),
    "axis": ("axis", "y", "x y z"),
    "snowy": ("snowy", "false", _BOOL),
    "north": ("north", "false", _BOOL),
    "east": ("east", "false", _BOOL),
    "south": ("south", "false", _BOOL),
    "west": ("west", "false", _BOOL),
    "rotation": ("rotation", "0", _LEVEL),
    "attached": ("attached", "false", _BOOL),
    "hanging": ("hanging", "false", _BOOL),
    "enabled": ("enabled", "true", _BOOL),
    "triggered": ("triggered", "false", _BOOL),
    "inverted": ("inverted", "false", _BOOL),
    "extended": ("extended", "false", _BOOL),
    "charges": ("charges", "0", "0 1 2 3 4"),
    "honey_level": ("honey_level", "0", "0 1 2 3 4 5"),
    "record": ("has_record", "false", _BOOL),
    "cracked": ("cracked", "false", _BOOL),
    "candles": ("candles", "1", "1 2 3 4"),
    "shape": ("shape", "straight", "straight inner_left inner_right outer_left outer_right"),
    "up": ("up", "true", _BOOL),
    **{f"cap_{side}": (side, "true", _BOOL) for side in _ANY.split()},
    **{f"bottle{k}": (f"has_bottle_{k}", "false", _BOOL) for k in range(3)},
    **{f"slot{k}": (f"slot_{k}_occupied", "false", _BOOL) for k in range(6)},
    **{f"wall_{side}": (side, "none", "none low tall") for side in _SIDES.split()},
}  # fmt: skip

_RULES: Mapping[str, str] = {
    "redstone_wire": "power wire_north wire_east wire_south wire_west",
    "repeater": "facing delay locked powered",
    "comparator": "facing mode powered",
    "redstone_torch": "lit_on",
    "redstone_wall_torch": "facing lit_on",
    "lever stone_button polished_blackstone_button": "face facing powered",
    "stone_pressure_plate polished_blackstone_pressure_plate": "powered",
    "light_weighted_pressure_plate heavy_weighted_pressure_plate target": "power",
    "redstone_lamp redstone_ore deepslate_redstone_ore": "lit",
    "note_block": "instrument note powered",
    "observer": "facing_south6 powered",
    "iron_trapdoor": "facing half open powered water",
    "daylight_detector": "inverted power",
    "lightning_rod": "facing_up6 powered water",
    "copper_bulb exposed_copper_bulb weathered_copper_bulb oxidized_copper_bulb "
    "waxed_copper_bulb waxed_exposed_copper_bulb waxed_weathered_copper_bulb waxed_oxidized_copper_bulb":
        "lit powered",
    "piston sticky_piston": "facing6 extended",
    "hopper": "enabled facing_down5",
    "dropper dispenser": "facing6 triggered",
    "barrel": "facing6 open",
    "furnace blast_furnace smoker": "facing lit",
    "chest trapped_chest": "chest facing water",
    "shulker_box": "facing_up6",
    "water_cauldron powder_snow_cauldron": "level3",
    "composter": "level8",
    "cake": "bites",
    "end_portal_frame": "eye facing",
    "quartz_pillar purpur_pillar basalt polished_basalt deepslate bone_block hay_block": "axis",
    "grass_block podzol mycelium": "snowy",
    "carved_pumpkin jack_o_lantern loom wall_torch soul_wall_torch": "facing",
    "lantern soul_lantern": "hanging water",
    "chain": "axis water",
    "end_rod": "facing_up6",
    "ladder": "facing water",
    "light": "level15 water",
    "barrier": "water",
    "glass_pane iron_bars nether_brick_fence": "north east south west water",
    "respawn_anchor": "charges",
    "beehive bee_nest": "facing honey_level",
    "jukebox": "record",
    "brewing_stand": "bottle0 bottle1 bottle2",
    "decorated_pot": "cracked facing water",
    "ender_chest": "facing water",
    "chiseled_bookshelf": "facing slot0 slot1 slot2 slot3 slot4 slot5",
    "candle_cake": "lit",
    "brown_mushroom_block red_mushroom_block mushroom_stem":
        "cap_down cap_up cap_north cap_east cap_south cap_west",
    "candle": "candles lit water",
    "muddy_mangrove_roots bamboo_block stripped_bamboo_block ochre_froglight verdant_froglight "
    "pearlescent_froglight": "axis",
}  # fmt: skip

_WOODEN: Mapping[str, str] = {
    "button": "face facing powered",
    "pressure_plate": "powered",
    "trapdoor": "facing half open powered water",
    "fence": "north east south west water",
    "sign": "rotation water",
    "wall_sign": "facing water",
    "hanging_sign": "attached rotation water",
    "wall_hanging_sign": "facing water",
}
_COLOURED: Mapping[str, str] = {
    "glazed_terracotta": "facing",
    "stained_glass_pane": "north east south west water",
    "candle": "candles lit water",
    "banner": "rotation",
    "wall_banner": "facing",
    "shulker_box": "facing_up6",
}


def _all_rules() -> dict[str, str]:
    rules = {name: keys for names, keys in _RULES.items() for name in names.split()}
    rules |= {f"{wood}_{suffix}": keys for wood in WOODS for suffix, keys in _WOODEN.items()}
    rules |= {f"{colour}_{suffix}": keys for colour in COLOURS for suffix, keys in _COLOURED.items()}
    rules |= dict.fromkeys(sorted(SLABS), "slab water")
    rules |= dict.fromkeys(sorted(STAIRS), "facing half shape water")
    rules |= dict.fromkeys(sorted(TRAPDOORS), "facing half open powered water")
    rules |= dict.fromkeys(sorted(WALLS), "up wall_north wall_east wall_south wall_west water")
    rules |= dict.fromkeys(sorted(CANDLE_CAKES), "lit")
    rules |= dict.fromkeys(sorted(GRATES), "water")
    return rules | dict.fromkeys(sorted(LOGS), "axis")


_TABLE: Mapping[str, str] = _all_rules()


def keys_of(name: str) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return key -> (default, legal values) of a block, by its name without namespace."""
    rows = (_KEYS[key] for key in _TABLE.get(name, "").split())
    return {key: (default, tuple(legal.split())) for key, default, legal in rows}


def complete(state: BlockState) -> BlockState:
    """Return the state with every key of its block, missing ones at their default."""
    given = dict(state.props)
    missing = {key: default for key, (default, _) in keys_of(state.short).items() if key not in given}
    return state.with_props(**missing) if missing else state


def checked(state: BlockState, where: str) -> BlockState:
    """Return `complete(state)`. Raises SimError on a key or value that the block does not have."""
    keys = keys_of(state.short)
    for key, value in state.props:
        if key not in keys:
            legal = ", ".join(sorted(keys)) or "none"
            raise SimError(f"{state.short} has no property {key!r}", where=where, legal=legal)
        if value not in keys[key][1]:
            raise SimError(f"{state.short} has {key}={value}", where=where, legal=", ".join(keys[key][1]))
    return complete(state)


def completed(volume: Volume) -> Volume:
    """Return a copy whose states name every key of their blocks; dust without any side stays bare.

    Dust saved without its four sides counts as a cross, dust saved with four times `none` as a dot
    (blocks/dust.py); filling them in would turn one into the other.
    """
    palette = Palette()
    out = Volume(volume.size, palette, volume.origin)
    table = [palette.add(_kept(state), entity) for state, entity in volume.palette]
    out.ids = np.array(table, dtype=np.uint16)[volume.ids]
    return out


def _kept(state: BlockState) -> BlockState:
    bare = state.short == "redstone_wire" and not any(state.get(side) for side in _SIDES.split())
    return state if bare else complete(state)
