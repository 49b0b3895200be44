/* Many RTP ends in one light process, so that twenty calls can be judged while the machine is flooded.
 *
 * Every end sends an A-law frame each 20 ms in which all 160 samples are one code that rises by one with each
 * frame; what it hears must then be runs of 160 equal samples that rise by one. Shares no code with the engine.
 *
 *     rtp_crowd COUNT    prints "ports ..."; then reads lines: "to INDEX PORT", "stop INDEX", "report", "clear"
 *
 * report answers a line for each end: index, sent, received, missing (sequence numbers that never came), reordered,
 * bad_times (timestamps off the sequence), torn (runs that are not 160 samples of the next code), gap_ms (the
 * longest time without a packet), late_ms (how far the latest packet was behind the steady clock of the earliest), then
 * "done". Arrival times are the kernel's, so that a busy machine that wakes this process late is not blamed on the house.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 256, FRAME = 160, CODES = 128 };

struct end {
    int fd;
    int remote_port; /* 0: does not send */
    unsigned sent, received, missing, reordered, bad_times, torn;
    int started;
    uint16_t sequence;
    uint32_t timestamp_base;
    int code, run; /* what is heard now, and for how many samples */
    long frames; /* since the first, by sequence numbers */
    double last_s, gap_ms, soonest_s, latest_s;
};

static struct end ends[MOST];
static int count;

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void send_frame(struct end *end)
{
    unsigned char packet[12 + FRAME] = {0x80, 8};
    uint16_t sequence = htons((uint16_t)end->sent);
    uint32_t timestamp = htonl(end->sent * FRAME);
    uint32_t ssrc = htonl(0x7A000000u + (uint32_t)(end - ends));
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)end->remote_port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    memcpy(packet + 2, &sequence, 2);
    memcpy(packet + 4, &timestamp, 4);
    memcpy(packet + 8, &ssrc, 4);
    memset(packet + 12, (int)(end->sent % CODES) | 0x80, FRAME);
    sendto(end->fd, packet, sizeof packet, 0, (struct sockaddr *)&to, sizeof to);
    end->sent++;
}

static void hear_samples(struct end *end, const unsigned char *samples, int length)
{
    for (int i = 0; i < length; i++) {
        int code = samples[i] & (CODES - 1);
        if (code == end->code) {
            end->run++;
            continue;
        }
        if (end->code >= 0 && (end->run != FRAME || code != (end->code + 1) % CODES))
            end->torn++;
        end->code = code;
        end->run = 1;
    }
}

/* Returns its length; at_s: when the kernel got it. */
static ssize_t take_packet(const struct end *end, unsigned char *packet, size_t most, double *at_s)
{
    char room[CMSG_SPACE(sizeof(struct timespec))];
    struct iovec whole = {packet, most};
    struct msghdr message = {.msg_iov = &whole, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
    ssize_t length = recvmsg(end->fd, &message, MSG_DONTWAIT);
    struct cmsghdr *told = length < 0 ? NULL : CMSG_FIRSTHDR(&message);
    struct timespec at;
    if (!told)
        return -1;
    memcpy(&at, CMSG_DATA(told), sizeof at);
    *at_s = at.tv_sec + at.tv_nsec / 1e9;
    return length;
}

/* The steady clock of the earliest packets, and how far the latest was behind it. */
static void note_lateness(struct end *end, double at_s)
{
    double offset_s = at_s - end->frames * 0.02;
    if (end->soonest_s == 0 || offset_s < end->soonest_s)
        end->soonest_s = offset_s;
    if (offset_s > end->latest_s)
        end->latest_s = offset_s;
}

static void receive_packet(struct end *end)
{
    unsigned char packet[2048];
    double at_s = 0;
    ssize_t length = take_packet(end, packet, sizeof packet, &at_s);
    if (length < 12 || (packet[1] & 127) != 8)
        return;
    uint16_t sequence = (uint16_t)(packet[2] << 8 | packet[3]);
    uint32_t timestamp = (uint32_t)packet[4] << 24 | (uint32_t)packet[5] << 16 | (uint32_t)packet[6] << 8 | packet[7];
    if (!end->started) {
        end->started = 1;
        end->sequence = sequence;
        end->timestamp_base = timestamp - (uint32_t)sequence * FRAME;
        end->code = -1;
    } else {
        int16_t step = (int16_t)(sequence - end->sequence);
        if (step <= 0) {
            end->reordered++;
            if (end->missing)
                end->missing--;
            return;
        }
        end->missing += (unsigned)step - 1;
        end->frames += step;
        if (sequence < end->sequence) /* the number wrapped: 65536 frames later */
            end->timestamp_base += 65536u * FRAME;
        end->sequence = sequence;
        if ((at_s - end->last_s) * 1000 > end->gap_ms)
            end->gap_ms = (at_s - end->last_s) * 1000;
    }
    if (timestamp != end->timestamp_base + (uint32_t)sequence * FRAME)
        end->bad_times++;
    end->last_s = at_s;
    note_lateness(end, at_s);
    end->received++;
    hear_samples(end, packet + 12, (int)length - 12);
}

static void obey(char *line)
{
    int index, port;
    if (sscanf(line, "to %d %d", &index, &port) == 2 && index >= 0 && index < count) {
        ends[index].remote_port = port;
    } else if (sscanf(line, "stop %d", &index) == 1 && index >= 0 && index < count) {
        ends[index].remote_port = 0;
    } else if (!strncmp(line, "clear", 5)) {
        for (struct end *end = ends; end < ends + count; end++) {
            end->received = end->missing = end->reordered = end->bad_times = end->torn = 0;
            end->gap_ms = end->soonest_s = end->latest_s = 0;
        }
    } else if (!strncmp(line, "report", 6)) {
        for (struct end *end = ends; end < ends + count; end++)
            printf("%d %u %u %u %u %u %u %.1f %.1f\n", (int)(end - ends), end->sent, end->received, end->missing,
                   end->reordered, end->bad_times, end->torn, end->gap_ms, (end->latest_s - end->soonest_s) * 1000);
        printf("done\n");
        fflush(stdout);
    }
}

static int read_orders(void)
{
    static char text[4096];
    static size_t used;
    ssize_t got = read(0, text + used, sizeof text - 1 - used);
    if (got <= 0)
        return 0;
    used += (size_t)got;
    text[used] = 0;
    for (char *end; (end = strchr(text, '\n'));) {
        *end = 0;
        obey(text);
        used -= (size_t)(end + 1 - text);
        memmove(text, end + 1, used + 1);
    }
    return 1;
}

int main(int argc, char **argv)
{
    struct pollfd polled[MOST + 1] = {{.fd = 0, .events = POLLIN}};
    struct sched_param priority = {.sched_priority = 5};
    sched_setscheduler(0, SCHED_FIFO, &priority); /* where it may: its own lateness must not be blamed on the house */
    count = argc > 1 ? atoi(argv[1]) : 0;
    if (count < 1 || count > MOST)
        return 2;
    printf("ports");
    for (int i = 0; i < count; i++) {
        struct sockaddr_in own = {.sin_family = AF_INET};
        socklen_t size = sizeof own;
        own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        int on = 1;
        ends[i].fd = socket(AF_INET, SOCK_DGRAM, 0);
        setsockopt(ends[i].fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
        if (bind(ends[i].fd, (struct sockaddr *)&own, size) || getsockname(ends[i].fd, (struct sockaddr *)&own, &size))
            return 1;
        polled[i + 1] = (struct pollfd){.fd = ends[i].fd, .events = POLLIN};
        printf(" %d", ntohs(own.sin_port));
    }
    printf("\n");
    fflush(stdout);
    double next_s = now_s() + 0.02;
    for (;;) {
        int wait_ms = (int)((next_s - now_s()) * 1000);
        poll(polled, (nfds_t)count + 1, wait_ms > 0 ? wait_ms : 0);
        if (polled[0].revents && !read_orders())
            return 0;
        for (int i = 0; i < count; i++)
            if (polled[i + 1].revents)
                receive_packet(&ends[i]);
        while (now_s() >= next_s) {
            for (int i = 0; i < count; i++)
                if (ends[i].remote_port)
                    send_frame(&ends[i]);
            next_s += 0.02;
        }
    }
}
