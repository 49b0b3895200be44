"""The process behind `pjsua.py`: PJSIP in Python, directed by lines of JSON on its standard input.

It answers with lines of JSON on its standard output, one for each thing that happens. It runs without a
sound card: PJSIP's null device gives the clock, WAV files are what it says and what it heard. It knows
nothing of the firmware and can be run by hand.
"""

from __future__ import annotations

import json
import os
import select
import sys
from typing import Any

import pjsua2 as pj

_EVENTS = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # PJSIP itself prints to standard output before it knows its log file


def tell(what: str, **more: object) -> None:
    print(json.dumps({"event": what, **more}), file=_EVENTS, flush=True)


class Log(pj.LogWriter):  # type: ignore[misc]
    """PJSIP's own log file lags behind by a buffer; this one does not."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._file = open(path, "w", encoding="utf-8", errors="replace", buffering=1)  # noqa: SIM115

    def write(self, entry: pj.LogEntry) -> None:
        self._file.write(entry.msg)


class PhoneCall(pj.Call):  # type: ignore[misc]
    """One call with its player and its recorder."""

    def __init__(self, phone: Phone, call_id: int = pj.PJSUA_INVALID_ID) -> None:
        super().__init__(phone.account, call_id)
        self.phone = phone
        self.player: pj.AudioMediaPlayer | None = None
        self.recorder: pj.AudioMediaRecorder | None = None

    def onCallState(self, prm: pj.OnCallStateParam) -> None:
        info = self.getInfo()
        tell("state", state=info.stateText, code=info.lastStatusCode)
        if info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            self.player = self.recorder = None
            self.phone.call = None

    def onCallMediaState(self, prm: pj.OnCallMediaStateParam) -> None:
        info = self.getInfo()
        for index, media in enumerate(info.media):
            if media.type == pj.PJMEDIA_TYPE_AUDIO and media.status in _FLOWING:
                self._join(self.getAudioMedia(index))
        tell("media", status=[media.status for media in info.media])

    def _join(self, audio: pj.AudioMedia) -> None:
        """Sound both ways; after a hold PJSIP wants its ports joined again."""
        if self.player is None:
            self.player, self.recorder = pj.AudioMediaPlayer(), pj.AudioMediaRecorder()
            self.player.createPlayer(self.phone.say)
            self.recorder.createRecorder(self.phone.next_recording())
        assert self.recorder is not None
        self.player.startTransmit(audio)
        audio.startTransmit(self.recorder)

    def onDtmfDigit(self, prm: pj.OnDtmfDigitParam) -> None:
        tell("digit", digit=prm.digit, info=prm.method == pj.PJSUA_DTMF_METHOD_SIP_INFO)

    def onCallTsxState(self, prm: pj.OnCallTsxStateParam) -> None:
        tsx = prm.e.body.tsxState.tsx
        if tsx.method in {"INVITE", "UPDATE", "INFO"} and tsx.state in _FINAL:
            tell("transaction", method=tsx.method, code=tsx.statusCode, caller=tsx.role == pj.PJSIP_ROLE_UAC)


_FINAL = {pj.PJSIP_TSX_STATE_COMPLETED, pj.PJSIP_TSX_STATE_TERMINATED}
_FLOWING = {pj.PJSUA_CALL_MEDIA_ACTIVE, pj.PJSUA_CALL_MEDIA_REMOTE_HOLD}


class PhoneAccount(pj.Account):  # type: ignore[misc]
    def __init__(self, phone: Phone) -> None:
        super().__init__()
        self.phone = phone

    def onRegState(self, prm: pj.OnRegStateParam) -> None:
        tell("registration", code=prm.code, expires_s=prm.expiration)

    def onIncomingCall(self, prm: pj.OnIncomingCallParam) -> None:
        self.phone.call = PhoneCall(self.phone, prm.callId)
        tell("incoming", **{"from": self.phone.call.getInfo().remoteUri})


class Phone:
    """settings: what `pjsua.py` writes on the command line, as JSON."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.settings = settings
        self.say = settings["say"]
        self.call: PhoneCall | None = None
        self.calls = 0
        self.log = Log(settings["log"])
        self.endpoint = pj.Endpoint()
        self._start_endpoint()
        self.account = PhoneAccount(self)
        self.account.create(self._account_config())

    def _start_endpoint(self) -> None:
        config = pj.EpConfig()
        config.logConfig.level, config.logConfig.consoleLevel = 5, 5
        config.logConfig.writer = self.log
        config.uaConfig.threadCnt, config.uaConfig.mainThreadOnly = 0, True
        config.uaConfig.userAgent = f"pjsua2 {self.endpoint_version()}"
        config.medConfig.clockRate = 8000  # so that recordings are 8 kHz
        config.medConfig.noVad = True
        config.medConfig.ecTailLen = 0
        self.endpoint.libInit(config)
        transport = pj.TransportConfig()
        transport.boundAddress = self.settings["bound"]
        if self.settings["ca"]:
            transport.tlsConfig.CaListFile = self.settings["ca"]
            transport.tlsConfig.verifyServer = True
        self.transport = self.endpoint.transportCreate(getattr(pj, self.settings["transport"]), transport)
        self.endpoint.libStart()
        self.endpoint.audDevManager().setNullDev()

    def endpoint_version(self) -> str:
        self.endpoint.libCreate()
        return str(self.endpoint.libVersion().full)

    def _account_config(self) -> pj.AccountConfig:
        given = self.settings
        config = pj.AccountConfig()
        config.idUri, config.regConfig.registrarUri = given["identity"], given["registrar"]
        config.sipConfig.authCreds.append(pj.AuthCredInfo("digest", "*", given["user"], 0, given["password"]))
        config.sipConfig.transportId = self.transport
        config.mediaConfig.transportConfig.port = given["rtp_first"]
        config.mediaConfig.transportConfig.portRange = given["rtp_last"] - given["rtp_first"]
        if ":" not in given["bound"]:
            config.mediaConfig.transportConfig.boundAddress = given["bound"]
        return config

    def next_recording(self) -> str:
        self.calls += 1
        return f"{self.settings['folder']}/heard-{self.calls}.wav"

    # -- commands ----------------------------------------------------------------------
    def dial(self, uri: str) -> None:
        self.call = PhoneCall(self)
        self.call.makeCall(uri, pj.CallOpParam(True))

    def answer(self, code: int) -> None:
        parameters = pj.CallOpParam()
        parameters.statusCode = code
        self.current().answer(parameters)

    def hangup(self) -> None:
        self.current().hangup(pj.CallOpParam())

    def hold(self) -> None:
        self.current().setHold(pj.CallOpParam())

    def resume(self) -> None:
        parameters = pj.CallOpParam(True)
        parameters.opt.flag = pj.PJSUA_CALL_UNHOLD
        self.current().reinvite(parameters)

    def digit(self, digit: str, info: bool) -> None:
        parameters = pj.CallSendDtmfParam()
        parameters.digits, parameters.duration = digit, 120
        parameters.method = pj.PJSUA_DTMF_METHOD_SIP_INFO if info else pj.PJSUA_DTMF_METHOD_RFC2833
        self.current().sendDtmf(parameters)

    def current(self) -> PhoneCall:
        if self.call is None:
            raise LookupError("no call")
        return self.call

    def obey(self, line: str) -> None:
        order = json.loads(line)
        try:
            getattr(self, order.pop("do"))(**order)
            tell("done")
        except (pj.Error, LookupError) as error:
            tell("failed", why=str(getattr(error, "reason", error)))

    def run(self) -> None:
        """Until end of input; then hangs up, unregisters and ends."""
        while True:
            self.endpoint.libHandleEvents(10)
            if select.select([sys.stdin], [], [], 0)[0]:
                line = sys.stdin.readline()
                if not line:
                    break
                self.obey(line)
        self.endpoint.libDestroy()


if __name__ == "__main__":
    Phone(json.loads(sys.argv[1])).run()
