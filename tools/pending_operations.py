"""Refuses a deployment while the stack's state has operations that nobody knows the end of.

A run that was killed leaves them there. `pulumi up` would only warn and make the resource anew, and `pulumi up
--refresh` says nothing: either can leave a second policy of the same title. Usage: pending_operations.py STACK
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any


def main(stack: str) -> int:
    try:
        exported = subprocess.run(["pulumi", "stack", "export", "--stack", stack], stdout=subprocess.PIPE, check=False)
    except FileNotFoundError:
        print("deploy: there is no pulumi on PATH; https://www.pulumi.com/docs/iac/download-install/", file=sys.stderr)
        return 2
    if exported.returncode:
        print(f"deploy: the state of stack {stack} cannot be read; Pulumi's message above says why", file=sys.stderr)
        return 2
    try:
        text = refusal(stack, pending(exported.stdout))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        print(
            f"deploy: the export of stack {stack} has an unknown form ({error!r}); is the CLI newer?", file=sys.stderr
        )
        return 2
    if text:
        print(text, file=sys.stderr)
    return 2 if text else 0


def pending(exported: bytes) -> list[tuple[str, str]]:
    """Return operations that were begun and not finished, as (what, URN), in an export of the stack.

    The form: `DeploymentV3.pending_operations` in github.com/pulumi/pulumi, sdk/go/common/apitype/core.go.
    """
    deployment: dict[str, Any] = json.loads(exported).get("deployment") or {}
    return [(each["type"], each["resource"]["urn"]) for each in deployment.get("pending_operations") or []]


def refusal(stack: str, operations: list[tuple[str, str]]) -> str:
    """Return the unfinished operations and the way out, or nothing."""
    if not operations:
        return ""
    lines = [f"deploy: the last run on stack {stack} was cut off; whether Google Cloud did this is not known:"]
    lines += [f"  {what} {urn}" for what, urn in operations]
    lines += [
        "Deploying now could make it a second time. Look in the console what is there, and then:",
        f"  pulumi cancel --stack {stack}",
        *_remedies(stack, operations),
        f"  make deploy STACK={stack}",
    ]
    return "\n".join(lines)


def _remedies(stack: str, operations: list[tuple[str, str]]) -> list[str]:
    refresh = f"  pulumi refresh --yes --stack {stack}"
    creates = [urn for what, urn in operations if what == "creating"]
    # Each URN and each ID is an option of its own (pulumi, pkg/cmd/pulumi/operations/refresh.go).
    found = [f"{refresh} --import-pending-creates '{urn}' --import-pending-creates ID" for urn in creates]
    if not found:
        return [refresh]
    return [
        *(f"{line}   # it is there" for line in found),
        f"{refresh} --clear-pending-creates   # nothing (more) is there",
    ]


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
