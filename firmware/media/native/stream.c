/* An RTP stream's making, settings and blocks: see stream.h. Sending is in stream_out.c, receiving in stream_in.c. */
#include "stream.h"

#include <stdlib.h>
#include <string.h>

#include "engine_types.h"
#include "g711.h"
#include "g722.h"
#include "jitter.h"
#include "signals.h"
#include "wideband.h"

static void stream_free(struct endpoint *end)
{
    struct stream *stream = (struct stream *)end;
    tone_source_free(end->tones);
    jitter_free(stream->jitter);
    wideband_free(stream->wide);
    digits_free(&stream->digits);
    signals_free(end->signals);
    free(stream);
}

struct stream *stream_new(int id, uint32_t random, uint32_t random_timestamp)
{
    struct stream *stream = calloc(1, sizeof *stream);
    if (!stream)
        return NULL;
    stream->end.id = id;
    stream->end.kind = &stream_kind;
    ears_init(&stream->end, &stream->ear, 1);
    stream->end.tones = tone_source_new();
    stream->jitter = jitter_new();
    stream->fd = stream->rtcp_fd = -1;
    stream->event_type = STREAM_NO_EVENTS;
    stream->sends = stream->receives = 1;
    stream->ssrc = random;
    stream->sequence = (uint16_t)(random_timestamp >> 17); /* below 32768: RFC 3711 likes it */
    stream->timestamp = random_timestamp;
    stream->rtcp.rtt_ms = stream->rtcp.far_lost = -1;
    stream->pushed_block = -2; /* no block comes after that */
    if (digits_init(&stream->digits) == 0 && stream->end.tones && stream->jitter)
        return stream;
    stream_free(&stream->end);
    return NULL;
}

void stream_forget(struct stream *stream)
{
    jitter_reset(stream->jitter, stream->codec, stream->wide ? stream->wide->blocks : NULL);
}

int stream_set_codec(struct stream *stream, int payload_type, int codec, int event_type, int packet_samples,
                     int ptime_asked)
{
    struct wideband *before = stream->wide;
    int changed = !stream->ready || codec != stream->codec;
    if (changed) {
        struct wideband *wide = codec == G722 ? wideband_new() : NULL;
        if (codec == G722 && !wide)
            return -1;
        stream->wide = wide;
        stream->codec = codec;
        stream_forget(stream);
        wideband_free(before);
    }
    if (changed || packet_samples != stream->packet_samples)
        stream->filled = 0;
    stream->payload_type = payload_type;
    stream->event_type = event_type;
    stream->packet_samples = packet_samples;
    stream->ptime_asked = ptime_asked;
    stream->ready = 1;
    return 0;
}

void stream_set_direction(struct stream *stream, int send, int receive, long long now_us)
{
    if (receive && !stream->receives)
        stream_forget(stream);
    stream->sends = send;
    stream->receives = receive;
    stream->heard_us = now_us;
    stream->timed_out = 0;
}

void stream_set_remote(struct stream *stream, struct ip_address ip, uint16_t port, struct ip_address signal_ip,
                       long long now_us)
{
    source_announce(&stream->source, ip, port, signal_ip);
    stream->refused_told = 0;
    stream->heard_us = now_us;
    stream->timed_out = 0;
}

int stream_can_send(const struct stream *stream)
{
    return stream->ready && stream->sends && !ip_is_none(stream->source.ip) && stream->source.port != 0;
}

int stream_sends_events(const struct stream *stream)
{
    return stream->ready && stream->event_type != STREAM_NO_EVENTS && stream->digits_out == ENGINE_DIGITS_AGREED;
}

int stream_takes_digits(const struct stream *stream)
{
    return stream_sends_events(stream) || (stream->ready && stream->digits_out == ENGINE_DIGITS_TOLD);
}

int stream_converts_digits(const struct stream *from, const struct stream *to)
{
    return from->event_type == STREAM_NO_EVENTS && stream_takes_digits(to);
}

int stream_busy(const struct stream *stream)
{
    return tone_source_busy(stream->end.tones) || event_tx_busy(&stream->events_out);
}

int stream_flows(struct stream *stream)
{
    int wanted = endpoint_is_wanted(&stream->end);
    if (wanted && !stream->end.flowing)
        stream_forget(stream);
    stream->end.flowing = wanted;
    return wanted;
}

void stream_stats(const struct stream *stream, struct media_stats *out)
{
    const struct reception *in = &stream->reception;
    *out = (struct media_stats){
        .packets_sent = stream->packets_sent, .octets_sent = stream->octets_sent,
        .packets_received = in->received, .packets_lost = reception_lost(in), .packets_late = stream->late,
        .duplicates = in->duplicates, .invalid = stream->invalid, .refused = stream->source.refused,
        .concealed_ms = jitter_concealed(stream->jitter) * 5,
        .jitter_ms = in->jitter / 8, .max_gap_ms = (double)in->max_gap_us / 1000, .rtt_ms = stream->rtcp.rtt_ms,
        .far_lost = stream->rtcp.far_lost, .far_loss = stream->rtcp.far_loss,
        .far_jitter_ms = stream->rtcp.far_jitter / 8.0,
        .buffer_ms = jitter_delay(stream->jitter) / 8.0, .drift_ppm = jitter_drift_ppm(stream->jitter),
    };
}

/* -- blocks ------------------------------------------------------------------------------- */

static void stream_take(struct endpoint *end, const struct moment *moment)
{
    struct stream *stream = (struct stream *)end;
    uint8_t octets[BLOCK_SAMPLES];
    int16_t pcm[BLOCK_SAMPLES];
    stream_flows(stream);
    long concealed = jitter_concealed(stream->jitter);
    if (jitter_get(stream->jitter, octets, pcm) && stream->codec != G722)
        sound_from_octets(&end->sound, stream->codec, octets);
    else
        sound_from_pcm(&end->sound, pcm);
    if (stream->event_type == STREAM_NO_EVENTS || stream->digits.listens)
        digits_hear(&stream->digits, end, jitter_concealed(stream->jitter) != concealed, moment);
    if (end->signals)
        signals_hear(end->signals, end, moment);
    memcpy(pcm, end->sound.pcm, sizeof pcm);
    if (digit_voice_block(&stream->voice, pcm))
        sound_from_pcm(&end->sound, pcm);
}

static int needs_blocks(const struct endpoint *end)
{
    const struct stream *stream = (const struct stream *)end;
    return stream_busy(stream) || (stream->audible && !(stream->relay.from && ear_relays(end->ears)));
}

/* When nothing is to be heard any more, the packet begun is still filled up and sent. */
static void stream_give(struct endpoint *end, const struct moment *moment)
{
    struct stream *stream = (struct stream *)end;
    struct sound room;
    uint8_t octets[BLOCK_SAMPLES];
    const struct sound *heard = endpoint_output(end, &room, moment);
    if (!heard) {
        if (needs_blocks(end))
            stream_push(stream, NULL, moment);
        return;
    }
    if (heard->digit && stream_takes_digits(stream))
        stream_silence(stream, octets, BLOCK_SAMPLES);
    else if (stream->codec == G722)
        g722_out_narrow(stream->wide->out, heard->pcm, octets, BLOCK_SAMPLES);
    else
        sound_to_octets(heard, stream->codec, octets);
    stream_push(stream, octets, moment);
}

/* A digit that is played for it ends with the edge. */
static void stream_unheard(struct endpoint *end, const struct ear *ear)
{
    digits_unheard(&((struct stream *)end)->digits, end, ear);
    if (((struct stream *)end)->events_in.on && ear->owner->tones)
        tone_source_end_digit(ear->owner->tones, 0);
}

const struct endpoint_kind stream_kind = {
    .take = stream_take, .looks_ahead = 1, .give = stream_give, .unheard = stream_unheard, .busy = needs_blocks,
    .keep_house = stream_keep_house, .free = stream_free};
