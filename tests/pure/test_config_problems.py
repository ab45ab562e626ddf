"""What is wrong with a configuration is said in sentences that name the key, the fault and a right example."""

from typing import Any

import pytest
from pydantic import ValidationError

from ntd.config_problems import nearest, problems_of
from schemas.settings import Settings


def problems(table: dict[str, Any]) -> list[str]:
    """Give what is said about a table; empty when it is right."""
    try:
        Settings.model_validate(table)
    except ValidationError as error:
        return problems_of(error)
    return []


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({"smtp": {"prot": 25}}, "smtp.prot: is no key of ntd.toml; did you mean smtp.port?"),
        ({"sla": {"window": "1h"}}, "sla.window: is no key of ntd.toml; did you mean notices.window?"),
        ({"smpt": {}}, "smpt: is no key of ntd.toml; did you mean smtp?"),
        ({"notices": {"window": 15}}, 'notices.window: 15 has no unit; write for example "15s" or "15h"'),
        (
            {"notices": {"window": "15x"}},
            "notices.window: '15x' is not a duration; write a number with a unit (ms, s, m, h, d), for example \"15m\"",
        ),
        ({"smtp": {"port": "abc"}}, 'smtp.port: "abc" is not a whole number; write for example port = 25'),
        ({"smtp": {"port": 70000}}, "smtp.port: 70000 is more than 65535; write for example port = 25"),
        (
            {"smtp": {"tls": "maybe"}},
            'smtp.tls: "maybe" is not one of "none", "starttls" or "implicit"; write for example tls = "starttls"',
        ),
        ({"notices": {"dry_run": "perhaps"}}, '"perhaps" is neither true nor false; write for example dry_run = false'),
        ({"monitor": {"allow": ["x"]}}, 'monitor.allow[0]: "x" is not a network; write for example allow = ["127'),
        ({"monitor": {"schedule": []}}, "monitor.schedule: has too few entries"),
        ({"monitor": {"timeout": "0s"}}, 'monitor.timeout: "0s" would never pause; write for example "15m"'),
        ({"monitor": {"vantage": [{}]}}, 'monitor.vantage[0].name: is missing; write for example name = "nl-direct"'),
        ({"dns": 5}, "dns: 5 is not a table"),
        ({"dns": {"nameservers": ["ns.example"]}}, "is not an address and a port"),
        ({"api": {"listen": "8080"}}, 'is not an address and a port; write for example "127.0.0.1:8080"'),
        ({"api": {"public_url": "ntd.example"}}, 'write for example "https://ntd.hotline.example"'),
        ({"organisation": {"country": "nl"}}, "write ISO 3166-1 alpha-2 in capitals"),
        ({"organisation": {"contact_email": "x"}}, "is not one mail address"),
        ({"routing": {"country": {"USA": "both"}}}, "routing.country.USA: 'USA' is not a country"),
        ({"organisation": {"country": "UK"}}, "organisation.country: 'UK' is not the ISO 3166-1 code of that country"),
        ({"sla": {"escalation": [{"after": "72h", "to": "x"}]}}, 'write for example to = "regulator"'),
        ({"notices": {"quiet": ["Someday"]}}, 'write for example "Sat" or "00:00-07:00"'),
        ({"notices": {"from": "nobody"}}, "notices.from: is not a sender"),
        ({"notices": {"bounce_address": "TOKEN"}}, "notices.bounce_address: is not one mail address"),
        (
            {"notices": {"bounce_address": "TOKEN@TOKEN.hotline.example"}},
            'notices.bounce_address: has more than one TOKEN; write for example "bounces+TOKEN@hotline.example"',
        ),
        (
            {"notices": {"bounce_address": f"{'b' * 33}TOKEN@hotline.example"}},
            "notices.bounce_address: has no room for the token of 32 letters, as 64 are the most before the @",
        ),
        ({"notices": {"bounce_address": f"{'b' * 32}@hotline.example"}}, "notices.bounce_address: has no room for the"),
        ({"smtp": {"username": "u"}}, 'but no password; write for example password_file = "smtp.password"'),
        ({"partner": [{"code": "A b", "countries": ["MD"]}]}, "may hold only the letters a-z, digits and -"),
        ({"partner": [{"code": "a", "countries": ["MD"]}] * 2}, "code 'a' is given twice"),
        ({"hoster": [{"match": "a b"}]}, '"as64501", "198.51.100.0/24" or "example.net"'),
        (
            {"hoster": [{"match": "64501"}]},
            "hoster[0].match: '64501' is neither an AS nor a network nor",
        ),
        ({"hoster": [{"match": "198.51.100"}]}, "is neither an AS nor a network"),
        ({"dns": {"nameservers": ["ns.example:53"]}}, 'write for example "192.0.2.53" or "127.0.0.1:5353"'),
        ({"geo": {"registration": "maybe"}}, 'write for example "https"'),
        ({"monitor": {"canaries": ["ftp://x"]}}, "monitor.canaries[0]: is not an http or https URL"),
        ({"monitor": {"vantage": [{"name": "a", "proxy": "tor"}]}}, 'write for example "socks5://127.0.0.1:1080"'),
        ({"monitor": {"vantage": [{"name": "a"}] * 2}}, "name 'a' is given twice"),
        ({"organisation": {"domain": "a b"}}, "'a b' is not a domain; write for example \"hotline.example\""),
        ({"dns": {"nameservers": ["[::1"]}}, "is not an address and a port"),
        ({"dns": {"canaries": ["192.0.2.7"]}}, "is no name whose answer is known"),
        ({"dns": {"nameservers": ["ns.example:53"]}}, "names no IP address"),
        ({"api": {"public_url": "https://h.example:x"}}, "is not an http or https URL"),
        ({"hoster": [{"match": "as1", "form": "form"}]}, 'write for example "https://hoster.example/abuse"'),
    ],
)
def test_each_fault_names_key_fault_and_example(table: dict[str, Any], sentence: str) -> None:
    """A fault is one sentence with the key, what its value is not, and a right example."""
    said = problems(table)

    assert len(said) == 1
    assert sentence in said[0]


@pytest.mark.parametrize(
    "table",
    [
        {"dns": {"nameservers": ["192.0.2.53", "127.0.0.1:5353", "2001:db8::53", "[::1]:53"], "timeout": "250ms"}},
        {"database": {"url": "postgresql://user@host/db"}, "geo": {"registration": "http://127.0.0.1:8000/"}},
        {"monitor": {"canaries": ["https://www.example/up"], "allow": ["127.0.0.0/8", "::1/128"]}},
        {"monitor": {"vantage": [{"name": "tor", "proxy": "socks5://127.0.0.1:9050", "network": "tor"}]}},
        {"notices": {"quiet": ["Sat", "22:00-24:00"], "window": "0s", "bounce_address": "b+TOKEN@hotline.example"}},
        {"notices": {"bounce_address": f"{'b' * 31}@hotline.example"}},
        {"notices": {"bounce_address": f"{'b' * 32}TOKEN@hotline.example"}},
        {"notices": {"bounce_address": f"{'b' * 64}@TOKEN.hotline.example"}},
        {"hoster": [{"match": one} for one in ("as64501", "AS64501", "198.51.100.0/24", "2001:db8::/32", "a.example")]},
        {"hoster": [{"match": "as1", "form": "https://hoster.example/abuse/", "api": ""}]},
    ],
)
def test_what_the_contract_allows_is_taken(table: dict[str, Any]) -> None:
    """Every spelling that the contract shows is right."""
    assert not problems(table)


def test_base_urls_end_without_a_slash() -> None:
    """Paths are put behind them; the address of a form stays as it is."""
    settings = Settings.model_validate(
        {"hoster": [{"match": "as1", "api": "https://h.example/", "form": "https://h.example/abuse/"}]}
    )

    assert (settings.hoster[0].api, settings.hoster[0].form) == ("https://h.example", "https://h.example/abuse/")


def test_all_faults_are_said_at_once() -> None:
    """Nobody has to start five times to see five faults."""
    said = problems({"smtp": {"port": "a", "tls": "b"}, "log": {"level": "c"}, "x": 1, "notices": {"retry": 1}})

    assert [one.partition(":")[0] for one in said] == ["notices.retry", "smtp.port", "smtp.tls", "log.level", "x"]


@pytest.mark.parametrize("url", ["http://partner.example/x", "http://192.0.2.1/x", "http://localhost.example/"])
def test_a_token_never_travels_in_clear(url: str) -> None:
    """A token goes over https or over loopback only."""
    table = {"code": "md", "countries": ["MD"], "api": url, "token": "geheim"}

    said = problems({"partner": [table], "hoster": [{"match": "as1", "api": url, "token": "geheim"}]})

    assert len(said) == 2
    assert all("in clear" in one and "geheim" not in one for one in said)


@pytest.mark.parametrize(
    "url", ["https://partner.example/x", "http://127.9.9.9:81/", "http://[::1]/", "http://localhost"]
)
def test_a_token_may_travel_over_https_and_loopback(url: str) -> None:
    """The lab speaks plain HTTP on loopback."""
    assert not problems({"partner": [{"code": "md", "countries": ["MD"], "api": url, "token": "geheim"}]})


def test_a_fault_never_repeats_what_may_be_a_secret() -> None:
    """Passwords stand in no message, not even wrong ones."""
    said = problems({"database": {"url": "mysql://u:geheim@h/db"}, "smtp": {"password": ["geheim"]}})

    assert len(said) == 2
    assert "geheim" not in "".join(said)


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("smtp.prot", "did you mean smtp.port?"),
        ("partner[0].contries", "did you mean partner.countries?"),
        ("give_up", "did you mean notices.give_up?"),
        ("log.zzz", "known here: log.format, log.level"),
    ],
)
def test_the_nearest_key_is_found(key: str, meant: str) -> None:
    """A slip of the pen is answered with the right spelling, an invention with what there is."""
    assert nearest(key) == meant
