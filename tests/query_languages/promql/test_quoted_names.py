"""Names in quotes, in every documented form, are the names that PromQL has without them."""

from __future__ import annotations

import dataclasses
import itertools
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_monitoring.checks.lint.run import lint_files
from loyalty_monitoring.checks.verify.run import _needs
from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.definitions.metric_usage import readers
from loyalty_monitoring.definitions.model import AlertPolicy, Dashboard, Definitions, LogMetric
from loyalty_monitoring.query_languages.promql.expressions import parsed, selectors
from loyalty_monitoring.query_languages.promql.quoted_names import legacy_name, legacy_names, words
from loyalty_monitoring.replay.run import replay
from tests.checks.lint.promql_policies import metric, policy
from tests.log_lines import START, rejection, write

MAPPED = [
    ('{"a.com/b/c"}', '{__name__="a_com:b_c"}'),
    ('{"a.com/b", pod="x"}', '{__name__="a_com:b", pod="x"}'),
    ('{pod="x", "a.com/b"}', '{pod="x", __name__="a_com:b"}'),
    ('{__name__="a.com/b"}', '{__name__="a_com:b"}'),
    ('{"__name__"="a.com/b","pod"="x"}', '{__name__="a_com:b",pod="x"}'),
    ('{ "__name__" = "a.com/b" , "pod" =~ "x|y" }', '{ __name__ = "a_com:b" , pod =~ "x|y" }'),
    ("{'a.com/b'}", '{__name__="a_com:b"}'),
    ("{`a.com/b`}", '{__name__="a_com:b"}'),
    ('{"\\x61.com\\u002fb"}', '{__name__="a_com:b"}'),
    ('{"a.com/b-d_count"}[5m] offset 1h', '{__name__="a_com:b_d_count"}[5m] offset 1h'),
    ('{"a.com/b", "x.y"!~"z"}', '{__name__="a_com:b", x_y!~"z"}'),
    ('sum by ("x.y", z) ({"a.com/b"})', 'sum by (x_y, z) ({__name__="a_com:b"})'),
    ("sum without ('x') (m)", "sum without (x) (m)"),
    ('a / on("x") group_left("y.z") b', "a / on(x) group_left(y_z) b"),
    ("a / ignoring(`x`) b", "a / ignoring(x) b"),
    ('{"logging_googleapis_com:user_x"}', '{__name__="logging_googleapis_com:user_x"}'),
    ('{"a.com/b", ${merchant}}[${__interval}]', '{__name__="a_com:b", ${merchant}}[${__interval}]'),
    ('{"a.com/b", m="${merchant.value}"}', '{__name__="a_com:b", m="${merchant.value}"}'),
]
AS_IT_IS = [
    "",
    "{",
    '{"',
    'm{x="{\\"a.com/b\\"}"}',
    'm{path="a.com/b", x=~"a.b"}',
    'm{__name__=~"a.com/.*"}',
    'label_replace(m, "a.b", "$1", "c.d", "(.*)")',
    'count_values("a.b", m)',
    'm # {"a.com/b"}',
    "sum by (x) (m) > 1",
]


@pytest.mark.parametrize(("query", "expected"), MAPPED)
def test_a_quoted_name_is_mapped(query: str, expected: str) -> None:
    assert legacy_names(query) == expected
    assert legacy_names(expected) == expected


@pytest.mark.parametrize("query", AS_IT_IS)
def test_what_is_no_quoted_name_stays_as_it_is(query: str) -> None:
    assert legacy_names(query) == query


@given(st.text(alphabet="ab.:/_-{}()\"'`\\=~!, $#\nby", max_size=40))
def test_no_text_is_too_strange(query: str) -> None:
    assert legacy_names(legacy_names(query)) is not None
    assert isinstance(words(query), set)


@given(st.from_regex(r"[a-z]{1,5}(\.[a-z]{1,4}){0,2}(/[a-zA-Z0-9._-]{1,8}){0,3}", fullmatch=True))
def test_all_forms_name_the_same_metric_and_prometheus_can_read_them(name: str) -> None:
    forms = [f'{{"{name}"}}', f'{{__name__="{name}"}}', f"{{'__name__'='{name}'}}", f'{{`{name}`, x="1"}}']
    for form in forms:
        (selector,) = selectors(parsed(legacy_names(form)))
        (matcher,) = (one for one in selector.matchers.matchers if one.name == "__name__")
        assert matcher.value == legacy_name(name)
    assert legacy_name(name).replace(":", "").replace("_", "a").isalnum()


# In replay, lint, verify and wherever metrics are looked for --------------------------------------------------------

NAME = "logging.googleapis.com/user/loyalty/rejections"
FORMS = {
    "unquoted": 'logging_googleapis_com:user_loyalty_rejections{monitored_resource="k8s_container"}',
    "bare": f'{{"{NAME}", monitored_resource="k8s_container"}}',
    "name": f'{{__name__="{NAME}", monitored_resource="k8s_container"}}',
    "quoted": f'{{"__name__"="{NAME}", "monitored_resource"="k8s_container"}}',
}
_BODY = {
    "name": "loyalty/rejections",
    "filter": 'jsonPayload.event="rate_limit_exceeded"',
    "metricDescriptor": {"metricKind": "DELTA", "valueType": "INT64", "labels": [{"key": "store_id"}]},
    "labelExtractors": {"store_id": "EXTRACT(jsonPayload.store_id)"},
}
REJECTIONS = LogMetric("rejections", (), _BODY, Path("log_metrics/rejections.yaml"))


def _policy(query: str) -> AlertPolicy:
    condition = {"query": query, "duration": "0s", "evaluationInterval": "60s"}
    body = {"conditions": [{"conditionPrometheusQueryLanguage": condition}]}
    return AlertPolicy("many", (), "P1", body, Path("alert_policies/many.yaml"))


def test_replay_opens_the_same_incidents(tmp_path: Path) -> None:
    lines = [rejection(START + timedelta(seconds=second), "s-1") for second in range(3)]
    file = write(tmp_path / "e.jsonl", lines)
    by_form = {}
    for form, selector in FORMS.items():
        query = (
            f'sum by ("store_id") (sum_over_time({selector}[2m])) > 2'
            if form != "unquoted"
            else (f"sum by (store_id) (sum_over_time({selector}[2m])) > 2")
        )
        result = replay(Definitions((REJECTIONS,), (_policy(query),), ()), [file])
        by_form[form] = [(one.opened, dict(one.labels), one.value) for one in result.incidents]
    assert by_form["unquoted"]
    assert all(found == by_form["unquoted"] for found in by_form.values())


def test_an_error_shows_the_query_as_it_is_written(tmp_path: Path) -> None:
    query = f'sum_over_time({{"{NAME}"}})'
    file = write(tmp_path / "e.jsonl", [rejection(START, "s-1")])
    with pytest.raises(UserError) as caught:
        replay(Definitions((REJECTIONS,), (_policy(query),), ()), [file])
    assert query in caught.value.message
    assert "expected type range vector" in caught.value.message
    assert "logging_googleapis_com" not in caught.value.message
    assert "1:15" not in caught.value.message


QUERIES = [
    "sum(sum_over_time(SELECTOR[1h])) > 5",
    "sum by (nobody) (sum_over_time(SELECTOR[1h])) > 5",
    "sum(rate(SELECTOR[5m])) > 1",
    "sum(sum_over_time(SELECTOR[30h])) > 5",
    "sum(sum_over_time(SELECTOR[1h])) == 0",
    "limitk(3, SELECTOR)",
    "sum(SELECTOR",
]


@pytest.mark.parametrize(("query", "form"), list(itertools.product(QUERIES, ["bare", "name", "quoted"])))
@pytest.mark.parametrize("defined", ["loyalty/rejections", "loyalty/others"])
def test_lint_finds_the_same(tmp_path: Path, query: str, form: str, defined: str) -> None:
    def found(selector: str) -> set[tuple[str, str, int]]:
        file = tmp_path / "resources.yaml"
        file.write_text(policy(query.replace("SELECTOR", selector), "duration: 0s") + metric(defined, "store_id"))
        return {(one.rule, one.severity, one.line) for one in lint_files([file])}

    assert found(FORMS[form]) == found(FORMS["unquoted"])


@pytest.mark.parametrize("suffix", ["_count", "_sum", "_bucket", ""])
def test_a_distribution_that_is_read_by_a_quoted_name_is_not_unused(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / "resources.yaml"
    query = f'sum(sum_over_time({{"{NAME}{suffix}", monitored_resource="k8s_container"}}[1h])) > 1'
    file.write_text(policy(query, "duration: 0s") + metric("loyalty/rejections", "store_id", distribution=True))
    assert "metric-unused" not in {one.rule for one in lint_files([file])}


def test_an_alert_in_quotes_is_blind_without_its_metric() -> None:
    for selector in FORMS.values():
        assert _needs(_policy(f"sum(sum_over_time({selector}[1h])) > 1"), REJECTIONS)
        assert not _needs(_policy(f"(sum(sum_over_time({selector}[1h])) or vector(0)) < 1"), REJECTIONS)


@pytest.mark.parametrize("form", FORMS)
def test_who_reads_a_metric_is_found_by_any_of_its_names(form: str) -> None:
    chart = {"title": "c", "xyChart": {"dataSets": [{"timeSeriesQuery": {"prometheusQuery": FORMS[form]}}]}}
    board = Dashboard("d", (), {"displayName": "D", "mosaicLayout": {"tiles": [{"widget": chart}]}}, Path("d.yaml"))
    other = dataclasses.replace(REJECTIONS, name="other", body={**_BODY, "name": "loyalty/other"})
    found = readers(Definitions((REJECTIONS, other), (_policy(f"{FORMS[form]} > 1"),), (board,)))
    assert (found["rejections"].alerts, found["rejections"].charts) == (("many",), ("D / c",))
    assert (found["other"].alerts, found["other"].charts) == ((), ())
