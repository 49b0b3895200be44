/* LD_PRELOAD stand-in for the kernel's spidev: /dev/spidev7.0 and 7.1 are chips of 128 registers.
 *
 * It answers the mode read-back, plays two-octet accesses (a CS pulse an octet) and writes
 * every ioctl into $SHIM_LOG: "mode 3", "speed 2500000", "message 7.1 1/1 1/0" (length/cs_change). */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/spi/spidev.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#define FDS 1024

static struct chip {
    int cs; /* 1 more, 0 means not ours */
    uint32_t mode;
    uint32_t speed;
    uint8_t bits;
    int first; /* octet waiting for its second, -1 for none */
} chips[FDS];
static uint8_t registers[2][128];

static void note(const char *format, ...)
{
    FILE *log = fopen(getenv("SHIM_LOG"), "a");
    va_list arguments;
    va_start(arguments, format);
    vfprintf(log, format, arguments);
    va_end(arguments);
    fclose(log);
}

static int open_chip(const char *path, int *fd)
{
    static int (*real)(const char *, int, ...);
    if (!real)
        real = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
    if (strncmp(path, "/dev/spidev7.", 13))
        return 0;
    *fd = real("/dev/null", O_RDWR);
    chips[*fd] = (struct chip){.cs = path[13] - '0' + 1, .bits = 8, .first = -1};
    return 1;
}

#define OPEN(name)                                                          \
    int name(const char *path, int flags, ...)                              \
    {                                                                       \
        va_list arguments;                                                  \
        va_start(arguments, flags);                                         \
        int mode = va_arg(arguments, int), fd;                              \
        va_end(arguments);                                                  \
        if (open_chip(path, &fd))                                           \
            return fd;                                                      \
        return ((int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #name))(path, flags, mode); \
    }
OPEN(open)
OPEN(open64)

static uint8_t octet(struct chip *chip, uint8_t out)
{
    uint8_t *bank = registers[chip->cs - 1];
    int first = chip->first;
    chip->first = first < 0 ? out : -1;
    if (first < 0)
        return 0xFF;
    if (first & 0x80)
        return bank[first & 0x7F];
    bank[first] = out;
    return 0xFF;
}

static int message(struct chip *chip, struct spi_ioc_transfer *segments, int count)
{
    note("message 7.%d", chip->cs - 1);
    for (int i = 0; i < count; i++) {
        note(" %u/%u", segments[i].len, segments[i].cs_change);
        *(uint8_t *)(uintptr_t)segments[i].rx_buf = octet(chip, *(uint8_t *)(uintptr_t)segments[i].tx_buf);
    }
    note("\n");
    if (chip->cs == 2 && registers[1][127]) {
        errno = registers[1][127];
        return -1;
    }
    return count;
}

int ioctl(int fd, unsigned long request, ...)
{
    va_list arguments;
    va_start(arguments, request);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    if (fd < 0 || fd >= FDS || !chips[fd].cs)
        return ((int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl"))(fd, request, argument);
    struct chip *chip = &chips[fd];
    switch (request) {
    case SPI_IOC_WR_MODE: chip->mode = *(uint8_t *)argument; note("mode %u\n", chip->mode); return 0;
    case SPI_IOC_WR_MODE32: chip->mode = *(uint32_t *)argument; note("mode %u\n", chip->mode); return 0;
    case SPI_IOC_RD_MODE: *(uint8_t *)argument = (uint8_t)chip->mode; return 0;
    case SPI_IOC_RD_MODE32: *(uint32_t *)argument = chip->mode; return 0;
    case SPI_IOC_WR_BITS_PER_WORD: chip->bits = *(uint8_t *)argument; note("bits %u\n", chip->bits); return 0;
    case SPI_IOC_RD_BITS_PER_WORD: *(uint8_t *)argument = chip->bits; return 0;
    case SPI_IOC_WR_MAX_SPEED_HZ: chip->speed = *(uint32_t *)argument; note("speed %u\n", chip->speed); return 0;
    case SPI_IOC_RD_MAX_SPEED_HZ: *(uint32_t *)argument = chip->speed; return 0;
    }
    if (_IOC_TYPE(request) == SPI_IOC_MAGIC && _IOC_NR(request) == 0)
        return message(chip, argument, (int)(_IOC_SIZE(request) / sizeof(struct spi_ioc_transfer)));
    errno = EINVAL;
    return -1;
}
