/* G.722 by libspandsp: see g722.h. */
#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <tiffio.h>

#include <spandsp.h>

#include "g722.h"
#include "resample.h"

#define BIT_RATE 64000

struct g722_in {
    g722_decode_state_t *decoder;
    struct resample *halve;
};

struct g722_out {
    g722_encode_state_t *encoder;
    struct resample *twice;
};

/* -- receiving ---------------------------------------------------------------------------- */

struct g722_in *g722_in_new(void)
{
    struct g722_in *in = calloc(1, sizeof *in);
    if (!in)
        return NULL;
    in->decoder = g722_decode_init(NULL, BIT_RATE, 0);
    in->halve = resample_new(RESAMPLE_HALVE);
    if (in->decoder && in->halve)
        return in;
    g722_in_free(in);
    return NULL;
}

void g722_in_free(struct g722_in *in)
{
    if (!in)
        return;
    if (in->decoder)
        g722_decode_free(in->decoder);
    resample_free(in->halve);
    free(in);
}

void g722_in_reset(struct g722_in *in)
{
    g722_decode_init(in->decoder, BIT_RATE, 0); /* in place */
    resample_reset(in->halve);
}

void g722_in_wide(struct g722_in *in, const uint8_t *octets, int16_t *pcm, int count)
{
    g722_decode(in->decoder, pcm, octets, count);
}

void g722_in_narrow(struct g722_in *in, const uint8_t *octets, int16_t *pcm, int count)
{
    int16_t wide[2 * G722_MOST_OCTETS];
    g722_in_wide(in, octets, wide, count);
    resample_run(in->halve, wide, pcm, count);
}

/* -- sending ------------------------------------------------------------------------------ */

struct g722_out *g722_out_new(void)
{
    struct g722_out *out = calloc(1, sizeof *out);
    if (!out)
        return NULL;
    out->encoder = g722_encode_init(NULL, BIT_RATE, 0);
    out->twice = resample_new(RESAMPLE_DOUBLE);
    if (out->encoder && out->twice)
        return out;
    g722_out_free(out);
    return NULL;
}

void g722_out_free(struct g722_out *out)
{
    if (!out)
        return;
    if (out->encoder)
        g722_encode_free(out->encoder);
    resample_free(out->twice);
    free(out);
}

void g722_out_wide(struct g722_out *out, const int16_t *pcm, uint8_t *octets, int count)
{
    g722_encode(out->encoder, octets, pcm, 2 * count);
}

void g722_out_narrow(struct g722_out *out, const int16_t *pcm, uint8_t *octets, int count)
{
    int16_t wide[2 * G722_MOST_OCTETS];
    resample_run(out->twice, pcm, wide, count);
    g722_out_wide(out, wide, octets, count);
}
