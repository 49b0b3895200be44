/* The board's PCM highway: 32 slots of A-law in blocks of 5 ms, in the layout that is shared with
 * the host (pcm_shm.h), and the same blocks as a struct highway for stepped tests. */
#include "board.h"

#include <string.h>
#include <unistd.h>

#define IDLE_A_LAW 0xD5
#define FLOATING 0xFF /* DTX is pulled up where no chip drives it */

void board_pcm_format(struct pcm_shm *pcm) {
    memset(pcm, 0, sizeof *pcm);
    memset(pcm->rx, FLOATING, sizeof pcm->rx);
    pcm->magic = PCM_SHM_MAGIC;
    pcm->version = PCM_SHM_VERSION;
    pcm->slots = PCM_SHM_SLOTS;
    pcm->law = HIGHWAY_LAW_A;
    pcm->blocks = PCM_SHM_BLOCKS;
}

static void end_block(struct simboard *board) {
    struct pcm_shm *pcm = board->pcm;
    uint32_t block = __atomic_load_n(&pcm->done, __ATOMIC_RELAXED);
    uint64_t one = 1;
    board->frame_in_block = 0;
    for (int slot = 0; slot < PCM_SHM_SLOTS; slot++)
        __atomic_store_n(&pcm->tx_valid[block % PCM_SHM_BLOCKS][slot], 0, __ATOMIC_RELEASE);
    memset(pcm->rx[(block + 1) % PCM_SHM_BLOCKS], FLOATING, sizeof pcm->rx[0]);
    __atomic_store_n(&pcm->done, block + 1, __ATOMIC_RELEASE);
    /* Fails only when nobody has read the counter for ages: then it is readable anyway. */
    if (board->event_fd >= 0 && write(board->event_fd, &one, sizeof one) < 0) return;
}

static void take_from_host(const struct pcm_shm *pcm, uint32_t block, int frame, int slot, uint8_t *highway) {
    for (int i = slot; slot >= 0 && i <= slot + 1 && i < PCM_SHM_SLOTS; i++) {
        bool written = __atomic_load_n(&pcm->tx_valid[block][i], __ATOMIC_ACQUIRE);
        highway[i] = written ? pcm->tx[block][i][frame] : IDLE_A_LAW;
    }
}

static void daa_frame(struct simboard *board, struct board_port *port, const uint8_t *from_host, uint8_t *from_cards,
                      uint8_t *driven) {
    struct si3050 *daa = &port->daa;
    float out = si3050_receive_step(daa, from_host);
    struct port_voice voice = {out, si3050_audio(daa) != 0, daa->hybrid_leak};
    float heard = office_voice_step(&port->office, &port->copper, &voice, board->frame);
    si3050_transmit_step(daa, heard, from_host, from_cards, driven);
}

/* One frame: the host's octets to the chips, voice over the copper, the chips' octets to the host. */
void board_pcm_frame(struct simboard *board) {
    struct pcm_shm *pcm = board->pcm;
    uint32_t block = __atomic_load_n(&pcm->done, __ATOMIC_RELAXED) % PCM_SHM_BLOCKS;
    uint8_t from_host[PCM_SHM_SLOTS], from_cards[PCM_SHM_SLOTS], driven[PCM_SHM_SLOTS] = {0};
    for (int i = 0; i < board->ports; i++) {
        struct si321x *chip = &board->port[i]->chip;
        if (board->port[i]->exchange_line) {
            take_from_host(pcm, block, board->frame_in_block, board->port[i]->daa.rx_slot, from_host);
            daa_frame(board, board->port[i], from_host, from_cards, driven);
            continue;
        }
        take_from_host(pcm, block, board->frame_in_block, chip->rx_slot, from_host);
        float out = si321x_receive_step(chip, from_host);
        struct port_voice voice = {out, si321x_audio_on(chip), chip->hybrid_leak};
        float heard = phone_voice_step(&board->port[i]->copper, &voice, board->frame);
        si321x_transmit_step(chip, heard, from_host, from_cards, driven);
    }
    if (board->clock_lost) return;
    for (int slot = 0; slot < PCM_SHM_SLOTS; slot++)
        if (driven[slot]) pcm->rx[block][slot][board->frame_in_block] = from_cards[slot];
    if (++board->frame_in_block == PCM_SHM_SAMPLES) end_block(board);
}

/* ---- the face for a host in the same process ---- */

static uint32_t blocks_done(struct simboard *board) {
    return __atomic_load_n(&board->pcm->done, __ATOMIC_ACQUIRE);
}

static int begin_block(void *self) {
    struct simboard *board = self;
    uint32_t fresh = blocks_done(board) - board->block_seen;
    if (fresh == 0) return 0;
    board->slips += fresh - 1;
    board->block_seen += fresh;
    return 1;
}

static void read_slot(void *self, int slot, unsigned char *out) {
    struct simboard *board = self;
    if (slot < 0 || slot >= PCM_SHM_SLOTS) return;
    memcpy(out, board->pcm->rx[(board->block_seen - 1) % PCM_SHM_BLOCKS][slot], PCM_SHM_SAMPLES);
}

static void write_slot(void *self, int slot, const unsigned char *in) {
    struct simboard *board = self;
    uint32_t block = (board->block_seen + 1) % PCM_SHM_BLOCKS;
    if (slot < 0 || slot >= PCM_SHM_SLOTS) return;
    memcpy(board->pcm->tx[block][slot], in, PCM_SHM_SAMPLES);
    __atomic_store_n(&board->pcm->tx_valid[block][slot], 1, __ATOMIC_RELEASE);
}

static long slips(void *self) {
    return ((struct simboard *)self)->slips;
}

static double drift_ppm(void *self) {
    return (125.0 / ((struct simboard *)self)->period_us - 1.0) * 1e6;
}

void board_highway_start(struct simboard *board) {
    board->highway = (struct highway){board,      PCM_SHM_SLOTS, HIGHWAY_LAW_A, -1,       begin_block,
                                      read_slot, write_slot,    slips,         drift_ppm};
}

struct highway *simboard_highway(struct simboard *board) {
    return &board->highway;
}
