"""A4: more than 1% of the sends of `loyalty_` templates in 24 hours failed."""

from __future__ import annotations

from tests.log_lines import START, hours, mail, minutes

POLICY = "email_failures"
NOON = START + hours(12)


def _sent(count, at=START + hours(1)):
    return [mail(at, "sent") for _ in range(count)]


def test_more_than_1_percent_opens_it_within_2_minutes(incidents_of) -> None:
    (incident,) = incidents_of(POLICY, [*_sent(98), mail(NOON, "failed")], end=NOON + minutes(5))
    assert NOON < incident.opened <= NOON + minutes(2)


def test_exactly_1_percent_stays_silent(incidents_of) -> None:
    assert incidents_of(POLICY, [*_sent(99), mail(NOON, "failed")], end=NOON + hours(1)) == ()


def test_all_templates_count_together(incidents_of) -> None:
    mails = [*_sent(97), mail(NOON, "failed", "loyalty_points"), mail(NOON, "failed", "loyalty_stamps")]
    assert len(incidents_of(POLICY, mails, end=NOON + minutes(5))) == 1


def test_a_bounce_is_not_a_failed_send(incidents_of) -> None:
    mails = [*_sent(10), *(mail(NOON, "bounced") for _ in range(10))]
    assert incidents_of(POLICY, mails, end=NOON + hours(1)) == ()


def test_delivered_and_opened_do_not_dilute_the_rate(incidents_of) -> None:
    mails = [*_sent(98), *(mail(NOON, "delivered") for _ in range(98)), mail(NOON, "failed")]
    assert len(incidents_of(POLICY, mails, end=NOON + minutes(5))) == 1


def test_mail_of_other_templates_is_ignored(incidents_of) -> None:
    mails = [*_sent(10), *(mail(NOON, "failed", "order_confirmation") for _ in range(10))]
    assert incidents_of(POLICY, mails, end=NOON + hours(1)) == ()


def test_one_failed_mail_alone_opens_it(incidents_of) -> None:
    (incident,) = incidents_of(POLICY, [mail(NOON, "failed")], end=NOON + minutes(5))
    assert NOON < incident.opened <= NOON + minutes(2)
    assert incident.value == 1.0


def test_fewer_attempts_than_the_minimum_stay_silent(incidents_of) -> None:
    mails = [*_sent(8), mail(NOON, "failed")]
    assert incidents_of(POLICY, mails, end=NOON + minutes(5), email_min_attempts=10) == ()
    assert len(incidents_of(POLICY, mails, end=NOON + minutes(5), email_min_attempts=9)) == 1


def test_it_closes_when_the_failure_is_24_hours_old(incidents_of) -> None:
    (incident,) = incidents_of(POLICY, [*_sent(10), mail(NOON, "failed")], end=NOON + hours(26))
    assert incident.closed is not None
    assert NOON + hours(24) < incident.closed <= NOON + hours(24) + minutes(2)
