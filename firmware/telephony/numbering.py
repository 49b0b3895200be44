"""One form for the forms of one telephone number: national, with the trunk prefix, with country code.

So that a number called can be compared with one in the settings, whichever way operator and installer write it; and so
that each line dials a number, and shows a caller's, in the form that is wanted there.
"""

from __future__ import annotations

from dataclasses import dataclass

NATIONAL = "national"
INTERNATIONAL = "international"
E164 = "e164"
SHORT = 7
"""Numbers of fewer digits are parts of numbers or belong to a service: they have no prefix."""
EVERYWHERE = frozenset({"112", "911", "999"})
"""Emergency numbers that travellers know too."""


@dataclass(frozen=True, slots=True)
class Numbering:
    """Of one country. calling_code: ITU-T E.164, after the "+". international: dialled in place of "+". trunk_prefix:
    dialled before a national number, "" where there is none or national numbers may begin with it. emergency: the main
    one first. dialled_prefix: the trunk prefix there too; national_digits: how many every national number has, or 0."""

    calling_code: str = ""
    international: str = "00"
    trunk_prefix: str = ""
    emergency: tuple[str, ...] = ()
    dialled_prefix: str = ""
    national_digits: int = 0

    @property
    def main_emergencies(self) -> frozenset[str]:
        """What everybody there knows: the first, and of the others those that travellers know.

        The rest (the police's own, say) may be numbers of a house, which then reaches them behind a prefix.
        """
        return frozenset(self.emergency[:1]) | (EVERYWHERE & {*self.emergency})

    def national(self, number: str) -> str:
        """The national significant number; "+" with all digits for a number abroad; a short one as it is."""
        if number.startswith("+"):
            return self._of_world(number[1:])
        if len(number) < SHORT:
            return number
        if number.startswith(self.international):
            return self._of_world(number.removeprefix(self.international))
        return number.removeprefix(self.trunk_prefix)

    def forms(self, number: str) -> tuple[str, ...]:
        """What it may be called here, the likeliest first: some operators send the country code without "+"."""
        national = self.national(number)
        bare = national.removeprefix(self.calling_code)
        if bare == national or len(bare) < SHORT or number.startswith("+"):
            return (national,)
        return national, bare

    def world(self, number: str) -> str:
        """ITU-T E.164: "+", country code, national number. Short numbers, codes, and what may be a local number of an
        area that is not told stay as they are."""
        if len(number) < SHORT or not number.isdigit():
            return number
        if len(number) != self.national_digits and number.startswith(self.international):
            return f"+{number.removeprefix(self.international)}"
        bare = number if len(number) == self.national_digits else number.removeprefix(self.dialled_prefix)
        told = bare != number or not self.dialled_prefix or len(number) == self.national_digits
        if not told or not self.calling_code or self.national_digits not in (0, len(bare)):
            return number
        return f"+{self.calling_code}{bare}"

    def as_dialled(self, number: str, form: str) -> str:
        """What is dialled for `number`, without "+": "national" with the trunk prefix, or the international prefix for
        numbers abroad; "international" always with that and the country code; any other form as it is, but "+"."""
        world = self.world(number) if form in (NATIONAL, INTERNATIONAL) else number
        if not world.startswith("+"):
            return number
        own = f"+{self.calling_code}"
        if form == NATIONAL and self.calling_code and world.startswith(own):
            return self.dialled_prefix + world.removeprefix(own)
        return self.international + world[1:]

    def _of_world(self, digits: str) -> str:
        if self.calling_code and digits.startswith(self.calling_code):
            return digits.removeprefix(self.calling_code)
        return f"+{digits}"
