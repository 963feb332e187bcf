"""Names of blocks, in the groups that matter for redstone. Names are without `minecraft:`.

Source: Blocks.java of Java 1.20.4 (Mojang mappings) for `isRedstoneConductor`, shapes and classes;
Minecraft Wiki pages "Conductivity", "Opacity", "Redstone Comparator". Names, full cubes, full faces and
properties were compared with the block data of PrismarineJS minecraft-data 3.117 for Java 1.20.4.
"""

from __future__ import annotations


def words(text: str) -> tuple[str, ...]:
    """Return the words of a text."""
    return tuple(text.split())


COLOURS = words(
    "white orange magenta light_blue yellow lime pink gray light_gray cyan purple blue brown green red black"
)
TREES = words("oak spruce birch jungle acacia dark_oak mangrove cherry")
WOODS = (*TREES, "bamboo", "crimson", "warped")
_COPPER = tuple(
    f"{wax}{age}" for wax in ("", "waxed_") for age in ("", "exposed_", "weathered_", "oxidized_")
)


def _coloured(*suffixes: str) -> set[str]:
    return {f"{colour}_{suffix}" for colour in COLOURS for suffix in suffixes}


def _of_wood(*suffixes: str) -> set[str]:
    return {f"{wood}_{suffix}" for wood in WOODS for suffix in suffixes}


def _of_copper(*suffixes: str) -> set[str]:
    return {f"{age}{suffix}" for age in _COPPER for suffix in suffixes}


LOGS: frozenset[str] = frozenset(
    {f"{cut}{tree}_{kind}" for cut in ("", "stripped_") for tree in TREES for kind in ("log", "wood")}
    | {
        f"{cut}{tree}_{kind}"
        for cut in ("", "stripped_")
        for tree in ("crimson", "warped")
        for kind in ("stem", "hyphae")
    }
)

# Full cubes with the default rule: they conduct. Soul sand and mud are lower but declared
# `always`, and full when something stands on them.
CONDUCTORS: frozenset[str] = frozenset(
    words(
        """stone granite polished_granite diorite polished_diorite andesite polished_andesite deepslate
    cobbled_deepslate polished_deepslate deepslate_bricks deepslate_tiles chiseled_deepslate
    cracked_deepslate_bricks cracked_deepslate_tiles reinforced_deepslate
    cobblestone mossy_cobblestone stone_bricks mossy_stone_bricks cracked_stone_bricks
    chiseled_stone_bricks smooth_stone bricks bedrock obsidian crying_obsidian netherrack
    nether_bricks red_nether_bricks cracked_nether_bricks chiseled_nether_bricks nether_wart_block
    warped_wart_block crimson_nylium warped_nylium soul_soil soul_sand mud
    end_stone end_stone_bricks purpur_block purpur_pillar
    quartz_block smooth_quartz quartz_bricks quartz_pillar chiseled_quartz_block sandstone
    smooth_sandstone cut_sandstone chiseled_sandstone red_sandstone smooth_red_sandstone
    cut_red_sandstone chiseled_red_sandstone dirt rooted_dirt mycelium
    sculk muddy_mangrove_roots coarse_dirt grass_block podzol clay sand red_sand gravel terracotta tuff
    calcite dripstone_block blackstone gilded_blackstone polished_blackstone polished_blackstone_bricks
    chiseled_polished_blackstone cracked_polished_blackstone_bricks basalt
    polished_basalt smooth_basalt iron_block gold_block diamond_block emerald_block lapis_block
    coal_block netherite_block copper_block waxed_copper_block raw_iron_block raw_gold_block
    raw_copper_block coal_ore iron_ore deepslate_coal_ore deepslate_iron_ore deepslate_gold_ore
    deepslate_copper_ore deepslate_lapis_ore deepslate_diamond_ore deepslate_emerald_ore
    gold_ore copper_ore redstone_ore deepslate_redstone_ore lapis_ore diamond_ore emerald_ore
    nether_gold_ore nether_quartz_ore
    ancient_debris prismarine
    prismarine_bricks dark_prismarine bookshelf hay_block bone_block packed_ice blue_ice
    snow_block pumpkin carved_pumpkin jack_o_lantern melon honeycomb_block magma_block
    crafting_table smithing_table fletching_table cartography_table loom packed_mud mud_bricks
    shroomlight amethyst_block dried_kelp_block sponge wet_sponge moss_block lodestone
    tube_coral_block brain_coral_block bubble_coral_block fire_coral_block horn_coral_block
    dead_tube_coral_block dead_brain_coral_block dead_bubble_coral_block dead_fire_coral_block
    dead_horn_coral_block brown_mushroom_block red_mushroom_block mushroom_stem
    bamboo_block stripped_bamboo_block bamboo_mosaic ochre_froglight verdant_froglight
    pearlescent_froglight tuff_bricks polished_tuff chiseled_tuff chiseled_tuff_bricks"""
    )
) | frozenset(
    _coloured("wool", "concrete", "concrete_powder", "terracotta", "glazed_terracotta")
    | _of_wood("planks")
    | _of_copper("cut_copper", "chiseled_copper")
    | {f"{age}copper" for age in _COPPER if age not in ("", "waxed_")}
    | LOGS
)

# Conductors with a rule or a reading of their own.
ACTIVE_CONDUCTORS: frozenset[str] = frozenset(
    words(
        """redstone_lamp note_block target barrel furnace blast_furnace smoker jukebox respawn_anchor
    beehive bee_nest chiseled_bookshelf"""
    )
)

# Full cubes that conduct nothing but carry things: declared `never`.
GRATES: frozenset[str] = frozenset(_of_copper("copper_grate"))
BULBS: frozenset[str] = frozenset(_of_copper("copper_bulb"))
GLASSY: frozenset[str] = (
    frozenset(words("glass tinted_glass ice glowstone sea_lantern beacon barrier redstone_block observer"))
    | frozenset(_coloured("stained_glass"))
    | GRATES
    | BULBS
)

BUTTONS: frozenset[str] = frozenset(_of_wood("button")) | {"stone_button", "polished_blackstone_button"}
WEIGHTED_PLATES: frozenset[str] = frozenset(
    {"light_weighted_pressure_plate", "heavy_weighted_pressure_plate"}
)
PLATES: frozenset[str] = (
    frozenset(_of_wood("pressure_plate"))
    | {"stone_pressure_plate", "polished_blackstone_pressure_plate"}
    | WEIGHTED_PLATES
)
TRAPDOORS: frozenset[str] = frozenset(_of_wood("trapdoor") | _of_copper("copper_trapdoor")) | {
    "iron_trapdoor"
}
CAULDRONS: frozenset[str] = frozenset(words("cauldron water_cauldron lava_cauldron powder_snow_cauldron"))
CANDLE_CAKES: frozenset[str] = frozenset(_coloured("candle_cake")) | {"candle_cake"}
FENCES: frozenset[str] = frozenset(_of_wood("fence")) | {"nether_brick_fence"}
_WALL_KINDS = words(
    """cobblestone mossy_cobblestone stone_brick mossy_stone_brick brick nether_brick red_nether_brick
    end_stone_brick sandstone red_sandstone andesite granite diorite prismarine blackstone
    polished_blackstone polished_blackstone_brick cobbled_deepslate polished_deepslate deepslate_brick
    deepslate_tile mud_brick"""
)
WALLS: frozenset[str] = frozenset(f"{kind}_wall" for kind in _WALL_KINDS)
PANES: frozenset[str] = frozenset(_coloured("stained_glass_pane")) | {"glass_pane", "iron_bars"}

# Neither conduct nor carry dust.
INERT: frozenset[str] = (
    frozenset(
        words(
            """air cave_air void_air light structure_void torch wall_torch
    soul_torch soul_wall_torch lantern soul_lantern chain end_rod ladder composter cake
    chest trapped_chest ender_chest end_portal_frame brewing_stand decorated_pot
    lever redstone_wire redstone_torch redstone_wall_torch repeater comparator"""
        )
    )
    | frozenset(
        _coloured("carpet", "banner", "wall_banner", "candle")
        | _of_wood("sign", "wall_sign", "hanging_sign", "wall_hanging_sign")
    )
    | BUTTONS
    | PLATES
    | CAULDRONS
    | CANDLE_CAKES
    | FENCES
    | WALLS
    | PANES
)

# Solid containers whose fill comparators read: the entity's `signal`.
CONTAINERS: frozenset[str] = frozenset(
    words(
        """barrel furnace blast_furnace smoker chest trapped_chest brewing_stand decorated_pot jukebox
    chiseled_bookshelf"""
    )
)

_STEP_KINDS = words(
    """stone cobblestone mossy_cobblestone stone_brick mossy_stone_brick brick sandstone smooth_sandstone
    red_sandstone smooth_red_sandstone quartz smooth_quartz nether_brick red_nether_brick andesite
    polished_andesite diorite polished_diorite granite polished_granite deepslate_brick deepslate_tile
    cobbled_deepslate polished_deepslate blackstone polished_blackstone polished_blackstone_brick purpur
    prismarine prismarine_brick dark_prismarine end_stone_brick mud_brick bamboo_mosaic"""
)
SLABS: frozenset[str] = (
    frozenset(_of_wood("slab") | _of_copper("cut_copper_slab"))
    | frozenset(f"{kind}_slab" for kind in _STEP_KINDS)
    | {"smooth_stone_slab", "petrified_oak_slab", "cut_sandstone_slab", "cut_red_sandstone_slab"}
)
STAIRS: frozenset[str] = frozenset(_of_wood("stairs") | _of_copper("cut_copper_stairs")) | frozenset(
    f"{kind}_stairs" for kind in _STEP_KINDS
)

# `isSignalSource`: dust turns towards these on any side (repeaters and observers have their own rule).
SIGNAL_SOURCES: frozenset[str] = (
    frozenset(
        words(
            """lever redstone_torch redstone_wall_torch comparator redstone_block target trapped_chest
    jukebox"""
        )
    )
    | BUTTONS
    | PLATES
)

# What moves or holds moving items, or follows the sky, mobs or players: refused, with the reason.
REFUSED: dict[str, str] = {
    "piston": "moves blocks",
    "sticky_piston": "moves blocks",
    "piston_head": "moves blocks",
    "moving_piston": "moves blocks",
    "hopper": "moves items",
    "dropper": "moves items",
    "dispenser": "moves items",
    "rail": "carries minecarts",
    "powered_rail": "carries minecarts",
    "detector_rail": "carries minecarts",
    "activator_rail": "carries minecarts",
    "daylight_detector": "follows the sun",
    "tripwire": "is moved by entities",
    "tripwire_hook": "is moved by entities",
    "sculk_sensor": "hears vibrations",
    "calibrated_sculk_sensor": "hears vibrations",
    "lightning_rod": "follows the weather",
    "lectern": "is turned by a reader",
    "water": "flows",
    "lava": "flows",
    "tnt": "explodes",
}
# On top of a note block they give it their sound (NoteBlock.setInstrument).
REFUSED |= {
    f"{mob}_{part}": "is a head, which changes the sound of a note block under it"
    for mob, part in (
        *((mob, "skull") for mob in ("skeleton", "wither_skeleton")),
        *((mob, "wall_skull") for mob in ("skeleton", "wither_skeleton")),
        *((mob, "head") for mob in ("zombie", "player", "creeper", "dragon", "piglin")),
        *((mob, "wall_head") for mob in ("zombie", "player", "creeper", "dragon", "piglin")),
    )
}
