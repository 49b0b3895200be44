/* Players and recorders: see engine.h. Whatever may wait for the disk is done before or after the mutex is held. */
#include <errno.h>

#include "engine_parts.h"
#include "player.h"
#include "recorder.h"

/* Takes a new node in under a new id, or frees it. */
static int take_in(struct engine *engine, struct endpoint *end)
{
    engine_enter(engine);
    int id = engine_fresh_id(engine);
    if (id > 0) {
        end->id = id;
        engine_enlist(engine, end);
    }
    engine_leave(engine, 0);
    if (id < 0)
        end->kind->free(end);
    return id;
}

int engine_open_player(struct engine *engine, const struct media_file *file)
{
    if (file->encoding < MEDIA_LINEAR || file->encoding > MEDIA_U || (file->rate != 8000 && file->rate != 16000) ||
        file->channels < 1 || file->channels > 2 || file->offset < 0 || file->octets < 1)
        return -EINVAL;
    struct player *player = player_new(file, engine->stepped);
    return player ? take_in(engine, player_end(player)) : -ENOMEM;
}

int engine_open_recorder(struct engine *engine, int fd)
{
    struct recorder *recorder = recorder_new(fd, engine->stepped);
    return recorder ? take_in(engine, recorder_end(recorder)) : -ENOMEM;
}

static struct endpoint *find_kind(struct engine *engine, int id, const struct endpoint_kind *kind)
{
    struct endpoint *end = engine_find(engine, id);
    return end && end->kind == kind ? end : NULL;
}

int engine_pause(struct engine *engine, int id, int on)
{
    engine_enter(engine);
    struct endpoint *player = find_kind(engine, id, &player_kind), *recorder = find_kind(engine, id, &recorder_kind);
    if (player)
        player_pause((struct player *)player, on);
    if (recorder)
        recorder_pause((struct recorder *)recorder, on);
    return engine_leave(engine, player || recorder ? 0 : -ENOENT);
}

int engine_seek(struct engine *engine, int id, int ms)
{
    if (ms < 0)
        return -EINVAL;
    engine_enter(engine);
    struct endpoint *player = find_kind(engine, id, &player_kind);
    if (player)
        player_seek((struct player *)player, ms);
    return engine_leave(engine, player ? 0 : -ENOENT);
}

int engine_record(struct engine *engine, int id, int channel, int heard)
{
    if (channel < 0 || channel > 1)
        return -EINVAL;
    engine_enter(engine);
    struct endpoint *recorder = find_kind(engine, id, &recorder_kind);
    struct endpoint *to = heard == 0 ? NULL : engine_find(engine, heard);
    if (!recorder || (heard != 0 && !to))
        return engine_leave(engine, -ENOENT);
    if (to && !to->kind->take)
        return engine_leave(engine, -EINVAL);
    if (to)
        ear_listen(&recorder->ears[channel], to, 0);
    else
        ear_cut(&recorder->ears[channel]);
    return engine_leave(engine, 0);
}
