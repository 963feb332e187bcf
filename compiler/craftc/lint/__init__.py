"""Lints of placed redstone: what a build should not depend on, found in its blocks and in its runs.

findings   rules, findings, the report
history    what every component did in a run
pulses     races, short pulses and torch burn-out in a history (kernels)
orders     the same run under other orders, rotations and mirrors
still      rules on the blocks alone: dust, idle components, judges that differ
chunks     chunks that are not kept loaded
board      `lint_board`, `lint_world`: everything together
"""

from craftc.lint.board import Setting, lint_board
from craftc.lint.findings import Finding, LintReport
from craftc.lint.history import Stimulus

__all__ = ["Finding", "LintReport", "Setting", "Stimulus", "lint_board"]
