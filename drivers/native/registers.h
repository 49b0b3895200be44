/* Registers of the Si321x chips on one bus, whole accesses under one lock.
 *
 * A direct access is two octets, an indirect one several direct accesses; a
 * poll of the scanner and a command of Python must never meet inside one
 * (chip sheet, 2.3 and 3). So both go through here. Functions return -errno
 * when the bus failed. They wait for each other, never for the GIL. */
#define REGISTERS_INDIRECT_LIMIT_US 10000 /* the chip serves an indirect access within 62.5 us */

struct spi_ops;
struct spi_op;
struct registers;

/* `bus` must outlive the registers. Returns NULL without memory. */
struct registers *registers_new(struct spi_ops *bus);
void registers_free(struct registers *registers);
struct spi_ops *registers_bus(struct registers *registers);

/* Direct register 0 to 127. Returns 0 to 255. */
int registers_read(struct registers *registers, int cs, int number);
int registers_write(struct registers *registers, int cs, int number, int value);
/* Indirect register 0 to 255, value 0 to 65535. -ETIMEDOUT: the chip stayed busy (DR31) for 10 ms. */
int registers_read_indirect(struct registers *registers, int cs, int address);
int registers_write_indirect(struct registers *registers, int cs, int address, int value);
/* Several accesses, nothing of anybody else between them. */
int registers_transfer(struct registers *registers, struct spi_op *ops, int count);

/* Fill in one access: read or write of a direct register. */
void registers_op_read(struct spi_op *op, int cs, int number);
void registers_op_write(struct spi_op *op, int cs, int number, int value);
