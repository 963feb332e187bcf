"""Runs a settled .schem with lever uses in an outside simulator (Python 3.12, nucleation).

Usage: octal_judge.py JOB.json; the job holds `schem`, `engine` (mchprs, mchprs-opt, mc-tick),
`origin` [x, y, z] (mc-tick only), `uses` [[rt, x, y, z], ...], `probes` [[x, y, z], ...], `ticks` (rt).
Prints a list: levels of all probes (dust) after every redstone tick.
"""

import json
import re
import sys
from pathlib import Path

import nucleation as nu


def run(job, schematic):
    probes = [tuple(p) for p in job["probes"]]
    uses = {}
    for time, *pos in job["uses"]:
        uses.setdefault(time, []).append(pos)
    outside = job["engine"] != "mc-tick"
    if outside:
        flat = [v for p in probes for v in p]
        world = nu.MchprsWorld.create_with_custom_io(schematic, job["engine"] == "mchprs-opt", False, flat)
        use = world.on_use_block
    else:
        world = nu.TickSimulation.from_schematic(schematic, nu.TickSettleMode.InWorld, *job["origin"], "")
        use = world.use_block
    rows = []
    for step in range(job["ticks"]):
        for pos in uses.get(step, ()):
            use(*pos)
        if outside:
            world.tick(1)
            world.flush()
            rows.append([world.get_redstone_power(*p) for p in probes])
        else:
            world.run(2)
            rows.append([int(re.search(r"power=(\d+)", world.get_block(*p))[1]) for p in probes])
    return rows


def main():
    job = json.loads(Path(sys.argv[1]).read_text())
    schematic = nu.Schematic.from_data(Path(job["schem"]).read_bytes())
    print(json.dumps(run(job, schematic)))


main()
