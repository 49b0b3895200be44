/* Who hears whom: join, listen, part, mute; see engine.h. Each is one change between two blocks. */
#include <errno.h>

#include "engine_parts.h"
#include "mixer.h"

void engine_isolate(struct engine *engine, struct endpoint *end)
{
    for (int i = 0; i < end->ear_count; i++)
        ear_cut(&end->ears[i]);
    while (end->hearers)
        ear_cut(end->hearers);
    for (int i = 0; i < engine->open_count; i++)
        for (int k = 0; k < engine->open[i]->ear_count; k++)
            ear_survive(&engine->open[i]->ears[k], end, &engine->moment);
}

/* The ear `end` hears another one with: a mixer's next free one, else the only one. NULL: there is none. */
static struct ear *ear_for(struct endpoint *end, struct endpoint *to)
{
    struct ear *ear = ear_that_hears(end, to);
    if (ear || end->kind != &mixer_kind)
        return ear ? ear : end->ears;
    return ear_that_hears(end, NULL);
}

/* Cuts what a join made between `end` and anybody but `keep`. */
static void leave_join(struct endpoint *end, const struct endpoint *keep)
{
    struct ear *next;
    if (end->kind == &mixer_kind)
        return; /* its other parties stay */
    for (struct ear *ear = end->hearers; ear; ear = next) {
        next = ear->next;
        if (ear->joined && ear->owner != keep)
            ear_cut(ear);
    }
}

/* 0, or why a cannot hear b. */
static int cannot_hear(const struct endpoint *a, const struct endpoint *b)
{
    if (!a || !b)
        return -ENOENT;
    int two_mixers = a->kind == &mixer_kind && b->kind == &mixer_kind;
    return a == b || a->ear_count == 0 || !b->kind->take || two_mixers ? -EINVAL : 0;
}

int engine_join(struct engine *engine, int a, int b)
{
    engine_enter(engine);
    struct endpoint *one = engine_find(engine, a), *two = engine_find(engine, b);
    int refused = cannot_hear(one, two);
    if (!refused)
        refused = cannot_hear(two, one);
    if (refused)
        return engine_leave(engine, refused);
    if (!ear_for(one, two) || !ear_for(two, one))
        return engine_leave(engine, -EBUSY);
    leave_join(one, two);
    leave_join(two, one);
    ear_listen(ear_for(one, two), two, 1);
    ear_listen(ear_for(two, one), one, 1);
    return engine_leave(engine, 0);
}

int engine_listen(struct engine *engine, int hearer, int heard)
{
    engine_enter(engine);
    struct endpoint *end = engine_find(engine, hearer), *to = engine_find(engine, heard);
    int refused = cannot_hear(end, to);
    if (refused)
        return engine_leave(engine, refused);
    struct ear *ear = ear_for(end, to);
    if (ear)
        ear_listen(ear, to, 0);
    return engine_leave(engine, ear ? 0 : -EBUSY);
}

int engine_part(struct engine *engine, int id)
{
    engine_enter(engine);
    struct endpoint *end = engine_find(engine, id);
    if (!end)
        return engine_leave(engine, -ENOENT);
    for (int i = 0; i < end->ear_count; i++)
        ear_cut(&end->ears[i]);
    struct ear *next;
    for (struct ear *ear = end->hearers; ear; ear = next) {
        next = ear->next;
        if (ear->joined)
            ear_cut(ear);
    }
    return engine_leave(engine, 0);
}

int engine_mute(struct engine *engine, int hearer, int heard, int on)
{
    engine_enter(engine);
    struct endpoint *end = engine_find(engine, hearer), *to = engine_find(engine, heard);
    struct ear *ear = end && to ? ear_that_hears(end, to) : NULL;
    if (ear)
        ear->muted = on;
    return engine_leave(engine, ear ? 0 : -ENOENT);
}

int engine_open_mixer(struct engine *engine)
{
    engine_enter(engine);
    int id = engine_fresh_id(engine);
    if (id < 0)
        return engine_leave(engine, id);
    struct mixer *mixer = mixer_new(id);
    return engine_leave(engine, mixer ? engine_enlist(engine, mixer_end(mixer)) : -ENOMEM);
}
