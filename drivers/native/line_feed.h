/* Commands to one line's feed: what polling (line_watch.c) and ringing (line_ringing.c) share.
 *
 * Inner header of the scanner. Codes are those of DR64. */
#define OPEN 0
#define ACTIVE 1
#define ON_HOOK_TRANSMISSION 2
#define RINGING 4
#define REVERSE 4 /* added to ACTIVE and ON_HOOK_TRANSMISSION */

#define FEED_CHANGE_US 20000    /* DR64 may show something in between for so long */
/* How long loop detection may say something else than the hook after a change of feed. Off hook: the feed's own
 * transition and the debounce. On hook: also the ringers' capacitors, which draw the limiting current of 20 mA
 * while they are charged. With 5 REN (40 uF) the chip shows a closed loop for up to 143 ms after a burst, with
 * 3 REN for 99 ms (measured on the simulated copper); a reversal charges them by twice the voltage. */
#define SETTLE_OFF_HOOK_US 100000
#define SETTLE_ON_HOOK_US 240000
#define SETTLE_RING_US 150000
/* A burst ends where its voltage meets the feed's: up to half a period of 16 Hz and the change of state later. */
#define FADE_US 60000
#define NOT_BEGUN (-1)

void line_tell(struct line_watch *line, long long now_us, int kind, int value, int detail);
/* Writes DR64. 0 or -errno. */
int line_command(struct line_watch *line, long long now_us, int linefeed);
/* The wanted feed, whose transients last settle_us. */
int line_refeed(struct line_watch *line, long long now_us, long long settle_us);
/* How long a change of feed may be mistaken for the hook. */
long long line_settle_us(const struct line_watch *line);
/* Gives the line the polarity back that it had before it rang: at once, which is a change of feed and answers 1, or
 * when the ringing voltage is gone, since the chip must not turn while it rings. */
int line_turn_back(struct line_watch *line, long long now_us);
void line_turn_when_due(struct line_watch *line, long long now_us);
