"""Loading the definitions: everything covered, and each mistake is one error with file, line and the remedy."""

from __future__ import annotations

import dataclasses
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.definitions.load import load_definitions
from loyalty_monitoring.definitions.settings import load_stack_settings
from loyalty_monitoring.query_languages.logging_filter import parse_filter
from tests.conftest import PROJECT, ROOT

SETTINGS = load_stack_settings(ROOT, "demo")
DEFINITIONS = load_definitions(ROOT, SETTINGS)


def _all():
    return [*DEFINITIONS.log_metrics, *DEFINITIONS.alert_policies, *DEFINITIONS.dashboards]


def test_every_filter_is_valid_in_the_logging_query_language() -> None:
    for metric in DEFINITIONS.log_metrics:
        parse_filter(metric.body["filter"])


def test_every_file_names_its_schema_for_the_editor_on_line_1() -> None:
    files = [definition.source for definition in _all()]
    files += [ROOT / name for name in ("parameters.yaml", "log_events.yaml", "coverage.yaml")]
    for file in files:
        first = file.read_text().splitlines()[0]
        schema = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
        assert schema, file
        assert (file.parent / schema[1]).is_file(), file


def test_a_prefix_moves_every_name_so_that_two_stacks_share_a_project() -> None:
    staging = load_definitions(ROOT, dataclasses.replace(SETTINGS, prefix="staging"))
    assert {metric.api_name for metric in staging.log_metrics}.isdisjoint(
        metric.api_name for metric in DEFINITIONS.log_metrics
    )
    for metric in staging.log_metrics:
        assert metric.api_name.startswith("loyalty/staging/")
    for plain, prefixed in zip(DEFINITIONS.alert_policies, staging.alert_policies, strict=True):
        assert prefixed.body["displayName"] == f"[staging] {plain.body['displayName']}"
        assert "user_loyalty_staging_" in prefixed.query


def _edit(file: str, old: str, new: str) -> Callable[[Path], None]:
    def edit(project: Path) -> None:
        text = (project / file).read_text()
        assert old in text
        (project / file).write_text(text.replace(old, new, 1))

    return edit


def _write(file: str, text: str) -> Callable[[Path], None]:
    return lambda project: (project / file).write_text(text)  # type: ignore[func-returns-value]


PROJECT_SETTINGS = load_stack_settings(PROJECT, "demo")
RATE = "alert_policies/rate_limit_spike.yaml"
CARDS = "log_metrics/card_events.yaml"

MISTAKES = {
    "an unknown key": (_edit(RATE, "severity:", "severty:"), RATE, "unknown key 'severty'.*did you mean 'severity'"),
    "a nested unknown key": (_edit(RATE, "query:", "querry:"), RATE, "unknown key 'querry'.*did you mean 'query'"),
    "an unknown parameter": (
        _edit(RATE, "> <<rate_limit_requests>>", "> <<rate_limit_request>>"),
        RATE,
        "did you mean 'rate_limit_requests'",
    ),
    "an unknown metric": (
        _edit(RATE, "<<metric:rate_limited_requests>>", "<<metric:rate_limit_requests>>"),
        RATE,
        "did you mean 'rate_limited_requests'",
    ),
    "an unknown event": (
        _edit(CARDS, "<<events:card_enrolled,", "<<events:card_enroled,"),
        CARDS,
        "did you mean 'card_enrolled'",
    ),
    "an unknown row": (_edit(RATE, "rows: [A5]", "rows: [A55]"), RATE, "unknown row 'A55'"),
    "a row that nothing carries": (_edit("coverage.yaml", "D6:", "D7: x more\nD6:"), "coverage.yaml", "row D7"),
    "a wrong type": (_edit(RATE, "disableMetricValidation: true", "disableMetricValidation: 1"), RATE, "true or false"),
    "a duration that is none": (_edit(RATE, "duration: 0s", "duration: 5m"), RATE, "duration"),
    "a severity that is not the priority's": (
        _edit(RATE, "severity: WARNING", "severity: ERROR"),
        RATE,
        "P1 goes with",
    ),
    "an unknown severity": (_edit(RATE, "severity: WARNING", "severity: INFO"), RATE, "severity is 'INFO'"),
    "metric validation left on": (
        _edit(RATE, "disableMetricValidation: true", "disableMetricValidation: false"),
        RATE,
        "must be true",
    ),
    "a missing section": (
        _edit(RATE, "alertStrategy:\n  notificationPrompts: [OPENED, CLOSED]\n", ""),
        RATE,
        "alertStrategy",
    ),
    "two files with one name": (
        lambda project: shutil.copytree(project / "log_metrics", project / "log_metrics" / "more"),
        "log_metrics/more/card_events.yaml",
        "has the name of",
    ),
    "a file of another kind": (_write("log_metrics/notes.txt", "x"), "log_metrics/notes.txt", "only files that end"),
    "a metric that is not named as its file": (
        _edit(CARDS, "name: loyalty/card_events", "name: loyalty/cards"),
        CARDS,
        "rename",
    ),
    "a personal label": (
        _edit(CARDS, "- key: merchant_id", "- key: recipient"),
        CARDS,
        "'recipient' is personal or unbounded",
    ),
    "an alert without a runbook": (
        lambda project: (project / "runbooks/rate_limit_spike.md").unlink(),
        "runbooks/rate_limit_spike.md",
        "has no runbook",
    ),
    "an alert on no dashboard": (
        _edit("dashboards/overview.yaml", "<<policy:rate_limit_spike>>", "<<policy:high_churn>>"),
        RATE,
        "no dashboard charts this alert",
    ),
    "a range the wrong way round": (
        _edit("parameters.yaml", "range: [2, 12]", "range: [12, 2]"),
        "parameters.yaml",
        "snapshot_window",
    ),
    "broken YAML": (_write(RATE, "a: [1"), RATE, "not valid YAML"),
    "an empty file": (_write(RATE, ""), RATE, "is empty"),
    "a list instead of a mapping": (_write(RATE, "- a\n"), RATE, "expected a mapping"),
    "a parameter without a reason": (
        _edit("parameters.yaml", "  why: Four missed freshness reports.\n", ""),
        "parameters.yaml",
        "why",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_error_with_file_and_remedy(project: Path, mistake: str) -> None:
    make, file, words = MISTAKES[mistake]
    make(project)
    with pytest.raises(UserError, match=words) as caught:
        load_definitions(project, PROJECT_SETTINGS)
    assert caught.value.position is not None
    assert Path(caught.value.position.file) == project / file


@pytest.mark.parametrize("duration", ["60s", "60.0s", "120.000s"])
def test_a_whole_minute_may_be_written_with_a_fraction_of_nothing(project: Path, duration: str) -> None:
    _edit(RATE, "duration: 0s", f"duration: {duration}")(project)
    policies = {policy.name: policy for policy in load_definitions(project, PROJECT_SETTINGS).alert_policies}
    assert policies["rate_limit_spike"].duration_seconds == float(duration[:-1])


def test_a_subject_that_the_api_takes_loads(project: Path) -> None:
    _edit(RATE, '  subject: "', f'  subject: "{"a" * 300}')(project)
    assert load_definitions(project, PROJECT_SETTINGS)
