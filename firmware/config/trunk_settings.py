"""Settings of one exchange line, `[lines.fxo1]`.

What the other tables hold: `settings.py`; who turns these into the behaviour of a line: `lines/fxo_profile.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmware.config.declaration import DIALLED, EXTENSION, PERSON, Rule, Words, setting
from firmware.config.tone_settings import CADENCE


def _one_of(*names: str) -> Rule:
    listed = ", ".join(f'"{name}"' for name in names)
    return Rule(lambda text: text in names, Words(listed, listed))


@dataclass(frozen=True, slots=True)
class FxoLineSettings:
    """One exchange line."""

    target: str | None = setting(
        None,
        rule=EXTENSION,
        example="101",
        help_en="Number of the house that rings when a call comes in on this line; without it nobody answers it",
        help_es="Número de la casa que suena cuando entra una llamada por esta línea; sin él nadie la atiende",
    )
    number: str | None = setting(
        None,
        rule=DIALLED,
        example="912345678",
        help_en="The line's own number, shown in status and records",
        help_es="Número de la propia línea, para el estado y el registro",
    )
    name: str = setting(
        "",
        rule=PERSON,
        example="City line",
        help_en="What telephones show for calls of this line",
        help_es="Lo que muestran los teléfonos en las llamadas de esta línea",
    )
    fax_to: str | None = setting(
        None,
        rule=EXTENSION,
        example="101",
        help_en="Number of the house, such as a fax machine's, that takes a call in once a fax's calling tone is heard",
        help_es="Número de la casa, como el de un fax, que toma la llamada entrante en cuanto se oye el tono de un fax",
    )
    busy_out: bool = setting(
        False,
        help_en="Take the line out of use for calls out; emergency calls try it last, and calls in go on",
        help_es="No usar la línea para llamar; las de emergencia la prueban al final, y las entrantes siguen",
    )
    did_digits: int = setting(
        0,
        low=0,
        high=8,
        help_en="How many digits of the number called the exchange sends as tones once we have answered; [inbound] "
        "says who rings for them, else target; 0 none",
        help_es="Cuántas cifras del número llamado envía la central por tonos cuando hemos contestado; [inbound] dice "
        "quién suena, si no, target; 0 ninguna",
    )
    rings: int = setting(
        1,
        low=1,
        high=10,
        help_en="How many rings before the call is passed on",
        help_es="Cuántos timbres antes de pasar la llamada",
    )
    caller_id: str = setting(
        "country",
        one_of=("country", "off", "etsi-fsk", "bellcore", "bellcore-number", "uk", "japan", "dtmf"),
        help_en="How the exchange says who calls",
        help_es="Cómo dice la central quién llama",
    )
    caller_id_dtmf: str = setting(
        "country",
        one_of=("country", "A-C", "D-C", "A-#", "D-#", "-#", "-C", "-"),
        help_en="Digits before and after a number that comes by dtmf",
        help_es="Dígitos antes y después de un número que llega por dtmf",
    )
    caller_form: str = setting(
        "as-sent",
        one_of=("as-sent", "national", "international", "e164"),
        help_en="How a caller's number is shown: as the exchange sends it; national ones with the trunk prefix; all "
        "with international prefix and country code; or with + and country code (e164). Short numbers stay",
        help_es="Cómo se muestra el número de quien llama: como lo envía la central; los nacionales con su prefijo; "
        "todos con prefijo internacional y código de país; o con + y código de país (e164). Los cortos no cambian",
    )
    caller_add: str | None = setting(
        None,
        rule=DIALLED,
        example="0",
        help_en="Put before a caller's number so that it can be called back, such as the prefix of the way out; a + "
        "becomes the country's international prefix, but with caller_form e164 it stays and has nothing before it",
        help_es="Se pone delante del número de quien llama para poder devolver la llamada, como el prefijo de salida; "
        "un + pasa a ser el prefijo internacional, pero con caller_form e164 se queda y no lleva nada delante",
    )
    caller_id_wait_s: float | None = setting(
        None,
        low=0.0,
        high=10.0,
        unit="s",
        example=3.0,
        help_en="After those rings, wait so long for the caller's number, or until the next ring; when absent 5 s, "
        "and 0 where it comes before the ringing",
        help_es="Tras esos timbres, cuánto se espera el número de quien llama, o hasta el siguiente; si falta, 5 s, "
        "y 0 donde llega antes del timbre",
    )
    dial: str = setting(
        "tones",
        one_of=("tones", "pulses"),
        help_en="How the exchange is dialled",
        help_es="Cómo se marca hacia la central",
    )
    dial_tone_s: float = setting(
        4.0,
        low=1.0,
        high=20.0,
        unit="s",
        help_en="Longest wait for dial tone",
        help_es="Espera máxima del tono de marcar",
    )
    without_dial_tone: str = setting(
        "fail",
        one_of=("fail", "dial"),
        help_en="When no dial tone comes: take another line (fail), or dial all the same",
        help_es="Si no llega el tono de marcar: probar otra línea (fail) o marcar igualmente (dial)",
    )
    answer_by: tuple[str, ...] = setting(
        ("polarity", "ringback-end", "voice"),
        rule=_one_of("polarity", "ringback-end", "voice", "metering", "dialled"),
        help_en="What tells that the called party has answered, whichever comes first; metering: a pulse of the "
        "exchange's meter; dialled: at once",
        help_es="Qué indica que han contestado, lo que llegue antes; metering: un impulso de tarificación de la "
        "central; dialled: en cuanto se marca",
    )
    hang_up_by: tuple[str, ...] = setting(
        ("loop-break", "polarity", "tones"),
        rule=_one_of("loop-break", "polarity", "tones"),
        help_en="What tells that the other end has hung up: the loop opens, tip and ring change places, busy tone",
        help_es="Qué indica que el otro ha colgado: se abre el bucle, se invierte la polaridad, tono de ocupado",
    )
    busy_tone: str | None = setting(
        None,
        rule=CADENCE,
        example="480+620/500, -/500",
        help_en="Busy tone of this line's exchange, known beside the country's; tipring teach finds it out",
        help_es="Tono de ocupado de la central de esta línea, además del que es del país; lo averigua tipring teach",
    )
    loop_break_ms: int = setting(
        80,
        low=20,
        high=3000,
        unit="ms",
        help_en="Shortest opening of the loop that is a hang-up",
        help_es="Apertura más corta del bucle que vale como colgar",
    )
    flash_ms: int | None = setting(
        None,
        low=50,
        high=1000,
        unit="ms",
        example=100,
        help_en="Length of a hook flash to the exchange (R key in a call); the country decides when absent",
        help_es="Duración de la tecla R hacia la central; si falta, decide el país",
    )
    pass_flash: bool = setting(
        False,
        help_en="The R key of a telephone that talks over this line is for the exchange and its services, such as "
        "call waiting; R is for those of the house again while another call waits or is held",
        help_es="La tecla R de un teléfono que habla por esta línea es para la central y sus servicios, como la "
        "llamada en espera; es para los de la casa mientras otra llamada espera o está retenida",
    )
    silence_s: int = setting(
        0,
        low=0,
        high=3600,
        unit="s",
        help_en="End a call when nothing has been heard from the line for so long; 0 never",
        help_es="Acabar la llamada si no se oye nada de la línea durante este tiempo; 0 nunca",
    )
    max_call_s: int = setting(
        14_400,
        low=60,
        high=86_400,
        unit="s",
        help_en="Longest call, so that no line stays up for ever",
        help_es="Llamada más larga, para que ninguna línea quede tomada para siempre",
    )
    guard_s: float = setting(
        1.0,
        low=0.3,
        high=60.0,
        unit="s",
        help_en="How long the line rests after a call before it is taken again",
        help_es="Cuánto descansa la línea tras una llamada antes de volver a tomarla",
    )
    ring_timeout_s: float = setting(
        8.0,
        low=4.0,
        high=30.0,
        unit="s",
        help_en="No ringing for so long: the caller has given up",
        help_es="Sin timbre durante este tiempo: quien llamaba ha desistido",
    )
    in_use_v: int = setting(
        18,
        low=5,
        high=40,
        unit="V",
        help_en="Less voltage than this on the resting line is another telephone's doing",
        help_es="Menos tensión que esta en la línea en reposo es de otro teléfono descolgado",
    )
    tx_gain_db: float = setting(
        0.0,
        low=-12.0,
        high=6.0,
        unit="dB",
        help_en="Gain from the exchange into the call",
        help_es="Ganancia de la central hacia la llamada",
    )
    rx_gain_db: float = setting(
        0.0,
        low=-12.0,
        high=6.0,
        unit="dB",
        help_en="Gain from the call to the exchange",
        help_es="Ganancia de la llamada hacia la central",
    )
    echo: str = setting(
        "64",
        one_of=("off", "32", "48", "64", "96", "128"),
        help_en="Longest echo in ms that is taken out of what comes from the exchange; off for none",
        help_es="Eco más largo, en ms, que se quita de lo que llega de la central; off para no quitarlo",
    )
    termination: str = setting(
        "datasheet",
        one_of=("datasheet", "dahdi"),
        help_en="Which list of line terminations by country is used; dahdi has the older figures",
        help_es="Qué lista de terminaciones por país se usa; dahdi tiene los valores antiguos",
    )
