# Before any test imports grpc: the package sets how gRPC behaves when a process is forked.
import loyalty_monitoring.backtest  # noqa: F401
