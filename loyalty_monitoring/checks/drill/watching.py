"""Carry out a drill: write its lines, watch the project, and gather the evidence."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from loyalty_monitoring.checks.drill.evidence import (
    DrillEvidence,
    DrillPlan,
    ExpectedIncident,
    IncidentEvidence,
    PointEvidence,
)
from loyalty_monitoring.checks.drill.planning import lines_of
from loyalty_monitoring.checks.drill.project import Access, Clock, drill_lines, one_call, told
from loyalty_monitoring.checks.drill.replayed import expected_incidents
from loyalty_monitoring.checks.drill.scenarios import Entry
from loyalty_monitoring.common.database import Progress
from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.google_cloud.deployed import newest_points
from loyalty_monitoring.google_cloud.fired_incidents import FiredIncident
from loyalty_monitoring.google_cloud.log_entries import write_entries
from loyalty_monitoring.google_cloud.project_incidents import Told

_LINES_A_CALL = 1_000
_MINUTE = timedelta(minutes=1)
_GOOD_FOR = timedelta(minutes=5)  # a plan; meanwhile somebody may have made a metric


@dataclass
class Drill:
    """A drill, and what it has done and seen so far, which can be asked for after an interruption, too."""

    plan: DrillPlan
    access: Access
    clock: Clock
    written: datetime | None = None
    recovered: datetime | None = None
    lines: list[Entry] = field(default_factory=list)
    told: Told = field(default_factory=Told)
    visible: dict[str, datetime] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def carry_out(self, progress: Progress | None = None) -> DrillEvidence:
        """Write the lines, look until all incidents of the chosen alerts have closed or the time is up, and compare.

        The lines that end the fault are written when all incidents have opened, or after half of the time. A look that
        fails is told, and the next one tries again. Errors: UserError when the fault's lines cannot be written.
        """
        begun = self.clock.now()
        seconds = max(self.access.timeout - self.plan.spent, 0.001)
        deadline, half = begun + timedelta(seconds=seconds), begun + timedelta(seconds=seconds / 2)
        chosen = [one for one in self.plan.expected if one.chosen]
        self._write_fault(deadline)
        while True:
            self._look(deadline)
            seen = [one for one in map(self.seen, chosen) if one is not None]
            closed = sum(one.closed is not None for one in seen)
            now = self.clock.now()
            if progress is not None:
                share = (now - begun) / (deadline - begun)
                progress(f"{len(seen)} of {len(chosen)} incidents opened, {closed} closed", min(share, 1.0))
            if self.recovered is None and (len(seen) == len(chosen) or now >= half):
                self._write_recovery(deadline)
            # What is left after the last look is for reading the lines back.
            if closed == len(chosen) or self._left(deadline) <= self.access.every:
                return self._evidence(deadline)
            self.clock.sleep(self.access.every)

    def seen(self, expected: ExpectedIncident) -> FiredIncident | None:
        """Return the project's incident that is the expected one; None as long as it has not opened."""
        if self.written is None:
            return None
        for one in self.told.fired:
            labels = one.labels or {}
            agrees = all(labels[key] == value for key, value in expected.labels.items() if key in labels)
            policy = self.plan.policy_ids.get(one.policy_id)
            # An incident may open at the start of the minute that its lines are in.
            if policy == expected.policy and agrees and one.opened and one.opened >= self.written - _MINUTE:
                return one
        return None

    def _write_fault(self, deadline: datetime) -> None:
        moment = self.clock.now()
        if moment - self.plan.made > _GOOD_FOR:
            raise UserError("no line was written: the project was looked at too long ago; run the drill again")
        lines = lines_of(self.plan.scenarios, self.plan.drill, moment, self.plan.settings)
        for start in range(0, len(lines), _LINES_A_CALL):
            # Whether a call that fails has written or not, something may be there from now on.
            self.written = self.written or moment
            try:
                self._write(lines[start : start + _LINES_A_CALL], deadline)
            except UserError as error:
                raise UserError(
                    f"{error.message}\n{self.plan.drill} had written {start:,} of its {len(lines):,} lines before, and "
                    "perhaps these; it does not watch"
                ) from error

    def _write_recovery(self, deadline: datetime) -> None:
        moment = self.clock.now()
        lines = lines_of(self.plan.scenarios, self.plan.drill, moment, self.plan.settings, recovery=True)
        try:
            for start in range(0, len(lines), _LINES_A_CALL):
                self._write(lines[start : start + _LINES_A_CALL], deadline)
        except UserError as error:
            self.failures.append(f"the lines that end the fault may not all be there: {error.message}")
        # They are written once: lines that come twice would count twice.
        if lines:
            self.recovered = moment

    def _write(self, lines: list[Entry], deadline: datetime) -> None:
        limit = one_call(self._left(deadline))
        write_entries(self.plan.settings.project, lines, timeout=limit, endpoint=self.access.endpoint)
        self.lines += lines

    def _look(self, deadline: datetime) -> None:
        """Ask for incidents and points; what is refused is told once."""
        assert self.written is not None
        settings, now = self.plan.settings, self.clock.now()
        found = told(settings.project, self.written - _MINUTE, None, one_call(self._left(deadline)), self.access)
        refused = list(found.refused)
        # Who does not answer this time may have answered before.
        self.told = Told(found.violations or self.told.violations, found.alerts or self.told.alerts)
        try:
            points = newest_points(
                settings.project,
                [metric.api_name for metric in self.plan.metrics],
                settings.resource_type,
                now=now,
                timeout=one_call(self._left(deadline)),
                endpoint=self.access.endpoint,
            )
        except UserError as error:
            refused.append(f"the points cannot be read: {error.message}")
        else:
            for metric, newest in points.items():
                if newest is not None and newest >= _minute_after(self.written):
                    self.visible.setdefault(metric, now)
        self.failures += [one for one in refused if one not in self.failures and one not in self.plan.warnings]

    def _evidence(self, deadline: datetime) -> DrillEvidence:
        assert self.written is not None
        plan, ended = self.plan, self.clock.now()
        lines = self.lines
        try:
            limit = one_call(self._left(deadline))
            found = drill_lines(plan.settings.project, self.written - timedelta(days=1), limit, self.access)
            lines = [one for one in found if one.get("jsonPayload", {}).get("drill_id") == plan.drill]
            if len(lines) < len(self.lines):
                self.failures.append(f"{len(lines):,} of {len(self.lines):,} lines can be read in the project")
        except UserError as error:
            self.failures.append(f"the lines cannot be read back: {error.message}")
        names = [policy.name for policy in plan.alerts]
        expected = expected_incidents(
            plan.definitions, [*plan.history, *self.lines], self.written, names, plan.left_aside
        )
        return DrillEvidence(
            drill=plan.drill,
            project=plan.settings.project,
            stack=plan.settings.stack,
            written=self.written,
            recovered=self.recovered,
            ended=ended,
            lines=len(self.lines),
            incidents=tuple(map(self._incident, expected)),
            points=tuple(
                PointEvidence(metric.api_name, _minute_after(self.written), self.visible.get(metric.api_name))
                for metric in plan.metrics
            ),
            failures=tuple(self.failures),
            entries=tuple(lines),
            violations=self.told.violations,
            alerts=self.told.alerts,
        )

    def _incident(self, expected: ExpectedIncident) -> IncidentEvidence:
        one = self.seen(expected)
        if one is None:
            return IncidentEvidence(expected, seen=False)
        return IncidentEvidence(
            expected, seen=True, labels=one.labels, opened=one.opened, closed=one.closed, value=one.value
        )

    def _left(self, deadline: datetime) -> float:
        return (deadline - self.clock.now()).total_seconds()


def _minute_after(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(second=0, microsecond=0) + _MINUTE
