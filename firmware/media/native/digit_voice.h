/* A digit that a stream's far end sends as an RTP event, as the tones it stands for: in the stream's own sound, for the
 * mixers and recorders that hear it. (Telephones and streams that hear it play it of their own: tone_source.h.)
 * It begins a little late, so that its end is known in time although the first packet that tells it is lost. */
#ifndef TIPRING_DIGIT_VOICE_H
#define TIPRING_DIGIT_VOICE_H

#include <stdint.h>

struct digit_voice {
    char digit, next;        /* 0: none */
    int ms, next_ms;         /* negative: not known yet */
    int wait_ms, played_ms;
    float phase[2], step[2]; /* rad */
};

void digit_voice_begin(struct digit_voice *voice, char digit);
/* The digit begun last is ms long in all. */
void digit_voice_end(struct digit_voice *voice, int ms);
/* 40 samples in place of those in pcm. Returns 0 when there is no digit: then they stay. */
int digit_voice_block(struct digit_voice *voice, int16_t *pcm);

#endif
