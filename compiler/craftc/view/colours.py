"""Flat colours of blocks for pictures: our own table, measured from nothing.

Colours are (red, green, blue), 0..255. Names that are not listed get a quiet grey-brown that depends on
the name alone, so a picture never fails on a block and never changes between runs.
"""

from __future__ import annotations

from zlib import crc32

Colour = tuple[int, int, int]

DYES: dict[str, Colour] = {
    "white": (228, 232, 234),
    "orange": (232, 124, 38),
    "magenta": (190, 72, 180),
    "light_blue": (88, 176, 222),
    "yellow": (244, 200, 58),
    "lime": (126, 190, 52),
    "pink": (236, 148, 178),
    "gray": (82, 88, 94),
    "light_gray": (158, 162, 162),
    "cyan": (36, 146, 158),
    "purple": (124, 58, 172),
    "blue": (58, 74, 176),
    "brown": (124, 80, 48),
    "green": (92, 122, 40),
    "red": (176, 48, 44),
    "black": (32, 34, 40),
}

CLAY: Colour = (152, 104, 84)
"""What terracotta mixes its dye with."""

NAMED: dict[str, Colour] = {
    "stone": (146, 149, 154),
    "smooth_stone": (170, 172, 176),
    "stone_bricks": (128, 130, 134),
    "cobblestone": (122, 124, 128),
    "andesite": (136, 140, 140),
    "diorite": (196, 198, 200),
    "granite": (160, 112, 94),
    "deepslate": (78, 80, 86),
    "bedrock": (60, 62, 66),
    "quartz_block": (236, 232, 224),
    "smooth_quartz": (240, 236, 228),
    "sandstone": (220, 208, 160),
    "dirt": (134, 98, 70),
    "grass_block": (112, 160, 74),
    "glass": (196, 226, 236),
    "tinted_glass": (58, 54, 66),
    "iron_block": (218, 220, 222),
    "gold_block": (250, 212, 74),
    "sea_lantern": (198, 226, 220),
    "glowstone": (248, 210, 128),
    "redstone_block": (190, 34, 26),
    "target": (228, 196, 184),
    "composter": (138, 92, 50),
    "barrel": (150, 112, 66),
    "chest": (168, 120, 52),
    "note_block": (112, 74, 54),
    "obsidian": (30, 22, 44),
}

WOODS: dict[str, Colour] = {
    "oak": (176, 142, 88),
    "spruce": (118, 88, 54),
    "birch": (206, 190, 138),
    "jungle": (172, 126, 92),
    "acacia": (180, 100, 58),
    "dark_oak": (76, 50, 28),
    "mangrove": (124, 58, 54),
    "cherry": (230, 184, 178),
    "bamboo": (206, 180, 84),
    "crimson": (112, 54, 78),
    "warped": (50, 112, 110),
}


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """Return `a` with a `share` (0..1) of `b` in it."""
    r, g, bl = (round(x + (y - x) * share) for x, y in zip(a, b, strict=True))
    return (r, g, bl)


def scaled(colour: Colour, factor: float) -> Colour:
    """Return the colour brighter or darker, cut at 255."""
    r, g, b = (min(255, round(c * factor)) for c in colour)
    return (r, g, b)


def block_colour(name: str) -> Colour:
    """Return the colour of a block by its name without namespace."""
    found = NAMED.get(name)
    if found is not None:
        return found
    for dye in sorted(DYES, key=len, reverse=True):
        if name.startswith(f"{dye}_"):
            return mix(DYES[dye], CLAY, 0.55) if "terracotta" in name else DYES[dye]
    for wood in sorted(WOODS, key=len, reverse=True):
        if name.startswith(f"{wood}_"):
            return WOODS[wood]
    code = crc32(name.encode())
    return (110 + code % 40, 106 + (code >> 8) % 36, 100 + (code >> 16) % 32)
