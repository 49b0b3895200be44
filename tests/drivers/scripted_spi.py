"""A scripted SPI bus: it answers only the accesses written down, in order, octet by octet.

It stands where a card stands (struct spi_ops), so the whole driver above it is the true one.
A script is text, one access a line, `;` starts a comment:

    R 8 02        read DR8, the chip answers 0x02      W 64 01      write 0x01 to DR64
    RI 20 7E6C    read indirect 20, answered 0x7E6C    WI 20 7E6C   write it
    WAIT 40       at least 40 ms pass

With `daa` the chip is an Si3050 and each access has three octets (DAA sheet, section 1).

Indirect accesses unfold to DR31, DR28, DR29 and DR30 as the chip sheet's section 3 has them.
"""

from __future__ import annotations

from collections.abc import Iterator

import cffi

ffi = cffi.FFI()
ffi.cdef("""
struct spi_op { unsigned char cs; unsigned char count; unsigned char out[4]; unsigned char in[4]; };
struct spi_ops {
    void *self;
    int (*transfer)(void *self, struct spi_op *ops, int count);
    int (*gpio_set)(void *self, int line, int level);
    int (*gpio_get)(void *self, int line);
    void (*wait_us)(void *self, long us);
    long long (*now_us)(void *self);
};
""")


DAA_CONTROLS = {0x60: 0x80, 0x20: 0x00}
"""Control octets that read and write, and how an Si321x would say so; no other one may be sent."""


def unfold(script: str) -> Iterator[tuple[str, int, int]]:
    """(kind, register, value): R, W and WAIT only."""
    for raw in script.splitlines():
        line = raw.partition(";")[0].split()
        if not line:
            continue
        if line[0] == "WAIT":
            yield "WAIT", 0, int(line[1])
            continue
        kind, register, value = line[0], int(line[1]), int(line[2], 16)
        if kind == "WI":
            yield from [("R", 31, 0), ("W", 28, value & 0xFF), ("W", 29, value >> 8), ("W", 30, register)]
        elif kind == "RI":
            yield from [("R", 31, 0), ("W", 30, register), ("R", 31, 0)]
            yield from [("R", 28, value & 0xFF), ("R", 29, value >> 8)]
        else:
            yield kind, register, value


class ScriptedSpi:
    """`address` is that of its struct spi_ops. `wrong` holds the first departure from the script."""

    def __init__(self, script: str, cs: int = 0, *, daa: bool = False) -> None:
        self.steps = list(unfold(script))
        self.cs = cs
        self.daa = daa
        self.place = 0
        self.now_us = 0
        self.waited_us = 0
        self.wrong = ""
        self._callbacks = [
            ffi.callback("int(void *, struct spi_op *, int)", self._transfer),
            ffi.callback("int(void *, int, int)", lambda _self, _line, _level: 0),
            ffi.callback("int(void *, int)", lambda _self, _line: 1),
            ffi.callback("void(void *, long)", self._wait),
            ffi.callback("long long(void *)", lambda _self: self.now_us),
        ]
        self._ops = ffi.new("struct spi_ops *", [ffi.NULL, *self._callbacks])
        self.address = int(ffi.cast("uintptr_t", self._ops))

    def finished(self) -> bool:
        return not self.wrong and self.place == len(self.steps)

    def _wait(self, _self: object, us: int) -> None:
        self.now_us += us
        self.waited_us += us

    def _transfer(self, _self: object, ops: object, count: int) -> int:
        for n in range(count):
            op = ops[n]  # type: ignore[index]
            self.now_us += 8 * op.count
            if op.cs != self.cs or op.count != 2 + self.daa:
                self.wrong = self.wrong or f"step {self.place}: chip select {op.cs}, {op.count} octets"
                return -5
            first, second = (op.out[1] | DAA_CONTROLS.get(op.out[0], 0x100), op.out[2]) if self.daa else op.out[0:2]
            getattr(op, "in")[1 + self.daa] = self._answer(first, second)
        return 0 if not self.wrong else -5

    def _answer(self, first: int, second: int) -> int:
        """Compare one access with the script and return what the chip sends in the second octet."""
        kind, register = ("R" if first & 0x80 else "W"), first & 0x7F
        while self.place < len(self.steps) and self.steps[self.place][0] == "WAIT":
            if self.waited_us < self.steps[self.place][2] * 1000:
                self.wrong = self.wrong or f"step {self.place}: only {self.waited_us} us waited"
            self.place += 1
        self.waited_us = 0
        if self.place >= len(self.steps):
            self.wrong = self.wrong or f"beyond the script: {kind} {register} {second:02X}"
            return 0xFF
        wanted = self.steps[self.place]
        matches = wanted[:2] == (kind, register) and (kind == "R" or wanted[2] == second)
        if not matches and not self.wrong:
            self.wrong = (
                f"step {self.place}: wanted {wanted[0]} {wanted[1]} {wanted[2]:02X}, got {kind} {register} {second:02X}"
            )
        self.place += 1
        return wanted[2] if kind == "R" else 0xFF
