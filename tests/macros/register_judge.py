"""Runs a settled .schem in an outside simulator and prints dust levels as JSON (Python 3.12, nucleation).

Usage: register_judge.py JOB.json; the job holds `schem`, `engine` (mchprs, mchprs-opt, mc-tick), `origin`
[x, y, z] (mc-tick only), `uses` [[gt, [x, y, z]], ...] (levers to toggle, even times), `probes`
[[x, y, z], ...] (dust) and `ticks` (gt, even). Prints a list: levels of all probes after every second game
tick.
"""

import json
import re
import sys
from pathlib import Path

import nucleation as nu


def run_mchprs(job, schematic, uses):
    probes = [tuple(p) for p in job["probes"]]
    world = nu.MchprsWorld.create_with_custom_io(
        schematic, job["engine"] == "mchprs-opt", False, [v for p in probes for v in p]
    )
    rows = []
    for step in range(job["ticks"] // 2):
        for lever in uses.get(2 * step, ()):
            world.on_use_block(*lever)
        world.tick(1)  # redstone ticks
        world.flush()
        rows.append([world.get_redstone_power(*p) for p in probes])
    return rows


def run_mc_tick(job, schematic, uses):
    simulation = nu.TickSimulation.from_schematic(schematic, nu.TickSettleMode.InWorld, *job["origin"], "")
    rows = []
    for step in range(job["ticks"] // 2):
        for lever in uses.get(2 * step, ()):
            simulation.use_block(*lever)
        simulation.run(2)
        states = [simulation.get_block(*p) for p in job["probes"]]
        rows.append([int(re.search(r"power=(\d+)", s)[1]) for s in states])
    return rows


def main():
    job = json.loads(Path(sys.argv[1]).read_text())
    schematic = nu.Schematic.from_data(Path(job["schem"]).read_bytes())
    uses = {}
    for time, lever in job["uses"]:
        uses.setdefault(time, []).append(lever)
    run = run_mc_tick if job["engine"] == "mc-tick" else run_mchprs
    print(json.dumps(run(job, schematic, uses)))


main()
