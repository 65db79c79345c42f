"""A stand-in for the Pulumi engine: it gets the SDK's real registration messages and answers as a first deployment.

The program runs unchanged, by its directory, as Pulumi's own language host runs it
(github.com/pulumi/pulumi/blob/master/sdk/python/cmd/pulumi-language-python-exec).
"""

from __future__ import annotations

import asyncio
import contextvars
import json
import runpy
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pulumi
import yaml
from google.protobuf import empty_pb2, json_format
from pulumi.runtime import Settings, configure, run_in_stack, set_all_config
from pulumi.runtime.proto import engine_pb2, resource_pb2

PROJECT = "loyalty-monitoring"

# How the SDK writes a secret and an unknown value (pulumi.runtime.rpc).
_SIGNATURE, _SECRET = "4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


@dataclass(frozen=True)
class Secret:
    """A value that the SDK marked as secret, and that is not printed."""

    value: Any = field(repr=False)


@dataclass(frozen=True)
class Resource:
    """A registration, with the places of other resources in it as their logical names."""

    type: str
    name: str
    inputs: dict[str, Any]
    depends_on: tuple[str, ...]
    request: resource_pb2.RegisterResourceRequest

    @property
    def kind(self) -> str:
        return self.type.rpartition(":")[2]


@dataclass
class Run:
    """What the engine saw of one run: resources in the order of their registration, outputs, and every byte of it."""

    resources: list[Resource] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)

    def of(self, kind: str) -> dict[str, Resource]:
        return {resource.name: resource for resource in self.resources if resource.kind == kind}


@dataclass
class _Monitor:
    """The ResourceMonitor service; in a preview nothing is known of a new resource but its inputs.

    `refuse` is the name of a resource that the API refuses. With `pulumi up --continue-on-error` the engine then skips
    what depends on it, and goes on with the rest (github.com/pulumi/pulumi, pull request 15740).
    """

    preview: bool
    refuse: str = ""
    skipped: set[str] = field(default_factory=set)
    run: Run = field(default_factory=Run)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def RegisterResource(self, request: Any) -> Any:
        urn = f"urn:pulumi:test::{PROJECT}::{request.type}::{request.name}"
        with self.lock:
            self.run.messages.append(str(request))
            if request.type == "pulumi:pulumi:Stack":
                return resource_pb2.RegisterResourceResponse(urn=urn)
            if any(r.type == request.type and r.name == request.name for r in self.run.resources):
                raise ValueError(f"duplicate resource {urn}")
            names = tuple(sorted(dependency.rpartition("::")[2] for dependency in request.dependencies))
            inputs = plain(json_format.MessageToDict(request.object))
            if request.name == self.refuse or self.skipped & set(names):
                self.skipped.add(request.name)
                return resource_pb2.RegisterResourceResponse(urn=urn, result=resource_pb2.Result.FAIL)
            self.run.resources.append(Resource(request.type, request.name, inputs, names, request))
        if self.preview:
            return resource_pb2.RegisterResourceResponse(urn=urn, object=request.object)
        response = resource_pb2.RegisterResourceResponse(urn=urn, object=request.object)
        response.id = self._id(request, inputs)
        if "name" not in inputs:
            response.object.update({"name": response.id})
        return response

    def _id(self, request: Any, inputs: Mapping[str, Any]) -> str:
        kind = request.type.rpartition(":")[2]
        folder = kind[0].lower() + kind[1:] + "s"
        folder = {"alertPolicys": "alertPolicies"}.get(folder, folder)
        return str(inputs.get("name") or f"projects/{inputs['project']}/{folder}/id-of-{request.name}")

    def RegisterResourceOutputs(self, request: Any) -> Any:
        with self.lock:
            self.run.messages.append(str(request))
            self.run.outputs = plain(json_format.MessageToDict(request.outputs))
        return empty_pb2.Empty()

    def GetDeploymentInfo(self, request: Any) -> Any:
        return resource_pb2.DeploymentInfo(
            supportedFeatures=[
                resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS,
                resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
                resource_pb2.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
            ]
        )

    def SupportsFeature(self, request: Any) -> Any:
        return resource_pb2.SupportsFeatureResponse(hasSupport=request.id in ("secrets", "resourceReferences"))

    def RegisterPackage(self, request: Any) -> Any:
        return resource_pb2.RegisterPackageResponse(ref="gcp")

    def SignalAndWaitForShutdown(self, request: Any) -> Any:
        return empty_pb2.Empty()


def run_program(
    directory: Path,
    stack: str,
    *,
    preview: bool = False,
    secrets: Any = None,
    changes: Mapping[str, Any] | None = None,
    secret_keys: Sequence[str] = (),
    refuse: str = "",
    before: Callable[[], object] = lambda: None,
) -> Run:
    """Run the program of `directory` as `pulumi up` (or `preview`) would, with the settings of Pulumi.<stack>.yaml.

    `secrets` are the decrypted `channelSecrets`, `changes` other settings over the file's (None removes one), and
    `secret_keys` those that were set with --secret, too. `refuse` names a resource that the API refuses. `before`
    happens after the CLI has read its files.
    """
    config = _config(directory, stack, secrets, changes or {})
    secret = [f"{PROJECT}:{key}" for key in (*secret_keys, *(["channelSecrets"] if secrets else []))]
    before()

    def program() -> None:
        set_all_config(config, secret)
        runpy.run_path(str(directory), run_name="__main__")

    return run_function(program, stack, preview=preview, refuse=refuse)


def run_function(program: Callable[[], None], stack: str, *, preview: bool = False, refuse: str = "") -> Run:
    """Run a function as the program of a stack. Errors: what the program raises."""
    monitor = _Monitor(preview, refuse)
    engine = SimpleNamespace(Log=lambda request: monitor.run.log.append(request.message), **_ROOT)

    def in_own_context() -> None:
        configure(Settings(PROJECT, stack, monitor=monitor, engine=engine, parallel=16, dry_run=preview))
        pulumi.runtime.settings.ROOT.set(None)
        asyncio.run(_in_stack(program))

    contextvars.copy_context().run(in_own_context)
    return monitor.run


async def _in_stack(program: Callable[[], None]) -> None:
    await run_in_stack(program)


_ROOT = {
    "GetRootResource": lambda request: engine_pb2.GetRootResourceResponse(),
    "SetRootResource": lambda request: engine_pb2.SetRootResourceResponse(),
}


def _config(directory: Path, stack: str, secrets: Any, changes: Mapping[str, Any]) -> dict[str, str]:
    """The CLI's own way: the stack's file over the project's defaults, text as it is, everything else as JSON
    (github.com/pulumi/pulumi/blob/master/sdk/go/common/workspace/config.go).
    """
    declared = yaml.safe_load((directory / "Pulumi.yaml").read_text())["config"]
    values = {key: item["value"] for key, item in declared.items() if ":" in key}
    values |= {f"{PROJECT}:{key}": item["default"] for key, item in declared.items() if "default" in item}
    values |= yaml.safe_load((directory / f"Pulumi.{stack}.yaml").read_text())["config"]
    values |= {f"{PROJECT}:{key}": value for key, value in changes.items()}
    if secrets:
        values[f"{PROJECT}:channelSecrets"] = secrets
    return {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in values.items()
        if value is not None
    }


def plain(value: Any) -> Any:
    """JSON-like data from a message: numbers arrive as floats, secrets as mappings with a signature."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if not isinstance(value, dict):
        return int(value) if isinstance(value, float) and value.is_integer() else value
    if value.get(_SIGNATURE) == _SECRET:
        return Secret(plain(value["value"]))
    return {key: plain(item) for key, item in value.items()}
