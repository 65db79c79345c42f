"""Tests.

Some start a gRPC server and Prometheus in one process. After a fork, gRPC 1.85 starts a thread of its own in the child,
which can abort it (github.com/grpc/grpc/issues/43055); it is told not to before anything imports it.
"""

import os

os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")
