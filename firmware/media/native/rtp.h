/* RTP headers (RFC 3550 section 5): read one without trusting it, write one. */
#define RTP_HEADER_OCTETS 12

struct rtp_view {
    int marker;
    int payload_type;
    uint16_t sequence;
    uint32_t timestamp;
    uint32_t ssrc;
    int offset; /* where the payload begins; CSRCs and extension are skipped */
    int size;   /* payload octets without padding; 0 or more */
};

/* Returns 1 and fills view, or 0 when the octets are not one RTP packet
 * (version, length, CSRC, extension or padding wrong). */
int rtp_parse(const uint8_t *data, int size, struct rtp_view *view);
/* 1 when the octets look like RTCP sharing the port (RFC 5761 section 4). */
int rtp_is_rtcp(const uint8_t *data, int size);
/* Writes 12 octets. payload_type: 0 to 127. */
void rtp_write(uint8_t *out, int marker, int payload_type, uint16_t sequence, uint32_t timestamp, uint32_t ssrc);
