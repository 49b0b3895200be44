/* The first and only program of the 64-bit ARM machine that `arm64.py` starts: counts instructions.
 *
 * The machine is emulated so that every instruction takes 1 ns of its clock, so that times are counts: of the bare
 * relay's packets with all that the kernel does for them, and of every kind of the engine's work (work.c). Prints
 * lines "WHAT COUNT", and switches the machine off. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PACKETS = 500, ROUNDS = 3, PACKET = 172, FEW = 100 };

static long long now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* Of the process, by the scheduler. */
static long long spent_ns(int pid)
{
    char path[64], text[128] = "";
    snprintf(path, sizeof path, "/proc/%d/schedstat", pid);
    int fd = open(path, O_RDONLY);
    if (fd < 0 || read(fd, text, sizeof text - 1) <= 0)
        exit(1);
    close(fd);
    return atoll(text);
}

static void raise_loopback(void)
{
    struct ifreq card = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &card))
        exit(1);
    close(fd);
}

static int open_end(char *port)
{
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof own;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof own) || getsockname(fd, (struct sockaddr *)&own, &size))
        exit(1);
    sprintf(port, "%d", ntohs(own.sin_port));
    return fd;
}

/* Starts a program with its output in a pipe, whose other end is returned. */
static FILE *start(int *pid, char *const argv[])
{
    int out[2];
    if (pipe(out))
        exit(1);
    *pid = fork();
    if (*pid == 0) {
        dup2(out[1], 1);
        execv(argv[0], argv);
        _exit(127);
    }
    close(out[1]);
    return fdopen(out[0], "r");
}

/* One packet at a time from one end to the other through a call of the bare relay. */
static void count_packets(void)
{
    char a_port[16], b_port[16], packet[PACKET] = {(char)0x80, 8}, line[64] = "";
    int pid, a = open_end(a_port), b = open_end(b_port);
    FILE *out = start(&pid, (char *[]){"/relay", "20", a_port, b_port, NULL});
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timespec pause = {.tv_nsec = 1000000};
    long long before = 0;
    to.sin_port = htons((uint16_t)(fgets(line, sizeof line, out) ? atoi(line) : 0));
    for (int round = 0; round < ROUNDS; round++) {
        before = spent_ns(pid);
        for (int i = 0; i < PACKETS; i++) {
            if (sendto(a, packet, sizeof packet, 0, (struct sockaddr *)&to, sizeof to) != PACKET ||
                recv(b, packet, sizeof packet, 0) != PACKET)
                exit(1);
            nanosleep(&pause, NULL);
        }
    }
    printf("packet %lld\n", (spent_ns(pid) - before) / PACKETS);
}

static long long whole_ns(const char *kind, int count)
{
    char line[64], frames[16];
    int pid, status;
    sprintf(frames, "%d", count);
    long long began = now_ns();
    FILE *out = start(&pid, (char *[]){"/work", (char *)kind, frames, NULL});
    while (fgets(line, sizeof line, out))
        ;
    if (waitpid(pid, &status, 0) != pid || status)
        exit(1);
    fclose(out);
    return now_ns() - began;
}

int main(void)
{
    static const struct {
        const char *name;
        int more; /* frames, so many that the start does not matter */
    } kinds[] = {{"relay", 5000},      {"laws", 5000},           {"g722", 5000}, {"recode", 500},
                 {"conference", 200}, {"wide-conference", 100}, {"line", 1000}, {"line-echo", 1000}};
    mkdir("/proc", 0755);
    mount("proc", "/proc", "proc", 0, "");
    raise_loopback();
    count_packets();
    for (unsigned i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        printf("%s %lld\n", kinds[i].name,
               (whole_ns(kinds[i].name, FEW + kinds[i].more) - whole_ns(kinds[i].name, FEW)) / kinds[i].more);
    printf("end 0\n");
    reboot(RB_POWER_OFF);
    return 0;
}
