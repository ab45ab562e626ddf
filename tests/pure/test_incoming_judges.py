"""What five judges wrote without a look at the rules: a postmaster, an abuse desk, readers of archives and inboxes."""

from time import process_time

import pytest

from notifiers.incoming.reading import read
from ntd.incoming import as_json
from tests.fakes.incoming_file import messages
from tests.fakes.incoming_mail import OURS
from tests.pure.test_incoming_corpus import judged


@pytest.mark.parametrize(("judge", "count"), [("a", 84), ("b", 75), ("c", 104), ("d", 109), ("e", 122)])
def test_what_a_judge_wrote_is_read_right(judge: str, count: int) -> None:
    """Kind, permanence, status, suggestion, ticket, recipient and items, each as a careful human reads them."""
    read_as = [(name, as_json(judged(raw)[0]), meant) for name, raw, meant in messages(f"judge_{judge}.txt")]
    wrong = {
        name: differing
        for name, told, meant in read_as
        if (differing := {field: told[field] for field, right in meant.items() if told[field] not in right})
    }

    assert len(read_as) == count
    assert wrong == {}


def test_one_word_as_long_as_a_message_costs_no_more_than_its_letters() -> None:
    """What is sought within words is sought in their beginnings: squared, sixty thousand letters are seconds."""
    raw = b"Content-Type: text/plain; charset=utf-8\n\n" + ("подтверд" * 7500).encode()
    begun = process_time()
    read(raw, OURS)

    assert process_time() - begun < 2
