#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "spi.h"
#include "registers.h"

#define READ_BIT 0x80
#define INDIRECT_LOW 28
#define INDIRECT_HIGH 29
#define INDIRECT_ADDRESS 30
#define INDIRECT_BUSY 31
#define BUSY_BIT 0x01
#define BUSY_PAUSE_US 50

struct registers {
    struct spi_ops *bus;
    pthread_mutex_t lock;
};

struct registers *registers_new(struct spi_ops *bus)
{
    struct registers *registers = calloc(1, sizeof *registers);
    if (!registers)
        return NULL;
    registers->bus = bus;
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    /* The scanner's thread may wait here for an ordinary thread, which must not starve meanwhile. */
    pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
    pthread_mutex_init(&registers->lock, &attributes);
    pthread_mutexattr_destroy(&attributes);
    return registers;
}

void registers_free(struct registers *registers)
{
    if (!registers)
        return;
    pthread_mutex_destroy(&registers->lock);
    free(registers);
}

struct spi_ops *registers_bus(struct registers *registers)
{
    return registers->bus;
}

void registers_op_read(struct spi_op *op, int cs, int number)
{
    memset(op, 0, sizeof *op);
    op->cs = (unsigned char)cs;
    op->count = 2;
    op->out[0] = (unsigned char)(READ_BIT | number);
}

void registers_op_write(struct spi_op *op, int cs, int number, int value)
{
    memset(op, 0, sizeof *op);
    op->cs = (unsigned char)cs;
    op->count = 2;
    op->out[0] = (unsigned char)(number & ~READ_BIT);
    op->out[1] = (unsigned char)value;
}

static int transfer(struct registers *registers, struct spi_op *ops, int count)
{
    return registers->bus->transfer(registers->bus->self, ops, count);
}

int registers_transfer(struct registers *registers, struct spi_op *ops, int count)
{
    pthread_mutex_lock(&registers->lock);
    int result = transfer(registers, ops, count);
    pthread_mutex_unlock(&registers->lock);
    return result;
}

int registers_read(struct registers *registers, int cs, int number)
{
    struct spi_op op;
    registers_op_read(&op, cs, number);
    int result = registers_transfer(registers, &op, 1);
    return result < 0 ? result : op.in[1];
}

int registers_write(struct registers *registers, int cs, int number, int value)
{
    struct spi_op op;
    registers_op_write(&op, cs, number, value);
    return registers_transfer(registers, &op, 1);
}

/* Waits until the chip has served the indirect access before this one. */
static int wait_idle(struct registers *registers, int cs)
{
    struct spi_ops *bus = registers->bus;
    long long limit_us = bus->now_us(bus->self) + REGISTERS_INDIRECT_LIMIT_US;
    for (;;) {
        struct spi_op op;
        registers_op_read(&op, cs, INDIRECT_BUSY);
        int result = transfer(registers, &op, 1);
        if (result < 0)
            return result;
        if (!(op.in[1] & BUSY_BIT))
            return 0;
        if (bus->now_us(bus->self) >= limit_us)
            return -ETIMEDOUT;
        bus->wait_us(bus->self, BUSY_PAUSE_US);
    }
}

static int read_indirect(struct registers *registers, int cs, int address)
{
    int result = wait_idle(registers, cs);
    if (result < 0)
        return result;
    struct spi_op ops[2];
    registers_op_write(&ops[0], cs, INDIRECT_ADDRESS, address);
    result = transfer(registers, ops, 1);
    if (result < 0)
        return result;
    result = wait_idle(registers, cs);
    if (result < 0)
        return result;
    registers_op_read(&ops[0], cs, INDIRECT_LOW);
    registers_op_read(&ops[1], cs, INDIRECT_HIGH);
    result = transfer(registers, ops, 2);
    return result < 0 ? result : ops[1].in[1] << 8 | ops[0].in[1];
}

static int write_indirect(struct registers *registers, int cs, int address, int value)
{
    int result = wait_idle(registers, cs);
    if (result < 0)
        return result;
    struct spi_op ops[3];
    registers_op_write(&ops[0], cs, INDIRECT_LOW, value & 0xFF);
    registers_op_write(&ops[1], cs, INDIRECT_HIGH, value >> 8);
    registers_op_write(&ops[2], cs, INDIRECT_ADDRESS, address);
    return transfer(registers, ops, 3);
}

int registers_read_indirect(struct registers *registers, int cs, int address)
{
    pthread_mutex_lock(&registers->lock);
    int result = read_indirect(registers, cs, address);
    pthread_mutex_unlock(&registers->lock);
    return result;
}

int registers_write_indirect(struct registers *registers, int cs, int address, int value)
{
    pthread_mutex_lock(&registers->lock);
    int result = write_indirect(registers, cs, address, value);
    pthread_mutex_unlock(&registers->lock);
    return result;
}
