"""The configuration is read from a file and from variables; secrets from files of their own."""

import tomllib
from itertools import takewhile
from pathlib import Path

import pytest

import ntd
from ntd.config import load, locate
from schemas.errors import Misconfigured
from schemas.settings import HosterRule, Partner, Section, Settings, Vantage

SHIPPED = Path(ntd.__file__).parents[1] / "ntd.toml"


def written(folder: Path, text: str) -> Path:
    """Write a configuration."""
    file = folder / "ntd.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_shipped_file_says_the_defaults_but_tells_nobody() -> None:
    """ntd.toml at the root is the default, only notices.dry_run is true in it; it starts without a warning."""
    warnings: list[str] = []

    settings = load(SHIPPED, {}, warnings.append)

    assert warnings == []
    assert settings.notices.dry_run is True
    expected = Settings().model_dump()
    expected["notices"]["dry_run"] = True
    expected["database"]["url"] = f"embedded:{SHIPPED.parent}/var/pg"
    expected["security"]["key_file"] = SHIPPED.parent / "var/ntd.key"
    expected["notices"]["folder"] = SHIPPED.parent / "var/outbox"
    expected["geo"]["data"] = SHIPPED.parent / "var/geo"
    assert settings.model_dump() == expected


def test_the_shipped_file_names_every_key() -> None:
    """Whoever reads the default has seen every key there is, but for passwords that belong into files."""
    text = SHIPPED.read_text(encoding="utf-8")
    keys = {
        (field.alias or name)
        for section in (*Settings.model_fields.values(),)
        for name, field in getattr(section.annotation, "model_fields", {}).items()
    }

    missing = {key for key in keys if f"{key} = " not in text and f"{key}]" not in text}

    assert missing == {"password"}


@pytest.mark.parametrize(
    ("table", "section"), [("partner", Partner), ("hoster", HosterRule), ("monitor.vantage", Vantage)]
)
def test_the_shipped_file_names_every_key_of_repeated_tables(table: str, section: type[Section]) -> None:
    """In the example that stands commented out, each key once; what is uncommented is a valid table."""
    _, _, after = SHIPPED.read_text(encoding="utf-8").partition(f"# [[{table}]]\n")
    lines = [line[2:] for line in takewhile(lambda line: line.startswith("# "), after.splitlines())]
    example = tomllib.loads("\n".join(lines))

    assert set(example) == {field.alias or name for name, field in section.model_fields.items()} - {"token"}
    assert section.model_validate(example)


def test_relative_paths_belong_to_the_file(tmp_path: Path) -> None:
    """Wherever the command is typed, a relative path means the same; ~ is the home folder."""
    file = written(
        tmp_path,
        """
        [database]
        url = "embedded:data/pg"
        [security]
        key_file = "/elsewhere/ntd.key"
        [geo]
        networks = ["a.csv", "/b.mmdb"]
        contacts = "book.csv"
        [[partner]]
        code = "md"
        countries = ["MD"]
        ca_file = "ca.pem"
        """,
    )

    settings = load(file, {})

    assert settings.database.url == f"embedded:{tmp_path}/data/pg"
    assert settings.security.key_file == Path("/elsewhere/ntd.key")
    assert settings.geo.networks == [tmp_path / "a.csv", Path("/b.mmdb")]
    assert settings.geo.contacts == str(tmp_path / "book.csv")
    assert settings.geo.hotlines == ""
    assert settings.partner[0].ca_file == tmp_path / "ca.pem"
    assert settings.notices.folder == tmp_path / "var/outbox"


def test_variables_override_the_file(tmp_path: Path) -> None:
    """NTD_SECTION__KEY wins; lists are JSON or TOML, numbers name entries; other NTD_ variables are none of ours."""
    file = written(tmp_path, '[smtp]\nhost = "a"\nport = 25\n[[partner]]\ncode = "md"\ncountries = ["MD"]\n')

    settings = load(
        file,
        {
            "NTD_SMTP__HOST": "b",
            "NTD_SMTP__PORT": "2525",
            "NTD_NOTICES__DRY_RUN": "true",
            "NTD_NOTICES__FROM": "X <x@hotline.example>",
            "NTD_DNS__NAMESERVERS": '["127.0.0.1:5353"]',
            "NTD_API__LISTEN": "[::1]:8081",
            "NTD_ROUTING__COUNTRY__US": "both",
            "NTD_PARTNER__0__PATIENCE": "3h",
            "NTD_PARTNER__1__CODE": "us",
            "NTD_PARTNER__1__COUNTRIES": "['US']",
            "NTD_TEST_DATABASE": "not ours",
            "NTD_SMTP": "not ours",
        },
    )

    assert (settings.smtp.host, settings.smtp.port) == ("b", 2525)
    assert settings.notices.dry_run is True
    assert settings.notices.from_ == "X <x@hotline.example>"
    assert settings.dns.nameservers == ["127.0.0.1:5353"]
    assert settings.api.listen == "[::1]:8081"
    assert settings.routing.country == {"US": "both"}
    assert settings.partner[0].patience.total_seconds() == 3 * 3600
    assert [(one.code, one.countries) for one in settings.partner] == [("md", ["MD"]), ("us", ["US"])]


def test_variables_that_name_no_key_are_refused(tmp_path: Path) -> None:
    """A misspelt override is as wrong as a misspelt key."""
    file = written(tmp_path, "")

    with pytest.raises(Misconfigured) as said:
        load(file, {"NTD_SMTP__PROT": "1", "NTD_PARTNER__3__CODE": "x", "NTD_SMTP__HOST__X": "y", "NTD_SMTP__": ""})

    message = str(said.value)
    assert "4 faults" in message
    assert "smtp.prot: is no key of ntd.toml; did you mean smtp.port?" in message
    assert "NTD_PARTNER__3__CODE: names no key" in message
    assert "NTD_SMTP__: names no key" in message
    assert "smtp.host: is not a text" in message


def test_secrets_are_read_from_their_files(tmp_path: Path) -> None:
    """password_file and token_file hold the secret and a line end; a variable with the secret itself wins over them."""
    (tmp_path / "smtp.password").write_text("geheim \n", encoding="utf-8")
    (tmp_path / "md.token").write_text("token\r\n", encoding="utf-8")
    file = written(
        tmp_path,
        """
        [smtp]
        username = "u"
        password_file = "smtp.password"
        [[partner]]
        code = "md"
        countries = ["MD"]
        token_file = "md.token"
        """,
    )

    settings, overridden = load(file, {}), load(file, {"NTD_SMTP__PASSWORD": "other"})

    assert settings.smtp.password.get_secret_value() == "geheim "
    assert settings.partner[0].token.get_secret_value() == "token"
    assert overridden.smtp.password.get_secret_value() == "other"
    assert "geheim" not in repr(settings)


def test_missing_secrets_are_said_with_the_other_faults(tmp_path: Path) -> None:
    """A secret that is not there, is empty or is given twice stops the start."""
    (tmp_path / "empty").write_text("\n", encoding="utf-8")
    file = written(
        tmp_path,
        """
        [smtp]
        port = "x"
        username = "u"
        password_file = "nowhere"
        [[partner]]
        code = "a"
        countries = ["MD"]
        token_file = "empty"
        [[partner]]
        code = "b"
        countries = ["MD"]
        token = "t"
        token_file = "empty"
        """,
    )

    with pytest.raises(Misconfigured) as said:
        load(file, {})

    message = str(said.value)
    assert "4 faults" in message
    assert 'smtp.password_file: "nowhere" cannot be used: No such file' in message
    assert 'partner[0].token_file: "empty" cannot be used: it is empty or too long' in message
    assert "partner[1]: has both token and token_file; give one of them" in message
    assert 'smtp.port: "x" is not a whole number' in message


@pytest.mark.parametrize(("text", "fault"), [("[smtp\n", "is not TOML"), ("a = 1\na = 2\n", "is not TOML")])
def test_what_is_not_toml_is_said_with_its_place(tmp_path: Path, text: str, fault: str) -> None:
    """The line of a syntax fault is named."""
    with pytest.raises(Misconfigured, match=rf"{fault}.*line"):
        load(written(tmp_path, text), {})


def test_keys_to_come_are_taken_with_a_warning(tmp_path: Path) -> None:
    """A key of the contract whose function is not built yet is no fault, and is named."""
    warnings: list[str] = []

    text = '[inbox]\nimap_host = "imap.example"\n[retention]\nitems = "365d"\nwithdrawn = "31d"\n'
    load(written(tmp_path, text), {}, warnings.append)

    assert warnings == ["retention.withdrawn: this version does not use it yet"]


def test_which_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--config, else NTD_CONFIG, else ./ntd.toml; none at all is a fault, unless the command can do without."""
    monkeypatch.chdir(tmp_path)

    assert locate(Path("a.toml"), {"NTD_CONFIG": "b.toml"}) == tmp_path / "a.toml"
    assert locate(None, {"NTD_CONFIG": "b.toml"}) == tmp_path / "b.toml"
    assert locate(None, {}) == tmp_path / "ntd.toml"
    assert load(None, {}, required=False).smtp.port == 25
    with pytest.raises(Misconfigured, match=r"ntd.toml does not exist; `ntd init` writes one"):
        load(None, {})
    with pytest.raises(Misconfigured, match=r"b\.toml does not exist"):
        load(None, {"NTD_CONFIG": "b.toml"}, required=False)
