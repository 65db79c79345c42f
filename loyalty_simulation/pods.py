"""In which pods the module runs, and when a deploy or a restart replaces them."""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime, time, timedelta
from random import Random

from loyalty_simulation.clock import MINUTE, SECOND, microseconds
from loyalty_simulation.console import Container
from loyalty_simulation.faults import WORKER_RESTART
from loyalty_simulation.timeline import Timeline

_DEPLOY_WEEKDAYS, _DEPLOY_TIME, _DEPLOY_TAKES = (1, 3), time(11, tzinfo=UTC), 90 * SECOND
# Each Sunday the cluster's nodes are upgraded, and the worker moves.
_UPGRADE_WEEKDAY, _UPGRADE_TIME, _UPGRADE_TAKES = 6, time(4, 40, tzinfo=UTC), 3 * MINUTE
_LETTERS = "bcdfghjklmnpqrstvwxz2456789"

# Nobody configured its logging: it writes Celery's default text to stderr. It is never replaced.
SPARE_WORKER = Container("spare-worker-0", "worker", structured=False)


class Pods:
    """Two pods of the API and one worker; moments are microseconds since 1970."""

    def __init__(self, start: datetime, days: int, seed: int, timeline: Timeline) -> None:
        self._seed = seed
        self._worker_away = list(timeline.periods(WORKER_RESTART))
        deploys = []
        for number in range(days + 1):
            date = start.date() + timedelta(days=number)
            if date.weekday() in _DEPLOY_WEEKDAYS:
                deploys.append(microseconds(datetime.combine(date, _DEPLOY_TIME)))
            if date.weekday() == _UPGRADE_WEEKDAY:
                upgrade = microseconds(datetime.combine(date, _UPGRADE_TIME))
                self._worker_away.append((upgrade, upgrade + _UPGRADE_TAKES))
        self._deploys = deploys
        self._worker_away += [(moment, moment + _DEPLOY_TAKES) for moment in deploys]
        self._worker_away.sort()
        self._away_from = [begin for begin, _ in self._worker_away]
        self._apis = [self._pods("api", number, 2) for number in range(len(deploys) + 1)]
        self._workers = [self._pods("worker", number, 1)[0] for number in range(len(self._worker_away) + 1)]

    def api(self, moment: int) -> Container:
        """Return the one of the two that takes a request at this moment."""
        return self._apis[bisect_right(self._deploys, moment)][moment // 1000 % 2]

    def worker(self, moment: int) -> Container:
        return self._workers[bisect_right(self._away_from, moment)]

    def worker_is_back(self, moment: int) -> int:
        """Return when the worker takes tasks again: `moment` itself unless it is away."""
        return max((end for begin, end in self._worker_away if begin <= moment < end), default=moment)

    def _pods(self, container: str, generation: int, count: int) -> list[Container]:
        """Return pods, named as Kubernetes names them: the deployment, its generation, the pod."""
        random = Random(f"{self._seed}/{container} {generation}")
        replica_set = f"{container}-{''.join(random.choices(_LETTERS, k=9))}"
        return [Container(f"{replica_set}-{''.join(random.choices(_LETTERS, k=5))}", container) for _ in range(count)]
