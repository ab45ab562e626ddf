"""What a user types is read as what it means, or refused with a right example."""

import pytest
import typer

from ntd.cli.app import run
from ntd.cli.words import country, system


@pytest.mark.parametrize(("typed", "asn"), [(None, None), ("64501", 64501), ("AS64501", 64501), ("as1", 1)])
def test_an_as_is_named_with_or_without_its_letters(typed: str | None, asn: int | None) -> None:
    """As registries and as people write it."""
    assert system(typed) == asn


@pytest.mark.parametrize(("typed", "code"), [(None, None), ("NL", "NL"), ("nl", "NL")])
def test_a_country_is_two_letters(typed: str | None, code: str | None) -> None:
    """In capitals or not."""
    assert country(typed) == code


@pytest.mark.parametrize("typed", ["Netherlands", "N1", "", "ŊL"])
def test_what_is_no_country_is_wrong_use(typed: str) -> None:
    """An empty list would look like an answer."""
    with pytest.raises(typer.BadParameter, match="is no country; write ISO 3166-1 alpha-2, for example NL"):
        country(typed)


@pytest.mark.parametrize("typed", ["Alpha Hosting", "AS", "-1", "64501 ", "99999999999", "٤"])
def test_what_is_no_as_is_wrong_use(typed: str) -> None:
    """The message shows both spellings."""
    with pytest.raises(typer.BadParameter, match="is no number of an AS; write for example 64501 or AS64501"):
        system(typed)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["list", "--limit", "x"], "'--limit': not a whole number"),
        (["list", "--limit", "-1"], "'--limit': the least is 0"),
        (["demo", "--within", "soon"], "'--within': not a number"),
    ],
)
def test_a_number_that_is_none_is_said_plainly(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever types knows no library."""
    assert run(words) == 2
    assert sentence in capsys.readouterr().err
