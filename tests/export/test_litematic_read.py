"""Litematica schematics: read, and refused where they are damaged. Written here by nbtlib."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbtlib
import numpy as np
import pytest
from nbtlib import Compound, Int, List, Long, LongArray, String

from craftc.blocks import Entity
from craftc.errors import FormatError
from craftc.export.litematic_read import read_litematic
from craftc.sim.interface import BlockTick

STATES = [
    "minecraft:air",
    "minecraft:stone",
    *(f"minecraft:{c}_wool" for c in ("red", "blue", "lime", "pink")),
]


def _xyz(x: int, y: int, z: int) -> Compound:
    return Compound({"x": Int(x), "y": Int(y), "z": Int(z)})


def _packed(numbers: list[int], bits: int) -> LongArray:
    """Pack by big integers, another way than the reader's."""
    whole = sum(number << (bits * k) for k, number in enumerate(numbers))
    count = -(-len(numbers) * bits // 64)
    words = [(whole >> (64 * k)) & (2**64 - 1) for k in range(count)]
    return LongArray([w - 2**64 if w >= 2**63 else w for w in words])


def _region(
    numbers: list[int], at: tuple[int, int, int], size: tuple[int, int, int], **more: Any
) -> Compound:
    palette = [Compound({"Name": String(name)}) for name in STATES]
    return Compound({
        "Position": _xyz(*at), "Size": _xyz(*size), "BlockStatePalette": List[Compound](palette),
        "BlockStates": _packed(numbers, 3), "TileEntities": List[Compound]([]), **more,
    })  # fmt: skip


def _write(path: Path, regions: dict[str, Compound], version: int = 6) -> Path:
    fields = {"Version": Int(version), "MinecraftDataVersion": Int(3700), "Regions": Compound(regions)}
    nbtlib.File(fields, gzipped=True).save(path)
    return path


def test_numbers_run_over_word_borders(tmp_path: Path) -> None:
    numbers = np.random.default_rng(3).integers(0, 6, 5 * 4 * 7).tolist()
    volume, ticks = read_litematic(
        _write(tmp_path / "x.litematic", {"a": _region(numbers, (0, 0, 0), (5, 4, 7))})
    )
    assert volume.size == (5, 4, 7) and ticks == ()
    for k, number in enumerate(numbers):
        x, z, y = k % 5, k // 5 % 7, k // 35
        assert volume.get((x, y, z)).name == STATES[number]


def test_regions_are_joined_and_negative_sizes_reach_down(tmp_path: Path) -> None:
    regions = {"a": _region([1, 2], (0, 0, 0), (2, 1, 1)), "b": _region([3, 4], (-1, 0, 3), (-2, 1, 1))}
    volume, _ = read_litematic(_write(tmp_path / "x.litematic", regions))
    assert volume.size == (4, 1, 4)  # b covers x -2..-1
    found = [volume.get(p).name for p in ((2, 0, 0), (3, 0, 0), (0, 0, 3), (1, 0, 3))]
    assert found == [STATES[k] for k in (1, 2, 3, 4)]


def test_contents_and_ticks(tmp_path: Path) -> None:
    palette = [
        Compound({"Name": String("minecraft:air")}),
        Compound({"Name": String("minecraft:comparator"),
                  "Properties": Compound({"facing": String("west"), "mode": String("compare")})}),
    ]  # fmt: skip
    tile = Compound({**_xyz(1, 0, 0), "id": String("minecraft:comparator"), "OutputSignal": Int(4)})
    tick = Compound({**_xyz(1, 0, 0), "Block": String("minecraft:comparator"), "Priority": Int(-1),
                     "Time": Int(2), "SubTick": Long(5)})  # fmt: skip
    region = Compound({
        "Position": _xyz(0, 0, 0), "Size": _xyz(2, 1, 1), "BlockStatePalette": List[Compound](palette),
        "BlockStates": _packed([0, 1], 2), "TileEntities": List[Compound]([tile]),
        "PendingBlockTicks": List[Compound]([tick]),
    })  # fmt: skip
    volume, ticks = read_litematic(_write(tmp_path / "x.litematic", {"a": region}))
    assert volume.entity((1, 0, 0)) == Entity("comparator", 4)
    assert ticks == (BlockTick((1, 0, 0), "minecraft:comparator", 2, -1, 5),)


@pytest.mark.parametrize(
    ("region", "word"),
    [
        (_region([1, 2], (0, 0, 0), (0, 1, 1)), "no side 0"),
        (_region([7, 2], (0, 0, 0), (2, 1, 1)), "palette number 7"),
        (_region([1] * 40, (0, 0, 0), (2, 1, 1)), "1 longs for 2 blocks"),
        (
            _region([1], (0, 0, 0), (1, 1, 1), TileEntities=List[Compound]([_xyz(1, 0, 0)])),
            "outside its region",
        ),
    ],
)
def test_damage_is_refused(tmp_path: Path, region: Compound, word: str) -> None:
    with pytest.raises(FormatError, match=word):
        read_litematic(_write(tmp_path / "x.litematic", {"a": region}))


def test_unknown_version_and_empty_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"version 4"):
        read_litematic(_write(tmp_path / "x.litematic", {"a": _region([1], (0, 0, 0), (1, 1, 1))}, version=4))
    with pytest.raises(FormatError, match="no region"):
        read_litematic(_write(tmp_path / "x.litematic", {}))
