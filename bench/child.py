"""One measured run, in a process of its own so that its peak memory is its own: `python -m bench.child WHAT FILE`."""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    what, file = sys.argv[1], Path(sys.argv[2])
    runs = {"replay": _replay, "loop": _loop, "table": _table, "promql": _promql, "lint": _lint}
    result = runs[what](file)
    result["megabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps(result))


def child(what: str, file: Path) -> dict[str, Any]:
    """Measure in another process."""
    command = [sys.executable, "-m", "bench.child", what, str(file)]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _replay(file: Path) -> dict[str, Any]:
    """Replay from .jsonl to the points of all metrics; then to those that alerts need, as text for Prometheus."""
    from loyalty_monitoring.common.database import connect
    from loyalty_monitoring.definitions.metric_usage import series_in_queries
    from loyalty_monitoring.replay.entries.load import load_entries
    from loyalty_monitoring.replay.metric_points import make_points, needed_fields
    from loyalty_monitoring.replay.open_metrics import write_open_metrics

    definitions = _definitions()
    metrics = definitions.log_metrics
    wanted = series_in_queries(metrics, (policy.query for policy in definitions.alert_policies))
    started, used = time.perf_counter(), time.process_time()
    with connect() as con, tempfile.TemporaryDirectory() as folder:
        counts = load_entries(con, [file], needed_fields(metrics))
        loaded, cpu_of_reading = time.perf_counter(), time.process_time() - used
        summaries = make_points(con, metrics, wanted)
        made, cpu = time.perf_counter(), time.process_time() - used
        write_open_metrics(con, metrics, wanted, Path(folder) / "points.om")
        written = time.perf_counter()
    found = {
        name.removeprefix("loyalty/"): (summary.matched, summary.series, summary.points)
        for name, summary in summaries.items()
        if summary.matched
    }
    return {
        "seconds": made - started,
        "cpu": cpu,
        "reading": loaded - started,
        "cpu_of_reading": cpu_of_reading,
        "writing": written - made,
        "entries": counts.read,
        "rejected": counts.rejected,
        "metrics": len(metrics),
        "found": found,
    }


def _loop(file: Path) -> dict[str, Any]:
    from bench.python_loop import points

    started, used = time.perf_counter(), time.process_time()
    found = points(file)
    return {"seconds": time.perf_counter() - started, "cpu": time.process_time() - used, "found": found}


def _table(file: Path) -> dict[str, Any]:
    """Have the database read the same fields into a table, and judge nothing."""
    from loyalty_monitoring.common.database import connect, identifier, quoted
    from loyalty_monitoring.replay.entries.fields import sql_type, tree_of
    from loyalty_monitoring.replay.entries.layout import layout_of
    from loyalty_monitoring.replay.metric_points import needed_fields

    tree = tree_of(layout_of(needed_fields(_definitions().log_metrics)).leaves)
    columns = ", ".join(f"{identifier(name)}: {quoted(sql_type(child))}" for name, child in tree.items())
    started, used = time.perf_counter(), time.process_time()
    with connect() as con:
        read = f"read_json({quoted(str(file))}, format='newline_delimited', columns={{{columns}}})"
        con.execute(f"CREATE TABLE entries AS FROM {read}")
        return {"seconds": time.perf_counter() - started, "cpu": time.process_time() - used}


def _promql(file: Path) -> dict[str, Any]:
    """Evaluate every alert policy at its interval: at first, then with Prometheus' blocks kept, then with the answers.

    The entries are counted before. CPU seconds are those of all processes.
    """
    from loyalty_monitoring.common.cache import Cache
    from loyalty_monitoring.definitions.metric_usage import series_in_queries
    from loyalty_monitoring.replay.kept_answers import answering
    from loyalty_monitoring.replay.run import evaluate, window

    definitions = _definitions()
    metrics, policies = definitions.log_metrics, definitions.alert_policies
    wanted = series_in_queries(metrics, (policy.query for policy in policies))
    result: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        cache = Cache(Path(folder) / "cache")
        with answering(metrics, [file], wanted, cache):
            (given,) = (Path(folder) / "cache" / "blocks").glob("*/given.json")
            result["samples"] = sum(json.loads(given.read_text(encoding="utf-8"))[0].values())
        for name, forgotten in (("first", ("found", "blocks")), ("blocks kept", ("answers",)), ("answers kept", ())):
            for kind in forgotten:
                shutil.rmtree(Path(folder) / "cache" / kind)
            started, used = time.perf_counter(), _cpu()
            with answering(metrics, [file], wanted, cache) as (answers, points):
                evaluate(answers, policies, *window(points.entries, None, None))
            result[name] = {"seconds": time.perf_counter() - started, "cpu": _cpu() - used}
    return result


def _cpu() -> float:
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _lint(folder: Path) -> dict[str, Any]:
    """Return the files of a folder, as many as its name says; they are written before."""
    from bench.resources import write_resources
    from loyalty_monitoring.checks.lint.run import lint_files

    files = int(folder.name)
    folder.mkdir(parents=True)
    size = write_resources(_definitions(), folder, files)
    started, used = time.perf_counter(), time.process_time()
    findings = lint_files([folder])
    seconds, cpu = time.perf_counter() - started, time.process_time() - used
    return {
        "seconds": seconds,
        "cpu": cpu,
        "plain": _read_plainly(folder),
        "files": files,
        "size": size,
        "findings": len(findings),
    }


def _read_plainly(folder: Path) -> float:
    """Return the CPU seconds that the libraries need to read the files."""
    import yaml

    used = time.process_time()
    for file in folder.iterdir():
        text = file.read_text(encoding="utf-8")
        json.loads(text) if file.suffix == ".json" else yaml.load(text, yaml.CSafeLoader)
    return time.process_time() - used


def _definitions() -> Any:
    from loyalty_monitoring.definitions.load import load_definitions
    from loyalty_monitoring.definitions.settings import load_stack_settings

    return load_definitions(ROOT, load_stack_settings(ROOT, "demo"))


if __name__ == "__main__":
    main()
