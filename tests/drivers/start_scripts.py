"""Register by register: what a start must look like, written by hand from the chip sheet's section 5.

The notation is that of `scripted_spi.py`. `SI3215_FIRST` is a first start with the Spanish
profile on slot 0, `SI3210_FIRST` with a United States profile on slot 9; the stored starts
differ only in the calibration stage.
"""

SI3215_IDENTITY = """
R 8 02  ; presence after reset: DR8, DR11, DR64
R 11 33
R 64 00
R 0 03  ; revision C
R 1 88  ; Si3215 family
R 6 00  ; Si3215
W 1 00  ; PCM off
R 4 00  ; scratch test
W 4 5A
R 4 5A
W 4 00
"""

SI3210_IDENTITY = """
R 8 02
R 11 33
R 64 00
R 0 05  ; Si3210 revision E
R 1 08
W 1 00
R 4 00
W 4 5A
R 4 5A
W 4 00
"""

QUIET = """
W 64 00  ; line open
W 14 10  ; converter off
W 21 00  ; no interrupts
W 22 00
W 23 00
W 32 00  ; no tones
W 33 00
W 34 00  ; ring cadence by the host
W 1 00   ; nothing on the highway
W 30 00
"""

SI3215_INDIRECTS = """
WI 0 7B30  ; OSC1
WI 1 0063
WI 2 0000
WI 3 7870  ; OSC2
WI 4 007D
WI 5 0000
WI 6 0000  ; ROFF
WI 7 7E6C  ; RCO 25 Hz
WI 8 0247  ; RNGX 86.8 V peak: 60 V rms behind 160 ohm into 1 REN
WI 9 0000
WI 13 4000 ; gains 0 dB
WI 14 4000
WI 15 1000 ; LCRT 10.16 mA
WI 16 4200 ; RPTP 41.9 mA
WI 17 1000
WI 18 0200
WI 19 07C0 ; power alarms
WI 20 2600
WI 21 1B80
WI 22 8000 ; filters open
WI 23 8000
WI 24 8000
WI 25 8000
WI 26 8000
WI 27 0C00
WI 64 0C00
WI 66 0E00 ; LCRTL 8.89 mA
WI 97 0000
"""

SI3210_INDIRECTS = """
WI 0 55C2  ; DTMF decoder
WI 1 51E6
WI 2 4B85
WI 3 4937
WI 4 3333
WI 5 0202
WI 6 0202
WI 7 0198
WI 8 0198
WI 9 0611
WI 10 0202
WI 11 00E5
WI 12 0A1C
WI 13 7B30
WI 14 0063
WI 15 0000
WI 16 7870
WI 17 007D
WI 18 0000
WI 19 0000
WI 20 7EFD ; RCO 20 Hz
WI 21 0175 ; RNGX 69.4 V peak: 48 V rms behind 160 ohm into 1 REN
WI 22 0000
WI 23 2000
WI 24 2000
WI 25 0000
WI 26 2010 ; DACG -6 dB
WI 27 4000
WI 28 1000
WI 29 3600 ; RPTP 34.3 mA
WI 30 1000
WI 31 0200
WI 32 07C0
WI 33 2600
WI 34 1B80
WI 35 8000
WI 36 8000
WI 37 8000
WI 38 8000
WI 39 8000
WI 40 0C00
WI 41 0C00
WI 42 1000
WI 43 0E00
WI 97 0000
"""

SI3215_FEED = """
W 8 00   ; loopback off
W 108 E3 ; bits 4:3 reserved on this family
W 67 17
W 66 01
W 65 61
W 72 20  ; 48 V on hook
W 73 04
W 74 3F  ; VBATH 94.5 V
W 75 10
W 69 0A  ; 12.5 ms
W 70 0B
R 80 03  ; no foreign voltage
R 81 02
W 92 FF  ; converter: slow start
W 14 00
R 82 00
WAIT 5
R 82 80
WAIT 5
R 82 F0  ; 90 V, wanted 88.5 V
W 71 00  ; 20 mA
W 93 19
W 93 99  ; converter calibration
R 93 99
WAIT 5
R 93 19
R 107 0F ; not believable, takes the middle
W 107 08
"""

SI3210_FEED = """
W 8 00
W 108 EB
W 67 17
W 66 01
W 65 61
W 72 20
W 73 04
W 74 34  ; VBATH 78 V
W 75 10
W 69 0A
W 70 0B
R 80 00
R 81 00
W 92 FF
W 14 00
R 82 C0  ; 72.2 V, wanted 72 V
W 71 02  ; 26 mA
W 93 19
W 93 99
R 93 19
R 107 0A
"""

SI3215_CALIBRATION = """
W 21 00
W 22 00
W 23 00
W 64 00
W 97 1F
W 96 5F
R 96 5F
WAIT 5
R 96 00
"""

SI3210_CALIBRATION = """
W 21 00
W 22 00
W 23 00
W 64 00
W 97 1E
W 96 47
R 96 47
WAIT 5
R 96 00
W 99 10  ; manual gain search, 40 ms a step
W 98 1F
WAIT 40
R 88 05
W 98 1E
WAIT 40
R 88 00
W 99 1F
WAIT 40
R 89 00
W 23 04  ; longitudinal balance
W 64 01
WAIT 100
R 68 00
W 64 00
W 20 FF
W 97 01
W 96 40
R 96 40
WAIT 5
R 96 00
R 20 00
W 23 00
"""

ACCUMULATORS = "\n".join(f"WI {address} 0000" for address in [*range(88, 96), 97, *range(193, 212)])

SI3215_FILTERS = """
WI 22 8000
WI 23 0320
WI 24 008C
WI 25 0100
WI 26 0010
"""

SI3210_FILTERS = """
WI 35 8000
WI 36 0320
WI 37 008C
WI 38 0100
WI 39 0010
"""

SI3215_VECTOR = bytes.fromhex("0000101111120888000b0008")
SI3210_VECTOR = bytes.fromhex("00001e1f111208880a0b150a")

SI3215_AUDIO = """
W 1 00   ; A-law
W 2 00   ; slot 0
W 3 00
W 4 00
W 5 00
W 9 00
W 10 0C  ; TBR 21
W 11 33
W 1 20   ; PCM on
"""

SI3210_AUDIO = """
W 1 08   ; u-law
W 2 48   ; slot 9
W 3 00
W 4 48
W 5 00
W 9 00
W 10 08  ; 600 ohm
W 11 33
W 1 28
"""

ON_LINE = """
W 18 FF  ; old events away
R 18 00
W 19 FF
R 19 00
W 20 FF
R 20 00
W 22 FF  ; power alarms, loop closure, ring trip
W 64 01
R 64 01  ; asked, not yet there
R 19 00  ; no power alarm either
WAIT 5
R 64 11
WAIT 25
R 68 01  ; the ringers charge
WAIT 5
R 68 00
"""


def read_back(indirects: str, filters: str) -> str:
    """Every indirect register is read once more, with its final value."""
    final = dict(line.split()[1:3] for line in filters.split("\n") if line)
    lines = [line.split()[1:3] for line in indirects.split("\n") if line]
    return "\n".join(f"RI {a} {final.get(a, v)}" for a, v in lines if a != "97")


def vector_reads(vector: bytes) -> str:
    """DR96 to DR107."""
    return "\n".join(f"R {register} {value:02X}" for register, value in enumerate(vector, 96))


def vector_writes(vector: bytes, without: tuple[int, ...]) -> str:
    """A stored vector goes back, except what the chip lacks and DR107, which was measured just now."""
    return "\n".join(f"W {r} {value:02X}" for r, value in enumerate(vector, 96) if r not in without)


_SI3215_BEFORE = SI3215_IDENTITY + QUIET + SI3215_INDIRECTS + SI3215_FEED
_SI3215_AFTER = f"""
{ACCUMULATORS}
{SI3215_FILTERS}
{read_back(SI3215_INDIRECTS, SI3215_FILTERS)}
{vector_reads(SI3215_VECTOR)}
{SI3215_AUDIO}
{ON_LINE}
"""
_SI3210_BEFORE = SI3210_IDENTITY + QUIET + SI3210_INDIRECTS + SI3210_FEED
_SI3210_AFTER = f"""
{ACCUMULATORS}
{SI3210_FILTERS}
{read_back(SI3210_INDIRECTS, SI3210_FILTERS)}
{vector_reads(SI3210_VECTOR)}
{SI3210_AUDIO}
{ON_LINE}
"""

SI3215_FIRST = _SI3215_BEFORE + SI3215_CALIBRATION + _SI3215_AFTER
SI3215_STORED = _SI3215_BEFORE + vector_writes(SI3215_VECTOR, (106, 107)) + _SI3215_AFTER
SI3210_FIRST = _SI3210_BEFORE + SI3210_CALIBRATION + _SI3210_AFTER
SI3210_STORED = _SI3210_BEFORE + vector_writes(SI3210_VECTOR, (107,)) + _SI3210_AFTER
