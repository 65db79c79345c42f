"""monitoring.yaml says what is the module's own: its name, and what its load grows with."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest

from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.definitions.load import load_definitions
from loyalty_monitoring.definitions.project import load_module
from loyalty_monitoring.definitions.settings import load_stack_settings
from tests.conftest import ROOT


def written(folder: Path, text: str) -> Path:
    (folder / "monitoring.yaml").write_text(text)
    return folder


def test_a_name_is_enough(tmp_path: Path) -> None:
    module = load_module(written(tmp_path, "module: parcel_tracking\n"))
    assert (module.name, module.title) == ("parcel_tracking", "Parcel tracking")
    assert (module.dimensions, module.required_kinds) == ((), None)


def test_the_namespace_of_settings_is_the_name_of_the_pulumi_project(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Pulumi.demo.yaml", tmp_path)
    (tmp_path / "Pulumi.yaml").write_text("name: parcels\n")
    with pytest.raises(UserError, match="the setting parcels:project is missing"):
        load_stack_settings(written(tmp_path, "module: parcels\n"), "demo")
    text = (tmp_path / "Pulumi.demo.yaml").read_text().replace("loyalty-monitoring:", "parcels:")
    (tmp_path / "Pulumi.demo.yaml").write_text(text)
    assert load_stack_settings(tmp_path, "demo").module.namespace == "parcels"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title: Parcels\n", "lacks the key 'module'"),
        ("modul: parcels\n", "unknown key 'modul' in the file; did you mean 'module'"),
        ("module: Parcels\n", 'module is "Parcels"; expected the module\'s name'),
        ("module: parcels\nscale: {pods: {label: pod}}\n", "scale is"),
        ("module: parcels\nscale: {depots: {}}\n", "scale.depots lacks the key 'label'"),
        ("module: parcels\nrequired_kinds: []\n", "required_kinds is"),
    ],
)
def test_a_mistake_is_one_error_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        load_module(written(tmp_path, text))
    assert message in caught.value.message
    assert caught.value.position is not None
    assert str(caught.value.position.file).endswith("monitoring.yaml")


def test_a_version_older_than_the_file_has_the_name_of_its_loggers(tmp_path: Path) -> None:
    shutil.copy(ROOT / "log_events.yaml", tmp_path)
    assert dataclasses.replace(load_module(tmp_path), dimensions=load_module(ROOT).dimensions) == load_module(ROOT)


def test_the_modules_name_stands_before_metrics_and_over_our_block(tmp_path: Path) -> None:
    for name in ("log_metrics", "alert_policies", "dashboards", "runbooks"):
        shutil.copytree(ROOT / name, tmp_path / name)
    for name in ("parameters.yaml", "log_events.yaml", "coverage.yaml"):
        shutil.copy(ROOT / name, tmp_path / name)
    settings = load_stack_settings(ROOT, "demo")
    other = dataclasses.replace(settings, module=dataclasses.replace(settings.module, name="club"))
    with pytest.raises(UserError, match="unknown key 'loyalty' in the file"):
        load_definitions(tmp_path, other)
    for file in tmp_path.rglob("*/*.yaml"):
        text = file.read_text().replace("\nloyalty:\n", "\nclub:\n").replace("name: loyalty/", "name: club/")
        file.write_text(text)
    definitions = load_definitions(tmp_path, other)
    assert all(metric.api_name == f"club/{metric.name}" for metric in definitions.log_metrics)
    assert any("logging_googleapis_com:user_club_" in policy.query for policy in definitions.alert_policies)
