"""policy-limits: sizes, shapes and enumerations of a policy's own fields.

Source: https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies; that CLOSED alone is refused
is in https://github.com/GoogleCloudPlatform/magic-modules/pull/12052
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from loyalty_monitoring.checks.lint.policies import has_placeholder
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule, at, items, text
from loyalty_monitoring.common.yaml_documents import Path_

_SEVERITIES = ("CRITICAL", "ERROR", "WARNING", "SEVERITY_UNSPECIFIED")
_PROMPTS = ("OPENED", "CLOSED")
_LABELS, _LABEL_CHARACTERS, _LABEL_BYTES = 64, 63, 128


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    body = policy.body
    yield from _longer(("displayName",), body.get("displayName"), "displayName", characters=512)
    yield from _documentation(body.get("documentation"))
    yield from _labels(body.get("userLabels"))
    severity = text(body.get("severity"))
    if severity and severity not in _SEVERITIES and not has_placeholder(severity):
        yield Problem(
            ("severity",),
            f"severity {severity} does not exist; there are CRITICAL, ERROR and WARNING",
            "write one of them, or leave severity out for a mere notice",
        )
    yield from _prompts(at(body, "alertStrategy", "notificationPrompts"))


def _documentation(documentation: Any) -> Iterator[Problem]:
    content = ("documentation", "content")
    yield from _longer(content, at(documentation, "content"), "the content", characters=8_192, size=10_240)
    yield from _longer(("documentation", "subject"), at(documentation, "subject"), "the subject", size=10_240)
    mime_type = text(at(documentation, "mimeType"))
    if mime_type not in ("", "text/markdown"):
        message = f"the content is {mime_type}; Cloud Monitoring takes only text/markdown"
        yield Problem(("documentation", "mimeType"), message, "write `mimeType: text/markdown`")
    links = items(at(documentation, "links"))
    if len(links) > 3:
        message = f"has {len(links)} links; at most 3 are taken"
        yield Problem(("documentation", "links"), message, "keep the runbook and the dashboard, and put the rest there")
    for index, link in enumerate(links):
        path = ("documentation", "links", index)
        yield from _longer((*path, "displayName"), at(link, "displayName"), "a link's displayName", characters=63)
        yield from _longer((*path, "url"), at(link, "url"), "a link's url", characters=2_083)
        if isinstance(link, dict) and link.get("displayName", "") == "":
            yield Problem(path, "a link has no displayName", "say where it leads, such as `displayName: Runbook`")


def _labels(labels: Any) -> Iterator[Problem]:
    if not isinstance(labels, dict):
        return
    if len(labels) > _LABELS:
        yield Problem(("userLabels",), f"has {len(labels)} user labels; at most 64 are taken", "drop some")
    for key, value in labels.items():
        if isinstance(key, str) and not has_placeholder(key) and not (_is_label(key) and key[:1].isalpha()):
            yield Problem(
                ("userLabels", key),
                f"user label {key!r} is no key: lower-case letters, digits, _ and -, a letter first, at most 63",
                "write it so, such as `team` or `cost-center`",
            )
        if isinstance(value, str) and not has_placeholder(value) and not _is_label(value):
            yield Problem(
                ("userLabels", key),
                f"user label {key!r} has the value {value!r}: lower-case letters, digits, _ and -, at most 63",
                "write it so, such as `loyalty_eu`",
            )


def _is_label(value: str) -> bool:
    if len(value) > _LABEL_CHARACTERS or _bytes(value) > _LABEL_BYTES:
        return False
    return all(sign in "_-" or sign.isdigit() or (sign.isalpha() and sign == sign.lower()) for sign in value)


def _prompts(prompts: Any) -> Iterator[Problem]:
    path = ("alertStrategy", "notificationPrompts")
    values = items(prompts)
    for index, prompt in enumerate(values):
        if isinstance(prompt, str) and prompt not in _PROMPTS and not has_placeholder(prompt):
            message = f"notification prompt {prompt} is refused; there are OPENED and CLOSED"
            yield Problem((*path, index), message, "write `[OPENED]` or `[OPENED, CLOSED]`")
    if values and all(value == "CLOSED" for value in values):
        message = "tells only the end of an incident, which the API refuses"
        yield Problem(path, message, "write `[OPENED, CLOSED]`")


def _longer(
    path: Path_, value: Any, name: str, characters: int | None = None, size: int | None = None
) -> Iterator[Problem]:
    written = text(value)
    if characters is not None and len(written) > characters:
        message = f"{name} has {len(written):,} characters; at most {characters:,} are taken"
        yield Problem(path, message, "shorten it")
    elif size is not None and _bytes(written) > size:
        message = f"{name} has {_bytes(written):,} bytes; at most {size:,} are taken"
        yield Problem(path, message, "shorten it")


def _bytes(value: str) -> int:
    return len(value.encode(errors="surrogatepass"))


RULE = Rule(
    "policy-limits",
    "alert_policy",
    "error",
    "A field of a policy is longer than, or otherwise than, the API takes it",
    check,
)
