/* Trace of a bus: passes everything on to another transport and writes one readable line for each access.
 *
 *     12.345678 cs0 DR64 <- 0x04          write
 *     12.347012 cs0 DR68 -> 0x01          read
 *     12.350000 RESET <- 1
 *
 * Time is the board's, in seconds. It costs a write(2) a transfer. */
#define SPI_TRACE_LINE_MAX 64

struct spi_ops;
struct spi_trace;

/* `inner` must outlive the trace; fd stays the caller's. NULL without memory. */
struct spi_trace *spi_trace_new(struct spi_ops *inner, int fd);
void spi_trace_free(struct spi_trace *trace);
struct spi_ops *spi_trace_ops(struct spi_trace *trace);
