"""Pass `assemble`: places, wires and times the machine until taps and wires agree.

The taps of the coil depend on the delays of the wires, and the wires on where the taps lie. So the
taps are first chosen for guessed delays; after routing, trimming repeaters usually take up the rest.
Where they cannot, the taps move and the machine is routed again. Strobe delays and trims change no
port, so the wires stay as they are when the solved values are put in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from craftc.errors import RoutingError, TimingError
from craftc.macros import lane
from craftc.macros.glue import TRIM_RT
from craftc.passes.fold import LayerPlan
from craftc.passes.place import Control, Placement, Tap, place_control, place_layers
from craftc.passes.program import CALM, READ_SLOTS, Pace, Program, late_reads, program
from craftc.passes.timing import Delays, EarlyLayerError, EarlyTapError, Timing, phases, solve
from craftc.passes.wire import Learned, Wiring, connect, guess, window_name

MAX_ROUNDS = 6
MAX_ROOM = 2  # steps by which channels are widened at most
MAX_GUESSES = 12
FIRST_WORD = 2  # guessed tap of slot 0
MAX_ORIGIN_WORDS, MAX_PIPE_SLOTS = 400, 200  # far wires need a later slot 0, and more slots between layers
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, eq=False)
class Assembly:
    """A machine whose wires meet its timing."""

    placed: Placement
    made: Program
    wires: Wiring
    timing: Timing
    rounds: int


def with_late_windows(made: Program, plans: Sequence[LayerPlan]) -> Program:
    """Return the program with the windows of the readouts: late (as read), first and walk (argmax)."""
    extra = []
    for w in [w for w in made.windows if w.signal == "read"]:
        if plans[w.layer].groups == 1:
            extra.append(replace(w, signal="late"))
            continue
        for group in range(plans[w.layer].groups):
            end = w.start + READ_SLOTS * late_reads(plans[w.layer], group)
            extra.append(replace(w, signal="late", end=end, segment=group))
    first = made.of(len(plans) - 1, "read")[0]
    extra += [replace(first, signal=name, end=first.start + 1) for name in ("first", "walk")]
    return Program(tuple(sorted([*made.windows, *extra])), made.slots)


def _guess(made: Program) -> Control:
    taps, names = [], set()
    for w in made.windows:
        name = window_name(w.layer, w.signal, w.segment)
        names.add(name)
        taps += [Tap(FIRST_WORD + w.start, name, "set"), Tap(FIRST_WORD + w.end, name, "reset")]
    taps.append(Tap(FIRST_WORD + made.slots, "done", "set"))
    return Control(tuple(sorted(taps)), dict.fromkeys(sorted(names), (TRIM_RT[0], TRIM_RT[0])))


def assemble(plans: Sequence[LayerPlan], progress: Progress | None = None, pace: Pace = CALM) -> Assembly:
    """Return the routed machine; where a floorplan fails, one with wider channels is tried.

    Raises RoutingError, PlacementError or TimingError of the last floorplan if there is none.
    """
    for room in range(MAX_ROOM):
        try:
            return _assemble(_Plan(plans, pace, room), progress)
        except (RoutingError, TimingError):
            continue
    return _assemble(_Plan(plans, pace, MAX_ROOM), progress)


def _assemble(plan: _Plan, progress: Progress | None) -> Assembly:
    """Return the routed machine of one floorplan."""
    plan.settle_words()
    wires: Wiring | None = None
    for number in range(1, MAX_ROUNDS + 1):
        if progress:
            progress("route", number - 1, MAX_ROUNDS)
        wires = connect(plan.placed, plan.made, plan.control, wires)
        timing = plan.trims(wires)
        if timing is not None:
            return _finish(plan, wires, timing, number)
        plan.move(wires)
    raise TimingError(f"taps and wires still move after {MAX_ROUNDS} rounds", where="assemble")


def first_placement(plans: Sequence[LayerPlan], pace: Pace = CALM) -> tuple[Placement, Program, Control]:
    """Return the machine placed for guessed wires, its program and control: what an estimate needs."""
    plan = _Plan(plans, pace)
    plan.settle_words()
    return plan.placed, plan.made, plan.control


def _finish(plan: _Plan, wires: Wiring, timing: Timing, rounds: int) -> Assembly:
    """Put the solved delays and trims into the routed blocks: no port moves, so the wires stay."""
    placed = place_layers(plan.plans, timing.delays)
    place_control(placed, timing.control, plan.room)
    placed.machine.nets = plan.placed.machine.nets
    low = wires.volume.origin
    for name in sorted(placed.machine.instances):
        old, new = plan.placed.machine.instances[name], placed.machine.instances[name]
        places = [{k: p.pos for k, p in m.macro.ports.items()} for m in (old, new)]
        if old.at != new.at or places[0] != places[1]:
            raise TimingError(f"{name} changed its ports", where="assemble")
        at = (new.at[0] - low[0], new.at[1] - low[1], new.at[2] - low[2])
        wires.volume.paste(new.macro.volume, at, overwrite=True)
    return Assembly(placed, plan.made, wires, timing, rounds)


def _nearest(phases_rt: Iterable[int], present: int) -> list[int]:
    """Return legal phases, those that come next after the present one first."""
    return sorted(phases_rt, key=lambda p: ((p - present) % lane.PERIOD_RT, p))


class _Plan:
    """The placement under way: program, control, and the machine placed for them."""

    def __init__(self, plans: Sequence[LayerPlan], pace: Pace, room: int = 0) -> None:
        self.plans, self.pace, self.room = plans, pace, room
        self.parity: dict[int, int] = {p.index: 0 for p in plans}
        self.phase = [0] * len(plans)
        self.layers = place_layers(plans)
        self.words, self.pipe = pace.origin_words, pace.pipe_slots
        self._program()
        self.control = _guess(self.made)
        self._place()

    def _program(self) -> None:
        self.made = with_late_windows(program(self.plans, self.parity, self.pipe), self.plans)

    def _place(self) -> None:
        self.placed = self.layers.copied()
        place_control(self.placed, self.control, self.room)

    def _origin(self, wires: Delays) -> list[int]:
        start = wires.rt("run", 1) + lane.PERIOD_RT * self.words
        return [start + phase for phase in self.phase]

    def _solve(self, wires: Delays, *, strict: bool, move: bool) -> Timing:
        while True:
            try:
                return solve(self.placed, self.made, wires, self.control, self._origin(wires),
                             strict=strict, move=move, exact_end=self.pace.exact_end)  # fmt: skip
            except EarlyTapError:
                if not move or self.words > MAX_ORIGIN_WORDS:
                    raise
                self.words += self.pace.origin_step
            except EarlyLayerError:
                if not move or self.pipe > MAX_PIPE_SLOTS:
                    raise
                self.pipe += self.pace.pipe_step
                self._program()

    def _take(self, timing: Timing) -> bool:
        """Adopt parity and taps; return whether anything moved."""
        if any(timing.flip.values()):
            self.parity = {k: v ^ timing.flip.get(k, 0) for k, v in self.parity.items()}
            self._program()
            return True
        moved = [t.word for t in timing.control.taps] != [t.word for t in self.control.taps]
        moved |= {(t.word, t.window, t.edge) for t in timing.control.taps} != {
            (t.word, t.window, t.edge) for t in self.control.taps
        }
        self.control = timing.control
        self._place()
        return moved

    def settle_words(self) -> None:
        """Choose tap words by guessed wires, without routing."""
        for _ in range(MAX_GUESSES):
            wires = guess(self.placed, self.made, self.control)
            if not self._take(self._first(wires, strict=False)):
                return

    def _first(self, wires: Delays, *, strict: bool) -> Timing:
        """Solve with the first origin phases that work, from the present ones on."""
        start = wires.rt("run", 1) + lane.PERIOD_RT * self.words
        legal = []
        for layer, present in enumerate(self.phase):
            origin = [start] * len(self.phase)
            found = phases(self.placed, self.made, wires, origin, layer, strict=strict) or {present: 0}
            legal.append(_nearest(found, present) if strict else sorted(found, key=lambda p: (-found[p], p)))
        last = None
        for step in range(max(map(len, legal))):
            self.phase = [options[step % len(options)] for options in legal]
            try:
                return self._solve(wires, strict=strict, move=True)
            except TimingError as error:
                last = error
        assert last is not None
        raise last

    def trims(self, wires: Wiring) -> Timing | None:
        """Return the timing if the present taps can be trimmed to these wires."""
        try:
            timing = self._solve(wires, strict=True, move=False)
        except TimingError:
            return None
        return None if any(timing.flip.values()) else timing

    def move(self, wires: Wiring) -> None:
        """Choose other tap words where the present ones do not suit these wires."""
        before = guess(self.placed, self.made, self.control)
        for _ in range(MAX_GUESSES):
            learned = Learned(wires, before, guess(self.placed, self.made, self.control))
            if not self._take(self._first(learned, strict=True)):
                return
