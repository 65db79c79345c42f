"""A condition is asked for only where it can be met, and its answers are those of asking everywhere."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.definitions.model import AlertPolicy
from loyalty_monitoring.query_languages.promql.comparisons import deciding_comparison
from loyalty_monitoring.replay.conditions import condition_answers
from loyalty_monitoring.replay.prometheus import Prometheus, QueryRefused, Series
from tests.log_lines import START
from tests.replay.servers import prometheus_over

FIRST = int(START.timestamp())
MINUTES = 600


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """`a` of three stores, with gaps and stores that come and go; `enough` now and then; `odd` compares to nothing."""
    drawn = random.Random(7)
    lines = []
    for store in "xyz":
        since = drawn.randrange(200)
        for minute in range(since, since + 350):
            if drawn.random() < 0.7:
                lines.append(f'a{{store="{store}"}} {drawn.randrange(100)} {FIRST + 60 * minute}')
    lines += [f"enough {drawn.randrange(2)} {FIRST + 60 * minute}" for minute in range(0, MINUTES, 7)]
    lines += [f"odd {drawn.choice(['NaN', '+Inf', '-Inf', '1'])} {FIRST + 60 * minute}" for minute in range(MINUTES)]
    file = tmp_path_factory.mktemp("points") / "points.om"
    file.write_text("\n".join([*lines, "# EOF", ""]))
    with prometheus_over(file) as server:
        yield server


class Asked:
    """An evaluator that remembers what it was asked: the query, and at how many instants."""

    def __init__(self, prometheus: Prometheus) -> None:
        self._prometheus = prometheus
        self.questions: list[tuple[str, int]] = []

    def query_range(self, query: str, first: int, last: int, step: int) -> list[Series]:
        self.questions.append((query, (last - first) // step + 1))
        return self._prometheus.query_range(query, first, last, step)

    label_sets = remembered = None


def policy_of(query: str, interval: int = 60) -> AlertPolicy:
    condition = {"query": query, "duration": "0s", "evaluationInterval": f"{interval}s"}
    body = {"conditions": [{"conditionPrometheusQueryLanguage": condition}]}
    return AlertPolicy("spike", (), "P1", body, Path("spike.yaml"))


def plain(found: Sequence[Series]) -> list[str]:
    return [repr((dict(one.labels), list(one.samples))) for one in found]  # NaN is not equal to itself


QUERIES = [
    "sum(a) > {}",
    "sum by (store) (sum_over_time(a[3m])) >= {}",
    "a < {}",
    "min_over_time(a[10m:1m]) <= {}",
    "max_over_time((sum by (store) (sum_over_time(a[1m])))[15m:1m])\n> {}\n",
    "(avg(a) > {})",
    "{} < a",
    "a > {} and on () enough > 0",
    "a > {} unless on () enough > 0",
    "(a > {}) and on () enough > 0",
    "(a < {}) unless on () (enough > 0)",
    "((sum by (store) (a) > {}) and on () enough > 0) unless on (store) (a > 90)",
    "(a > {} or enough > 0) and on () enough > 0",
    "(a > {}) and on () enough or odd",
    "a > {} or enough > 0",
    "sum(a > bool {}) > 1",
    "a == {}",
    "a != {}",
    "a - on () group_left enough > {}",
    "a > {} > 10",
    "odd > {}",
    "odd < {}",
    "a > {}  # > 3",
    "# a note\na > {}",
    'label_replace(a, "note", "> 5", "", "") > {}',
    "a offset 10m > {}",
    "missing > {}",
    "a > -{}",
    "a - a @ end() > {}",
    "a - on (store) a @ start() >= {}",
    "sum(a) > {} > 5e1",
]


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("interval", [60, 300])
def test_the_answers_are_those_of_asking_everywhere(prometheus: Prometheus, query: str, interval: int) -> None:
    last = FIRST + MINUTES * 60
    for threshold in (0, 50, 97, 99, 150, 1e9):
        policy = policy_of(query.format(threshold), interval)
        everywhere = prometheus.query_range(policy.query, FIRST, last, interval)
        assert plain(condition_answers(prometheus, policy, FIRST, last).series) == plain(everywhere)


def test_a_healthy_day_asks_for_its_highest_values_alone(prometheus: Prometheus) -> None:
    asked = Asked(prometheus)
    assert condition_answers(asked, policy_of("a > 100"), FIRST, FIRST + 6000).series == []  # type: ignore[arg-type]
    assert asked.questions == [("max(\na\n)", 101)]


def test_where_it_is_met_the_condition_is_asked_there_alone(prometheus: Prometheus) -> None:
    asked = Asked(prometheus)
    policy = policy_of("last_over_time(a[30s]) > 98")
    assert condition_answers(asked, policy, FIRST, FIRST + 36_000).series  # type: ignore[arg-type]
    (query, everywhere), *others = asked.questions
    assert (query, everywhere) == ("max(\nlast_over_time(a[30s])\n)", 601)
    assert {one for one, _ in others} == {"last_over_time(a[30s]) > 98"}
    assert sum(times for _, times in others) < 100


def test_a_condition_that_is_met_now_and_then_is_asked_once(prometheus: Prometheus) -> None:
    asked = Asked(prometheus)
    policy = policy_of("last_over_time(a[30s]) > 60")
    assert condition_answers(asked, policy, FIRST, FIRST + 36_000).series  # type: ignore[arg-type]
    assert [one for one, _ in asked.questions[1:]] == [policy.query]


@pytest.mark.parametrize("query", ["a > 1h", "a > 1e999", "a >\f500", "a\f> 500", "(a\f> 500) and b", "(a > 5d) and b"])
def test_what_our_parser_takes_and_prometheus_refuses_is_refused(prometheus: Prometheus, query: str) -> None:
    with pytest.raises(QueryRefused) as refused:
        condition_answers(prometheus, policy_of(query), FIRST, FIRST + 60)
    assert refused.value.message.endswith(f"mend it:\n{query}")


def test_what_prometheus_refuses_is_told_of_the_query_as_it_is_written(prometheus: Prometheus) -> None:
    with pytest.raises(QueryRefused) as refused:
        condition_answers(prometheus, policy_of("rate(a) > 5"), FIRST, FIRST + 60)
    assert refused.value.message.endswith("mend it:\nrate(a) > 5")


def test_a_server_that_is_gone_is_told(tmp_path: Path) -> None:
    (tmp_path / "points.om").write_text(f"a 1 {FIRST}\n# EOF\n")
    with prometheus_over(tmp_path / "points.om") as server:
        pass
    with pytest.raises(UserError, match="did not answer"):
        condition_answers(server, policy_of("a > 5"), FIRST, FIRST + 60)


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("a > 5", "a"),
        (" sum(a)\n/\nsum(b)\n>= 0.5 ", "sum(a)\n/\nsum(b)"),
        ("a > 5 > 3", "a > 5"),
        ('a{x="> 5"} < 1e3', 'a{x="> 5"}'),
        ("(a > 5)", None),
        ("a > bool 5", None),
        ("5 < a", None),
        ("a > b", None),
        ("a or b > 5", None),
        ("a > 5 and b > 6", None),  # the value would have to be cut out of the middle
        ("(a > 5) and b > 6", "(a) and b > 6"),
        ('( a{x=")"} < 5 )\nunless on (m)\n(b > 0) and c', '(a{x=")"}) unless on (m)\n(b > 0) and c'),
        ("((a > 5) and b) unless c", None),
        ("(a > 5) or b", None),
        ("(a > 5) and b or c", None),
        ("(a > 5 or b) and c", None),
        ("(a) > 5 and c", None),
        ("(a > bool 5) and c", None),
        ("(a + b) and c", None),
        ("c and (a > 5)", None),
        ("a == 5", None),
        ("a > 5 # why > 6", None),
        ("a > 1h", None),  # what only the parser takes for a number: Prometheus must have its say
        ("a > 1e999", None),
        ("a > 0x1F", None),
        ("a >\f5", None),
        ("a\f> 5", "a\f"),  # which is asked, and refused
        ("a - a @ end() > 5", None),
        ("(a > 5) unless (b @ start())", None),
        ("a", None),
        ("sum(a > 5)", None),
    ],
)
def test_a_comparison_decides_alone_where_nothing_else_lets_the_query_have_an_answer(
    query: str, value: str | None
) -> None:
    found = deciding_comparison(query)
    assert (found and found.value) == value


def test_a_long_query_of_blanks_takes_no_longer_than_others() -> None:
    assert deciding_comparison("a >" + " " * 200_000 + "b") is None


def test_a_deeply_nested_query_is_looked_into_once() -> None:
    query = "(" * 120 + "a > 5" + ") and b" * 120
    assert deciding_comparison(query) is None
