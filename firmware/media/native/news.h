/* What Python is told: a bounded ring with an eventfd that is readable while something is in it. */
#ifndef TIPRING_NEWS_H
#define TIPRING_NEWS_H

struct media_news;
struct news;
struct news *news_new(void);
void news_free(struct news *news);
int news_fd(const struct news *news);
/* Dropped and counted when the ring is full. */
void news_tell(struct news *news, const struct media_news *item);
int news_take(struct news *news, struct media_news *out, int max);
long news_dropped(const struct news *news);

#endif
