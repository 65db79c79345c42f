"""What breaks in the story, when, and which alerts must open: one table, which the tests read too."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

# What can break. `living_system.py` asks by these names.
DATABASE_TIMEOUT = "database_timeout"
GOOGLE_OUTAGE = "google_outage"
APPLE_CERTIFICATE = "apple_certificate"
APPLE_UNREACHABLE = "apple_unreachable"
SMTP_DOWN = "smtp_down"
REQUEST_FLOOD = "request_flood"
REGULARS_STAY_AWAY = "regulars_stay_away"
ENROLLMENT_SIGN_REMOVED = "enrollment_sign_removed"
REPORTER_DOWN = "reporter_down"
OTHER_MODULES_BREAK = "other_modules_break"


@dataclass(frozen=True)
class Opens:
    """An incident to expect: the alert's sentence becomes true at `true_from` (it cannot open before), and by
    `over_by` the incident is closed."""

    policy: str
    true_from: timedelta
    over_by: timedelta


@dataclass(frozen=True)
class Fault:
    """All times are offsets from the start of the story."""

    name: str
    begins: timedelta
    ends: timedelta
    what_breaks: str
    opens: tuple[Opens, ...] = ()

    def active(self, start: datetime, now: datetime) -> bool:
        return start + self.begins <= now < start + self.ends


def day(number: int, time: str) -> timedelta:
    """Day 1 is the first of the story; `time` is HH:MM, UTC."""
    hours, minutes = time.split(":")
    return timedelta(days=number - 1, hours=int(hours), minutes=int(minutes))


# Day 1 is a Monday. Days 1 to 5 are healthy: what breaks there opens nothing. Day 6, Saturday, is the faulty
# day. Days 7 and 8 are healthy again, but for the 24 hours that the failed e-mails of day 6 count.
FAULTS: tuple[Fault, ...] = (
    Fault(
        APPLE_UNREACHABLE,
        day(2, "13:50"),
        day(2, "14:20"),
        "one Apple run raises before it syncs a card: a task failure, and a run missed",
    ),
    Fault(
        DATABASE_TIMEOUT,
        day(3, "02:55"),
        day(3, "03:04"),
        "expire_points is retried once and then succeeds",
    ),
    Fault(
        OTHER_MODULES_BREAK,
        day(4, "10:00"),
        day(4, "13:00"),
        "loyalty_v2's wallet sync fails and orders refuses 150 requests a minute of one store",
    ),
    Fault(
        ENROLLMENT_SIGN_REMOVED,
        day(4, "00:00"),
        day(6, "10:00"),
        "the QR code of the merchant with one new card a day is gone: 6, 5, then 4 new cards in 7 days",
        (Opens("low_enrollment", day(6, "07:20"), day(6, "12:30")),),
    ),
    Fault(
        DATABASE_TIMEOUT,
        day(6, "02:55"),
        day(6, "11:00"),
        "expire_points fails after its retries; run by hand at 11:30, it succeeds",
        (Opens("expiration_task_stale", day(6, "05:00"), day(6, "12:00")),),
    ),
    Fault(
        GOOGLE_OUTAGE,
        day(6, "08:45"),
        day(6, "11:45"),
        "three Google wallet runs in which nine of ten cards fail",
        (
            Opens("google_wallet_down", day(6, "10:00"), day(6, "12:30")),
            Opens("wallet_sync_failures", day(6, "09:00"), day(6, "13:15")),
        ),
    ),
    Fault(
        SMTP_DOWN,
        day(6, "13:00"),
        day(6, "14:00"),
        "no e-mail is accepted for an hour; its failures count for 24",
        (Opens("email_failures", day(6, "13:00"), day(7, "14:15")),),
    ),
    Fault(
        REPORTER_DOWN,
        day(6, "14:05"),
        day(6, "16:25"),
        "the reporter's schedule stops: no task_freshness, no program_snapshot",
        (Opens("telemetry_silent", day(6, "15:30"), day(6, "16:40")),),
    ),
    Fault(
        REQUEST_FLOOD,
        day(6, "17:42"),
        day(6, "17:44"),
        "a client of one store sends far too much for two minutes",
        (Opens("rate_limit_spike", day(6, "17:42"), day(6, "17:50")),),
    ),
    Fault(
        REGULARS_STAY_AWAY,
        day(6, "17:00"),
        day(6, "20:00"),
        "at-risk cards are 2.3 times as many as usual, as after a street closure",
        (Opens("high_churn", day(6, "17:00"), day(6, "22:15")),),
    ),
    Fault(
        APPLE_CERTIFICATE,
        day(6, "18:45"),
        day(6, "20:45"),
        "a quarter of the Apple passes fails in two runs: over 5% of all cards, Google well",
        (Opens("wallet_sync_failures", day(6, "19:00"), day(6, "22:15")),),
    ),
)
