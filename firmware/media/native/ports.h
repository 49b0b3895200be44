/* UDP ports for RTP: even ones from a range, RTCP on the odd one above, none used again within 4 s. */
#ifndef TIPRING_PORTS_H
#define TIPRING_PORTS_H

struct ports;
/* first and last: 1 to 65535; the pairs that fit whole are used. NULL without memory or any pair. */
struct ports *ports_new(int first, int last);
void ports_free(struct ports *ports);
/* The next pair's even port, or 0 when none is free and rested. */
int ports_take(struct ports *ports, long long now_us);
void ports_give_back(struct ports *ports, int port, long long now_us);
int ports_count(const struct ports *ports);

#endif
