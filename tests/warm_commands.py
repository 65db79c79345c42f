"""`loyalty-monitoring` in a process of its own that begins where its imports are done.

A command imports for up to a second before it does anything, and tests start hundreds of them. So a process that has
imported all that commands import, and read the definitions, forks one for each. That one has its own folder,
environment, arguments and standard streams, runs the console command's function, and ends as a child of
`multiprocessing` ends: its threads and its exit functions are waited for, but modules and objects go with the process,
since to take them apart takes longer than most commands. What it shares with the others is what is remembered of texts
that were the same, and what Python chose when it started, such as the order of sets; and an import that a command
forgets may be there already. Tests of how commands start and end therefore start PROGRAM itself.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn
from unittest.mock import patch

_LENGTH = 4  # bytes that say how long a request is
_MOST_SECONDS = 600  # what takes longer hangs, and is killed
_IN_FUNCTIONS = ("jsonschema", "rich.progress")  # what commands import where they need it
_WITHOUT = "pulumi"  # whose program is no command


class WarmCommands:
    """The process that forks; it ends with this one."""

    def __init__(self, program: str, root: Path) -> None:
        self._socket, theirs = socket.socketpair()
        self._asking = threading.Lock()
        with theirs:
            command = [sys.executable, "-P", __file__, str(theirs.fileno()), program, str(root)]
            # numpy's algebra, which nobody uses, has a thread for each further core.
            environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
            self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()], cwd=root, env=environment)

    def run(
        self, arguments: list[str], folder: Path, stdin: str, environment: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        pipes = [os.pipe() for _ in range(4)]
        (in_read, in_write), (out_read, out_write), (err_read, err_write), (status_read, status_write) = pipes
        asked = {"arguments": arguments, "folder": str(folder), "environment": dict(environment)}
        given = [in_read, out_write, err_write, status_write]
        message = json.dumps(asked).encode()
        with self._asking:
            socket.send_fds(self._socket, [len(message).to_bytes(_LENGTH)], given)
            self._socket.sendall(message)
        for number in given:
            os.close(number)
        errors: list[str] = []
        threads = [
            threading.Thread(target=_write, args=(in_write, stdin)),
            threading.Thread(target=lambda: errors.append(_read(err_read))),
        ]
        for thread in threads:
            thread.start()
        output = _read(out_read)
        for thread in threads:
            thread.join()
        return subprocess.CompletedProcess(arguments, int(_read(status_read)), output, errors[0])

    def close(self) -> None:
        self._socket.close()
        self._process.wait()


def _write(number: int, text: str) -> None:
    try:
        with open(number, "w") as stream:
            stream.write(text)
    except BrokenPipeError:
        pass  # a command need not read what it is given


def _read(number: int) -> str:
    with open(number) as stream:
        return stream.read()


def _serve(asked: socket.socket, program: str) -> None:
    """Fork a process for each request, and return in that process, which looks like one that was just started."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        length, streams, _, _ = socket.recv_fds(asked, _LENGTH, 4)
        if not length:
            gc.unfreeze()
            sys.exit()
        message = asked.recv(int.from_bytes(length), socket.MSG_WAITALL)
        assert _threads() == 1, "what has threads cannot be forked"
        if os.fork() == 0:
            asked.close()
            _fork_and_tell(streams.pop())
            _become(program, streams, **json.loads(message))
            return
        for number in streams:
            os.close(number)


def _threads() -> int:
    """How many there are, those of libraries included where the system tells."""
    tasks = Path("/proc/self/task")
    return len(list(tasks.iterdir())) if tasks.is_dir() else threading.active_count()


def _fork_and_tell(status: int) -> None:
    """Return in a child; this process waits for it, and tells how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    child = os.fork()
    if child == 0:
        os.close(status)
        return
    for number in (0, 1, 2):
        os.close(number)
    os.closerange(3, status)
    os.closerange(status + 1, status + 64)
    signal.signal(signal.SIGALRM, lambda *_: os.kill(child, signal.SIGKILL))
    signal.alarm(_MOST_SECONDS)
    _, ended = os.waitpid(child, 0)
    os.write(status, str(os.waitstatus_to_exitcode(ended)).encode())
    os._exit(0)


def _become(
    program: str, streams: list[int], arguments: list[str], folder: str, environment: Mapping[str, str]
) -> None:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    sys.stdin = sys.__stdin__ = open(0, closefd=False)  # noqa: SIM115
    sys.stdout = sys.__stdout__ = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = sys.__stderr__ = open(2, "w", 1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.argv = [program, *arguments]


def _end_after(command: Callable[[], None]) -> NoReturn:
    """Call it, and end this process with its status, as the interpreter would but without taking itself apart."""
    status = 1
    try:
        command()
        status = 0
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _remember_definitions(root: Path) -> None:
    """Read the projects that most tests take, for what is remembered of a text: what it parses to, or what is wrong
    with it. Where a file is other than it was now, its texts are. A project that does not load is told by whoever
    needs it.
    """
    import duckdb

    from loyalty_monitoring.commands.project import load_stack_of
    from loyalty_monitoring.common import database
    from loyalty_monitoring.common.errors import UserError
    from loyalty_monitoring.replay.kept_files import program

    program()
    with duckdb.connect(config={"threads": 1}) as connection, patch.object(database, "_small", lambda: connection):
        for project in (root / "tests" / "project", root):
            with contextlib.suppress(UserError):
                load_stack_of(project, "demo")


if __name__ == "__main__":
    from importlib import import_module
    from pkgutil import walk_packages

    import loyalty_monitoring
    import loyalty_simulation

    for package in (loyalty_monitoring, loyalty_simulation):
        for module in walk_packages(package.__path__, f"{package.__name__}."):
            if _WITHOUT not in module.name:
                import_module(module.name)
    for name in _IN_FUNCTIONS:
        import_module(name)
    from loyalty_monitoring.__main__ import main

    _remember_definitions(Path(sys.argv[3]))
    gc.collect()
    gc.freeze()  # what is here already is no command's garbage, and stays shared as long as nothing looks at it
    with socket.socket(fileno=int(sys.argv[1])) as _asked:
        _serve(_asked, sys.argv[2])
    _end_after(main)
