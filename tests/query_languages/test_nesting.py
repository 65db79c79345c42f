from loyalty_monitoring.query_languages.nesting import COMMENT, DOUBLE_QUOTED, MAX_DEPTH, SINGLE_QUOTED, too_deep


def test_fifty_parentheses_are_not_too_deep_and_fifty_one_are() -> None:
    assert too_deep("(" * MAX_DEPTH + ")" * MAX_DEPTH) is None
    assert too_deep("(" * (MAX_DEPTH + 1)) == MAX_DEPTH


def test_parentheses_in_quotes_and_comments_do_not_count() -> None:
    many = "(" * 60
    assert too_deep(f"\"{many}\" -- {many}\n'{many}'", COMMENT, DOUBLE_QUOTED, SINGLE_QUOTED) is None
    assert too_deep(f"'{many}'", DOUBLE_QUOTED) is not None


def test_an_escaped_quote_ends_no_text() -> None:
    assert too_deep('"\\"' + "(" * 60 + '"', DOUBLE_QUOTED) is None


def test_quotes_that_are_never_closed_are_read_once() -> None:
    # Read again from each quote, these two million characters take longer than anybody waits.
    assert too_deep("'\\\"" * 500_000 + "\"'" * 250_000, DOUBLE_QUOTED, SINGLE_QUOTED) is None
