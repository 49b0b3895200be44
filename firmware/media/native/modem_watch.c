/* Calls with faxes and modems: see modem_watch.h. Recognised by libspandsp, as in signals.h. */
#include "modem_watch.h"

#include <inttypes.h>
#include <stdlib.h>
#include <tiffio.h>

#include <spandsp.h>

#include "echo.h"
#include "jitter.h"
#include "slot.h"
#include "stream.h"

#define STILL_SAMPLES 800 /* 100 ms: T.38 gateways take 60 to 200 for fax in G.711 */

/* One direction. */
struct modem_ears {
    modem_connect_tones_rx_state_t *calling, *answering;
};

struct modem_watch {
    struct modem_ears from_line, to_line;
    int heard;
    const struct endpoint *stilled; /* what the line heard when that was done */
};

static void note(void *context, int code, int level, int delay)
{
    (void)level;
    (void)delay;
    if (code != MODEM_CONNECT_TONES_NONE)
        *(int *)context = 1;
}

static int open_ears(struct modem_watch *watch, struct modem_ears *ears)
{
    ears->calling = modem_connect_tones_rx_init(NULL, MODEM_CONNECT_TONES_FAX_CNG, note, &watch->heard);
    ears->answering = modem_connect_tones_rx_init(NULL, MODEM_CONNECT_TONES_FAX_CED_OR_PREAMBLE, note, &watch->heard);
    return ears->calling && ears->answering;
}

static void close_ears(struct modem_ears *ears)
{
    if (ears->calling)
        modem_connect_tones_rx_free(ears->calling);
    if (ears->answering)
        modem_connect_tones_rx_free(ears->answering);
}

struct modem_watch *modem_watch_new(void)
{
    struct modem_watch *watch = calloc(1, sizeof *watch);
    if (watch && open_ears(watch, &watch->from_line) && open_ears(watch, &watch->to_line))
        return watch;
    modem_watch_free(watch);
    return NULL;
}

void modem_watch_free(struct modem_watch *watch)
{
    if (!watch)
        return;
    close_ears(&watch->from_line);
    close_ears(&watch->to_line);
    free(watch);
}

static void keep_still(struct modem_watch *watch, struct slot *slot)
{
    struct endpoint *heard = slot->ear.hears;
    if (slot->echo)
        echo_keep_linear(slot->echo);
    if (heard && heard->kind == &stream_kind)
        jitter_keep_still(((struct stream *)heard)->jitter, STILL_SAMPLES);
    watch->stilled = heard;
}

static void hear(struct modem_watch *watch, struct slot *slot, const struct modem_ears *ears, const int16_t *pcm)
{
    int before = watch->heard;
    modem_connect_tones_rx(ears->calling, pcm, BLOCK_SAMPLES);
    modem_connect_tones_rx(ears->answering, pcm, BLOCK_SAMPLES);
    if (watch->heard && (!before || slot->ear.hears != watch->stilled))
        keep_still(watch, slot);
}

void modem_watch_from_line(struct modem_watch *watch, struct slot *slot, const int16_t *pcm)
{
    hear(watch, slot, &watch->from_line, pcm);
}

void modem_watch_to_line(struct modem_watch *watch, struct slot *slot, const int16_t *pcm)
{
    if (pcm)
        hear(watch, slot, &watch->to_line, pcm);
}

void modem_watch_call_over(struct modem_watch *watch)
{
    watch->heard = 0;
    watch->stilled = NULL;
}
