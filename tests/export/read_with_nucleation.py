"""Read a world folder or a .schem with nucleation; write [[x, y, z, state, fields or null], ...] as JSON.

Runs in the judges' Python: `python read_with_nucleation.py WORLD_OR_SCHEM OUT.json`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import nucleation


def plain(value: Any) -> Any:
    """Return a tagged JSON value ({"Int": 5}, {"List": [...]}) without its type names."""
    if isinstance(value, dict) and len(value) == 1:
        kind, inner = next(iter(value.items()))
        if kind in ("Byte", "Short", "Int", "Long", "Float", "Double", "String"):
            return inner
        if kind == "Compound":
            return {k: plain(v) for k, v in inner.items()}
        if kind in ("List", "ByteArray", "IntArray", "LongArray"):
            return [plain(v) for v in inner]
    return value


def main(source: Path, out: Path) -> None:
    """Write what nucleation sees in `source`."""
    opener = nucleation.Schematic.from_world_directory if source.is_dir() else nucleation.Schematic.open
    board = opener(str(source))
    entities = {
        tuple(e["position"]): {"id": e["id"]} | {k: plain(v) for k, v in e["nbt"].items()}
        for e in json.loads(board.get_all_block_entities_json())
    }
    rows = []
    for block in json.loads(board.get_non_air_blocks_json()):
        props = ",".join(f"{k}={v}" for k, v in sorted(block["properties"]))
        at = (block["x"], block["y"], block["z"])
        rows.append([*at, block["name"] + (f"[{props}]" if props else ""), entities.pop(at, None)])
    rows += [[*at, "no block", fields] for at, fields in entities.items()]
    out.write_text(json.dumps(rows))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
