/* A simulated board: its life, its clock, and what happens in one frame. See simboard.h, board.h. */
#define _GNU_SOURCE
#include "board.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "chance.h"

#define FRAME_US 125.0
#define LONGEST_CATCH_UP_US 2e6 /* a machine that slept longer than this has lost the time between */
#define PPM_MOST 500.0

struct simboard *simboard_new(unsigned long long seed) {
    struct simboard *board = calloc(1, sizeof *board);
    struct pcm_shm *pcm = calloc(1, sizeof *pcm);
    if (!board || !pcm) {
        free(board);
        free(pcm);
        return NULL;
    }
    pthread_mutex_init(&board->lock, NULL);
    board->seed = board->chance = seed;
    board->period_us = board->next_us = FRAME_US;
    board->event_fd = -1;
    board->pcm = pcm;
    for (int cs = 0; cs < BOARD_CHIP_SELECTS; cs++) board->port_of_cs[cs] = -1;
    board_pcm_format(pcm);
    board_spi_start(board);
    board_highway_start(board);
    board_lifeline_start(board);
    return board;
}

void simboard_free(struct simboard *board) {
    if (!board) return;
    simboard_stop(board);
    for (int i = 0; i < board->ports; i++) free(board->port[i]);
    if (!board->server) free(board->pcm);
    board_server_free(board);
    pthread_mutex_destroy(&board->lock);
    free(board);
}

unsigned long long simboard_seed(struct simboard *board) {
    return board->seed;
}

int simboard_ports(struct simboard *board) {
    return board->ports;
}

/* Returns the number of a new port, or -errno. */
static int add_port(struct simboard *board, int cs, int slot_hint, bool exchange_line) {
    if (cs < 0 || cs >= BOARD_CHIP_SELECTS) return -EINVAL;
    if (board->port_of_cs[cs] >= 0) return -EBUSY;
    if (board->ports >= SIMBOARD_MAX_PORTS) return -ENOSPC;
    struct board_port *port = calloc(1, sizeof *port);
    if (!port) return -ENOMEM;
    int number = board->ports++, of_kind = 1;
    for (int i = 0; i < number; i++) of_kind += board->port[i]->exchange_line == exchange_line;
    snprintf(port->name, sizeof port->name, "%s%d", exchange_line ? "fxo" : "fxs", of_kind & 15);
    board->log.name[number] = port->name;
    port->exchange_line = exchange_line;
    port->cs = cs;
    port->slot_hint = slot_hint;
    copper_start(&port->copper, chance_next(&board->chance));
    board->port[number] = port;
    board->port_of_cs[cs] = number;
    return number;
}

int simboard_add_slic(struct simboard *board, int part, int cs, int slot_hint) {
    if (part != 3210 && part != 3215) return -EINVAL;
    int number = add_port(board, cs, slot_hint, false);
    if (number >= 0)
        si321x_power_on(&board->port[number]->chip, part, number, chance_next(&board->chance), &board->log);
    return number;
}

int simboard_add_daa(struct simboard *board, int cs, int slot_hint) {
    int number = add_port(board, cs, slot_hint, true);
    if (number < 0) return number;
    struct board_port *port = board->port[number];
    office_start(&port->office);
    si3050_power_on(&port->daa, number, chance_next(&board->chance), &board->log);
    port->daa.impedance = port->office.set.impedance;
    return number;
}

struct board_port *board_port(struct simboard *board, int port) {
    return port >= 0 && port < board->ports ? board->port[port] : NULL;
}

/* ---- time ---- */

long long board_now_us(struct simboard *board) {
    if (!board->served) return board->stepped_us;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void frame_step(struct simboard *board) {
    board_lifeline_step(board);
    for (int i = 0; i < board->ports; i++) {
        struct board_port *port = board->port[i];
        if (port->exchange_line) {
            office_step(&port->office, &port->copper, &port->daa.load, board->next_us);
            si3050_step(&port->daa, &port->office, board->next_us);
            continue;
        }
        phone_hook_step(&port->copper, board->next_us);
        si321x_step(&port->chip, &port->copper, board->next_us);
    }
    board_pcm_frame(board);
    board->frame++;
    board->next_us += board->period_us;
}

void board_advance(struct simboard *board, double to_us) {
    if (to_us - board->next_us > LONGEST_CATCH_UP_US && board->served) board->next_us = to_us - LONGEST_CATCH_UP_US;
    while (board->next_us <= to_us) frame_step(board);
}

void board_catch_up(struct simboard *board) {
    board_advance(board, (double)board_now_us(board));
}

void board_lock(struct simboard *board) {
    pthread_mutex_lock(&board->lock);
    board_catch_up(board);
}

void board_unlock(struct simboard *board) {
    pthread_mutex_unlock(&board->lock);
}

void simboard_step_us(struct simboard *board, long long us) {
    board_lock(board);
    if (!board->served && us > 0) {
        board->stepped_us += us;
        board_catch_up(board);
    }
    board_unlock(board);
}

void simboard_step_to(void *ctx, long long now_us) {
    struct simboard *board = ctx;
    board_lock(board);
    if (!board->served && now_us > board->stepped_us) {
        board->stepped_us = now_us;
        board_catch_up(board);
    }
    board_unlock(board);
}

long long simboard_now_us(struct simboard *board) {
    board_lock(board);
    long long now_us = board_now_us(board);
    board_unlock(board);
    return now_us;
}

long long simboard_frames(struct simboard *board) {
    board_lock(board);
    long long frame = board->frame;
    board_unlock(board);
    return frame;
}

void simboard_set_clock_ppm(struct simboard *board, double ppm) {
    board_lock(board);
    double held = ppm > PPM_MOST ? PPM_MOST : ppm < -PPM_MOST ? -PPM_MOST : ppm;
    board->period_us = FRAME_US / (1.0 + held * 1e-6);
    board_unlock(board);
}
