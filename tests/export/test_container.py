"""Items for signals, in both item forms, against the comparator rule."""

from __future__ import annotations

from fractions import Fraction

import mcschematic
import pytest

from craftc.errors import ConfigError, FormatError
from craftc.export import nbt, nbt_read
from craftc.export.container import SLOTS, VERSIONS, items_for, items_tag, signal_of, version

TABLE = [0, 1, 124, 247, 371, 494, 618, 741, 864, 988, 1111, 1235, 1358, 1482, 1605, 1728]


def _rule(items: int, slots: int) -> int:
    fill = Fraction(items, 64 * slots)
    return int(14 * fill) + (1 if items else 0)


def test_barrel_table() -> None:
    assert [items_for(s) for s in range(16)] == TABLE


@pytest.mark.parametrize("slots", sorted(set(SLOTS.values())))
def test_every_signal_follows_the_rule_and_is_minimal(slots: int) -> None:
    for signal in range(16):
        items = items_for(signal, slots)
        assert _rule(items, slots) == signal
        assert items == 0 or _rule(items - 1, slots) == signal - 1


@pytest.mark.parametrize("mc", sorted(VERSIONS))
@pytest.mark.parametrize("signal", range(16))
def test_items_read_back(mc: str, signal: int) -> None:
    tag = items_tag(signal, 27, version(mc))
    _, root = nbt_read.parse(nbt.document({"Items": tag}), "test")
    assert signal_of(root["Items"], 27, "test") == signal
    assert all(("Count" in item) == (mc == "1.20.4") for item in root["Items"])
    assert [item["Slot"] for item in root["Items"]] == list(range(-(-TABLE[signal] // 64)))


def test_unstackable_items_count_as_full_slots() -> None:
    shovels = [{"Slot": i, "id": "minecraft:wooden_shovel", "Count": 1} for i in range(27)]
    assert signal_of(shovels, 27, "test") == 15
    assert signal_of(shovels[:2], 27, "test") == 2


@pytest.mark.parametrize(
    ("items", "why"),
    [
        ([{"Slot": 27, "id": "minecraft:redstone", "Count": 1}], "slot 27"),
        ([{"Slot": 0, "id": "minecraft:redstone", "Count": 65}], "65 x"),
        ([{"Slot": 0, "id": "minecraft:redstone", "Count": 1}] * 2, "slot 0"),
        ([{"Slot": 0, "id": "mod:thing", "Count": 1}], "unknown stack size"),
        ([{"Slot": 0, "id": "minecraft:redstone"}], "Count is missing"),
    ],
)
def test_bad_items_are_refused(items: list[dict[str, object]], why: str) -> None:
    with pytest.raises(FormatError, match=why):
        signal_of(items, 27, "test")


def test_data_versions_are_those_of_mcschematic() -> None:
    for name, row in VERSIONS.items():
        assert row.data_version == mcschematic.Version["JE_" + name.replace(".", "_")].value


def test_unknown_version_names_the_supported_ones() -> None:
    with pytest.raises(ConfigError, match=r"'1\.8'.*1\.20\.4, 1\.20\.6, 1\.21\.1"):
        version("1.8")


def test_signal_out_of_range_is_refused() -> None:
    with pytest.raises(FormatError, match="signal 16"):
        items_for(16)
