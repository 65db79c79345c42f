"""A stand-in for gcloud: takes the commands of the runbooks by the syntax of gcloud's reference, and prints nothing.

https://cloud.google.com/sdk/gcloud/reference names each command, its arguments and its flags. A command or a flag that
is not in this list ends with 2 and a sentence, as gcloud does. It stands in since gcloud is in no package registry that
the tests may use; it cannot know whether Google Cloud would answer. `make gcloud` asks the real one.
"""

import sys

EVERYWHERE = {"--project", "--format", "--filter", "--limit", "--quiet"}
# command -> how many arguments without a flag, and its own flags
KNOWN = {
    "logging read": (1, {"--freshness", "--order"}),
    "logging sinks describe": (1, set()),
    "logging metrics list": (0, set()),
    "monitoring policies list": (0, set()),
    "monitoring snoozes create": (0, {"--display-name", "--start-time", "--end-time", "--criteria-policies"}),
    "services list": (0, {"--enabled", "--available"}),
    "iam service-accounts describe": (1, set()),
    "iam service-accounts keys list": (0, {"--iam-account"}),
    "compute instances list": (0, {"--zones"}),
    "compute ssh": (1, {"--zone", "--command"}),
    "run jobs deploy": (1, {"--region", "--image", "--command", "--args", "--execute-now", "--wait"}),
}
WITHOUT_VALUE = {"--enabled", "--available", "--execute-now", "--wait", "--quiet"}


def problem(words):
    command = next((name for name in sorted(KNOWN, key=len, reverse=True) if " ".join(words).startswith(name)), None)
    if command is None:
        return f"Invalid choice: {' '.join(words[:3])}"
    expected, flags = KNOWN[command]
    rest = words[len(command.split()) :]
    positional = [word for word in rest if not word.startswith("--")]
    if len(positional) != expected:
        return f"{command}: expected {expected} arguments, not {positional}"
    for word in rest:
        name, equals, _ = word.partition("=")
        if not name.startswith("--"):
            continue
        if name not in flags | EVERYWHERE:
            return f"{command}: unrecognized arguments: {name}"
        if (name in WITHOUT_VALUE) == bool(equals):
            return f"{command}: {name} {'takes no value' if equals else 'needs a value'}"
    if not any(word.startswith("--project=") for word in rest):
        return f"{command}: whose project?"
    return None


if __name__ == "__main__":
    found = problem(sys.argv[1:])
    if found:
        print(f"ERROR: (gcloud) {found}", file=sys.stderr)
        sys.exit(2)
    if "--format=json" in sys.argv:
        print("[]")
    elif any(word.startswith("--format=value(resource.labels") for word in sys.argv):
        print("one\ttwo\tthree")
    elif "policies" in sys.argv:
        print("projects/p/alertPolicies/1")
