"""Password check values for SIP digest, so that no clear password stands in the settings.

ha1 = H(user ":" realm ":" password), RFC 7616 section 3.4.2, with the constant realm `tipring`.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

REALM = "tipring"
# No 0/O, 1/l/I: these are read aloud and typed on telephone keypads.
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"


@dataclass(frozen=True, slots=True)
class CheckValues:
    """What stands in the settings file, lower-case hexadecimal."""

    ha1_md5: str
    ha1_sha256: str

    def lines(self) -> str:
        """The two lines to paste under `[users.NUMBER]`."""
        return f'ha1_md5 = "{self.ha1_md5}"\nha1_sha256 = "{self.ha1_sha256}"\n'


def check_values(user: str, password: str) -> CheckValues:
    """Check values of `password` for the account `user`."""
    secret = f"{user}:{REALM}:{password}".encode()
    return CheckValues(hashlib.md5(secret).hexdigest(), hashlib.sha256(secret).hexdigest())


def random_password() -> str:
    """A new password of 16 easily read characters (80 bits)."""
    return "".join(secrets.choice(_LETTERS) for _ in range(16))
