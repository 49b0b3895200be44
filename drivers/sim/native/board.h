/* The inside of a simulated board. Private; the outside is simboard.h.
 *
 * board.c keeps time and runs frames, board_spi.c and board_highway.c are the driver's faces,
 * board_rig.c is the rig's, serve.c makes it a process that others can reach. All functions
 * here want the board locked, except where they say that they lock. */
#ifndef BOARD_H
#define BOARD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "copper.h"
#include "office.h"
#include "si3050.h"
#include "si321x.h"
#include "faces.h"
#include "violations.h"

#define BOARD_CHIP_SELECTS 16
#define SPI_OCTET_US 8 /* stepped boards: what one octet on the bus takes */

struct board_port {
    char name[8];         /* in the violation log: fxs1, fxs2, fxo1 ... by kind */
    bool exchange_line;   /* daa and office instead of chip and the copper's circuit */
    struct si321x chip;
    struct si3050 daa;
    struct office office;
    struct copper copper; /* also the wires and the far party of an exchange line */
    int cs, slot_hint;
    unsigned faults; /* bit n: SIMBOARD_FAULT n */
};

/* The relay that joins a telephone with an exchange line while its coil has no current. */
struct lifeline {
    int phone, line; /* port numbers; -1: the board has none */
    bool energised;
    double moved_us; /* when it was last told to move */
};

struct board_server;

struct simboard {
    pthread_mutex_t lock;
    uint64_t seed, chance;
    struct violations log;
    /* time */
    bool served;
    long long stepped_us;
    int64_t frame;
    double next_us, period_us; /* end of the running frame, length of one */
    /* parts */
    int ports;
    struct board_port *port[SIMBOARD_MAX_PORTS];
    int port_of_cs[BOARD_CHIP_SELECTS];
    int reset_level;
    bool clock_lost;
    bool unpowered;
    struct lifeline lifeline;
    /* PCM */
    struct pcm_shm *pcm;
    int frame_in_block;
    int event_fd;
    uint32_t block_seen;
    long slips;
    /* faces */
    struct spi_ops spi;
    struct highway highway;
    struct board_server *server;
};

/* board.c */
long long board_now_us(struct simboard *board);
void board_catch_up(struct simboard *board); /* all frames that ended by now */
void board_advance(struct simboard *board, double to_us);
void board_lock(struct simboard *board); /* locks and catches up */
void board_unlock(struct simboard *board);
struct board_port *board_port(struct simboard *board, int port); /* NULL when there is none */

/* board_lifeline.c */
void board_lifeline_start(struct simboard *board);
int board_lifeline_drive(struct simboard *board, bool on); /* 0 or -EINVAL; nothing while reset or without power */
void board_lifeline_step(struct simboard *board);          /* before each frame */

/* board_spi.c */
void board_hold_reset(struct simboard *board);
void board_spi_start(struct simboard *board);
/* These lock. */
int board_transfer(struct simboard *board, struct spi_op *ops, int count);
int board_gpio_set(struct simboard *board, int line, int level);
int board_gpio_get(struct simboard *board, int line);

/* board_highway.c */
void board_highway_start(struct simboard *board);
void board_pcm_format(struct pcm_shm *pcm);
void board_pcm_frame(struct simboard *board);

/* serve.c: closes and unmaps what a stopped server still holds. */
void board_server_free(struct simboard *board);

#endif
