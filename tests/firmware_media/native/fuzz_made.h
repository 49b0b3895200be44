/* Right packets of a far end of `fuzz_packets.c`, made field by field, so that one of them can be changed. */
#ifndef TIPRING_FUZZ_MADE_H
#define TIPRING_FUZZ_MADE_H

#include <stdint.h>

#define MOST_OCTETS 1700
#define MOST_FIELDS 64

struct fuzz_end;

/* What it would send next. */
struct far {
    uint16_t sequence;
    uint32_t timestamp, ssrc;
    int event_ms;            /* of the digit under way */
    uint32_t event_stamp;
    int event_code;
};

/* The packet made last, and where its fields lie. Set to nothing before another is made. */
struct made {
    uint8_t data[MOST_OCTETS];
    int size;
    struct {
        int bit, bits;
    } fields[MOST_FIELDS];
    int count;
};

extern struct made made;

void fuzz_seed(uint64_t seed);
unsigned dice(unsigned below);
void made_audio(struct far *far, const struct fuzz_end *end);
void made_event(struct far *far, const struct fuzz_end *end);
void made_noise(struct far *far);
/* A compound packet: a report with up to two blocks, SDES, and now and then a BYE. */
void made_reports(const struct far *far, const struct fuzz_end *end, long long now_us);

/* Another value for a field of so many bits. */
uint32_t made_other(uint32_t value, int bits);
void made_change_field(void);
void made_change_size(void);

#endif
