"""The command `loyalty-monitoring`: registers the commands by task, and turns errors into exit codes.

Everything heavy is imported inside the commands, so that `--help` is quick.
"""

from __future__ import annotations

import os
import signal
import sys

import click

from loyalty_monitoring.commands.backtest import backtest_command
from loyalty_monitoring.commands.contract import contract_command
from loyalty_monitoring.commands.cost import cost_command
from loyalty_monitoring.commands.diff import diff_command
from loyalty_monitoring.commands.fired import fired_command
from loyalty_monitoring.commands.lint import lint_command
from loyalty_monitoring.commands.match import match_command
from loyalty_monitoring.commands.mutants import mutants_command
from loyalty_monitoring.commands.prove import prove_command
from loyalty_monitoring.commands.render import render_command
from loyalty_monitoring.commands.replay import replay_command
from loyalty_monitoring.commands.report import report_command
from loyalty_monitoring.commands.serve import serve_command
from loyalty_monitoring.commands.simulate import simulate_command
from loyalty_monitoring.commands.verify import verify_command
from loyalty_monitoring.common.errors import UserError

# In the order of `--help`: task -> its commands.
TASKS: dict[str, tuple[click.Command, ...]] = {
    "Write": (lint_command, render_command),
    "See": (replay_command, report_command, serve_command, diff_command, match_command),
    "Prove": (prove_command, mutants_command, simulate_command),
    "Adopt": (contract_command, backtest_command),
    "Operate": (verify_command, fired_command, cost_command),
}


class _ByTask(click.Group):
    """A group whose help lists the commands by the task they are for."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        widest = max(len(command.name or "") for commands in TASKS.values() for command in commands)
        for task, commands in TASKS.items():
            with formatter.section(task):
                limit = formatter.width - 6 - widest
                rows = [((command.name or "").ljust(widest), command.get_short_help_str(limit)) for command in commands]
                formatter.write_dl(rows)


@click.group(cls=_ByTask, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="loyalty-monitoring")
def cli() -> None:
    """Monitoring on Google Cloud, declared as data: see it and prove it before it is deployed.

    \b
    loyalty-monitoring replay samples/*.jsonl.gz                which alerts would have opened
    loyalty-monitoring report samples/*.jsonl.gz --out report   dashboards and incidents as pages
    loyalty-monitoring prove                                    whether each alert does what it says
    loyalty-monitoring COMMAND --help                           more, with examples
    """


for _commands in TASKS.values():
    for _command in _commands:
        cli.add_command(_command)


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
