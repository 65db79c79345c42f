import pytest

from loyalty_monitoring.common.errors import UserError


@pytest.mark.parametrize(
    ("message", "problem", "remedy"),
    [
        ("is no number; write such as 1.5", "is no number", "write such as 1.5"),
        ("is no number; write 1; or leave it out", "is no number", "write 1; or leave it out"),
        ("'a; b' is no number; write one", "'a; b' is no number", "write one"),
        ('"it\'s; \\"so" is no number; write one', '"it\'s; \\"so" is no number', "write one"),
        ("a project's number; isn't a name; write it", "a project's number", "isn't a name; write it"),
        ("does not exist", "does not exist", ""),
        ("'not closed; write one", "'not closed", "write one"),
    ],
)
def test_the_remedy_follows_the_first_semicolon_that_is_not_quoted(message: str, problem: str, remedy: str) -> None:
    error = UserError(message)
    assert (error.problem, error.remedy) == (problem, remedy)
