"""Threads of the floating-point library: its own would wait for each other on small matrices.

Dialogues are spread over threads of ours instead, so each product runs in one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from threadpoolctl import ThreadpoolController

MOST = 8
"""Threads that dialogues are spread over at most."""


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Runs the body with one thread in the floating-point library and restores the number afterwards."""
    with _controller().limit(limits=1, user_api="blas"):
        yield


def processors() -> int:
    """Returns how many processors this process may use, at most `MOST`."""
    affinity = getattr(os, "sched_getaffinity", None)
    count = len(affinity(0)) if affinity is not None else os.cpu_count() or 1
    return min(MOST, count)
