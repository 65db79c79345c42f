"""Edits of a project as CONTRIBUTING.md says: an alert, a metric or a dashboard is added, renamed or removed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

DEFINITIONS = ("alert_policies", "dashboards", "log_metrics")
# Names of definitions stand in these files, and in those of the folders below; the tests' own project has its own.
_FILES = ("coverage.yaml", "drills.yaml", "log_events.yaml", "parameters.yaml", "tests/equivalent_mutants.yaml")
_EXAMPLES = {
    "wallet_cards_given_up",
    "given_up_cards",
    "given_up_window",
    "reward_shown",
    "rewards_shown",
    "rewards",
}
_FOLDERS = (*DEFINITIONS, "loyalty_simulation", "runbooks", "tests/cases", "tests/loyalty")


def names(project: Path, folder: str) -> list[str]:
    """Return the names of the definitions in a folder, in their order."""
    return sorted(file.stem for file in (project / folder).glob("*.yaml"))


# Add


def contributing(project: Path) -> str:
    """Return CONTRIBUTING.md with a row and names that nobody has taken, so that its examples stay right."""
    page = (project / "CONTRIBUTING.md").read_text()
    coverage = (project / "coverage.yaml").read_text()
    row = next(f"A{number}" for number in range(9, 999) if f"\nA{number}:" not in coverage)
    page = page.replace("A9", row).replace("a9", row.lower())
    keys = "".join((project / name).read_text() for name in ("parameters.yaml", "log_events.yaml"))
    taken = {name for folder in DEFINITIONS for name in names(project, folder)} | set(
        re.findall(r"(?m)^ *(\w+):$", keys)
    )
    for name in _EXAMPLES & taken:
        page = re.sub(rf"\b{name}\b", f"another_{name}", page)
    return page


def example(page: str, introduction: str) -> str:
    """Return the fenced block of CONTRIBUTING.md that follows these words."""
    found = re.search(re.escape(introduction) + r".*?\n(```+)\w+\n(.*?)\1\n", page, re.DOTALL)
    if not found:
        raise ValueError(f"CONTRIBUTING.md has no block after {introduction!r}")
    return found[2]


def add_alert(project: Path, page: str) -> None:
    """Follow "Add an alert, worked through" to its seventh step."""
    add_row(project, page)
    add_numbers(project, page)
    add_files(project, page, "alert_policies", "runbooks", "tests/cases")
    add_to_overview(project, page)
    add_drill(project, page)


def add_row(project: Path, page: str) -> str:
    """Follow its first step; return the row."""
    line = example(page, "`coverage.yaml`, one line more:")
    append(project / "coverage.yaml", line)
    return line.partition(":")[0]


def add_numbers(project: Path, page: str) -> None:
    """Follow its second step."""
    append(project / "parameters.yaml", "\n" + example(page, "`parameters.yaml`, at its end:"))


def add_files(project: Path, page: str, *folders: str) -> None:
    """Write the examples that are whole files of these folders."""
    for file in re.findall(rf"^`((?:{'|'.join(folders)})/\S+)`:$", page, re.MULTILINE):
        (project / file).write_text(example(page, f"`{file}`:"))


def add_drill(project: Path, page: str) -> None:
    """Follow its sixth step."""
    append_below(project / "drills.yaml", "drills:\n", example(page, "In `drills.yaml`, under\n`drills:`"))


def add_to_overview(project: Path, page: str) -> None:
    """Follow its fifth step: the alert is in the list, and has a tile below all others."""
    overview = project / "dashboards" / "overview.yaml"
    (name,) = re.findall(r"add `- <<policy_id:(\w+)>>` to the incident list", page)
    listed = re.compile(r"^( +- )<<policy_id:\w+>>\n", re.MULTILINE)
    edit(overview, lambda text: listed.sub(rf"\g<0>\1<<policy_id:{name}>>\n", text, count=1))
    tile = example(page, "In\n`dashboards/overview.yaml`, add")
    append(overview, re.sub(r"yPos: \d+", f"yPos: {height(overview)}", tile))


def add_event(project: Path, page: str) -> None:
    """Follow "Add an event"; its metric and its chart are `loyalty-monitoring new`'s."""
    append_below(project / "log_events.yaml", "events:\n", example(page, "`log_events.yaml`, below `events:`"))


def add_dashboard(project: Path, page: str) -> None:
    """Write the new dashboard of "Add an event, its metric and a chart", and name it on the overview."""
    add_files(project, page, "dashboards")
    (line,) = re.findall(r"text of the overview: `(- <<title:\w+>>)`", page)
    titles = re.compile(r"^( +)- <<title:\w+>>\n", re.MULTILINE)
    edit(project / "dashboards" / "overview.yaml", lambda text: titles.sub(rf"\g<0>\g<1>{line}\n", text, count=1))


def height(dashboard: Path) -> int:
    """Return the first free line below all tiles."""
    tiles = re.findall(
        r"(?m)^    - (?:xPos: .*\n      )?(?:yPos: (\d+)\n      )?(?:width: .*\n      )?height: (\d+)",
        dashboard.read_text(),
    )
    return max(int(top or 0) + int(rows) for top, rows in tiles)


# Rename


def rename(project: Path, folder: str, old: str, new: str) -> None:
    """Follow "Rename": the word in all files that name definitions, and the files of that name.

    Other things of that name stay: an event is no metric, and the metric enrollment_funnel no dashboard.
    """
    before = r"(?:(?<=title:)|(?<=dashboards/))" if folder == "dashboards" else ""
    for file in list(_files(project)):
        edit(file, lambda text: re.sub(rf"{before}\b{old}\b", new, text))
    for place in (folder, *(("runbooks", "tests/cases") if folder == "alert_policies" else ())):
        for file in (project / place).glob(f"{old}.*"):
            file.rename(file.with_stem(new))
    for tests in (project / "tests" / "loyalty").glob(f"*/test_{old}.py"):
        tests.rename(tests.with_stem(f"test_{new}"))


def _files(project: Path) -> Iterator[Path]:
    for folder in _FOLDERS:
        yield from (file for file in (project / folder).rglob("*") if file.suffix in (".yaml", ".md", ".py"))
    yield from (project / name for name in _FILES)


# Remove


def remove_alert(project: Path, name: str) -> None:
    """Follow "Remove an alert"."""
    rows = _rows(project / "alert_policies" / f"{name}.yaml")
    of_its_own = (f"alert_policies/{name}.yaml", f"tests/cases/{name}.yaml", f"runbooks/{name}.md")
    for file in (*of_its_own, f"tests/loyalty/alerts/test_{name}.py"):
        (project / file).unlink(missing_ok=file not in of_its_own)
    for page in (project / "runbooks").glob("*.md"):
        edit(page, lambda text: re.sub(rf"\[([^\]]*)\]\({name}\.md\)", r"\1", text))
    for dashboard in (project / "dashboards").glob("*.yaml"):
        edit(
            dashboard, lambda text: _without_tiles(_without_lines(text, f"<<policy_id:{name}>>"), f"<<policy:{name}>>")
        )
        edit(dashboard, _without_threshold, name)
    edit(project / "drills.yaml", without_key, name)
    edit(project / "drills.yaml", lambda text: re.sub(r"(?m)^not_drillable:\n(?!  )", "", text))
    edit(
        project / "loyalty_simulation" / "faults.py",
        lambda text: re.sub(
            rf'\(Opens\("{name}"[^\n]*\),\)', "()", re.sub(rf'(?m)^ {{8}}Opens\("{name}".*\n', "", text)
        ),
    )
    _remove_what_nothing_needs(project, name, rows)
    _remove_metrics_that_nothing_reads(project)


def remove_metric(project: Path, name: str) -> None:
    """Follow "Remove a metric": one that no alert reads."""
    rows = _rows(project / "log_metrics" / f"{name}.yaml")
    counted = _counted_events((project / "log_metrics" / f"{name}.yaml").read_text())
    (project / "log_metrics" / f"{name}.yaml").unlink()
    for event in counted - _counted_events(_all(project, "log_metrics")):
        edit(project / "log_events.yaml", _without_log_rows, event)
    for dashboard in (project / "dashboards").glob("*.yaml"):
        tiles = [tile for tile in _tiles(dashboard.read_text()) if f"<<metric:{name}>>" in tile]
        titles = [found[1] for tile in tiles if (found := re.search(r'title: "?(.*?)"?\n', tile))]
        edit(dashboard, lambda text: _without_tiles(text, f"<<metric:{name}>>"))
        _forget(project / "tests" / "loyalty" / "dashboards" / f"test_{dashboard.stem}.py", titles)
    for file in (project / "tests" / "cases" / "metrics").glob("*.yaml"):
        edit(file, without_key, name)
        edit(file, _without_lines_that_count_nothing)
        if re.search(r"(?m)^metrics:\n(?!  )", file.read_text()):
            file.unlink()
    _remove_what_nothing_needs(project, name, rows)
    _remove_metrics_that_nothing_reads(project)


def remove_dashboard(project: Path, name: str) -> None:
    """Follow "Remove a dashboard"; metrics that it alone showed go with it."""
    rows = _rows(project / "dashboards" / f"{name}.yaml")
    (project / "dashboards" / f"{name}.yaml").unlink()
    (project / "tests" / "loyalty" / "dashboards" / f"test_{name}.py").unlink(missing_ok=True)
    overview = project / "dashboards" / "overview.yaml"
    edit(overview, lambda text: _without_lines(text, f"- <<title:{name}>>"))
    for file in (project / "alert_policies").glob("*.yaml"):
        edit(file, lambda text: text.replace(f"<<title:{name}>>", "<<title:overview>>"))
    for page in (project / "runbooks").glob("*.md"):
        link = rf"\[\w+\]\(\.\./dashboards/{name}\.yaml\)"
        edit(page, lambda text, link: re.sub(link, "[overview](../dashboards/overview.yaml)", text), link)
    _remove_what_nothing_needs(project, name, rows)
    _remove_metrics_that_nothing_reads(project)
    shown = {row for file in (project / "dashboards").glob("*.yaml") for row in _rows(file)}
    for row in rows:
        if row.startswith("L") and row not in shown and f"\n{row}: " in (project / "coverage.yaml").read_text():
            edit(overview, lambda text, row: text.replace("rows: [", f"rows: [{row}, ", 1), row)


def _remove_what_nothing_needs(project: Path, name: str, rows: list[str]) -> None:
    edit(project / "tests" / "equivalent_mutants.yaml", _without_mutants, name)
    edit(project / "tests" / "loyalty" / "promised.yaml", without_key, name)
    for row in rows:
        _remove_row(project, row)
    _remove_parameters(project)


def _remove_metrics_that_nothing_reads(project: Path) -> None:
    """Remove them; one that is read and has no row any more takes the first of a dashboard that shows it."""
    read = _all(project, "alert_policies", "dashboards")
    if unread := [metric for metric in names(project, "log_metrics") if f"<<metric:{metric}>>" not in read]:
        remove_metric(project, unread[0])
    for file in (project / "log_metrics").glob("*.yaml"):
        if not _rows(file):
            of_all = sorted((project / "dashboards").glob("*.yaml"))
            showing = next(one for one in of_all if f"<<metric:{file.stem}>>" in one.read_text())
            edit(file, lambda text, row: text.replace("rows: []", f"rows: [{row}]"), _rows(showing)[0])


def _remove_row(project: Path, row: str) -> None:
    """Remove a row that no definition carries any more; one of alerts or of logs, that no alert or metric carries."""
    carriers = {"A": ("alert_policies",), "L": ("log_metrics",)}.get(row[0], DEFINITIONS)
    if any(row in _rows(file) for folder in carriers for file in (project / folder).glob("*.yaml")):
        return
    for file in (
        *(project / "log_metrics").glob("*"),
        *(project / "dashboards").glob("*"),
        project / "log_events.yaml",
    ):
        edit(file, lambda text: re.sub(rf"(rows: \[[^\]]*?)(?:, {row}\b|\b{row}\b(?:, )?)", r"\1", text))
    edit(project / "coverage.yaml", lambda text: _without_lines(text, f"{row}: "))


def _remove_parameters(project: Path) -> None:
    file = project / "parameters.yaml"
    used = _all(project, *DEFINITIONS, "runbooks")
    while True:
        text = file.read_text()
        summed = "".join(re.findall(r"sum: .*", text))
        unused = [
            name
            for name in re.findall(r"(?m)^(\w+):$", text)
            if not re.search(rf"<<{name}\b", used) and not re.search(rf"\b{name}\b", summed)
        ]
        if not unused:
            return
        for name in unused:
            edit(file, _without_parameter, name)
            for stack in project.glob("Pulumi.*.yaml"):
                edit(stack, _without_override, name)
            for tests in (project / "tests" / "loyalty" / "dashboards").glob("test_*.py"):
                _forget(tests, [name])


def _without_parameter(text: str, name: str) -> str:
    return re.sub(rf"(?m)^{name}:\n(?:  .*\n)*", "", text)


def _without_override(text: str, parameter: str) -> str:
    kept = re.sub(rf"(?m)^    {parameter}: .*\n", "", text)
    return re.sub(r"(?m)^(  \S+:parameters):\n(?!    )", r"\1: {}\n", kept)


def _forget(tests: Path, words: list[str]) -> None:
    """Delete the tests that speak of these charts or parameters."""
    if tests.is_file():
        head, *functions = re.split(r"(?m)^(?=(?:@.*\n)*def test_)", tests.read_text())
        tests.write_text(head + "".join(one for one in functions if not any(f'"{word}"' in one for word in words)))


def _counted_events(metrics: str) -> set[str]:
    return {event for events in re.findall(r"<<events:(.*?)>>", metrics) for event in events.split(", ")}


def _without_log_rows(text: str, event: str) -> str:
    rows = re.compile(rf"(?m)(^  {event}:\n(?:    .*\n)*?    rows: )\[(.*)\]")
    return rows.sub(
        lambda found: f"{found[1]}[{', '.join(row for row in found[2].split(', ') if not row.startswith('L'))}]", text
    )


def _rows(file: Path) -> list[str]:
    found = re.search(r"rows: \[(.*)\]", file.read_text())
    return found[1].split(", ") if found and found[1] else []


def _all(project: Path, *folders: str) -> str:
    return "".join(file.read_text() for folder in folders for file in (project / folder).iterdir())


def _tiles(dashboard: str) -> list[str]:
    return re.split(r"(?m)^(?=    - )", dashboard)[1:]


def _without_tiles(text: str, words: str) -> str:
    head = re.split(r"(?m)^(?=    - )", text)[0]
    return head + "".join(tile for tile in _tiles(text) if words not in tile)


def _without_threshold(text: str, name: str) -> str:
    kept = re.sub(rf"(?m)^            - label: {name}\b.*\n(?:              .*\n)*", "", text)
    return re.sub(r"(?m)^          thresholds:\n(?!            )", "", kept)


def without_key(text: str, key: str) -> str:
    """Return the YAML without this key, and what stands below it."""
    kept, depth = [], None
    for line in text.splitlines(keepends=True):
        indent = len(line) - len(line.lstrip())
        if depth is not None and (not line.strip() or indent > depth):
            continue
        depth = indent if re.match(rf" +{key}:", line) else None
        if depth is None:
            kept.append(line)
    return "".join(kept)


def _without_lines_that_count_nothing(text: str) -> str:
    """Return cases of metrics without the items whose `counts` is empty."""
    lines = text.splitlines(keepends=True)
    for number, line in enumerate(lines):
        counts = re.fullmatch(r"( +)  counts:\n", line)
        if counts and not "".join(lines[number + 1 :]).startswith(f"{counts[1]}    "):
            first, last = number, number
            while not lines[first].startswith(f"{counts[1]}- "):
                first -= 1
            while last < len(lines) and lines[last].startswith(f"{counts[1]}  "):
                last += 1
            return _without_lines_that_count_nothing("".join(lines[:first] + lines[last:]))
    return text


def _without_mutants(text: str, name: str) -> str:
    kept = re.sub(rf"(?m)^ +- [\"']{name}: .*\n", "", text)
    return re.sub(r"(?m)^- reason: >-\n(?:    .*\n)+  mutants:\n\n?(?!    - )", "", kept)


def _without_lines(text: str, words: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if words not in line)


def append(file: Path, text: str) -> None:
    """Write `text` at the end of the file."""
    file.write_text(file.read_text().rstrip("\n") + "\n" + text)


def append_below(file: Path, line: str, text: str) -> None:
    """Write `text` below the line."""
    edit(file, lambda before: before.replace(f"\n{line}", f"\n{line}{text}", 1))


def edit(file: Path, change: Callable[..., str], *arguments: str) -> None:
    """Write the file as `change` makes it of its text and the arguments, when that is another text."""
    before = file.read_text()
    if (after := change(before, *arguments)) != before:
        file.write_text(after)
