"""The tokens by which partners know us: made up, the same on both sides. Pure."""


def our_token(code: str) -> str:
    """Give the token by which a partner knows us."""
    return f"lab-token-for-{code}"
