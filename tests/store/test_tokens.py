"""API tokens are shown once, recognised by their hash, and worthless once revoked."""

from datetime import UTC, datetime

import pytest

from ntd.store import callers, tokens, watching
from ntd.store.connect import open_store
from schemas.access import Role
from schemas.errors import NotFound, Refused
from schemas.settings import Settings
from tests.fakes.hand_clock import HandClock

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


async def test_a_token_opens_what_its_role_may_until_it_is_revoked(settings: Settings) -> None:
    """Only its hash is kept; the secret finds its owner, and nobody once it is revoked."""
    async with open_store(settings, HandClock(NOON)) as store:
        token, secret = await tokens.create(store, "scart", Role.PARTNER, "md", NOON)
        caller = await callers.find(store, secret)
        (row,) = await store.pool.fetch("SELECT * FROM token")
        (listed,) = await tokens.listing(store)
        revoked = await tokens.revoke(store, "scart", NOON)

        assert caller is not None
        assert (caller.token, caller.name, caller.role, caller.partner) == (token, "scart", Role.PARTNER, "md")
        assert secret.encode() not in b"".join(bytes(str(value), "utf-8") for value in row.values())
        assert len(secret) >= 43
        assert (listed["id"], listed["revoked_at"]) == (str(token), None)
        assert revoked == 1
        assert await callers.find(store, secret) is None
        assert (await tokens.listing(store))[0]["revoked_at"] == "2026-11-02T12:00:00Z"
        with pytest.raises(NotFound):
            await tokens.revoke(store, str(token), NOON)


@pytest.mark.parametrize(("role", "partner"), [(Role.PARTNER, None), (Role.ANALYST, "md")])
async def test_a_partner_token_belongs_to_a_partner(settings: Settings, role: Role, partner: str | None) -> None:
    """Whose a partner's token is must be said, and of no other token."""
    async with open_store(settings, HandClock(NOON)) as store:
        with pytest.raises(Refused, match="--partner CODE"):
            await tokens.create(store, "x", role, partner, NOON)


async def test_a_followed_site_has_a_host_to_look_up(settings: Settings) -> None:
    """A site nobody has heard of is followed by its own name; followed again it keeps its beginning."""
    async with open_store(settings, HandClock(NOON)) as store:
        named = [await watching.watch(store, settings, text, None, NOON) for text in ("www.img.example", "img.example")]
        await watching.watch(store, settings, "https://img.example/x", "imagehosts", NOON.replace(hour=13))
        (site,) = await store.pool.fetch("SELECT * FROM site")
        hosts = await store.pool.fetch("SELECT look_due_at FROM host")
        stopped = await watching.unwatch(store, "img.example")

        assert named == ["img.example", "img.example"]
        assert (site["watched_since"], site["label"]) == (NOON, "imagehosts")
        assert [host["look_due_at"] for host in hosts] == [NOON]
        assert stopped == "img.example"
        with pytest.raises(NotFound):
            await watching.unwatch(store, "img.example")
        with pytest.raises(Refused, match="not the name of a site"):
            await watching.watch(store, settings, "a b", None, NOON)
