"""The funnel: each step, what it lost, and new cards."""

from __future__ import annotations

from tests.loyalty.dashboards.reading import DASHBOARDS, Shown, variables_of, widgets


def test_the_funnel_counts_each_step(shown: Shown) -> None:
    assert shown("Pages viewed in 24 hours") == {"": 150}
    assert shown("Forms started in 24 hours") == {"": 40}
    assert shown("Forms submitted in 24 hours") == {"": 20}
    assert shown("Cards enrolled in 24 hours") == {"": 15}


def test_the_funnel_shows_what_each_step_lost(shown: Shown) -> None:
    titles = (
        "Drop-off from page view to form start in 24 hours",
        "Drop-off from form start to submission in 24 hours",
        "Drop-off from submission to card in 24 hours",
        "Drop-off from page view to card in 24 hours",
    )
    assert [shown(t, merchant_id="m-1")[""] for t in titles] == [0.6, 0.5, 0.25, 0.85]
    title = "Drop-off at each step in 24 hours"
    over_time = [shown(title, i, merchant_id="m-1")[""] for i in range(3)]
    assert over_time == [0.6, 0.5, 0.25]


def test_a_step_that_nobody_reached_is_a_drop_off_of_all_and_the_steps_after_it_have_none(shown: Shown) -> None:
    lost = shown("Drop-off from page view to form start in 24 hours", merchant_id="m-2")
    assert lost == {"": 1}
    assert shown("Drop-off from form start to submission in 24 hours", merchant_id="m-2") == {}
    assert shown("Forms started in 24 hours", merchant_id="m-2") == {"": 0}


def test_the_funnel_is_shown_by_merchant(shown: Shown) -> None:
    by_step = shown("Steps of the funnel by merchant in 24 hours")
    assert by_step["m-1 form_started"] == 40
    assert by_step["m-2 page_viewed"] == 50
    lost = shown("Merchants with the largest drop-off from page view to card in 24 hours")
    assert lost == {"m-1": 0.85, "m-2": 1}


def test_new_enrollments_are_counted_a_day_in_total_and_by_merchant(shown: Shown) -> None:
    assert shown("New enrollments a day") == {"": 15}
    assert shown("New enrollments a day, 20 largest merchants") == {"m-1": 15}
    assert shown("New enrollments a day", merchant_id="m-2") == {"": 0}


def test_new_cards_of_7_days_leave_out_the_merchants_that_the_alert_leaves_out(shown: Shown) -> None:
    assert shown("New cards in 7 days, 20 smallest merchants") == {"m-1": 50, "m-2": 2}


def test_the_merchant_can_be_chosen(dashboard: str) -> None:
    assert variables_of(dashboard) == {"merchant_id"}


def test_new_enrollments_are_shown_a_day_as_their_row_asks(dashboard: str) -> None:
    assert "M4" in DASHBOARDS[dashboard].rows
    assert "New enrollments a day" in " ".join(widget["title"] for widget in widgets(DASHBOARDS[dashboard]))
