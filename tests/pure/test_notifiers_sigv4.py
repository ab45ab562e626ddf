"""Signatures of requests to AWS: the examples that AWS itself publishes."""

from datetime import UTC, datetime

import pytest

from notifiers.sigv4 import Signatory, signature_headers

#: "AKIDEXAMPLE" and its secret are those of the documentation; nobody's key.
WHO = {"key_id": "AKIDEXAMPLE", "secret": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "region": "us-east-1"}
THEN = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)


@pytest.mark.parametrize(
    ("service", "url", "headers", "signature"),
    [
        (
            "iam",
            "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08",
            {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
            "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
        ),
        (
            "service",
            "https://example.amazonaws.com:443",
            {},
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        ),
    ],
)
def test_the_published_examples(service: str, url: str, headers: dict[str, str], signature: str) -> None:
    """The general reference's worked example and the test suite's "get-vanilla" come out to the letter."""
    names = ";".join(sorted([*(name.lower() for name in headers), "host", "x-amz-date"]))

    assert signature_headers(Signatory(service=service, **WHO), "GET", url, headers, b"", THEN) == {
        "X-Amz-Date": "20150830T123600Z",
        "Authorization": f"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/{service}/aws4_request, "
        f"SignedHeaders={names}, Signature={signature}",
    }


def test_everything_that_is_asked_for_is_signed() -> None:
    """Another body, method, port, query, header or moment gives another signature; the order of a query does not."""
    who = Signatory(service="abuse", **WHO)
    base = ("POST", "https://abuse.test:8443/v1/abuse?b=2&a=1", {"Content-Type": "application/json"}, b"{}", THEN)
    others = [
        ("PUT", *base[1:]),
        ("POST", "https://abuse.test/v1/abuse?b=2&a=1", *base[2:]),
        ("POST", "https://abuse.test:8443/v1/abuse?b=2&a=2", *base[2:]),
        (*base[:2], {"Content-Type": "text/plain"}, b"{}", THEN),
        (*base[:3], b"{ }", THEN),
        (*base[:4], THEN.replace(second=1)),
    ]
    signatures = {signature_headers(who, *one)["Authorization"] for one in (base, *others)}
    reordered = ("POST", "https://abuse.test:8443/v1/abuse?a=1&b=2", *base[2:])

    assert len(signatures) == 1 + len(others)
    assert signature_headers(who, *reordered) == signature_headers(who, *base)
