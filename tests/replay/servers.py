"""A Prometheus over OpenMetrics text, as tests write it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loyalty_monitoring.common.temporary_folders import temporary_folder
from loyalty_monitoring.replay.prometheus import Given, Prometheus, backfill, prometheus_with


@contextmanager
def prometheus_over(open_metrics: Path) -> Iterator[Prometheus]:
    """Yields a server that holds the samples of a file, which ends with `# EOF`."""
    with temporary_folder() as folder:
        backfill(open_metrics, folder / "data")
        with prometheus_with(folder / "data", given(open_metrics)) as server:
            yield server


def given(open_metrics: Path) -> Given:
    """How many samples and series a file has of each name."""
    lines = [line for line in open_metrics.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    series = {line[: line.rfind("}") + 1] or line.partition(" ")[0] for line in lines}
    return Given(Counter(map(_name, lines)), Counter(map(_name, series)))


def _name(line: str) -> str:
    return line.partition("{")[0].partition(" ")[0]
