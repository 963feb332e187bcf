"""Structure files: read, and refused where they are damaged. Written here by nbtlib."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbtlib
import pytest
from nbtlib import Compound, Int, List, String

from craftc.blocks import Entity
from craftc.errors import FormatError
from craftc.export.structure_read import read_structure


def _state(name: str, **props: str) -> Compound:
    fields = Compound({"Name": String(name)})
    if props:
        fields["Properties"] = Compound({k: String(v) for k, v in props.items()})
    return fields


def _block(state: int, x: int, y: int, z: int, nbt: Compound | None = None) -> Compound:
    fields = Compound({"state": Int(state), "pos": List[Int]([Int(x), Int(y), Int(z)])})
    if nbt is not None:
        fields["nbt"] = nbt
    return fields


def _fields() -> dict[str, Any]:
    comparator = Compound({"id": String("minecraft:comparator"), "OutputSignal": Int(7)})
    return {
        "DataVersion": Int(3700),
        "size": List[Int]([Int(3), Int(2), Int(4)]),
        "palette": List[Compound]([
            _state("minecraft:stone"),
            _state("minecraft:comparator", facing="west", mode="subtract", powered="true"),
            _state("minecraft:structure_void"),
        ]),
        "blocks": List[Compound]([_block(0, 1, 0, 2), _block(1, 1, 1, 2, comparator), _block(2, 0, 0, 0)]),
        "entities": List[Compound]([]),
    }  # fmt: skip


def _write(path: Path, fields: dict[str, Any], gzipped: bool = True) -> Path:
    nbtlib.File(fields, gzipped=gzipped).save(path)
    return path


@pytest.mark.parametrize("gzipped", [True, False])
def test_blocks_and_contents(tmp_path: Path, gzipped: bool) -> None:
    volume = read_structure(_write(tmp_path / "x.nbt", _fields(), gzipped))
    assert volume.size == (3, 2, 4) and volume.placed_blocks == 2
    assert volume.get((1, 0, 2)).short == "stone"
    assert volume.get((1, 1, 2)).get("mode") == "subtract"
    assert volume.entity((1, 1, 2)) == Entity("comparator", 7)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"size": List[Int]([Int(3), Int(0), Int(4)])}, "size"),
        ({"palettes": List[List]([])}, "several palettes"),
        ({"blocks": List[Compound]([_block(9, 0, 0, 0)])}, "state 9"),
        ({"blocks": List[Compound]([_block(0, 5, 0, 0)])}, "inside"),
        ({"blocks": List[Compound]([_block(0, 0, 0, 0), _block(1, 0, 0, 0)])}, "twice"),
        ({"palette": List[Compound]([Compound({})])}, "Name"),
    ],
)
def test_damage_is_refused(tmp_path: Path, change: dict[str, Any], word: str) -> None:
    with pytest.raises(FormatError, match=word):
        read_structure(_write(tmp_path / "x.nbt", _fields() | change))


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.nbt"
    for data in (b"", b"\x1f\x8b nonsense", b"text"):
        path.write_bytes(data)
        with pytest.raises(FormatError, match=r"x\.nbt"):
            read_structure(path)
    with pytest.raises(FormatError, match="cannot be read"):
        read_structure(tmp_path / "absent.nbt")
