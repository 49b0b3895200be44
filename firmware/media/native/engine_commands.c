/* What slots and streams are told to do: see engine.h. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "echo.h"
#include "engine_parts.h"
#include "g711.h"
#include "g722.h"
#include "jitter.h"
#include "signals.h"

#define DIGIT_MOST_MS 60000

static struct stream *find_stream(struct engine *engine, int id)
{
    struct endpoint *end = engine_find(engine, id);
    return end && end->kind == &stream_kind ? (struct stream *)end : NULL;
}

static struct slot *find_slot(struct engine *engine, int id)
{
    struct endpoint *end = engine_find(engine, id);
    return end && end->kind == &slot_kind ? (struct slot *)end : NULL;
}

/* A slot or stream: what can play tones. */
static struct endpoint *find_player(struct engine *engine, int id)
{
    struct endpoint *end = engine_find(engine, id);
    return end && end->tones ? end : NULL;
}

/* -- what endpoints play ---------------------------------------------------------------- */

int engine_play_tone(struct engine *engine, int id, const struct tone_spec *spec)
{
    engine_enter(engine);
    struct endpoint *end = find_player(engine, id);
    struct slot *slot = find_slot(engine, id);
    if (slot)
        slot->yields = 0;
    return engine_leave(engine, !end ? -ENOENT : tone_source_play(end->tones, spec) ? -EINVAL : 0);
}

int engine_stop_tone(struct engine *engine, int id)
{
    engine_enter(engine);
    struct endpoint *end = find_player(engine, id);
    if (end)
        tone_source_stop(end->tones);
    return engine_leave(engine, end ? 0 : -ENOENT);
}

int engine_yield_tone(struct engine *engine, int id)
{
    engine_enter(engine);
    struct slot *slot = find_slot(engine, id);
    if (slot)
        slot->yields = 1;
    return engine_leave(engine, slot ? 0 : -ENOENT);
}

int engine_play_clip(struct engine *engine, int id, const int16_t *pcm, int samples)
{
    if (samples < 0 || samples > ENGINE_CLIP_SAMPLES)
        return -EINVAL;
    int16_t *copy = samples ? malloc(sizeof *copy * (size_t)samples) : NULL;
    if (samples && !copy)
        return -ENOMEM;
    if (samples)
        memcpy(copy, pcm, sizeof *copy * (size_t)samples);
    engine_enter(engine);
    struct endpoint *end = find_player(engine, id);
    if (end)
        copy = tone_source_clip(end->tones, copy, samples);
    int result = engine_leave(engine, end ? 0 : -ENOENT);
    free(copy);
    return result;
}

int engine_play_digit(struct engine *engine, int id, char digit, int ms)
{
    if (ms < 1 || ms > DIGIT_MOST_MS)
        return -EINVAL;
    engine_enter(engine);
    struct endpoint *end = find_player(engine, id);
    return engine_leave(engine, !end ? -ENOENT : tone_source_digit(end->tones, digit, ms) ? -EINVAL : 0);
}

int engine_listen_digits(struct engine *engine, int id, int on)
{
    engine_enter(engine);
    struct endpoint *end = engine_find(engine, id);
    struct digits *digits = !end                       ? NULL
                            : end->kind == &slot_kind   ? &((struct slot *)end)->digits
                            : end->kind == &stream_kind ? &((struct stream *)end)->digits
                                                        : NULL;
    if (digits)
        digits_listen(digits, on);
    return engine_leave(engine, digits ? 0 : -ENOENT);
}

int engine_set_echo(struct engine *engine, int id, int tail_ms)
{
    if (tail_ms && (tail_ms < ECHO_LEAST_MS || tail_ms > ECHO_MOST_MS))
        return -EINVAL;
    engine_enter(engine);
    struct slot *slot = find_slot(engine, id);
    return engine_leave(engine, !slot ? -ENOENT : slot_set_echo(slot, tail_ms) ? -ENOMEM : 0);
}

int engine_watch_modems(struct engine *engine, int id, int on)
{
    engine_enter(engine);
    struct slot *slot = find_slot(engine, id);
    return engine_leave(engine, !slot ? -ENOENT : slot_watch_modems(slot, on) ? -ENOMEM : 0);
}

int engine_echo(struct engine *engine, int id, struct echo_figures *out)
{
    engine_enter(engine);
    const struct slot *slot = find_slot(engine, id);
    *out = (struct echo_figures){0};
    if (slot && slot->echo)
        echo_get_figures(slot->echo, out);
    return engine_leave(engine, slot ? 0 : -ENOENT);
}

int engine_listen_signals(struct engine *engine, int id, int kinds)
{
    struct signals *signals = kinds ? signals_new(kinds) : NULL;
    if (kinds && !signals)
        return -ENOMEM;
    engine_enter(engine);
    struct endpoint *end = find_player(engine, id);
    if (end) {
        struct signals *before = end->signals;
        end->signals = signals;
        signals = before;
    }
    signals_free(signals);
    return engine_leave(engine, end ? 0 : -ENOENT);
}

/* -- streams ------------------------------------------------------------------------------ */

int engine_local_port(struct engine *engine, int id)
{
    engine_enter(engine);
    struct stream *stream = find_stream(engine, id);
    return engine_leave(engine, stream ? stream->local_port : -ENOENT);
}

int engine_set_remote(struct engine *engine, int id, const uint8_t *ip, int port, const uint8_t *signal_ip)
{
    engine_enter(engine);
    struct stream *stream = find_stream(engine, id);
    if (!stream)
        return engine_leave(engine, -ENOENT);
    if (port < 0 || port > 65535)
        return engine_leave(engine, -EINVAL);
    stream_set_remote(stream, ip_from(ip), (uint16_t)port, ip_from(signal_ip), engine->moment.now_us);
    return engine_leave(engine, 0);
}

int engine_set_codec(struct engine *engine, int id, int pt, int codec, int event_pt, int ptime_ms, int ptime_asked)
{
    if (pt < 0 || pt > 127 || event_pt > 127 || event_pt == pt || codec < G711_A || codec > G722)
        return -EINVAL;
    if (ptime_ms < 10 || ptime_ms > 60 || ptime_ms % 5)
        return -EINVAL;
    engine_enter(engine);
    struct stream *stream = find_stream(engine, id);
    if (!stream)
        return engine_leave(engine, -ENOENT);
    int failed = stream_set_codec(stream, pt, codec, event_pt < 0 ? STREAM_NO_EVENTS : event_pt, ptime_ms * 8,
                                  ptime_asked);
    return engine_leave(engine, failed ? -ENOMEM : 0);
}

int engine_set_rtcp(struct engine *engine, int id, int port, int mux)
{
    if (port < 0 || port > 65535)
        return -EINVAL;
    engine_enter(engine);
    struct stream *stream = find_stream(engine, id);
    if (stream) {
        stream->rtcp_port = (uint16_t)port;
        stream->rtcp.shares_port = mux;
    }
    return engine_leave(engine, stream ? 0 : -ENOENT);
}

int engine_set_direction(struct engine *engine, int id, int send, int receive)
{
    engine_enter(engine);
    struct stream *stream = find_stream(engine, id);
    if (stream)
        stream_set_direction(stream, send, receive, engine->moment.now_us);
    return engine_leave(engine, stream ? 0 : -ENOENT);
}

int engine_set_jitter(struct engine *engine, int id, int fixed_ms)
{
    if (fixed_ms < 0 || fixed_ms > JITTER_MAX_DELAY / 8)
        return -EINVAL;
    engine_enter(engine);
    struct stream *stream = find_stream(engine, id);
    if (stream)
        jitter_fix(stream->jitter, fixed_ms * 8);
    return engine_leave(engine, stream ? 0 : -ENOENT);
}

int engine_relearn(struct engine *engine, int id)
{
    engine_enter(engine);
    struct stream *stream = find_stream(engine, id);
    if (stream) {
        source_relearn(&stream->source);
        stream->refused_told = 0;
    }
    return engine_leave(engine, stream ? 0 : -ENOENT);
}

int engine_set_digits(struct engine *engine, int id, int how)
{
    if (how < ENGINE_DIGITS_AGREED || how > ENGINE_DIGITS_TOLD)
        return -EINVAL;
    engine_enter(engine);
    struct stream *stream = find_stream(engine, id);
    if (stream)
        stream->digits_out = how;
    return engine_leave(engine, stream ? 0 : -ENOENT);
}

int engine_send_digit(struct engine *engine, int id, char digit, int ms)
{
    engine_enter(engine);
    struct stream *stream = find_stream(engine, id);
    if (!stream || ms < 1 || ms > DIGIT_MOST_MS)
        return engine_leave(engine, stream ? -EINVAL : -ENOENT);
    int failed = stream_sends_events(stream) ? event_tx_digit(&stream->events_out, digit, ms)
                                           : tone_source_digit(stream->end.tones, digit, ms);
    return engine_leave(engine, failed ? -EINVAL : 0);
}

int engine_stats(struct engine *engine, int id, struct media_stats *out)
{
    engine_enter(engine);
    struct stream *stream = find_stream(engine, id);
    if (stream)
        stream_stats(stream, out);
    return engine_leave(engine, stream ? 0 : -ENOENT);
}
