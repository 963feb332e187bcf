"""io.json: what is written is read back, and everything else is refused by name."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from craftc.errors import FormatError
from craftc.export.io_map import (
    Expected,
    Input,
    IoMap,
    Output,
    Register,
    dumps,
    from_plain,
    load_io,
    save_io,
    to_plain,
)

BITS = ((1, 2, 3), (2, 2, 3), (3, 2, 3), (4, 2, 3))


def small() -> IoMap:
    """An interface with two levers, two classes and both kinds of registers."""
    return IoMap(
        (-5, 0, -5),
        (20, 10, 20),
        {
            "lever_1": Input((0, 1, 1), "lever", "level"),
            "lever_0": Input((-4, 1, 0), "lever", "level"),
            "run": Input((0, 1, 2), "stone_button", "pulse"),
            "reset": Input((0, 1, 4), "stone_button", "pulse"),
        },
        {"class_0": Output((5, 1, 0)), "class_1": Output((5, 1, 2)), "done": Output((5, 1, 4))},
        Expected(10, 240, 24),
        {"h.0.0": Register(0, 0, BITS, at_gt=200), "h.0.1": Register(0, 1, pos=(7, 1, 1))},
        {"clock": (3, 3, 3)},
    )


def test_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "io.json"
    save_io(small(), path)
    assert load_io(path) == small()
    assert path.read_text() == dumps(small()) and dumps(small()).endswith("}\n")


def test_order_of_names_does_not_reach_the_file() -> None:
    io = small()
    turned = replace(io, inputs=dict(reversed(io.inputs.items())), outputs=dict(reversed(io.outputs.items())))
    assert dumps(turned) == dumps(io)


def test_positions() -> None:
    io = small()
    assert io.levers == ((-4, 1, 0), (0, 1, 1)) and io.classes == ((5, 1, 0), (5, 1, 2))
    assert io.local((-4, 1, 0)) == (1, 1, 5)
    assert io.registers["h.0.0"].cells == BITS and io.registers["h.0.1"].cells == ((7, 1, 1),)


def set_at(plain: Any, path: tuple[str, ...], value: Any) -> None:
    """Put a value into nested dictionaries; None removes."""
    for key in path[:-1]:
        plain = plain[key]
    if value is None:
        del plain[path[-1]]
    else:
        plain[path[-1]] = value


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("version",), 2, "version is 2 (legal: 1)"),
        (("version",), None, "version is None"),
        (("extra",), 1, "unknown key 'extra'"),
        (("expected", "slots"), None, "no key 'slots'"),
        (("expected", "slots"), 1.5, "expected slots: is 1.5"),
        (("expected", "slots"), 0, "legal: numbers above 0"),
        (("origin",), [0, 0, 0], "origin is not the low corner"),
        (("box", "high"), [-5, 0, -5], "is empty"),
        (("box", "low"), [0, 0], "[x, y, z]"),
        (("inputs", "run", "kind"), "edge", "pulse or level"),
        (("inputs", "run", "pos"), [0, 1, "2"], "input run: is [0, 1, '2']"),
        (("inputs", "run", "pos"), [0, 1, 99], "run at (0, 1, 99) lies outside"),
        (("inputs", "run", "name"), "x", "input run: unknown key 'name'"),
        (("inputs", "run"), None, "has no run"),
        (("inputs", "lever_0"), None, "has no lever_0"),
        (("outputs", "done"), None, "has no done"),
        (("outputs", "class_1"), {"pos": [5, 1, 2], "block": ""}, "output class_1: is ''"),
        (("registers", "h.0.0", "index"), 5, "legal: h.0.5"),
        (("registers", "h.0.0", "bits"), [[1, 2, 3]], "has 1 bits"),
        (("registers", "h.0.0", "bits"), 7, "a list of positions"),
        (("registers", "h.0.0", "at_gt"), 0, "legal: 1..240"),
        (("registers", "h.0.0", "at_gt"), 241, "legal: 1..240"),
        (("registers", "h.0.1", "kind"), "bits", "legal: level"),
        (("registers", "h.0.1", "bits"), [], "unknown key 'bits'"),
        (("registers",), [], "is no JSON object"),
        (("probes", "clock"), [99, 3, 3], "clock at (99, 3, 3) lies outside"),
    ],
)
def test_bad_fields_are_refused_by_name(path: tuple[str, ...], value: Any, message: str) -> None:
    plain = copy.deepcopy(to_plain(small()))
    set_at(plain, path, value)
    with pytest.raises(FormatError) as caught:
        from_plain(plain, "x/io.json")
    assert message in str(caught.value) and str(caught.value).startswith("x/io.json")


def test_bad_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "io.json"
    with pytest.raises(FormatError, match="no such file"):
        load_io(path)
    path.write_text("{")
    with pytest.raises(FormatError, match="cannot be read"):
        load_io(path)
    path.write_text(json.dumps([1]))
    with pytest.raises(FormatError, match="no JSON object"):
        load_io(path)
