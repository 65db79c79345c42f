"""The kinds of case that every alert must have before its proof counts as whole."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache

from loyalty_monitoring.common.errors import UserError, nearest
from loyalty_monitoring.common.schema_check import schema_of
from loyalty_monitoring.proof.alerts.cases import Case, CaseFile


@cache
def all_kinds() -> Mapping[str, str]:
    """Return the kinds of case with their meanings, from the schema of case files, which editors show."""
    kind = schema_of("cases")["$defs"]["kind"]
    return dict(zip(kind["enum"], kind["enumDescriptions"], strict=True))


def chosen_kinds(names: Collection[str] | None) -> Mapping[str, str]:
    """Return the kinds of these names with what they mean; None is all. Errors: UserError for an unknown one."""
    for name in names or ():
        if name not in all_kinds():
            close = nearest(name, set(all_kinds()))
            raise UserError(f"monitoring.yaml: required_kinds has the unknown kind {name!r}{close}")
    return {kind: meaning for kind, meaning in all_kinds().items() if names is None or kind in names}


def missing(files: Sequence[CaseFile], alerts: Collection[str], required: Mapping[str, str]) -> tuple[str, ...]:
    """Return what the case files lack, a sentence each: alerts without a file, `required` kinds without a case or a
    reason.
    """
    by_alert = {file.alert: file for file in files}
    sentences = [f"{alert} has no cases; write tests/cases/{alert}.yaml" for alert in alerts if alert not in by_alert]
    for alert, file in by_alert.items():
        if alert not in alerts:
            sentences.append(f"{file.file} proves {alert!r}, which is no alert policy; rename or remove it")
            continue
        shown = {kind for case in file.cases for kind in case.kinds}
        sentences += [
            f"{alert} has no case of the kind {kind} ({meaning}); add one, or say in not_applicable why there is none"
            for kind, meaning in required.items()
            if kind not in shown and kind not in file.not_applicable
        ]
        sentences += [
            f"{alert} has a case of the kind {kind}, which its not_applicable rules out; remove one of them"
            for kind in file.not_applicable
            if kind in shown
        ]
    return tuple(sentences)


def unproven(cases: Iterable[tuple[Case, Collection[str]]]) -> tuple[str, ...]:
    """Return the alerts that are not proven under an arrival of points, a sentence each; `cases` come with what broke
    them.
    """
    of_alert: dict[tuple[str, str], int] = {}
    late: dict[str, bool] = {}
    for case, broken_by in cases:
        late[case.alert] = late.get(case.alert, False) or (bool(case.incidents) and case.latest is None)
        for arrival in broken_by:
            of_alert[case.alert, arrival] = of_alert.get((case.alert, arrival), 0) + 1
    sentences = [
        f"{alert} is not proven with {arrival}: {count} case{'' if count == 1 else 's'} missed"
        for (alert, arrival), count in of_alert.items()
    ]
    sentences += [
        f"{alert} has no case that opens an incident with late points; take `late` away from one"
        for alert, any_late in late.items()
        if not any_late
    ]
    return tuple(sentences)
