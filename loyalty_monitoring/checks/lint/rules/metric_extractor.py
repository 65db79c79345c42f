"""metric-extractor: EXTRACT(field), or REGEXP_EXTRACT(field, "regex") with exactly one group in RE2.

Source: https://docs.cloud.google.com/logging/docs/reference/v2/rest/v2/projects.metrics
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.placeholders import has_placeholder
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule, text
from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.common.yaml_documents import Path_
from loyalty_monitoring.query_languages.extractors import parse_extractor
from loyalty_monitoring.query_languages.logging_filter.re2 import error_in, has_one_group


def check(metric: Resource, project: Project) -> Iterator[Problem]:
    extractors: list[tuple[Path_, str]] = [(("valueExtractor",), text(metric.body.get("valueExtractor")))]
    of_labels = metric.body.get("labelExtractors")
    for label, extractor in of_labels.items() if isinstance(of_labels, dict) else ():
        extractors.append((("labelExtractors", str(label)), text(extractor)))
    for path, extractor in extractors:
        problem = _problem(extractor) if extractor and not has_placeholder(extractor) else None
        if problem is not None:
            yield Problem(path, *problem)


def _problem(extractor: str) -> tuple[str, str] | None:
    try:
        pattern = parse_extractor(extractor).pattern
    except UserError as error:
        return error.problem, error.remedy
    if pattern is None:
        return None
    if (wrong := error_in(pattern)) is not None:
        return f"the regular expression is not valid in RE2 ({wrong})", "RE2 has no look-around and no back-references"
    if not has_one_group(pattern):
        return "the regular expression does not have exactly one group", "write (?:...) for groups that take nothing"
    return None


RULE = Rule("metric-extractor", "log_metric", "error", "An extractor of a metric cannot be read", check)
