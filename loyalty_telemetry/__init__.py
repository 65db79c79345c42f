"""Log what the monitoring of the loyalty module needs.

- `log_to_google_cloud` in web processes, `log_celery_to_google_cloud` in Celery's: one line of JSON an entry;
- `events`: one typed function an event of the log contract;
- `install`: reports when each task last succeeded, and snapshots of all programs, on Celery's own schedule.
"""

from loyalty_telemetry.contract_error import ContractError
from loyalty_telemetry.freshness import InMemoryStore, RedisStore, Store
from loyalty_telemetry.logging_setup import log_celery_to_google_cloud, log_to_google_cloud
from loyalty_telemetry.reporting import WATCHED, install
from loyalty_telemetry.snapshots import Snapshot

__all__ = [
    "WATCHED",
    "ContractError",
    "InMemoryStore",
    "RedisStore",
    "Snapshot",
    "Store",
    "install",
    "log_celery_to_google_cloud",
    "log_to_google_cloud",
]
