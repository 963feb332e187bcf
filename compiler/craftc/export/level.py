"""level.dat and data/chunks.dat of a Java world of 1.20.4 to 1.21.1.

A creative superflat world of void with commands on, noon without weather, mobs or random ticks, so
that nothing but the machine changes. Only vanilla dimension types are named: a custom one makes the
game warn of an experimental world. Fields follow the Minecraft Wiki, "Java Edition level format".
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from craftc.errors import FormatError
from craftc.export import nbt, nbt_read
from craftc.export.container import McVersion
from craftc.export.nbt import Tag, byte, compound, float64, integer, list_of, long, string

Pos = tuple[int, int, int]

_FALSE_RULES = [
    "announceAdvancements",
    "commandBlockOutput",
    "doDaylightCycle",
    "doFireTick",
    "doInsomnia",
    "doMobSpawning",
    "doPatrolSpawning",
    "doTraderSpawning",
    "doVinesSpread",
    "doWardenSpawning",
    "doWeatherCycle",
    "mobGriefing",
    "waterSourceConversion",
]
GAME_RULES = {
    **dict.fromkeys(_FALSE_RULES, "false"),
    **dict.fromkeys(("disableRaids", "keepInventory", "sendCommandFeedback"), "true"),
    **dict.fromkeys(("randomTickSpeed", "snowAccumulationHeight", "spawnRadius"), "0"),
    "commandModificationBlockLimit": "2147483647",
    "maxCommandChainLength": "65536",
}

_BORDER = {
    "BorderCenterX": float64(0.0),
    "BorderCenterZ": float64(0.0),
    "BorderSize": float64(59_999_968.0),
    "BorderSizeLerpTarget": float64(59_999_968.0),
    "BorderSizeLerpTime": long(0),
    "BorderSafeZone": float64(5.0),
    "BorderDamagePerBlock": float64(0.2),
    "BorderWarningBlocks": float64(5.0),
    "BorderWarningTime": float64(15.0),
}
_CALM = {
    "Time": long(0),
    "DayTime": long(6000),
    "raining": byte(0),
    "rainTime": integer(0),
    "thundering": byte(0),
    "thunderTime": integer(0),
    "clearWeatherTime": integer(2**31 - 1),
}
_FILLERS = {
    "ServerBrands": list_of(nbt.STRING, [nbt.text_payload("vanilla")]),
    "ScheduledEvents": list_of(nbt.COMPOUND, ()),
    "CustomBossEvents": compound({}),
    "DragonFight": compound(
        {k: byte(v) for k, v in (("NeedsStateScanning", 1), ("DragonKilled", 0), ("PreviouslyKilled", 0))}
    ),
    "WanderingTraderSpawnChance": integer(25),
    "WanderingTraderSpawnDelay": integer(24_000),
}


def level_dat(name: str, spawn: Pos, yaw: float, mc: McVersion) -> bytes:
    """Return the gzip file level.dat. `yaw` in degrees: 0 looks south, 90 west, 180 north, 270 east."""
    version = compound(
        {
            "Id": integer(mc.data_version),
            "Name": string(mc.name),
            "Series": string("main"),
            "Snapshot": byte(0),
        }
    )
    data = {
        "DataVersion": integer(mc.data_version),
        "version": integer(19_133),
        "Version": version,
        "LevelName": string(name),
        "LastPlayed": long(0),
        "GameType": integer(1),
        "allowCommands": byte(1),
        "hardcore": byte(0),
        "Difficulty": byte(0),
        "DifficultyLocked": byte(0),
        "initialized": byte(1),
        "WasModded": byte(0),
        "SpawnX": integer(spawn[0]),
        "SpawnY": integer(spawn[1]),
        "SpawnZ": integer(spawn[2]),
        "SpawnAngle": nbt.float32(yaw),
        "WorldGenSettings": _worldgen(),
        "GameRules": compound({k: string(GAME_RULES[k]) for k in sorted(GAME_RULES)}),
        "DataPacks": compound(
            {
                "Enabled": list_of(nbt.STRING, [nbt.text_payload("vanilla")]),
                "Disabled": list_of(nbt.STRING, ()),
            }
        ),
    }
    return nbt.pack_gzip(nbt.document({"Data": compound(data | _CALM | _BORDER | _FILLERS)}))


def _worldgen() -> Tag:
    flat = {
        "biome": string("minecraft:the_void"),
        "features": byte(0),
        "lakes": byte(0),
        "structure_overrides": list_of(nbt.STRING, ()),
        "layers": list_of(nbt.COMPOUND, ()),
    }
    nether = {"type": string("minecraft:multi_noise"), "preset": string("minecraft:nether")}
    dimensions = {
        "minecraft:overworld": _dimension("overworld", "flat", {"settings": compound(flat)}),
        "minecraft:the_nether": _dimension(
            "the_nether",
            "noise",
            {"settings": string("minecraft:nether"), "biome_source": compound(nether)},
        ),
        "minecraft:the_end": _dimension(
            "the_end",
            "noise",
            {
                "settings": string("minecraft:end"),
                "biome_source": compound({"type": string("minecraft:the_end")}),
            },
        ),
    }
    return compound(
        {
            "seed": long(0),
            "generate_features": byte(0),
            "bonus_chest": byte(0),
            "dimensions": compound(dimensions),
        }
    )


def _dimension(kind: str, generator: str, fields: dict[str, Tag]) -> Tag:
    made = {"type": string(f"minecraft:{generator}"), **fields}
    return compound({"type": string(f"minecraft:{kind}"), "generator": compound(made)})


def chunks_dat(chunks: list[tuple[int, int]], mc: McVersion) -> bytes:
    """Return the gzip file data/chunks.dat that keeps chunks (x, z) loaded; entries are sorted."""
    pairs = np.array(sorted(chunks), dtype=np.int64).reshape(-1, 2)
    forced = (pairs[:, 0] & 0xFFFFFFFF) | (pairs[:, 1] << 32)
    data = compound({"Forced": nbt.long_array(forced)})
    return nbt.pack_gzip(nbt.document({"data": data, "DataVersion": integer(mc.data_version)}))


@dataclass(frozen=True, slots=True)
class LevelInfo:
    """What level.dat says: world name, spawn block, yaw in degrees, game version and its data version."""

    name: str
    spawn: Pos
    yaw: float
    mc: str
    data_version: int


def read_level(world: Path) -> LevelInfo:
    """Return the main fields of `world`/level.dat. Raises FormatError if it is absent or damaged."""
    file = world / "level.dat"
    where = str(file)
    try:
        packed = file.read_bytes()
    except OSError as error:
        raise FormatError(f"cannot be read: {error.strerror}", where=where, legal="a Java world") from error
    _, root = nbt_read.parse(nbt_read.unpack_gzip(packed, where), where)
    data = nbt_read.want(root, "Data", dict, where)
    x, y, z = (nbt_read.want(data, f"Spawn{axis}", int, where) for axis in "XYZ")
    return LevelInfo(
        nbt_read.want(data, "LevelName", str, where),
        (x, y, z),
        nbt_read.want(data, "SpawnAngle", float, where),
        nbt_read.want(nbt_read.want(data, "Version", dict, where), "Name", str, where),
        nbt_read.want(data, "DataVersion", int, where),
    )


def forced_chunks(document: dict[str, object], where: str) -> list[tuple[int, int]]:
    """Return the forced chunks of a parsed chunks.dat, sorted. Raises FormatError on another form."""
    data = nbt_read.want(document, "data", dict, where)
    if "Forced" not in data:
        return []
    words = nbt_read.want(data, "Forced", np.ndarray, where).astype(np.int64)
    x = (words & 0xFFFFFFFF).astype(np.uint32).astype(np.int32)
    z = words >> 32
    return sorted(zip(x.tolist(), z.tolist(), strict=True))
