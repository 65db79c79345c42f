"""API resources for measuring the linter: our own definitions as a stranger would export them, each many times over."""

from __future__ import annotations

import json
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import yaml


def write_resources(definitions: Any, folder: Path, count: int) -> int:
    """Write `count` files, as many of each kind, half of them YAML and half JSON; return their size in bytes.

    Every copy of the metrics has names of its own, and so have the policies and dashboards that read them.
    """
    metrics, policies, dashboards = definitions.log_metrics, definitions.alert_policies, definitions.dashboards
    each = -(-count // 3)
    copies = max(each // len(metrics), 1)  # so that what is read is defined
    bodies = [
        (index // len(kind) % copies, one.body)
        for kind in (metrics, policies, dashboards)
        for index, one in islice(enumerate(cycle(kind)), each)
    ]
    size = 0
    for number, (copy, body) in enumerate(bodies[:count]):
        text = json.dumps(body, indent=2).replace("loyalty", f"copy{copy}")
        file = folder / f"{number:05}.{'json' if number % 2 else 'yaml'}"
        file.write_text(text if number % 2 else yaml.safe_dump(json.loads(text), sort_keys=False, allow_unicode=True))
        size += file.stat().st_size
    return size
