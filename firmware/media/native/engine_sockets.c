/* A stream's pair of sockets: port, bind, epoll. In stepped mode there is only the port's number. */
#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "engine_parts.h"
#include "ports.h"
#include "wire.h"

/* Binds the pair or leaves nothing open. Returns 0 or -errno. */
static int bind_pair(struct stream *stream, struct ip_address local_ip, int port, int dscp)
{
    int fd = wire_open(local_ip, port, dscp);
    if (fd < 0)
        return fd;
    int rtcp_fd = wire_open(local_ip, port + 1, dscp);
    if (rtcp_fd < 0) {
        close(fd);
        return rtcp_fd;
    }
    stream->fd = fd;
    stream->rtcp_fd = rtcp_fd;
    return 0;
}

/* The event's data is the id, doubled, plus 1 for the RTCP socket. */
static void watch(struct engine *engine, int fd, unsigned data)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = data};
    if (engine->epoll_fd >= 0)
        epoll_ctl(engine->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

int engine_open_sockets(struct engine *engine, struct stream *stream, struct ip_address local_ip)
{
    for (int tried = ports_count(engine->ports); tried > 0; tried--) {
        int port = ports_take(engine->ports, engine->moment.now_us);
        if (port == 0)
            return -EBUSY;
        int failed = engine->stepped ? 0 : bind_pair(stream, local_ip, port, engine->dscp);
        if (failed) { /* somebody else's: leave it alone for a while */
            ports_give_back(engine->ports, port, engine->moment.now_us);
            if (failed == -EADDRINUSE || failed == -EACCES)
                continue;
            return failed;
        }
        stream->local_port = port;
        if (!engine->stepped) {
            watch(engine, stream->fd, (unsigned)stream->end.id << 1);
            watch(engine, stream->rtcp_fd, (unsigned)stream->end.id << 1 | 1);
        }
        return 0;
    }
    return -EBUSY;
}

void engine_close_sockets(struct engine *engine, struct stream *stream)
{
    if (stream->fd >= 0)
        close(stream->fd); /* leaves the epoll set by itself */
    if (stream->rtcp_fd >= 0)
        close(stream->rtcp_fd);
    ports_give_back(engine->ports, stream->local_port, engine->moment.now_us);
}
