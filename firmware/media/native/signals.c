/* Faxes, modems and exchanges: see signals.h. */
#include "signals.h"

#include <inttypes.h>
#include <stdlib.h>
#include <tiffio.h>

#include <spandsp.h>

#include "data_rx.h"
#include "engine_types.h"
#include "news.h"
#include "progress.h"

#define HEAR_DATA (ENGINE_HEAR_BELL_202 | ENGINE_HEAR_V23 | ENGINE_HEAR_DTMF_DATA)
#define DATA_MOST 8

struct signals {
    modem_connect_tones_rx_state_t *calling, *answering; /* NULL: not listened for */
    struct progress *progress;
    struct data_rx *data;
    int heard;               /* code of what has just begun, or 0 */
};

static void note(void *context, int code, int level, int delay)
{
    (void)level;
    (void)delay;
    ((struct signals *)context)->heard = code;
}

/* Of the kinds: a receiver of data; NULL for none, or without memory. */
static struct data_rx *data_listener(int kinds)
{
    if (kinds & ENGINE_HEAR_BELL_202)
        return data_rx_new(DATA_RX_BELL_202);
    return data_rx_new(kinds & ENGINE_HEAR_V23 ? DATA_RX_V23 : DATA_RX_DTMF);
}

struct signals *signals_new(int kinds)
{
    struct signals *signals = calloc(1, sizeof *signals);
    if (!signals)
        return NULL;
    int modems = kinds & ENGINE_HEAR_MODEMS, exchange = kinds & ENGINE_HEAR_PROGRESS, data = kinds & HEAR_DATA;
    if (modems) {
        signals->calling = modem_connect_tones_rx_init(NULL, MODEM_CONNECT_TONES_FAX_CNG, note, signals);
        signals->answering = modem_connect_tones_rx_init(NULL, MODEM_CONNECT_TONES_FAX_CED_OR_PREAMBLE, note, signals);
    }
    if (exchange)
        signals->progress = progress_new();
    if (data)
        signals->data = data_listener(kinds);
    if ((!modems || (signals->calling && signals->answering)) && (!exchange || signals->progress) &&
        (!data || signals->data))
        return signals;
    signals_free(signals);
    return NULL;
}

void signals_free(struct signals *signals)
{
    if (!signals)
        return;
    if (signals->calling)
        modem_connect_tones_rx_free(signals->calling);
    if (signals->answering)
        modem_connect_tones_rx_free(signals->answering);
    progress_free(signals->progress);
    data_rx_free(signals->data);
    free(signals);
}

static int signal_of(int code)
{
    switch (code) {
    case MODEM_CONNECT_TONES_FAX_CNG:
        return ENGINE_CNG;
    case MODEM_CONNECT_TONES_ANS:
    case MODEM_CONNECT_TONES_ANSAM:
        return ENGINE_CED;
    case MODEM_CONNECT_TONES_ANS_PR:
    case MODEM_CONNECT_TONES_ANSAM_PR:
        return ENGINE_CED_REVERSED;
    case MODEM_CONNECT_TONES_FAX_PREAMBLE:
        return ENGINE_V21_PREAMBLE;
    default:
        return 0;
    }
}

static void hear_modem(struct signals *signals, modem_connect_tones_rx_state_t *rx, const struct endpoint *end,
                       const struct moment *moment)
{
    signals->heard = 0;
    modem_connect_tones_rx(rx, end->sound.pcm, BLOCK_SAMPLES);
    struct media_news item = {.kind = ENGINE_SIGNAL, .endpoint = end->id, .signal = signal_of(signals->heard)};
    if (item.signal)
        news_tell(moment->news, &item);
}

static void hear_data(struct data_rx *rx, const struct endpoint *end, const struct moment *moment)
{
    int octets[DATA_MOST];
    int count = data_rx_feed(rx, end->sound.pcm, BLOCK_SAMPLES, octets, DATA_MOST);
    for (int i = 0; i < count; i++) {
        struct media_news item = {.kind = ENGINE_DATA, .endpoint = end->id, .signal = octets[i]};
        news_tell(moment->news, &item);
    }
}

void signals_hear(struct signals *signals, const struct endpoint *end, const struct moment *moment)
{
    if (signals->data)
        hear_data(signals->data, end, moment);
    if (signals->calling) {
        hear_modem(signals, signals->calling, end, moment);
        hear_modem(signals, signals->answering, end, moment);
    }
    struct progress_segment segment;
    if (!signals->progress || !progress_feed(signals->progress, end->sound.pcm, BLOCK_SAMPLES, &segment))
        return;
    struct media_news item = {.kind = ENGINE_SEGMENT, .endpoint = end->id, .signal = segment.kind, .ms = segment.ms,
                              .lasts = segment.lasts, .dbm0 = segment.dbm0,
                              .hz = {segment.hz[0], segment.hz[1]}};
    news_tell(moment->news, &item);
}
