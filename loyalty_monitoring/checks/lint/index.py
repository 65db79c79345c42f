"""docs/lint/README.md, the list of all rules: `python -m loyalty_monitoring.checks.lint.index` writes it again."""

from __future__ import annotations

from loyalty_monitoring.checks.lint.rules import all_rules
from loyalty_monitoring.checks.lint.run import FILE_RULES
from loyalty_monitoring.common.shipped_files import shipped

_KINDS = {
    "any": "All resources",
    "alert_policy": "Alert policies",
    "dashboard": "Dashboards",
    "log_metric": "Log-based metrics",
    "notification_channel": "Notification channels",
    "snooze": "Snoozes",
}


def index() -> str:
    """Return one line a rule, by kind and id."""
    rules = all_rules()
    lines = [
        "# The rules of `loyalty-monitoring lint`",
        "",
        f"{len(rules)} rules over resources of Cloud Monitoring, and {len(FILE_RULES)} about files. An error can never",
        "work, or is refused by the API; a warning will surprise somebody.",
        "",
        "Read are YAML and JSON as `gcloud`, the API and the console print them, Terraform (`.tf`, `.tf.json`), and",
        "plans and states as `terraform show -json` prints them, and state files. Variables have their defaults, or",
        "what terraform.tfvars and *.auto.tfvars of the folder say. `null` is unset. What is only known at apply, or",
        "what a template still fills in (`${...}`, `{{...}}`), is not judged. Files in a folder that hold no resource",
        "are passed over and counted. Bounds with their sources are a table: `api_reference.yaml` and",
        "`aggregations.yaml` in `loyalty_monitoring/checks/lint/`.",
        "",
        "`loyalty-monitoring lint --explain RULE` prints a page. `# lint: allow RULE: the reason` in YAML allows",
        "the rule there.",
    ]
    for kind, title in _KINDS.items():
        lines += ["", f"## {title}", ""]
        lines += [f"- [{one.id}]({one.id}.md) ({one.severity}): {one.title}" for one in rules if one.kind == kind]
    lines += ["", "## Files", ""]
    lines += [f"- [{rule}]({rule}.md): {title}" for rule, title in sorted(FILE_RULES.items())]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    (shipped("docs/lint") / "README.md").write_text(index())
