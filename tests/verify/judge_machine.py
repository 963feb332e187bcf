"""Asks a machine in an outside simulator (Python 3.12, nucleation): levers, RUN, lamps.

Usage: judge_machine.py JOB.json; the job holds `schem`, `engine` (mchprs, mchprs-opt, mc-tick), `origin`
[x, y, z] (mc-tick only), `levers` [[x, y, z], ...], `run` [x, y, z], `lamps` [[x, y, z], ...], `images`
[[0, 1, ...], ...] and `ticks` (redstone ticks per image). Images are asked one after another without reset.
Prints {"lamps": [[0, 1, ...], ...], "seconds": [...]}, one entry per image.
"""

import json
import sys
import time
from pathlib import Path

import nucleation as nu

LEVER_RT = 10  # for levers to take effect
EVERY_RT = 50  # readings refresh on flush only


class Mchprs:
    """MCHPRS; every lamp is an output of its own, so that the optimiser keeps it."""

    def __init__(self, job, schematic):
        flat = [v for lamp in job["lamps"] for v in lamp]
        optimise = job["engine"] == "mchprs-opt"
        self.world = nu.MchprsWorld.create_with_custom_io(schematic, optimise, False, flat)

    def use(self, pos):
        self.world.on_use_block(*pos)

    def run(self, ticks):
        for _ in range(0, ticks, EVERY_RT):
            self.world.tick(EVERY_RT)
            self.world.flush()

    def lit(self, pos):
        return int(self.world.is_lit(*pos))


class McTick:
    """mc-tick, in game ticks."""

    def __init__(self, job, schematic):
        mode = nu.TickSettleMode.InWorld
        self.world = nu.TickSimulation.from_schematic(schematic, mode, *job["origin"], "")

    def use(self, pos):
        self.world.use_block(*pos)

    def run(self, ticks):
        self.world.run(2 * ticks)

    def lit(self, pos):
        return int("lit=true" in self.world.get_block(*pos))


def main():
    job = json.loads(Path(sys.argv[1]).read_text())
    schematic = nu.Schematic.from_data(Path(job["schem"]).read_bytes())
    judge = (McTick if job["engine"] == "mc-tick" else Mchprs)(job, schematic)
    levers = [0] * len(job["levers"])
    lamps, seconds = [], []
    for image in job["images"]:
        began = time.perf_counter()
        for k, bit in enumerate(image):
            if levers[k] != bit:
                judge.use(job["levers"][k])
                levers[k] = bit
        judge.run(LEVER_RT)
        judge.use(job["run"])
        judge.run(job["ticks"])
        lamps.append([judge.lit(p) for p in job["lamps"]])
        seconds.append(time.perf_counter() - began)
    print(json.dumps({"lamps": lamps, "seconds": seconds}))


main()
