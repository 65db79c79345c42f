"""policy-strategy: incidents close after 30 minutes or more, and are repeated every 30 minutes up to 24 hours.

Source: https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#alertstrategy; the API's
words on a short autoClose are in https://github.com/nomadkaraoke/karaoke-gen/pull/788
"""

from __future__ import annotations

from loyalty_monitoring.checks.lint.rule import Rule, said_by_the_reference

RULE = Rule(
    "policy-strategy",
    "alert_policy",
    "error",
    "Incidents close or are repeated sooner or later than Cloud Monitoring can",
    said_by_the_reference("policy-strategy"),
)
