#include <stdint.h>
#include <string.h>

#include "spi.h"
#include "registers.h"
#include "daa_registers.h"

#define READ 0x60 /* bit 6 reads, bit 5 is fixed, chip 0 of the chain */
#define WRITE 0x20

static void fill(struct spi_op *op, int cs, int control, int number, int value)
{
    memset(op, 0, sizeof *op);
    op->cs = (unsigned char)cs;
    op->count = 3;
    op->out[0] = (unsigned char)control;
    op->out[1] = (unsigned char)number;
    op->out[2] = (unsigned char)value;
}

void daa_op_read(struct spi_op *op, int cs, int number)
{
    fill(op, cs, READ, number, 0);
}

void daa_op_write(struct spi_op *op, int cs, int number, int value)
{
    fill(op, cs, WRITE, number, value);
}

int daa_registers_read(struct registers *registers, int cs, int number)
{
    struct spi_op op;
    daa_op_read(&op, cs, number);
    int result = registers_transfer(registers, &op, 1);
    return result < 0 ? result : op.in[2];
}

int daa_registers_write(struct registers *registers, int cs, int number, int value)
{
    struct spi_op op;
    daa_op_write(&op, cs, number, value);
    return registers_transfer(registers, &op, 1);
}
