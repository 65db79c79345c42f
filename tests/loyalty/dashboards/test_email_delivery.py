"""The e-mails, from sent to clicked."""

from __future__ import annotations

from tests.loyalty.dashboards.reading import Shown


def test_mail_is_followed_from_sent_to_clicked(shown: Shown) -> None:
    assert shown("E-mails sent in 24 hours") == {"": 15}
    assert shown("E-mails delivered in 24 hours") == {"": 8}
    assert shown("E-mails opened in 24 hours") == {"": 4}
    assert shown("E-mails clicked in 24 hours") == {"": 0}
    delivered = shown("Delivered over sent by template in 24 hours")
    assert delivered == {"loyalty_welcome": 0.8, "loyalty_birthday": 0}
    assert shown("Opened over delivered by template in 24 hours") == {"loyalty_welcome": 0.5}
    assert shown("Clicked over opened by template in 24 hours") == {"loyalty_welcome": 0}


def test_a_template_that_only_failed_shows_so(shown: Shown) -> None:
    failed = shown("Share of failed sends by template in 24 hours")
    assert failed == {"loyalty_welcome": 2 / 12, "loyalty_expiry": 1, "loyalty_birthday": 0}
    assert shown("Share of failed sends in 24 hours, all templates") == {"": 5 / 20}
    statuses = shown("Sent, failed and bounced in 24 hours")
    assert statuses == {"sent": 15, "failed": 5, "bounced": 1}
