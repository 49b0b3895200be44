/* Chip access: octets on an SPI bus, and the few GPIO lines of a card.
 *
 * A transport fills in struct spi_ops: /dev/spidevB.C, the simulated board's
 * socket, or a simulated board in the same process (stepped tests). Everything
 * above speaks through it, so driver and scanner are the same code everywhere. */
#define SPI_OP_MAX 4

/* GPIO lines of a card, by role. Levels are electrical: 0 low, 1 high. */
#define SPI_GPIO_RESET 0 /* output, active low: holds every chip of the card in reset */
#define SPI_GPIO_INT 1   /* input, active low, open drain: the OR of the chips' INT pins */
#define SPI_GPIO_LIFELINE 2 /* output, 1 draws the lifeline relay: the telephone is on its own port; see lifeline.py */

/* One access: `count` octets to chip select `cs`, each in a chip-select pulse of its own. */
struct spi_op {
    unsigned char cs;
    unsigned char count;           /* 1 to SPI_OP_MAX */
    unsigned char out[SPI_OP_MAX]; /* MOSI */
    unsigned char in[SPI_OP_MAX];  /* MISO, filled in; 0xFF where nothing drives it */
};

struct spi_ops {
    void *self;
    /* Runs the accesses in order, nothing else between them. Returns 0 or -errno. Thread-safe. */
    int (*transfer)(void *self, struct spi_op *ops, int count);
    int (*gpio_set)(void *self, int line, int level); /* 0 or -errno */
    int (*gpio_get)(void *self, int line);            /* level or -errno */
    /* Lets `us` microseconds of the board's time pass: sleeps, or steps a stepped board. */
    void (*wait_us)(void *self, long us);
    /* The board's time in microseconds: CLOCK_MONOTONIC, or the stepped board's own. */
    long long (*now_us)(void *self);
};
