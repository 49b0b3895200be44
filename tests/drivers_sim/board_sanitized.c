/* Steps a board through power-up, ringing, ring trip and talk under the address and
 * undefined-behaviour sanitizers (test_board_sanitized.py compiles and runs it), then serves it for a moment. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "faces.h"

static struct spi_ops *spi;

static int reg(int cs, int octet, int value) {
    struct spi_op op = {.cs = (unsigned char)cs, .count = 2, .out = {(unsigned char)octet, (unsigned char)value}};
    if (spi->transfer(spi->self, &op, 1) != 0) abort();
    return op.in[1];
}

static void indirect(int cs, int number, int value) {
    while (reg(cs, 0x80 | 31, 0)) continue;
    reg(cs, 28, value & 0xFF);
    reg(cs, 29, value >> 8);
    reg(cs, 30, number);
    while (reg(cs, 0x80 | 31, 0)) continue;
}

static void expect(int condition, const char *what) {
    if (condition) return;
    printf("failed: %s\n", what);
    exit(1);
}

static void power_up(struct simboard *board, int cs) {
    static const int VALUES[][2] = {{6, 0}, {7, 0x7EFD}, {8, 0x177}, {9, 0}, {13, 0x4000}, {14, 0x4000}, {15, 0x1000},
        {16, 0x3600}, {17, 0x1000}, {18, 0x200}, {19, 0x7C0}, {20, 0x2600}, {21, 0x1B80}, {22, 0x8000}, {23, 0x320},
        {24, 0x8C}, {25, 0x100}, {26, 0x10}, {27, 0xC00}, {64, 0xC00}, {66, 0xE00}};
    for (unsigned i = 0; i < sizeof VALUES / sizeof VALUES[0]; i++) indirect(cs, VALUES[i][0], VALUES[i][1]);
    reg(cs, 8, 0), reg(cs, 108, 0xEB), reg(cs, 67, 7), reg(cs, 74, 0x34), reg(cs, 14, 0);
    simboard_step_us(board, 100000);
    reg(cs, 97, 0x1F), reg(cs, 96, 0x5F);
    simboard_step_us(board, 700000);
    reg(cs, 1, 0x20), reg(cs, 64, 1);
    simboard_step_us(board, 50000);
}

static void ring_trip_talk(struct simboard *board) {
    short voice[8000];
    for (int i = 0; i < 8000; i++) voice[i] = (short)(i * 37);
    reg(0, 64, 4);
    simboard_step_us(board, 1000000);
    expect((reg(0, 0x80 | 64, 0) & 0x70) == 0x40, "ringing");
    simboard_phone_hook(board, 0, 1);
    simboard_step_us(board, 300000);
    expect((reg(0, 0x80 | 64, 0) & 0x70) == 0x10, "tripped into active");
    expect(reg(0, 0x80 | 68, 0) & 1, "loop closed");
    expect(simboard_phone_say(board, 0, voice, 8000) == 8000, "mouth takes a second");
    struct highway *highway = simboard_highway(board);
    unsigned char block[HIGHWAY_BLOCK_SAMPLES];
    for (int i = 0; i < 400; i++) {
        simboard_step_us(board, 5000);
        while (highway->begin_block(highway->self)) continue;
        for (int slot = -1; slot <= 32; slot++) highway->read(highway->self, slot, block);
        highway->write(highway->self, i % 34 - 1, block);
    }
    for (int number = 0; number < 256; number++) reg(0, number, number * 31);
    simboard_step_us(board, 1000000);
}

static int daa(int control, int number, int value) {
    struct spi_op op = {
        .cs = 2, .count = 3, .out = {(unsigned char)control, (unsigned char)number, (unsigned char)value}};
    if (spi->transfer(spi->self, &op, 1) != 0) abort();
    return op.in[2];
}

static void ring_seize_clear(struct simboard *board) {
    struct simboard_office_event events[2] = {{0, SIMOFFICE_NORMAL, 1}, {0, SIMOFFICE_NORMAL, 0}};
    struct simboard_loop_edge edges[4];
    struct simboard_office_now now;
    long long from = -3;
    daa(0x20, 26, 0xC0), daa(0x20, 18, 2), daa(0x20, 34, 16), daa(0x20, 36, 16), daa(0x20, 6, 0);
    simboard_step_us(board, 20000);
    expect(daa(0x60, 12, 0) & 0x40, "isolation link");
    expect(simboard_office_plan(board, 2, events, 1) == 0, "ringing planned");
    simboard_step_us(board, 500000);
    expect(daa(0x60, 5, 0) & 0x04, "ring detected");
    expect(simboard_office_plan(board, 2, events + 1, 1) == 0, "end of ringing planned");
    daa(0x20, 33, 0x20), daa(0x20, 5, 1);
    simboard_step_us(board, 500000);
    expect(daa(0x60, 28, 0) > 20, "loop current");
    expect(simboard_office_now(board, 2, &now) == 0 && now.closed, "the exchange sees the loop");
    for (int i = 0; i < 1200; i++) daa(0x20, 5, i & 1), simboard_step_us(board, 1000);
    expect(simboard_office_edges(board, 2, &from, edges, 4) == 4 && from > 0, "old edges are forgotten");
    expect(simboard_violation_count(board) == 0, "no breach in a call");
    expect(simboard_office_now(board, 0, &now) < 0, "a telephone line has no exchange");
}

/* Octets at random, framing, registers and all, while time passes and the hook moves. */
static void fuzz(struct simboard *board) {
    unsigned state = 12345;
    for (int i = 0; i < 60000; i++) {
        struct spi_op op = {.cs = (unsigned char)(i % 4), .count = (unsigned char)(1 + i % 4)};
        for (int k = 0; k < 4; k++) op.out[k] = (unsigned char)((state = state * 1664525u + 1013904223u) >> 24);
        spi->transfer(spi->self, &op, 1);
        if (i % 64 == 0) simboard_step_us(board, 3000);
        struct simboard_office_event event = {0, i % 3, i % 2};
        if (i % 700 == 0) simboard_office_plan(board, 2, &event, 1);
        if (i % 500 == 0) simboard_phone_hook(board, i / 500 % 2, i / 1000 % 2);
        if (i % 9000 == 0) spi->gpio_set(spi->self, SPI_GPIO_RESET, 0), spi->gpio_set(spi->self, SPI_GPIO_RESET, 1);
    }
}

static void look_around(struct simboard *board) {
    static char text[65536];
    static short ear[SIMBOARD_TRACE_SAMPLES];
    static float trace[SIMBOARD_TRACE_SAMPLES];
    long long from = 0, from_too = -5;
    struct simboard_line line;
    struct simboard_wire wire = {.phone_ohm = 1, .echo_ms = 60, .ren = 10, .short_tip_ring = 1, .cut = 1};
    simboard_phone_hear(board, 0, &from, ear, SIMBOARD_TRACE_SAMPLES);
    simboard_phone_trace(board, 0, &from_too, trace, SIMBOARD_TRACE_SAMPLES);
    for (int port = -1; port < 4; port++) {
        simboard_line(board, port, &line);
        simboard_set_wire(board, port, &wire);
        for (int fault = 0; fault < 9; fault++) simboard_fault(board, port, fault, 1);
        simboard_step_us(board, 100000);
    }
    simboard_violations(board, text, sizeof text);
    expect(simboard_violation_count(board) > 0, "random writes are breaches");
}

static void serve_for_a_moment(const char *folder) {
    char path[100];
    struct simboard *board = simboard_new(3);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    unsigned char answer[64], get_int[2] = {3, SPI_GPIO_INT}, nonsense[1] = {77};
    int32_t level = -1;
    snprintf(path, sizeof path, "%s/bus", folder);
    strcpy(address.sun_path, path);
    expect(simboard_add_slic(board, 3215, 0, 0) == 0, "chip added");
    expect(simboard_serve(board, path, "") == 0, "served");
    int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    expect(connect(fd, (struct sockaddr *)&address, sizeof address) == 0, "connected");
    expect(send(fd, get_int, 2, 0) == 2 && recv(fd, &level, sizeof level, 0) == 4 && level == 1, "INT is high");
    expect(send(fd, nonsense, 1, 0) == 1 && recv(fd, answer, sizeof answer, 0) == 4, "nonsense answered");
    usleep(30000);
    simboard_free(board);
    close(fd);
}

int main(int argc, char **argv) {
    struct simboard *board = simboard_new(11);
    spi = simboard_spi_ops(board);
    expect(simboard_add_slic(board, 3215, 0, 0) == 0 && simboard_add_slic(board, 3210, 1, 1) == 1, "two chips");
    expect(simboard_add_daa(board, 2, 2) == 2, "an exchange line");
    spi->gpio_set(spi->self, SPI_GPIO_RESET, 1);
    spi->wait_us(spi->self, 10000);
    power_up(board, 0);
    ring_seize_clear(board);
    expect(simboard_violation_count(board) == 0, "no breach in power-up");
    ring_trip_talk(board);
    fuzz(board);
    look_around(board);
    simboard_free(board);
    if (argc > 1) serve_for_a_moment(argv[1]);
    return 0;
}
