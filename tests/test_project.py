"""Rules of the repository itself: sizes, no print, numbered decisions, documentation that is true."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from craftc import __version__, cli

ROOT = Path(__file__).parents[1]
MAX_FILE, MAX_FUNCTION = 500, 80  # lines
GOAL_P90 = 30  # lines of a function at the ninth decile

Sized = tuple[int, str]


def sources() -> list[Path]:
    """Return all Python files of the package, its tests and its benchmarks."""
    return sorted(p for folder in ("compiler", "tests", "benchmarks") for p in (ROOT / folder).rglob("*.py"))


def functions(path: Path) -> Iterator[Sized]:
    """Yield (lines, name) of every function in a file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            last = node.end_lineno or node.lineno
            yield last - node.lineno + 1, f"{path.relative_to(ROOT)}:{node.name}"


def too_long(sizes: list[Sized], limit: int) -> list[Sized]:
    """Return what is over the limit, longest first; prints the five longest."""
    ranked = sorted(sizes, reverse=True)
    for lines, name in ranked[:5]:
        print(f"{lines:5} {name}")
    return [item for item in ranked if item[0] > limit]


def prints(text: str) -> list[int]:
    """Return the line numbers of calls of print."""
    calls = (n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Call))
    return [c.lineno for c in calls if isinstance(c.func, ast.Name) and c.func.id == "print"]


def targets() -> set[str]:
    """Return the targets of the Makefile."""
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))


def documents() -> list[Path]:
    """Return the README and everything under docs."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), ROOT / "worlds" / "README.md"]


def unknown_commands(text: str) -> list[str]:
    """Return every `make X` and `craftc X` that a text shows as code but that does not exist."""
    code = "\n".join(re.findall(r"^(?: {4}|\t).*$|`[^`\n]+`", text, re.M))
    makes = {f"make {name}" for name in re.findall(r"\bmake ([a-z][a-z-]*)", code)}
    crafts = {f"craftc {name}" for name in re.findall(r"\bcraftc ([a-z][a-z-]*)", code)}
    known = {f"make {t}" for t in targets()} | {f"craftc {c}" for c in cli.cli.commands}
    return sorted((makes | crafts) - known)


def test_files_are_short() -> None:
    sizes = [(len(p.read_text(encoding="utf-8").splitlines()), str(p.relative_to(ROOT))) for p in sources()]
    assert too_long(sizes, MAX_FILE) == []


def test_functions_are_short() -> None:
    sizes = [item for path in sources() for item in functions(path)]
    assert too_long(sizes, MAX_FUNCTION) == []
    assert sorted(lines for lines, _ in sizes)[int(0.9 * len(sizes))] <= GOAL_P90


def test_length_rules_can_fail(tmp_path: Path) -> None:
    assert too_long([(501, "a"), (500, "b")], MAX_FILE) == [(501, "a")]
    source = "def f():\n" + "    x = 1\n" * 80
    tree = ast.parse(source).body[0]
    assert isinstance(tree, ast.FunctionDef) and tree.end_lineno == 81


def test_library_does_not_print() -> None:
    found = {str(p): prints(p.read_text(encoding="utf-8")) for p in (ROOT / "compiler").rglob("*.py")}
    assert {name: lines for name, lines in found.items() if lines} == {}
    assert prints("x = 1\nprint(x)\n") == [2]


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        str(p.relative_to(ROOT))
        for p in sources()
        if p.name != "__init__.py" and not ast.get_docstring(ast.parse(p.read_text(encoding="utf-8")))
    ]
    assert silent == []


def test_decisions_are_numbered_without_gaps() -> None:
    names = sorted(p.name for p in (ROOT / "docs" / "decisions").glob("*.md"))
    assert names
    assert all(re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", name) for name in names), names
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))


@pytest.mark.parametrize("path", documents(), ids=lambda p: str(p.relative_to(ROOT)))
def test_documented_commands_exist(path: Path) -> None:
    assert unknown_commands(path.read_text(encoding="utf-8")) == []


def test_invented_command_is_noticed() -> None:
    text = "    make demo\n    make coffee\n`craftc brew x`"
    assert unknown_commands(text) == ["craftc brew", "make coffee"]


@pytest.mark.parametrize("path", documents(), ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text(encoding="utf-8"))
    local = [link for link in links if not link.startswith(("http://", "https://"))]
    assert [link for link in local if not (path.parent / link).exists()] == []


def test_readme_starts_with_the_two_commands() -> None:
    first_screen = "\n".join((ROOT / "README.md").read_text(encoding="utf-8").splitlines()[:25])
    assert "make demo" in first_screen and "make test" in first_screen
    assert {"demo", "test", "check", "bench"} <= targets()


def test_changelog_knows_the_version() -> None:
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_nothing_names_a_home_folder() -> None:
    texts = {str(p.relative_to(ROOT)): p.read_text(encoding="utf-8") for p in (*sources(), *documents())}
    found = {name: re.findall(r"/(?:home|root|Users)/\w+", text) for name, text in texts.items()}
    assert {name: places for name, places in found.items() if places} == {}


def test_proofs_named_by_cells_exist() -> None:
    named = {
        (card.parent.name, path)
        for card in (ROOT / "circuits").rglob("cell.toml")
        for path in re.findall(r"tests/[\w/]+\.py", card.read_text(encoding="utf-8"))
    }
    assert named and {entry for entry in named if not (ROOT / entry[1]).is_file()} == set()
