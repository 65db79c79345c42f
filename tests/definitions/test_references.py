"""`<<...>>` is substituted strictly: an unknown name, kind or form is an error with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from loyalty_monitoring.common.errors import UserError, UserErrors
from loyalty_monitoring.common.yaml_documents import load_yaml
from loyalty_monitoring.definitions.parameters import Parameter
from loyalty_monitoring.definitions.references import substitute

PARAMETERS = {
    "window": Parameter("window", 24, "h", ""),
    "ratio": Parameter("ratio", 0.01, "ratio", ""),
}


def _metric(name: str) -> str:
    if name != "email_status":
        raise KeyError(f"unknown metric {name!r}")
    return "logging_googleapis_com:user_loyalty_email_status"


def _substituted(tmp_path: Path, text: str):
    file = tmp_path / "some.yaml"
    file.write_text(text)
    return substitute(load_yaml(file), PARAMETERS, {"metric": _metric}).data


def test_a_reference_alone_becomes_a_number(tmp_path: Path) -> None:
    assert _substituted(tmp_path, "value: <<ratio>>\n") == {"value": 0.01}


def test_references_inside_a_text_become_words(tmp_path: Path) -> None:
    assert _substituted(tmp_path, "a: more than <<ratio:text>> in << window:text >>\n") == {
        "a": "more than 1% in 24 hours"
    }


def test_the_parameters_that_were_put_in_are_remembered(tmp_path: Path) -> None:
    file = tmp_path / "some.yaml"
    file.write_text("a: [<< window :range>>, <<metric:email_status>>]  # <<ratio>>\n")
    assert substitute(load_yaml(file), PARAMETERS, {"metric": _metric}).parameters == {"window"}


def test_promql_and_the_variables_of_cloud_monitoring_stay_as_they_are(tmp_path: Path) -> None:
    query = 'sum by (a) (x{b=~"${store_id.value}", c!="$y"}[5m:1m]) < 3 > 2 # {{ $value }} [[x]]'
    assert _substituted(tmp_path, f"q: |-\n  {query}\n") == {"q": query}


def test_a_metric_is_named_as_promql_names_it(tmp_path: Path) -> None:
    assert _substituted(tmp_path, 'q: <<metric:email_status>>_count{a="b"}\n') == {
        "q": 'logging_googleapis_com:user_loyalty_email_status_count{a="b"}'
    }


@pytest.mark.parametrize(
    ("inside", "words"),
    [
        ("<<windw>>", "did you mean 'window'"),
        ("<<window:rang>>", "did you mean 'range'"),
        ("<<ratio:range>>", "has the unit ratio"),
        ("<<metrics:email_status>>", "did you mean 'metric:'"),
        ("<<metric:nothing>>", "unknown metric 'nothing'"),
        ("<<window", "close it"),
        ("window>>", "close it"),
        ("<<>>", "unknown parameter"),
    ],
)
def test_a_mistyped_reference_is_refused_at_its_line(tmp_path: Path, inside: str, words: str) -> None:
    with pytest.raises(UserError, match=words) as caught:
        _substituted(tmp_path, f'a: 1\nb:\n  - "see {inside}"\n')
    assert caught.value.position is not None
    assert caught.value.position.line == 3


def test_all_that_cannot_be_resolved_is_told_together(tmp_path: Path) -> None:
    with pytest.raises(UserErrors) as caught:
        _substituted(tmp_path, "a: <<windw>>\nb:\n  - 1\n  - more than <<ratio>\nc: <<metric:mail>>\n")
    told = [(error.position.line, error.problem) for error in caught.value.errors if error.position]
    assert [line for line, _ in told] == [1, 4, 5]
    assert told[2][1] == "unknown metric 'mail'"
