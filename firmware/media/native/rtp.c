/* RTP headers: see rtp.h. Every length is checked before the octet is read. */
#include <stdint.h>

#include "octets.h"
#include "rtp_types.h"

int rtp_parse(const uint8_t *data, int size, struct rtp_view *view)
{
    if (size < RTP_HEADER_OCTETS || data[0] >> 6 != 2)
        return 0;
    int offset = RTP_HEADER_OCTETS + 4 * (data[0] & 15);
    if (data[0] & 0x10) {
        if (offset + 4 > size)
            return 0;
        offset += 4 + 4 * get16(data + offset + 2);
    }
    if (offset > size)
        return 0;
    int padding = 0;
    if (data[0] & 0x20) {
        padding = data[size - 1];
        if (padding == 0 || padding > size - offset)
            return 0;
    }
    view->marker = data[1] >> 7;
    view->payload_type = data[1] & 0x7F;
    view->sequence = get16(data + 2);
    view->timestamp = get32(data + 4);
    view->ssrc = get32(data + 8);
    view->offset = offset;
    view->size = size - offset - padding;
    return 1;
}

int rtp_is_rtcp(const uint8_t *data, int size)
{
    return size >= 8 && data[0] >> 6 == 2 && data[1] >= 192 && data[1] <= 223;
}

void rtp_write(uint8_t *out, int marker, int payload_type, uint16_t sequence, uint32_t timestamp, uint32_t ssrc)
{
    out[0] = 0x80;
    out[1] = (uint8_t)(marker << 7 | payload_type);
    put16(out + 2, sequence);
    put32(out + 4, timestamp);
    put32(out + 8, ssrc);
}
