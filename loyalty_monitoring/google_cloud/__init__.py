"""Turns definitions into API bodies and Pulumi resources; holds the API messages and clients."""

import os

# After a fork, gRPC 1.85 starts a thread of its own in the child, even in one that is about to become Prometheus, and
# that thread can abort it (github.com/grpc/grpc/issues/43055). Read when grpc is imported, so it stands here.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")
