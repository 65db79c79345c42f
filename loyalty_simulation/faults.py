"""List the faults that can be simulated, and the alerts that must open: one table, for the command and for
the tests.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True)
class Opens:
    """An incident to expect, one for each occurrence of the fault: it opens no earlier than `after` its beginning, and
    is closed by `closed_by` after its end."""

    policy: str
    after: timedelta
    closed_by: timedelta


@dataclass(frozen=True)
class Fault:
    """`lasts` is how long unless told otherwise: long enough to open what it `opens`, whenever it begins."""

    name: str
    what_happens: str
    lasts: timedelta
    opens: tuple[Opens, ...] = ()


# --- faults that must alert

EXPIRATION_FAILS = Fault(
    "expiration_fails",
    "loyalty.expire_points fails after its retries, each time it runs",
    30 * _HOUR,  # holds a night's run wherever it begins
    # A night's run is missed; after the fault the next one succeeds, at 11:30 by hand or at 03:00.
    (Opens("expiration_task_stale", 2 * _HOUR, 16 * _HOUR),),
)
WALLET_OUTAGE = Fault(
    "wallet_outage",
    "nine of ten cards fail in Google's wallet runs",
    3 * _HOUR,
    (
        Opens("google_wallet_down", 45 * _MINUTE, 105 * _MINUTE),
        Opens("wallet_sync_failures", 0 * _MINUTE, 105 * _MINUTE),
    ),
)
APPLE_CERTIFICATE = Fault(
    "apple_certificate",
    "three of five Apple passes fail: over 5% of all cards, Google well",
    2 * _HOUR,
    (Opens("wallet_sync_failures", 0 * _MINUTE, 105 * _MINUTE),),
)
SMTP_DOWN = Fault(
    "smtp_down",
    "no e-mail is accepted, among them a reminder to many customers",
    1 * _HOUR,
    (Opens("email_failures", 0 * _MINUTE, _DAY + 35 * _MINUTE),),
)
REQUEST_FLOOD = Fault(
    "request_flood",
    "one store's clients are refused 160 times a minute",
    2 * _MINUTE,
    (Opens("rate_limit_spike", 0 * _MINUTE, 25 * _MINUTE),),
)
REGULARS_STAY_AWAY = Fault(
    "regulars_stay_away",
    "at-risk cards are two and a half times as many, as after a street closure",
    3 * _HOUR,
    (Opens("high_churn", 0 * _MINUTE, 160 * _MINUTE),),
)
ENROLLMENT_SIGN_REMOVED = Fault(
    "enrollment_sign_removed",
    "the QR code of the merchant with one new card a day is gone: 6, 5, then 4 in 7 days",
    3 * _DAY,  # holds three mornings wherever it begins
    (Opens("low_enrollment", 2 * _DAY, _DAY + 3 * _HOUR),),
)
REPORTER_DOWN = Fault(
    "reporter_down",
    "the reporter is silent: no task_freshness, no program_snapshot",
    140 * _MINUTE,
    (Opens("telemetry_silent", 75 * _MINUTE, 35 * _MINUTE),),
)

# --- faults that must not

EXACTLY_100_REJECTIONS = Fault(
    "exactly_100_rejections",
    "one store's clients are refused exactly 100 times a minute: 101 would alert",
    5 * _MINUTE,
)
TWO_BUSY_STORES = Fault(
    "two_busy_stores",
    "two stores are refused 60 requests a minute each",
    5 * _MINUTE,
)
ONE_BAD_WALLET_RUN = Fault(
    "one_bad_wallet_run",
    "two of three cards fail in one Google run: no second one, and under 5% of all cards",
    75 * _MINUTE,  # holds a run wherever it begins; the first is the bad one
)
EVERY_OTHER_WALLET_RUN_BAD = Fault(
    "every_other_wallet_run_bad",
    "two of three cards fail in Google's runs of the even hours, and none in between",
    6 * _HOUR,
)
SINGLE_APPLE_FAILURES = Fault(
    "single_apple_failures",
    "every thirtieth Apple pass fails: under 5% of all cards",
    3 * _HOUR,
)
APPLE_UNREACHABLE = Fault(
    "apple_unreachable",
    "Apple's runs raise before they sync a card: failed tasks, missed runs",
    1 * _HOUR,
)
EXPIRATION_RETRIED = Fault(
    "expiration_retried",
    "loyalty.expire_points is retried once, and then succeeds",
    _DAY,
)
MAIL_BOUNCES = Fault(
    "mail_bounces",
    "every second e-mail bounces, among them a reminder: sent, so no failed send",
    2 * _HOUR,
)
OTHER_MODULES_BREAK = Fault(
    "other_modules_break",
    "loyalty_v2's wallet sync fails, and orders refuses 150 requests a minute of one store",
    3 * _HOUR,
)
WORKER_RESTART = Fault(
    "worker_restart",
    "the worker is away and comes back as a new pod; what was due waits",
    4 * _MINUTE,
)
REPORTER_PAUSES = Fault(
    "reporter_pauses",
    "the reporter misses four reports: 75 minutes of silence, not 90",
    1 * _HOUR,
)
PROGRAM_SWITCHED_OFF = Fault(
    "program_switched_off",
    "a merchant switches its program off, and later on again: no new card for 8 days",
    8 * _DAY,
)
PUBLIC_HOLIDAY = Fault(
    "public_holiday",
    "no customer comes to any store",
    _DAY,
)

FAULTS: tuple[Fault, ...] = (
    EXPIRATION_FAILS,
    WALLET_OUTAGE,
    APPLE_CERTIFICATE,
    SMTP_DOWN,
    REQUEST_FLOOD,
    REGULARS_STAY_AWAY,
    ENROLLMENT_SIGN_REMOVED,
    REPORTER_DOWN,
    EXACTLY_100_REJECTIONS,
    TWO_BUSY_STORES,
    ONE_BAD_WALLET_RUN,
    EVERY_OTHER_WALLET_RUN_BAD,
    SINGLE_APPLE_FAILURES,
    APPLE_UNREACHABLE,
    EXPIRATION_RETRIED,
    MAIL_BOUNCES,
    OTHER_MODULES_BREAK,
    WORKER_RESTART,
    REPORTER_PAUSES,
    PROGRAM_SWITCHED_OFF,
    PUBLIC_HOLIDAY,
)


def as_text() -> str:
    """Return the table, a fault a line."""
    lines = []
    for fault in FAULTS:
        opens = ", ".join(opens.policy for opens in fault.opens) or "-"
        lines.append(f"{fault.name:<27} {opens:<42} {fault.what_happens}")
    return "\n".join(lines)
