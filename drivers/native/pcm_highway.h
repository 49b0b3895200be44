/* The simulated board's PCM highway as a struct highway: blocks in shared memory (pcm_shm.h).
 *
 * Every block read is followed by a write two blocks on, so the delay through
 * the host is constant; a host that comes late catches up block by block as far
 * as the ring reaches. Blocks that passed before the first begin_block are
 * nobody's loss. Used by one thread, as highway.h says. */
struct highway;
struct pcm_highway;

/* shm_fd and clock_fd become the highway's, also on failure. Returns NULL with *error = -errno;
 * -EPROTO when the memory is no highway of this version. */
struct pcm_highway *pcm_highway_new(int shm_fd, int clock_fd, int *error);
void pcm_highway_free(struct pcm_highway *pcm);
struct highway *pcm_highway_face(struct pcm_highway *pcm);
