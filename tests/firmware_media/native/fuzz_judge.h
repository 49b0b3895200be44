/* Judges everything that an engine sends and tells while `fuzz_packets.c` feeds it. A wrong answer ends the process. */
#ifndef TIPRING_FUZZ_JUDGE_H
#define TIPRING_FUZZ_JUDGE_H

#include <stdint.h>

#define FUZZ_ENDS 6

struct engine;

/* One stream, and what its far end knows of us. */
struct fuzz_end {
    int id, port, payload_type, event_type;
    int sent_from;           /* our port */
    uint32_t ssrc;           /* ours; 0: nothing was sent yet */
    uint32_t last_sr;        /* middle of the NTP time in our last report */
    long heard;              /* octets of sound since fuzz_all_heard */
};

struct fuzz_end *fuzz_end(int at);
void fuzz_begin(int at, int id, int port, int payload_type, int event_type, int sent_from);
/* All that was sent, told and counted since the last call. */
void fuzz_judge(struct engine *engine);
/* 1 when every far end got so many packets of 20 ms, or as much sound in others, since the last call. */
int fuzz_all_heard(int packets);
void fuzz_print(void);

#endif
