"""Hosts that strangers share: how they are known, who runs them, who is told."""

from importlib.resources import files
from ipaddress import ip_address, ip_network

import pytest

from geo.contacts import Rules
from geo.mailbox import mailbox
from geo.places import AddressFacts, Atlas, locate
from geo.platforms import Platforms, content_address
from geo.prefixes import NetworkFact
from geo.rulebook import shipped_platforms
from schemas.hosting import Category, PlatformKind
from schemas.url import parse_url

CID = "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi"
OLDER = "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG"
MADE_UP = Platforms.read(
    [
        "name,kind,hosts,cnames,contacts,source,checked,date",
        "Blogs,blog,blogs.test,sites.blogs.test,abuse@blogs.test,https://blogs.test/,page,2026-11-22",
        "Drive,cloud_drive,drive.blogs.test,,drive@blogs.test,https://blogs.test/,page,2026-11-22",
        "Quiet,cloud_drive,quiet.test,,,https://quiet.test/,kind,2026-11-22",
    ]
)


@pytest.mark.parametrize(
    ("host", "kind", "under"),
    [
        ("t.me", PlatformKind.MESSENGER, "t.me"),
        ("somebody.t.me", PlatformKind.MESSENGER, "t.me"),
        ("www.dropbox.com", PlatformKind.CLOUD_DRIVE, "dropbox.com"),
        ("bucket.s3.eu-west-1.amazonaws.com", PlatformKind.OBJECT_STORE, "amazonaws.com"),
        ("bit.ly", PlatformKind.SHORTENER, "bit.ly"),
        ("me.blogspot.co.uk", PlatformKind.BLOG, "blogspot.co.uk"),
        ("me.wixsite.com", PlatformKind.SITE_BUILDER, "wixsite.com"),
        ("page.pages.dev", PlatformKind.APP_HOST, "pages.dev"),
        (f"{CID}.ipfs.dweb.link", PlatformKind.IPFS_GATEWAY, "dweb.link"),
        ("abc.onion.ly", PlatformKind.ONION_GATEWAY, "onion.ly"),
        ("me.duckdns.org", None, "duckdns.org"),
    ],
)
def test_each_kind_of_shared_host_is_known(host: str, kind: PlatformKind | None, under: str) -> None:
    """By our own list, and where that is silent by the private half of the public suffix list."""
    tenancy = shipped_platforms().tenancy(host)

    assert tenancy is not None
    assert (tenancy.shared.kind, tenancy.shared.under, tenancy.shared.own_domain) == (kind, under, False)
    assert under in tenancy.shared.rule


@pytest.mark.parametrize("host", ["img.example.com", "at.me", "xt.me", "dropbox.com.example.net", "192.0.2.1", "."])
def test_what_only_looks_like_it_is_somebodys_own(host: str) -> None:
    """Names are compared label by label, from the right."""
    assert shipped_platforms().tenancy(host) is None


def test_the_longest_known_name_decides() -> None:
    """What stands at a part of a platform belongs to that part."""
    found = MADE_UP.tenancy("a.drive.blogs.test"), MADE_UP.tenancy("a.blogs.test")

    assert [one.platform.name for one in found if one is not None and one.platform] == ["Drive", "Blogs"]


def test_a_domain_that_leads_to_a_platform_is_the_customers_own() -> None:
    """By its CNAMEs; the rule names the link."""
    tenancy = MADE_UP.tenancy("www.site.test", ["alias.test", "x.sites.blogs.test."])

    assert tenancy is not None
    assert tenancy.shared.own_domain
    assert tenancy.shared.rule == "platforms.csv (2026-11-22): www.site.test leads to x.sites.blogs.test., blog Blogs"


def test_every_shipped_row_can_be_used() -> None:
    """Contacts are mailboxes or forms, every row has its source and date, and says how sure its contacts are."""
    platforms = {platform.name: platform for platform in shipped_platforms().by_host.values()}

    assert len(platforms) > 100
    for platform in platforms.values():
        assert platform.source
        assert platform.date
        assert (platform.checked == "kind") == (platform.contacts == ())
        assert platform.checked in {"page", "named", "memory", "kind"}
        assert all(mailbox(one) == one or one.startswith("https://") for one in platform.contacts)
    assert shipped_platforms().by_host["t.me"].contacts[-1] == "abuse@telegram.org"


def test_no_two_rows_claim_one_name() -> None:
    """The order of the rows decides nothing."""
    rows = (files("geo") / "data" / "platforms.csv").read_text().splitlines()
    turned = [rows[0], *reversed(rows[1:])]

    assert Platforms.read(turned) == Platforms.read(rows)


def facts(category: Category | None) -> AddressFacts:
    """Make an address in a network of a category."""
    network = NetworkFact(
        prefix=ip_network("198.51.100.0/24"),
        asn=64501,
        as_name="Edge",
        country="US",
        category=category,
        abuse_email="abuse@edge.test",
        source="networks.csv",
    )
    return AddressFacts(address=ip_address("198.51.100.7"), file=network)


@pytest.mark.parametrize(
    ("host", "category", "hoster", "front", "country", "first"),
    [
        ("me.blogs.test", Category.CDN, "Blogs", None, None, "abuse@blogs.test"),
        ("me.blogs.test", None, "Edge", None, "US", "abuse@blogs.test"),
        ("me.quiet.test", Category.CDN, "Edge", "Edge", "US", "abuse@edge.test"),
        ("me.site.test", Category.CDN, "Edge", "Edge", "US", "abuse@edge.test"),
    ],
)
def test_a_platform_behind_a_front_is_the_hoster(
    host: str, category: Category | None, hoster: str, front: str | None, country: str | None, first: str
) -> None:
    """It is told itself, and nobody is asked for an origin; where it stands is then not known from the front."""
    tenancy, rules = MADE_UP.tenancy(host), Rules(platforms=MADE_UP)

    (located,) = locate(host, host, [facts(category)], tenancy, cnames=(), atlas=Atlas(), rules=rules)

    place = located.place
    assert (place.hoster, place.front, place.country, place.asn) == (hoster, front, country, 64501)
    assert located.contacts[0].address == first
    assert place.hoster_key == ("name:blogs" if place.run_by else "as64501")


@pytest.mark.parametrize(
    ("text", "content"),
    [
        (f"https://gateway.example/ipfs/{CID}/a.jpg", CID),
        (f"https://gateway.example/ipns/{CID}", CID),
        (f"https://{CID}.ipfs.gateway.example/a.jpg", CID),
        (
            f"https://gateway.example/ipfs/{OLDER}?x",
            OLDER,
        ),
        ("https://gateway.example/ipfs/short", None),
        ("https://gateway.example/a/ipfs", None),
    ],
)
def test_content_without_a_hoster_is_known_by_its_address(text: str, content: str | None) -> None:
    """In the path or in the host of any gateway."""
    assert content_address(parse_url(text)) == content
