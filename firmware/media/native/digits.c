/* Digits heard as tones: see digits.h. */
#include "digits.h"

#include "dtmf_rx.h"
#include "engine_types.h"
#include "news.h"
#include "stream.h"

#define DEAF_BLOCKS 20 /* 100 ms after a digit of our own: echo of the line and of the far end */

int digits_init(struct digits *digits)
{
    digits->rx = dtmf_rx_new();
    return digits->rx ? 0 : -1;
}

void digits_free(struct digits *digits)
{
    dtmf_rx_free(digits->rx);
}

void digits_listen(struct digits *digits, int on)
{
    if (on && !digits->listens)
        dtmf_rx_reset(digits->rx);
    digits->listens = on;
}

/* The stream behind the ear when its far end gets digits beside the audio, or NULL. */
static struct stream *taker(const struct ear *ear)
{
    struct stream *stream = (struct stream *)ear->owner;
    return ear->owner->kind == &stream_kind && stream_takes_digits(stream) ? stream : NULL;
}

static int has_takers(const struct endpoint *end)
{
    for (const struct ear *ear = end->hearers; ear; ear = ear->next)
        if (taker(ear))
            return 1;
    return 0;
}

void digits_tell_due(const struct ear *ear, char digit, int ms, const struct moment *moment)
{
    struct media_news item = {.kind = ENGINE_DIGIT_DUE, .endpoint = ear->owner->id, .digit = digit, .ms = ms};
    if (!ear->muted)
        news_tell(moment->news, &item);
}

static void begin(struct digits *digits, struct endpoint *end, char digit)
{
    digits->on = digit;
    for (struct ear *ear = end->hearers; ear; ear = ear->next)
        if (taker(ear) && stream_sends_events(taker(ear)) && !ear->muted)
            event_tx_open(&taker(ear)->events_out, digit, taker(ear)->filled);
}

static void finish(struct digits *digits, struct endpoint *end, const struct moment *moment)
{
    int ms = dtmf_rx_ms(digits->rx);
    for (struct ear *ear = end->hearers; digits->on && ear; ear = ear->next) {
        if (!taker(ear))
            continue;
        if (stream_sends_events(taker(ear)))
            event_tx_end(&taker(ear)->events_out, ms);
        else if (moment)
            digits_tell_due(ear, digits->on, ms, moment);
    }
    digits->on = 0;
}

void digits_unheard(struct digits *digits, struct endpoint *end, const struct ear *ear)
{
    if (!taker(ear))
        return;
    finish(digits, end, NULL);
    dtmf_rx_reset(digits->rx);
}

/* Begins or ends the digit at the hearers, and marks the sound for those who take digits beside it. */
static void take_out(struct digits *digits, struct endpoint *end, char digit, const struct moment *moment)
{
    int state = dtmf_rx_state(digits->rx);
    if (digit || state != DTMF_HEARD)
        finish(digits, end, moment);
    if (digit)
        begin(digits, end, digit);
    end->sound.digit = state != DTMF_QUIET;
    for (struct ear *ear = end->hearers; end->sound.digit && ear; ear = ear->next)
        if (taker(ear))
            stream_hush(taker(ear));
}

static void tell(const struct digits *digits, const struct endpoint *end, char digit, const struct moment *moment)
{
    struct media_news item = {.kind = ENGINE_DIGIT, .endpoint = end->id, .digit = digit,
                              .ms = dtmf_rx_ms(digits->rx)};
    if (digits->listens)
        news_tell(moment->news, &item);
}

/* 1 while an echo of what we play ourselves may come back. */
static int is_deaf(struct digits *digits, struct endpoint *end, const struct moment *moment)
{
    if (tone_source_in_digit(end->tones))
        digits->deaf_blocks = DEAF_BLOCKS;
    if (digits->deaf_blocks == 0)
        return 0;
    if (digits->deaf_blocks-- == DEAF_BLOCKS) {
        finish(digits, end, moment);
        dtmf_rx_reset(digits->rx);
    }
    return 1;
}

void digits_hear(struct digits *digits, struct endpoint *end, int lost, const struct moment *moment)
{
    /* what answers a clip is said to us alone */
    int private = tone_source_in_clip(end->tones);
    int taken = !private && has_takers(end), wanted = digits->listens || taken;
    if (private)
        finish(digits, end, moment);
    if (!wanted && digits->hearing)
        dtmf_rx_reset(digits->rx);
    digits->hearing = wanted;
    if (!wanted || is_deaf(digits, end, moment))
        return;
    char digit = 0;
    if (lost)
        dtmf_rx_skip(digits->rx, BLOCK_SAMPLES);
    else if (dtmf_rx_feed(digits->rx, end->sound.pcm, BLOCK_SAMPLES, &digit, 1))
        tell(digits, end, digit, moment);
    if (taken)
        take_out(digits, end, digit, moment);
}
