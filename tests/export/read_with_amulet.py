"""Read a world with amulet-core; write [[x, y, z, state, fields or null], ...] as JSON.

Runs in a Python that has amulet-core: `python read_with_amulet.py WORLD OUT.json`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import amulet
import numpy as np


def state_text(block: Any) -> str:
    """Return the state in the form name[key=value,...], keys sorted."""
    props = ",".join(f"{k}={v.py_str}" for k, v in sorted(block.properties.items()))
    return str(block.namespaced_name) + (f"[{props}]" if props else "")


def plain(tag: Any) -> Any:
    """Return an NBT tag as plain JSON data."""
    value = tag.py_data
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in tag.items()}
    if isinstance(value, list):
        return [plain(v) for v in tag]
    return value if isinstance(value, (int, float, str)) else [int(v) for v in value]


def main(source: str, out: Path) -> None:
    """Write what amulet sees in `source`."""
    level = amulet.load_level(source)
    overworld, version = "minecraft:overworld", ("java", (1, 20, 4))
    rows = []
    try:
        for cx, cz in sorted(level.all_chunk_coords(overworld)):
            blocks = level.get_chunk(cx, cz, overworld).blocks
            for cy in sorted(blocks.sections):
                airs = [i for i, b in enumerate(level.block_palette.blocks) if b.base_name == "air"]
                for x, y, z in np.argwhere(~np.isin(blocks.get_section(cy), airs)).tolist():
                    at = (16 * cx + x, 16 * cy + y, 16 * cz + z)
                    block, entity = level.get_version_block(*at, overworld, version)
                    fields = {"id": entity.namespaced_name} | plain(entity.nbt.compound) if entity else None
                    rows.append([*at, state_text(block), fields])
    finally:
        level.close()
    out.write_text(json.dumps(rows))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
