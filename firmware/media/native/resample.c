/* Two to one and one to two, by libspeexdsp: see resample.h. */
#include <speex/speex_resampler.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "resample.h"

#define QUALITY 4 /* of 0 to 10: 64 taps at 8 kHz; 4 ms of delay */

struct resample {
    int direction;
    SpeexResamplerState *state;
};

struct resample *resample_new(int direction)
{
    struct resample *resample = calloc(1, sizeof *resample);
    if (!resample)
        return NULL;
    int halve = direction == RESAMPLE_HALVE;
    resample->direction = direction;
    resample->state = speex_resampler_init(1, halve ? 16000 : 8000, halve ? 8000 : 16000, QUALITY, NULL);
    if (resample->state)
        return resample;
    free(resample);
    return NULL;
}

void resample_free(struct resample *resample)
{
    if (!resample)
        return;
    speex_resampler_destroy(resample->state);
    free(resample);
}

void resample_reset(struct resample *resample)
{
    speex_resampler_reset_mem(resample->state);
}

void resample_run(struct resample *resample, const int16_t *in, int16_t *out, int narrow)
{
    int halve = resample->direction == RESAMPLE_HALVE;
    spx_uint32_t taken = (spx_uint32_t)(halve ? 2 * narrow : narrow);
    spx_uint32_t made = (spx_uint32_t)(halve ? narrow : 2 * narrow), wanted = made;
    speex_resampler_process_int(resample->state, 0, in, &taken, out, &made);
    if (made < wanted) /* never, the ratio being whole; but what is not written must not be read */
        memset(out + made, 0, sizeof *out * (wanted - made));
}
