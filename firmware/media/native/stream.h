/* One RTP stream: a socket pair, its far end, its two time lines.
 *
 * Sending has one time line (SSRC, sequence, timestamp) however often the source
 * changes. Blocks of 5 ms are pushed in by the tick (slot, tone, event); packets
 * of a joined stream are passed through by relay.c on arrival. */
#ifndef TIPRING_STREAM_H
#define TIPRING_STREAM_H

#include <stdint.h>

#include "digit_voice.h"
#include "digits.h"
#include "dtmf_events_types.h"
#include "ear.h"
#include "reception.h"
#include "rtcp.h"
#include "source.h"

#define STREAM_PACKET_SAMPLES 480 /* 60 ms */
#define STREAM_NO_EVENTS (-1)
#define COMFORT_NOISE 13 /* the payload type of RFC 3389 */

struct media_stats;
struct wideband;

/* How packets of the joined stream are put on our time line. */
struct relay_line {
    int from;                /* endpoint id the offsets hold for, 0: none */
    uint32_t ssrc;
    uint16_t sequence_offset;
    uint32_t timestamp_offset;
    int repacks;             /* octets are put into packets of another length; they wait in `packet` */
    uint16_t taken;          /* the sequence number that came last, while it repacks */
};

struct stream {
    struct endpoint end;
    struct ear ear;
    int fd, rtcp_fd;
    int local_port;
    struct source source;
    int ready;               /* a codec is set */
    int payload_type, codec, event_type, packet_samples;
    int ptime_asked;         /* the far end wants packet_samples and no other length */
    struct wideband *wide;   /* with G.722 only */
    int sends, receives;
    int digits_out;          /* how its far end gets digits: ENGINE_DIGITS_... */
    struct digits digits;    /* those its far end sends as tones */

    uint32_t ssrc;
    uint16_t sequence;       /* of the next packet */
    uint32_t timestamp;      /* just after the last sample sent */
    long long sent_us;       /* when that was; 0: nothing sent yet */
    int marker;
    long pushed_block;       /* number of the last block pushed in */
    int filled, audible;     /* samples in the packet begun; some of them from a source */
    uint8_t packet[12 + STREAM_PACKET_SAMPLES];
    struct relay_line relay;
    struct event_tx events_out;
    long packets_sent, octets_sent;

    struct event_rx events_in;
    struct digit_voice voice; /* its events, for mixers and recorders */
    struct reception reception;
    struct jitter *jitter;
    long late, invalid;
    long long heard_us;      /* last packet that counted, or when waiting for one began */
    int timed_out, refused_told;
    struct rtcp rtcp;
    uint16_t rtcp_port;      /* where its RTCP goes, as announced; 0: one above its RTP */
};

struct stream *stream_new(int id, uint32_t random, uint32_t random_timestamp);
/* Returns 0, or -1 without memory: then nothing has changed. */
int stream_set_codec(struct stream *stream, int payload_type, int codec, int event_type, int packet_samples,
                     int ptime_asked);
void stream_set_direction(struct stream *stream, int send, int receive, long long now_us);
void stream_set_remote(struct stream *stream, struct ip_address ip, uint16_t port, struct ip_address signal_ip,
                       long long now_us);
/* Forgets what has been received and not played yet. */
void stream_forget(struct stream *stream);
/* Writes so much silence in the stream's codec. */
void stream_silence(struct stream *stream, uint8_t *octets, int count);
/* Sends the packet begun, if anything is in it, or an event in its place. */
void stream_flush(struct stream *stream, const struct moment *moment);
/* 40 octets in the stream's codec; NULL: no source, only the clock of events. */
void stream_push(struct stream *stream, const uint8_t *octets, const struct moment *moment);
/* Silences what is already in the packet begun. */
void stream_hush(struct stream *stream);
/* One datagram from the RTP or RTCP socket. The data may be changed. */
void stream_receive(struct stream *stream, uint8_t *data, int size, struct ip_address ip, uint16_t port,
                    const struct moment *moment);
void stream_receive_rtcp(struct stream *stream, const uint8_t *data, int size, const struct moment *moment);
/* The last report: the stream is about to be closed (RFC 3550 section 6.3.7). */
void stream_say_bye(struct stream *stream, const struct moment *moment);
/* Every 100 ms or so: reports, time-outs. */
void stream_keep_house(struct endpoint *end, const struct moment *moment);
/* 1 when somebody hears it by blocks; the jitter buffer begins anew when that was not so all the time. */
int stream_flows(struct stream *stream);
/* 1 while it plays a tone or sends an event of its own, and relays nothing. */
int stream_busy(const struct stream *stream);
void stream_stats(const struct stream *stream, struct media_stats *out);
/* Begins a new run on the sending time line with a piece of so many samples, which end now: the time
 * since the last packet has passed on it too. */
void stream_begin_run(struct stream *stream, int samples, long long now_us);
int stream_can_send(const struct stream *stream);
/* 1 when its far end gets digits as RTP events. */
int stream_sends_events(const struct stream *stream);
/* 1 when its far end gets digits beside the audio: as events, or by what Python is told. */
int stream_takes_digits(const struct stream *stream);
/* 1 when digits in the sound of `from` must be taken out for `to`: then packets are not passed on arrival. */
int stream_converts_digits(const struct stream *from, const struct stream *to);

#endif
