"""`python -m loyalty_monitoring`, and the console command: a signal is handled before anything large is imported."""

from __future__ import annotations

from loyalty_monitoring.common import interruption


def main() -> None:
    interruption.run(_command)


def _command() -> None:
    from loyalty_monitoring.cli import main as run_cli

    run_cli()


if __name__ == "__main__":
    main()
