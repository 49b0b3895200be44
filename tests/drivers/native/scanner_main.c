/* The scanner under the sanitizers, on chips of bare registers that change by chance.
 *
 *     scanner_main step SEED     stepped: address and undefined-behaviour sanitizer
 *     scanner_main thread SEED   scanner's thread, a draining thread, commands: thread sanitizer
 *
 * It checks what must hold whatever happens: times never fall, a port that failed tells nothing more
 * until it is watched again, off hook and on hook alternate. Prints "ok" and what it saw. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "spi.h"
#include "registers.h"
#include "hook.h"
#include "scanner_event.h"
#include "scanner.h"
#include "ring_heard.h"
#include "scanner_daa.h"

#define PORTS 3
#define DAAS 2 /* on the chip selects behind the others */
#define STEPS 400000
#define ROUNDS 6000

static const struct daa_profile spain_line = {{15, 68, 150}, 18, 80, 60, 40, 300, 0, 0, 0xA8};
static const struct hook_profile spain = {15, 15, 79, 96, 80, 130, 250, 1};

static struct bus {
    struct spi_ops ops;
    pthread_mutex_t lock;
    unsigned char registers[PORTS + DAAS][128];
    int rings[DAAS]; /* ringing at 25 Hz is on the line */
    int error;
    int interrupt;
    long long stepped_us; /* -1: CLOCK_MONOTONIC */
} bus;

static unsigned long long state;

static unsigned chance(unsigned below)
{
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (unsigned)(state >> 33) % below;
}

static long long now_us(void *self);

static unsigned char hook_and_ring(struct bus *b, int cs)
{
    int positive = now_us(b) / 20000 % 2;
    return (unsigned char)(b->registers[cs][5] | (!b->rings[cs - PORTS] ? 0 : positive ? 0x20 : 0x40));
}

static int transfer(void *self, struct spi_op *ops, int count)
{
    struct bus *b = self;
    pthread_mutex_lock(&b->lock);
    for (int i = 0; i < count; i++) {
        unsigned char *chip = b->registers[ops[i].cs];
        if (ops[i].cs >= PORTS) {
            if (ops[i].out[0] == 0x60)
                ops[i].in[2] = ops[i].out[1] == 5 ? hook_and_ring(b, ops[i].cs) : chip[ops[i].out[1]];
            else
                chip[ops[i].out[1]] = ops[i].out[2];
            continue;
        }
        int number = ops[i].out[0] & 0x7F;
        if (ops[i].out[0] & 0x80)
            ops[i].in[1] = number == 64 ? (unsigned char)(chip[64] << 4 | chip[64]) : chip[number];
        else
            chip[number] = number >= 18 && number <= 20 ? chip[number] & ~ops[i].out[1] : ops[i].out[1];
    }
    int error = b->error;
    pthread_mutex_unlock(&b->lock);
    return error;
}

static int gpio_set(void *self, int line, int level)
{
    (void)self, (void)line, (void)level;
    return 0;
}

static int gpio_get(void *self, int line)
{
    struct bus *b = self;
    (void)line;
    pthread_mutex_lock(&b->lock);
    int level = b->interrupt;
    pthread_mutex_unlock(&b->lock);
    return level;
}

static void wait_us(void *self, long us)
{
    (void)self, (void)us;
}

static long long now_us(void *self)
{
    struct bus *b = self;
    struct timespec now;
    if (b->stepped_us >= 0)
        return b->stepped_us;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

/* Something happens to one chip. Mostly the telephone's hook; seldom the bus, the chip, its supply. */
static void disturb(void)
{
    pthread_mutex_lock(&bus.lock);
    unsigned char *chip = bus.registers[chance(PORTS)];
    unsigned what = chance(1000);
    bus.error = what == 0 ? -5 : bus.error && chance(3) ? bus.error : 0;
    bus.interrupt = what < 5 ? 0 : what < 20 ? 1 : bus.interrupt;
    chip[68] = what < 800 ? chance(2) : what < 810 ? 2 : what < 812 ? 0xFF : chip[68] & 3;
    chip[78] = what < 790 ? chip[78] : what < 798 ? (unsigned char)chance(128) : 6;
    chip[8] = what == 820 ? 2 : chip[8] && chance(20) ? chip[8] : 0;
    chip[19] = what < 900 ? chip[19] : (unsigned char)chance(256);
    chip[64] = what == 901 ? 0 : chip[64];
    pthread_mutex_unlock(&bus.lock);
}

/* Something happens on an exchange line: ringing, a break, a reversal; seldom the chip. */
static void disturb_daa(void)
{
    pthread_mutex_lock(&bus.lock);
    unsigned char *chip = bus.registers[PORTS + chance(DAAS)];
    unsigned what = chance(1000);
    bus.rings[chance(DAAS)] = what < 500;
    chip[28] = what < 900 ? (unsigned char)chance(40) : 0;
    chip[29] = (unsigned char)chance(256);
    chip[19] = what == 901;
    chip[12] = what == 902 ? 0 : 0x45;
    chip[2] = what == 903 ? 0x03 : what == 904 ? 0xFF : 0x13;
    pthread_mutex_unlock(&bus.lock);
}

static void command_daa(struct scanner *scanner)
{
    static const char *const digits[] = {"5", "0123456789", "", "12a", "00000000000000000000000000000000", "1"};
    int port = SCANNER_DAA_FIRST + (int)chance(DAAS + 1) - (chance(50) == 0);
    switch (chance(7)) {
    case 0: scanner_daa_seize(scanner, port, 0); break;
    case 1: scanner_daa_release(scanner, port); break;
    case 2: scanner_daa_dial(scanner, port, digits[chance(6)]); break;
    case 3: scanner_daa_flash(scanner, port, (int)chance(1100)); break;
    case 4: scanner_daa_rearm(scanner, port, &spain_line); break;
    case 5: scanner_daa_ringing(scanner, port); break;
    default: if (!chance(20)) scanner_daa_remove(scanner, port); break;
    }
}

static void command(struct scanner *scanner)
{
    static const struct ring_plan plans[] = {
        {.cadence_ms = {300, 600}, .count = 2, .told = -1},
        {.cadence_ms = {40, 20, 40, 200}, .count = 4, .told = 3},
        {.first_ms = {0, 400}, .first_count = 2, .cadence_ms = {300, 300}, .count = 2, .told = 1, .reversed = 1},
        {.first_ms = {20, 100, 20, 50}, .first_count = 4, .told = 1},
        {.cadence_ms = {1, 1}, .count = 2, .told = 0},
        {.cadence_ms = {60001, 1}, .count = 2},
        {.count = 0},
        {.first_ms = {1, 1}, .first_count = 10},
    };
    int port = (int)chance(PORTS + 1) - (chance(50) == 0);
    switch (chance(8)) {
    case 0: scanner_ring(scanner, port, &plans[chance(8)]); break;
    case 1: scanner_stop_ring(scanner, port); break;
    case 2: scanner_feed(scanner, port, (int)chance(9)); break;
    case 3: scanner_open_interval(scanner, port, (int)chance(300)); break;
    case 4: scanner_set_profile(scanner, port, &spain); break;
    case 5: scanner_rearm(scanner, port, 1); break;
    case 6: scanner_ringing(scanner, port); scanner_set_ring_most(scanner, (int)chance(5)); break;
    default: if (!chance(20)) scanner_remove(scanner, port); break;
    }
}

static struct {
    long long at_us;
    int kinds[DAA_FOREIGN + 1];
} seen;

static int fail(const char *sentence)
{
    printf("%s\n", sentence);
    exit(1);
}

static void drain(struct scanner *scanner)
{
    struct scanner_event events[16];
    int count;
    while ((count = scanner_take(scanner, events, 16)) > 0)
        for (int i = 0; i < count; i++) {
            int of_daa = events[i].port >= SCANNER_DAA_FIRST && events[i].port < SCANNER_DAA_FIRST + DAAS;
            int kind = events[i].kind;
            if (kind < 1 || kind > DAA_FOREIGN || (kind > SCANNER_RING_PART && kind < DAA_RING_BEGAN))
                fail("unknown kind");
            if (events[i].at_us < seen.at_us)
                fail("time went back");
            if (!of_daa && (events[i].port < -1 || events[i].port >= PORTS))
                fail("unknown port");
            if (events[i].kind == HOOK_DIGIT && (events[i].value < 0 || events[i].value > 9))
                fail("no digit");
            seen.at_us = events[i].at_us;
            seen.kinds[events[i].kind]++;
        }
}

static struct scanner *set_up(struct registers **registers)
{
    bus.ops = (struct spi_ops){&bus, transfer, gpio_set, gpio_get, wait_us, now_us};
    pthread_mutex_init(&bus.lock, NULL);
    bus.interrupt = 1;
    *registers = registers_new(&bus.ops);
    struct scanner *scanner = scanner_new(*registers);
    for (int cs = 0; cs < PORTS; cs++) {
        bus.registers[cs][64] = 1;
        if (scanner_add(scanner, cs, &spain, 1) != cs)
            fail("port not added");
    }
    for (int n = 0; n < DAAS; n++) {
        bus.registers[PORTS + n][2] = 0x13;
        bus.registers[PORTS + n][12] = 0x45;
        if (scanner_add_daa(scanner, PORTS + n, &spain_line) != SCANNER_DAA_FIRST + n)
            fail("exchange line not added");
    }
    return scanner;
}

static void run_stepped(struct scanner *scanner)
{
    for (int i = 0; i < STEPS; i++) {
        bus.stepped_us += 1000;
        if (!chance(30))
            disturb();
        if (!chance(20))
            disturb_daa();
        if (!chance(100))
            command(scanner);
        if (!chance(100))
            command_daa(scanner);
        if (!chance(10000))
            bus.stepped_us += chance(3000000);
        scanner_step(scanner, bus.stepped_us);
        if (!chance(50))
            drain(scanner);
    }
}

static atomic_int draining = 1;

static void *drain_on(void *scanner)
{
    while (atomic_load(&draining)) {
        drain(scanner);
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    }
    return NULL;
}

static void run_threads(struct scanner *scanner, struct registers *registers)
{
    pthread_t thread;
    bus.stepped_us = -1;
    scanner_start(scanner);
    pthread_create(&thread, NULL, drain_on, scanner);
    for (int i = 0; i < ROUNDS; i++) {
        if (!chance(100))
            disturb();
        if (!chance(200))
            command(scanner);
        if (!chance(100))
            disturb_daa();
        if (!chance(100))
            command_daa(scanner);
        scanner_ringing(scanner, (int)chance(PORTS));
        registers_read(registers, (int)chance(PORTS), 64);
        nanosleep(&(struct timespec){0, 200000}, NULL);
    }
    scanner_stop(scanner);
    atomic_store(&draining, 0);
    pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
    struct registers *registers;
    state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    struct scanner *scanner = set_up(&registers);
    if (argc > 1 && !strcmp(argv[1], "thread"))
        run_threads(scanner, registers);
    else
        run_stepped(scanner);
    drain(scanner);
    scanner_free(scanner);
    registers_free(registers);
    printf("ok off %d on %d flash %d digit %d failed %d rings %d seized %d breaks %d\n", seen.kinds[HOOK_OFF_HOOK], seen.kinds[HOOK_ON_HOOK],
           seen.kinds[HOOK_FLASH], seen.kinds[HOOK_DIGIT], seen.kinds[SCANNER_FAILED], seen.kinds[DAA_RING_BEGAN],
           seen.kinds[DAA_SEIZED], seen.kinds[DAA_LOOP_BROKEN]);
    return 0;
}
