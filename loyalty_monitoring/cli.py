"""The command `loyalty-monitoring`: reads arguments, calls one function, prints what it returns.

Everything heavy is imported inside the commands, so that `--help` is quick.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from loyalty_monitoring.common.errors import Position, UserError

if TYPE_CHECKING:
    from loyalty_monitoring.backtest.run import Source, ViewSource
    from loyalty_monitoring.definitions.model import Definitions
    from loyalty_monitoring.definitions.settings import Settings

_PRIORITIES = ("P0", "P1", "P2")

_stack = click.option(
    "--stack",
    default="demo",
    show_default=True,
    metavar="S",
    help="The stack whose settings and parameters apply: Pulumi.S.yaml.",
)
_files = click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
_other_dashboards = click.option(
    "--dashboard",
    "dashboards",
    multiple=True,
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="Also draw this dashboard, as `gcloud` or the console exports it; may be repeated.",
)
_strict = click.option("--strict", is_flag=True, help="A line that is no LogEntry is an error, not just counted.")


class _Instant(click.ParamType[datetime]):
    """An RFC 3339 time; a date alone is its midnight, and a time without an offset is UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            instant = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no time; write it like 2026-11-07 or 2026-11-07T03:00:00Z", param, ctx)
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


class _Bytes(click.ParamType[int]):
    """A number of bytes, with or without a unit: 1000, 5GB, 100GiB."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        found = re.fullmatch(r"([0-9]{1,15}(?:[.][0-9]{1,6})?)([kmgt]?)(i?)b?", value.strip().lower())
        if found is None or (found[3] and not found[2]):
            self.fail(f"{value!r} is no size; write it like 500MiB, 100GiB or 2TiB", param, ctx)
        return int(float(found[1]) * (1024 if found[3] else 1000) ** " kmgt".index(found[2] or " "))


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="loyalty-monitoring")
def cli() -> None:
    """The monitoring of the loyalty module: see it before it is deployed.

    \b
    loyalty-monitoring render --out rendered            what `pulumi up` would send
    loyalty-monitoring replay samples/*.jsonl.gz        which alerts would have opened
    loyalty-monitoring report samples/*.jsonl.gz --out report   dashboards and incidents as pages
    loyalty-monitoring diff main HEAD samples/*.jsonl.gz        which incidents a change makes
    loyalty-monitoring lint                             what will surprise you once it is deployed
    loyalty-monitoring prove                            whether each alert does what it says
    loyalty-monitoring mutants                          whether the cases would notice a slip
    loyalty-monitoring simulate --days 1                logs of a living system, with faults on demand
    loyalty-monitoring match 'severity>=ERROR' FILE     which entries a filter matches
    loyalty-monitoring contract check FILE              which alerts are blind, for want of which log line
    loyalty-monitoring verify                           whether what is deployed is what is defined
    loyalty-monitoring backtest --days 30               which alerts would have opened, by a project's own logs
    loyalty-monitoring cost --stores 500                what the stack costs a month, and when a limit is reached
    """


@cli.command()
@_stack
@click.option("--out", required=True, metavar="DIR", type=click.Path(path_type=Path), help="The folder to write.")
def render(stack: str, out: Path) -> None:
    """Write what the Pulumi program would send, as the API's JSON bodies.

    One file a definition, in log_metrics/, alert_policies/, dashboards/ and notification_channels/ below DIR. Secrets
    and what only a deployment knows (a policy's channels) are left out. Each file is what `gcloud` takes, too:

    \b
    loyalty-monitoring render --stack demo --out rendered
    gcloud monitoring policies create --policy-from-file rendered/alert_policies/rate_limit_spike.json
    """
    from loyalty_monitoring.google_cloud.render import render as write

    settings, definitions = _load(stack)
    written = write(settings, definitions, out)
    click.echo(f"{len(written)} files written to {out}")


@cli.command()
@_files
@_stack
@click.option("--from", "start", type=_Instant(), metavar="T", help="Evaluate from here; earlier entries are history.")
@click.option("--to", "end", type=_Instant(), metavar="T", help="Evaluate up to here; later entries are not used.")
@click.option("--policy", "policies", multiple=True, metavar="NAME", help="Only this alert policy; may be repeated.")
@click.option("--format", "output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--fail-on",
    type=click.Choice(_PRIORITIES),
    help="Exit with 1 when an incident of this priority, or a more urgent one, opened.",
)
@_strict
def replay(
    files: tuple[Path, ...],
    stack: str,
    start: datetime | None,
    end: datetime | None,
    policies: tuple[str, ...],
    output: str,
    fail_on: str | None,
    strict: bool,
) -> None:
    """Show which alerts would have opened and closed, and when.

    FILE is a .jsonl or .jsonl.gz of LogEntry objects, or a JSON array of them, as `gcloud logging read --format=json`
    prints; - is standard input. The entries go through the filters and metrics that are deployed, into a real
    Prometheus that evaluates the deployed queries. What this assumes about Google Cloud: docs/replay-fidelity.md.

    \b
    loyalty-monitoring replay samples/*.jsonl.gz
    loyalty-monitoring replay --policy rate_limit_spike --from 2026-11-07 --to 2026-11-08 samples/*.jsonl.gz
    gcloud logging read 'resource.type="k8s_container"' --freshness=2d --format=json | loyalty-monitoring replay -
    loyalty-monitoring replay --format json --fail-on P0 today.jsonl | jq '.incidents[].policy'
    """
    from loyalty_monitoring.replay import timeline as report
    from loyalty_monitoring.replay.run import replay as run

    _, definitions = _load(stack)
    with _progress() as progress:
        result = run(
            definitions,
            files,
            start=start,
            end=end,
            policies=policies or None,
            strict=strict,
            progress=progress,
        )
    if output == "json":
        click.echo(report.as_json(result))
    else:
        report.print_text(result)
    if fail_on and any(incident.priority <= fail_on for incident in result.incidents):
        sys.exit(1)


@cli.command()
@_files
@_stack
@click.option("--out", required=True, metavar="DIR", type=click.Path(path_type=Path), help="The folder to write.")
@click.option("--from", "start", type=_Instant(), metavar="T", help="Draw from here; earlier entries are history.")
@click.option("--to", "end", type=_Instant(), metavar="T", help="Draw up to here; later entries are not used.")
@_other_dashboards
@_strict
def report(
    files: tuple[Path, ...],
    stack: str,
    out: Path,
    start: datetime | None,
    end: datetime | None,
    dashboards: tuple[Path, ...],
    strict: bool,
) -> None:
    """Draw the dashboards and the incidents, filled with replayed logs, as pages that a browser opens from disk.

    DIR/index.html shows when which alert would have opened; each dashboard and each alert policy has a page. The
    dashboards are drawn from the JSON that is deployed. Nothing is fetched: the folder can be sent as it is.

    \b
    loyalty-monitoring report samples/*.jsonl.gz --out report
    loyalty-monitoring report today.jsonl --dashboard exported.json --out report
    """
    from loyalty_monitoring.replay.entries.log_files import readable_again
    from loyalty_monitoring.report.build import report as build
    from loyalty_monitoring.report.site import write_site
    from loyalty_monitoring.report.sources import sources

    made_from = sources(_project_root(), stack, dashboards)
    with readable_again(files) as kept, _progress() as progress:
        pages = build(made_from, kept, start=start, end=end, strict=strict, progress=progress)
    click.echo(write_site(pages, out))


@cli.command()
@_files
@_stack
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 is any that is free.")
@_other_dashboards
@_strict
def serve(files: tuple[Path, ...], stack: str, port: int, dashboards: tuple[Path, ...], strict: bool) -> None:
    """Show the report in a browser, and draw it anew when a definition or a log file changes.

    Only this machine can reach it. A mistake in a definition is shown on the page, with file and line. Ctrl-C ends it.

    \b
    loyalty-monitoring serve samples/*.jsonl.gz
    loyalty-monitoring serve today.jsonl --port 0
    """
    from loyalty_monitoring.replay.entries.log_files import readable_again
    from loyalty_monitoring.report.build import report as build
    from loyalty_monitoring.report.serve import Live, changes, redraw, served
    from loyalty_monitoring.report.sources import sources, watched_folders

    root = _project_root()
    with readable_again(files) as kept:

        def draw() -> dict[str, str]:
            with _progress() as progress:
                return build(sources(root, stack, dashboards), kept, strict=strict, live=True, progress=progress)

        changed = changes(watched_folders(root), {*kept, *dashboards})
        next(changed, None)
        live = Live(draw())
        with served(live, port) as address:
            click.echo(address)
            for _ in changed:
                redraw(live, draw)


@cli.command()
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@_files
@_stack
@click.option("--from", "start", type=_Instant(), metavar="T", help="Evaluate from here; earlier entries are history.")
@click.option("--to", "end", type=_Instant(), metavar="T", help="Evaluate up to here; later entries are not used.")
@click.option("--format", "output", type=click.Choice(["markdown", "json"]), default="markdown", show_default=True)
def diff(
    old: str,
    new: str,
    files: tuple[Path, ...],
    stack: str,
    start: datetime | None,
    end: datetime | None,
    output: str,
) -> None:
    """Say which incidents a change of the definitions brings, removes or moves.

    OLD and NEW are git revisions, or folders that hold the project. Both versions' definitions go over the same logs,
    so a new threshold shows what it would have done last month; log-based metrics themselves start empty. The Markdown
    is made for a pull request. The exit status says nothing about what was found.

    \b
    loyalty-monitoring diff main HEAD samples/*.jsonl.gz
    loyalty-monitoring diff HEAD . last-month.jsonl.gz
    loyalty-monitoring diff v1.4 v1.5 logs/*.jsonl.gz --format json | jq '.incidents[] | select(.kind != "stays")'
    """
    from loyalty_monitoring.replay.entries.log_files import readable_again
    from loyalty_monitoring.report.diff import output as report
    from loyalty_monitoring.report.diff.compare import compare
    from loyalty_monitoring.report.diff.versions import load_version

    root = _project_root()
    versions = [load_version(root, name, stack) for name in (old, new)]
    with readable_again(files) as kept, _progress() as progress:
        found = compare(versions[0], versions[1], kept, start=start, end=end, progress=progress)
    click.echo(report.as_json(found) if output == "json" else report.as_markdown(found))


@cli.command()
@click.argument("alerts", nargs=-1, metavar="[ALERT]...")
@click.option("--format", "output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def prove(alerts: tuple[str, ...], output: str) -> None:
    """Prove that alerts open when their sentence says, and never otherwise.

    Replays the cases of tests/cases/ALERT.yaml, all alerts without a name: log lines through the deployed definitions
    into a real Prometheus, and holds the incidents against those that the case expects. Parameters have their defaults,
    or what a case says. Exit status 1 when a case is missed, or a kind of case that every alert needs is not there. How
    to write a case: docs/cases.md.

    \b
    loyalty-monitoring prove
    loyalty-monitoring prove rate_limit_spike email_failures
    loyalty-monitoring prove --format json | jq '.cases[] | select(.holds | not)'
    """
    from loyalty_monitoring.definitions.settings import load_stack_settings
    from loyalty_monitoring.proof.alerts import output as report
    from loyalty_monitoring.proof.alerts.prove import prove as run

    root = _project_root()
    with _progress() as progress:
        proof = run(root, load_stack_settings(root, "demo"), alerts, progress)
    if output == "json":
        click.echo(report.as_json(proof))
    else:
        report.print_text(proof)
    if not proof.holds:
        sys.exit(1)


@cli.command()
@click.option("--days", type=click.IntRange(1, 366), default=1, show_default=True, metavar="N", help="How long.")
@click.option("--merchants", type=int, default=6, show_default=True, metavar="N", help="How many; 4 or more.")
@click.option("--stores", type=int, default=12, show_default=True, metavar="N", help="How many, of all merchants.")
@click.option("--seed", type=int, default=1, show_default=True, metavar="N", help="Equal seeds write equal logs.")
@click.option("--start", type=_Instant(), default="2026-11-02", show_default=True, metavar="T", help="When it begins.")
@click.option("--new-project", is_flag=True, help="Nothing was before T: no cards, and no task has ever run.")
@click.option(
    "--fault", "faults", multiple=True, metavar="NAME@T+OFFSET[/LENGTH]", help="What breaks, and when; may be repeated."
)
@click.option("--list-faults", is_flag=True, help="List what can break and what then opens; write no logs.")
@click.option(
    "--out",
    default="-",
    metavar="FILE",
    help="A file, gzipped when it ends in .gz; a folder (DIR/) for one file a day; - is standard output.",
)
def simulate(
    days: int,
    merchants: int,
    stores: int,
    seed: int,
    start: datetime,
    new_project: bool,
    faults: tuple[str, ...],
    list_faults: bool,
    out: str,
) -> None:
    """Write the logs of a living system, healthy but for the faults asked for.

    Customers come and go by day, night and weekend, pods are deployed and restarted, and real Celery tasks log through
    Google's StructuredLogHandler, on a simulated clock. T is the start: wallet_outage@T+1d2h30m begins 26.5 hours after
    it, and wallet_outage@T+1h/45m lasts 45 minutes instead of its own length.

    \b
    loyalty-monitoring simulate --fault wallet_outage@T+1h | loyalty-monitoring replay -
    loyalty-monitoring simulate --days 30 --merchants 4 --stores 4 --out month.jsonl.gz
    loyalty-monitoring simulate --list-faults
    """
    from loyalty_simulation import faults as table
    from loyalty_simulation import output

    if list_faults:
        click.echo(table.as_text())
        return
    from loyalty_simulation.story import Story, entries
    from loyalty_simulation.timeline import parse_occurrence

    story = Story(days, merchants, stores, seed, start, tuple(map(parse_occurrence, faults)), new_project)
    with _progress() as progress:
        output.write(out, entries(story, progress))


@cli.command()
@click.option("--format", "output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def mutants(output: str) -> None:
    """Make each definition wrong in one place, thousands of times, and see that the cases notice.

    Every threshold, comparator, window, grouping, matcher, filter token, extractor, duration and unit of the alert
    policies and log-based metrics is changed, one at a time. What no case notices must stand in
    tests/equivalent_mutants.yaml, with the reason why it changes nothing. Exit status 1 when something else survives.

    \b
    loyalty-monitoring mutants
    loyalty-monitoring mutants --format json | jq '.mutants[] | select(.killed_by == null) | .id'
    """
    from loyalty_monitoring.definitions.settings import load_stack_settings
    from loyalty_monitoring.proof.mutants import score
    from loyalty_monitoring.proof.mutants.run import try_mutants

    root = _project_root()
    with _progress() as progress:
        result = try_mutants(root, load_stack_settings(root, "demo"), progress)
    if output == "json":
        click.echo(score.as_json(result))
    else:
        click.echo("\n".join(score.lines(result)))
    if not result.holds:
        sys.exit(1)


@cli.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(path_type=Path))
@click.option(
    "--format", "output", type=click.Choice(["text", "json", "sarif", "github"]), default="text", show_default=True
)
@click.option("--explain", metavar="ID", help="Say what a rule is about, why it matters and how to mend it.")
def lint(paths: tuple[Path, ...], output: str, explain: str | None) -> None:
    """Find mistakes that Cloud Monitoring accepts in silence, or refuses only at deployment.

    Without PATH: the definitions of this project, as they are deployed. PATH is a file or folder of plain API resources
    in YAML or JSON: alert policies, dashboards and log-based metrics, as `gcloud` and the console export them. Exit
    status 1 when a finding is an error. A line `# lint: allow ID: the reason` in a YAML file allows a rule there.

    \b
    loyalty-monitoring lint
    loyalty-monitoring lint exported-policies/ dashboard.json --format sarif > findings.sarif
    loyalty-monitoring lint --explain promql-lookback
    """
    from loyalty_monitoring.checks.lint import output as formats
    from loyalty_monitoring.checks.lint import run

    if explain is not None:
        click.echo(run.explanation(explain))
        return
    if paths:
        findings = run.lint_files(paths)
    else:
        from loyalty_monitoring.definitions.settings import load_stack_settings

        root = _project_root()
        findings = run.lint_project(root, load_stack_settings(root, "demo"))
    if output == "sarif":
        click.echo(formats.as_sarif(findings, run.titles(), Path.cwd()))
    elif output == "json":
        click.echo(formats.as_json(findings))
    elif output == "text" or findings:
        click.echo(formats.as_text(findings) if output == "text" else formats.as_github(findings))
    if any(finding.severity == "error" for finding in findings):
        sys.exit(1)


@cli.command()
@click.option("--project", metavar="P", help="The Google Cloud project; without it, the stack's own.")
@_stack
@click.option("--format", "output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=20,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for all answers together.",
)
@click.option(
    "--endpoint",
    envvar="LOYALTY_MONITORING_ENDPOINT",
    metavar="HOST:PORT",
    help="Ask this server instead of Google's, without encryption and credentials, for tests; or in the environment: "
    "LOYALTY_MONITORING_ENDPOINT.",
)
def verify(project: str | None, stack: str, output: str, timeout: float, endpoint: str | None) -> None:
    """Say whether what is deployed is what is defined, and whether data arrives.

    Reads the project's log-based metrics, alert policies, notification channels, dashboards and newest points, with the
    credentials of `gcloud auth application-default login` and the roles Monitoring Viewer and Logs Viewer; it changes
    nothing. Drift is what differs in substance, is missing or disabled; a known difference is what the API writes in
    other words; a note is no fault. Exit status 1 when there is drift. More: docs/verify.md.

    \b
    loyalty-monitoring verify --stack production
    loyalty-monitoring verify --project my-project --stack production --format json | jq '.findings[]'
    """
    from loyalty_monitoring.checks.verify import output as formats
    from loyalty_monitoring.checks.verify.run import verify as run

    settings, definitions = _load(stack, project)
    verification = run(settings, definitions, now=datetime.now(UTC), timeout=timeout, endpoint=endpoint)
    if output == "json":
        click.echo(formats.as_json(verification))
    else:
        formats.print_text(verification)
    if not verification.holds:
        sys.exit(1)


@cli.command()
@click.option("--project", metavar="P", help="The Google Cloud project; without it, the stack's own.")
@_stack
@click.option(
    "--days", type=click.IntRange(1, 3650), metavar="N", help="How many days; 30 unless --from says otherwise."
)
@click.option("--from", "start", type=_Instant(), metavar="T", help="Evaluate from here.")
@click.option("--to", "end", type=_Instant(), metavar="T", help="Evaluate up to here; now, unless said otherwise.")
@click.option("--policy", "policies", multiple=True, metavar="NAME", help="Only this alert policy; may be repeated.")
@click.option("--format", "output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--fail-on",
    type=click.Choice(_PRIORITIES),
    help="Exit with 1 when an incident of this priority, or a more urgent one, opened.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be read, and read nothing.")
@click.option(
    "--view",
    metavar="PROJECT.DATASET.VIEW",
    help="Count in BigQuery, in this view of a dataset that is linked to a log bucket; no entry is read.",
)
@click.option(
    "--max-bytes",
    type=_Bytes(),
    default="100GiB",
    show_default=True,
    metavar="SIZE",
    help="With --view: run no query that looks through more, such as 500MiB or 2TiB.",
)
@click.option(
    "--keep",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep the entries that were read, gzipped when FILE ends in .gz, to replay them again.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=300,
    show_default=True,
    metavar="SECONDS",
    help="How long to try for each page of entries, waiting for the quota included.",
)
@click.option(
    "--endpoint",
    envvar="LOYALTY_MONITORING_ENDPOINT",
    metavar="HOST:PORT",
    help="Ask this server instead of Google's, without encryption and credentials, for tests; or in the environment: "
    "LOYALTY_MONITORING_ENDPOINT.",
)
def backtest(
    project: str | None,
    stack: str,
    days: int | None,
    start: datetime | None,
    end: datetime | None,
    policies: tuple[str, ...],
    output: str,
    fail_on: str | None,
    dry_run: bool,
    view: str | None,
    max_bytes: int,
    keep: Path | None,
    timeout: float,
    endpoint: str | None,
) -> None:
    """Show which alerts would have opened, by the log entries that a project still has.

    A log-based metric has no history from before it was made; its logs have. The entries that a metric counts are read
    with the credentials of `gcloud auth application-default login` and the role Logs Viewer, and replayed; they stay in
    a temporary folder that is deleted, unless --keep names a file. With --policy, only what it needs is read.

    With --view, the entries are counted in BigQuery and never leave it, however many they are; --dry-run says what that
    costs. More: docs/backtest.md.

    \b
    loyalty-monitoring backtest --stack production --days 30
    loyalty-monitoring backtest --project my-project --days 7 --dry-run
    loyalty-monitoring backtest --from 2026-11-07 --to 2026-11-08 --policy google_wallet_down --keep day.jsonl.gz
    loyalty-monitoring backtest --days 1 --format json --fail-on P0 | jq '.incidents[].policy'
    loyalty-monitoring backtest --days 90 --view my-project.loyalty_logs._AllLogs --dry-run
    """
    from loyalty_monitoring.backtest import output as formats
    from loyalty_monitoring.backtest.run import backtest as run
    from loyalty_monitoring.backtest.run import backtest_view, estimated_bytes, plan, window
    from loyalty_monitoring.backtest.view import parse_view

    where = None if view is None else parse_view(view)
    if where is not None and keep is not None:
        raise click.UsageError("--keep needs the entries, which --view leaves in BigQuery; leave out one of them")
    start, end = window(days, start, end, datetime.now(UTC))
    settings, definitions = _load(stack, project)
    planned = plan(settings, definitions, start, end, policies or None)
    if dry_run and where is not None:
        estimated = estimated_bytes(planned, where, timeout=timeout, endpoint=endpoint)
        as_text, as_json = formats.view_plan_as_text, formats.view_plan_as_json
        click.echo((as_json if output == "json" else as_text)(planned, where, estimated))
        return
    if dry_run:
        click.echo(formats.plan_as_json(planned) if output == "json" else formats.plan_as_text(planned))
        return
    source: Source | ViewSource
    with _progress() as progress:
        if where is not None:
            result, source = backtest_view(
                planned, where, max_bytes=max_bytes, timeout=timeout, endpoint=endpoint, progress=progress
            )
        else:
            result, source = run(planned, keep=keep, timeout=timeout, endpoint=endpoint, progress=progress)
    if output == "json":
        click.echo(formats.as_json(planned, result, source))
    else:
        formats.print_result(planned, result, source)
    if fail_on and any(incident.priority <= fail_on for incident in result.incidents):
        sys.exit(1)


@cli.command()
@click.argument("files", nargs=-1, metavar="[FILE]...", type=click.Path(path_type=Path))
@_stack
@click.option("--merchants", type=int, metavar="N", help="For so many merchants; without it, the sample's.")
@click.option("--stores", type=int, metavar="N", help="For so many stores, of all merchants; without it, the sample's.")
@click.option(
    "--pods",
    type=int,
    metavar="N",
    help="For so many pods that write logs within 24 hours, replaced ones included; without it, the sample's.",
)
@click.option(
    "--prices",
    "price_file",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Another price table; without it, loyalty_monitoring/cost/prices.yaml.",
)
@click.option("--format", "output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def cost(
    files: tuple[Path, ...],
    stack: str,
    merchants: int | None,
    stores: int | None,
    pods: int | None,
    price_file: Path | None,
    output: str,
) -> None:
    """Say what the stack costs a month and why, and when a limit is reached.

    FILE is what replay takes, best whole weeks; without it, the shipped samples. The points that metrics write and that
    alerts read are measured by replay, scaled to a month of 30 days and to the size asked for, and priced by a table
    with its date and sources. A warning comes before a metric reaches 30,000 active series. More: docs/cost.md.

    \b
    loyalty-monitoring cost
    loyalty-monitoring cost --merchants 200 --stores 2000 --pods 8
    loyalty-monitoring cost last-week.jsonl.gz --prices our-prices.yaml
    loyalty-monitoring cost --stores 2000 --format json | jq '.total.usd_now, .warnings[]'
    """
    from loyalty_monitoring.cost import output as formats
    from loyalty_monitoring.cost.estimate import estimate, measured
    from loyalty_monitoring.cost.prices import SHIPPED, load_prices
    from loyalty_monitoring.cost.scale import check_size
    from loyalty_monitoring.definitions.log_contract import load_contract

    check_size(merchants, stores, pods)
    _, definitions = _load(stack)
    prices = load_prices(price_file or SHIPPED)
    module_writes = load_contract(_project_root() / "log_events.yaml")
    sample_files = files or tuple(sorted((_project_root() / "samples").glob("*.jsonl.gz")))
    if not sample_files:
        raise UserError("there are no logs in samples/ to measure; name a FILE", Position(_project_root() / "samples"))
    with _progress() as progress:
        sample = measured(definitions, sample_files, progress)
    found = estimate(
        sample,
        module_writes,
        prices,
        today=datetime.now(UTC).date(),
        merchants=merchants,
        stores=stores,
        pods=pods,
    )
    if output == "json":
        click.echo(formats.as_json(found, shipped=not files))
    else:
        formats.print_text(found, shipped=not files)


@cli.command()
@click.argument("filter_text", metavar="FILTER")
@_files
@click.option("--count", is_flag=True, help="Print only how many entries match.")
@_strict
def match(filter_text: str, files: tuple[Path, ...], count: bool, strict: bool) -> None:
    """Print the log entries that match a filter of the Logging query language.

    The whole language is evaluated as documented (docs/filter-language.md); what is not supported is an error.

    \b
    loyalty-monitoring match 'severity >= ERROR' samples/*.jsonl.gz
    loyalty-monitoring match --count 'jsonPayload.event = ("card_enrolled" OR "card_deactivated")' day.jsonl
    """
    from loyalty_monitoring.replay.entries.match import count_matches, matching_entries

    if count:
        click.echo(count_matches(filter_text, files, strict=strict))
        return
    for line in matching_entries(filter_text, files, strict=strict):
        click.echo(line)


@cli.group()
def contract() -> None:
    """The log contract: what the loyalty module writes, as docs/log-contract.md says it.

    \b
    loyalty-monitoring contract check week.json
    """


@contract.command("check")
@_files
@_stack
@click.option("--format", "output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@_strict
def contract_check(files: tuple[Path, ...], stack: str, output: str, strict: bool) -> None:
    """Say which events of the module are there and valid, and which alerts and charts are blind.

    FILE is what replay takes; - is standard input. For each event: how many entries keep the contract, when first and
    last, and what is wrong with the others, with the file and line of the first. Celery's own lines and events that the
    contract does not have are told as well. Exit status 1 when an event that an alert needs is absent or broken, so
    check logs of a time in which each of them happens.

    \b
    loyalty-monitoring contract check samples/*.jsonl.gz
    gcloud logging read 'resource.type="k8s_container"' --freshness=1d --format=json > day.json
    loyalty-monitoring contract check day.json
    loyalty-monitoring contract check --format json - < day.json | jq '.findings[] | select(.level == "error")'
    """
    from loyalty_monitoring.checks.contract import output as formats
    from loyalty_monitoring.checks.contract.check import check
    from loyalty_monitoring.definitions.log_contract import load_contract

    settings, definitions = _load(stack)
    module_writes = load_contract(_project_root() / "log_events.yaml")
    with _progress() as progress:
        report = check(module_writes, definitions, settings.resource_type, files, strict=strict, progress=progress)
    if output == "json":
        click.echo(formats.as_json(report))
    else:
        formats.print_text(report)
    if not report.holds:
        sys.exit(1)


def main() -> None:
    """Run the command line: 0 is success, 1 an incident with --fail-on, 2 an error the user can mend."""
    # A polite end runs the clean-up: no process and no folder stays behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        cli.main(standalone_mode=False)
    except UserError as error:
        _fail(str(error), 2)
    except click.exceptions.Abort:
        _fail("interrupted", 130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader of our output, such as `head`, has enough; Python would complain once more while exiting.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(message: str, code: int) -> None:
    click.echo(f"loyalty-monitoring: {message}", err=True)
    sys.exit(code)


def _load(stack: str, project: str | None = None) -> tuple[Settings, Definitions]:
    from loyalty_monitoring.definitions.load import load_definitions
    from loyalty_monitoring.definitions.settings import in_project, load_stack_settings

    root = _project_root()
    settings = load_stack_settings(root, stack)
    if project is not None:
        settings = in_project(settings, project)
    return settings, load_definitions(root, settings)


def _project_root() -> Path:
    """The nearest folder, from the current one up, that holds a Pulumi.yaml beside alert_policies/."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "Pulumi.yaml").is_file() and (folder / "alert_policies").is_dir():
            return folder
    raise UserError("no project here: run this inside the folder that holds Pulumi.yaml", Position(here))


@contextmanager
def _progress() -> Iterator[Callable[[str, float], None]]:
    """A function `progress(what, share done)` that draws a bar on standard error when a person is looking."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description:<40}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda what, done: bar.update(task, description=what, completed=done)
