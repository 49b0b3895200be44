"""Settings of one telephone line, `[lines.fxs1]`, each declared once.

What the other tables hold: `settings.py`; who turns these into the behaviour of a line: `lines/profiles.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmware.config.declaration import (
    DIALLED,
    EXTENSION,
    HOURS,
    PERSON,
    ROTARY_CODE,
    ROTARY_DIGIT,
    Rule,
    Words,
    setting,
)

IMPEDANCES = (
    "600", "900", "tbr21", "220+820||120n", "220+820||115n", "320+1050||230n", "370+620||310n", "200+680||100n",
)  # fmt: skip
"""Names of `drivers.ports.LineProfile` that every chip has, or has a near one for."""
_WAYS = ("stutter", "fsk", "reversal", "neon")
WAITING_WAY = Rule(lambda text: text in _WAYS, Words(", ".join(_WAYS), ", ".join(_WAYS)))


@dataclass(frozen=True, slots=True)
class FxsLineSettings:
    """One telephone line."""

    number: str = setting(
        "",
        rule=EXTENSION,
        required=True,
        example="101",
        help_en="Number of the telephone on this line",
        help_es="Número del teléfono de esta línea",
    )
    name: str = setting(
        "",
        rule=PERSON,
        example="Reception",
        help_en="Name shown to the other end",
        help_es="Nombre que ve el otro extremo",
    )
    use: str = setting(
        "telephone",
        one_of=("telephone", "fax", "trunk"),
        help_en="What is on the line: a telephone, a fax machine or modem (no echo canceller, no call waiting, fixed "
        "delay; T.38 is not spoken yet), or an old PBX or intercom whose extensions are listed in did (trunk)",
        help_es="Qué hay en la línea: un teléfono, un fax o módem (fax: sin cancelador de eco ni llamada en espera, "
        "retardo fijo; aún sin T.38), o una centralita o portero antiguo cuyas extensiones dice did (trunk)",
    )
    did: tuple[str, ...] = setting(
        (),
        rule=EXTENSION,
        example=("301", "302"),
        help_en="Numbers of the extensions of the old PBX on this line; calls to them ring it",
        help_es="Números de las extensiones de la centralita antigua de esta línea; sus llamadas la hacen sonar",
    )
    did_digits: int = setting(
        3,
        low=0,
        high=8,
        help_en="How many of their last digits the PBX gets as tones after it has answered; 0 for none",
        help_es="Cuántas de sus últimas cifras recibe en tonos la centralita tras contestar; 0, ninguna",
    )
    did_pause_s: float = setting(
        0.5,
        low=0.0,
        high=10.0,
        unit="s",
        help_en="How long the PBX needs after answering before it understands digits",
        help_es="Cuánto necesita la centralita tras contestar antes de entender cifras",
    )
    ring_v_rms: float = setting(
        60.0,
        low=40.0,
        high=90.0,
        unit="V rms",
        help_en="Ringing voltage at the port; more for long lines or many ringers",
        help_es="Tensión de timbre en el puerto; más para líneas largas o muchos timbres",
    )
    loop_ma: int = setting(
        20,
        low=20,
        high=41,
        unit="mA",
        help_en="Current through a lifted telephone",
        help_es="Corriente por un teléfono descolgado",
    )
    tx_gain_db: float = setting(
        0.0,
        low=-12.0,
        high=6.0,
        unit="dB",
        help_en="Gain from the telephone into the call",
        help_es="Ganancia del teléfono hacia la llamada",
    )
    rx_gain_db: float = setting(
        0.0,
        low=-12.0,
        high=6.0,
        unit="dB",
        help_en="Gain from the call to the telephone",
        help_es="Ganancia de la llamada hacia el teléfono",
    )
    long_line: bool = setting(
        False,
        help_en="Kilometres of line: strongest ringing for up to 3 ringers, more current, 3 dB more in both directions",
        help_es="Kilómetros de línea: timbre más fuerte para hasta 3 timbres, más corriente, 3 dB más por sentido",
    )
    country: str | None = setting(
        None,
        example="es",
        help_en="Country of the telephone on this line, where it is not that of the house (two letters)",
        help_es="País del teléfono de esta línea, si no es el de la casa (dos letras)",
    )
    impedance: str | None = setting(
        None,
        one_of=IMPEDANCES,
        example="tbr21",
        help_en="Impedance the port is matched to; the country decides when absent",
        help_es="Impedancia a la que se adapta el puerto; si falta, decide el país",
    )
    ring_hz: float | None = setting(
        None,
        low=16.0,
        high=60.0,
        unit="Hz",
        example=25.0,
        help_en="Ringing frequency; the country decides when absent",
        help_es="Frecuencia del timbre; si falta, decide el país",
    )
    caller_id: str = setting(
        "country",
        one_of=("country", "off", "etsi-fsk", "bellcore", "bellcore-number", "uk", "japan", "dtmf"),
        help_en="How the telephone is told who calls; bellcore-number is for old displays without names",
        help_es="Cómo se dice al teléfono quién llama; bellcore-number, para pantallas antiguas sin nombres",
    )
    caller_id_alert: str = setting(
        "country",
        one_of=("country", "during", "dt-as", "rp-as", "lr+dt-as", "reversal", "none"),
        help_en="When: after the first ring, or before it with a dual tone, a ring pulse, a reversed line, or nothing",
        help_es="Cuándo: tras el primer timbre, o antes con doble tono, un timbre corto, línea invertida, o sin nada",
    )
    caller_id_dtmf: str = setting(
        "country",
        one_of=("country", "A-C", "D-C", "A-#", "D-#", "-#", "-C", "-"),
        help_en="Digits before and after a number sent by dtmf",
        help_es="Dígitos antes y después de un número enviado por dtmf",
    )
    message_waiting: tuple[str, ...] = setting(
        ("stutter",),
        rule=WAITING_WAY,
        help_en="How the telephone tells of messages: stuttering dial tone, its lamp by data, a reversed line, "
        "or 80 V for a neon lamp (with neon, reversal does nothing)",
        help_es="Cómo avisa el teléfono de los mensajes: tono entrecortado, su luz por datos, línea invertida, "
        "u 80 V para una lámpara de neón (con neon, reversal no hace nada)",
    )
    answer_reversal: bool = setting(
        False,
        help_en="Reverse the line's polarity while a call made from it is answered, for coin boxes and call meters",
        help_es="Invertir la polaridad mientras dura una llamada contestada, para teléfonos de pago y contadores",
    )
    metering: str = setting(
        "off",
        one_of=("off", "12", "16"),
        help_en="Frequency in kHz of metering pulses for coin boxes and call meters; a Si3215 port has none",
        help_es="Frecuencia en kHz de los impulsos de cómputo para teléfonos de pago; un puerto Si3215 no los tiene",
    )
    metering_s: float = setting(
        60.0,
        low=1.0,
        high=3600.0,
        unit="s",
        help_en="Time between two metering pulses of an answered call; the first comes with the answer",
        help_es="Tiempo entre dos impulsos de una llamada contestada; el primero llega con la respuesta",
    )
    disconnect_ms: int | None = setting(
        None,
        low=0,
        high=1000,
        unit="ms",
        example=500,
        help_en="Open the line so long when the other end has hung up, 200 or more, 0 never; the country decides "
        "when absent. Answering machines, door phones and other exchanges hang up by it",
        help_es="Abrir la línea este tiempo cuando el otro ha colgado, 200 o más, 0 nunca; si falta, decide el país. "
        "Con ello cuelgan contestadores, porteros y otras centralitas",
    )
    flash_min_ms: int | None = setting(
        None,
        low=30,
        high=1500,
        unit="ms",
        example=80,
        help_en="Shortest hook flash (R key); the country decides when absent",
        help_es="Pulsación de gancho (tecla R) más corta; si falta, decide el país",
    )
    flash_max_ms: int | None = setting(
        None,
        low=30,
        high=1500,
        unit="ms",
        example=130,
        help_en="Longest hook flash; a longer one hangs up",
        help_es="Pulsación de gancho más larga; una mayor cuelga",
    )
    echo: str = setting(
        "64",
        one_of=("off", "32", "48", "64", "96", "128"),
        help_en="Longest echo in ms that is taken out of what the telephone says, so that nobody hears himself; "
        "more for long lines, off for none",
        help_es="Eco más largo, en ms, que se quita de lo que dice el teléfono para que nadie se oiga a sí mismo; "
        "más para líneas largas, off para no quitarlo",
    )
    pulse_dialling: bool = setting(
        True,
        help_en="Understand rotary dials and pulse-dialling keypads",
        help_es="Entender discos y teclados que marcan por pulsos",
    )
    rotary_star: str | None = setting(
        None,
        rule=ROTARY_CODE,
        example="11",
        help_en="Digits that stand for * at the beginning of a number dialled by pulses; never of one that exists",
        help_es="Cifras que valen por * al empezar un número marcado por pulsos; nunca de uno que exista",
    )
    rotary_hash: str | None = setting(
        None,
        rule=ROTARY_CODE,
        example="12",
        help_en="Digits that stand for # at the beginning of a number dialled by pulses; never of one that exists",
        help_es="Cifras que valen por # al empezar un número marcado por pulsos; nunca de uno que exista",
    )
    rotary_recall: str | None = setting(
        None,
        rule=ROTARY_DIGIT,
        example="1",
        help_en="A pulse-dialled digit that is the R key (hook flash) in a call; without it every digit is passed on",
        help_es="Una cifra por pulsos que vale por la tecla R en una llamada; sin ella todas pasan al otro extremo",
    )
    hotline: str | None = setting(
        None,
        rule=DIALLED,
        example="201",
        help_en="Number that is called when this telephone is lifted (hotline)",
        help_es="Número al que llama este teléfono al descolgar (línea directa)",
    )
    hotline_s: float = setting(
        0.0,
        low=0.0,
        high=30.0,
        unit="s",
        help_en="How long dial tone waits for a digit before the hotline is called (warm line); 0 calls at once",
        help_es="Cuánto espera el tono una cifra antes de llamar a la línea directa; con 0 llama al descolgar",
    )
    quiet_hours: str | None = setting(
        None,
        rule=HOURS,
        example="22:00-07:30",
        help_en="When this telephone does not ring, in local time; callers hear busy. It can still call",
        help_es="Cuándo no suena este teléfono, hora local; quien llama oye ocupado. Sí puede llamar",
    )
    flash_services: str = setting(
        "country",
        one_of=("country", "codes", "hook", "off"),
        help_en="What the R key does in a call: as the country has it; codes (R and a digit: 0 refuse, 1 end and take, "
        "2 change over, 3 all three, 4 transfer); hook (R alone takes what comes next); off passes it on",
        help_es="Qué hace la tecla R en una llamada: lo del país; codes (R y una cifra: 0 rechazar, 1 cortar y tomar, "
        "2 alternar, 3 los tres, 4 transferir); hook (R sola hace lo que toca); off la deja pasar",
    )
    call_waiting: bool = setting(
        True,
        help_en="Tell somebody who talks of another call; never for a fax machine or modem, whose call it would spoil",
        help_es="Avisar de otra llamada a quien habla; nunca para un fax o módem, al que le estropearía la suya",
    )
    transfer_by_hanging_up: bool = setting(
        True,
        help_en="Hanging up between two calls leaves them to each other; without it the telephone rings back",
        help_es="Al colgar entre dos llamadas, quedan hablando entre sí; sin ello, el teléfono vuelve a sonar",
    )
