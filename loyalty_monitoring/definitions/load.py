"""Loads the definitions of one stack: files -> Sources -> Definitions, or one UserError with file, line and key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from loyalty_monitoring.common.errors import Position, UserError, all_of, nearest, raise_all
from loyalty_monitoring.common.schema_check import check_schema
from loyalty_monitoring.common.yaml_documents import Document, load_yaml
from loyalty_monitoring.definitions.conventions import check_dashboard, check_log_metric, check_policy
from loyalty_monitoring.definitions.log_contract import Contract, celery_tasks_pattern, events_filter, load_contract
from loyalty_monitoring.definitions.model import AlertPolicy, Body, Dashboard, Definitions, LogMetric
from loyalty_monitoring.definitions.parameters import Parameter, chosen_parameters
from loyalty_monitoring.definitions.references import Resolver, substitute
from loyalty_monitoring.definitions.settings import Settings
from loyalty_monitoring.query_languages.promql.cloud_monitoring import promql_name

_Made = TypeVar("_Made")


@dataclass(frozen=True)
class Sources:
    """The definition files of a project, each read once. Those of each kind by file name without its ending.

    `runbooks` are the names of the pages in runbooks/.
    """

    root: Path
    log_metrics: Mapping[str, Document]
    alert_policies: Mapping[str, Document]
    dashboards: Mapping[str, Document]
    coverage: Document
    parameters: Document
    contract: Contract
    runbooks: frozenset[str]


def load_definitions(root: Path, settings: Settings) -> Definitions:
    """Read, substitute and check every definition below `root` for one stack."""
    return definitions_of(read_sources(root), settings)


def read_sources(root: Path) -> Sources:
    """Read the definition files below `root`. Errors: UserError with file, line, key."""
    sources = Sources(
        root=root,
        log_metrics=_read_folder(root / "log_metrics"),
        alert_policies=_read_folder(root / "alert_policies"),
        dashboards=_read_folder(root / "dashboards"),
        coverage=load_yaml(root / "coverage.yaml"),
        parameters=load_yaml(root / "parameters.yaml"),
        contract=load_contract(root / "log_events.yaml"),
        runbooks=frozenset(page.name for page in (root / "runbooks").glob("*.md")),
    )
    check_schema("coverage", sources.coverage)
    check_schema("parameters", sources.parameters)
    return sources


def definitions_of(files: Sources, settings: Settings) -> Definitions:
    """Substitute and check every definition for one stack.

    Metric names get the stack's prefix (`MODULE/PREFIX/NAME`), titles start with `[PREFIX] `, so that several stacks
    can live in one Google Cloud project. Policies' names are known only after deployment: in dashboards stands
    `projects/PROJECT/alertPolicies/FILE_NAME` in their place. Errors: UserError with file, line, key, or
    UserErrors with all that is wrong.
    """
    parameters = chosen_parameters(files.parameters, settings.parameter_overrides, settings.override_places)
    resolvers = _resolvers(files, settings)

    def filled(kind: str, document: Document) -> tuple[Body, Body, frozenset[str]]:
        return _filled(kind, document, parameters, resolvers, files.coverage, settings.module.name)

    problems: list[UserError] = []

    def made(kind: str, documents: Mapping[str, Document], make: Callable[..., _Made]) -> tuple[_Made, ...]:
        """Return each definition of a kind; what is wrong with one hides nothing that is wrong with another."""
        found = []
        for name, document in sorted(documents.items()):
            try:
                found.append(make(name, document, *filled(kind, document), settings))
            except UserError as error:
                problems.extend(all_of(error))
        return tuple(found)

    definitions = Definitions(
        log_metrics=made("log_metric", files.log_metrics, _log_metric),
        alert_policies=made("alert_policy", files.alert_policies, _alert_policy),
        dashboards=made("dashboard", files.dashboards, _dashboard),
    )
    raise_all(problems)
    raise_all(
        [
            *_uncovered(definitions, files.coverage),
            *_uncharted(definitions, settings),
            *_without_runbook(definitions, files),
        ]
    )
    return definitions


def _read_folder(folder: Path) -> dict[str, Document]:
    if not folder.is_dir():
        raise UserError("is missing; the definitions of this kind stand there, one YAML file each", Position(folder))
    documents: dict[str, Document] = {}
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        if file.suffix != ".yaml":
            raise UserError("is no definition; only files that end with .yaml belong here", Position(file))
        if file.stem in documents:
            first = documents[file.stem].file
            raise UserError(f"has the name of {first}; a definition is named by its file: rename one", Position(file))
        if not file.stem.replace("_", "a").isalnum() or not file.stem.isascii() or not file.stem.islower():
            raise UserError(
                "name files in lower case, with digits and _ only, such as email_status.yaml", Position(file)
            )
        documents[file.stem] = load_yaml(file)
    return documents


def _resolvers(files: Sources, settings: Settings) -> dict[str, Resolver]:
    known_settings = {
        "project": settings.project,
        "resource_type": settings.resource_type,
        "environment": settings.environment,
        "runbook_url": settings.runbook_url,
    }

    def named(kind: str, known: Iterable[str], result: Callable[[str], str]) -> Resolver:
        names = set(known)

        def resolve(name: str) -> str:
            if name not in names:
                raise KeyError(f"unknown {kind} {name!r}{nearest(name, names)}")
            return result(name)

        return resolve

    def celery(what: str) -> str:
        if what != "tasks":
            raise KeyError(f"unknown reference <<celery:{what}>>; did you mean <<celery:tasks>>?")
        if not files.contract.celery_tasks:
            raise KeyError("log_events.yaml has no `celery_tasks`; name the tasks that are watched there")
        return celery_tasks_pattern(files.contract)

    def events(names: str) -> str:
        wanted = tuple(name.strip() for name in names.split(","))
        return events_filter(files.contract, wanted, settings.resource_type)

    policies, dashboards = files.alert_policies, files.dashboards
    return {
        "setting": named("setting", known_settings, known_settings.__getitem__),
        "metric": named("metric", files.log_metrics, lambda name: promql_name(_metric_name(name, settings))),
        "events": events,
        "celery": celery,
        "policy": named("alert policy", policies, lambda name: f"projects/{settings.project}/alertPolicies/{name}"),
        "policy_id": named("alert policy", policies, lambda name: f"alertPolicies/{name}"),
        "title": named(
            "dashboard",
            dashboards,
            lambda name: settings.titled(str(dashboards[name].data.get("displayName"))),
        ),
    }


def _filled(
    kind: str,
    document: Document,
    parameters: Mapping[str, Parameter],
    resolvers: Mapping[str, Resolver],
    coverage: Document,
    block: str,
) -> tuple[Body, Body, frozenset[str]]:
    """Return the API's body and the block that is ours, substituted and checked, and the parameters they use."""
    if not isinstance(document.data, dict):
        raise UserError("expected a mapping with the API's keys", document.position(()))
    substituted = substitute(document, parameters, resolvers)
    data = substituted.data
    check_schema(kind, document, data, block)
    ours = data.pop(block)
    for index, row in enumerate(ours["rows"]):
        if row not in coverage.data:
            place = document.position((block, "rows", index))
            raise UserError(f"unknown row {row!r}{nearest(row, set(coverage.data))}", place)
    return data, ours, substituted.parameters


def _metric_name(name: str, settings: Settings) -> str:
    """Return the metric's name in the Logging API."""
    return "/".join(part for part in (settings.module.name, settings.prefix, name) if part)


def _log_metric(
    name: str, document: Document, body: Body, ours: Body, parameters: frozenset[str], settings: Settings
) -> LogMetric:
    plain = f"{settings.module.name}/{name}"
    if body["name"] != plain:
        raise UserError(
            f"the metric is named {body['name']!r}, but its file {name!r}; write {plain}, or rename the file",
            document.position(("name",)),
        )
    body = {**body, "name": _metric_name(name, settings)}
    check_log_metric(body, document)
    return LogMetric(name, tuple(ours["rows"]), body, document.file, parameters)


def _alert_policy(
    name: str, document: Document, body: Body, ours: Body, parameters: frozenset[str], settings: Settings
) -> AlertPolicy:
    body = {**body, "displayName": settings.titled(body["displayName"])}
    policy = AlertPolicy(name, tuple(ours["rows"]), ours["priority"], body, document.file, parameters)
    check_policy(policy, document, settings.module.name)
    return policy


def _dashboard(
    name: str, document: Document, body: Body, ours: Body, parameters: frozenset[str], settings: Settings
) -> Dashboard:
    body = {**body, "displayName": settings.titled(body["displayName"])}
    check_dashboard(body, document)
    return Dashboard(name, tuple(ours["rows"]), body, document.file, parameters)


def _uncovered(definitions: Definitions, coverage: Document) -> Iterator[UserError]:
    kinds: tuple[tuple[Any, ...], ...] = (
        definitions.log_metrics,
        definitions.alert_policies,
        definitions.dashboards,
    )
    carried = {row for kind in kinds for definition in kind for row in definition.rows}
    for row in coverage.data:
        if row not in carried:
            yield UserError(
                f"row {row} is carried by no definition; name it in the `rows` of one, or remove it here",
                coverage.position((row,)),
            )


def _uncharted(definitions: Definitions, settings: Settings) -> Iterator[UserError]:
    charted = {
        tile["widget"].get("alertChart", {}).get("name")
        for dashboard in definitions.dashboards
        for tile in dashboard.body["mosaicLayout"]["tiles"]
    }
    for policy in definitions.alert_policies:
        if f"projects/{settings.project}/alertPolicies/{policy.name}" not in charted:
            yield UserError(
                f"no dashboard charts this alert; add a tile with alertChart: {{name: <<policy:{policy.name}>>}}, "
                "best to dashboards/overview.yaml",
                Position(policy.source),
            )


def _without_runbook(definitions: Definitions, files: Sources) -> Iterator[UserError]:
    for policy in definitions.alert_policies:
        page = f"{policy.name}.md"
        if page not in files.runbooks:
            place = Position(files.root / "runbooks" / page)
            yield UserError(f"alert policy {policy.name} has no runbook; write this page", place)
