"""Independent readers agree with the board, block for block and block entity for block entity.

nbtlib with its own unpacking, anvil-parser2, and (marked `oracle`, each in its own Python) nucleation
and amulet-core.
"""

from __future__ import annotations

import importlib.util
import io
import json
import os
import shutil
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import anvil
import nbtlib
import pytest

from craftc.blocks import Volume
from craftc.export.schem import write_schem

Pos = tuple[int, int, int]
Facts = dict[Pos, tuple[str, object]]
Content = Callable[[Mapping[str, Any]], object]

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def _shift(facts: Facts, by: Pos) -> Facts:
    return {(x + by[0], y + by[1], z + by[2]): v for (x, y, z), v in facts.items()}


def _text(name: str, props: Mapping[str, Any]) -> str:
    inner = ",".join(f"{k}={props[k]}" for k in sorted(props))
    return f"{name}[{inner}]" if inner else name


def _chunks(region: Path) -> Iterator[Any]:
    """Yield every chunk as nbtlib reads it; sectors, lengths and zlib are handled here."""
    data = region.read_bytes()
    for entry in struct.unpack(">1024I", data[:4096]):
        if entry:
            at = (entry >> 8) * 4096
            length, kind = struct.unpack(">IB", data[at : at + 5])
            assert kind == 2 and length <= (entry & 255) * 4096
            yield nbtlib.File.parse(io.BytesIO(zlib.decompress(data[at + 5 : at + 4 + length])))


def _by_nbtlib(world: Path, content: Content) -> Facts:
    found: dict[Pos, str] = {}
    contents: dict[Pos, object] = {}
    for region in sorted((world / "region").glob("*.mca")):
        for chunk in _chunks(region):
            cx, cz = int(chunk["xPos"]), int(chunk["zPos"])
            for section in chunk["sections"]:
                for cell, state in _section(section["block_states"]):
                    y = 16 * int(section["Y"]) + cell // 256
                    found[16 * cx + cell % 16, y, 16 * cz + cell // 16 % 16] = state
            for e in chunk["block_entities"]:
                contents[int(e["x"]), int(e["y"]), int(e["z"])] = content(e)
    assert contents.keys() <= found.keys()
    return {p: (s, contents.get(p)) for p, s in found.items()}


def _section(blocks: Any) -> Iterator[tuple[int, str]]:
    """Yield (cell, state) of the cells that are not air, one plain integer at a time."""
    states = [_text(str(p["Name"]), p.get("Properties", {})) for p in blocks["palette"]]
    if len(states) == 1:
        yield from ((i, states[0]) for i in range(4096 if states[0] != "minecraft:air" else 0))
        return
    bits = max(4, (len(states) - 1).bit_length())
    per = 64 // bits
    words = [int(w) & (1 << 64) - 1 for w in blocks["data"]]
    for cell in range(4096):
        state = states[words[cell // per] >> (cell % per * bits) & (1 << bits) - 1]
        if state != "minecraft:air":
            yield cell, state


def test_nbtlib_agrees(board: Volume, facts: Facts, world: Path, content: Content) -> None:
    assert _by_nbtlib(world, content) == _shift(facts, board.origin)


def test_anvil_parser_agrees(board: Volume, facts: Facts, world: Path, content: Content) -> None:
    regions: dict[str, Any] = {}
    chunks: dict[tuple[int, int], Any] = {}
    for (x, y, z), (state, _) in _shift(facts, board.origin).items():
        cx, cz = x >> 4, z >> 4
        name = f"r.{cx >> 5}.{cz >> 5}.mca"
        if name not in regions:
            regions[name] = anvil.Region.from_file(str(world / "region" / name))
        if (cx, cz) not in chunks:
            chunks[cx, cz] = anvil.Chunk.from_region(regions[name], cx, cz)
        block = chunks[cx, cz].get_block(x & 15, y, z & 15)
        assert _text(f"{block.namespace}:{block.id}", block.properties) == state, (x, y, z)
        assert chunks[cx, cz].get_block(x & 15, 100, z & 15).id == "air"
    wanted = {p: c for p, (_, c) in _shift(facts, board.origin).items() if c is not None}
    found = {}
    for chunk in chunks.values():
        for e in chunk.tile_entities:
            found[e["x"].value, e["y"].value, e["z"].value] = content(_plain_tags(e))
    assert found == wanted


def _plain_tags(tag: Any) -> Any:
    """Return an NBT-package tag as plain data."""
    if hasattr(tag, "keys"):
        return {k: _plain_tags(tag[k]) for k in tag}
    return [_plain_tags(t) for t in tag.tags] if hasattr(tag, "tags") else tag.value


@pytest.mark.parametrize("version", [2, 3])
def test_nbtlib_agrees_on_schematics(
    board: Volume, facts: Facts, content: Content, tmp_path: Path, version: int
) -> None:
    write_schem(board, tmp_path / "b.schem", version)
    root = nbtlib.load(tmp_path / "b.schem", gzipped=True)
    body = root if version == 2 else root["Schematic"]["Blocks"]
    size = root if version == 2 else root["Schematic"]
    width, length = int(size["Width"]), int(size["Length"])
    states = {int(v): str(k) for k, v in body["Palette"].items()}
    found: Facts = {}
    for i, index in enumerate(_varints(bytes(body["BlockData" if version == 2 else "Data"]))):
        if states[index] != "minecraft:air":
            found[i % width, i // width // length, i // width % length] = (states[index], None)
    for e in body["BlockEntities"]:
        x, y, z = (int(v) for v in e["Pos"])
        found[x, y, z] = (found[x, y, z][0], content(e if version == 2 else e["Data"]))
    assert found == facts


def _varints(data: bytes) -> Iterator[int]:
    value = shift = 0
    for byte in data:
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            yield value
            value = shift = 0


def test_the_comparison_sees_one_changed_signal(
    board: Volume, facts: Facts, world: Path, content: Content, tmp_path: Path
) -> None:
    shutil.copytree(world, tmp_path / "w")
    region = tmp_path / "w" / "region" / "r.0.0.mca"
    data = bytearray(region.read_bytes())
    old, new = b"OutputSignal\0\0\0\x09", b"OutputSignal\0\0\0\x08"
    for entry in struct.unpack(">1024I", data[:4096]):
        at = (entry >> 8) * 4096
        length = struct.unpack(">I", data[at : at + 4])[0] if entry else 0
        chunk = zlib.decompress(data[at + 5 : at + 4 + length]) if entry else b""
        if old in chunk:
            break
    assert old in chunk
    packed = zlib.compress(chunk.replace(old, new, 1), 9)
    assert len(packed) < length
    data[at : at + 5 + len(packed)] = struct.pack(">IB", len(packed) + 1, 2) + packed
    region.write_bytes(data)
    found, wanted = _by_nbtlib(tmp_path / "w", content), _shift(facts, board.origin)
    assert sum(found[p] != wanted[p] for p in wanted) == 1


def _outside(python: str | None, script: str, source: Path, out: Path, content: Content) -> Facts:
    """Return what a reader script in another Python sees."""
    if python is None:
        pytest.skip(f"no Python for {script}")
    subprocess.run([python, str(HERE / script), str(source), str(out)], check=True, timeout=300)
    rows = json.loads(out.read_text())
    return {(x, y, z): (state, content(fields) if fields else None) for x, y, z, state, fields in rows}


def _python_for(module: str, variable: str, folder: str) -> str | None:
    """Return a Python that has `module`: named by an environment variable, or in a folder, or this one."""
    for candidate in (os.environ.get(variable), ROOT / folder / "bin" / "python"):
        if candidate and Path(candidate).exists():
            return str(candidate)
    return sys.executable if importlib.util.find_spec(module) else None


@pytest.mark.oracle
def test_nucleation_agrees(
    board: Volume, facts: Facts, world: Path, content: Content, tmp_path: Path
) -> None:
    python = _python_for("nucleation", "CRAFTC_JUDGE_PYTHON", ".venv-judge")
    script = "read_with_nucleation.py"
    found = _outside(python, script, world, tmp_path / "w.json", content)
    assert found == _shift(facts, board.origin)
    for version in (2, 3):
        path = tmp_path / f"b{version}.schem"
        write_schem(board, path, version)
        assert _outside(python, script, path, tmp_path / "s.json", content) == facts


@pytest.mark.oracle
def test_amulet_agrees(board: Volume, facts: Facts, world: Path, content: Content, tmp_path: Path) -> None:
    python = _python_for("amulet", "CRAFTC_AMULET_PYTHON", ".venv-amulet")
    shutil.copytree(world, tmp_path / "w")  # amulet rewrites session.lock
    found = _outside(python, "read_with_amulet.py", tmp_path / "w", tmp_path / "w.json", content)
    wanted = {p: (_dry(s), c) for p, (s, c) in _shift(facts, board.origin).items()}
    assert {p: (_dry(s), c) for p, (s, c) in found.items()} == wanted


def _dry(state: str) -> str:
    """Return the state without `waterlogged=false`, which amulet keeps in another place."""
    return state.replace(",waterlogged=false", "").replace("waterlogged=false", "").replace("[]", "")
