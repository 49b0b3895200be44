/* The memory of a G.722 stream: see wideband.h. */
#include "wideband.h"

#include <stdint.h>
#include <stdlib.h>

#include "g722.h"

struct wideband *wideband_new(void)
{
    struct wideband *wideband = calloc(1, sizeof *wideband);
    if (!wideband)
        return NULL;
    wideband->blocks = g722_in_new();
    wideband->packets = g722_in_new();
    wideband->out = g722_out_new();
    if (wideband->blocks && wideband->packets && wideband->out)
        return wideband;
    wideband_free(wideband);
    return NULL;
}

void wideband_free(struct wideband *wideband)
{
    if (!wideband)
        return;
    g722_in_free(wideband->blocks);
    g722_in_free(wideband->packets);
    g722_out_free(wideband->out);
    free(wideband);
}
