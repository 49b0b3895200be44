/* Registers of the Si3050 chips on a bus: three octets an access (DAA sheet, section 1), under the same lock as
 * those of registers.h. Functions return -errno when the bus failed. */
#define DAA_REGISTER_LAST 59

/* Register 1 to 59. Returns 0 to 255. */
int daa_registers_read(struct registers *registers, int cs, int number);
int daa_registers_write(struct registers *registers, int cs, int number, int value);

/* Fill in one access. What was read is in the third octet. */
void daa_op_read(struct spi_op *op, int cs, int number);
void daa_op_write(struct spi_op *op, int cs, int number, int value);
