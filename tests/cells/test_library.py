"""The cell library: every cell of the repository loads, every fault is refused by name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from craftc.cells.library import cell_names, load_cell, read_cell
from craftc.errors import CellError

GOOD = """
name = "demo"
x0 = -1
const = "mixed"
purpose = "Shows the format."
[[ports]]
name = "in"
pos = [-1, 1, 0]
direction = "in"
kind = "binary"
unit = "strength 0 or 15"
side = "west"
[[probes]]
name = "mid"
pos = [0, 1, 0]
[timing]
delay_gt = 2
contract = "out follows in"
[provenance]
source = "test"
[vectors]
file = "truth.json"
"""
LAYOUT = "     y=0  y=1\nz=0  ###  -e-\n"


def write(folder: Path, toml: str = GOOD, layout: str = LAYOUT) -> Path:
    cell = folder / "demo"
    cell.mkdir()
    (cell / "cell.toml").write_text(toml)
    (cell / "layout.txt").write_text(layout)
    return cell


def test_every_cell_of_the_repository_loads() -> None:
    assert "rom_bank" in cell_names()
    for name in cell_names():
        assert load_cell(name).name == name


def test_a_cell_is_read_whole(tmp_path: Path) -> None:
    cell = read_cell(write(tmp_path))
    port = cell.ports["in"]
    assert (port.pos, port.direction, port.kind, port.side, port.latency_rt) == (
        (0, 1, 0),
        "in",
        "binary",
        "west",
        0,
    )
    assert cell.units["in"] == "strength 0 or 15"
    assert cell.probes == {"mid": (1, 1, 0)}
    assert cell.timing == {"delay_gt": 2, "contract": "out follows in"}
    assert cell.drawing.corner == (-1, 0, 0)
    assert cell.vectors["file"] == "truth.json"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("x0 = -1", "x0 = -1\nx1 = 2", "unknown key 'x1'"),
        ('unit = "strength 0 or 15"', 'units = "strength 0 or 15"', "unknown key 'units'"),
        ('purpose = "Shows the format."', "", "key 'purpose' is missing"),
        ('name = "demo"', 'name = "other"', "name is 'other'"),
        ('const = "mixed"', 'const = "hex"', "const is 'hex'"),
        ("x0 = -1", 'x0 = "-1"', "x0 is '-1'"),
        ('kind = "binary"', 'kind = "analog"', "kind is 'analog'"),
        ('side = "west"', 'side = "left"', "side is 'left'"),
        ("pos = [-1, 1, 0]", "pos = [7, 1, 0]", "outside the drawing"),
        ("pos = [-1, 1, 0]", "pos = [-1, 1]", "pos is [-1, 1]"),
        ("delay_gt = 2", "delay_gt = 2.5", "delay_gt is 2.5"),
        ('side = "west"', "latency_gt = 3", "odd latency_gt"),
        ('source = "test"', "source = 3", "source is 3"),
        ("x0 = -1", "x0 = ", "cannot be read"),
    ],
)
def test_faults_are_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in GOOD
    with pytest.raises(CellError, match=re.escape(message)) as caught:
        read_cell(write(tmp_path, GOOD.replace(old, new, 1)))
    assert caught.value.where.startswith("demo/cell.toml")


def test_a_bad_drawing_names_its_line(tmp_path: Path) -> None:
    with pytest.raises(CellError, match="line 2"):
        read_cell(write(tmp_path, layout=LAYOUT.replace("e", "$")))


@pytest.mark.parametrize("name", ["no_such_cell", "../circuits/rom_bank", ""])
def test_an_unknown_cell_names_the_known_ones(name: str) -> None:
    with pytest.raises(CellError, match="rom_bank"):
        load_cell(name)
