#include <errno.h>
#include <stdint.h>

#include "spi.h"
#include "registers.h"
#include "hook.h"
#include "scanner_event.h"
#include "scanner.h"
#include "line_loop.h"
#include "line_watch.h"
#include "line_feed.h"

#define LINEFEED 64

void line_tell(struct line_watch *line, long long now_us, int kind, int value, int detail)
{
    struct scanner_event event = {now_us, line->port, kind, value, detail};
    scanner_queue_put(line->queue, &event);
}

int line_command(struct line_watch *line, long long now_us, int linefeed)
{
    if (line->commanded == RINGING)
        line->burst_end_us = now_us;
    line->commanded = linefeed;
    line->changed_us = now_us;
    line->opens = 0;
    return registers_write(line->registers, line->cs, LINEFEED, linefeed);
}

int line_refeed(struct line_watch *line, long long now_us, long long settle_us)
{
    line->mode = LINE_FEEDING;
    line->settle_us = now_us + settle_us;
    return line_command(line, now_us, line->wanted);
}

long long line_settle_us(const struct line_watch *line)
{
    return line->hook.off_hook ? SETTLE_OFF_HOOK_US : SETTLE_ON_HOOK_US;
}

int line_turn_back(struct line_watch *line, long long now_us)
{
    if (!line->turned)
        return 0;
    line->turned = 0;
    if (line->commanded == RINGING) {
        line->turn_due_us = now_us + FADE_US;
        line->may_ring_us = line->turn_due_us + FEED_CHANGE_US;
        return 0;
    }
    line->wanted ^= REVERSE;
    line->may_ring_us = now_us + FEED_CHANGE_US;
    return 1;
}

void line_turn_when_due(struct line_watch *line, long long now_us)
{
    if (!line->turn_due_us || now_us < line->turn_due_us)
        return;
    line->turn_due_us = 0;
    line->wanted ^= REVERSE;
    if (line->mode == LINE_OPENED)
        return;
    line->settle_us = now_us + line_settle_us(line);
    line_command(line, now_us, line->wanted);
}

int line_watch_feed(struct line_watch *line, long long now_us, int linefeed)
{
    if (line->mode == LINE_BURST || line->mode == LINE_PAUSE)
        return -EBUSY;
    if (linefeed < 0 || linefeed > 7 || linefeed == RINGING)
        return -EINVAL;
    line->wanted = linefeed;
    line->turn_due_us = 0;
    return line->mode == LINE_OPENED ? 0 : line_refeed(line, now_us, line_settle_us(line));
}

int line_watch_open(struct line_watch *line, long long now_us, int ms)
{
    if (ms < 1 || ms > 60000)
        return -EINVAL;
    if (line->mode != LINE_FEEDING)
        return -EBUSY;
    line->mode = LINE_OPENED;
    line->due_us = now_us + ms * 1000LL;
    return line_command(line, now_us, OPEN);
}
