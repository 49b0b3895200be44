/* What a scanner is made of: shared by its thread (scanner.c) and its commands (scanner_commands.c).
 *
 * Inner header, not part of the face to Python. */
struct scanner {
    struct registers *registers;
    struct scanner_queue *queue;
    pthread_mutex_t lock; /* everything below but `running` */
    int ports;
    int ring_most; /* lines that may ring in the same instant */
    long long next_poll_us;
    long long next_interrupt_us;
    int interrupt_low; /* checks in a row without a chip that says why */
    struct line_watch lines[SCANNER_MAX_PORTS];
    struct spi_op ops[SCANNER_MAX_PORTS * LINE_POLL_OPS];

    int daas;
    struct daa_watch daa[SCANNER_MAX_DAAS];

    pthread_t thread;
    int started;
    atomic_int running;
};

/* scanner_daa.c; with the lock held. */
void scanner_tick_daas(struct scanner *scanner, long long now_us);
void scanner_poll_daas(struct scanner *scanner, long long now_us);
/* The board's time now. */
long long scanner_board_us(struct scanner *scanner);
/* Begins the bursts that are due, as far as the ringing supply carries them. */
void scanner_ring_due(struct scanner *scanner, long long now_us);
