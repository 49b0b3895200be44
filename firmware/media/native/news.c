/* Ring of news for Python: see news.h. The engine's mutex guards it. */
#include "news.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "engine_types.h"

#define RING 512

struct news {
    int fd;
    int first, count;
    long dropped;
    struct media_news ring[RING];
};

struct news *news_new(void)
{
    struct news *news = calloc(1, sizeof *news);
    if (!news)
        return NULL;
    news->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (news->fd >= 0)
        return news;
    free(news);
    return NULL;
}

void news_free(struct news *news)
{
    if (!news)
        return;
    close(news->fd);
    free(news);
}

int news_fd(const struct news *news)
{
    return news->fd;
}

void news_tell(struct news *news, const struct media_news *item)
{
    if (news->count == RING) {
        news->dropped++;
        return;
    }
    news->ring[(news->first + news->count++) % RING] = *item;
    eventfd_write(news->fd, 1);
}

int news_take(struct news *news, struct media_news *out, int max)
{
    int taken = 0;
    for (; taken < max && news->count > 0; news->count--) {
        out[taken++] = news->ring[news->first];
        news->first = (news->first + 1) % RING;
    }
    eventfd_t told;
    if (news->count == 0)
        eventfd_read(news->fd, &told);
    return taken;
}

long news_dropped(const struct news *news)
{
    return news->dropped;
}
