"""Verification of builds on disk: a few real blocks pass, and every single fault is found and named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from craftc.blocks import Volume
from craftc.errors import ConfigError, CraftcError, FormatError, MismatchError, SimError
from craftc.export.io_map import load_io
from craftc.export.schem import write_schem
from craftc.model import save_checkpoint
from craftc.model.checkpoint import Checkpoint
from craftc.verify import Vectors, run_once, run_verify, save_vectors

from .damage import set_block, swap_bits, swap_lamps, with_blocks, with_interface
from .tiny_machine import CUT, GATE, build_blocks, checkpoint, write_build


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound build; tests must not change it."""
    return write_build(tmp_path_factory.mktemp("good") / "tiny")


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """A sound build that a test may damage."""
    return write_build(tmp_path / "tiny")


def edit_io(build: Path, change: Any) -> None:
    """Apply a function to io.json."""
    path = build / "craftc" / "io.json"
    plain = json.loads(path.read_text())
    change(plain)
    path.write_text(json.dumps(plain))


def broken(build: Path, pos: tuple[int, int, int], state: str) -> Path:
    """Write a build beside `build` in which one block is another one."""
    volume, corner = build_blocks()
    assert isinstance(volume, Volume)
    volume.set((pos[0] - corner[0], pos[1] - corner[1], pos[2] - corner[2]), state)
    return write_build(build.with_name("broken"), volume)


def failure(build: Path, **options: Any) -> str:
    """Return the message of a verification that fails."""
    with pytest.raises(MismatchError) as caught:
        run_verify(build, **options)
    return str(caught.value)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_sound_build_passes(good: Path, jobs: int) -> None:
    report = run_verify(good, jobs=jobs)
    assert (report.vectors, report.mismatches, report.accuracy) == (4, 0, 1.0)
    assert report.registers_checked == 2 * (4 + 6 + 1 + 16) and report.checks == 44
    assert 0 < report.redstone_ticks < 10 and report.events > 0 and report.nodes > 20


def test_a_limit_leaves_out_vectors(good: Path) -> None:
    assert run_verify(good, limit=2).vectors == 2
    with pytest.raises(ConfigError, match="limit is 0"):
        run_verify(good, limit=0)
    with pytest.raises(ConfigError, match="jobs is 0"):
        run_verify(good, jobs=0)


def test_a_cut_lever_wire_is_found(good: Path, tmp_path: Path) -> None:
    message = failure(broken(tmp_path / "x", CUT, "air"))
    assert "layer 0, h.0.1, game tick" in message and "is 0, should be 1 (vector 1;" in message


def test_a_changed_gate_is_found(tmp_path: Path) -> None:
    """Dust instead of the comparator: class 1 lights for h.0.0 or h.0.1."""
    wire = "redstone_wire[east=side,north=side,power=0,south=none,west=side]"
    message = failure(broken(tmp_path / "x", GATE, wire))
    assert "class, game tick" in message and "is 1, should be 0 (vector 2;" in message


def test_a_swapped_register_bit_is_found(good: Path, tmp_path: Path) -> None:
    with_interface(good, tmp_path / "bad", swap_bits("h.0.0", 0, 2))
    message = failure(tmp_path / "bad")
    assert "layer 0, h.0.0, game tick" in message and "is 4, should be 1 (vector 2;" in message


def test_a_wrong_lamp_label_is_found(good: Path, tmp_path: Path) -> None:
    with_interface(good, tmp_path / "bad", swap_lamps())
    message = failure(tmp_path / "bad")
    assert "class, game tick" in message and "is 1, should be 0 (vector 0; " in message


@pytest.mark.parametrize(
    ("name", "block", "legal"),
    [
        ("class_1", "stone", "redstone_lamp"),
        ("lever_0", "air", "lever"),
        ("run", "oak_button[face=floor,facing=north,powered=false]", "stone_button"),
        ("h.0.1", "stone", "repeater"),
    ],
)
def test_another_block_at_a_named_place_is_found(
    name: str, block: str, legal: str, good: Path, tmp_path: Path
) -> None:
    io = load_io(good / "craftc" / "io.json")
    places = {n: p.pos for n, p in {**io.inputs, **io.outputs}.items()}
    places |= {n: r.cells[0] for n, r in io.registers.items()}
    with_blocks(good, tmp_path / "bad", lambda v: set_block(v, places[name], block))
    message = failure(tmp_path / "bad")
    assert f"{name} at {places[name]} is minecraft:" in message and f"legal: {legal}" in message


@pytest.mark.parametrize(
    ("pos", "state", "what"),
    [
        ((1, 0, 10), "repeater[delay=1,facing=west,locked=false,powered=true]", "repeater"),
        ((7, 0, 8), "redstone_lamp[lit=true]", "redstone_lamp"),
    ],
)
def test_a_state_that_is_not_at_rest_is_refused(
    pos: tuple[int, int, int], state: str, what: str, tmp_path: Path
) -> None:
    with pytest.raises(SimError) as caught:
        run_verify(broken(tmp_path / "x", pos, state))
    assert f"minecraft:{what}" in str(caught.value) and "their inputs contradict" in str(caught.value)


def test_a_dead_lamp_is_found(good: Path, tmp_path: Path) -> None:
    """The repeater in front of lamp 1 is gone."""
    lamp = load_io(good / "craftc" / "io.json").classes[1]
    with_blocks(good, tmp_path / "bad", lambda v: set_block(v, (lamp[0] - 1, lamp[1], lamp[2]), "air"))
    assert "class, game tick" in failure(tmp_path / "bad")


def test_another_model_is_found(build: Path) -> None:
    (layer0, layer1) = checkpoint().layers
    save_checkpoint(Checkpoint("tiny", (layer0, layer1), {"note": "x"}), build / "craftc" / "model.pt")
    assert "report.json says" in failure(build)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: p["registers"].pop("h.0.1"), "lacks register h.0.1"),
        (lambda p: p["registers"].update({"h.1.0": p["registers"]["h.0.0"] | {"layer": 1}}), "h.1.0"),
        (lambda p: p["inputs"].pop("lever_1"), "has 1 levers, the model 2"),
        (lambda p: p["outputs"].pop("class_1"), "has 1 class lamps, the model 2"),
    ],
)
def test_an_interface_that_does_not_fit_is_found(build: Path, change: Any, message: str) -> None:
    edit_io(build, change)
    assert message in failure(build)


def test_vectors_of_another_width_are_found(build: Path) -> None:
    one = np.zeros(1, dtype=np.int64)
    save_vectors(Vectors(np.zeros((1, 3), dtype=np.uint8), one, one), build / "craftc" / "vectors.npz")
    assert "has 3 bits per test vector, the model 2" in failure(build)


@pytest.mark.parametrize("name", ["build.schem", "io.json", "model.pt", "report.json", "vectors.npz"])
@pytest.mark.parametrize("damage", ["absent", "garbage"])
def test_missing_and_damaged_files_are_refused(build: Path, name: str, damage: str) -> None:
    path = build / "craftc" / name
    path.unlink()
    if damage == "garbage":
        path.write_bytes(b"{\x00garbage")
    with pytest.raises(CraftcError) as caught:
        run_verify(build)
    assert name in str(caught.value)


def test_a_schematic_of_other_blocks_is_found(build: Path) -> None:
    volume, corner = build_blocks()
    pos = (CUT[0] - corner[0], CUT[1] - corner[1], CUT[2] - corner[2])
    volume.set(pos, "stone")
    write_schem(volume, build / "craftc" / "build.schem")
    message = failure(build)
    assert "build.schem: has minecraft:stone where the world has minecraft:redstone_wire" in message
    assert str(tuple(a + b for a, b in zip(volume.origin, pos, strict=True))) in message
    write_schem(volume.crop((0, 0, 0), (3, 2, 3)), build / "craftc" / "build.schem")
    assert "has size (3, 2, 3)" in failure(build)


def test_a_truncated_region_is_refused(build: Path) -> None:
    region = next(f for f in sorted((build / "region").iterdir()) if f.stat().st_size)
    region.write_bytes(region.read_bytes()[:5000])
    with pytest.raises(FormatError, match=r"r\.-"):
        run_verify(build)


def test_one_question(good: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    result = run_once(good, index=1, progress=lambda *a: seen.append(a))
    assert (result.bits, result.predicted, result.golden, result.label) == ((0, 1), 1, 1, 1)
    assert result.lamps == (False, True) and 0 < result.redstone_ticks < 10 and result.events > 0
    assert seen[-1] == ("run", 2, 2)
    drawn = run_once(good, bits=np.array([1, 1]))
    assert (drawn.predicted, drawn.label) == (0, None)


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ({"index": 4}, "no test image 4 (legal: 0..3)"),
        ({}, "both missing"),
        ({"index": 0, "bits": [0, 1]}, "both given"),
        ({"bits": [0, 1, 1]}, "(2,) of 0 and 1"),
        ({"bits": [0, 2]}, "(2,) of 0 and 1"),
        ({"bits": [0.5, 1.0]}, "(2,) of 0 and 1"),
    ],
)
def test_bad_questions_are_refused(good: Path, question: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        run_once(good, **question)
    assert message in str(caught.value)


def test_an_answer_of_no_lamp_is_refused(tmp_path: Path) -> None:
    dark = broken(tmp_path / "x", (7, 0, 10), "air")
    with pytest.raises(MismatchError, match="no class lamp"):
        run_once(dark, index=1)
