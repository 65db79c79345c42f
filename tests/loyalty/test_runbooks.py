"""The runbooks: one page an alert, and what an engineer copies from them at night works."""

from __future__ import annotations

import re
import shlex
import subprocess

import pytest
from celery.worker.control import Panel

from loyalty_monitoring.cli import cli
from loyalty_monitoring.common.yaml_documents import load_yaml
from loyalty_monitoring.definitions.log_contract import load_contract
from loyalty_monitoring.definitions.model import AlertPolicy
from loyalty_monitoring.definitions.new_alert import RUNBOOK_SECTIONS
from loyalty_monitoring.query_languages.logging_filter import parse_filter
from tests.conftest import ROOT, our_definitions

DEFINITIONS = our_definitions()
CONTRACT = load_contract(ROOT / "log_events.yaml")
PARAMETERS = load_yaml(ROOT / "parameters.yaml").data
POLICIES = {policy.name: policy for policy in DEFINITIONS.alert_policies}
PAGES = {page.stem: page.read_text() for page in (ROOT / "runbooks").iterdir()}

each_page = pytest.mark.parametrize("name", POLICIES)


def blocks(name: str, language: str) -> list[str]:
    """The text of the page's fenced blocks in a language, without their indentation."""
    found = re.findall(rf"^ *```{language}\n(.*?)^ *```$", PAGES[name], re.MULTILINE | re.DOTALL)
    return [re.sub(r"^ +", "", block, flags=re.MULTILINE).strip() for block in found]


def commands(name: str) -> list[list[str]]:
    """Each command of the page as its words, the parts of a pipe one by one."""
    lines = [line for block in blocks(name, "sh") for line in block.splitlines()]
    found: list[list[str]] = []
    for line in lines:
        found.append([])
        for word in shlex.split(line):
            if word == "|":
                found.append([])
            else:
                found[-1].append(word)
    return found


def filters(name: str) -> list[str]:
    """The Logging queries of the page, those in its commands included."""
    asked = [words[3] for words in commands(name) if words[:3] == ["gcloud", "logging", "read"]]
    return blocks(name, "logging") + asked


def prose(name: str) -> str:
    """The page without its fenced blocks."""
    return re.sub(r"```.*?```", "", PAGES[name], flags=re.DOTALL)


def written(policy: AlertPolicy) -> str:
    return policy.source.read_text()


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    assert set(PAGES) == set(POLICIES)


@each_page
def test_a_page_answers_the_questions_of_the_night_in_their_order(name: str) -> None:
    assert re.findall(r"^## (.+)$", PAGES[name], re.MULTILINE) == list(RUNBOOK_SECTIONS)
    for section in re.split(r"^## .+$", PAGES[name], flags=re.MULTILINE)[1:]:
        assert section.strip()


@each_page
def test_a_page_says_its_row_and_its_priority(name: str) -> None:
    policy = POLICIES[name]
    assert f"Alert {policy.rows[0]}, priority {policy.priority}." in PAGES[name]


@each_page
def test_a_page_leads_to_the_dashboard_that_the_policy_links(name: str) -> None:
    (dashboard,) = re.findall(r"<<title:(\w+)>>", written(POLICIES[name]))
    assert f"(../dashboards/{dashboard}.yaml)" in PAGES[name]


@each_page
def test_every_link_leads_to_a_file(name: str) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", prose(name))
    assert links
    for link in links:
        assert (ROOT / "runbooks" / link).is_file(), link


@each_page
def test_a_page_names_every_parameter_of_its_condition(name: str) -> None:
    condition = load_yaml(POLICIES[name].source).data["conditions"][0]["conditionPrometheusQueryLanguage"]
    used = re.findall(r"<<(\w+)(?::(?:range|api_duration))?>>", condition["query"] + condition["duration"])
    parts = {part for parameter in used for part in PARAMETERS[parameter].get("sum", [])}
    for parameter in {*used} - parts:
        assert f"`{parameter}`" in PAGES[name]


@each_page
def test_a_page_repeats_no_threshold_since_a_stack_may_have_another(name: str) -> None:
    assert not re.search(r"\d+ ?%|\b\d+ (?:hours|minutes) (?:ago|old)", prose(name))
    for parameter in re.findall(r"<<(\w+)(?::\w+)?>>", written(POLICIES[name])):
        entry = PARAMETERS.get(parameter, {})
        if entry.get("unit") in ("h", "min"):
            unit = {"h": "hours?", "min": "minutes?"}[entry["unit"]]
            assert not re.search(rf"\b{entry.get('default')} {unit}", prose(name)), parameter


@each_page
def test_every_query_is_valid_and_asks_for_events_that_the_module_logs(name: str) -> None:
    assert filters(name)
    for text in filters(name):
        parse_filter(text)
        for values in re.findall(r"jsonPayload\.event=(\([^)]*\)|\"[^\"]*\")", text):
            assert set(re.findall(r'"([^"]+)"', values)) <= set(CONTRACT.events)
        fields = set(re.findall(r"jsonPayload\.(\w+)", text)) - {"event", "message"}
        for event in re.findall(r'jsonPayload\.event="(\w+)"', text):
            assert fields <= set(CONTRACT.events[event].fields)


@each_page
def test_the_page_shows_how_to_replay_its_own_alert(name: str) -> None:
    replays = [words for words in commands(name) if words[:2] == ["loyalty-monitoring", "replay"]]
    assert [words[words.index("--policy") + 1] for words in replays] == [name]


@each_page
def test_a_page_asks_for_metrics_that_its_alert_reads(name: str) -> None:
    matches = [words for words in commands(name) if words[:2] == ["loyalty-monitoring", "match"]]
    asked = {words[words.index("--metric") + 1] for words in matches}
    assert asked <= set(re.findall(r"<<metric:(\w+)>>", written(POLICIES[name])))


@each_page
def test_a_page_silences_its_own_alert_and_only_for_a_while(name: str) -> None:
    (snooze,) = (text for text in blocks(name, "sh") if "snoozes create" in text)
    row = POLICIES[name].body["userLabels"]["row"]
    assert f"--filter='userLabels.row={row} AND userLabels.environment=ENVIRONMENT'" in snooze
    assert "--start-time=" in snooze
    assert "--end-time=+PT2H" in snooze
    done = subprocess.run(["bash", "-n"], input=snooze, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@each_page
def test_a_page_says_which_metrics_its_alert_reads_and_how_to_see_its_cases(name: str) -> None:
    how = PAGES[name].split("## How the alert works")[1]
    for metric in set(re.findall(r"<<metric:(\w+)>>", written(POLICIES[name]))):
        assert f"`{metric}`" in how
    assert f"`loyalty-monitoring prove {name}`" in how


@each_page
def test_every_command_of_ours_is_one_that_the_command_line_takes(name: str) -> None:
    for program, command, *arguments in (words for words in commands(name) if words[0] == "loyalty-monitoring"):
        known = cli.commands[command]
        known.make_context(program, [re.sub(r"\$\(.*\)", "2026-11-02", argument) for argument in arguments])


@each_page
def test_every_question_to_a_celery_worker_is_one_that_it_answers(name: str) -> None:
    for words in commands(name):
        if words[0] == "celery":
            assert words[1:3] == ["-A", "app"]
            if words[3] == "inspect":
                assert Panel.meta[words[4]].type == "inspect"
            else:
                assert words[3] == "call"
                assert words[4] in CONTRACT.celery_tasks


@each_page
def test_every_task_that_is_named_is_a_watched_one(name: str) -> None:
    assert set(re.findall(r"\bloyalty\.\w+", PAGES[name])) <= set(CONTRACT.celery_tasks)
