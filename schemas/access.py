"""Who may do what: the roles of people and tokens (contract, section 3)."""

from dataclasses import dataclass
from enum import StrEnum

from schemas.ids import TokenId


class Role(StrEnum):
    """What a person or a token is for."""

    SUBMITTER = "submitter"
    ANALYST = "analyst"
    POLICY = "policy"
    OPERATOR = "operator"
    PARTNER = "partner"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Whose token it is. `partner`: the code, exactly for the role partner."""

    token: TokenId
    name: str
    role: Role
    partner: str | None
