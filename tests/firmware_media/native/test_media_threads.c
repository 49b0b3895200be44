/* The engine with its true threads under the thread sanitizer: two streams over loopback, one hears a player; the
 * player is sought and paused, both are recorded, edges change meanwhile.
 * `test_media_threads FOLDER` prints the octets recorded. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "g711.h"
#include "g722.h"
#include "tone.h"

#include "engine.h"

static int open_sound(const char *folder, const char *name, int octets)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || (octets && ftruncate(fd, octets) != 0))
        exit(2);
    return fd;
}

int main(int argc, char **argv)
{
    static const uint8_t here[16] = {[10] = 0xff, 0xff, 127, 0, 0, 1};
    struct engine *engine = engine_new(0, 47100, 47139, 0, 0, 1000);
    if (argc != 2 || !engine || engine_start(engine) != 0)
        return 2;
    struct media_file sound = {.fd = open_sound(argv[1], "sound", 16000), .octets = 16000, .rate = 16000, .channels = 1,
                               .loop = 1};
    int recording = open_sound(argv[1], "recording", 0), kept = dup(recording);
    int one = engine_open_stream(engine, here), two = engine_open_stream(engine, here);
    int player = engine_open_player(engine, &sound), recorder = engine_open_recorder(engine, recording);
    int ids[] = {one, two};
    for (int i = 0; i < 2; i++) {
        engine_set_codec(engine, ids[i], 8, i % 2 ? G722 : G711_A, 101, 20, 0);
        engine_set_remote(engine, ids[i], here, engine_local_port(engine, ids[1 - i]), here);
    }
    engine_listen(engine, one, player);
    engine_record(engine, recorder, 0, player);
    engine_record(engine, recorder, 1, two);
    struct media_news news[16];
    struct media_stats stats;
    for (int round = 0; round < 120; round++) {
        usleep(10000);
        engine_seek(engine, player, round * 7);
        engine_pause(engine, round & 8 ? player : recorder, round & 1);
        engine_listen(engine, two, round & 4 ? one : player);
        engine_mute(engine, one, player, round & 2);
        engine_drain(engine, news, 16);
        engine_stats(engine, two, &stats);
    }
    engine_pause(engine, recorder, 0);
    usleep(300000);
    engine_close(engine, recorder);
    engine_free(engine);
    struct stat size;
    fstat(kept, &size);
    printf("%ld octets\n", (long)size.st_size);
    return 0;
}
