/* One packet's audio from one stream's codec into another's, octet for octet, as it is relayed.
 *
 * Equal codecs: nothing is touched, so that wideband stays wideband. A-law and u-law: by table. G.722 and G.711:
 * through 8 kHz linear, decoded once for all who hear the packet. */
#ifndef TIPRING_RECODE_H
#define TIPRING_RECODE_H

#include <stdint.h>

#define RECODE_MOST_OCTETS 2048

struct stream;

struct recoding {
    const uint8_t *payload;  /* as received, while nobody has changed it */
    int size;
    int decoded;             /* pcm holds it as 8 kHz linear */
    int16_t pcm[RECODE_MOST_OCTETS];
};

/* Without touching pcm: most packets have no need of it. */
static inline void recoding_begin(struct recoding *recoding, const uint8_t *payload, int size)
{
    recoding->payload = payload;
    recoding->size = size;
    recoding->decoded = 0;
}

int recode_is_wide(int codec);
/* octets: a copy of the payload or, for the last hearer, the payload itself; changed into `to`'s codec. */
void recode(struct recoding *recoding, const struct stream *from, struct stream *to, uint8_t *octets);

#endif
