/* RFC 4733 events: see dtmf_events.h. */
#include <stdint.h>
#include <string.h>

#include "dtmf_events_types.h"
#include "octets.h"

#define LEAST_SAMPLES 320   /* 40 ms: RFC 4733 section 2.5.1.1, ITU-T Q.24 */
#define GAP_SAMPLES 400     /* 50 ms between digits */
#define OPEN_LAG 80         /* by how much a digit is sure sooner after its start than over after its end: 10 ms */
#define VOLUME 10           /* -10 dBm0 */
#define ENDS 3              /* the end is sent three times, section 2.5.1.4 */
#define SEGMENT_MAX 0xFFFF  /* longest duration a packet can tell, section 2.5.1.3 */
#define LOST_US 150000
#define SAMPLES_PER_MS 8

static const char keys[] = "0123456789*#ABCD";
static const char heard[] = "0123456789*#ABCD!"; /* section 3.2; EVENT_FLASH_KEY */

int event_tx_digit(struct event_tx *tx, char digit, int ms)
{
    const char *key = digit ? strchr(keys, digit) : NULL;
    if (!key || tx->count == EVENT_QUEUE)
        return -1;
    int at = (tx->first + tx->count++) % EVENT_QUEUE;
    tx->queue[at].code = (int)(key - keys);
    tx->queue[at].ms = ms;
    return 0;
}

int event_tx_open(struct event_tx *tx, char digit, int before)
{
    tx->before = before;
    return event_tx_digit(tx, digit, EVENT_OPEN);
}

void event_tx_end(struct event_tx *tx, int ms)
{
    for (int i = 0; i < tx->count; i++) {
        int at = (tx->first + i) % EVENT_QUEUE;
        if (tx->queue[at].ms == EVENT_OPEN)
            tx->queue[at].ms = ms;
    }
}

int event_tx_busy(const struct event_tx *tx)
{
    return tx->count > 0;
}

static void begin(struct event_tx *tx, uint32_t timestamp)
{
    tx->on = 1;
    tx->fresh = 1;
    tx->ends_left = 0;
    tx->timestamp = timestamp;
    tx->duration = 0;
    tx->total = 0;
}

static void lengthen(struct event_tx *tx, int samples)
{
    int ms = tx->queue[tx->first].ms;
    if (ms == EVENT_OPEN && tx->fresh && tx->before > OPEN_LAG && tx->before < samples)
        samples -= tx->before - OPEN_LAG;
    if (tx->duration + samples > SEGMENT_MAX) { /* a very long key press goes on under a new timestamp */
        tx->timestamp += (uint32_t)tx->duration;
        tx->duration = 0;
    }
    long wanted = (long)ms * SAMPLES_PER_MS < LEAST_SAMPLES ? LEAST_SAMPLES : (long)ms * SAMPLES_PER_MS;
    if (ms != EVENT_OPEN && tx->total + samples >= wanted) {
        tx->ends_left = ENDS;
        if (wanted > tx->total) /* to the sample; but what was sent already is not taken back */
            samples = (int)(wanted - tx->total);
        else
            samples = 0;
    }
    tx->duration += samples;
    tx->total += samples;
}

int event_tx_packet(struct event_tx *tx, uint32_t timestamp, int samples, uint8_t *payload, uint32_t *stamp,
                    int *marker)
{
    if (tx->gap_samples > 0) {
        tx->gap_samples -= samples;
        return 0;
    }
    if (tx->count == 0)
        return 0;
    if (!tx->on)
        begin(tx, timestamp);
    if (tx->ends_left == 0)
        lengthen(tx, samples);
    payload[0] = (uint8_t)tx->queue[tx->first].code;
    payload[1] = (uint8_t)(VOLUME | (tx->ends_left ? 0x80 : 0));
    put16(payload + 2, (unsigned)tx->duration);
    *stamp = tx->timestamp;
    *marker = tx->fresh;
    tx->fresh = 0;
    if (tx->ends_left > 0 && --tx->ends_left == 0) {
        tx->on = 0;
        tx->first = (tx->first + 1) % EVENT_QUEUE;
        tx->count--;
        tx->gap_samples = GAP_SAMPLES - (ENDS - 1) * samples; /* silent since its first end packet */
    }
    return 1;
}

static int end(struct event_rx *rx, struct event_news *news)
{
    if (!rx->on)
        return 0;
    rx->on = 0;
    *news = (struct event_news){EVENT_ENDED, heard[rx->code], (rx->before + rx->duration) / SAMPLES_PER_MS};
    return 1;
}

/* A timestamp not heard before: a new digit, or the next segment of a very long one. */
static int begin_heard(struct event_rx *rx, uint32_t timestamp, int code, struct event_news *news)
{
    int count = 0;
    int goes_on = rx->on && code == rx->code && rx->duration > SEGMENT_MAX - 1000 &&
                  timestamp - rx->timestamp <= SEGMENT_MAX;
    if (goes_on) {
        rx->before += rx->duration;
    } else {
        count = end(rx, news);
        rx->before = 0;
        rx->on = 1;
        news[count++] = (struct event_news){EVENT_BEGAN, heard[code], 0};
    }
    rx->known = 1;
    rx->code = code;
    rx->timestamp = timestamp;
    rx->duration = 0;
    return count;
}

int event_rx_packet(struct event_rx *rx, uint32_t timestamp, const uint8_t *payload, int size, long long now_us,
                    struct event_news *news)
{
    if (size < EVENT_PAYLOAD || payload[0] > EVENT_FLASH)
        return 0;
    int count = 0;
    int32_t step = rx->known ? (int32_t)(timestamp - rx->timestamp) : 1;
    if (step < 0 && now_us - rx->heard_us < 2000000)
        return 0; /* a straggler of the digit before */
    if (step != 0)
        count = begin_heard(rx, timestamp, payload[0], news);
    rx->heard_us = now_us;
    int duration = get16(payload + 2);
    if (duration > rx->duration)
        rx->duration = duration;
    if (payload[1] & 0x80)
        count += end(rx, news + count);
    return count;
}

int event_rx_poll(struct event_rx *rx, long long now_us, struct event_news *news)
{
    return rx->on && now_us - rx->heard_us > LOST_US ? end(rx, news) : 0;
}
