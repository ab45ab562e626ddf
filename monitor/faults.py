"""What a look ran into, by name. Pure."""

from schemas.check import Sight


class Fault(Exception):  # noqa: N818 -- a fact about the look, which becomes part of the observation
    """The question got no usable answer; `words` say why, without URL or host."""

    def __init__(self, sight: Sight, words: str) -> None:
        super().__init__(words)
        self.sight, self.words = sight, words
