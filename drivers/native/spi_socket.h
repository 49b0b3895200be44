/* SPI transport: the simulated board's socket (`simboard.spi`, SEQPACKET).
 *
 * Requests and replies are the octets of struct spi_op as in memory; both ends
 * are processes of one machine. A board that is gone answers -EPIPE from then
 * on: whoever wants to go on makes a new transport. */
#define SPI_SOCKET_MAX_OPS 255
#define SPI_SOCKET_REPLY_LIMIT_MS 3000 /* a crowded machine has kept the simulated board waiting for over a second */

#define SPI_SOCKET_TRANSFER 1
#define SPI_SOCKET_GPIO_SET 2
#define SPI_SOCKET_GPIO_GET 3
#define SPI_SOCKET_OPEN_PCM 4

struct spi_ops;
struct spi_socket;

/* Connects to the board. Returns NULL with *error = -errno when it cannot. */
struct spi_socket *spi_socket_new(const char *path, int *error);
void spi_socket_free(struct spi_socket *socket);
struct spi_ops *spi_socket_ops(struct spi_socket *socket);
/* Asks for the board's PCM highway: fds[0] shared memory (pcm_shm.h), fds[1] eventfd of passed
 * blocks. The caller closes both. Returns 0 or -errno. */
int spi_socket_open_pcm(struct spi_socket *socket, int fds[2]);
