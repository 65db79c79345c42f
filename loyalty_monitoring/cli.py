"""The command `loyalty-monitoring`: registers the commands by task, and turns errors into exit codes.

Everything heavy is imported inside the commands, so that `--help` is quick.
"""

from __future__ import annotations

import codecs
import io
import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import click

from loyalty_monitoring.commands.backtest import backtest_command
from loyalty_monitoring.commands.cache import cache_command
from loyalty_monitoring.commands.check import check_command
from loyalty_monitoring.commands.contract import contract_command
from loyalty_monitoring.commands.cost import cost_command
from loyalty_monitoring.commands.diff import diff_command
from loyalty_monitoring.commands.drill import drill_command
from loyalty_monitoring.commands.fired import fired_command
from loyalty_monitoring.commands.import_lines import import_command
from loyalty_monitoring.commands.lint import lint_command
from loyalty_monitoring.commands.match import match_command
from loyalty_monitoring.commands.mutants import mutants_command
from loyalty_monitoring.commands.new import new_command
from loyalty_monitoring.commands.points import points_command
from loyalty_monitoring.commands.project import project_dir_option, quiet_option
from loyalty_monitoring.commands.prove import prove_command
from loyalty_monitoring.commands.render import render_command
from loyalty_monitoring.commands.replay import replay_command
from loyalty_monitoring.commands.report import report_command
from loyalty_monitoring.commands.runbooks import runbooks_command
from loyalty_monitoring.commands.serve import serve_command
from loyalty_monitoring.commands.simulate import simulate_command
from loyalty_monitoring.commands.verify import verify_command
from loyalty_monitoring.common import failures, interruption, library_warnings
from loyalty_monitoring.common.errors import UserError

# In the order of `--help`: task -> its commands.
TASKS: dict[str, tuple[click.Command, ...]] = {
    "Write": (new_command, check_command, lint_command, render_command),
    "See": (replay_command, report_command, serve_command, diff_command, match_command, points_command),
    "Prove": (prove_command, mutants_command, simulate_command),
    "Adopt": (import_command, contract_command, backtest_command),
    "Operate": (runbooks_command, verify_command, fired_command, drill_command, cost_command, cache_command),
}


# What works on log files alone.
_WITHOUT_PROJECT = (simulate_command,)


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
    """See and prove monitoring on Google Cloud, declared as data, before it is deployed.

    \b
    loyalty-monitoring replay samples/*.jsonl.gz                which alerts would have opened
    loyalty-monitoring report samples/*.jsonl.gz --out report   dashboards and incidents as pages
    loyalty-monitoring prove                                    whether each alert does what it says
    loyalty-monitoring COMMAND --help                           more, with examples
    """


def _take_common_options(command: click.Command) -> None:
    """Give the command the options --project-dir and --quiet, or each command of a group."""
    if isinstance(command, click.Group) and command is not cli:
        for one in command.commands.values():
            _take_common_options(one)
        return
    if command not in _WITHOUT_PROJECT:
        command.params.append(project_dir_option())
    if command is not cli:
        command.params.append(quiet_option())


_take_common_options(cli)
for _commands in TASKS.values():
    for _command in _commands:
        _take_common_options(_command)
        cli.add_command(_command)


def main() -> None:
    """Run the command line. docs/reliability.md has the table of exit statuses.

    0: done; 1: a command that looks for something found it; 2: it could not be done; 130, 143: Ctrl-C, SIGTERM.
    """
    interruption.run(_main)


def _main() -> None:
    library_warnings.silence()
    _prepare_streams()
    logging.getLogger("loyalty_monitoring").addHandler(_Notes())
    try:
        code = _exit_status()
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader of our output, such as `head`, has enough; Python would complain once more while exiting.
        _discard(1)
        code = 0
    except click.ClickException as error:
        with _saying():
            error.show()
        code = 2
    except Exception as error:
        if interruption.caught():
            raise
        words = failures.explain(error)
        with _saying():
            click.echo(f"loyalty-monitoring: {words}", err=True)
        _discard(1)
        code = 2
    sys.exit(code)


def _exit_status() -> int:
    stdout = sys.stdout
    try:
        cli.main(standalone_mode=False)
    except SystemExit as exit:
        # Where the reader is gone, click and rich exit with 1, which would be a finding. Click wraps the stream.
        if sys.stdout is not stdout or isinstance(exit.__context__, BrokenPipeError):
            raise BrokenPipeError from exit
        return exit.code if isinstance(exit.code, int) else 0
    except click.exceptions.Abort as error:
        if sys.stdin is None or not sys.stdin.isatty():
            raise UserError("asks, and standard input has no answer; give the options, see --help") from error
        raise UserError("ended by the user") from error
    return 0


class _Notes(logging.Handler):
    """Shows what a command has to say beside its output on standard error, each thing once."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._shown: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        words = record.getMessage()
        if words not in self._shown:
            self._shown.add(words)
            with _saying():
                click.echo(f"loyalty-monitoring: {words}", err=True)


def _prepare_streams() -> None:
    """Write what a stream cannot encode as JSON does, and discard what goes to a closed stream."""
    with ExitStack() as null:
        for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
            if getattr(sys, name) is None:
                setattr(sys, name, null.enter_context(open(os.devnull, mode)))
        null.pop_all()
    codecs.register_error("json", _as_json)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="json")


def _as_json(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end


@contextmanager
def _saying() -> Iterator[None]:
    """Run the block; where standard error cannot be written either, the exit status alone tells."""
    try:
        yield
    except (OSError, ValueError):
        _discard(2)


def _discard(number: int) -> None:
    """Drop what could not be written to the stream, so that Python does not try again when it ends."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, number)
    os.close(null)
