/* What a stream of G.722 needs beside one of G.711, and only such a stream: its decoders and its coder. */
#ifndef TIPRING_WIDEBAND_H
#define TIPRING_WIDEBAND_H

struct g722_in;
struct g722_out;

struct wideband {
    struct g722_in *blocks;  /* of what comes out of the jitter buffer */
    struct g722_in *packets; /* of what is relayed on arrival to streams of another codec */
    struct g722_out *out;    /* of all that is sent and was not G.722 before */
};

/* NULL without memory. */
struct wideband *wideband_new(void);
void wideband_free(struct wideband *wideband);

#endif
