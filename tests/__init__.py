"""Tests.

Some start a gRPC server and Prometheus in one process. After a fork, gRPC 1.85 starts a thread of its own in the child,
which can abort it (github.com/grpc/grpc/issues/43055); it is told not to before anything imports it.
"""

import os

os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")

# What one test worked out must not answer another one's question; tests of the cache have their own.
os.environ["LOYALTY_MONITORING_CACHE_SIZE"] = "0"

# Images of Python often forbid to write bytecode; each of the hundreds of commands that are started here would compile
# a thousand modules again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
