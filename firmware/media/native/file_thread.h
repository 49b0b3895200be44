/* Work on a file, which may block for seconds, away from the engine's thread.
 *
 * Every recorder and player has a thread of its own. It looks at its ring four times a second, or when woken. In
 * stepped mode there is none: the node calls file_thread_step. */
#ifndef TIPRING_FILE_THREAD_H
#define TIPRING_FILE_THREAD_H

#include <pthread.h>

struct file_thread {
    pthread_t thread;
    pthread_mutex_t mutex;   /* guards woken and closing, never held for more than that */
    pthread_cond_t wake;
    int runs;                /* there is a thread; 0: stepped */
    int woken;
    int closing;             /* the node is gone: finish and end */
    void (*work)(struct file_thread *self, int last); /* does what there is to do; last: nothing comes after it */
    void (*free)(struct file_thread *self);
};

/* Returns 0 or -errno; then nothing was started. */
int file_thread_start(struct file_thread *self, int stepped);
void file_thread_wake(struct file_thread *self);
/* Stepped mode: one round of work, here and now. With a thread: nothing. */
void file_thread_step(struct file_thread *self);
/* The node is gone. Returns at once; the work is finished and self freed when the disk allows it. */
void file_thread_close(struct file_thread *self);
/* Waits until all closed ones are through, `ms` at most. */
void file_threads_wait(int ms);

#endif
