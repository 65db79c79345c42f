"""No rule for alert policies raises or hangs: not on PromQL, not on other text, not on any JSON."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource
from loyalty_monitoring.checks.lint.rules import all_rules
from loyalty_monitoring.common.yaml_documents import Document
from loyalty_monitoring.query_languages.promql.expressions import parsed

NAMES = ["up", "logging_googleapis_com:user_runs", "logging_googleapis_com:user_seconds_sum", "a:user_b_bucket"]
NAMES += ["logging_googleapis_com:user_seconds", "logging_googleapis_com:user_elsewhere"]
LABELS = ["task", "le", "monitored_resource", "team"]
COMPARISONS = [">", "<", "<=", ">=", "==", "!=", "> bool", "== bool"]
ARITHMETIC = ["+", "-", "*", "/", "%", "^", "atan2"]
MATCHING = [
    "",
    "on ()",
    "on (task)",
    "ignoring (le, team)",
    "on (task) group_left (team)",
    "ignoring (le) group_right ()",
]
GROUPING = ["", "by (task)", "by ()", "without (le, team)"]
AGGREGATIONS = ["sum", "max", "count", "group", "topk", "quantile", "count_values", "limitk"]
OVER_TIME = ["rate", "increase", "deriv", "sum_over_time", "last_over_time", "count_over_time", "absent_over_time"]
FUNCTIONS = ["abs({})", "absent({})", "vector(scalar({}))", 'label_replace({}, "a", "b", "c", "d")', "sort({})"]
FUNCTIONS += ["histogram_quantile(0.9, {})", "clamp_min({}, 1)", "foo({})", "sort_by_label({}, 'a')", "vector(0) or {}"]
LENGTHS = ["5m", "1m", "25h", "1000y", "1h30m"]
NUMBERS = ["0", "1", "0.5", "-1", "1e999", "NaN", "time()"]
KEYS = ["conditions", "conditionPrometheusQueryLanguage", "conditionThreshold", "conditionAbsent", "query", "duration"]
KEYS += [
    "evaluationInterval",
    "disableMetricValidation",
    "documentation",
    "content",
    "links",
    "severity",
    "aggregations",
]
KEYS += [
    "alertStrategy",
    "userLabels",
    "displayName",
    "combiner",
    "filter",
    "labelExtractors",
    "name",
    "metricDescriptor",
]

texts = st.text(max_size=40) | st.sampled_from(
    [*LENGTHS, *NAMES, "0s", "${a}", "{{ a }}", "\ud800", "9" * 400 + "s", "-1s"]
)
values = st.sampled_from(['"a"', "'b|c'", '""', '".*"', '"(a+)+$"', '"${v}"', '"k8s_container"', "`a`"])
lengths = st.sampled_from(LENGTHS)
numbers = st.sampled_from(NUMBERS)
matchers = st.lists(
    st.builds("{}{}{}".format, st.sampled_from(LABELS), st.sampled_from(["=", "!=", "=~", "!~"]), values), max_size=3
).map(",".join)
plain = st.builds("{}{{{}}}".format, st.sampled_from(NAMES), matchers)
moved = st.sampled_from(["", "", "", " offset 1h", " offset -999y", " @ 1e9", " @ -1e12", " @ end()"])


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    number = st.sampled_from(["", ""]) | numbers
    parameter = number.map(lambda one: f"{one}, " if one else "") | st.just('"team", ')
    operator = st.sampled_from([*COMPARISONS, *ARITHMETIC])
    over = st.builds("{}[{}]{}".format, plain, lengths, moved) | st.builds(
        "({})[{}:{}]".format, inner, lengths, lengths
    )
    return st.one_of(
        st.builds("({})".format, inner),
        st.builds("-({})".format, inner),
        st.builds("({}) {} {}".format, inner, operator, numbers),
        st.builds("{} {} ({})".format, numbers, operator, inner),
        st.builds("({}) {} {} ({})".format, inner, operator, st.sampled_from(MATCHING), inner),
        st.builds("({}) {} ({})".format, inner, st.sampled_from(["and", "or", "unless on (task)"]), inner),
        st.builds("{} {} ({}{})".format, st.sampled_from(AGGREGATIONS), st.sampled_from(GROUPING), parameter, inner),
        st.builds("{}({})".format, st.sampled_from(OVER_TIME), over),
        st.builds(str.format, st.sampled_from(FUNCTIONS), inner),
    )


nested = st.recursive(st.builds("{}{}".format, plain, moved), _larger, max_leaves=10)
spoilt = st.builds(lambda query, at, sign: query[:at] + sign + query[at:], nested, st.integers(0, 80), st.characters())
queries = nested | nested | spoilt
json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | texts, inner, max_size=4),
    max_leaves=15,
)

FAST = settings(
    max_examples=250,
    deadline=timedelta(seconds=20),
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def problems(body: dict[str, Any], metric: dict[str, Any] | None = None) -> list[Problem]:
    """What all rules for alert policies say about a policy, alone and beside metrics."""
    document = Document(Path("policy.yaml"), {}, {})
    policy = Resource("alert_policy", body, document)
    metrics = [
        {"name": "runs", "metricDescriptor": {"valueType": "INT64"}, "labelExtractors": {"task": "EXTRACT(a)"}},
        {"name": "seconds", "metricDescriptor": {"valueType": "DISTRIBUTION"}, "filter": "a"},
        *([metric] if metric else []),
    ]
    beside = tuple(Resource("log_metric", one, document) for one in metrics)
    rules = [rule for rule in all_rules() if rule.kind == "alert_policy"]
    projects = [Project((policy,)), Project((policy, *beside), frozenset())]
    return [problem for rule in rules for project in projects for problem in rule.check(policy, project)]


def with_query(query: object, duration: object = "0s", interval: object = "60s") -> dict[str, Any]:
    promql = {"query": query, "duration": duration, "evaluationInterval": interval}
    return {"displayName": "a", "conditions": [{"conditionPrometheusQueryLanguage": promql}]}


@FAST
@given(query=queries, duration=texts | st.just("600s"))
def test_nested_promql_neither_raises_nor_hangs(query: str, duration: str) -> None:
    for problem in problems(with_query(query, duration)):
        assert problem.message
        assert problem.remedy


@FAST
@given(query=st.text(max_size=200) | st.text(alphabet="([{<\"'`,=~!-+*/ abx15m:@#\\", max_size=200), interval=texts)
@example("(" * 5000, "60s")
@example("-" * 5000 + "1", "60s")
@example("a" * 100_000, "9" * 5000 + "s")
@example("sum(" * 150 + "x" + ")" * 150, "30s")
@example(" + ".join(["logging_googleapis_com:user_runs"] * 300) + " > 1", "30s")
@example(" or ".join(["sum(sum_over_time(logging_googleapis_com:user_runs[5m])) < 1"] * 50), "30s")
def test_other_text_neither_raises_nor_hangs(query: str, interval: str) -> None:
    problems(with_query(query, "600s", interval))


@FAST
@given(
    body=st.dictionaries(st.sampled_from(KEYS) | texts, json, max_size=5),
    metric=st.none() | st.dictionaries(texts, json),
)
def test_any_json_neither_raises_nor_hangs(body: dict[str, Any], metric: dict[str, Any] | None) -> None:
    problems(body, metric)


@FAST
@given(part=json, conditions=st.lists(json, max_size=3))
def test_any_json_in_a_policy_neither_raises_nor_hangs(part: Any, conditions: list[Any]) -> None:
    types = ("conditionPrometheusQueryLanguage", "conditionThreshold", "conditionAbsent", "conditionMatchedLog")
    problems({"conditions": [*conditions, *({one: part} for one in types)]})
    problems(with_query(part, part, part) | {"documentation": part, "alertStrategy": part, "userLabels": part})


def test_many_of_the_nested_queries_are_promql() -> None:
    """Or the first test would try little but the parser."""
    readable = []

    @settings(FAST, derandomize=True)
    @given(query=queries)
    def collect(query: str) -> None:
        try:
            readable.append(bool(parsed(query)))
        except ValueError:
            readable.append(False)

    collect()
    assert sum(readable) > len(readable) / 3
