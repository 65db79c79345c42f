"""The margin: how near an alert came to its threshold, where, and when; on the real Prometheus."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from loyalty_monitoring.definitions.model import AlertPolicy
from loyalty_monitoring.query_languages.promql.comparisons import without_comparison
from loyalty_monitoring.replay import margins
from loyalty_monitoring.replay.conditions import condition_answers
from loyalty_monitoring.replay.prometheus import Prometheus
from loyalty_monitoring.replay.quantities import COUNT, SECONDS, SHARE, value_units
from loyalty_monitoring.replay.result import Margin
from loyalty_monitoring.replay.timeline import margin_text
from tests.conftest import PROJECT, run
from tests.log_lines import START, mail, minutes, write
from tests.replay.servers import prometheus_over

FIRST = int(START.timestamp())


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> object:
    """rejected: store a has 3, 8, 5 and b 2, 1, 7 in minutes 1 to 3; enough: 1 in minutes 1 and 3 alone."""
    file = tmp_path_factory.mktemp("points") / "points.om"
    series = {'rejected{store="a"}': (3, 8, 5), 'rejected{store="b"}': (2, 1, 7), "enough": (1, 0, 1)}
    lines = [
        f"{name} {value} {FIRST + 60 * minute}"
        for name, values in series.items()
        for minute, value in enumerate(values, start=1)
    ]
    file.write_text("\n".join([*lines, "# EOF", ""]))
    with prometheus_over(file) as server:
        yield server


def margin(prometheus: Prometheus, query: str, *, duration: int = 0, opened: bool = False) -> Margin | None:
    condition = {"query": query, "duration": f"{duration}s", "evaluationInterval": "60s"}
    body = {"conditions": [{"conditionPrometheusQueryLanguage": condition}]}
    policy = AlertPolicy("spike", (), "P1", body, Path("spike.yaml"))
    first, last = FIRST + 60, FIRST + 180
    answered = condition_answers(prometheus, policy, first, last)
    return margins.margin(prometheus, policy, first, last, answered, opened=opened)


def test_the_highest_of_all_series_is_found_with_its_time_and_labels(prometheus: Prometheus) -> None:
    found = margin(prometheus, "rejected > 8")
    assert found is not None
    assert (found.value, found.at, found.labels) == (8, START + minutes(2), {"store": "a"})
    assert margin_text(found) == "nearest miss, peak 8 store=a at Mon 02 Nov 00:02, threshold 8"


def test_of_stores_that_came_equally_near_the_first_is_named_each_time(tmp_path: Path) -> None:
    stores = [f"s-{number:02}" for number in range(30)]
    lines = [f'rejected{{store="{store}"}} 9 {FIRST + 60}' for store in stores]
    (tmp_path / "points.om").write_text("\n".join([*lines, "# EOF", ""]))
    with prometheus_over(tmp_path / "points.om") as server:
        named = [margin(server, f"sum by (store) (rejected) {compared}") for compared in ("> 9", "< 9") * 5]
    assert [one and one.labels for one in named] == [{"store": "s-00"}] * 10


@pytest.mark.parametrize("peak", ["9", "+Inf"])
def test_a_store_that_compares_to_nothing_is_never_named_as_the_nearest(tmp_path: Path, peak: str) -> None:
    values = {"a": "NaN", "b": "1", "c": peak, "d": peak}
    lines = [f'rejected{{store="{store}"}} {value} {FIRST + 60}' for store, value in values.items()]
    (tmp_path / "points.om").write_text("\n".join([*lines, "# EOF", ""]))
    with prometheus_over(tmp_path / "points.om") as server:
        found = margin(server, "rejected > 8")
    assert found is not None
    assert (found.value, found.labels) == (float(peak), {"store": "c"})


def test_of_a_condition_below_a_threshold_the_lowest_counts(prometheus: Prometheus) -> None:
    found = margin(prometheus, "rejected < 1")
    assert found is not None
    assert (found.value, found.labels) == (1, {"store": "b"})
    assert margin_text(found).startswith("nearest miss, lowest 1 store=b")


def test_a_number_on_the_left_is_read_the_other_way_round(prometheus: Prometheus) -> None:
    found = margin(prometheus, "10 < rejected")
    assert found is not None
    assert (found.operator, found.threshold, found.value) == (">", 10, 8)


def test_what_is_joined_to_the_comparison_must_hold_all_the_same(prometheus: Prometheus) -> None:
    found = margin(prometheus, "rejected > 20 and on () (enough > 0)")
    assert found is not None
    assert (found.value, found.at) == (7, START + minutes(3))


def test_of_equality_the_nearest_value_on_either_side_counts(prometheus: Prometheus) -> None:
    above, below = margin(prometheus, "rejected == 6"), margin(prometheus, "rejected == 4")
    assert above is not None
    assert below is not None
    assert (above.value, below.value) == (7, 3)  # 5 and 7 are as near, and 7 is of series b in minute 3; 3 came first


def test_an_inner_judgement_says_more_than_the_yes_or_no_around_it(prometheus: Prometheus) -> None:
    found = margin(prometheus, "sum(rejected > bool 9) > 0")
    assert found is not None
    assert (found.threshold, found.value) == (9, 8)


def test_how_long_a_condition_was_met_is_said_beside_its_duration(prometheus: Prometheus) -> None:
    found = margin(prometheus, 'rejected{store="a"} > 2', duration=300)
    assert found is not None
    assert (found.met_seconds, found.needed_seconds) == (120, 300)
    assert margin_text(found).endswith("; met for 2m at the most, opens after 5m")


def test_a_condition_that_was_met_and_opened_nothing_is_no_near_miss(prometheus: Prometheus) -> None:
    found = margin(prometheus, "rejected > 7", duration=300)
    assert found is not None
    assert margin_text(found) == (
        "met, but opened nothing: peak 8 store=a at Mon 02 Nov 00:02, threshold 7; met for 0m at the most, "
        "opens after 5m"
    )


def test_an_alert_that_opened_has_a_peak_and_no_near_miss(prometheus: Prometheus) -> None:
    found = margin(prometheus, "rejected > 7", opened=True)
    assert found is not None
    assert margin_text(found).startswith("peak 8 store=a")


def test_without_any_value_there_is_nothing_to_compare(prometheus: Prometheus) -> None:
    found = margin(prometheus, "missing > 3")
    assert found is not None
    assert margin_text(found) == "nothing to compare, threshold 3"
    assert margin(prometheus, "rejected / 0 != 3") is None


def test_a_hostile_label_stays_on_its_line() -> None:
    hostile = Margin(">", 1, 2, START + timedelta(0), {"store": "a\n\x1b[2J"}, opened=True, met_seconds=None)
    assert margin_text(hostile) == "peak 2 store=a??[2J at Mon 02 Nov 00:00, threshold 1"


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("a > 5", "a"),
        ("((a > 5))", "a"),
        ('a{x=~"b\\\\.c"} > 5', 'a{x=~"b\\\\.c"}'),
        ("a > 5 unless on (m) (b > 0)", "(a) unless on (m) ((b > 0))"),
        ("a", "a"),
    ],
)
def test_a_comparison_is_taken_off_and_the_rest_stays(query: str, value: str) -> None:
    assert without_comparison(query) == value


def test_with_the_units_of_its_policy_a_margin_is_said_as_people_say_it() -> None:
    late = Margin(">", 93_600.0, 117_856.0, START, {}, True, None, 0)
    assert margin_text(late, {93_600.0: SECONDS}) == "peak 1 d 8 h 44 min at Mon 02 Nov 00:00, threshold 1 d 2 h"
    assert margin_text(late, {0.5: SHARE}) == "peak 117,856 at Mon 02 Nov 00:00, threshold 93,600"


def test_replay_knows_the_units_by_the_parameters_of_the_stack(tmp_path: Path) -> None:
    file = write(tmp_path / "day.jsonl", [mail(START, "sent")])
    assert "threshold 1%" in run("replay", "--policy", "email_failures", str(file), folder=PROJECT).stdout


@pytest.mark.parametrize(
    ("query", "unit"),
    [
        ("age > 26", SECONDS),
        ("age > 26 and enough > 1", SECONDS),
        ("max_over_time((age > bool 26)[1h:1m]) > 0", COUNT),  # yes or no
        ("age > 26 or share > 1", COUNT),  # either
        ("age", COUNT),
    ],
)
def test_the_value_of_an_incident_has_the_unit_of_its_threshold_unless_it_says_yes_or_no(query: str, unit: str) -> None:
    body = {"conditions": [{"conditionPrometheusQueryLanguage": {"query": query}}]}
    policy = AlertPolicy("late", (), "P1", body, Path("late.yaml"))
    assert value_units([policy], {"late": {26.0: SECONDS, 1.0: SHARE}}) == {"late": unit}


def test_a_value_that_an_instant_alone_does_not_have_has_no_labels(prometheus: Prometheus) -> None:
    found = margin(prometheus, "(sum(rejected) > 99) unless on () (sum(rejected @ end()) > 12)")
    assert found is None or found.labels == {}
