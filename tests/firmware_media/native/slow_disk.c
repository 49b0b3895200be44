/* Preloaded: while the file named by SLOW_DISK exists, every pread and pwrite waits, as on a disk that blocks. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

static void wait_for_disk(void)
{
    const char *flag = getenv("SLOW_DISK");
    while (flag && access(flag, F_OK) == 0)
        usleep(10000);
}

ssize_t pread(int fd, void *data, size_t size, off_t at)
{
    ssize_t (*next)(int, void *, size_t, off_t) = dlsym(RTLD_NEXT, "pread");
    wait_for_disk();
    return next(fd, data, size, at);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at)
{
    ssize_t (*next)(int, const void *, size_t, off_t) = dlsym(RTLD_NEXT, "pwrite");
    wait_for_disk();
    return next(fd, data, size, at);
}
