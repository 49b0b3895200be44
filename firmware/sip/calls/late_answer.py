"""One more telephone answers an INVITE of ours that another has answered before (RFC 3261 13.2.2.4).

Why: a proxy may ring several telephones for one INVITE, and two may be lifted at once. Each 200 makes a
dialog; the house keeps one of them and hangs up the others. Used by `branch.py`, and by the agent for an INVITE
whose branch is gone.
"""

from __future__ import annotations

from firmware.sip.calls.context import SipContext
from firmware.sip.calls.dialog import Dialog
from firmware.sip.calls.signed import send_in_dialog
from firmware.sip.messages.compose import Outgoing
from firmware.sip.messages.message import Response
from firmware.sip.transports.hop import Hop
from firmware.sip.transports.transport import Transport


def hang_up_late(
    context: SipContext, dialog: Dialog, cseq: int, *, headers: str = "", body: str = ""
) -> tuple[bytes, Hop]:
    """ACK and BYE for a dialog that just came to be. The ACK and where it went, for copies of the 200."""
    ack = dialog.ack(cseq, headers=headers, body=body)
    dialog.send(ack)
    send_in_dialog(context, dialog, dialog.request("BYE"))
    return ack, dialog.hop


def dialog_of(response: Response, transport: Transport) -> Dialog:
    """The dialog of a 2xx to an INVITE of ours of which nothing else is known any more."""
    invite = Outgoing(
        "INVITE",
        response.to.uri,
        from_line=response.get("from"),
        to_line="",
        call_id=response.call_id,
        cseq=response.cseq[0],
    )
    return Dialog.as_client(invite, response.from_.tag, response, transport)
