"""The workflows, and what docs/deployment.md tells other CI systems and people to type."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from loyalty_monitoring.cli import cli
from tests.conftest import PROJECT, ROOT

# All scalars as texts: to YAML 1.1, the key `on` is true.
WORKFLOWS = {
    file.stem: yaml.load(file.read_text(), yaml.BaseLoader) for file in (ROOT / ".github" / "workflows").glob("*.yml")
}
GUIDE = (ROOT / "docs" / "deployment.md").read_text()
SHELL_BLOCK = r"^```sh\n(.*?)^```$"
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
PROGRAM = ".venv/bin/loyalty-monitoring"

each_workflow = pytest.mark.parametrize("name", WORKFLOWS)


def steps(name: str, *jobs: str) -> list[dict[str, Any]]:
    of = WORKFLOWS[name]["jobs"]
    return [step for job in jobs or of for step in of[job]["steps"]]


def commands(name: str, *jobs: str) -> list[str]:
    return [line for step in steps(name, *jobs) for line in step.get("run", "").strip().splitlines()]


def shell_blocks(heading: str) -> list[list[str]]:
    """The lines of the guide's shell blocks below a heading."""
    section = re.split(r"^## ", GUIDE.split(f"\n## {heading}\n")[1], flags=re.MULTILINE)[0]
    return [block.strip().splitlines() for block in re.findall(SHELL_BLOCK, section, re.MULTILINE | re.DOTALL)]


@each_workflow
def test_each_action_is_pinned_to_a_commit_and_says_which_version_that_is(name: str) -> None:
    text = (ROOT / ".github" / "workflows" / f"{name}.yml").read_text()
    uses = re.findall(r"uses: (.*)", text)
    assert uses
    for action in uses:
        assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action


@each_workflow
def test_nothing_may_write_but_the_comment_and_a_token_of_an_environment(name: str) -> None:
    assert WORKFLOWS[name]["permissions"] == {}
    for job, of in WORKFLOWS[name]["jobs"].items():
        write = {right for right, level in of["permissions"].items() if level == "write"}
        assert write == ({"pull-requests"} if job == "comment" else {"id-token"} if "environment" in of else set())
        if write - {"id-token"}:
            assert not any("checkout" in step.get("uses", "") for step in of["steps"]), "no code of the pull request"


def test_a_forks_code_never_meets_a_credential() -> None:
    for of in WORKFLOWS["pull-request"]["jobs"].values():
        if "write" in of["permissions"].values():
            conditions = of["if"].split(" && ")
            assert conditions[-1] == "github.event.pull_request.head.repo.full_name == github.repository"
            assert "||" not in of["if"]
    assert list(WORKFLOWS["pull-request"]["on"]) == ["pull_request"]


def test_the_comment_says_what_was_changed_by_hand_and_a_failed_preview_fails() -> None:
    (preview,) = [step for step in steps("pull-request", "preview") if "make preview" in step.get("run", "")]
    assert preview["run"] == 'make preview STACK="$STACK" | tee preview.txt'
    assert preview["shell"] == "bash", "which is bash with pipefail"
    (comment,) = [step["run"] for step in steps("pull-request", "comment")]
    assert "preview.txt | sed 's/^/    /' >> diff.md" in comment, "indented: no text of a preview ends its block"
    assert WORKFLOWS["pull-request"]["jobs"]["comment"]["needs"] == ["report", "preview"]


def test_a_job_that_only_deploys_installs_nothing_else() -> None:
    assert [line for line in commands("pull-request", "preview") if line.startswith("make")] == [
        'make preview STACK="$STACK" | tee preview.txt'
    ]
    assert commands("verify")[0] == "make packages"
    makefile = (ROOT / "Makefile").read_text()
    for target in ("preview", "deploy"):
        assert f"\n{target}: packages " in makefile


def test_deployments_wait_for_each_other_and_are_never_cut_off() -> None:
    assert WORKFLOWS["deploy"]["concurrency"] == {"group": "deploy", "cancel-in-progress": "false"}


def test_the_pulumi_cli_is_of_the_version_of_the_locked_sdk() -> None:
    (locked,) = re.findall(r"^pulumi==(\S+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    versions = [
        step["with"]["pulumi-version"]
        for name in WORKFLOWS
        for step in steps(name)
        if step.get("uses", "").startswith("pulumi/")
    ]
    assert versions == [locked, locked]


@each_workflow
def test_what_a_workflow_runs_exists(name: str) -> None:
    for command in commands(name):
        words = [word for word in shlex.split(command.split(" | ")[0]) if word not in (">", "diff.md")]
        if words[0] == "make":
            assert words[1] in TARGETS, command
        elif words[0] == PROGRAM:
            cli.commands[words[1]].make_context(words[1], words[2:])
        else:
            assert words[0] in ("cat", "gh", "head", "printf"), command


def test_other_ci_systems_are_told_the_very_commands_of_the_workflows() -> None:
    proposed, main = shell_blocks("Another CI system")
    ours = [*commands("pull-request", "check"), *commands("pull-request", "changes", "report", "preview")]
    ours = [line.replace(" --format github", "").removesuffix(" | tee preview.txt") for line in ours]
    ours = [line for line in ours if not line.startswith("cat ")]
    assert proposed == list(dict.fromkeys(ours))
    assert main == commands("deploy")


def test_each_role_that_is_granted_stands_in_the_table_and_the_other_way_round() -> None:
    accounts = ("preview", "deploy", "verify")
    rows = re.findall(r"^\| `(roles/\S+)` \| (\w+) \|((?: (?:yes )?\|){3})", GUIDE, re.MULTILINE)
    table = {
        (on, account, role)
        for role, on, cells in rows
        for account, cell in zip(accounts, cells.split("|"), strict=False)
        if "yes" in cell
    }
    assert len(rows) == 9
    assert set(re.findall(r"^(?:in|on)_(\w+) (\w+) (roles/\S+)$", GUIDE, re.MULTILINE)) == table


def test_each_environment_of_the_workflows_may_act_as_its_account() -> None:
    used = {of["environment"] for name in WORKFLOWS for of in WORKFLOWS[name]["jobs"].values() if "environment" in of}
    assert dict(re.findall(r"^allow (\w+) (\w+)$", GUIDE, re.MULTILINE)) == {
        "preview": "preview",
        "deploy": "production",
        "verify": "verify",
    }
    assert used == {"preview", "production", "verify"}


@pytest.mark.parametrize(
    ("heading", "words"),
    [
        (
            "Renaming",
            "a label of a metric, added, removed or with another type | the provider replaces the metric: its history",
        ),
        ("Renaming", "`pulumi stack rename NEW`"),
        ("When `pulumi up` fails", "`Error 409` on a dashboard, with an etag"),
        ("When `pulumi up` fails", "the state keeps the message in plain text"),
        ("When `pulumi up` fails", "`pulumi -v=9` prints secrets"),
        ("When `pulumi up` fails", "a traceback that ends in `KeyboardInterrupt`"),
        ("When `pulumi up` fails", "`unable to detect a global setting for GCP Project`"),
        ("When `pulumi up` fails", "**A lost answer**"),
        ("When `pulumi up` fails", "--import-pending-creates"),
        ("When `pulumi up` fails", "--clear-pending-creates"),
        ("What nobody tried yet", "the download of the provider's plugin"),
    ],
)
def test_the_guide_warns_of_what_happened_under_the_real_engine(heading: str, words: str) -> None:
    section = re.split(r"^## ", GUIDE.split(f"\n## {heading}\n")[1], flags=re.MULTILINE)[0]
    assert words in re.sub(r"\s+", " ", section)


def test_every_shell_block_of_the_guide_is_shell() -> None:
    blocks = re.findall(SHELL_BLOCK, GUIDE, re.MULTILINE | re.DOTALL)
    for block in blocks:
        done = subprocess.run(["bash", "-n"], input=block, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, ""), block


def test_the_names_to_import_are_those_of_the_files() -> None:
    found = re.findall(r"pulumi import gcp:\w+/\w+:(\w+) (\w+) ", GUIDE)
    folders = {"Metric": "log_metrics", "AlertPolicy": "alert_policies", "Dashboard": "dashboards"}
    assert {kind for kind, _ in found} == {*folders, "NotificationChannel"}
    for kind, name in found:
        if kind in folders:
            assert (PROJECT / folders[kind] / f"{name}.yaml").is_file()


# --- make deploy, with a program in Pulumi's place: its own comes from no package index, and deploys for real


@pytest.fixture
def pulumi(tmp_path: Path) -> Path:
    """A project folder in which `pulumi` and the command write down how they were called; the state is a file."""
    makefile = re.sub(r"@\$\(PYTHON\) tools/setup\.py.*", "@true", (ROOT / "Makefile").read_text())
    (tmp_path / "Makefile").write_text(makefile)
    (tmp_path / "tools").symlink_to(ROOT / "tools")
    for path in ("bin/pulumi", ".venv/bin/loyalty-monitoring"):
        program = tmp_path / path
        program.parent.mkdir(parents=True)
        write_down = (
            f'echo "{program.name} $*" >> "{tmp_path}/called"\ncase "$*" in *export*) cat "{tmp_path}/state";; esac'
        )
        fail = 'case "$*" in "${FAILS:-nothing}"*) exit 1;; esac'
        program.write_text(f"#!/bin/sh\n{write_down}\n{fail}\n")
        program.chmod(0o755)
    (tmp_path / ".venv" / "bin" / "python").symlink_to(sys.executable)
    write_state(tmp_path, [])
    return tmp_path


def write_state(folder: Path, pending: list[tuple[str, str]]) -> None:
    deployment: dict[str, Any] = {"resources": []}
    if pending:
        deployment["pending_operations"] = [{"resource": {"urn": urn}, "type": what} for what, urn in pending]
    (folder / "state").write_text(json.dumps({"version": 3, "deployment": deployment}))


def make(folder: Path, *words: str, **environment: str) -> tuple[int, list[str], str]:
    """The exit status, how the programs were called, and what was said."""
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["make", *words],
        cwd=folder,
        env={**os.environ, "PATH": path, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, (folder / "called").read_text().splitlines(), done.stderr


EXPORT = "pulumi stack export --stack production"
UP = "pulumi up --refresh --yes --continue-on-error --non-interactive --stack production"
OUTPUTS = "pulumi stack output --json --stack production"
VERIFY = "loyalty-monitoring verify --stack production --outputs -"


def test_deploy_updates_the_stack_without_questions_and_then_verifies_it(pulumi: Path) -> None:
    status, called, _ = make(pulumi, "deploy", "STACK=production")
    assert (status, called[:2], set(called[2:])) == (0, [EXPORT, UP], {OUTPUTS, VERIFY})


def test_a_deployment_that_fails_is_not_verified(pulumi: Path) -> None:
    status, called, _ = make(pulumi, "deploy", "STACK=production", FAILS="up ")
    assert status != 0
    assert called == [EXPORT, UP]


def test_a_state_that_cannot_be_read_is_not_taken_for_one_without_pending_operations(pulumi: Path) -> None:
    status, called, said = make(pulumi, "deploy", "STACK=production", FAILS="stack export")
    assert (status != 0, called) == (True, [EXPORT])
    assert "the state of stack production cannot be read" in said
    for text in ("", "[]", '{"deployment": {"pending_operations": [{}]}}'):
        (pulumi / "state").write_text(text)
        status, called, said = make(pulumi, "deploy", "STACK=production")
        assert (status != 0, called[-1]) == (True, EXPORT)
        assert "has an unknown form" in said
        assert "Traceback" not in said


def test_drift_after_a_deployment_fails_it(pulumi: Path) -> None:
    assert make(pulumi, "deploy", "STACK=production", FAILS="verify")[0] != 0


def test_after_a_run_that_was_cut_off_nothing_is_deployed_and_the_way_out_is_said(pulumi: Path) -> None:
    urn = "urn:pulumi:production::loyalty-monitoring::gcp:monitoring/alertPolicy:AlertPolicy::high_churn"
    write_state(pulumi, [("creating", urn)])
    status, called, said = make(pulumi, "deploy", "STACK=production")
    assert status != 0
    assert called == [EXPORT]
    lines = [line.strip() for line in said.splitlines()]
    assert f"creating {urn}" in lines
    refresh = "pulumi refresh --yes --stack production"
    way_out = [
        "pulumi cancel --stack production",
        f"{refresh} --import-pending-creates '{urn}' --import-pending-creates ID   # it is there",
        f"{refresh} --clear-pending-creates   # nothing (more) is there",
        "make deploy STACK=production",
    ]
    assert [line for line in lines if line in way_out] == way_out


def test_an_update_that_was_cut_off_needs_only_a_refresh(pulumi: Path) -> None:
    write_state(
        pulumi, [("updating", "urn:pulumi:production::p::t::n"), ("deleting", "urn:pulumi:production::p::t::m")]
    )
    status, called, said = make(pulumi, "deploy", "STACK=production")
    assert (status != 0, called) == (True, [EXPORT])
    assert "  pulumi refresh --yes --stack production\n" in said
    assert "pending-creates" not in said


def test_a_stack_that_was_never_deployed_can_be(pulumi: Path) -> None:
    (pulumi / "state").write_text('{"version": 3, "deployment": null}')
    assert make(pulumi, "deploy", "STACK=production")[0] == 0


def test_preview_changes_nothing_and_sees_what_a_deployment_sees(pulumi: Path) -> None:
    """What was changed by hand first, for itself; then what a deployment does, which refreshes as well."""
    status, called, _ = make(pulumi, "preview", "STACK=production")
    assert (status, called) == (
        0,
        [
            "pulumi refresh --preview-only --diff --non-interactive --stack production",
            "pulumi preview --refresh --diff --non-interactive --stack production",
        ],
    )
