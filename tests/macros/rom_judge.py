"""Runs a settled .schem in an outside simulator and prints dust levels as JSON (Python 3.12, nucleation).

Usage: rom_judge.py JOB.json; the job holds `schem`, `engine` (mchprs, mchprs-opt, mc-tick), `origin`
[x, y, z] (mc-tick only), `lever` [x, y, z], `press` [gt, ...] (even), `probes` [[x, y, z], ...] and
`ticks` (gt, even).
Prints a list: levels of all probes after every second game tick.
"""

import json
import re
import sys
from pathlib import Path

import nucleation as nu


def run_mchprs(job, schematic):
    probes = [tuple(p) for p in job["probes"]]
    world = nu.MchprsWorld.create_with_custom_io(
        schematic, job["engine"] == "mchprs-opt", False, [v for p in probes for v in p]
    )
    rows = []
    for step in range(job["ticks"] // 2):
        if 2 * step in job["press"]:
            world.on_use_block(*job["lever"])
        world.tick(1)  # redstone ticks
        world.flush()
        rows.append([world.get_redstone_power(*p) for p in probes])
    return rows


def run_mc_tick(job, schematic):
    simulation = nu.TickSimulation.from_schematic(schematic, nu.TickSettleMode.InWorld, *job["origin"], "")
    rows = []
    for step in range(job["ticks"] // 2):
        if 2 * step in job["press"]:
            simulation.use_block(*job["lever"])
        simulation.run(2)
        states = [simulation.get_block(*p) for p in job["probes"]]
        rows.append([int(re.search(r"power=(\d+)", s)[1]) for s in states])
    return rows


def main():
    job = json.loads(Path(sys.argv[1]).read_text())
    schematic = nu.Schematic.from_data(Path(job["schem"]).read_bytes())
    run = run_mc_tick if job["engine"] == "mc-tick" else run_mchprs
    print(json.dumps(run(job, schematic)))


main()
