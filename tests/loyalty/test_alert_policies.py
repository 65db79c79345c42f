"""The alert policies: queries that Cloud Monitoring can evaluate, and sentences that say what the queries do."""

from __future__ import annotations

import dataclasses
import re
from datetime import timedelta
from functools import cache

import pytest

from loyalty_monitoring.common.yaml_documents import load_yaml
from loyalty_monitoring.definitions.load import load_definitions
from loyalty_monitoring.definitions.model import AlertPolicy, Definitions
from loyalty_monitoring.definitions.parameters import load_parameters
from loyalty_monitoring.definitions.settings import load_stack_settings
from loyalty_monitoring.query_languages.promql.cloud_monitoring import COUNTER_FUNCTIONS, FUNCTIONS
from loyalty_monitoring.query_languages.promql.expressions import functions, look_back, matchers, parsed, selectors
from tests.conftest import ROOT

SETTINGS = load_stack_settings(ROOT, "demo")
PARAMETERS = load_yaml(ROOT / "parameters.yaml").data
PLAIN = {name: entry for name, entry in PARAMETERS.items() if "default" in entry}

# https://docs.cloud.google.com/monitoring/alerts/using-promql#restrictions
LONGEST_LOOK_BACK = timedelta(hours=25)

# Numbers of these alerts that are no parameter: the 7 days are counted by the module, two runs are what the alert is.
FIXED_NUMBERS = {
    "google_wallet_down": {"2"},
    "low_enrollment": {"7"},
    "rate_limit_spike": {"429"},
}


@cache
def definitions(**overrides: float) -> Definitions:
    return load_definitions(ROOT, dataclasses.replace(SETTINGS, parameter_overrides=overrides))


def policy(name: str, **overrides: float) -> AlertPolicy:
    (found,) = (policy for policy in definitions(**overrides).alert_policies if policy.name == name)
    return found


def another(name: str) -> float:
    """An allowed value of the parameter that is not its default."""
    low, high = PLAIN[name]["range"]
    return low if PLAIN[name]["default"] != low else high


def condition(alert: AlertPolicy, within: Definitions) -> str:
    """All that decides when it opens: query, duration, and the filters of the metrics in the query."""
    filters = [metric.body["filter"] for metric in within.log_metrics if metric.promql_name in alert.query]
    return "\n".join([alert.query, str(alert.duration_seconds), *filters])


def sentences(alert: AlertPolicy) -> dict[str, str]:
    return {
        "displayName": alert.body["displayName"],
        "condition's displayName": alert.body["conditions"][0]["displayName"],
        "subject": alert.body["documentation"]["subject"],
        "content": alert.body["documentation"]["content"],
    }


_COMPARED = re.compile(r"[<>]\s*(?:bool\s*)?<<(\w+)>>")


def written_query(name: str) -> str:
    """The query as its author wrote it, with the parameters' names."""
    condition = load_yaml(policy(name).source).data["conditions"][0]["conditionPrometheusQueryLanguage"]
    return str(condition["query"])


POLICIES = [alert.name for alert in definitions().alert_policies]


@pytest.mark.parametrize("name", POLICIES)
def test_a_query_uses_only_functions_that_cloud_monitoring_has(name: str) -> None:
    assert functions(parsed(policy(name).query)) <= FUNCTIONS - COUNTER_FUNCTIONS


@pytest.mark.parametrize("name", POLICIES)
def test_a_query_reads_only_series_that_our_metrics_write(name: str) -> None:
    series = {
        metric.promql_name + suffix
        for metric in definitions().log_metrics
        for suffix in (("_sum", "_count", "_bucket") if metric.is_distribution else ("",))
    }
    found = selectors(parsed(policy(name).query))
    assert found
    assert {selector.name for selector in found} <= series


@pytest.mark.parametrize("name", POLICIES)
def test_a_query_names_the_monitored_resource_of_every_series(name: str) -> None:
    for selector in selectors(parsed(policy(name).query)):
        assert matchers(selector)["monitored_resource"] == SETTINGS.resource_type


@pytest.mark.parametrize("name", POLICIES)
def test_no_condition_looks_back_more_than_25_hours(name: str) -> None:
    alert = policy(name)
    assert look_back(parsed(alert.query)) + timedelta(seconds=alert.duration_seconds) <= LONGEST_LOOK_BACK


@pytest.mark.parametrize("end", [0, 1], ids=["lowest", "highest"])
def test_no_condition_looks_back_more_than_25_hours_at_any_allowed_value(end: int) -> None:
    extremes = {name: entry["range"][end] for name, entry in PLAIN.items()}
    for alert in definitions(**extremes).alert_policies:
        assert look_back(parsed(alert.query)) + timedelta(seconds=alert.duration_seconds) <= LONGEST_LOOK_BACK


@pytest.mark.parametrize("parameter", [name for name in PLAIN if not name.endswith("_target")])
def test_a_parameter_moves_at_least_one_definition(parameter: str) -> None:
    assert definitions(**{parameter: another(parameter)}) != definitions()


@pytest.mark.parametrize("parameter", PLAIN)
def test_where_a_parameter_moves_a_condition_it_moves_the_sentence(parameter: str) -> None:
    value = another(parameter)
    moved = definitions(**{parameter: value})
    loaded = load_parameters(ROOT / "parameters.yaml", {parameter: value})
    sums = [name for name, entry in PARAMETERS.items() if parameter in entry.get("sum", [])]
    for before, after in zip(definitions().alert_policies, moved.alert_policies, strict=True):
        if condition(before, definitions()) != condition(after, moved):
            content = after.body["documentation"]["content"]
            assert before.body["documentation"]["content"] != content, before.name
            assert any(loaded[name].text in content for name in (parameter, *sums)), before.name


@pytest.mark.parametrize("parameter", PLAIN)
def test_where_a_parameter_moves_a_title_it_moves_the_condition(parameter: str) -> None:
    moved = definitions(**{parameter: another(parameter)})
    for before, after in zip(definitions().alert_policies, moved.alert_policies, strict=True):
        titles = [{**sentences(alert), "content": ""} for alert in (before, after)]
        if titles[0] != titles[1]:
            assert condition(before, definitions()) != condition(after, moved), before.name


@pytest.mark.parametrize("name", [name for name in POLICIES if _COMPARED.search(written_query(name))])
def test_the_number_that_a_value_is_compared_with_stands_in_title_condition_and_subject(name: str) -> None:
    alert = policy(name)
    written = load_yaml(alert.source).data
    query = written["conditions"][0]["conditionPrometheusQueryLanguage"]["query"]
    compared = _COMPARED.findall(query)
    for text in (written["displayName"], written["conditions"][0]["displayName"], written["documentation"]["subject"]):
        assert f"<<{compared[-1]}:text>>" in text


@pytest.mark.parametrize("name", POLICIES)
def test_no_title_holds_a_number_that_is_no_parameter(name: str) -> None:
    written = load_yaml(policy(name).source).data
    titles = [written["displayName"], written["conditions"][0]["displayName"], written["documentation"]["subject"]]
    for title in titles:
        plain = re.sub(r"^\[P[012]\] |<<[^>]*>>|\$\{[^}]*\}", "", title)
        assert set(re.findall(r"[0-9]+", plain)) <= FIXED_NUMBERS.get(name, set())


@pytest.mark.parametrize("name", POLICIES)
def test_a_query_holds_no_number_that_is_no_parameter(name: str) -> None:
    query = load_yaml(policy(name).source).data["conditions"][0]["conditionPrometheusQueryLanguage"]["query"]
    plain = re.sub(r'"[^"]*"|<<[^>]*>>', "", query)
    # 0 is nothing; 1m is the minute of a log-based metric's point.
    assert set(re.findall(r"\b[0-9.]+[a-z]*", plain)) <= {"0", "1m"}


@pytest.mark.parametrize("name", POLICIES)
def test_the_documentation_links_the_runbook_and_a_dashboard(name: str) -> None:
    runbook, dashboard = policy(name).body["documentation"]["links"]
    assert runbook["url"] == f"{SETTINGS.runbook_url}/{name}.md"
    titles = {f"Dashboard: {dashboard.body['displayName']}" for dashboard in definitions().dashboards}
    assert dashboard["displayName"] in titles


@pytest.mark.parametrize("name", POLICIES)
def test_the_subject_names_the_priority_and_whoever_the_incident_is_about(name: str) -> None:
    alert = policy(name)
    subject = alert.body["documentation"]["subject"]
    assert subject.startswith(f"[{alert.priority}] ")
    labels = re.findall(r"^\s*sum by \((\w+)\)", alert.query, re.MULTILINE)
    about = re.findall(r"\$\{metric_or_resource\.label\.(\w+)\}", subject)
    assert set(about) <= set(labels)


@pytest.mark.parametrize("name", POLICIES)
def test_the_severity_is_the_priority_s(name: str) -> None:
    alert = policy(name)
    assert alert.body.get("severity") == {"P0": "CRITICAL", "P1": "WARNING", "P2": None}[alert.priority]
