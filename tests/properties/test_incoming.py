"""Whatever the bytes: incoming mail is read, bounded, and never fails. The long form is benchmarks/incoming.py."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notifiers.incoming.reading import LONGEST_KEPT, read
from schemas.incoming import Came, Incoming
from tests.fakes.incoming_file import messages
from tests.fakes.incoming_mail import OURS, corpus

CORPUS = [raw for folder in ("known", "stranger") for _, raw, _ in corpus(folder)]
CORPUS += [raw for _, raw, _ in messages()]
#: What parsers stumble over.
STONES = st.sampled_from(
    [
        b"\n\n", b"--", b"=?utf-8?B?", b"?=", b"Content-Type: multipart/mixed; boundary=x\n", b"\r", b"\0", b"> ",
        b"\xff\xfe", b"charset=punycode", b"data:image/png;base64,", b"[#", b"(" * 60, b" " * 300, b"Status: 9.9.9\n",
    ]
)  # fmt: skip
SOMETIMES = settings(max_examples=80, suppress_health_check=list(HealthCheck))


def holds(came: Incoming) -> None:
    """Hold what was read to its bounds, and to what belongs together."""
    assert len(came.text) <= LONGEST_KEPT
    assert max(len(came.sender), len(came.subject), len(came.message_id)) <= 500
    assert (came.permanent is not None) == (came.kind is Came.BOUNCE)
    assert came.suggestion is None or came.kind is Came.ANSWER
    assert came.ticket is None or came.kind in {Came.ANSWER, Came.AUTO_REPLY}
    assert came.status is None or came.status[0] in "245"
    assert len(came.identity) == 32


@SOMETIMES
@given(st.binary(max_size=2000))
def test_any_bytes_are_read(raw: bytes) -> None:
    """Nothing is too strange."""
    holds(read(raw, OURS))


@SOMETIMES
@given(
    raw=st.sampled_from(CORPUS),
    other=st.sampled_from(CORPUS),
    cuts=st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, 200), st.one_of(STONES, st.binary(max_size=30))), max_size=12
    ),
    graft=st.floats(0, 1),
)
def test_damaged_messages_are_read(
    raw: bytes, other: bytes, cuts: list[tuple[float, int, bytes]], graft: float
) -> None:
    """Real ones, with pieces cut out, strange ones put in, and half of another behind."""
    for where, length, stone in cuts:
        at = int(where * len(raw))
        raw = raw[:at] + stone + raw[at + length :]
    holds(read(raw + other[: int(graft * len(other))], OURS))


@SOMETIMES
@given(raw=st.sampled_from(CORPUS), stamp=st.text(alphabet="abcdef0123456789", min_size=4, max_size=30))
def test_how_a_message_travelled_is_no_part_of_what_it_is(raw: bytes, stamp: str) -> None:
    """A copy that came another way has the same identity; another message has another."""
    head = f"Received: from {stamp}.example\nDelivered-To: {stamp}@hotline.example\n".encode()
    came, copy = read(raw, OURS), read(head + raw.replace(b"\n", b"\r\n"), OURS)

    assert came.identity == copy.identity
    assert read(raw + b"\nmore", OURS).identity != came.identity
