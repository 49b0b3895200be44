/* Events of the line scanner on their way to Python: a bounded queue and an eventfd.
 *
 * Kinds 1 to 4 are those of hook.h. The queue drops what does not fit and
 * counts it: 1024 events are seconds of eight telephones pulse-dialling. */
#define SCANNER_QUEUE_EVENTS 1024

#define SCANNER_FAILED 5    /* value: SCANNER_REASON_..., detail: see there */
#define SCANNER_INTERRUPT 6 /* port -1: INT stays low though no chip says why; nothing is lost, polling goes on */
#define SCANNER_RING_PART 7 /* the part that struct ring_plan wanted told has begun; value: its number */

#define SCANNER_REASON_BUS 1         /* the transport failed; detail: errno */
#define SCANNER_REASON_NO_ANSWER 2   /* nothing drives MISO; detail: DR68 as read */
#define SCANNER_REASON_CHIP_RESET 3  /* the chip lost its settings; detail: DR8 as read */
#define SCANNER_REASON_POWER_ALARM 4 /* the chip opened the line; detail: DR19 bits 7:2 seen, 0 if none */
#define SCANNER_REASON_INTERRUPT 5   /* status bits come back when cleared; detail: DR18 | DR19<<8 | DR20<<16 */

struct scanner_event {
    long long at_us; /* board time at which it was known */
    int port;
    int kind;
    int value; /* HOOK_OFF_HOOK: 1 when a ringing line was answered */
    int detail;
};

struct scanner_queue;

struct scanner_queue *scanner_queue_new(void); /* NULL without memory or descriptors */
void scanner_queue_free(struct scanner_queue *queue);
int scanner_queue_fd(struct scanner_queue *queue); /* readable while events wait */
void scanner_queue_put(struct scanner_queue *queue, const struct scanner_event *event);
/* Returns how many were copied; empties the eventfd when none are left. */
int scanner_queue_take(struct scanner_queue *queue, struct scanner_event *out, int max);
/* Events dropped since the start. */
long scanner_queue_dropped(struct scanner_queue *queue);
