/* Echo canceller of one line (ITU-T G.168's kind), 16-bit linear, 8000 samples/s, in blocks of 40 samples:
 * takes out of what comes from the line what the line's hybrid returns of what it was given.
 * Made only for lines that want one: 91 to 109 KB. Adds no delay. */
#define ECHO_LEAST_MS 32
#define ECHO_MOST_MS 128

struct echo;

struct echo_figures {
    int tail_ms;             /* longest echo it can take out, besides the highway's own delay; 0: no canceller */
    int off_by_tone;         /* a modem's tone has switched it off */
    int linear;              /* a fax or modem speaks: nothing is turned down */
    int known;               /* enough was heard for the figures below */
    double erl_db;           /* what the line itself keeps from coming back */
    double erle_db;          /* what is taken out of the rest, lately */
    double delay_ms;         /* of the strongest echo, from our giving it to the card to our getting it back */
};

/* tail_ms: ECHO_LEAST_MS to ECHO_MOST_MS. NULL without memory. */
struct echo *echo_new(int tail_ms);
void echo_free(struct echo *echo);
/* The call is over: the tone that switched it off holds no more. What it knows of the line it keeps. */
void echo_call_over(struct echo *echo);
/* A fax or modem speaks on the line: to the end of the call echo is taken out and nothing turned down (ITU-T G.168 wants
 * no non-linear processing after an answer tone). */
void echo_keep_linear(struct echo *echo);
/* A block from the line, changed in place. Returns 0 when it was left as it is. */
int echo_cancel(struct echo *echo, int16_t *pcm);
/* Then the block that the line is given, NULL for silence. */
void echo_sent(struct echo *echo, const int16_t *pcm);
void echo_get_figures(const struct echo *echo, struct echo_figures *out);
