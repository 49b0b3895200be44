/* The receiving side of an RTP stream: see stream.h. Packets are judged from the outside in:
 * form, payload type, source, sequence; only then does their content reach anything. */
#include <stdint.h>
#include <string.h>

#include "engine_types.h"
#include "jitter.h"
#include "news.h"
#include "relay.h"
#include "stream.h"
#include "wire.h"

#define REPORT_US 5000000

static void tell_source(const struct stream *stream, int kind, struct ip_address ip, uint16_t port,
                        const struct moment *moment)
{
    struct media_news item = {.kind = kind, .endpoint = stream->end.id, .port = port};
    memcpy(item.ip, ip.octets, sizeof item.ip);
    news_tell(moment->news, &item);
}

/* 1 when the packet is from the far end. */
static int from_far_end(struct stream *stream, const struct rtp_view *view, struct ip_address ip, uint16_t port,
                        const struct moment *moment)
{
    switch (source_judge(&stream->source, ip, port, view->ssrc, moment->now_us)) {
    case SOURCE_LOCKED:
        tell_source(stream, ENGINE_SOURCE_LOCKED, ip, port, moment);
        return 1;
    case SOURCE_HEARD:
        return 1;
    case SOURCE_REFUSED:
        if (!stream->refused_told)
            tell_source(stream, ENGINE_SOURCE_REFUSED, ip, port, moment);
        stream->refused_told = 1;
        return 0;
    default:
        return 0;
    }
}

static int is_mixed_or_recorded(const struct stream *stream)
{
    for (const struct ear *ear = stream->end.hearers; ear; ear = ear->next)
        if (ear->owner->kind == &mixer_kind || ear->owner->kind == &recorder_kind)
            return 1;
    return 0;
}

/* A digit heard as an event sounds as tones at those who hear us and know no events, or is told. */
static void play_at_hearers(struct stream *stream, const struct event_news *news, const struct moment *moment)
{
    if (news->kind == EVENT_ENDED)
        digit_voice_end(&stream->voice, news->ms);
    else if (is_mixed_or_recorded(stream))
        digit_voice_begin(&stream->voice, news->digit);
    for (const struct ear *ear = stream->end.hearers; ear; ear = ear->next) {
        struct tone_source *tones = ear->owner->tones;
        const struct stream *to = ear->owner->kind == &stream_kind ? (const struct stream *)ear->owner : NULL;
        if (!tones || (to && stream_sends_events(to)))
            continue;
        if (to && stream_takes_digits(to)) {
            if (news->kind == EVENT_ENDED)
                digits_tell_due(ear, news->digit, news->ms, moment);
        } else if (news->kind == EVENT_ENDED)
            tone_source_end_digit(tones, news->ms);
        else if (!ear->muted)
            tone_source_digit(tones, news->digit, DIGIT_UNTIL_ENDED);
    }
}

static void tell_events(struct stream *stream, const struct event_news *news, int count, const struct moment *moment)
{
    for (int i = 0; i < count; i++) {
        if (news[i].digit != EVENT_FLASH_KEY)
            play_at_hearers(stream, &news[i], moment);
        struct media_news item = {.kind = ENGINE_DIGIT, .endpoint = stream->end.id, .digit = news[i].digit,
                                  .by_rtp = 1, .ms = news[i].ms};
        if (news[i].kind == EVENT_ENDED)
            news_tell(moment->news, &item);
    }
}

static void take_event(struct stream *stream, uint8_t *data, const struct rtp_view *view, int anew,
                       const struct moment *moment)
{
    struct event_news news[EVENT_NEWS];
    if (view->size < EVENT_PAYLOAD) {
        stream->invalid++;
        return;
    }
    int count = event_rx_packet(&stream->events_in, view->timestamp, data + view->offset, view->size, moment->now_us,
                                news);
    tell_events(stream, news, count, moment);
    relay_packet(stream, data, view, anew, moment);
}

static void take_audio(struct stream *stream, uint8_t *data, const struct rtp_view *view, int anew,
                       const struct moment *moment)
{
    if (stream_flows(stream)) {
        if (anew)
            stream_forget(stream);
        if (!jitter_put(stream->jitter, view->timestamp, data + view->offset, view->size, view->marker))
            stream->late++;
    }
    relay_packet(stream, data, view, anew, moment);
}

/* RFC 3389: the first octet is the level; the shape of the spectrum after it is left aside. */
static void take_noise(struct stream *stream, uint8_t *data, const struct rtp_view *view, int anew,
                       const struct moment *moment)
{
    if (view->size < 1)
        return;
    if (stream_flows(stream)) {
        if (anew)
            stream_forget(stream);
        jitter_noise(stream->jitter, view->timestamp, data[view->offset] & 127);
    }
    relay_packet(stream, data, view, anew, moment);
}

static void receive_rtp(struct stream *stream, uint8_t *data, const struct rtp_view *view, const struct moment *moment)
{
    stream->heard_us = moment->now_us;
    stream->timed_out = 0;
    int fate = reception_note(&stream->reception, view, moment->now_us);
    if (fate == RECEPTION_DROP || !stream->receives)
        return;
    if (view->payload_type == stream->event_type)
        take_event(stream, data, view, fate == RECEPTION_ANEW, moment);
    else if (view->payload_type == stream->payload_type)
        take_audio(stream, data, view, fate == RECEPTION_ANEW, moment);
    else
        take_noise(stream, data, view, fate == RECEPTION_ANEW, moment);
}

void stream_receive(struct stream *stream, uint8_t *data, int size, struct ip_address ip, uint16_t port,
                    const struct moment *moment)
{
    struct rtp_view view;
    if (rtp_is_rtcp(data, size)) {
        if (source_is_locked(&stream->source, ip, port)) {
            stream->rtcp.shares_port = 1;
            stream_receive_rtcp(stream, data, size, moment);
        }
        return;
    }
    int known = stream->ready && rtp_parse(data, size, &view) &&
                (view.payload_type == stream->payload_type || view.payload_type == stream->event_type ||
                 view.payload_type == COMFORT_NOISE);
    if (!known)
        stream->invalid++;
    else if (from_far_end(stream, &view, ip, port, moment))
        receive_rtp(stream, data, &view, moment);
}

void stream_receive_rtcp(struct stream *stream, const uint8_t *data, int size, const struct moment *moment)
{
    if (!rtcp_parse(&stream->rtcp, data, size, stream->ssrc, moment->now_us, moment->now_us + moment->ntp_offset_us))
        stream->invalid++;
}

/* Where RTCP goes: with RTP, or to the port announced, or one above the port that RTP comes from. */
static uint16_t report_port(const struct stream *stream)
{
    const struct source *source = &stream->source;
    if (stream->rtcp.shares_port)
        return source->port;
    int as_announced = source->port == source->announced_port;
    return stream->rtcp_port != 0 && as_announced ? stream->rtcp_port : (uint16_t)(source->port + 1);
}

static void send_report(struct stream *stream, int bye, const struct moment *moment)
{
    uint8_t out[RTCP_MAX_OCTETS];
    struct rtcp_sending sending = {stream->ssrc, stream->timestamp, stream->packets_sent, stream->octets_sent, bye};
    if (stream->sent_us != 0)
        sending.timestamp += (uint32_t)((moment->now_us - stream->sent_us) / 125);
    int size = rtcp_build(&stream->rtcp, &sending, &stream->reception, moment->now_us,
                          moment->now_us + moment->ntp_offset_us, out);
    wire_send(moment->wire, stream->rtcp.shares_port ? stream->fd : stream->rtcp_fd, stream->end.id,
              stream->source.ip, report_port(stream), out, size);
}

void stream_say_bye(struct stream *stream, const struct moment *moment)
{
    int heard_of_us = stream->packets_sent > 0 || stream->rtcp.reported;
    if (heard_of_us && stream->source.port != 0 && !ip_is_none(stream->source.ip))
        send_report(stream, 1, moment);
}

void stream_keep_house(struct endpoint *end, const struct moment *moment)
{
    struct stream *stream = (struct stream *)end;
    struct event_news news[EVENT_NEWS];
    tell_events(stream, news, event_rx_poll(&stream->events_in, moment->now_us, news), moment);
    if (!stream->ready || stream->source.port == 0)
        return;
    struct rtcp *rtcp = &stream->rtcp;
    if (rtcp->due_us == 0)
        rtcp->due_us = moment->now_us + REPORT_US / 2;
    if (moment->now_us >= rtcp->due_us && !ip_is_none(stream->source.ip)) {
        send_report(stream, 0, moment);
        rtcp->reported = 1;
        /* 0.5 to 1.5 of the interval, RFC 3550 section 6.2: the SSRC and time serve as the dice */
        uint32_t dice = (stream->ssrc ^ (uint32_t)moment->now_us) * 2654435761u;
        rtcp->due_us = moment->now_us + REPORT_US / 2 + (long long)(dice >> 8) * REPORT_US / (1 << 24);
    }
    int silent = stream->receives && moment->now_us - stream->heard_us > moment->media_timeout_us;
    if (silent && !stream->timed_out) {
        stream->timed_out = 1;
        tell_source(stream, ENGINE_MEDIA_TIMEOUT, (struct ip_address){{0}}, 0, moment);
    }
}
