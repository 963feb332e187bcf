"""Equal input gives equal bytes, whatever the hash seed of the process."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import runpy, sys
from pathlib import Path
from craftc.export.schem import write_schem
from craftc.export.world import write_world
board = runpy.run_path(sys.argv[1])["build_board"]()
out = Path(sys.argv[2])
write_world(board, out / "w", level_name="t", spawn=(0, 0, 0), spawn_yaw=90.0)
for version in (2, 3):
    write_schem(board, out / f"b{version}.schem", version)
"""


def _digest(folder: Path, seed: str) -> dict[str, str]:
    folder.mkdir()
    conftest = str(Path(__file__).with_name("conftest.py"))
    env = {**os.environ, "PYTHONHASHSEED": seed}
    subprocess.run([sys.executable, "-c", SCRIPT, conftest, str(folder)], check=True, env=env, timeout=120)
    files = (p for p in sorted(folder.rglob("*")) if p.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_hash_seed_does_not_show(tmp_path: Path) -> None:
    one, two = _digest(tmp_path / "one", "1"), _digest(tmp_path / "two", "4242")
    assert one == two
    assert {"w/level.dat", "w/data/chunks.dat", "w/region/r.-1.-1.mca", "b2.schem", "b3.schem"} <= one.keys()
