/* Faxes, modems and exchanges: see signals.h. */
#include "signals.h"

#include <inttypes.h>
#include <stdlib.h>
#include <tiffio.h>

#include <spandsp.h>

#include "engine_types.h"
#include "news.h"
#include "progress.h"

struct signals {
    modem_connect_tones_rx_state_t *calling, *answering; /* NULL: not listened for */
    struct progress *progress;
    int heard;               /* code of what has just begun, or 0 */
};

static void note(void *context, int code, int level, int delay)
{
    (void)level;
    (void)delay;
    ((struct signals *)context)->heard = code;
}

struct signals *signals_new(int kinds)
{
    struct signals *signals = calloc(1, sizeof *signals);
    if (!signals)
        return NULL;
    int modems = kinds & ENGINE_HEAR_MODEMS, exchange = kinds & ENGINE_HEAR_PROGRESS;
    if (modems) {
        signals->calling = modem_connect_tones_rx_init(NULL, MODEM_CONNECT_TONES_FAX_CNG, note, signals);
        signals->answering = modem_connect_tones_rx_init(NULL, MODEM_CONNECT_TONES_FAX_CED_OR_PREAMBLE, note, signals);
    }
    if (exchange)
        signals->progress = progress_new();
    if ((!modems || (signals->calling && signals->answering)) && (!exchange || signals->progress))
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

void signals_hear(struct signals *signals, const struct endpoint *end, const struct moment *moment)
{
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
