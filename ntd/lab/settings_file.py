"""The files that lead an unmodified daemon into the lab: ntd.toml, the network file, the contact book, the items. Pure.

Days are seconds here: that is all the compression of time there is.
"""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass

from ntd.lab.partner_tokens import our_token
from ntd.lab.world import Hoster, Item, Partner, World
from ntd.lab.zone import ORIGINS


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """Where everything listens; all ports are ephemeral."""

    dns: int
    web: int
    smtp: int
    rdap: int
    hosters: int
    partners: int
    control: int
    api: int  # free when the lab started, for the daemon

    @property
    def public_url(self) -> str:
        """Give the URL under which partners and recipients reach the daemon."""
        return f"http://127.0.0.1:{self.api}"


_TEMPLATE = """\
# Written by the lab: leads a daemon into a small internet on loopback. Days are seconds.

[organisation]
name = "Lab Hotline"
country = "{home}"
domain = "hotline.example"
contact_email = "notices@hotline.example"
languages = ["en", "nl"]

[database]
url = "embedded:pg"

[api]
listen = "127.0.0.1:{on.api}"
public_url = "{on.public_url}"

[security]
key_file = "ntd.key"

[dns]
nameservers = ["127.0.0.1:{on.dns}"]
timeout = "1s"

[geo]
networks = ["networks.csv"]
registration = "http://127.0.0.1:{on.rdap}/"
cymru_zone = "{origins}"
contacts = "contacts.csv"
refresh = "3s"
retry = "1s"
move_confirmed_after = "2s"
watch_every = "3s"

[routing]
abroad = "forward"
without_partner = "notify"
national_abroad = "hold"
isp = "hold"
[routing.country]
US = "both"
PA = "hold"

[sla]
removal = "20s"
reminder_every = "12s"
escalation = [{{ after = "18s", to = "regulator" }}]

[notices]
window = "1s"
retry = "1s"
give_up = "60s"
from = "Lab Hotline <notices@hotline.example>"
dry_run = false
folder = "outbox"

[smtp]
host = "127.0.0.1"
port = {on.smtp}
tls = "none"

[monitor]
schedule = [["1h", "2s"]]
confirm = 3
confirm_every = "1s"
watch_after_gone = ["3s", "8s", "16s"]
timeout = "4s"
allow = ["127.0.0.0/8", "::1/128"]
canaries = ["{canary}"]

[regulator]
email = "{regulator}"
plain = true
countries = ["{home}"]

[log]
format = "json"
level = "info"
"""


def settings_text(world: World, on: Listening) -> str:
    """Write the ntd.toml."""
    host, _, path = world.canary.partition("/")
    head = _TEMPLATE.format(
        home=world.home,
        on=on,
        origins=ORIGINS,
        canary=f"http://{host}:{on.web}/{path}",
        regulator=world.regulator,
    )
    partners = [_partner(one, on) for one in world.partners.values()]
    rules = [_rule(one, on) for one in world.hosters.values() if one.rule]
    return "\n".join([head, *partners, *rules])


def _partner(partner: Partner, on: Listening) -> str:
    way = {
        "api": f'api = "http://127.0.0.1:{on.partners}/{partner.code}"\ntoken_file = "{token_file(partner)}"\n',
        "mail": f'email = "{partner.email}"\nplain = true\n',
    }.get(partner.way, "")
    countries = ", ".join(f'"{one}"' for one in partner.countries)
    return (
        f'[[partner]]\ncode = "{partner.code}"\nname = "{partner.name}"\ncountries = [{countries}]\n{way}'
        f'acknowledge = "{partner.acknowledge}"\npatience = "{partner.patience}"\n'
    )


def _rule(hoster: Hoster, on: Listening) -> str:
    how = {
        "api": f'api = "http://127.0.0.1:{on.hosters}/{hoster.key}"',
        "xarf": f'email = "{hoster.abuse}"\nformat = "xarf"',
    }[hoster.rule]
    return f'[[hoster]]\nmatch = "as{hoster.asn}"\n{how}\n'


def token_file(partner: Partner) -> str:
    """Give the file that holds the token by which a partner knows us."""
    return f"{partner.code}.token"


def token_files(world: World) -> dict[str, str]:
    """Give the content of each of them."""
    return {token_file(one): our_token(one.code) + "\n" for one in world.partners.values() if one.way == "api"}


def networks_text(world: World) -> str:
    """Write the network file."""
    rows = [
        (one.network, one.asn, one.name, one.country, one.category, one.file_abuse)
        for one in world.hosters.values()
        if one.known_by == "file"
    ]
    return _csv(("network", "asn", "as_name", "country", "category", "abuse_email"), rows)


def contacts_text(world: World) -> str:
    """Write our own contact book."""
    rows = [
        (f"as{one.asn}", "abuse", one.book, "digest", "en", "from the lab")
        for one in world.hosters.values()
        if one.book
    ]
    return _csv(("match", "kind", "address", "format", "language", "note"), rows)


def _csv(header: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()


def items_text(world: World, port: int) -> str:
    """Write what is submitted: every row of the table, then the lines that are duplicates or must be refused."""
    rows = [json.dumps(_line(number, item, port)) for number, item in enumerate(world.items, start=1)]
    return "".join(f"{line}\n" for line in (*rows, *(one.at(port) for one in world.lines)))


def _line(number: int, item: Item, port: int) -> dict[str, object]:
    plain = {
        "url": item.at(port),
        "report": f"M-2026-{number:06}",
        "reference": f"LAB-{number}",
        "source": "inhope",
        "site_type": "imagehost",
        "media": "image",
    }
    return plain | item.intake
