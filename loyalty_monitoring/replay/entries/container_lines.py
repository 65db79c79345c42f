"""Read the output of kubectl, docker and docker compose, or a plain file, as lines of LogEntry objects.

Sources of the prefixes:
- https://kubernetes.io/docs/reference/kubectl/generated/kubectl_logs/ (--timestamps, --prefix)
- https://docs.docker.com/reference/cli/docker/container/logs/ (--timestamps: RFC3339Nano and a space)
- https://docs.docker.com/reference/cli/docker/compose/logs/ (the service's name and |, in a colour on a terminal)
- https://kubernetes.io/docs/concepts/cluster-administration/logging/ (a node's own files, in the CRI's format:
  the time, the stream, and F for a whole line or P for a part of one)
"""

from __future__ import annotations

import json
import logging
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loyalty_monitoring.common.database import Progress
from loyalty_monitoring.common.errors import Position, UserError
from loyalty_monitoring.common.logging_agent import is_rfc3339, json_object, log_entry_from_line, own_time
from loyalty_monitoring.replay.entries.counts import FIRST_REJECTED, Rejected, unused
from loyalty_monitoring.replay.entries.judging import SEVERITIES
from loyalty_monitoring.replay.entries.log_files import BAD_BYTE, LONG_LINE, open_source

_COLOUR = r"(?:\x1b\[[0-9;]*m)*"
_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)"
_PREFIX = re.compile(
    rf"{_COLOUR}(?:\[pod/(?P<pod>[^]/\s]+)/(?P<container>[^]/\s]+)\] |(?P<service>[A-Za-z0-9][\w.-]*) *\| ?)?"
    rf"{_COLOUR}(?: ?(?P<time>{_TIME})(?: |$)(?:(?P<stream>stdout|stderr) (?P<tag>[FP])(?: |$))?)?"
)
# As Python's and Celery's own formats begin, without a zone; containers have UTC.
_TIME_OF_TEXT = re.compile(r"\[?(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?")

_log = logging.getLogger("loyalty_monitoring.container_lines")


@dataclass
class LineCounts:
    """Counts of the lines so far: `read` = those of `times` + `rejected`. Blank lines are no lines.

    `times` says how many entries have their time from where: "the prefix", "the line", "the line before", "--time".
    `cut` are entries of text that begins as an object of JSON, and is none.
    """

    read: int = 0
    rejected: int = 0
    first_rejected: list[Rejected] = field(default_factory=list)
    times: Counter[str] = field(default_factory=Counter)
    cut: int = 0
    first_cut: list[Position] = field(default_factory=list)


def entries_of(
    files: Sequence[Path],
    resource_type: str,
    *,
    told: str | None = None,
    strict: bool = False,
    counts: LineCounts,
    progress: Progress | None = None,
) -> Iterator[str]:
    """Yield the LogEntry of each line, as JSON without a line break; `told` (RFC 3339) is the time of lines that have
    none.

    The time is that of the prefix; else the line's own; text that has none, such as a traceback, has the time of the
    line before it in its file. What is not used is counted, and told in the log in the end. Errors: UserError for a
    file that cannot be read, with `strict` for the first line that cannot be used, and when none could be.
    """
    for file in files:
        with open_source(file, progress) as inside:
            for found in inside:
                before: str | None = None
                for batch in found.batches:
                    for number, raw in enumerate(batch.text.split(b"\n"), start=batch.first):
                        if not raw.strip():
                            continue
                        counts.read += 1
                        made = _entry(raw.decode(), resource_type, before, told, counts)
                        if isinstance(made, str):
                            _refuse(Rejected(found.name, batch.line(number), made), counts, strict)
                        else:
                            before = made["timestamp"]
                            if made.get("textPayload", "").startswith('{"'):
                                _count_cut(Position(found.name, batch.line(number)), counts)
                            yield _written(made)
    _judge(counts)


def _written(entry: dict[str, Any]) -> str:
    """Return the entry as JSON; half of a surrogate pair, which UTF-8 cannot hold, becomes U+FFFD."""
    text = json.dumps(entry)
    if "\\ud" not in text:
        return text
    whole = json.dumps(entry, ensure_ascii=False).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return json.dumps(json.loads(whole))


def _refuse(one: Rejected, counts: LineCounts, strict: bool) -> None:
    if strict:
        position = Position(one.file, one.line)
        raise UserError(f"{one.reason}, or leave out --strict to count such lines and go on", position)
    counts.rejected += 1
    if len(counts.first_rejected) < FIRST_REJECTED:
        counts.first_rejected.append(one)


def _count_cut(position: Position, counts: LineCounts) -> None:
    counts.cut += 1
    if len(counts.first_cut) < FIRST_REJECTED:
        counts.first_cut.append(position)


def _judge(counts: LineCounts) -> None:
    if counts.read == 0:
        raise UserError("there is no line in what was given; name files with the output of a container")
    if counts.cut:
        many = "1 line begins" if counts.cut == 1 else f"{counts.cut:,} lines begin"
        more = ", ..." if counts.cut > len(counts.first_cut) else ""
        places = ", ".join(map(str, counts.first_cut)) + more
        what = "like JSON without being it, perhaps cut off; as in Cloud Logging that is text, and no event"
        _log.warning("%s", f"{many} {what}: {places}")
    if not counts.rejected:
        return
    words = "\n".join(unused(counts.rejected, counts.read, counts.first_rejected, "lines"))
    if counts.rejected == counts.read:
        raise UserError(words)
    _log.warning("%s", words)


def _entry(
    text: str, resource_type: str, before: str | None, told: str | None, counts: LineCounts
) -> dict[str, Any] | str:
    """Return the entry, or why there is none."""
    if text == LONG_LINE:
        return "is longer than 2 MiB, which no entry is; shorten it"
    text = text.replace(BAD_BYTE, "\ufffd")
    prefix = _PREFIX.match(text)
    assert prefix is not None  # everything in it is optional
    if prefix["tag"] == "P":
        return "is a part of a line; give the output of `kubectl logs --timestamps`, which puts them together"
    line = text[prefix.end() :]
    payload = json_object(line)
    if payload is not None and "timestamp" in payload and "resource" in payload:
        return "is a LogEntry already; give such lines to the commands as they are"
    of_prefix = prefix["time"] if prefix["time"] and is_rfc3339(prefix["time"]) else None
    of_line = own_time(payload) if payload is not None else _time_of_text(line)
    of_before = before if payload is None else None
    choices = (("the prefix", of_prefix), ("the line", of_line), ("the line before", of_before), ("--time", told))
    source, time = next(((source, time) for source, time in choices if time), ("", ""))
    if not time:
        return "says no time; print lines with --timestamps, or give one with --time"
    counts.times[source] += 1
    container = prefix["container"] or prefix["service"]
    labels = {"project_id": "imported", "pod_name": prefix["pod"], "container_name": container}
    entry = log_entry_from_line(
        line,
        printed_at=time,
        stream="stderr" if prefix["stream"] == "stderr" else "stdout",
        resource={"type": resource_type, "labels": {key: value for key, value in labels.items() if value}},
        insert_id=f"{counts.read:08x}",
    )
    if entry["severity"] not in SEVERITIES:
        entry["severity"] = "DEFAULT"
    return entry | {"timestamp": time}


def _time_of_text(line: str) -> str | None:
    found = _TIME_OF_TEXT.match(line)
    if found is None:
        return None
    fraction = f".{found[3]}" if found[3] else ""
    time = f"{found[1]}T{found[2]}{fraction}Z"
    return time if is_rfc3339(time) else None
