"""Only what Prometheus says of a query kills a mutant; that Prometheus says nothing stops the run."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.definitions.load import load_definitions
from loyalty_monitoring.proof.alerts import shared_replay
from loyalty_monitoring.proof.mutants.run import try_policy_mutants
from loyalty_monitoring.replay.prometheus import Prometheus, QueryRefused
from loyalty_monitoring.replay.run import evaluate
from tests.conftest import ROOT
from tests.proof.mutants.test_policies import SETTINGS
from tests.replay.servers import prometheus_over

START = datetime(2026, 11, 2, tzinfo=UTC)


@contextmanager
def nobody_there(*_: object) -> Iterator[Prometheus]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens
        yield Prometheus(taken.getsockname()[1], "/gone")


def test_a_prometheus_that_is_gone_stops_the_run_and_kills_no_mutant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_replay, "prometheus_with", nobody_there)
    with pytest.raises(UserError, match="Prometheus did not answer") as caught:
        try_policy_mutants(ROOT, SETTINGS)
    assert not isinstance(caught.value, QueryRefused)


def test_a_query_that_does_not_parse_is_refused_with_the_file_of_its_policy(tmp_path: Path) -> None:
    points = tmp_path / "points.om"
    points.write_text("# EOF\n")
    policy = load_definitions(ROOT, SETTINGS).alert_policies[0]
    condition = policy.condition | {"query": "sum by ("}
    broken = replace(policy, body={"conditions": [{"conditionPrometheusQueryLanguage": condition}]})
    with prometheus_over(points) as prometheus, pytest.raises(QueryRefused, match="parse error") as caught:
        evaluate(prometheus, [broken], START, START + timedelta(hours=1))
    assert caught.value.position is not None
    assert caught.value.position.file == policy.source
