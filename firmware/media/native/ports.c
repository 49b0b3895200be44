/* Port pairs in rotation: see ports.h. */
#include "ports.h"

#include <stdlib.h>

#define REST_US 4000000 /* packets of the last call are still on their way */
#define IN_USE (-1)

struct ports {
    int first;
    int count;
    int next;
    long long rested_us[]; /* free from this time on, or IN_USE */
};

struct ports *ports_new(int first, int last)
{
    first += first & 1;
    int count = (last - first + 1) / 2;
    if (first < 1 || last > 65535 || count < 1)
        return NULL;
    struct ports *ports = calloc(1, sizeof *ports + (size_t)count * sizeof ports->rested_us[0]);
    if (ports) {
        ports->first = first;
        ports->count = count;
    }
    return ports;
}

void ports_free(struct ports *ports)
{
    free(ports);
}

int ports_take(struct ports *ports, long long now_us)
{
    for (int tried = 0; tried < ports->count; tried++) {
        int at = ports->next;
        ports->next = (at + 1) % ports->count;
        if (ports->rested_us[at] == IN_USE || ports->rested_us[at] > now_us)
            continue;
        ports->rested_us[at] = IN_USE;
        return ports->first + 2 * at;
    }
    return 0;
}

void ports_give_back(struct ports *ports, int port, long long now_us)
{
    ports->rested_us[(port - ports->first) / 2] = now_us + REST_US;
}

int ports_count(const struct ports *ports)
{
    return ports->count;
}
