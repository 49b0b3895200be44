/* The media engine: one native thread that carries all audio, and the commands Python gives it.
 *
 * Nodes (PCM slots, RTP streams, mixers, players, recorders) are named by ids above 0. Edges say who
 * hears whom: a node hears one other, a mixer many. Every call may come from any thread; none of them waits for audio.
 * Unless said otherwise they return 0 or a negative errno. IP addresses are 16
 * octets, IPv4 mapped into IPv6 (ip.h). */
#define ENGINE_CLIP_SAMPLES 80000
#define ENGINE_DIGIT 1          /* endpoint, digit, by_rtp, ms */
#define ENGINE_SOURCE_LOCKED 2  /* endpoint, ip, port */
#define ENGINE_SOURCE_REFUSED 3 /* endpoint, ip, port: the first packet of a stranger */
#define ENGINE_MEDIA_TIMEOUT 4  /* endpoint: nothing received for media_timeout_ms */
#define ENGINE_PLAYER_ENDED 5   /* endpoint, fault: errno when the file could not be read to its end */
#define ENGINE_RECORDER_ERROR 6 /* endpoint, fault: errno, it records no more; or ms that the disk was too slow for */
#define ENGINE_DIGIT_DUE 7      /* endpoint, digit, ms: to be sent to its far end, ENGINE_DIGITS_TOLD */

#define ENGINE_SIGNAL 8         /* endpoint, signal: ENGINE_CNG and so on has been heard */
#define ENGINE_SEGMENT 9        /* endpoint, signal: PROGRESS_..., ms, lasts, hz, dbm0: see progress.h */
#define ENGINE_DATA 10          /* endpoint, signal: an octet, or ENGINE_DATA_END: see data_rx.h */

#define ENGINE_HEAR_MODEMS 1
#define ENGINE_HEAR_PROGRESS 2
#define ENGINE_HEAR_BELL_202 4  /* of these three one at a time */
#define ENGINE_HEAR_V23 8
#define ENGINE_HEAR_DTMF_DATA 16
#define ENGINE_DATA_END 256

#define ENGINE_CNG 1
#define ENGINE_CED 2            /* or ANSam */
#define ENGINE_CED_REVERSED 3   /* either, with phase reversals */
#define ENGINE_V21_PREAMBLE 4

/* How the far end of a stream gets digits. */
#define ENGINE_DIGITS_AGREED 0 /* as RTP events where those were agreed, else as tones */
#define ENGINE_DIGITS_TONES 1
#define ENGINE_DIGITS_TOLD 2   /* Python is told, and sends them beside the audio */

struct media_news {
    int kind;
    int endpoint;
    char digit;
    int by_rtp;
    int ms;
    int fault;
    int signal;
    int lasts;
    double hz[2], dbm0;
    uint8_t ip[16];
    int port;
};

struct media_stats {
    long packets_sent, octets_sent, packets_received, packets_lost, packets_late, duplicates;
    long invalid, refused;   /* packets that were no RTP of ours; packets of strangers */
    long concealed_ms;
    double jitter_ms, max_gap_ms, rtt_ms; /* rtt_ms negative: not known */
    long far_lost;           /* as the far end reports; negative: it did not */
    double far_loss, far_jitter_ms;
    double buffer_ms;        /* time that the packets least delayed wait in the jitter buffer */
    double drift_ppm;        /* how much faster the far end's clock runs; 0: not known */
};

struct engine_debug {
    int slots, streams, mixers, players, recorders, ports;
    long blocks;             /* of 5 ms, since the start */
    long slips;              /* blocks the highway lost */
    long news_dropped, socket_errors;
    long worst_tick_us;      /* longest time one block took */
};

#define MEDIA_LINEAR 0 /* 16 bits, little-endian */
#define MEDIA_A 1
#define MEDIA_U 2

/* Where sound lies in a file, and how. Who opens it has looked into it. */
struct media_file {
    int fd;                   /* can be sought */
    long long offset, octets; /* of the sound: whole frames */
    int encoding;             /* MEDIA_LINEAR, MEDIA_A or MEDIA_U */
    int rate;                 /* Hz: 8000 or 16000 */
    int channels;             /* 1, or 2: their mean is played */
    int loop;
};

struct engine;
struct echo_figures;

/* highway: address of a struct highway, or 0. stepped: no thread and no sockets. seed: for SSRCs and
 * first sequence numbers; 0 takes the kernel's. Returns NULL without memory or when no port pair fits. */
struct engine *engine_new(long long highway, int first_port, int last_port, int stepped, unsigned seed,
                          int media_timeout_ms);
void engine_free(struct engine *engine);
int engine_start(struct engine *engine);
void engine_stop(struct engine *engine);
/* Of packets of streams opened from now on: 0 to 63, 46 (EF, RFC 3246) without it. */
int engine_set_dscp(struct engine *engine, int dscp);
int engine_news_fd(const struct engine *engine);
int engine_drain(struct engine *engine, struct media_news *out, int max);
void engine_debug(struct engine *engine, struct engine_debug *out);
/* Gives memory that nothing uses any more back to the system; takes up to some ms. */
void engine_trim(void);

/* Return an id above 0, -EBUSY (slot already open, no port left), -EINVAL (no such slot), -ENFILE (1024 are open). */
int engine_open_slot(struct engine *engine, int slot);
/* local_ip: all 0, IPv6 on every network card; mapped 0.0.0.0, IPv4 on every one. */
int engine_open_stream(struct engine *engine, const uint8_t *local_ip);
int engine_open_mixer(struct engine *engine);
/* Also -ENOMEM (or no thread): then the file descriptor stays the caller's; else it is closed with the node. */
int engine_open_player(struct engine *engine, const struct media_file *file);
/* fd: of a new, empty file. */
int engine_open_recorder(struct engine *engine, int fd);
int engine_close(struct engine *engine, int id);
/* Both hear each other; each leaves the one it was joined to. -EBUSY: the mixer is full. */
int engine_join(struct engine *engine, int a, int b);
/* hearer hears heard in place of what it heard (a mixer: beside it), and is not heard for that. */
int engine_listen(struct engine *engine, int hearer, int heard);
/* It hears nothing, and whoever was joined to it does not hear it; those who only listen to it stay. */
int engine_part(struct engine *engine, int id);
/* The edge stays, silent, until it is unmuted or changed. -ENOENT: there is no such edge. */
int engine_mute(struct engine *engine, int hearer, int heard, int on);

/* What is on the recorder's channel (0 or 1): a node, or 0 for nothing. */
int engine_record(struct engine *engine, int recorder, int channel, int heard);
/* A player or recorder. A recorder cuts the time out. */
int engine_pause(struct engine *engine, int id, int on);
int engine_seek(struct engine *engine, int player, int ms);

int engine_play_tone(struct engine *engine, int id, const struct tone_spec *spec);
int engine_stop_tone(struct engine *engine, int id);
/* The tone at a slot goes on until the slot hears something: of a stream, its first packet. */
int engine_yield_tone(struct engine *engine, int slot);
int engine_play_digit(struct engine *engine, int id, char digit, int ms);
/* Samples of 8 kHz (copied), 0 to ENGINE_CLIP_SAMPLES of them, over all else; they end the clip before. -ENOMEM. */
int engine_play_clip(struct engine *engine, int id, const int16_t *pcm, int samples);
/* Of tones, at a slot, or at a stream that somebody hears by blocks. */
int engine_listen_digits(struct engine *engine, int id, int on);
/* tail_ms: 32 to 128, else 0: no echo canceller. -ENOMEM: nothing changes. */
int engine_set_echo(struct engine *engine, int slot_id, int tail_ms);
int engine_echo(struct engine *engine, int slot_id, struct echo_figures *out);

/* A slot's calls in which a fax or modem speaks are kept still for it: modem_watch.h. -ENOMEM: as before. */
int engine_watch_modems(struct engine *engine, int slot_id, int on);
/* kinds: ENGINE_HEAR_..., 0 for none. Of a slot or stream. -ENOMEM: as before. */
int engine_listen_signals(struct engine *engine, int id, int kinds);

int engine_local_port(struct engine *engine, int id);
/* ip all 0: what was announced means nothing here. signal_ip: where the signalling comes from, all 0: not known. */
int engine_set_remote(struct engine *engine, int id, const uint8_t *ip, int port, const uint8_t *signal_ip);
/* codec: G711_A, G711_U or G722 (else -EINVAL; -ENOMEM). event_pt: -1 for none. ptime_ms: 10 to 60 in steps
 * of 5. ptime_asked: the far end wants no other: what is relayed to it is put into packets of that length. */
int engine_set_codec(struct engine *engine, int id, int pt, int codec, int event_pt, int ptime_ms, int ptime_asked);
/* port: where RTCP of the far end goes, 0: one above its RTP. mux: on its RTP port. */
int engine_set_rtcp(struct engine *engine, int id, int port, int mux);
int engine_set_direction(struct engine *engine, int id, int send, int receive);
/* Jitter buffer: fixed_ms above 0: this delay, kept; 0: adaptive. */
int engine_set_jitter(struct engine *engine, int id, int fixed_ms);
int engine_relearn(struct engine *engine, int id);
int engine_set_digits(struct engine *engine, int id, int how);
/* As an RTP event, or as tones where no event payload type was agreed. */
int engine_send_digit(struct engine *engine, int id, char digit, int ms);
int engine_stats(struct engine *engine, int id, struct media_stats *out);

/* Stepped mode. The tick is a fn(void *engine, long long now_us), called at least every 5 ms. */
void engine_tick(void *engine, long long now_us);
long long engine_tick_address(void);
int engine_packet_in(struct engine *engine, int id, const uint8_t *ip, int port, const uint8_t *data, int size,
                     long long now_us);
/* The oldest packet sent. Returns its size, or -1 when there is none. */
int engine_packet_out(struct engine *engine, int *id, uint8_t *ip, int *port, uint8_t *out, int max);
