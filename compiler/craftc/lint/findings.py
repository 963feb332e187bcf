"""Findings of the lints, and the rules they belong to.

rule       severity  what it says
race       error     the result depends on the order of updates within one game tick
priority   warning   it would, if tick priorities did not decide; MCHPRS, mc-tick and the game agree on them
                     only in part
burnout    error     a torch burns out (8 turn-offs within 60 game ticks); warning: one turn-off short of it
pulse      warning   an input held shorter than the component's delay: swallowed or lengthened
judges     warning   a place where vanilla, MCHPRS and mc-tick are known to differ
dust       error     saved shape or power of dust is not what its neighbours imply
state      error     another saved state contradicts its inputs: it changes as soon as it is touched
support    error     a component that nothing carries
idle       warning   a component that nothing drives or nothing reads
chunk      error     a chunk with components that is not kept loaded; warning: only beside one that is
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from craftc.blocks.volume import Pos

Severity = Literal["error", "warning"]

REMEDY: Mapping[str, str] = {
    "race": "delay one of the paths, so that no input changes in the game tick in which it fires",
    "priority": "delay one of the paths by a redstone tick if the board is to run outside the game",
    "burnout": "turn it off less than 7 times in 60 game ticks: a slower clock, or a comparator instead",
    "pulse": "lengthen the pulse, or use a shorter delay",
    "judges": "use a form on which game and simulators agree if the board is to run outside the game",
    "dust": "let the shapes and powers be computed and save the settled board",
    "state": "save the settled board",
    "support": "put a full block under it (or behind it, where it hangs)",
    "idle": "connect it or remove it",
    "chunk": "add the chunk to the forced chunks (/forceload add X Z)",
}
RULES = tuple(REMEDY)


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One finding. `pos` is local to the board; `what` says it in words."""

    rule: str
    pos: Pos
    severity: Severity
    what: str

    def __str__(self) -> str:
        x, y, z = self.pos
        return f"{self.severity}: {self.rule} at {x},{y},{z}: {self.what}; {REMEDY[self.rule]}"


@dataclass(frozen=True, slots=True)
class LintReport:
    """All findings, sorted by severity, rule and position, and what was run to find them.

    game_ticks   length of the stimulated run; 0 if the board was not run
    orders       permuted orders, rotations, mirrors and places under which it was repeated
    """

    findings: tuple[Finding, ...]
    game_ticks: int = 0
    orders: int = 0

    @property
    def errors(self) -> int:
        """Number of errors."""
        return sum(finding.severity == "error" for finding in self.findings)

    @property
    def warnings(self) -> int:
        """Number of warnings."""
        return len(self.findings) - self.errors

    def counts(self) -> dict[str, int]:
        """Return the number of findings of every rule that has some, in the order of RULES."""
        found = Counter(finding.rule for finding in self.findings)
        return {rule: found[rule] for rule in RULES if found[rule]}

    def plain(self) -> dict[str, object]:
        """Return the report as it stands in report.json."""
        return {
            "errors": self.errors,
            "warnings": self.warnings,
            "rules": self.counts(),
            "game_ticks": self.game_ticks,
            "orders": self.orders,
        }


def sorted_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings without repetitions, errors first, then in the order of RULES, then by y, z, x."""
    place = {rule: index for index, rule in enumerate(RULES)}
    return tuple(
        sorted(
            set(findings),
            key=lambda f: (f.severity, place[f.rule], f.pos[1], f.pos[2], f.pos[0], f.what),
        )
    )
