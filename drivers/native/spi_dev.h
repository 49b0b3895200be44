/* SPI transport: Linux spidev, on descriptors that Python's `spidev` opened and configured.
 *
 * Each octet gets a chip-select pulse of its own by cs_change between one-octet
 * segments, which `spidev` itself cannot do. The falling edge of CS also brings
 * a chip back into step (chip sheet, 2.1), so no other resynchronisation is
 * needed. One device node a chip select; accesses in a row to the same one share an ioctl.
 * GPIO: only the interrupt line's level, as Python's library tells it. */
#define SPI_DEV_MAX_CS 16
#define SPI_DEV_SEGMENTS 64 /* octets of one ioctl */

struct spi_ops;
struct spi_dev;

struct spi_dev *spi_dev_new(void); /* NULL without memory */
void spi_dev_free(struct spi_dev *dev);
/* cs 0 to SPI_DEV_MAX_CS - 1 is reached through fd, which stays the caller's. 0 or -EINVAL. */
int spi_dev_add(struct spi_dev *dev, int cs, int fd);
struct spi_ops *spi_dev_ops(struct spi_dev *dev);
/* The interrupt line has this level now. Any thread. */
void spi_dev_tell_interrupt(struct spi_dev *dev, int level);
